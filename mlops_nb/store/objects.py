"""Objects: immutable bytes named by their BLAKE3.

One client (`obstore`) for local folders and, later, buckets. Writing is put-if-absent of a staged file, so a
reader sees a whole object or none; reading verifies.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import blake3

from mlops_nb.errors import NotFoundError, StoreCorruptError, StoreError, UsageError
from mlops_nb.records.data import Address
from mlops_nb.store.faults import store_error

if TYPE_CHECKING:
    from obstore.store import LocalStore

_DIGEST = re.compile(r"[0-9a-f]{64}")


class _Threads:
    """The client works in threads of its own, which a forked child does not have: it would wait for them for ever."""

    def __init__(self) -> None:
        self.are_running = False
        self.are_lost = False
        os.register_at_fork(after_in_child=self._lose)

    def _lose(self) -> None:
        self.are_lost = self.are_running


_threads = _Threads()


def digest_of(data: bytes | memoryview) -> str:
    """BLAKE3 of some bytes, as 64 hexadecimal digits."""
    return blake3.blake3(data).hexdigest()


class Objects:
    """The objects of one store. Safe to use from several threads and processes at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._client: LocalStore | None = None

    def put(self, data: bytes) -> str:
        """Keep some bytes and return their digest. Putting the same bytes again costs a look.

        Raises:
            StoreError: The place cannot be written; the message says why.
        """
        digest = digest_of(data)
        self.put_named(_path(digest), data)
        return digest

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
        import obstore

        path, hasher = _path(digest), blake3.blake3()
        size = 0
        try:
            for piece in obstore.get(self.client, path).stream():
                hasher.update(piece)
                size += len(piece)
        except FileNotFoundError:
            raise _missing(self._root, digest) from None
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", self._root / path, fault) from fault
        if hasher.hexdigest() != digest:
            raise _damaged(self._root / path, digest)
        return size

    def read(self, address: Address) -> bytes:
        """A range of an object, not verified here: who knows the content's own digest must check it.

        Raises:
            NotFoundError: There is no such object.
            StoreCorruptError: The object is shorter than the address says.
        """
        import obstore

        path = _path(address.object)
        if address.length == 0:
            return b""
        client = self.client
        try:
            data = bytes(obstore.get_range(client, path, start=address.offset, length=address.length))
        except FileNotFoundError:
            raise _missing(self._root, address.object) from None
        except (obstore.exceptions.PermissionDeniedError, OSError) as fault:
            raise store_error("read", self._root / path, fault) from fault
        except obstore.exceptions.BaseError as fault:
            raise _short(self._root / path) from fault
        if len(data) != address.length:
            raise _short(self._root / path)
        return data

    def exists(self, digest: str) -> bool:
        """Whether the object is there (its bytes are not read)."""
        return self.has_named(_path(digest))

    def put_named(self, path: str, data: bytes) -> bool:
        """Put-if-absent at a path of our own making. False if something was there already."""
        import obstore

        client = self.client
        try:
            obstore.put(client, path, data, mode="create", use_multipart=False)
        except obstore.exceptions.AlreadyExistsError:
            return False
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("write", self._root / path, fault) from fault
        return True

    def get_named(self, path: str) -> bytes | None:
        """The bytes at a path of our own making, or None."""
        import obstore

        client = self.client
        try:
            return bytes(obstore.get(client, path).bytes())
        except FileNotFoundError:
            return None
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", self._root / path, fault) from fault

    def has_named(self, path: str) -> bool:
        """Whether there is something at a path of our own making."""
        import obstore

        client = self.client
        try:
            obstore.head(client, path)
        except FileNotFoundError:
            return False
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", self._root / path, fault) from fault
        return True

    def list_named(self, folder: str) -> list[str]:
        """The paths below a folder of our own making. A listing: for rebuilding and auditing only."""
        import obstore

        try:
            return [found["path"] for batch in obstore.list(self.client, folder) for found in batch]
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", self._root / folder, fault) from fault

    @property
    def client(self) -> LocalStore:
        """The object-store client, made when first needed. The root must exist."""
        if _threads.are_lost:
            raise StoreError(
                "a forked process cannot use the object store of its parent",
                hint='start workers with multiprocessing.get_context("spawn"); metrics and params may be logged here',
            )
        if self._client is None:
            _threads.are_running = True
            from obstore.store import LocalStore

            if not self._root.is_dir():
                raise NotFoundError(
                    f"there is no store at {self._root}",
                    hint="track a run first, or say where the store is with MLOPS_NB_STORE",
                )
            self._client = LocalStore(self._root)
        return self._client


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
