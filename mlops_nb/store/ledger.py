"""The ledger: numbered commits by put-if-absent (the protocol of Delta Lake's transaction log).

Entry N is `ledger/<N>.json`. Whoever creates it first has committed; everybody else reads it and tries N+1. So
numbers are unique with no lock and no server. Each entry names the BLAKE3 of the bytes of the one before.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from mlops_nb.errors import StoreBusyError, StoreCorruptError
from mlops_nb.records.ledger import GENESIS, Action, Entry, EntryLost
from mlops_nb.records.wire import decode_entry, encode
from mlops_nb.store.objects import Objects, digest_of

MAX_TRIES = 1_000
_FOLDER = "ledger"


class Head(NamedTuple):
    """The newest entry known: its number (0 for an empty ledger) and the digest of its bytes."""

    number: int
    digest: str


EMPTY = Head(0, GENESIS)


class Damage(NamedTuple):
    """One finding of `verify`: which entry, and what is wrong with it."""

    number: int
    problem: str


class Link(NamedTuple):
    """One step of `walk`. `digest` is '' where the entry is missing, `entry` None where it cannot be read."""

    number: int
    digest: str
    entry: Entry | None
    problem: str


class Ledger:
    """The ledger of one store."""

    def __init__(self, objects: Objects, by: Callable[[], str]) -> None:
        self._objects = objects
        self._by = by
        self._known = EMPTY

    def append(self, action: Action) -> Entry:
        """Commit an action that depends on nothing that others commit.

        Raises:
            StoreBusyError: A thousand others were faster in a row.
            StoreError: The place cannot be written.
        """
        return self.commit(lambda _head: action)

    def commit(self, decide: Callable[[Head], Action], look: Callable[[], Head] | None = None) -> Entry:
        """Commit an action that depends on what is in the ledger, such as the next version number.

        Args:
            decide: Given the head, says what to commit. Called again after every lost race.
            look: Finds the head, having read everything up to it. By default the last head known is tried first:
                a writer alone on its store need not look, and otherwise the race tells.

        Raises:
            StoreBusyError: A thousand others were faster in a row.
            StoreError: The place cannot be written.
        """
        head = look() if look else self._known if self._is_there() else self.find_head()
        for attempt in range(MAX_TRIES):
            entry = self.compose(head, decide(head))
            data = encode(entry)
            if self._objects.put_named(entry_path(entry.number), data):
                self._known = Head(entry.number, digest_of(data))
                return entry
            time.sleep(random.random() * min(0.05, 0.0005 * (attempt + 1)))  # noqa: S311 - spreads writers, no secret
            head = (look or self.find_head)()
        raise StoreBusyError("too many writers commit at once", hint="try again in a moment")

    def compose(self, head: Head, action: Action) -> Entry:
        """The entry that would follow `head`, by who we are, now."""
        return Entry(number=head.number + 1, previous=head.digest, at=time.time(), by=self._by(), action=action)

    def find_head(self) -> Head:
        """The newest entry, found without a listing: doubling steps from the last one known, then bisection."""
        low = self._known.number if self._is_there() else 0
        step = 1
        while self._objects.has_named(entry_path(low + step)):
            low += step
            step *= 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            if self._objects.has_named(entry_path(middle)):
                low = middle
            else:
                high = middle
        if low != self._known.number:
            self._known = Head(low, digest_of(self._read(low))) if low else EMPTY
        return self._known

    def _is_there(self) -> bool:
        """Whether the last head known still is: a store may be deleted, and another begun, under a living kernel."""
        return self._known.number > 0 and self._objects.has_named(entry_path(self._known.number))

    def iter_after(self, head: Head) -> Iterator[tuple[Head, Entry]]:
        """The entries that follow `head`, each with the head that it makes. One look past the end.

        Raises:
            StoreCorruptError: An entry cannot be read; the message names its file.
        """
        number = head.number
        while (data := self._objects.get_named(entry_path(number + 1))) is not None:
            number += 1
            yield Head(number, digest_of(data)), self._decode(number, data)

    def verify(self) -> tuple[int, list[Damage]]:
        """Walk the whole chain: how many entries there are, and every one that was altered or removed."""
        links = list(self.walk())
        return len(links), [Damage(link.number, link.problem) for link in links if link.problem]

    def walk(self) -> Iterator[Link]:
        """Every number from 1 to the last, damaged or not. Listed, for a hole must not look like the end."""
        last = max(map(_number_of, self._objects.list_named(_FOLDER)), default=0)
        previous, number = frozenset([GENESIS]), 0
        while number < last or self._objects.has_named(entry_path(number + 1)):
            number += 1
            link = self._look_at(number, previous)
            previous = _followed(link)
            yield link

    def walk_back(self) -> Iterator[Link]:
        """Every number from the head to 1, without a look at the chain: for who wants the newest few."""
        for number in range(self.find_head().number, 0, -1):
            yield self._look_at(number, frozenset())

    def _look_at(self, number: int, previous: frozenset[str]) -> Link:
        data = self._objects.get_named(entry_path(number))
        if data is None:
            return Link(number, "", None, "is missing")
        digest, entry, problem = digest_of(data), None, ""
        try:
            entry = decode_entry(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            problem = f"cannot be read: {fault}"
        else:
            if entry.number != number:
                problem = f"says that it is number {entry.number}"
            elif previous and entry.previous not in previous:
                problem = f"does not follow entry {number - 1}: one of the two was altered"
        return Link(number, digest, entry, problem)

    def _read(self, number: int) -> bytes:
        data = self._objects.get_named(entry_path(number))
        if data is None:
            raise StoreCorruptError(f"ledger entry {number} is gone", hint="run `mlops-nb audit verify`")
        return data

    def _decode(self, number: int, data: bytes) -> Entry:
        try:
            return decode_entry(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise StoreCorruptError(
                f"ledger entry {entry_path(number)} cannot be read: {fault}",
                hint="restore that file from a backup; `mlops-nb audit verify` lists all damage",
            ) from fault


def entry_path(number: int) -> str:
    """Where an entry lies below the store."""
    return f"{_FOLDER}/{number:08d}.json"


def _followed(link: Link) -> frozenset[str]:
    """The digests that the next entry may name as the one before; none where nobody can tell."""
    if link.entry is None:
        # What cannot be read is found out already: the next entry is not to blame for it.
        return frozenset()
    if isinstance(link.entry.action, EntryLost):
        lost = link.entry.action.lost_digest
        return frozenset([link.digest, lost]) if lost else frozenset()
    return frozenset([link.digest])


def _number_of(path: str) -> int:
    """The number that a path stands for; 0 for a file that is no entry."""
    name = path.rpartition("/")[2].removesuffix(".json")
    return int(name) if name.isascii() and name.isdigit() and path == entry_path(int(name)) else 0
