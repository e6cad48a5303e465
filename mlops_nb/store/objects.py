"""Objects: immutable bytes named by their BLAKE3.

Writing is put-if-absent of the whole, so a reader sees a whole object or none; reading verifies. Where they lie is the
business of a `Place`. What `put` or `keep` said yes to is not swept for a while; how that makes removal safe is told in
`sweep`.
"""

from __future__ import annotations

import re
from pathlib import Path

import blake3

from mlops_nb.errors import NotFoundError, StoreCorruptError, UsageError
from mlops_nb.records.data import Address
from mlops_nb.store.local_place import LocalPlace
from mlops_nb.store.place import Place

_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_of(data: bytes | memoryview) -> str:
    """BLAKE3 of some bytes, as 64 hexadecimal digits."""
    return blake3.blake3(data).hexdigest()


class Objects:
    """The objects of one store. Safe to use from several threads and processes at once.

    Args:
        root: Where the store is, for messages and for the folder that it lies in by default.
        place: Where it lies, if not in that folder.
    """

    def __init__(self, root: Path, place: Place | None = None) -> None:
        self._root = root
        self._place: Place = LocalPlace(root) if place is None else place

    def put(self, data: bytes) -> str:
        """Keep some bytes and return their digest. Putting the same bytes again makes them young.

        Raises:
            StoreError: The place cannot be written; the message says why.
        """
        digest = digest_of(data)
        path = _path(digest)
        while not self.put_named(path, data) and not self._place.refresh(path):
            pass  # it was there, and was swept before it could be made young: write it
        return digest

    def keep(self, digest: str) -> bool:
        """Make an object young, because something is about to refer to it. False if it is not there."""
        return self._place.refresh(_path(digest))

    def get(self, digest: str) -> bytes:
        """The bytes of an object, verified.

        Raises:
            NotFoundError: There is no such object.
            StoreCorruptError: Its bytes are not what was written.
        """
        data = self.get_named(_path(digest))
        if data is None:
            raise _missing(self._root, digest)
        if digest_of(data) != digest:
            raise _damaged(self._root / _path(digest), digest)
        return data

    def check(self, digest: str) -> int:
        """Read an object through and compare its digest, in pieces, so that one of any size may be checked.

        Returns:
            Its size in bytes.

        Raises:
            NotFoundError: There is no such object.
            StoreCorruptError: Its bytes are not what was written.
            StoreError: It cannot be read.
        """
        path, hasher = _path(digest), blake3.blake3()
        pieces = self._place.iter_pieces(path)
        if pieces is None:
            raise _missing(self._root, digest)
        size = 0
        for piece in pieces:
            hasher.update(piece)
            size += len(piece)
        if hasher.hexdigest() != digest:
            raise _damaged(self._root / path, digest)
        return size

    def read(self, address: Address) -> bytes:
        """A range of an object, not verified here: who knows the content's own digest must check it.

        Raises:
            NotFoundError: There is no such object.
            StoreCorruptError: The object is shorter than the address says.
        """
        if address.length == 0:
            return b""
        path = _path(address.object)
        data = self._place.read(path, address.offset, address.length)
        if data is None:
            raise _missing(self._root, address.object)
        if len(data) != address.length:
            raise _short(self._root / path)
        return data

    def exists(self, digest: str) -> bool:
        """Whether the object is there (its bytes are not read)."""
        return self._place.has(_path(digest))

    def put_named(self, path: str, data: bytes) -> bool:
        """Put-if-absent at a path of our own making. False if something was there already."""
        return self._place.put(path, data)

    def get_named(self, path: str) -> bytes | None:
        """The bytes at a path of our own making, or None."""
        return self._place.get(path)

    def has_named(self, path: str) -> bool:
        """Whether there is something at a path of our own making."""
        return self._place.has(path)

    def list_named(self, folder: str) -> list[str]:
        """The paths below a folder of our own making. A listing: for rebuilding and auditing only."""
        return self._place.list_below(folder)


def _path(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise UsageError(f"{digest[:80]!r} is not a digest", hint="a digest is 64 hexadecimal digits")
    return f"objects/{digest[:2]}/{digest}"


def _missing(root: Path, digest: str) -> NotFoundError:
    return NotFoundError(f"object {digest[:12]} is not in {root}", hint="run `mlops-nb audit verify`")


def _damaged(path: Path, digest: str) -> StoreCorruptError:
    return StoreCorruptError(
        f"object {path} is damaged: its bytes do not have its digest",
        hint="restore that file from a backup; `mlops-nb audit verify` lists all damage",
        digest=digest,
    )


def _short(path: Path) -> StoreCorruptError:
    return StoreCorruptError(
        f"object {path} is shorter than it was written", hint="restore that file from a backup", path=str(path)
    )
