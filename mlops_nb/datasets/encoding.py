"""A segment as bytes, and back, trusting nothing.

A segment's name is the BLAKE3 of its logical content. Its bytes are 16 bytes of BLAKE3 over what follows, then a
Parquet file of one column, zstd, with page checksums. The outer checksum is there because a decoder must not be shown
damaged bytes, and damage in Parquet's own header and footer is covered by no page checksum.

Knows no manifest and no store. Called by this room only.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pat
from blake3 import blake3

from mlops_nb.datasets.planes import Plane, lay_bare
from mlops_nb.datasets.storage import Array, whole

_CHECKSUM_BYTES = 16
_PURPOSE = b"mlops_nb segment 1\0"


class DamagedPieceError(Exception):
    """Bytes that are not the segment they should be. Never leaves the room."""


def digest_of(plane: Plane, start: int, stop: int) -> str:
    """Name the segment from row `start` up to `stop`: 64 hex digits."""
    hasher = blake3(_PURPOSE)
    plane.feed(hasher, start, stop)
    return hasher.hexdigest()


def encode(values: Array) -> bytes:
    """Write an array of storage type."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays([values], names=["v"]),
        sink,
        row_group_size=max(1, len(values)),
        compression="zstd",
        compression_level=1,
        write_page_checksum=True,
        write_statistics=False,
        store_schema=False,
        # Parquet's own dictionary pays for words that repeat; for numbers it only gets in zstd's way.
        use_dictionary=_has_words(values.type),
        use_byte_stream_split=pat.is_floating(values.type),
    )
    body: bytes = sink.getvalue().to_pybytes()
    return blake3(body).digest(_CHECKSUM_BYTES) + body


def decode(piece: bytes, digest: str, storage: Any) -> Array:
    """Read what `encode` wrote and prove that it is the segment named `digest`.

    Args:
        piece: The bytes.
        digest: The name that the content must have.
        storage: The storage type that it must have.

    Raises:
        DamagedPieceError: It is something else.
    """
    checksum, body = piece[:_CHECKSUM_BYTES], memoryview(piece)[_CHECKSUM_BYTES:]
    if blake3(body).digest(_CHECKSUM_BYTES) != checksum:
        raise DamagedPieceError("its bytes have changed")
    try:
        file = pq.ParquetFile(pa.BufferReader(pa.py_buffer(body)), page_checksum_verification=True)
        table = file.read(use_threads=False).cast(pa.schema([("v", storage)]))
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise DamagedPieceError(f"it cannot be decoded: {fault}") from fault
    values = whole(table.column(0), storage)
    if digest_of(lay_bare(values), 0, len(values)) != digest:
        raise DamagedPieceError("its content is not what its name says")
    return values


def _has_words(storage: Any) -> bool:
    return bool(pat.is_large_string(storage) or pat.is_large_binary(storage) or pat.is_nested(storage))
