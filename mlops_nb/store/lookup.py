"""Looking things up by the names people use: run ids and their parts, `flights@3`, `delays@champion`."""

from __future__ import annotations

from mlops_nb._ids import short_id
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.records.data import Snapshot
from mlops_nb.records.models import ModelVersion
from mlops_nb.records.names import parse_reference
from mlops_nb.records.retention import Kind, Removal
from mlops_nb.records.runs import Run
from mlops_nb.records.text import moment
from mlops_nb.store import queries
from mlops_nb.store.folder import Store


def get_run(store: Store, reference: str) -> Run:
    """One run by its id, a unique beginning of it, or its last part (`k3f9x2`).

    Raises:
        NotFoundError: No run fits.
        UsageError: Several do; the hint names them.
    """
    store.index.catch_up()
    found = queries.find_runs(store, reference) if reference else []
    exact = [run for run in found if run.id == reference] or found
    if len(exact) == 1:
        return exact[0]
    if exact:
        names = ", ".join(run.id for run in exact[:4])
        raise UsageError(f"{reference!r} fits several runs", hint=f"say more of the id: {names}")
    if gone := find_removed_runs(store, reference):
        raise _deleted(gone[0])
    recent = [short_id(run.id) for run in queries.select_runs(store, limit=50)]
    raise NotFoundError.among("run", reference, recent, hint="track a cell with %%track first")


def list_snapshots(store: Store, name: str | None = None) -> list[Snapshot]:
    """All snapshots, or those of one dataset, newest first.

    Raises:
        NotFoundError: A dataset was named that does not exist.
    """
    store.index.catch_up()
    found = queries.select_snapshots(store, name)
    if not found and name is not None:
        _refuse_deleted(store, "dataset", name)
        raise _no_dataset(store, name)
    return found


def get_snapshot(store: Store, reference: str) -> Snapshot:
    """One snapshot: `flights@3`, or `flights` for its newest version.

    Raises:
        NotFoundError: No such dataset or version; the hint names what there is.
        UsageError: The reference is unfit.
    """
    wanted = parse_reference("dataset", reference)
    if wanted.alias:
        raise UsageError(f"{reference!r}: a dataset has versions, not aliases", hint=f"write {wanted.name}@1")
    versions = list_snapshots(store, wanted.name)
    if wanted.version is None:
        return max(versions, key=lambda snapshot: snapshot.version)
    for snapshot in versions:
        if snapshot.version == wanted.version:
            return snapshot
    _refuse_deleted(store, "dataset", wanted.name, wanted.version)
    raise _no_version("dataset", reference, [snapshot.version for snapshot in versions])


def list_models(store: Store, name: str | None = None) -> list[ModelVersion]:
    """All model versions, or those of one model, newest first.

    Raises:
        NotFoundError: A model was named that does not exist.
    """
    store.index.catch_up()
    found = queries.select_models(store, name)
    if not found and name is not None:
        _refuse_deleted(store, "model", name)
        known = [model.name for model in queries.select_models(store)]
        raise NotFoundError.among("model", name, known, hint="register one with %register")
    return found


def get_model(store: Store, reference: str) -> ModelVersion:
    """One model version: `delays@3`, `delays@champion`, or `delays` for the newest.

    Raises:
        NotFoundError: No such model, version or alias; the hint names what there is.
        UsageError: The reference is unfit.
    """
    wanted = parse_reference("model", reference)
    versions = list_models(store, wanted.name)
    if wanted.alias:
        for model in versions:
            if wanted.alias in model.aliases:
                return model
        known = [alias for model in versions for alias in model.aliases]
        raise NotFoundError.among(f"alias of {wanted.name}", wanted.alias, known, hint="set one with %register --alias")
    if wanted.version is None:
        return max(versions, key=lambda model: model.version)
    for model in versions:
        if model.version == wanted.version:
            return model
    _refuse_deleted(store, "model", wanted.name, wanted.version)
    raise _no_version("model", reference, [model.version for model in versions])


def find_removed_runs(store: Store, reference: str) -> list[Removal]:
    """Deleted runs that a reference fits, the latest deletion first. The index is caught up already."""
    known = queries.find_removals(store, "run")
    fits = [one for one in known if reference and (one.name.startswith(reference) or short_id(one.name) == reference)]
    return [one for one in fits if one.name == reference] or fits


def _refuse_deleted(store: Store, kind: Kind, name: str, version: int | None = None) -> None:
    """Raise the error that says what became of a version, if it was deleted (of any version, if none is named)."""
    for removal in queries.find_removals(store, kind, name):
        if version in {None, removal.version}:
            raise _deleted(removal)


def _deleted(removal: Removal) -> NotFoundError:
    noun = "run" if removal.kind == "run" else f"{removal.kind} version"
    why = f": {removal.reason}" if removal.reason else ""
    command = {"run": "runs", "dataset": "data", "model": "models"}[removal.kind]
    hint = "its bytes are freed" if removal.final else f"mlops-nb {command} restore {removal.subject.reference}"
    return NotFoundError(
        f"{noun} {removal.subject.reference} was deleted {moment(removal.at)} UTC by {removal.by}{why}",
        hint=hint,
        wanted=removal.subject.reference,
        final=removal.final,
    )


def _no_dataset(store: Store, name: str) -> NotFoundError:
    known = [snapshot.name for snapshot in queries.select_snapshots(store)]
    return NotFoundError.among("dataset", name, known, hint="take a snapshot with %snapshot first")


def _no_version(kind: str, reference: str, versions: list[int]) -> NotFoundError:
    there = f"1 to {max(versions)}" if len(versions) > 1 else str(versions[0])
    return NotFoundError(f"no {kind} version {reference}", hint=f"there is {there}", wanted=reference)
