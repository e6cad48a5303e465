"""Where a column is cut into segments: at places that its values decide.

A boundary stands where a hash of the last 32 rows is small (Gear hashing, Xia et al., "FastCDC", USENIX ATC 2016, over
rows instead of bytes). Thus an inserted, appended or deleted row moves the boundaries near it and no others, and the
segments after it are found again. Where no place is good enough within the largest size, the last fairly good one is
taken (the backup divisor of TTTD, Eshghi and Tang, HPL-2005-30), and where there is none, the largest size itself: a
column so uniform packs to almost nothing.

These numbers are part of the format: with others, old content gets new names. Called by this room only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mlops_nb.datasets.planes import Plane, Sizes, Sketch

MIN_BYTES = 64 << 10
TARGET_BYTES = 256 << 10
MAX_BYTES = 1 << 20

_BLOCK = 1 << 15
_STEPS = (1, 2, 4, 8, 16)  # a window of 32 rows, doubled up
_LEAD = sum(_STEPS)
_LARGEST = (1 << 32) - 1
_PER_BYTE = (1 << 32) // TARGET_BYTES
_FAIRLY_GOOD = 8
"""Times as many backup places as good ones."""


def cut(plane: Plane) -> list[int]:
    """Cut a column.

    Returns:
        The row after the last of each segment, ascending; the last is the number of rows. Empty for no rows.
    """
    if not plane.rows:
        return []
    if plane.measure(0, plane.rows) <= MIN_BYTES:
        return [plane.rows]
    sketch, sizes = plane.sketch()
    reach = _Reach(plane.rows, sizes)
    good, fair = _places(sketch, sizes)
    ends: list[int] = []
    start = 0
    while start < plane.rows:
        low, high = reach.window(start)
        start = _next_end(good, fair, low, high, plane.rows)
        ends.append(start)
    return ends


def _next_end(good: npt.NDArray[np.intp], fair: npt.NDArray[np.intp], low: int, high: int, rows: int) -> int:
    first = int(np.searchsorted(good, low))
    if first < len(good) and good[first] <= high:
        return int(good[first])
    if high >= rows:
        return rows
    last = int(np.searchsorted(fair, high, side="right")) - 1
    return int(fair[last]) if last >= 0 and fair[last] >= low else high


class _Reach:
    """Turns sizes in bytes into row numbers."""

    def __init__(self, rows: int, sizes: Sizes) -> None:
        self._rows = rows
        self._width = sizes if isinstance(sizes, int) else 0
        self._sums = None if isinstance(sizes, int) else np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])

    def window(self, start: int) -> tuple[int, int]:
        """The first and the last row number at which a segment that begins at `start` may end."""
        if self._sums is None:
            low, high = start + -(-MIN_BYTES // self._width), start + MAX_BYTES // self._width
        else:
            low = int(np.searchsorted(self._sums, self._sums[start] + MIN_BYTES))
            high = int(np.searchsorted(self._sums, self._sums[start] + MAX_BYTES, side="right")) - 1
        high = max(high, start + 1)  # one row may be larger than the largest segment
        return min(low, high), min(high, self._rows)


def _places(sketch: Sketch, sizes: Sizes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row numbers after which a cut is good, and those after which it is fair. A bigger row is likelier to be one."""
    good, fair = [], []
    for start, hashes in _windows(sketch):
        here = sizes if isinstance(sizes, int) else sizes[start : start + _BLOCK]
        limit = np.minimum(np.asarray(here) * (_PER_BYTE * _FAIRLY_GOOD), _LARGEST).astype(np.uint32)
        found = np.flatnonzero(hashes < limit)
        fair.append(found + (start + 1))
        strict = limit // np.uint32(_FAIRLY_GOOD)
        good.append(found[hashes[found] < (strict[found] if strict.ndim else strict)] + (start + 1))
    return np.concatenate(good), np.concatenate(fair)


def _windows(sketch: Sketch) -> Iterator[tuple[int, Sketch]]:
    """The Gear hash at every row, in blocks that fit into the processor's cache."""
    for start in range(0, len(sketch), _BLOCK):
        lead = min(start, _LEAD)
        hashes = sketch[start - lead : start + _BLOCK].copy()
        for step in _STEPS:
            hashes[step:] += hashes[:-step] << np.uint32(step)
        yield start, hashes[lead:]
