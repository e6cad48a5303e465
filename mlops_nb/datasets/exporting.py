"""Write a frame in a format that everybody reads, by the suffix of the file's name.

Whole or not at all. Called by `tracking` and the surfaces.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pyarrow.types as pat

from mlops_nb import _lazy
from mlops_nb.datasets.adapters import read
from mlops_nb.datasets.pieces import PieceStore
from mlops_nb.datasets.restoring import restore
from mlops_nb.datasets.whole_files import whole_file
from mlops_nb.errors import ConflictError, UnsupportedDataError, UsageError
from mlops_nb.records.data import Manifest

_BATCH_ROWS = 10_000


def export(
    source: object, path: str | os.PathLike[str], *, pieces: PieceStore | None = None, overwrite: bool = False
) -> Path:
    """The work behind `mlops_nb.datasets.export`."""
    target = Path(path)
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise UsageError(f"{target.name!r} has no suffix that can be exported", hint=f"use {', '.join(_WRITERS)}")
    if target.exists() and not overwrite:
        raise ConflictError(f"{target} exists", hint="choose another name, or say that it may be overwritten")
    if isinstance(source, Manifest):
        if pieces is None:
            raise UsageError("a manifest is exported with its pieces", hint="write export(manifest, path, pieces=...)")
        source = restore(source, pieces)
    table = _table(source, keep_index=target.suffix.lower() in {".parquet", ".feather"})
    _write_whole(target, table, write)
    return target


def _table(source: Any, *, keep_index: bool) -> Any:
    """A frame as an Arrow table that other programs understand (not as `take` reads it)."""
    pandas = _lazy.loaded("pandas")
    try:
        if pandas is not None and isinstance(source, pandas.DataFrame):
            if keep_index:
                return pa.Table.from_pandas(source)
            plain = isinstance(source.index, pandas.RangeIndex) and source.index.name is None
            return pa.Table.from_pandas(source if plain else source.reset_index(), preserve_index=False)
        if isinstance(source, pa.Table):
            return source
        read(source)  # refuses what is no frame, with a hint
        return pa.table(source)
    except (pa.ArrowException, ValueError, TypeError) as fault:
        raise _refusal(fault) from fault


def _write_whole(target: Path, table: Any, write: Callable[[Any, str], None]) -> None:
    try:
        with whole_file(target) as place:
            write(table, str(place))
    except (pa.ArrowException, TypeError, ValueError) as fault:
        raise _refusal(fault) from fault


def _write_parquet(table: Any, name: str) -> None:
    pq.write_table(table, name, compression="zstd")


def _write_feather(table: Any, name: str) -> None:
    pa.feather.write_feather(table, name)


def _write_csv(table: Any, name: str) -> None:
    plain = [
        column.cast(column.type.value_type) if pat.is_dictionary(column.type) else column for column in table.columns
    ]
    pa.csv.write_csv(pa.Table.from_arrays(plain, names=table.column_names), name)


def _write_json(table: Any, name: str) -> None:
    with Path(name).open("wb") as file:
        file.write(b"[")
        between = b"\n"
        for row in _rows(table):
            file.write(between + row)
            between = b",\n"
        file.write(b"\n]\n")


def _write_jsonl(table: Any, name: str) -> None:
    with Path(name).open("wb") as file:
        file.writelines(row + b"\n" for row in _rows(table))


def _rows(table: Any) -> Any:
    encode = msgspec.json.Encoder(enc_hook=_as_text).encode
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        for row in batch.to_pylist():
            yield encode(row)


def _as_text(value: Any) -> str:
    """Nanoseconds reach us as pandas' own times, which know their ISO form."""
    if (pandas := _lazy.loaded("pandas")) is not None and isinstance(value, (pandas.Timestamp, pandas.Timedelta)):
        return str(value.isoformat())
    raise TypeError(f"JSON has no {type(value).__name__}")


def _refusal(fault: Exception) -> UnsupportedDataError:
    return UnsupportedDataError(
        f"this format cannot hold the frame: {fault}", hint="export to .parquet, or convert the column that is named"
    )


_WRITERS: dict[str, Callable[[Any, str], None]] = {
    ".parquet": _write_parquet,
    ".feather": _write_feather,
    ".csv": _write_csv,
    ".json": _write_json,
    ".jsonl": _write_jsonl,
}
