"""A metric's curve with no more points than a chart can show, and the same silhouette.

Pure. Used by `lineage.view` and the server.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlops_nb.records.runs import Point

MAX_POINTS = 1_000
"""More than a chart is wide in pixels."""


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
