"""What is deleted, and for which of it that is final.

A fold over ledger entries, so that all who ask (index, audit, gc) agree. Knows no store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from mlops_nb.records.ledger import (
    Action,
    Entry,
    ModelRegistered,
    ModelVersionDeleted,
    ModelVersionRestored,
    RetentionStarted,
    RunDeleted,
    RunRestored,
    RunSealed,
    SnapshotDeleted,
    SnapshotPublished,
    SnapshotRestored,
)

Kind = Literal["run", "dataset", "model"]


class Subject(NamedTuple):
    """What an action is about: a run (its id, version 0), or a version of a dataset or model."""

    kind: Kind
    name: str
    version: int = 0

    @property
    def reference(self) -> str:
        """As a person writes it."""
        return f"{self.name}@{self.version}" if self.version else self.name


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """One deletion that stands: what, when (Unix seconds), by whom and why. `final` since a gc made it so."""

    kind: Kind
    name: str
    version: int
    at: float
    by: str
    reason: str = ""
    final: bool = False

    @property
    def subject(self) -> Subject:
        """What was deleted."""
        return Subject(self.kind, self.name, self.version)


def find_subject(action: Action) -> Subject | None:
    """What an action makes, deletes or restores; None for one that does neither."""
    match action:
        case RunSealed(run_id=run_id) | RunDeleted(run_id=run_id) | RunRestored(run_id=run_id):
            return Subject("run", run_id)
        case SnapshotPublished() | SnapshotDeleted() | SnapshotRestored():
            return Subject("dataset", action.name, action.version)
        case ModelRegistered() | ModelVersionDeleted() | ModelVersionRestored():
            return Subject("model", action.name, action.version)
    return None


def fold_removals(entries: Iterable[Entry], known: Iterable[Removal] = ()) -> dict[Subject, Removal]:
    """The deletions that stand after some entries, given those that stood before them."""
    standing = {removal.subject: removal for removal in known}
    for entry in entries:
        subject = find_subject(entry.action)
        match entry.action:
            case RunDeleted(reason=reason) | SnapshotDeleted(reason=reason) | ModelVersionDeleted(reason=reason):
                assert subject is not None
                standing[subject] = Removal(
                    kind=subject.kind,
                    name=subject.name,
                    version=subject.version,
                    at=entry.at,
                    by=entry.by,
                    reason=reason,
                )
            case RunRestored() | SnapshotRestored() | ModelVersionRestored():
                assert subject is not None
                standing.pop(subject, None)
            case RetentionStarted(deleted_until=until):
                for key, removal in standing.items():
                    if removal.at <= until and not removal.final:
                        standing[key] = msgspec.structs.replace(removal, final=True)
    return standing
