"""Deletions in the index: out of every list, and back again.

What is deleted moves from its table to `removals`, so no question about what there is needs to know of deletions.
Called by `index`, inside its transactions; `queries` asks what they hold.
"""

from __future__ import annotations

import sqlite3

import msgspec

from mlops_nb.records.data import Snapshot
from mlops_nb.records.ledger import Deletion, Entry, Restoration
from mlops_nb.records.models import ModelVersion
from mlops_nb.records.retention import Kind, Removal, find_subject, fold_removals
from mlops_nb.records.wire import encode
from mlops_nb.store.index_keys import remove_keys

_TABLES = {"dataset": "snapshots", "model": "models"}


def apply_removal(db: sqlite3.Connection, entry: Entry) -> None:
    """Fold an entry that deletes, restores, or makes deletions final."""
    subject = find_subject(entry.action)
    if subject is None:
        _make_final(db, entry)
    elif isinstance(entry.action, Deletion):
        record = _take_out(db, subject.kind, subject.name, subject.version)
        removal = fold_removals([entry])[subject]
        db.execute("INSERT OR REPLACE INTO removals VALUES (?, ?, ?, 0, ?, ?)", (*subject, encode(removal), record))
    elif isinstance(entry.action, Restoration):
        row = db.execute("SELECT record FROM removals WHERE (kind, name, version) = (?, ?, ?)", subject).fetchone()
        db.execute("DELETE FROM removals WHERE (kind, name, version) = (?, ?, ?)", subject)
        if row and row[0] is not None:
            _put_back(db, subject.kind, row[0])


def insert_snapshot(db: sqlite3.Connection, one: Snapshot) -> None:
    """List a snapshot."""
    values = (one.name, one.version, one.digest, one.run_id, one.created_at, encode(one))
    db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)", values)


def insert_model(db: sqlite3.Connection, one: ModelVersion) -> None:
    """List a model version."""
    values = (one.name, one.version, one.run_id, one.created_at, encode(one))
    db.execute("INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?, ?)", values)


def is_removed_run(db: sqlite3.Connection, run_id: str) -> bool:
    """Whether a run is deleted: its journal, while it lasts, is not to be listed."""
    found = db.execute("SELECT 1 FROM removals WHERE kind = 'run' AND name = ?", (run_id,)).fetchone()
    return found is not None


def kept_manifests(db: sqlite3.Connection) -> list[str]:
    """The digests of all manifests that must stay readable: of listed snapshots, and of those that may come back."""
    rows = db.execute(
        "SELECT record FROM snapshots UNION ALL SELECT record FROM removals WHERE kind = 'dataset' AND NOT final"
    ).fetchall()
    return [msgspec.json.decode(row[0], type=Snapshot).manifest for row in rows if row[0] is not None]


def _take_out(db: sqlite3.Connection, kind: Kind, name: str, version: int) -> bytes | None:
    if kind == "run":
        db.execute("DELETE FROM runs WHERE id = ?", (name,))
        remove_keys(db, name)
        return None
    table = _TABLES[kind]
    key = (name, version)
    row = db.execute(f"SELECT record FROM {table} WHERE name = ? AND version = ?", key).fetchone()  # noqa: S608 - ours
    db.execute(f"DELETE FROM {table} WHERE name = ? AND version = ?", key)  # noqa: S608 - ours
    if kind == "model":
        db.execute("DELETE FROM aliases WHERE name = ? AND version = ?", key)
    return row[0] if row else None


def _put_back(db: sqlite3.Connection, kind: Kind, record: bytes) -> None:
    if kind == "dataset":
        insert_snapshot(db, msgspec.json.decode(record, type=Snapshot))
    else:
        insert_model(db, msgspec.json.decode(record, type=ModelVersion))


def _make_final(db: sqlite3.Connection, entry: Entry) -> None:
    rows = db.execute("SELECT removal FROM removals WHERE NOT final").fetchall()
    standing = fold_removals([entry], [msgspec.json.decode(row[0], type=Removal) for row in rows])
    for subject, removal in standing.items():
        if removal.final:
            db.execute(
                "UPDATE removals SET final = 1, removal = ? WHERE (kind, name, version) = (?, ?, ?)",
                (encode(removal), *subject),
            )
