"""The entries of the ledger: the low-rate history that everybody shares.

Entry N is the object `ledger/N.json`, written only if absent. `previous` is the BLAKE3 of entry N-1's bytes,
so the entries form a chain, and the chain is the audit trail.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlops_nb.records.data import Snapshot
from mlops_nb.records.journal import Outcome
from mlops_nb.records.models import ModelVersion

GENESIS = "0" * 64
"""What the first entry names as the digest of the one before."""


class _Action(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", kw_only=True):
    pass


class RunSealed(_Action, frozen=True, omit_defaults=True, tag="run_sealed", kw_only=True):
    """A run's journal is closed; its bytes have this digest for ever."""

    run_id: str
    experiment: str
    outcome: Outcome
    journal_digest: str
    journal_bytes: int


class SnapshotPublished(_Action, frozen=True, omit_defaults=True, tag="snapshot_published", kw_only=True):
    """A dataset has a new version. `digest` is that of its logical content; `manifest` the object to read it by."""

    name: str
    version: int
    digest: str
    manifest: str
    rows: int
    columns: int
    logical_bytes: int
    stored_bytes: int
    message: str = ""
    run_id: str = ""


class ModelRegistered(_Action, frozen=True, omit_defaults=True, tag="model_registered", kw_only=True):
    """A model has a new version. `digest` is that of the stored file, `flavor` says how to read it."""

    name: str
    version: int
    digest: str
    size_bytes: int
    flavor: str
    python_type: str
    packages: dict[str, str] = {}
    message: str = ""
    run_id: str = ""
    datasets: tuple[str, ...] = ()


class AliasMoved(_Action, frozen=True, omit_defaults=True, tag="alias_moved", kw_only=True):
    """An alias of a model points to another version. `version` 0 takes the alias away."""

    name: str
    alias: str
    version: int
    previous_version: int = 0
    reason: str = ""


class Mending(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that a repair did. `place` is a path below the store; `lost` what cannot be had back."""

    place: str
    problem: str
    done: str
    lost: str = ""


class StoreRepaired(_Action, frozen=True, omit_defaults=True, tag="store_repaired", kw_only=True):
    """Somebody repaired the store. `quarantine` is the folder below it that keeps what was moved or replaced."""

    quarantine: str
    mended: tuple[Mending, ...]


class EntryLost(_Action, frozen=True, omit_defaults=True, tag="entry_lost", kw_only=True):
    """Stands where an entry was that nobody can read any more, so that those behind it can be read.

    `lost_digest` is the digest that the lost entry had, where another copy tells ('' where none does).
    """

    lost_digest: str = ""


class RunDeleted(_Action, frozen=True, omit_defaults=True, tag="run_deleted", kw_only=True):
    """A run is in no list any more. Its journal stays until a `RetentionStarted` makes that final."""

    run_id: str
    reason: str = ""


class RunRestored(_Action, frozen=True, omit_defaults=True, tag="run_restored", kw_only=True):
    """The deletion of a run is undone."""

    run_id: str


class SnapshotDeleted(_Action, frozen=True, omit_defaults=True, tag="snapshot_deleted", kw_only=True):
    """A dataset version is in no list any more. Its number is never used again."""

    name: str
    version: int
    reason: str = ""


class SnapshotRestored(_Action, frozen=True, omit_defaults=True, tag="snapshot_restored", kw_only=True):
    """The deletion of a dataset version is undone."""

    name: str
    version: int


class ModelVersionDeleted(_Action, frozen=True, omit_defaults=True, tag="model_version_deleted", kw_only=True):
    """A model version is in no list any more, nor the `aliases` that pointed to it. Its number is never used again."""

    name: str
    version: int
    reason: str = ""
    aliases: tuple[str, ...] = ()


class ModelVersionRestored(_Action, frozen=True, omit_defaults=True, tag="model_version_restored", kw_only=True):
    """The deletion of a model version is undone, without its aliases."""

    name: str
    version: int


class RetentionStarted(_Action, frozen=True, omit_defaults=True, tag="retention_started", kw_only=True):
    """What was deleted up to this moment (Unix seconds) is final from here on: bytes that only it needs may vanish."""

    deleted_until: float


class RetentionApplied(_Action, frozen=True, omit_defaults=True, tag="retention_applied", kw_only=True):
    """Bytes were freed, by right of the `RetentionStarted` with the number `started`."""

    started: int
    journals: int
    objects: int
    freed_bytes: int


Deletion = RunDeleted | SnapshotDeleted | ModelVersionDeleted
Restoration = RunRestored | SnapshotRestored | ModelVersionRestored
Action = (
    RunSealed
    | SnapshotPublished
    | ModelRegistered
    | AliasMoved
    | RunDeleted
    | RunRestored
    | SnapshotDeleted
    | SnapshotRestored
    | ModelVersionDeleted
    | ModelVersionRestored
    | RetentionStarted
    | RetentionApplied
    | StoreRepaired
    | EntryLost
)


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One numbered commit."""

    number: int
    previous: str
    at: float
    by: str
    action: Action


def published_snapshot(entry: Entry) -> Snapshot:
    """The snapshot that a `SnapshotPublished` entry published."""
    return Snapshot(created_at=entry.at, created_by=entry.by, **_fields_for(Snapshot, entry.action))


def registered_model(entry: Entry) -> ModelVersion:
    """The model version that a `ModelRegistered` entry registered, without aliases."""
    return ModelVersion(created_at=entry.at, created_by=entry.by, **_fields_for(ModelVersion, entry.action))


def _fields_for(kind: type[msgspec.Struct], action: Action) -> dict[str, Any]:
    return {name: getattr(action, name) for name in action.__struct_fields__ if name in kind.__struct_fields__}
