"""A metric's curve, made fit to travel: JSON's numbers only.

Knows records; knows no HTTP and no store. Used by `handlers`.
"""

from __future__ import annotations

import math
from typing import Any

from mlops_nb.records.runs import Point
from mlops_nb.records.values import nonfinite_word
from mlops_nb.records.wire import to_plain


def plain_point(point: Point) -> dict[str, Any]:
    """A point in its wire form; "nan", "inf" and "-inf" stand for what JSON has no number for."""
    plain: dict[str, Any] = to_plain(point)
    if not math.isfinite(point.value):
        plain["value"] = nonfinite_word(point.value)
    return plain
