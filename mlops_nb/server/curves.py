"""A metric's curve, made fit to travel: JSON's numbers only, and no more points than a chart can show.

Knows records; knows no HTTP and no store. Used by `handlers`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlops_nb.records.runs import Point
from mlops_nb.records.values import nonfinite_word
from mlops_nb.records.wire import to_plain

MAX_POINTS = 1_000
"""More than the panel is wide in pixels."""


def thin(points: Sequence[Point], limit: int = MAX_POINTS) -> list[Point]:
    """At most about `limit` points with the same silhouette: first, last, and each bucket's lowest and highest."""
    if len(points) <= limit:
        return list(points)
    buckets = max(1, (limit - 2) // 2)
    inner = len(points) - 2
    kept = [points[0]]
    for bucket in range(buckets):
        part = range(1 + bucket * inner // buckets, 1 + (bucket + 1) * inner // buckets)
        finite = [at for at in part if math.isfinite(points[at].value)] or list(part[:1])
        lowest = min(finite, key=lambda at: points[at].value)
        highest = max(finite, key=lambda at: points[at].value)
        kept.extend(points[at] for at in sorted({lowest, highest}))
    return [*kept, points[-1]]


def plain_point(point: Point) -> dict[str, Any]:
    """A point in its wire form; "nan", "inf" and "-inf" stand for what JSON has no number for."""
    plain: dict[str, Any] = to_plain(point)
    if not math.isfinite(point.value):
        plain["value"] = nonfinite_word(point.value)
    return plain
