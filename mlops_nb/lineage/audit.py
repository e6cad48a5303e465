"""The audit: is everything that the ledger promises still there, byte for byte?

Walks the chain of ledger entries, compares every sealed journal with the digest under which it was sealed, and reads
every object that something needs: manifests, the packs behind them, models, artifacts. Alters nothing; a journal that
is still being written is told apart from damage. Knows no output: the surfaces show the report.

What the chain alone cannot see is an end that was cut off or rewritten, for no later entry speaks of it. Two witnesses
can: journals that are closed but in no entry, and the head that this machine's index saw last.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlops_nb._ids import short_id
from mlops_nb.errors import MlopsNbError, NotFoundError, StoreCorruptError
from mlops_nb.records.data import Manifest
from mlops_nb.records.fold import fold_run
from mlops_nb.records.journal import ArtifactLogged, Line
from mlops_nb.records.ledger import ModelRegistered, RunSealed, SnapshotPublished
from mlops_nb.records.retention import Subject, find_subject, fold_removals
from mlops_nb.records.wire import decode_manifest
from mlops_nb.store import Store
from mlops_nb.store.journal import decode_lines
from mlops_nb.store.ledger import Head, Link
from mlops_nb.store.objects import digest_of

Progress = Callable[[int, int], None]
"""Called with how many journals and objects are checked, and how many are known of."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One damage. `place` is a path below the store, `affects` what relies on it, `remedy` what to do."""

    place: str
    problem: str
    remedy: str
    affects: tuple[str, ...] = ()


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked, and what is wrong. `live` are the runs that are not sealed yet."""

    entries: int
    journals: int
    objects: int
    object_bytes: int
    live: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def audit_store(store: Store, on_progress: Progress | None = None) -> AuditReport:
    """Check a whole store. Reads every byte that matters once.

    Args:
        store: Which one. Runs may go on in it meanwhile.
        on_progress: Told of each journal and object.

    Raises:
        StoreError: The store cannot be read at all (damage is a finding, not an error).
    """
    return _Audit(store, on_progress or (lambda _done, _total: None)).report()


class _Audit:
    def __init__(self, store: Store, on_progress: Progress) -> None:
        self._store = store
        self._on_progress = on_progress
        self._findings: list[Finding] = []
        self._needs: dict[str, list[str]] = {}
        self._packs: dict[str, int] = {}
        self._done = 0

    def report(self) -> AuditReport:
        store = self._store
        # In this order, a run that is sealed meanwhile is found in the ledger, and one that starts is not looked at.
        runs, live = store.journals.list_ids(), set(store.live.list_ids())
        witness = store.index.recall_head()
        links = self._walk(witness) if store.root.is_dir() else []
        if store.format is None and (links or runs):
            remedy = 'write {"format":1,"store_id":"mended"} into it'
            self._find("format.json", "is missing, so the store reads as empty", remedy)
        entries = [link.entry for link in links if link.entry is not None]
        # What a gc removed is gone by decision. What it left when it was killed nobody needs any more.
        gone = {subject for subject, removal in fold_removals(entries).items() if removal.final}
        runs = [run_id for run_id in runs if Subject("run", run_id) not in gone]
        actions = [entry.action for entry in entries if find_subject(entry.action) not in gone]
        sealed = {action.run_id: action for action in actions if isinstance(action, RunSealed)}
        loose = [run_id for run_id in runs if run_id not in sealed]
        total = len(sealed) + len(loose)
        for seal in sealed.values():
            self._check_sealed(seal)
            self._advance(total)
        for run_id in loose:
            self._check_loose(run_id, run_id in live)
            self._advance(total)
        for action in actions:
            self._need(action)
        size = sum(self._check_object(digest, total) for digest in list(self._needs))
        return AuditReport(
            entries=len(links),
            journals=len(sealed),
            objects=len(self._needs),
            object_bytes=size,
            live=tuple(run_id for run_id in loose if run_id in live),
            findings=tuple(self._findings),
        )

    def _walk(self, witness: Head) -> list[Link]:
        links = list(self._store.ledger.walk())
        for link in links:
            if link.problem:
                both = "" if link.entry is None else " and the one before it"
                self._find(_entry(link.number), link.problem, f"restore that file{both} from a backup")
        accept = "restore it from a backup; after going back to an older one on purpose, run `mlops-nb index rebuild`"
        if witness.number > len(links):
            self._find(_entry(witness.number), f"is gone: the ledger ended there, now it ends at {len(links)}", accept)
        elif witness.number and links[witness.number - 1].digest not in {"", witness.digest}:
            self._find(_entry(witness.number), "is not what it was when this machine last read it", accept)
        return links

    def _check_sealed(self, action: RunSealed) -> None:
        place, run = f"runs/{action.run_id}/journal.jsonl", f"run {short_id(action.run_id)}"
        remedy = "restore that file from a backup; until then do not rely on what the run says"
        try:
            data = self._store.journals.path(action.run_id).read_bytes()
        except FileNotFoundError:
            self._find(place, "is missing", remedy, run)
            return
        except (OSError, MlopsNbError) as fault:
            self._find(place, f"cannot be read: {fault}", remedy, run)
            return
        if digest_of(data[: action.journal_bytes]) != action.journal_digest:
            self._find(place, "was altered after it was sealed", remedy, run)
        elif len(data) > action.journal_bytes:
            extra = f"has {len(data) - action.journal_bytes} bytes more than when it was sealed"
            self._find(place, extra, f"cut it back to its first {action.journal_bytes} bytes", run)
        self._need_artifacts(action.run_id, list(decode_lines(data)))

    def _check_loose(self, run_id: str, alive: bool) -> None:
        try:
            lines = self._store.journals.read(run_id)
        except NotFoundError:
            return  # a folder whose process died before it wrote anything
        if not alive and fold_run(lines) is not None:
            self._find(
                f"runs/{run_id}/journal.jsonl",
                "is not in the ledger, and nobody is writing it: its ledger entry was removed",
                "restore the ledger folder from a backup",
                f"run {short_id(run_id)}",
            )
        self._need_artifacts(run_id, lines)

    def _need_artifacts(self, run_id: str, lines: list[Line]) -> None:
        for line in lines:
            if isinstance(line, ArtifactLogged):
                self._needs.setdefault(line.digest, []).append(f"{line.name} of run {short_id(run_id)}")

    def _need(self, action: object) -> None:
        if isinstance(action, ModelRegistered):
            self._needs.setdefault(action.digest, []).append(f"model {action.name}@{action.version}")
        elif isinstance(action, SnapshotPublished):
            name = f"data {action.name}@{action.version}"
            self._needs.setdefault(action.manifest, []).append(name)
            for pack, end in self._packs_of(action.manifest).items():
                self._needs.setdefault(pack, []).append(name)
                self._packs[pack] = max(end, self._packs.get(pack, 0))

    def _packs_of(self, digest: str) -> dict[str, int]:
        """The packs that a manifest points into, each with the byte up to which it is needed."""
        try:
            manifest = decode_manifest(self._store.objects.get(digest))
        except MlopsNbError:
            return {}  # the manifest is an object too, and found out as such
        except msgspec.DecodeError as fault:
            self._find(_object(digest), f"cannot be read: {fault}", "pip install --upgrade mlops-nb, and try again")
            return {}
        return _ends(manifest)

    def _check_object(self, digest: str, others: int) -> int:
        """Its size; 0 where it is damaged."""
        size, remedy = 0, "restore that file from a backup"
        affects = tuple(dict.fromkeys(self._needs[digest]))
        try:
            size = self._store.objects.check(digest)
        except NotFoundError:
            self._find(_object(digest), "is missing", remedy, *affects)
        except StoreCorruptError:
            self._find(_object(digest), "is damaged: its bytes do not have its digest", remedy, *affects)
        except MlopsNbError as fault:
            self._find(_object(digest), fault.message, fault.hint or remedy, *affects)
        else:
            if size < self._packs.get(digest, 0):
                self._find(_object(digest), "is shorter than the data in it", remedy, *affects)
        self._advance(others + len(self._needs))
        return size

    def _advance(self, total: int) -> None:
        self._done += 1
        self._on_progress(self._done, total)

    def _find(self, place: str, problem: str, remedy: str, *affects: str) -> None:
        self._findings.append(Finding(place=place, problem=problem, remedy=remedy, affects=affects))


def _ends(manifest: Manifest) -> dict[str, int]:
    ends: dict[str, int] = {}
    for column in manifest.columns:
        for segment in (*column.segments, *column.categories):
            address = segment.address
            ends[address.object] = max(address.offset + address.length, ends.get(address.object, 0))
    return ends


def _entry(number: int) -> str:
    return f"ledger/{number:08d}.json"


def _object(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest}"
