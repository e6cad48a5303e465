"""Deleting runs, dataset versions and model versions, and undoing that.

Each is decided against the ledger as it stands when the entry is written, so a refusal holds even in a race with
somebody who refers to the thing at that moment. Frees no bytes: `garbage` does.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlops_nb._ids import short_id
from mlops_nb.errors import ConflictError, NotFoundError, UsageError
from mlops_nb.lineage import get_model, get_run, get_snapshot
from mlops_nb.records.ledger import (
    Entry,
    ModelVersionDeleted,
    ModelVersionRestored,
    Restoration,
    RunDeleted,
    RunRestored,
    SnapshotDeleted,
    SnapshotRestored,
)
from mlops_nb.records.names import parse_reference
from mlops_nb.records.retention import Kind, Removal
from mlops_nb.records.text import moment
from mlops_nb.store import Store, queries
from mlops_nb.store.ledger import Head
from mlops_nb.store.lookup import find_removed_runs


def delete_run(store: Store, reference: str, reason: str = "", *, force: bool = False) -> Entry:
    """Take a run out of every list.

    Args:
        store: Where it is.
        reference: Its id, a unique beginning of it, or its last part.
        reason: Why, for the ledger.
        force: Also if a registered model came out of it: that model then knows no more than the run's id.

    Raises:
        NotFoundError: No such run, or it is deleted already.
        ConflictError: It is still running, or a model came out of it.
        StoreError: The store cannot be written.
    """

    def decide(_head: Head) -> RunDeleted:
        run = get_run(store, reference)
        if run.status == "running" or run.id in store.live.list_ids():
            raise ConflictError(f"run {short_id(run.id)} is still running", hint="stop it, or wait for its end")
        if not force:
            made = [model.reference for model in queries.select_models(store) if model.run_id == run.id]
            _refuse_needed(f"run {short_id(run.id)}", "made the registered model", made)
        return RunDeleted(run_id=run.id, reason=reason)

    return store.ledger.commit(decide, store.index.catch_up)


def delete_snapshot(store: Store, reference: str, reason: str = "", *, force: bool = False) -> Entry:
    """Take a dataset version out of every list. Others that share bytes with it keep them.

    Args:
        store: Where it is.
        reference: With its version, `flights@2`: nothing is deleted because it happens to be the newest.
        reason: Why, for the ledger.
        force: Also if a registered model was made with it.

    Raises:
        UsageError: The reference names no version.
        NotFoundError: No such version, or it is deleted already.
        ConflictError: A registered model was made with it; the message names the model.
        StoreError: The store cannot be written.
    """
    _version_of("dataset", reference)

    def decide(_head: Head) -> SnapshotDeleted:
        one = get_snapshot(store, reference)
        same = queries.select_snapshots(store, digest=one.digest)
        if not force and len(same) == 1:
            used = [model.reference for model in queries.select_models(store) if one.digest in model.datasets]
            _refuse_needed(one.reference, "is the data behind", used)
        return SnapshotDeleted(name=one.name, version=one.version, reason=reason)

    return store.ledger.commit(decide, store.index.catch_up)


def delete_model(store: Store, reference: str, reason: str = "", *, force: bool = False) -> Entry:
    """Take a model version out of every list.

    Args:
        store: Where it is.
        reference: With its version, `delays@2`. An alias names what somebody may move meanwhile, so it is refused.
        reason: Why, for the ledger.
        force: Also if aliases point to it: they are gone then, and do not come back with it.

    Raises:
        UsageError: The reference names no version.
        NotFoundError: No such version, or it is deleted already.
        ConflictError: An alias points to it; the message names it.
        StoreError: The store cannot be written.
    """
    _version_of("model", reference)

    def decide(_head: Head) -> ModelVersionDeleted:
        one = get_model(store, reference)
        if not force:
            _refuse_needed(one.reference, "is what the alias points to:", one.aliases)
        return ModelVersionDeleted(name=one.name, version=one.version, reason=reason, aliases=one.aliases)

    return store.ledger.commit(decide, store.index.catch_up)


def restore_run(store: Store, reference: str) -> Entry:
    """Undo the deletion of a run.

    Raises:
        NotFoundError: No deleted run fits.
        UsageError: Several do.
        ConflictError: A gc made the deletion final.
    """

    def decide(_head: Head) -> RunRestored:
        found = find_removed_runs(store, reference)
        if len(found) > 1:
            names = ", ".join(one.name for one in found[:4])
            raise UsageError(f"{reference!r} fits several deleted runs", hint=f"say more of the id: {names}")
        return RunRestored(run_id=_restorable("run", reference, found).name)

    return store.ledger.commit(decide, store.index.catch_up)


def restore_snapshot(store: Store, reference: str) -> Entry:
    """Undo the deletion of a dataset version, `flights@2`. Raises like `restore_run`."""
    return _restore(store, "dataset", reference)


def restore_model(store: Store, reference: str) -> Entry:
    """Undo the deletion of a model version, `delays@2`. Aliases stay as they are now. Raises like `restore_run`."""
    return _restore(store, "model", reference)


def _restore(store: Store, kind: Kind, reference: str) -> Entry:
    name, version = _version_of(kind, reference)

    def decide(_head: Head) -> Restoration:
        found = [one for one in queries.find_removals(store, kind, name) if one.version == version]
        _restorable(kind, reference, found)
        make = SnapshotRestored if kind == "dataset" else ModelVersionRestored
        return make(name=name, version=version)

    return store.ledger.commit(decide, store.index.catch_up)


def _version_of(kind: Kind, reference: str) -> tuple[str, int]:
    wanted = parse_reference(kind, reference)
    if wanted.version is None:
        raise UsageError(f"{reference!r} names no version", hint=f"say which: {wanted.name}@1")
    return wanted.name, wanted.version


def _restorable(kind: Kind, reference: str, found: list[Removal]) -> Removal:
    if not found:
        noun = "run" if kind == "run" else f"{kind} version"
        raise NotFoundError(f"no deleted {noun} {reference}", hint="what is not deleted needs no restoring")
    if found[0].final:
        told = f"{found[0].subject.reference} was deleted {moment(found[0].at)} UTC by {found[0].by}"
        raise ConflictError(
            f"{told}, and a gc made that final",
            hint="its bytes are freed; only a backup of the store has them",
        )
    return found[0]


def _refuse_needed(what: str, why: str, by: Iterable[str]) -> None:
    names = sorted(by)
    if names:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise ConflictError(
            f"{what} {why} {shown}", hint="--force (force=True) deletes it all the same", needed_by=names
        )
