"""What the store needs of the place it lies in: seven verbs on paths of its own making.

Two kinds keep the promise, and one contract test holds both to it: `LocalPlace` (a folder, by plain system calls) and
`BucketPlace` (an object store, by obstore).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Place(Protocol):
    """Named bytes, written once. Safe to use from several threads and processes at once.

    Every method may raise `StoreError`; a path is never a user's.
    """

    def put(self, path: str, data: bytes) -> bool:
        """Write if nothing is there, whole or not at all. False if something was there: of racing writers one wins."""

    def get(self, path: str) -> bytes | None:
        """All the bytes; None where there is nothing."""

    def read(self, path: str, offset: int, length: int) -> bytes | None:
        """A range of the bytes, shorter where they end before; None where there is nothing."""

    def iter_pieces(self, path: str) -> Iterator[bytes] | None:
        """The bytes in pieces that fit in memory; None where there is nothing."""

    def has(self, path: str) -> bool:
        """Whether something is there."""

    def refresh(self, path: str) -> bool:
        """Make what is there as young as if it were written just now. False where there is nothing."""

    def list_below(self, folder: str) -> list[str]:
        """The paths below a folder, in no order. Slow: for rebuilding and auditing."""
