"""Rows as they come, written to a file that everybody reads: Parquet, CSV or JSON lines, by the file's suffix.

Streams: no more than `BATCH_ROWS` rows are in memory. Whole or not at all. Knows no records and no store; called by
`lineage`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mlops_nb.datasets.whole_files import whole_file
from mlops_nb.records.values import nonfinite_word

BATCH_ROWS = 10_000

ColumnType = Literal["text", "integer", "number", "flag", "time", "json"]
"""`time` is given in Unix seconds and written as a UTC timestamp; `json` is any plain value, a text except in JSON."""

_ARROW: dict[ColumnType, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "json": pa.string(),
}
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999: what ISO 8601 can write."""


def write_rows(target: Path, columns: Mapping[str, ColumnType], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows to `target`, replacing what is there, and return how many there were.

    Args:
        target: Ends in .parquet, .csv or .jsonl.
        columns: Names and types, in order.
        rows: A value a column each; None where there is none.

    Raises:
        OSError: The file cannot be written.
    """
    counted = itertools.count()
    batches = _batches(row for row, _ in zip(rows, counted, strict=False))
    with whole_file(target) as place:
        _WRITERS[target.suffix](place, dict(columns), batches)
    return next(counted)


def _batches(rows: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    while batch := list(itertools.islice(rows, BATCH_ROWS)):
        yield batch


def _write_parquet(place: Path, columns: dict[str, ColumnType], batches: Iterator[list[Sequence[Any]]]) -> None:
    with pq.ParquetWriter(place, _schema(columns), compression="zstd") as file:
        for batch in batches:
            file.write_batch(_arrow(columns, batch))


def _write_csv(place: Path, columns: dict[str, ColumnType], batches: Iterator[list[Sequence[Any]]]) -> None:
    with pyarrow.csv.CSVWriter(place, _schema(columns)) as file:
        for batch in batches:
            file.write_batch(_arrow(columns, batch))


def _write_jsonl(place: Path, columns: dict[str, ColumnType], batches: Iterator[list[Sequence[Any]]]) -> None:
    encode = msgspec.json.Encoder().encode
    plain = [_PLAIN.get(kind) for kind in columns.values()]
    with place.open("wb") as file:
        for batch in batches:
            for row in batch:
                values = (make(value) if make else value for make, value in zip(plain, row, strict=True))
                file.write(encode(dict(zip(columns, values, strict=True))) + b"\n")


def _schema(columns: dict[str, ColumnType]) -> Any:
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])


def _arrow(columns: dict[str, ColumnType], batch: list[Sequence[Any]]) -> Any:
    arrays = [_array(kind, [row[at] for row in batch]) for at, kind in enumerate(columns.values())]
    return pa.record_batch(arrays, schema=_schema(columns))


def _array(kind: ColumnType, values: list[Any]) -> Any:
    if kind == "time":
        return pa.array([None if (at := _second(value)) is None else round(at * 1e6) for value in values], _ARROW[kind])
    if kind == "json":
        values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    if kind == "integer":
        values = [None if value is None or abs(value) >= 2**63 else value for value in values]
    return pa.array(values, _ARROW[kind])


def _second(value: float | None) -> float | None:
    return value if value is not None and _FIRST_S <= value <= _LAST_S else None


def _iso(value: float | None) -> str | None:
    at = _second(value)
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()


def _finite(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinity; they become words."""
    return value if value is None or math.isfinite(value) else nonfinite_word(value)


_PLAIN: dict[ColumnType, Callable[[Any], Any]] = {"time": _iso, "number": _finite}

_WRITERS: dict[str, Callable[[Path, dict[str, ColumnType], Iterator[list[Sequence[Any]]]], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
}
