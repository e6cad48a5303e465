"""The rest of a store, beyond its history: what dead processes left, objects that nothing needs, the derived index.

None of it is damage to what was recorded; `store verify` tells it, `audit verify` does not. Goes on where an `Audit`
has walked, and notes its findings there. Alters nothing.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import msgspec

from mlops_nb._ids import is_run_id, short_id
from mlops_nb.errors import MlopsNbError, StoreCorruptError
from mlops_nb.lineage.audit import REPAIR, Audit, Progress, object_path
from mlops_nb.lineage.findings import AuditReport
from mlops_nb.records.fold import fold_run
from mlops_nb.records.ledger import Action, AliasMoved, ModelRegistered, ModelVersionDeleted, SnapshotPublished
from mlops_nb.records.retention import find_subject, fold_removals
from mlops_nb.store import Store, queries
from mlops_nb.store.journal import decode_lines
from mlops_nb.store.ledger import entry_path

STRAY_AGE_S = 3600.0
"""A file in `tmp/` that is younger may be a write under way."""

_OBJECT = re.compile(r"objects/([0-9a-f]{2})/(\1[0-9a-f]{62})")


def inspect_store(store: Store, on_progress: Progress | None = None) -> Audit:
    """Walk a whole store, history and all the rest. Runs may go on in it meanwhile.

    Raises:
        StoreTooNewError: A newer version wrote it; what looks like damage may be none.
        StoreError: It cannot be read at all.
    """
    audit = Audit(store, on_progress or (lambda _done, _total: None))
    audit.walk()
    if store.root.is_dir():
        _find_strays(audit)
        _find_orphans(audit)
        _check_unneeded(audit)
        _check_index(audit)
    return audit


def verify_store(store: Store, on_progress: Progress | None = None) -> AuditReport:
    """What `inspect_store` found."""
    return inspect_store(store, on_progress).report()


def _find_strays(audit: Audit) -> None:
    root, before = audit.store.root, time.time() - STRAY_AGE_S
    left = "was left by a write that was cut off, and is no part of the store"
    foreign = "is no part of the store"
    places = [(path, left) for path in _files(root / "tmp")]
    places += [(path, foreign) for path in _files(root / "ledger") if not _is_entry(path)]
    places += [(path, foreign) for path in _files(root / "objects") if not _OBJECT.fullmatch(_below(root, path))]
    places += [(path, foreign) for path in _files(root / "live") if not is_run_id(path.name)]
    for path, what in places:
        try:
            old = path.lstat().st_mtime < before
        except FileNotFoundError:
            continue  # its write has ended
        if old:
            audit.find(_below(root, path), what, REPAIR, sort="leftover", cure="stray")


def _find_orphans(audit: Audit) -> None:
    live, told = audit.store.live, {one.about for one in audit.report().findings}
    for run_id in live.list_ids():
        if run_id in told or live.has_writer(run_id) or not audit.store.journals.path(run_id).exists():
            continue
        what = "marks a run as live whose process is gone"
        remedy = "any list of runs closes it; so does `mlops-nb store repair`"
        audit.find(
            f"live/{run_id}", what, remedy, f"run {short_id(run_id)}", sort="leftover", cure="seal", about=run_id
        )


def _check_unneeded(audit: Audit) -> None:
    """Objects that no entry speaks of: written by a run that never got so far. The same bytes may come again."""
    for path in audit.store.objects.list_named("objects"):
        found = _OBJECT.fullmatch(path)
        if found is None or found[2] in audit.needs:
            continue
        try:
            audit.store.objects.check(found[2])
        except StoreCorruptError:
            problem = "is damaged: its bytes do not have its digest; nothing needs it"
            audit.find(object_path(found[2]), problem, REPAIR, cure="object", about=found[2])
        except MlopsNbError as fault:
            audit.find(object_path(found[2]), fault.message, fault.hint)


def _check_index(audit: Audit) -> None:
    index, told = audit.store.index, {one.about for one in audit.report().findings}
    if any(one.place == "format.json" for one in audit.report().findings):
        return  # without the store's id nobody knows which index is its own
    problem = index.find_fault()
    try:
        problem = problem or _contradiction(audit, told)
    except (MlopsNbError, msgspec.DecodeError, ValueError) as fault:
        problem = str(fault).partition("\n")[0]
    if problem:
        remedy = "run `mlops-nb index rebuild`; nothing is only there"
        audit.find("index", f"is damaged ({problem}): {index.path}", remedy, sort="index", cure="index")


def _contradiction(audit: Audit, told: set[str]) -> str:
    """Where the index says other than ledger and journals; '' where it agrees. What is damaged there is no measure."""
    store = audit.store
    for run_id in queries.list_run_ids(store):
        known = queries.recall_run(store, run_id)
        if run_id in told or known is None:
            continue
        run, offset = known
        data = store.journals.read_bytes(run_id)
        if offset > len(data) or (run_id in audit.sealed and fold_run(decode_lines(data[:offset])) != run):
            return f"it tells otherwise of run {short_id(run_id)} than its journal"
    whole = all(link.entry is not None and not link.problem for link in audit.links)
    if whole and len(audit.links) >= audit.witness.number:
        return _list_contradiction(audit)
    return ""


def _list_contradiction(audit: Audit) -> str:
    entries = [link.entry for link in audit.links[: audit.witness.number] if link.entry is not None]
    deleted = fold_removals(entries)
    actions = [entry.action for entry in entries if find_subject(entry.action) not in deleted]
    store = audit.store
    snapshots = {(one.name, one.version, one.manifest) for one in queries.select_snapshots(store)}
    models = {(one.name, one.version, one.digest) for one in queries.select_models(store)}
    aliases = queries.list_aliases(store)
    if audit.store.index.recall_head() != audit.witness:
        return ""  # it was caught up meanwhile
    if snapshots != {(a.name, a.version, a.manifest) for a in actions if isinstance(a, SnapshotPublished)}:
        return "it lists other snapshots than the ledger"
    if models != {(a.name, a.version, a.digest) for a in actions if isinstance(a, ModelRegistered)}:
        return "it lists other models than the ledger"
    if aliases != fold_aliases([entry.action for entry in entries]):
        return "it lists other aliases than the ledger"
    return ""


def fold_aliases(actions: list[Action]) -> dict[tuple[str, str], int]:
    """The version that each (model, alias) points to after these actions; a deleted version has none."""
    found: dict[tuple[str, str], int] = {}
    for action in actions:
        if isinstance(action, AliasMoved):
            found[action.name, action.alias] = action.version
        elif isinstance(action, ModelVersionDeleted):
            found.update({(action.name, alias): 0 for alias in action.aliases})
    return {key: version for key, version in found.items() if version}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _is_entry(path: Path) -> bool:
    number = path.name.removesuffix(".json")
    return number.isascii() and number.isdigit() and path.name == Path(entry_path(int(number))).name
