"""A column's values laid bare as numpy arrays: what is hashed, and what boundaries are found in.

A plane is the logical content of an array of storage type (see `storage`): validity, values, and nothing of the layout.
Slots behind a null hold zeros, offsets count from the first value, so a slice, a concatenation or garbage in a null
slot make no difference. Two questions are asked of a plane: `feed` its rows to a hash, `sketch` each row as 32 bits.

Knows no schema, no file. Called by this room only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow.types as pat
from blake3 import blake3

from mlops_nb.datasets.storage import Array, as_numpy

Sketch = npt.NDArray[np.uint32]
"""One number a row: equal rows have equal numbers, and a boundary needs no more."""

Sizes = int | npt.NDArray[np.int64]
"""Bytes of each row; one int where all rows have the same."""

_BLOCK = 1 << 14
_FACTOR_64 = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio's bits: Knuth's multiplicative hashing
_FACTOR_32 = np.uint32(0x9E3779B1)
_SALT = np.uint32(0x7F4A7C15)  # keeps a column of zeros from being a column of hashes that are zero
_LENGTH_BYTES = 4


class Plane(Protocol):
    """The content of one array."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    def feed(self, hasher: blake3, start: int, stop: int) -> None:
        """Hash the rows from `start` up to `stop`: type, count, validity, values, so that none can pass for another."""

    def measure(self, start: int, stop: int) -> int:
        """Bytes of the rows from `start` up to `stop`, as they are hashed (validity not counted)."""

    def sketch(self) -> tuple[Sketch, Sizes]:
        """A number and a size for each row."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Values of `width` bytes each, as bytes."""

    tag: str
    rows: int
    valid: npt.NDArray[np.bool_] | None
    width: int
    raw: npt.NDArray[np.uint8]

    def feed(self, hasher: blake3, start: int, stop: int) -> None:
        """See `Plane`."""
        _feed_head(hasher, self.tag, self.valid, start, stop)
        hasher.update(self.raw[start * self.width : stop * self.width].data)

    def measure(self, start: int, stop: int) -> int:
        """See `Plane`."""
        return (stop - start) * self.width

    def sketch(self) -> tuple[Sketch, Sizes]:
        """See `Plane`."""
        if self.width in {1, 2, 4, 8}:
            words: npt.NDArray[Any] = self.raw.view(f"u{self.width}")
        else:
            words = self.raw.reshape(self.rows, self.width)
        found = np.empty(self.rows, np.uint32)
        for start in range(0, self.rows, _BLOCK):
            found[start : start + _BLOCK] = _mix(words[start : start + _BLOCK])
        return found, self.width


