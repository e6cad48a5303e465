"""Give a frame back from its manifest, trusting no byte on the way.

Every segment is decoded and hashed again; damage is a `StoreCorruptError` that names the column, never wrong data.
Called by `tracking` and by `exporting`.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from mlops_nb.datasets import adapters
from mlops_nb.datasets.encoding import DamagedPieceError, decode
from mlops_nb.datasets.frames import Restored
from mlops_nb.datasets.pieces import PieceStore
from mlops_nb.datasets.storage import UnstorableTypeError, from_storage, storage_type
from mlops_nb.datasets.taking import column_digest
from mlops_nb.errors import NotFoundError, StoreCorruptError, StoreTooNewError
from mlops_nb.records.data import MANIFEST_FORMAT, Column, Manifest, Segment

_HINT = "restore this part of the store from a backup, or take the snapshot again from its source"


def restore(manifest: Manifest, pieces: PieceStore, columns: Sequence[Hashable] | None = None) -> Any:
    """The work behind `mlops_nb.datasets.restore`."""
    if manifest.format > MANIFEST_FORMAT:
        raise StoreTooNewError(f"snapshot format {manifest.format} is newer than this version", hint="upgrade mlops-nb")
    schema = _schema(manifest)
    chosen = _chosen(manifest, columns)
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1), thread_name_prefix="mlops-nb-restore") as pool:
        values = {
            position: _values(manifest.columns[position], schema.field(position).type, manifest.rows, pieces, pool)
            for position in chosen
        }
    return adapters.give(manifest.python_type, Restored(manifest.rows, schema, values, manifest.extras))


def _schema(manifest: Manifest) -> Any:
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(manifest.schema, validate=True)))
    except (binascii.Error, pa.ArrowException, OSError, ValueError) as fault:
        raise StoreCorruptError(f"the snapshot's schema cannot be read: {fault}", hint=_HINT) from fault
    if len(schema) != len(manifest.columns):
        raise StoreCorruptError("the snapshot's schema and its columns do not agree", hint=_HINT)
    return schema


def _chosen(manifest: Manifest, columns: Sequence[Hashable] | None) -> list[int]:
    """Positions of the chosen columns, then those of the index."""
    own = [position for position, column in enumerate(manifest.columns) if not column.index]
    index = [position for position, column in enumerate(manifest.columns) if column.index]
    if columns is None:
        return own + index
    places: dict[str, list[int]] = {}
    for position in own:
        places.setdefault(manifest.columns[position].name, []).append(position)
    wanted: list[int] = []
    for name in columns:
        if str(name) not in places:
            raise NotFoundError.among("column", str(name), places, hint="the snapshot has no columns")
        wanted += [position for position in places[str(name)] if position not in wanted]
    return wanted + index


def _values(column: Column, logical: Any, rows: int, pieces: PieceStore, pool: ThreadPoolExecutor) -> Any:
    """A column's values as a `pyarrow.ChunkedArray` of its logical type."""
    pairs = [[(segment.digest, segment.rows) for segment in part] for part in (column.segments, column.categories)]
    if column_digest(column.type, *pairs) != column.digest or sum(count for _, count in pairs[0]) != rows:
        raise _damage(column, "its list of segments is not the one that was written")
    try:
        if not pat.is_dictionary(logical):
            arrays = _arrays(column, column.segments, logical, pieces, pool)
            return pa.chunked_array(arrays, logical)
        codes = _arrays(column, column.segments, pa.int32(), pieces, pool)
        categories = pa.chunked_array(
            _arrays(column, column.categories, logical.value_type, pieces, pool), logical.value_type
        )
        return _dictionary(codes, categories, logical)
    except (pa.ArrowException, UnstorableTypeError, IndexError) as fault:
        raise _damage(column, str(fault)) from fault


def _arrays(
    column: Column, segments: Sequence[Segment], logical: Any, pieces: PieceStore, pool: ThreadPoolExecutor
) -> list[Any]:
    storage = storage_type(logical)

    def work(job: tuple[Segment, bytes]) -> Any:
        segment, piece = job
        values = decode(piece, segment.digest, storage)
        if len(values) != segment.rows:
            raise DamagedPieceError("it has another number of rows")
        return from_storage(values, logical)

    try:
        return list(pool.map(work, [(segment, pieces.read(segment.address)) for segment in segments]))
    except DamagedPieceError as fault:
        raise _damage(column, str(fault)) from fault
    except NotFoundError as fault:
        raise _damage(column, fault.message) from fault


def _dictionary(codes: list[Any], categories: Any, logical: Any) -> Any:
    whole = (
        categories.chunk(0) if categories.num_chunks == 1 else pa.concat_arrays(categories.chunks or [_none(logical)])
    )
    arrays = [
        pa.DictionaryArray.from_arrays(chunk.cast(logical.index_type), whole, ordered=logical.ordered)
        for chunk in codes or [pa.array([], pa.int32())]
    ]
    return pa.chunked_array(arrays, logical)


def _none(logical: Any) -> Any:
    return pa.array([], logical.value_type)


def _damage(column: Column, why: str) -> StoreCorruptError:
    return StoreCorruptError(f"column {column.name!r} is damaged: {why}", hint=_HINT, column=column.name)
