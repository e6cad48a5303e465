"""The audit: is everything that the ledger promises still there, byte for byte?

Walks the chain of ledger entries, compares every sealed journal with the digest under which it was sealed, and reads
every object that something needs: manifests, the packs behind them, models, artifacts. Alters nothing; a journal that
is still being written is told apart from damage. Knows no output: the surfaces show the report.

What the chain alone cannot see is an end that was cut off or rewritten, for no later entry speaks of it. Two witnesses
can: journals that are closed but in no entry, and the head that this machine's index saw last.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from mlops_nb._ids import short_id
from mlops_nb.errors import MlopsNbError, NotFoundError, StoreCorruptError, UsageError
from mlops_nb.lineage.findings import AuditReport, Finding
from mlops_nb.records.data import Manifest
from mlops_nb.records.journal import ArtifactLogged, Line, RunStarted
from mlops_nb.records.ledger import EntryLost, ModelRegistered, RunSealed, SnapshotPublished
from mlops_nb.records.retention import Subject, find_subject, fold_removals
from mlops_nb.records.runs import Run
from mlops_nb.records.wire import decode_manifest
from mlops_nb.store import Store, queries
from mlops_nb.store.journal import decode_lines
from mlops_nb.store.ledger import EMPTY, Link, entry_path
from mlops_nb.store.objects import digest_of

REPAIR = "run `mlops-nb store repair`"

Progress = Callable[[int, int], None]
"""Called with how many journals and objects are checked, and how many are known of."""


def audit_store(store: Store, on_progress: Progress | None = None, against: str = "") -> AuditReport:
    """Check a whole store. Reads every byte that matters once.

    Args:
        store: Which one. Runs may go on in it meanwhile.
        on_progress: Told of each journal and object.
        against: A digest of a ledger entry that was noted elsewhere, or at least 16 digits of its beginning; the
            ledger must still hold that entry.

    Raises:
        UsageError: `against` is no digest.
        StoreError: The store cannot be read at all (damage is a finding, not an error).
    """
    if against and not re.fullmatch(r"[0-9a-f]{16,64}", against):
        raise UsageError(f"{against[:80]!r} is no digest", hint="it has 64 digits; `mlops-nb audit verify` prints one")
    audit = Audit(store, on_progress or (lambda _done, _total: None))
    audit.walk()
    if against:
        audit.compare(against)
    return audit.report()


class Audit:
    """One walk through a store. `links`, `sealed`, `needs` and `packs` are what it has seen, for who goes further."""

    def __init__(self, store: Store, on_progress: Progress) -> None:
        self.store = store
        self.witness = EMPTY
        self.links: list[Link] = []
        self.sealed: dict[str, RunSealed] = {}
        self.loose: dict[str, bool] = {}
        self.needs: dict[str, list[str]] = {}
        self.packs: dict[str, int] = {}
        self._on_progress = on_progress
        self._findings: list[Finding] = []
        self._size = 0
        self._against = 0
        self._done = 0

    def walk(self) -> None:
        """Look at all of the history. Call it once."""
        store = self.store
        # In this order, a run that is sealed meanwhile is found in the ledger, and one that starts is not looked at.
        runs, live = store.journals.list_ids(), set(store.live.list_ids())
        readable = self._check_format()
        self.witness = store.index.recall_head() if readable else EMPTY
        known = self._recall_ids()
        self.links = list(store.ledger.walk()) if store.root.is_dir() else []
        if readable and store.format is None and (self.links or runs):
            self.find("format.json", "is missing, so the store reads as empty", REPAIR, cure="format")
        self._check_links()
        entries = [link.entry for link in self.links if link.entry is not None]
        # What a gc removed is gone by decision. What it left when it was killed nobody needs any more.
        gone = {subject for subject, removal in fold_removals(entries).items() if removal.final}
        actions = [entry.action for entry in entries if find_subject(entry.action) not in gone]
        self.sealed = {action.run_id: action for action in actions if isinstance(action, RunSealed)}
        unsealed = sorted({*runs, *live, *known} - self.sealed.keys())
        self.loose = {run_id: run_id in live for run_id in unsealed if Subject("run", run_id) not in gone}
        total = len(self.sealed) + len(self.loose)
        for seal in self.sealed.values():
            self._check_sealed(seal)
            self._advance(total)
        for run_id, marked in self.loose.items():
            self._check_loose(run_id, marked)
            self._advance(total)
        for action in actions:
            self._need(action)
        self._size = sum(self._check_object(digest, total) for digest in list(self.needs))

    def report(self) -> AuditReport:
        """What was found so far."""
        return AuditReport(
            entries=len(self.links),
            journals=len(self.sealed),
            objects=len(self.needs),
            object_bytes=self._size,
            live=tuple(run_id for run_id, marked in self.loose.items() if marked),
            findings=tuple(self._findings),
            against=self._against,
            head=self.links[-1].digest if self.links else "",
        )

    def compare(self, against: str) -> None:
        """Find out whether the entry with that digest is still there. That the chain up to it holds, `walk` tells."""
        self._against = next((link.number for link in self.links if link.digest.startswith(against)), 0)
        if not self._against:
            problem = f"has no entry with the digest {against[:16]}...: it was altered or removed since that was noted"
            self.find("ledger", problem, "restore the ledger folder from a backup that has it")

    def expected(self, number: int) -> str:
        """The digest that an entry must have, by the word of another: the next entry, or this machine's index."""
        follower = self.links[number].entry if number < len(self.links) else None
        if follower is not None:
            return follower.previous
        return self.witness.digest if number == self.witness.number else ""

    def recall(self, run_id: str) -> tuple[Run, int] | None:
        """A run as the index has it, if the index can be read."""
        try:
            return queries.recall_run(self.store, run_id)
        except (MlopsNbError, msgspec.DecodeError):
            return None

    def _recall_ids(self) -> list[str]:
        try:
            return queries.list_run_ids(self.store)
        except MlopsNbError:
            return []  # the index cannot be made, for the ledger is damaged: `walk` tells

    def find(self, place: str, problem: str, remedy: str, *affects: str, **more: Any) -> None:
        """Note a finding."""
        self._findings.append(Finding(place=place, problem=problem, remedy=remedy, affects=affects, **more))

    def _check_format(self) -> bool:
        try:
            found = self.store.format
        except StoreCorruptError as fault:
            self.find("format.json", f"cannot be read: {fault.message}", REPAIR, cure="format")
            return False
        if found is not None and found.format < 1:
            self.find("format.json", f"says format {found.format}, which never was", REPAIR, cure="format")
        return True

    def _check_links(self) -> None:
        links, witness = self.links, self.witness
        for link in links:
            if link.problem:
                both = "" if link.entry is None else " and the one before it"
                remedy = f"{REPAIR}, or restore that file{both} from a backup"
                self.find(entry_path(link.number), link.problem, remedy, cure="entry", about=str(link.number))
            elif link.entry is not None and isinstance(link.entry.action, EntryLost):
                told = "is lost for good: a repair put a stand-in there"
                self.find(entry_path(link.number), told, "restore that file from a backup", sort="lost")
        accept = "restore it from a backup; after going back to an older one on purpose, run `mlops-nb index rebuild`"
        if witness.number > len(links):
            gone = f"is gone: the ledger ended there, now it ends at {len(links)}"
            self.find(entry_path(witness.number), gone, accept, cure="entry", about=str(witness.number))
        elif witness.number and not _agrees(links[witness.number - 1], witness.digest):
            changed = "is not what it was when this machine last read it"
            self.find(entry_path(witness.number), changed, accept, cure="entry", about=str(witness.number))

    def _check_sealed(self, action: RunSealed) -> None:
        place, run = f"runs/{action.run_id}/journal.jsonl", f"run {short_id(action.run_id)}"
        remedy = "restore that file from a backup, or run `mlops-nb store repair` to keep what can be read of it"
        cure: dict[str, Any] = {"cure": "sealed", "about": action.run_id}
        try:
            data = self.store.journals.path(action.run_id).read_bytes()
        except FileNotFoundError:
            self.find(place, "is missing", remedy, run, **cure)
            return
        except (OSError, MlopsNbError) as fault:
            self.find(place, f"cannot be read: {fault}", remedy, run)
            return
        if digest_of(data[: action.journal_bytes]) != action.journal_digest:
            self.find(place, "was altered after it was sealed", remedy, run, **cure)
        elif len(data) > action.journal_bytes:
            extra = f"has {len(data) - action.journal_bytes} bytes more than when it was sealed"
            self.find(place, extra, remedy, run, **cure)
        self._need_artifacts(action.run_id, list(decode_lines(data)))

    def _check_loose(self, run_id: str, marked: bool) -> None:
        journals, live = self.store.journals, self.store.live
        place, run = f"runs/{run_id}/journal.jsonl", f"run {short_id(run_id)}"
        writing = live.has_writer(run_id)
        known = self.recall(run_id)  # before the journal is read, which may grow meanwhile
        try:
            data = journals.read_bytes(run_id)
        except NotFoundError:
            data = b""  # a folder whose process died before it wrote anything, if no witness knows better
        damaged: list[bytes] = []
        lines = list(decode_lines(data, damaged))
        # A line that ends where a line ends was whole once; any other was cut off, and never acknowledged.
        hurt = sum(raw.endswith(b"}") or not raw.startswith(b"{") for raw in damaged)
        later = "when the run has ended, `mlops-nb store repair` keeps what can be read" if writing else REPAIR
        cure: dict[str, Any] = {"cure": "" if writing else "loose", "about": run_id}
        if known is not None and known[1] > len(data):
            self.find(place, "is shorter than when this machine last read it", later, run, **cure)
        elif (data or damaged) and not any(isinstance(line, RunStarted) for line in lines):
            self.find(place, "has lost its first line, so its run is in no list", later, run, **cure)
        elif hurt:
            self.find(place, f"has damaged lines ({hurt})", later, run, **cure)
        elif not marked and writing:
            unmarked = "is being written, but its marker is gone"
            self.find(f"live/{run_id}", unmarked, REPAIR, run, sort="leftover", cure="mark", about=run_id)
        elif not marked and lines:
            gone = "is not in the ledger, and nobody is writing it: its ledger entry was removed"
            remedy = f"restore the ledger folder from a backup, or {REPAIR}"
            self.find(place, gone, remedy, run, cure="seal", about=run_id)
        self._need_artifacts(run_id, lines)

    def _need_artifacts(self, run_id: str, lines: list[Line]) -> None:
        for line in lines:
            if isinstance(line, ArtifactLogged):
                self.needs.setdefault(line.digest, []).append(f"{line.name} of run {short_id(run_id)}")

    def _need(self, action: object) -> None:
        if isinstance(action, ModelRegistered):
            self.needs.setdefault(action.digest, []).append(f"model {action.name}@{action.version}")
        elif isinstance(action, SnapshotPublished):
            name = f"data {action.name}@{action.version}"
            self.needs.setdefault(action.manifest, []).append(name)
            for pack, end in self._packs_of(action.manifest).items():
                self.needs.setdefault(pack, []).append(name)
                self.packs[pack] = max(end, self.packs.get(pack, 0))

    def _packs_of(self, digest: str) -> dict[str, int]:
        """The packs that a manifest points into, each with the byte up to which it is needed."""
        try:
            manifest = decode_manifest(self.store.objects.get(digest))
        except MlopsNbError:
            return {}  # the manifest is an object too, and found out as such
        except msgspec.DecodeError as fault:
            self.find(object_path(digest), f"cannot be read: {fault}", "pip install --upgrade mlops-nb, and try again")
            return {}
        return _ends(manifest)

    def _check_object(self, digest: str, others: int) -> int:
        """Its size; 0 where it is damaged."""
        size, remedy = 0, "restore that file from a backup"
        affects = tuple(dict.fromkeys(self.needs[digest]))
        cure: dict[str, Any] = {"cure": "object", "about": digest}
        try:
            size = self.store.objects.check(digest)
        except NotFoundError:
            self.find(object_path(digest), "is missing", remedy, *affects)
        except StoreCorruptError:
            self.find(object_path(digest), "is damaged: its bytes do not have its digest", remedy, *affects, **cure)
        except MlopsNbError as fault:
            self.find(object_path(digest), fault.message, fault.hint or remedy, *affects)
        else:
            if size < self.packs.get(digest, 0):
                self.find(object_path(digest), "is shorter than the data in it", remedy, *affects)
        self._advance(others + len(self.needs))
        return size

    def _advance(self, total: int) -> None:
        self._done += 1
        self._on_progress(self._done, total)


def _ends(manifest: Manifest) -> dict[str, int]:
    ends: dict[str, int] = {}
    for column in manifest.columns:
        for segment in (*column.segments, *column.categories):
            address = segment.address
            ends[address.object] = max(address.offset + address.length, ends.get(address.object, 0))
    return ends


def _agrees(link: Link, digest: str) -> bool:
    """Whether an entry is what the index saw there, or stands in for it. What cannot be read, `walk` has told of."""
    stands_in = link.entry is not None and isinstance(link.entry.action, EntryLost)
    return stands_in or link.entry is None or link.digest == digest


def object_path(digest: str) -> str:
    """Where an object lies below the store."""
    return f"objects/{digest[:2]}/{digest}"