@dataclass(frozen=True, slots=True)
class Text:
    """Strings or bytes: `ends[i]` up to `ends[i + 1]` in `raw` is row i."""

    tag: str
    rows: int
    valid: npt.NDArray[np.bool_] | None
    ends: npt.NDArray[np.int64]
    raw: npt.NDArray[np.uint8]

    def feed(self, hasher: blake3, start: int, stop: int) -> None:
        """See `Plane`."""
        _feed_head(hasher, self.tag, self.valid, start, stop)
        _feed_lengths(hasher, self.ends[start : stop + 1])
        hasher.update(self.raw[self.ends[start] : self.ends[stop]].data)

    def measure(self, start: int, stop: int) -> int:
        """See `Plane`."""
        return int(self.ends[stop] - self.ends[start]) + (stop - start) * _LENGTH_BYTES

    def sketch(self) -> tuple[Sketch, Sizes]:
        """Length, first and last eight bytes. They may reach into the neighbours: that is content as well."""
        lengths = np.diff(self.ends)
        found = np.empty(self.rows, np.uint32)
        last = len(self.raw) - 8
        words = np.ndarray((last + 1,), np.uint64, self.raw, strides=(1,)) if last >= 0 else np.zeros(1, np.uint64)
        for start in range(0, self.rows, _BLOCK):
            block = slice(start, start + _BLOCK)
            stirred = words[np.minimum(self.ends[:-1][block], max(last, 0))] * _FACTOR_64
            stirred ^= words[np.maximum(self.ends[1:][block] - 8, 0)]
            stirred += lengths[block].view(np.uint64)
            found[block] = _mix(stirred)
        return found, lengths + _LENGTH_BYTES


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists: `ends[i]` up to `ends[i + 1]` in `child` is row i."""

    tag: str
    rows: int
    valid: npt.NDArray[np.bool_] | None
    ends: npt.NDArray[np.int64]
    child: Plane

    def feed(self, hasher: blake3, start: int, stop: int) -> None:
        """See `Plane`."""
        _feed_head(hasher, self.tag, self.valid, start, stop)
        _feed_lengths(hasher, self.ends[start : stop + 1])
        self.child.feed(hasher, int(self.ends[start]), int(self.ends[stop]))

    def measure(self, start: int, stop: int) -> int:
        """See `Plane`."""
        items = self.child.measure(int(self.ends[start]), int(self.ends[stop]))
        return items + (stop - start) * _LENGTH_BYTES

    def sketch(self) -> tuple[Sketch, Sizes]:
        """Length and the sum of the items."""
        lengths = np.diff(self.ends)
        items, sizes = self.child.sketch()
        sums = _running(items, np.uint64)
        found = _mix(lengths.view(np.uint64)) + _mix(sums[self.ends[1:]] - sums[self.ends[:-1]])
        if isinstance(sizes, int):
            return found, lengths * sizes + _LENGTH_BYTES
        totals = _running(sizes, np.int64)
        return found, totals[self.ends[1:]] - totals[self.ends[:-1]] + _LENGTH_BYTES


@dataclass(frozen=True, slots=True)
class Struct:
    """Structs: each child has as many rows."""

    tag: str
    rows: int
    valid: npt.NDArray[np.bool_] | None
    children: tuple[Plane, ...]

    def feed(self, hasher: blake3, start: int, stop: int) -> None:
        """See `Plane`."""
        _feed_head(hasher, self.tag, self.valid, start, stop)
        for child in self.children:
            child.feed(hasher, start, stop)

    def measure(self, start: int, stop: int) -> int:
        """See `Plane`."""
        return sum(child.measure(start, stop) for child in self.children)

    def sketch(self) -> tuple[Sketch, Sizes]:
        """Children one after another."""
        found = np.zeros(self.rows, np.uint32)
        total: Sizes = 0
        for child in self.children:
            more, sizes = child.sketch()
            found = _mix(found) + more
            total = total + sizes
        return found, total


def lay_bare(array: Array) -> Plane:
    """The plane of an array of storage type. Copies values only where nulls hide something."""
    valid = as_numpy(array.is_valid()) if array.null_count else None
    rows, logical = len(array), array.type
    if pat.is_struct(logical):
        children = tuple(lay_bare(child) for child in array.flatten())
        return Struct(f"struct{len(children)}", rows, valid, children)
    if pat.is_large_list(logical):
        lengths = as_numpy(array.value_lengths().fill_null(0))
        return Lists("list", rows, valid, _running(lengths, np.int64), lay_bare(array.flatten()))
    if pat.is_large_string(logical) or pat.is_large_binary(logical):
        return _lay_text(array, valid)
    if pat.is_boolean(logical):
        bits = array.fill_null(False) if valid is not None else array
        return Fixed("bool", rows, valid, 1, as_numpy(bits).view(np.uint8))
    return _lay_fixed(array, valid)


def _lay_fixed(array: Array, valid: npt.NDArray[np.bool_] | None) -> Fixed:
    rows, width = len(array), array.type.bit_width // 8
    raw = _bytes_of(array.buffers()[1])[array.offset * width : (array.offset + rows) * width]
    if valid is not None:
        raw = raw.copy()
        raw.reshape(rows, width)[~valid] = 0
    return Fixed(str(array.type), rows, valid, width, raw)


def _lay_text(array: Array, valid: npt.NDArray[np.bool_] | None) -> Text:
    tag = "text" if pat.is_large_string(array.type) else "bytes"
    rows = len(array)
    if not rows:
        return Text(tag, 0, valid, np.zeros(1, np.int64), np.empty(0, np.uint8))
    _, places, data = array.buffers()
    ends = np.frombuffer(places, np.int64)[array.offset : array.offset + rows + 1]
    if valid is not None and np.diff(ends)[~valid].any():
        filled = array.fill_null("" if tag == "text" else b"")
        return Text(tag, rows, valid, *_lay_text_parts(filled))
    return Text(tag, rows, valid, *_rebased(ends, _bytes_of(data)))


def _lay_text_parts(array: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    plane = _lay_text(array, None)
    return plane.ends, plane.raw


def _rebased(
    ends: npt.NDArray[np.int64], raw: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    first = ends[0]
    return (ends - first if first else ends), raw[first : ends[-1]]


def _bytes_of(buffer: Any) -> npt.NDArray[np.uint8]:
    return np.empty(0, np.uint8) if buffer is None else np.frombuffer(buffer, np.uint8)


def _running(values: npt.NDArray[Any], kind: type[np.int64 | np.uint64]) -> npt.NDArray[Any]:
    """Sums of the values before each position, and of all at the end."""
    sums = np.zeros(len(values) + 1, kind)
    np.cumsum(values, dtype=kind, out=sums[1:])
    return sums


def _mix(words: npt.NDArray[Any]) -> Sketch:
    """Unsigned words of any width (or rows of bytes) to 32 well-stirred bits."""
    if words.ndim == 2:
        factors = np.arange(1, 2 * words.shape[1], 2, dtype=np.uint64) * _FACTOR_64
        words = (words.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64)
    if words.dtype.itemsize == 8:
        # Round floats have all their bits on top, where a product would lose them: fold them down first.
        folded = words ^ (words >> np.uint64(32))
        folded *= _FACTOR_64
        mixed: Sketch = (folded >> np.uint64(32)).astype(np.uint32)
    else:
        mixed = words.astype(np.uint32) * _FACTOR_32
        mixed ^= mixed >> np.uint32(15)
    mixed += _SALT
    mixed *= _FACTOR_32
    return mixed


def _feed_head(hasher: blake3, tag: str, valid: npt.NDArray[np.bool_] | None, start: int, stop: int) -> None:
    here = None if valid is None else valid[start:stop]
    if here is not None and here.all():
        here = None
    hasher.update(f"{tag} {stop - start} {'dense' if here is None else 'nulls'}\0".encode())
    if here is not None:
        hasher.update(np.packbits(here, bitorder="little").data)


def _feed_lengths(hasher: blake3, ends: npt.NDArray[np.int64]) -> None:
    hasher.update(np.diff(ends).astype("<u4").view(np.uint8).data)
