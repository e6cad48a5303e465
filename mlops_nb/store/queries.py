"""Every question that is asked of the index, as functions that return records.

They answer from the index as it stands: whoever asks for the user calls `store.index.catch_up()` first (`lookup` and
`lineage` do), once for all the questions of one answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mlops_nb.records.data import Address, Snapshot
from mlops_nb.records.models import ModelVersion
from mlops_nb.records.query import Condition, Order
from mlops_nb.records.retention import Kind, Removal
from mlops_nb.records.runs import Run, Status
from mlops_nb.store.folder import Store
from mlops_nb.store.query_sql import Sql, condition_sql, order_sql, ranked_source

_CHUNK = 500
_run_decoder = msgspec.json.Decoder(Run)
_snapshot_decoder = msgspec.json.Decoder(Snapshot)
_model_decoder = msgspec.json.Decoder(ModelVersion)
_removal_decoder = msgspec.json.Decoder(Removal)


def select_runs(
    store: Store,
    *,
    experiment: str | None = None,
    status: Status | None = None,
    notebooks: Sequence[str] | None = None,
    parent: str | None = None,
    kind: str | None = None,
    before: tuple[float, str] | None = None,
    where: Condition | None = None,
    order: tuple[Order, ...] = (),
    limit: int | None = None,
) -> list[Run]:
    """Runs that fit all that is given, newest first or in `order`. `before` is a (started_at, id) to begin below."""
    fixed = {
        "runs.experiment = ?": experiment,
        "runs.status = ?": status,
        "runs.parent_run_id = ?": parent,
        "runs.kind = ?": kind,
    }
    clauses = [Sql(clause, (value,)) for clause, value in fixed.items() if value is not None]
    if notebooks is not None:
        clauses.append(Sql(f"runs.notebook IN ({','.join('?' * len(notebooks))})", tuple(notebooks)))
    if before is not None:
        clauses.append(Sql("(runs.started_at, runs.id) < (?, ?)", before))
    if where is not None:
        clauses.append(condition_sql(where))
    rows: list[Any] = []
    if order and order[0].field.group != "run":
        tables, first, without = ranked_source(order[0])
        rest = order_sql(order[1:])
        ranked = Sql(f"{first.text}, {rest.text}", rest.values)
        rows = _select(store, tables, clauses, ranked, limit)
        clauses, order = [*clauses, without], order[1:]
    if limit is None or len(rows) < limit:
        rows += _select(store, Sql("runs"), clauses, order_sql(order), None if limit is None else limit - len(rows))
    return [_run_decoder.decode(row[0]) for row in rows]


def _select(store: Store, tables: Sql, clauses: list[Sql], order: Sql, limit: int | None) -> list[Any]:
    where = f"WHERE {' AND '.join(clause.text for clause in clauses)}" if clauses else ""
    return store.index.rows(
        f"SELECT runs.record FROM {tables.text} {where} ORDER BY {order.text} LIMIT ?",  # noqa: S608 - values are bound
        *tables.values,
        *(value for clause in clauses for value in clause.values),
        *order.values,
        -1 if limit is None else limit,
    )


def count_runs(store: Store) -> int:
    """How many runs there are."""
    rows = store.index.rows("SELECT count(*) FROM runs")
    return rows[0][0] if rows else 0


def recall_run(store: Store, run_id: str) -> tuple[Run, int] | None:
    """A run as this machine last saw it, and how many bytes of its journal that was: a witness for audit and repair."""
    rows = store.index.rows("SELECT record, journal_offset FROM runs WHERE id = ?", run_id)
    return (_run_decoder.decode(rows[0][0]), rows[0][1]) if rows else None


def list_run_ids(store: Store) -> list[str]:
    """The ids of all runs that the index knows, oldest first."""
    return [row[0] for row in store.index.rows("SELECT id FROM runs ORDER BY id")]


def list_aliases(store: Store) -> dict[tuple[str, str], int]:
    """The version that each (model, alias) points to."""
    rows = store.index.rows("SELECT name, alias, version FROM aliases")
    return {(name, alias): version for name, alias, version in rows}


def find_runs(store: Store, reference: str) -> list[Run]:
    """Runs whose id is `reference`, begins with it, or ends with it (its last part)."""
    rows = store.index.rows(
        "SELECT record FROM runs WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1 OR substr(id, 17) = ?1 LIMIT 20",
        reference,
    )
    return [_run_decoder.decode(row[0]) for row in rows]


def list_experiments(store: Store) -> list[str]:
    """The names of all experiments, the most recently used first."""
    rows = store.index.rows("SELECT experiment FROM runs GROUP BY experiment ORDER BY max(started_at) DESC")
    return [row[0] for row in rows]


def select_snapshots(store: Store, name: str | None = None, digest: str | None = None) -> list[Snapshot]:
    """Snapshots, newest first; of one dataset and of one content if so asked."""
    rows = store.index.rows(
        "SELECT record FROM snapshots WHERE (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR digest = ?2) "
        "ORDER BY created_at DESC, version DESC",
        name,
        digest,
    )
    return [_snapshot_decoder.decode(row[0]) for row in rows]


def last_snapshot(store: Store, name: str) -> Snapshot | None:
    """The highest version of a dataset that there still is."""
    rows = store.index.rows("SELECT record FROM snapshots WHERE name = ? ORDER BY version DESC LIMIT 1", name)
    return _snapshot_decoder.decode(rows[0][0]) if rows else None


def select_models(store: Store, name: str | None = None) -> list[ModelVersion]:
    """Model versions with the aliases that point to them now, newest first."""
    aliases: dict[tuple[str, int], list[str]] = {}
    for model, alias, version in store.index.rows("SELECT name, alias, version FROM aliases ORDER BY alias"):
        aliases.setdefault((model, version), []).append(alias)
    rows = store.index.rows(
        "SELECT record FROM models WHERE (?1 IS NULL OR name = ?1) ORDER BY created_at DESC, version DESC", name
    )
    found = [_model_decoder.decode(row[0]) for row in rows]
    return [
        msgspec.structs.replace(model, aliases=tuple(aliases.get((model.name, model.version), ()))) for model in found
    ]


def last_snapshot_version(store: Store, name: str) -> int:
    """The highest version number that a dataset ever had, deleted ones included; 0 for none."""
    return _last_version(store, "snapshots", "dataset", name)


def last_model_version(store: Store, name: str) -> int:
    """The highest version number that a model ever had, deleted ones included; 0 for none."""
    return _last_version(store, "models", "model", name)


def _last_version(store: Store, table: str, kind: str, name: str) -> int:
    rows = store.index.rows(
        f"SELECT max(version) FROM (SELECT version FROM {table} WHERE name = ?1 "  # noqa: S608 - table is ours
        "UNION ALL SELECT version FROM removals WHERE kind = ?2 AND name = ?1)",
        name,
        kind,
    )
    return (rows[0][0] or 0) if rows else 0


def find_alias(store: Store, name: str, alias: str) -> int:
    """The version that an alias points to, 0 for none."""
    rows = store.index.rows("SELECT version FROM aliases WHERE name = ? AND alias = ?", name, alias)
    return rows[0][0] if rows else 0


def find_removals(store: Store, kind: Kind, name: str | None = None) -> list[Removal]:
    """The deletions that stand, of one name if so asked, the latest first."""
    rows = store.index.rows("SELECT removal FROM removals WHERE kind = ?1 AND (?2 IS NULL OR name = ?2)", kind, name)
    found = [_removal_decoder.decode(row[0]) for row in rows]
    return sorted(found, key=lambda removal: removal.at, reverse=True)


def find_segments(store: Store, digests: Iterable[str]) -> dict[str, Address]:
    """Where the segments are that the store has."""
    wanted: Sequence[bytes] = [bytes.fromhex(digest) for digest in digests]
    found: dict[str, Address] = {}
    for at in range(0, len(wanted), _CHUNK):
        chunk = wanted[at : at + _CHUNK]
        marks = ",".join("?" * len(chunk))
        sql = f"SELECT digest, object, offset, length FROM segments WHERE digest IN ({marks})"  # noqa: S608 - only marks
        for digest, place, offset, length in store.index.rows(sql, *chunk):
            found[digest.hex()] = Address(place, offset, length)
    return found
