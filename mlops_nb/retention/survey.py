"""What a store still needs, and what could go.

Reads the ledger and every journal that stays; counts as needed whatever one of them names. Where damage hides what is
needed it refuses, for a guess would be a loss. Alters nothing. Called by `garbage`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from mlops_nb._ids import short_id
from mlops_nb.errors import MlopsNbError, NotFoundError, StoreCorruptError
from mlops_nb.records.data import Manifest
from mlops_nb.records.journal import ArtifactLogged
from mlops_nb.records.ledger import Entry, EntryLost, ModelRegistered, RunSealed, SnapshotPublished
from mlops_nb.records.retention import Removal, Subject, find_subject, fold_removals
from mlops_nb.records.wire import UnknownLineError, decode_line, decode_manifest
from mlops_nb.store import Store
from mlops_nb.store.ledger import EMPTY, Head
from mlops_nb.store.objects import digest_of
from mlops_nb.store.sweep import Found, iter_objects

_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

Ranges = set[tuple[int, int]]


class SharedPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack that stays for what others need of it. `dead_bytes` of its `size_bytes` nobody needs."""

    digest: str
    size_bytes: int
    dead_bytes: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a gc would do: `removals` become final, `journals` (run ids) and `objects` (digests) go.

    `young_*` is what nobody needs either, but is too young to tell: a writer may be about to refer to it.
    """

    removals: tuple[Removal, ...]
    journals: tuple[str, ...]
    journal_bytes: int
    objects: tuple[str, ...]
    object_bytes: int
    young_objects: int
    young_bytes: int
    shared_packs: tuple[SharedPack, ...]

    @property
    def freed_bytes(self) -> int:
        """Bytes that would be free."""
        return self.journal_bytes + self.object_bytes

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.removals or self.journals or self.objects)


class Survey:
    """What is needed, kept between attempts: a manifest is read once, however often the race for a number is lost."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._head = EMPTY
        self._entries: list[Entry] = []
        self._manifests: dict[str, Manifest] = {}
        self._artifacts: dict[str, frozenset[str]] = {}

    def plan(self, head: Head, *, deleted_until: float, before: float) -> Plan:
        """What could go, going by the ledger up to `head`.

        Args:
            head: The last entry that counts.
            deleted_until: Deletions up to this moment (Unix seconds) count as final.
            before: Objects that were made young since then stay.

        Raises:
            StoreCorruptError: Damage hides what is needed.
            StoreError: The store cannot be read.
        """
        self._read_ledger(head)
        standing = fold_removals(self._entries)
        final = {subject for subject, one in standing.items() if one.final or one.at <= deleted_until}
        needed = self.needed(final)
        unneeded = [one for one in iter_objects(self._store.root) if one.digest not in needed]
        old = [one for one in unneeded if one.changed_at < before]
        journals = {subject.name: self._journal_size(subject.name) for subject in final if subject.kind == "run"}
        journals = {run_id: size for run_id, size in journals.items() if size}
        return Plan(
            removals=tuple(one for key, one in standing.items() if key in final and not one.final),
            journals=tuple(sorted(journals)),
            journal_bytes=sum(journals.values()),
            objects=tuple(one.digest for one in old),
            object_bytes=_total(old),
            young_objects=len(unneeded) - len(old),
            young_bytes=_total(unneeded) - _total(old),
            shared_packs=tuple(self._shared(needed)),
        )

    def needed(self, final: set[Subject]) -> dict[str, Ranges | None]:
        """Every object that something needs; for a pack the ranges of it, None for an object that is needed whole."""
        needed: dict[str, Ranges | None] = {}
        sealed: dict[str, RunSealed] = {}
        for entry in self._entries:
            action = entry.action
            if find_subject(action) in final:
                continue
            if isinstance(action, ModelRegistered):
                needed[action.digest] = None
            elif isinstance(action, SnapshotPublished):
                needed[action.manifest] = None
                for pack, ranges in self._manifest(action).packs().items():
                    known = needed.setdefault(pack, set())
                    if known is not None:
                        known |= ranges
            elif isinstance(action, RunSealed):
                sealed[action.run_id] = action  # the last seal of a run is the one that holds
        for seal in sealed.values():
            needed |= dict.fromkeys(self._sealed_artifacts(seal))
        gone = {subject.name for subject in final if subject.kind == "run"}
        for run_id in set(self._store.journals.list_ids()) - sealed.keys() - gone:
            needed |= dict.fromkeys(self._open_artifacts(run_id))
        return needed

    def _read_ledger(self, head: Head) -> None:
        """All entries up to `head`. The first time walked to the very end, for a hole must not look like the end."""
        if self._head.number == 0:
            links = list(self._store.ledger.walk())
            for link in links:
                if link.problem or link.entry is None:
                    raise _hidden(f"ledger entry {link.number} {link.problem}")
                if isinstance(link.entry.action, EntryLost):
                    raise _hidden(f"what ledger entry {link.number} said is lost, and so what it needs")
                if link.number <= head.number:
                    self._entries.append(link.entry)
            if len(links) < head.number:
                raise _hidden(f"ledger entry {head.number}, which this machine has seen, is missing")
        else:
            follow = self._store.ledger.iter_after(self._head)
            self._entries += [entry for new, entry in follow if new.number <= head.number]
        self._head = head

    def _manifest(self, action: SnapshotPublished) -> Manifest:
        if action.manifest not in self._manifests:
            try:
                self._manifests[action.manifest] = decode_manifest(self._store.objects.get(action.manifest))
            except (MlopsNbError, msgspec.DecodeError) as fault:
                raise _hidden(f"the manifest of {action.name}@{action.version} cannot be read") from fault
        return self._manifests[action.manifest]

    def _sealed_artifacts(self, action: RunSealed) -> frozenset[str]:
        """What a sealed run keeps. Its journal never changes, so it is read once."""
        if action.journal_digest not in self._artifacts:
            try:
                data = self._store.journals.read_bytes(action.run_id)
            except MlopsNbError as fault:
                raise _hidden(f"the journal of run {short_id(action.run_id)} cannot be read") from fault
            if digest_of(data[: action.journal_bytes]) != action.journal_digest:
                raise _hidden(f"the journal of run {short_id(action.run_id)} was altered")
            self._artifacts[action.journal_digest] = _artifacts_in(data)
        return self._artifacts[action.journal_digest]

    def _open_artifacts(self, run_id: str) -> frozenset[str]:
        try:
            return _artifacts_in(self._store.journals.read_bytes(run_id))
        except NotFoundError:
            return frozenset()  # a folder whose run is just starting, or whose journal an earlier gc removed

    def _journal_size(self, run_id: str) -> int:
        try:
            return self._store.journals.path(run_id).stat().st_size
        except FileNotFoundError:
            return 0

    def _shared(self, needed: dict[str, Ranges | None]) -> Iterator[SharedPack]:
        for one in iter_objects(self._store.root):
            ranges = needed.get(one.digest)
            if ranges is not None and (dead := one.size_bytes - sum(length for _, length in ranges)) > 0:
                yield SharedPack(digest=one.digest, size_bytes=one.size_bytes, dead_bytes=dead)


def _artifacts_in(data: bytes) -> frozenset[str]:
    """The objects that a journal names. Of a line that we cannot read, all that may be a digest counts."""
    found: set[str] = set()
    for raw in filter(None, data.split(b"\n")):
        try:
            line = decode_line(raw)
        except (UnknownLineError, msgspec.DecodeError, UnicodeDecodeError):
            found.update(digest.decode() for digest in _DIGEST.findall(raw))
        else:
            if isinstance(line, ArtifactLogged):
                found.add(line.digest)
    return frozenset(found)


def _hidden(what: str) -> StoreCorruptError:
    return StoreCorruptError(
        f"{what}, so nobody can say what it needs: nothing was removed",
        hint="`mlops-nb audit verify` lists all damage; mend it, or delete what cannot be mended, and try again",
    )


def _total(found: list[Found]) -> int:
    return sum(one.size_bytes for one in found)
