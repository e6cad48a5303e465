"""All that is recorded, as files that other tools read: the way out, which never closes.

One file a table, each written whole and as a stream, whatever the size of the store. Objects (data, models, files) are
no tables; they lie in the store under their digests, which the tables name. Knows the questions and the columns;
`datasets.row_files` knows the formats, the surfaces show the report.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from mlops_nb.errors import ConflictError, NotFoundError, StoreError
from mlops_nb.records.journal import MetricLogged
from mlops_nb.records.runs import Run
from mlops_nb.records.values import Plain
from mlops_nb.records.wire import to_plain
from mlops_nb.store import Store, queries
from mlops_nb.store.ledger import EMPTY

if TYPE_CHECKING:
    from mlops_nb.datasets.row_files import ColumnType

Format = Literal["parquet", "csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")

Progress = Callable[[int, int], None]
"""Called with how many steps are done and how many there are."""

_PAGE = 500


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was written."""

    table: str
    path: str
    rows: int
    size_bytes: int


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was written; `unread` are the runs whose journal cannot be read, so that their points are missing."""

    files: tuple[ExportedFile, ...]
    unread: tuple[str, ...] = ()


def export_store(
    store: Store, folder: Path, to: Format, *, overwrite: bool = False, on_progress: Progress = lambda *_: None
) -> ExportReport:
    """Write everything to files in a folder: runs, params, metrics, points, tags, snapshots, models, ledger.

    Args:
        store: What to export.
        folder: Where to; it must exist.
        to: The format, which is also the files' suffix.
        overwrite: Replace files that are there.
        on_progress: Told how far it is.

    Raises:
        ConflictError: A file is there already; nothing has been written.
        StoreCorruptError: The ledger cannot be read.
        OSError: The folder cannot be written.
    """
    from mlops_nb.datasets.row_files import write_rows

    targets = {table: folder / f"{table}.{to}" for table in TABLES}
    there = [target.name for target in targets.values() if target.exists()]
    if there and not overwrite:
        raise ConflictError(f"{folder} holds {', '.join(there)}", hint="choose another folder, or --overwrite")
    store.index.catch_up()
    source = _Source(store, on_progress)
    files = []
    for table, target in targets.items():
        columns, rows = TABLES[table]
        count = write_rows(target, columns, rows(source))
        size = target.stat().st_size
        files.append(ExportedFile(table=table, path=str(target.absolute()), rows=count, size_bytes=size))
    return ExportReport(files=tuple(files), unread=tuple(source.unread))


class _Source:
    """The rows of each table."""

    def __init__(self, store: Store, on_progress: Progress) -> None:
        self._store = store
        self._on_progress = on_progress
        self._done = 0
        self._total = queries.count_runs(store) * _WALKS
        self.unread: list[str] = []

    def runs(self) -> Iterator[tuple[Any, ...]]:
        for run in self._walk():
            values = (getattr(run, name) for name in _RUN_COLUMNS)
            yield (*values, run.params, {key: one.last for key, one in run.metrics.items()}, run.tags)

    def params(self) -> Iterator[tuple[Any, ...]]:
        for run in self._walk():
            for key, value in run.params.items():
                yield run.id, key, value, _number(value)

    def metrics(self) -> Iterator[tuple[Any, ...]]:
        for run in self._walk():
            for key, one in run.metrics.items():
                yield run.id, key, float(one.last), one.min, one.max, one.count, one.last_step

    def points(self) -> Iterator[tuple[Any, ...]]:
        for run in self._walk():
            try:
                lines = self._store.journals.read(run.id)
            except (NotFoundError, StoreError):
                # One journal that cannot be read must not shut the way out for all others; the report names it.
                self.unread.append(run.id)
                continue
            for line in lines:
                if isinstance(line, MetricLogged):
                    yield run.id, line.key, line.step, float(line.value), line.at

    def tags(self) -> Iterator[tuple[Any, ...]]:
        for run in self._walk():
            for key, value in run.tags.items():
                yield run.id, key, value

    def snapshots(self) -> Iterator[tuple[Any, ...]]:
        for one in queries.select_snapshots(self._store):
            yield tuple(getattr(one, name) for name in _SNAPSHOT_COLUMNS)

    def models(self) -> Iterator[tuple[Any, ...]]:
        for one in queries.select_models(self._store):
            yield tuple(to_plain(getattr(one, name)) for name in _MODEL_COLUMNS)

    def ledger(self) -> Iterator[tuple[Any, ...]]:
        for _, entry in self._store.ledger.iter_after(EMPTY):
            action = to_plain(entry.action)
            yield entry.number, entry.previous, entry.at, entry.by, action.pop("type"), action

    def _walk(self) -> Iterator[Run]:
        """All runs, newest first, a page at a time."""
        last: tuple[float, str] | None = None
        while page := queries.select_runs(self._store, before=last, limit=_PAGE):
            for run in page:
                yield run
                self._done += 1
                self._on_progress(self._done, max(self._total, self._done))
            last = (page[-1].started_at, page[-1].id)


def _number(value: Plain) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) >= sys.float_info.max:
        return None
    return float(value)


_RUN_COLUMNS: dict[str, ColumnType] = {
    "id": "text",
    "experiment": "text",
    "kind": "text",
    "name": "text",
    "status": "text",
    "started_at": "time",
    "ended_at": "time",
    "duration_s": "number",
    "notebook": "text",
    "cell_id": "text",
    "parent_run_id": "text",
    "user": "text",
    "commit": "text",
    "dirty": "flag",
    "error": "text",
}
_SNAPSHOT_COLUMNS: dict[str, ColumnType] = {
    "name": "text",
    "version": "integer",
    "digest": "text",
    "manifest": "text",
    "rows": "integer",
    "columns": "integer",
    "logical_bytes": "integer",
    "stored_bytes": "integer",
    "created_at": "time",
    "created_by": "text",
    "message": "text",
    "run_id": "text",
}
_MODEL_COLUMNS: dict[str, ColumnType] = {
    "name": "text",
    "version": "integer",
    "aliases": "json",
    "digest": "text",
    "size_bytes": "integer",
    "flavor": "text",
    "python_type": "text",
    "packages": "json",
    "created_at": "time",
    "created_by": "text",
    "message": "text",
    "run_id": "text",
    "datasets": "json",
}
_BY_KEY: dict[str, ColumnType] = {"run_id": "text", "key": "text"}
_SUMMARY: dict[str, ColumnType] = {
    "last": "number",
    "min": "number",
    "max": "number",
    "count": "integer",
    "last_step": "integer",
}
_LEDGER_COLUMNS: dict[str, ColumnType] = {
    "number": "integer",
    "previous": "text",
    "at": "time",
    "by": "text",
    "action": "text",
    "details": "json",
}

TABLES: dict[str, tuple[dict[str, ColumnType], Callable[[_Source], Iterator[tuple[Any, ...]]]]] = {
    "runs": ({**_RUN_COLUMNS, "params": "json", "metrics": "json", "tags": "json"}, _Source.runs),
    "params": ({**_BY_KEY, "value": "json", "number": "number"}, _Source.params),
    "metrics": ({**_BY_KEY, **_SUMMARY}, _Source.metrics),
    "points": ({**_BY_KEY, "step": "integer", "value": "number", "at": "time"}, _Source.points),
    "tags": ({**_BY_KEY, "value": "text"}, _Source.tags),
    "snapshots": (_SNAPSHOT_COLUMNS, _Source.snapshots),
    "models": (_MODEL_COLUMNS, _Source.models),
    "ledger": (_LEDGER_COLUMNS, _Source.ledger),
}
"""Every file of an export: its columns and its rows."""

_WALKS = 5
"""How many of the tables walk through all runs."""
