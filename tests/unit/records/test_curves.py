"""The thinned curve: its silhouette and its ends."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.records.curves import thin
from mlops_nb.records.runs import Point


def curve(values: list[float]) -> list[Point]:
    return [Point(step, value, 100.0 + step) for step, value in enumerate(values)]


def test_short_curve_is_untouched() -> None:
    points = curve([3.0, 1.0, 2.0])
    assert thin(points, 3) == points


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=11, max_size=300),
    st.integers(min_value=4, max_value=10),
)
def test_thinning_keeps_the_silhouette(values: list[float], limit: int) -> None:
    points = curve(values)
    thinned = thin(points, limit)
    assert len(thinned) <= limit
    assert (thinned[0], thinned[-1]) == (points[0], points[-1])
    assert [point.step for point in thinned] == sorted({point.step for point in thinned})
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        kept = [point.value for point in thinned if math.isfinite(point.value)]
        assert (min(kept), max(kept)) == (min(finite), max(finite))
