"""The quarantine: where repair puts what it takes out of the store. Nothing is ever deleted.

    quarantine/20250131-120000-k3f9x2/ledger/00000007.json

Every step is one rename or one link, so a reader or writer at work sees the file as it was or as it will be. A file
that has changed since it was judged is left alone.

Knows files only. Called by `lineage.repair`.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from mlops_nb._ids import new_run_id
from mlops_nb.errors import ConflictError
from mlops_nb.store.faults import explained

FOLDER = "quarantine"


class Quarantine:
    """One folder below `<store>/quarantine`, made at its first use."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.name = f"{FOLDER}/{new_run_id()}"

    def move(self, place: str, judged: bytes | None = None) -> None:
        """Take a file out of the store.

        Args:
            place: Its path below the store.
            judged: What it must still hold; None where that does not matter.

        Raises:
            ConflictError: It is not what it was when it was judged.
            StoreError: The store cannot be written.
        """
        source, target = self._root / place, self._ready(place)
        with explained("write", target):
            self._check(source, judged)
            try:
                source.rename(target)
            except FileNotFoundError as fault:
                raise _changed(source) from fault

    def replace(self, place: str, data: bytes, judged: bytes | None) -> None:
        """Put other bytes in a file's place; what was there is kept here.

        Args:
            place: The file's path below the store.
            data: What it shall hold.
            judged: What it must still hold; None if it must not exist.

        Raises:
            ConflictError: It is not what it was when it was judged, or somebody is writing it.
            StoreError: The store cannot be written.
        """
        target = self._root / place
        staged = self._root / "tmp" / os.urandom(8).hex()
        with explained("write", target):
            for folder in (staged.parent, target.parent):
                folder.mkdir(parents=True, exist_ok=True)
            _write(staged, data)
            try:
                if judged is None:
                    os.link(staged, target)
                else:
                    self._swap(staged, place, judged)
            except FileExistsError as fault:
                raise _changed(target) from fault
            finally:
                staged.unlink(missing_ok=True)

    def _swap(self, staged: Path, place: str, judged: bytes) -> None:
        target = self._root / place
        try:
            fd = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as fault:
            raise _changed(target) from fault
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._check(target, judged)
            kept = self._ready(place)
            os.link(target, kept)
            staged.replace(target)
        except BlockingIOError as fault:
            raise ConflictError(f"{target} is being written", hint="repair again when its run has ended") from fault
        finally:
            os.close(fd)

    @staticmethod
    def _check(path: Path, judged: bytes | None) -> None:
        if judged is not None and (not path.is_file() or path.read_bytes() != judged):
            raise _changed(path)

    def _ready(self, place: str) -> Path:
        target = self._root / self.name / place
        with explained("write", target):
            target.parent.mkdir(parents=True, exist_ok=True)
        return target


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _changed(path: Path) -> ConflictError:
    return ConflictError(f"{path} has changed since it was looked at", hint="verify again, then repair")
