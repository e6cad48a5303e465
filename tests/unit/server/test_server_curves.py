"""Points on the wire: words for what JSON has no number for."""

from __future__ import annotations

import json
import math

import pytest

from mlops_nb.records.runs import Point
from mlops_nb.records.wire import encode
from mlops_nb.server.curves import plain_point


@pytest.mark.parametrize(("value", "word"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (0.5, 0.5)])
def test_point_on_the_wire(value: float, word: object) -> None:
    assert json.loads(encode(plain_point(Point(7, value, 1.0)))) == {"step": 7, "value": word, "at": 1.0}
