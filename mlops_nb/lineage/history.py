"""The ledger as a person asks for it: who did what, when, and from which code. Reads; alters nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import msgspec

from mlops_nb._ids import short_id
from mlops_nb.errors import StoreCorruptError
from mlops_nb.records import text
from mlops_nb.records.ledger import (
    Action,
    AliasMoved,
    EntryLost,
    ModelRegistered,
    ModelVersionDeleted,
    ModelVersionRestored,
    RetentionApplied,
    RetentionStarted,
    RunDeleted,
    RunRestored,
    RunSealed,
    SnapshotDeleted,
    SnapshotPublished,
    SnapshotRestored,
    StoreRepaired,
)
from mlops_nb.records.runs import Run
from mlops_nb.store import Store, queries
from mlops_nb.store.ledger import Link


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in words. `action` is the entry's type, `about` what it is about, `digest` that of the entry.

    `notebook`, `commit` and `dirty` are of the run that did it, where a run did. `problem` says that the entry
    cannot be read.
    """

    number: int
    digest: str
    at: float = 0.0
    user: str = ""
    host: str = ""
    action: str = ""
    about: str = ""
    message: str = ""
    run_id: str = ""
    notebook: str = ""
    commit: str = ""
    dirty: bool | None = None
    problem: str = ""


def list_changes(
    store: Store, *, dataset: str = "", model: str = "", run_id: str = "", limit: int | None = None
) -> list[Change]:
    """The entries of the ledger, newest first.

    Args:
        store: Which one.
        dataset: Only what concerns the dataset of this name.
        model: Only what concerns the model of this name.
        run_id: Only what this run did.
        limit: At most so many.

    Raises:
        StoreError: The store cannot be read. An entry that cannot is in the list, as such.
    """
    with suppress(StoreCorruptError):  # the entry that cannot be read is told below, in its place
        store.index.catch_up()
    found: list[Change] = []
    for link in _links(store):
        if limit is not None and len(found) >= limit:
            break
        action = link.entry.action if link.entry is not None else None
        if (dataset or model or run_id) and not _concerns(action, dataset, model, run_id):
            continue
        found.append(_change(store, link))
    return found


def _links(store: Store) -> Iterator[Link]:
    return store.ledger.walk_back() if store.root.is_dir() else iter(())


def _concerns(action: Action | None, dataset: str, model: str, run_id: str) -> bool:
    match action:
        case SnapshotPublished(name=name, run_id=by):
            return dataset in {"", name} and not model and run_id in {"", by}
        case ModelRegistered(name=name, run_id=by):
            return model in {"", name} and not dataset and run_id in {"", by}
        case AliasMoved(name=name):
            return bool(model) and model == name and not dataset and not run_id
        case RunSealed(run_id=by):
            return bool(run_id) and run_id == by and not dataset and not model
    return False


def _change(store: Store, link: Link) -> Change:
    entry = link.entry
    if entry is None:
        return Change(number=link.number, digest=link.digest, problem=link.problem)
    user, _, host = entry.by.rpartition("@")
    about, message = _in_words(entry.action)
    run_id = getattr(entry.action, "run_id", "")
    run = _find_run(store, run_id) if run_id else None
    return Change(
        number=link.number,
        digest=link.digest,
        at=entry.at,
        user=user or host,
        host=host if user else "",
        action=str(type(entry.action).__struct_config__.tag),
        about=about,
        message=message,
        run_id=run_id,
        notebook=run.notebook if run else "",
        commit=run.commit if run else "",
        dirty=run.dirty if run else None,
        problem=link.problem,
    )


def _find_run(store: Store, run_id: str) -> Run | None:
    found = queries.recall_run(store, run_id)
    return found[0] if found else None


def _in_words(action: Action) -> tuple[str, str]:
    """What an action is about, and what was said of it."""
    match action:
        case RunSealed():
            return f"run {short_id(action.run_id)} of {action.experiment}: {action.outcome}", ""
        case SnapshotPublished():
            return f"data {action.name}@{action.version}", action.message
        case ModelRegistered():
            return f"model {action.name}@{action.version}", action.message
        case AliasMoved(version=0):
            return f"alias {action.name}@{action.alias} taken away", action.reason
        case AliasMoved():
            before = f" (was @{action.previous_version})" if action.previous_version else ""
            return f"alias {action.name}@{action.alias} -> @{action.version}{before}", action.reason
        case StoreRepaired():
            places = ", ".join(dict.fromkeys(one.place for one in action.mended))
            return f"store repaired: {places}", f"kept in {action.quarantine}"
        case EntryLost():
            return "a stand-in for an entry that was lost", ""
    return _retention_in_words(action)


def _retention_in_words(action: Action) -> tuple[str, str]:
    match action:
        case RunDeleted():
            return f"run {short_id(action.run_id)} deleted", action.reason
        case RunRestored():
            return f"run {short_id(action.run_id)} restored", ""
        case SnapshotDeleted() | ModelVersionDeleted():
            kind = "data" if isinstance(action, SnapshotDeleted) else "model"
            return f"{kind} {action.name}@{action.version} deleted", action.reason
        case SnapshotRestored() | ModelVersionRestored():
            kind = "data" if isinstance(action, SnapshotRestored) else "model"
            return f"{kind} {action.name}@{action.version} restored", ""
        case RetentionStarted():
            return "what was deleted before is final from here on", ""
        case RetentionApplied():
            freed = f"{action.journals} journals and {action.objects} objects, {text.size(action.freed_bytes)}"
            return f"freed {freed}", f"begun by entry {action.started}"
    return "", ""
