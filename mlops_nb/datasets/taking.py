"""Take a frame apart: name its segments, hand over those that are missing, write the manifest.

Knows no library but Arrow (see `adapters`) and no store (see `pieces`). Called by `tracking`.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.types as pat
from blake3 import blake3

from mlops_nb.datasets import adapters
from mlops_nb.datasets.cutting import cut
from mlops_nb.datasets.encoding import digest_of, encode
from mlops_nb.datasets.frames import Frame, Part
from mlops_nb.datasets.pieces import PieceStore, Taken
from mlops_nb.datasets.planes import lay_bare
from mlops_nb.datasets.storage import Array, whole
from mlops_nb.records.data import Address, Column, Manifest, Segment
from mlops_nb.records.values import Plain

PACK_BYTES = 64 << 20
"""Encoded bytes that are gathered before they are handed over."""

_BATCH_BYTES = 64 << 20
_BATCH_PARTS = 256
_ENCODE_AHEAD = 64

_deterministic = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class _Stream:
    """Values of storage type, cut and named: segment i ends before row `ends[i]` and has `sizes[i]` bytes."""

    values: Array
    ends: list[int]
    digests: list[str]
    sizes: list[int]

    def slices(self) -> Iterator[tuple[str, Array]]:
        """Each segment's digest and values."""
        for digest, start, end in zip(self.digests, [0, *self.ends], self.ends, strict=False):
            yield digest, self.values.slice(start, end - start)


def take(data: object, pieces: PieceStore) -> Taken:
    """The work behind `mlops_nb.datasets.take`."""
    frame = adapters.read(data)
    packer = _Packer(pieces)
    columns: list[_Named] = []
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1), thread_name_prefix="mlops-nb-take") as pool:
        for batch in _batches(frame.parts):
            prepared = list(pool.map(_prepare, batch))
            packer.put([stream for streams in prepared for stream in streams], pool)
            columns += [_Named.of(part, streams) for part, streams in zip(batch, prepared, strict=True)]
    packer.flush()
    return Taken(
        manifest=_manifest(frame, columns, packer.addresses),
        stored_bytes=packer.stored_bytes,
        new_segments=packer.new_segments,
        reused_segments=packer.reused_segments,
        reused_bytes=packer.reused_bytes,
    )


def column_digest(shown: str, segments: list[tuple[str, int]], categories: list[tuple[str, int]]) -> str:
    """Name a column by its type and segments (digest, rows). Boundaries follow from the values, so this does too."""
    return blake3(_deterministic.encode(["column 1", shown, segments, categories])).hexdigest()


def manifest_digest(python_type: str, rows: int, identity: Plain, columns: list[tuple[str, str, bool]]) -> str:
    """Name a whole frame: type, rows, what the adapter says belongs to it, and each column's name and digest.

    The exact Arrow type is part of it where the user chose it (`pyarrow`, `polars`: string and large_string differ).
    Under pandas the dtype is, and the Arrow type that it happens to be read as is not.
    """
    return blake3(_deterministic.encode(["frame 1", python_type, rows, identity, columns])).hexdigest()


@dataclass(frozen=True, slots=True)
class _Named:
    """A part without its values, for the manifest. The first stream holds the values, a second the categories."""

    part: Part
    streams: tuple[tuple[tuple[str, int], ...], ...]
    logical_bytes: int
    nulls: int

    @classmethod
    def of(cls, part: Part, streams: list[_Stream]) -> _Named:
        named = tuple(
            tuple((digest, end - start) for digest, start, end in zip(s.digests, [0, *s.ends], s.ends, strict=False))
            for s in streams
        )
        bare = Part(part.name, part.type, None, part.index)
        return cls(bare, named, sum(sum(s.sizes) for s in streams), part.array.null_count)

    def column(self, addresses: dict[str, Address]) -> Column:
        """The manifest's entry."""
        values, *rest = (
            tuple(Segment(digest, rows, addresses[digest]) for digest, rows in stream) for stream in self.streams
        )
        return Column(
            name=self.part.name,
            type=self.part.type,
            digest=column_digest(self.part.type, *self.pairs()),
            segments=values,
            nulls=self.nulls,
            categories=rest[0] if rest else (),
            index=self.part.index,
        )

    def pairs(self) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """Digest and rows of the values' segments, and of the categories'."""
        return list(self.streams[0]), list(self.streams[1]) if len(self.streams) > 1 else []


