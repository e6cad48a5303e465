"""The index: a SQLite file in the user's cache folder, folded from ledger and journals.

Nothing is only here. The file may be deleted at any time, is made anew when it is damaged or of another version,
and is caught up before each read: one look for the next ledger entry, and a look at each live run. The store may
lie on NFS or be read-only; the index never does.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from mlops_nb.config import cache_dir
from mlops_nb.errors import NotFoundError, StoreCorruptError, StoreError
from mlops_nb.records.fold import fold_run
from mlops_nb.records.ledger import (
    AliasMoved,
    Entry,
    EntryLost,
    ModelRegistered,
    RetentionApplied,
    RetentionStarted,
    RunRestored,
    RunSealed,
    SnapshotPublished,
    StoreRepaired,
    published_snapshot,
    registered_model,
)
from mlops_nb.records.runs import Run
from mlops_nb.records.wire import decode_manifest, encode
from mlops_nb.store import schema
from mlops_nb.store.format import read_format
from mlops_nb.store.index_keys import store_keys
from mlops_nb.store.journal import Journals, decode_lines
from mlops_nb.store.ledger import EMPTY, Head, Ledger
from mlops_nb.store.live import Live, crashed
from mlops_nb.store.objects import Objects, digest_of
from mlops_nb.store.removals import apply_removal, insert_model, insert_snapshot, is_removed_run, kept_manifests

BUSY_TIMEOUT_S = 20.0


class Index:
    """The index of one store, shared by the threads of a process."""

    def __init__(self, root: Path, objects: Objects, journals: Journals, ledger: Ledger, live: Live) -> None:
        self._root = root
        self._objects = objects
        self._journals = journals
        self._ledger = ledger
        self._live = live
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._inherited: sqlite3.Connection | None = None
        self._connection: sqlite3.Connection | None = None
        self._store_id = ""

    @property
    def path(self) -> Path:
        """Where the file is. Two stores never share one: the name covers place and id."""
        name = digest_of(f"{self._root.resolve()}\0{self._store_id}".encode())[:24]
        return cache_dir() / "index" / f"{name}.sqlite"

    def catch_up(self) -> Head:
        """Fold what has happened since the last call, and return the ledger's head.

        Orphaned runs are closed on the way (on a read-only store they are only shown as crashed).

        Raises:
            StoreCorruptError: A ledger entry cannot be read.
            StoreError: The store cannot be read.
        """
        with self._guard():
            found = read_format(self._root)
            if found is None:
                self.close()
                self._store_id = ""
                return EMPTY
            if found.store_id != self._store_id:
                self.close()
                self._store_id = found.store_id
            try:
                return self._catch_up()
            except sqlite3.DatabaseError:
                return self._begin_again()

    def recall_head(self) -> Head:
        """The ledger's head as this machine last saw it, without looking again: a witness for the audit."""
        with self._guard():
            found = read_format(self._root)
            if found is None:
                return EMPTY
            if found.store_id != self._store_id:
                self.close()
                self._store_id = found.store_id
            try:
                return self._head()
            except sqlite3.DatabaseError:
                return EMPTY

    def find_fault(self) -> str:
        """What SQLite finds wrong with the file, in its words; '' if nothing, or if there is no file."""
        with self._guard():
            if self.recall_head() == EMPTY and not self.path.exists():
                return ""
            try:
                # A connection of its own: what another has in memory is not what is in the file.
                db = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)
                try:
                    told = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
                finally:
                    db.close()
            except sqlite3.DatabaseError as fault:
                return str(fault)
            return "" if told == "ok" else told

    def rebuild(self) -> Head:
        """Throw the index away and fold everything anew, runs that the ledger does not know included."""
        with self._guard():
            if self.catch_up() == EMPTY and not self._store_id:
                return EMPTY
            # What cannot be folded must not cost the lists that still work: read the whole ledger first.
            for _ in self._ledger.iter_after(EMPTY):
                pass
            self.discard()
            head = self.catch_up()
            with self._writing() as db:
                for run_id in self._journals.list_ids():
                    self._fold_journal(db, run_id)
            return head

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Run a query of this package on the index as it stands. Empty while there is no store."""
        with self._guard():
            if self._connection is None and not self._store_id:
                return []
            # What UTF-8 cannot hold is in no record, and SQLite would refuse it.
            values = tuple(v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in values)
            try:
                return self._db().execute(sql, values).fetchall()
            except sqlite3.DatabaseError:
                self._begin_again()  # damaged where catching up did not look
                return self._db().execute(sql, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        with self._guard():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def discard(self) -> None:
        """Delete the file, where that may be."""
        with self._guard():
            self.close()
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self.path.with_name(self.path.name + suffix).unlink()

    def _guard(self) -> threading.RLock:
        """The lock; in a forked child a new one, with a connection of its own.

        SQLite's may not be carried over a fork, nor closed behind it: the parent's is only kept from being collected.
        """
        if os.getpid() != self._owner:
            self._owner = os.getpid()
            self._lock = threading.RLock()
            self._inherited, self._connection = self._connection, None
        return self._lock

    def _begin_again(self) -> Head:
        """Damaged, or of another time: it holds nothing of its own. What no file will take lives in memory."""
        self.discard()
        try:
            return self._catch_up()
        except sqlite3.DatabaseError:
            self.close()
            self._connection = _connect(None)
            return self._catch_up()

    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = _connect(self.path)
            except (OSError, sqlite3.OperationalError):
                # No cache folder to write to: the index lives as long as the process.
                self._connection = _connect(None)
        return self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        db = self._db()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _catch_up(self) -> Head:
        for run_id in self._live.list_ids():
            if not self._live.has_writer(run_id):
                self._close_orphan(run_id)
        head = self._head()
        entries = list(self._ledger.iter_after(head))
        live = [run_id for run_id in self._live.list_ids() if self._has_grown(run_id)]
        if not entries and not live:
            return head
        with self._writing() as db:
            known = self._head().number
            for new_head, entry in entries:
                if new_head.number > known:
                    self._apply(db, entry)
                    head = new_head
                    db.execute("INSERT OR REPLACE INTO meta VALUES ('head', ?)", (f"{head.number} {head.digest}",))
            for run_id in live:
                self._fold_journal(db, run_id)
        return self._head()

    def _head(self) -> Head:
        row = self._db().execute("SELECT value FROM meta WHERE key = 'head'").fetchone()
        if row is None:
            return EMPTY
        number, digest = row[0].split()
        return Head(int(number), digest)

    def _has_grown(self, run_id: str) -> bool:
        row = self._db().execute("SELECT journal_offset FROM runs WHERE id = ?", (run_id,)).fetchone()
        try:
            return row is None or self._journals.path(run_id).stat().st_size > row[0]
        except OSError:
            return False

    def _close_orphan(self, run_id: str) -> None:
        try:
            self._live.close_orphan(run_id)
        except StoreError:
            with self._writing() as db:
                self._fold_journal(db, run_id, orphan=True)

    def _fold_journal(self, db: sqlite3.Connection, run_id: str, *, orphan: bool = False) -> None:
        if is_removed_run(db, run_id):
            return
        row = db.execute("SELECT journal_offset, record FROM runs WHERE id = ?", (run_id,)).fetchone()
        # How long an orphan lasted, all its lines must tell.
        offset, start = (row[0], msgspec.json.decode(row[1], type=Run)) if row and not orphan else (0, None)
        try:
            data = self._journals.read_bytes(run_id, offset)
        except (NotFoundError, StoreError):
            # One journal that cannot be read must not hide all other runs; the audit names it.
            return
        lines = list(decode_lines(data))
        run = fold_run(lines, start)
        if run is not None and orphan and run.status == "running":
            run = fold_run([crashed(run, lines)], run)
        if run is None or (row and not lines):
            return
        db.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.id,
                run.experiment,
                run.kind,
                run.status,
                run.started_at,
                run.parent_run_id,
                run.notebook,
                run.name,
                run.duration_s,
                offset + len(data),
                encode(run),
            ),
        )
        store_keys(db, run, start)

    def _apply(self, db: sqlite3.Connection, entry: Entry) -> None:
        match entry.action:
            case RunSealed(run_id=run_id):
                self._fold_journal(db, run_id)
            case SnapshotPublished() as action:
                insert_snapshot(db, published_snapshot(entry))
                self._learn_segments(db, action.manifest)
            case ModelRegistered():
                insert_model(db, registered_model(entry))
            case AliasMoved(name=name, alias=alias, version=0):
                db.execute("DELETE FROM aliases WHERE name = ? AND alias = ?", (name, alias))
            case AliasMoved(name=name, alias=alias, version=number):
                db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (name, alias, number))
            case RetentionStarted():
                apply_removal(db, entry)
                # What may vanish from now on must not be offered for reuse.
                db.execute("DELETE FROM segments")
                for manifest in kept_manifests(db):
                    self._learn_segments(db, manifest)
            case RunRestored(run_id=run_id):
                apply_removal(db, entry)
                self._fold_journal(db, run_id)
            case RetentionApplied() | StoreRepaired() | EntryLost():
                pass  # told by `audit log`; no list shows them
            case _:
                apply_removal(db, entry)

    def _learn_segments(self, db: sqlite3.Connection, digest: str) -> None:
        try:
            manifest = decode_manifest(self._objects.get(digest))
        except (StoreCorruptError, NotFoundError, msgspec.DecodeError):
            # Its segments cannot be shared then; `load` and the audit say what is wrong, lists go on.
            return
        db.executemany(
            "INSERT OR IGNORE INTO segments VALUES (?, ?, ?, ?)",
            [
                (bytes.fromhex(segment.digest), segment.address.object, segment.address.offset, segment.address.length)
                for column in manifest.columns
                for segment in (*column.segments, *column.categories)
            ],
        )


def _connect(path: Path | None) -> sqlite3.Connection:
    place = ":memory:" if path is None else str(path)
    db = sqlite3.connect(place, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")  # what a power loss damages is made anew
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != schema.VERSION:
            _create(db)
    except BaseException:
        db.close()
        raise
    return db


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    if db.execute("PRAGMA user_version").fetchone()[0] != schema.VERSION:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            db.execute(f'DROP TABLE "{name}"')
        for statement in schema.TABLES.split(";"):
            if statement.strip():
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {schema.VERSION}")
    db.execute("COMMIT")
