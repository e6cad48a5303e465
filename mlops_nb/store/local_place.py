"""A folder as a place for the store.

Plain system calls, and not the object-store client that buckets need, for two measured reasons. The client works in
threads of its own, which a forked child does not have: it would wait for them for ever, and `multiprocessing` forks.
And its hand-over to them costs more than the work itself: see `tests/benchmarks`.

Put-if-absent is a staged file and link(2), which fails if the name is taken: atomic on local disks and on NFS.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from mlops_nb.errors import NotFoundError, StoreError
from mlops_nb.store.faults import explained, store_error

_STAGING = "tmp"
_PIECE = 1 << 20
_NO_LINKS = frozenset([errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP])


class LocalPlace:
    """See `Place`. Staged files lie in `tmp/`; one that is left there was cut off and is nothing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._base = os.fspath(root)

    def put(self, path: str, data: bytes) -> bool:
        """See `Place.put`."""
        target = f"{self._base}/{path}"
        if self.has(path):
            return False
        with explained("write", target):
            staged = self._stage(data)
            try:
                return _link(staged, target)
            finally:
                os.unlink(staged)  # noqa: PTH108 - a text path, and the cost of a Path counts here

    def get(self, path: str) -> bytes | None:
        """See `Place.get`."""
        target = f"{self._base}/{path}"
        try:
            with open(target, "rb", buffering=0) as file:  # noqa: PTH123 - as above
                return file.readall()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise store_error("read", target, fault) from fault

    def read(self, path: str, offset: int, length: int) -> bytes | None:
        """See `Place.read`."""
        target = f"{self._base}/{path}"
        try:
            with open(target, "rb") as file:  # noqa: PTH123 - as above
                file.seek(offset)
                return file.read(length)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise store_error("read", target, fault) from fault

    def iter_pieces(self, path: str) -> Iterator[bytes] | None:
        """See `Place.iter_pieces`."""
        return self._iter(f"{self._base}/{path}") if self.has(path) else None

    def has(self, path: str) -> bool:
        """See `Place.has`."""
        target = f"{self._base}/{path}"
        try:
            os.stat(target)  # noqa: PTH116 - as above
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as fault:
            raise store_error("read", target, fault) from fault
        return True

    def refresh(self, path: str) -> bool:
        """See `Place.refresh`. The time of change is what a sweep goes by."""
        target = f"{self._base}/{path}"
        with explained("write", target):
            try:
                os.utime(target)
            except (FileNotFoundError, NotADirectoryError):
                return False
            except PermissionError:
                return self._rewrite(path, target)
        return True

    def list_below(self, folder: str) -> list[str]:
        """See `Place.list_below`."""
        top = self._root / folder

        def refuse(fault: OSError) -> None:
            if not isinstance(fault, FileNotFoundError):
                raise store_error("read", fault.filename, fault) from fault

        return [
            (Path(place) / name).relative_to(self._root).as_posix()
            for place, _, names in os.walk(top, onerror=refuse)
            for name in names
        ]

    def _rewrite(self, path: str, target: str) -> bool:
        """Refresh a colleague's file, whose times we may not set: an equal one of ours takes its place."""
        data = self.get(path)
        if data is None:
            return False
        os.replace(self._stage(data), target)  # noqa: PTH105 - as above
        return True

    def _stage(self, data: bytes) -> str:
        staged = f"{self._base}/{_STAGING}/{os.urandom(8).hex()}"
        try:
            file = open(staged, "xb", buffering=0)  # noqa: SIM115, PTH123 - closed below; as above
        except FileNotFoundError:
            if not self._root.is_dir():
                raise NotFoundError(
                    f"there is no store at {self._root}",
                    hint="track a run first, or say where the store is with MLOPS_NB_STORE",
                ) from None
            os.makedirs(os.path.dirname(staged), exist_ok=True)  # noqa: PTH103, PTH120 - as above
            return self._stage(data)
        try:
            with file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
        except BaseException:
            os.unlink(staged)  # noqa: PTH108 - as above
            raise
        return staged

    @staticmethod
    def _iter(target: str) -> Iterator[bytes]:
        with explained("read", target), open(target, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            while piece := file.read(_PIECE):
                yield piece


def _link(staged: str, target: str) -> bool:
    for _ in range(2):
        try:
            os.link(staged, target)
        except FileExistsError:
            return False
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120 - as above
        except OSError as fault:
            if fault.errno not in _NO_LINKS:
                raise
            raise StoreError(
                f"the file system of {target} has no hard links, which the store needs to be safe for many writers",
                hint="keep the store on a local disk or NFS: set MLOPS_NB_STORE",
            ) from fault
        else:
            return True
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), target)