def _batches(parts: tuple[Part, ...]) -> Iterator[list[Part]]:
    """Columns to be worked on together: enough for one question to the store, few enough to bound memory."""
    batch: list[Part] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += part.array.nbytes
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_PARTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _prepare(part: Part) -> list[_Stream]:
    values = part.array
    if not pat.is_dictionary(values.type):
        return [_stream(whole(values, values.type))]
    if values.num_chunks > 1:
        values = values.unify_dictionaries()
    codes = pa.chunked_array([chunk.indices.cast(pa.int32()) for chunk in values.chunks], pa.int32())
    logical = values.type.value_type
    categories = pa.chunked_array([chunk.dictionary for chunk in values.chunks[:1]], logical)
    return [_stream(whole(codes, codes.type)), _stream(whole(categories, logical))]


def _stream(values: Array) -> _Stream:
    plane = lay_bare(values)
    ends = cut(plane)
    spans = list(zip([0, *ends], ends, strict=False))
    return _Stream(values, ends, [digest_of(plane, *span) for span in spans], [plane.measure(*span) for span in spans])


class _Packer:
    """Finds out what is missing, encodes it, and hands it over in packs."""

    def __init__(self, pieces: PieceStore) -> None:
        self.addresses: dict[str, Address] = {}
        self.stored_bytes = self.new_segments = self.reused_segments = self.reused_bytes = 0
        self._pieces = pieces
        self._waiting: dict[str, bytes] = {}
        self._waiting_bytes = 0

    def put(self, streams: list[_Stream], pool: ThreadPoolExecutor) -> None:
        """Keep all segments of some streams."""
        unknown = {d for s in streams for d in s.digests} - self.addresses.keys() - self._waiting.keys()
        self.addresses.update(self._pieces.find(sorted(unknown)))
        missing: dict[str, Array] = {}
        for stream in streams:
            for (digest, values), size in zip(stream.slices(), stream.sizes, strict=True):
                if digest in self.addresses or digest in self._waiting or digest in missing:
                    self.reused_segments += 1
                    self.reused_bytes += size
                else:
                    missing[digest] = values
        self.new_segments += len(missing)
        digests = list(missing)
        for first in range(0, len(digests), _ENCODE_AHEAD):
            some = digests[first : first + _ENCODE_AHEAD]
            for digest, piece in zip(some, pool.map(encode, [missing[d] for d in some]), strict=True):
                self._add(digest, piece)

    def flush(self) -> None:
        """Hand over what waits."""
        if not self._waiting:
            return
        addresses = self._pieces.put_pack(list(self._waiting.items()))
        self.addresses.update(zip(self._waiting, addresses, strict=True))
        self.stored_bytes += self._waiting_bytes
        self._waiting, self._waiting_bytes = {}, 0

    def _add(self, digest: str, piece: bytes) -> None:
        self._waiting[digest] = piece
        self._waiting_bytes += len(piece)
        if self._waiting_bytes >= PACK_BYTES:
            self.flush()


def _manifest(frame: Frame, named: list[_Named], addresses: dict[str, Address]) -> Manifest:
    columns = tuple(one.column(addresses) for one in named)
    facts = [(column.name, column.digest, column.index) for column in columns]
    schema: Any = frame.schema
    return Manifest(
        digest=manifest_digest(frame.python_type, frame.rows, frame.identity, facts),
        rows=frame.rows,
        columns=columns,
        schema=base64.b64encode(schema.serialize()).decode(),
        python_type=frame.python_type,
        logical_bytes=sum(one.logical_bytes for one in named),
        extras=frame.extras,
    )
