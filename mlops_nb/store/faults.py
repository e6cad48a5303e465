"""What the operating system and the object store say, in words that tell a user what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_nb.errors import StoreError

_OS_ERROR = re.compile(r"\(os error (\d+)\)")

_HINTS = {
    errno.ENOSPC: ("the disk is full", "free some space; what was recorded so far is safe"),
    errno.EDQUOT: ("the disk quota is used up", "free some space; what was recorded so far is safe"),
    errno.EACCES: ("permission denied", "choose a folder you may write to with MLOPS_NB_STORE, or change its owner"),
    errno.EPERM: ("permission denied", "choose a folder you may write to with MLOPS_NB_STORE, or change its owner"),
    errno.EROFS: ("the file system is read-only", "choose another folder with MLOPS_NB_STORE"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another folder with MLOPS_NB_STORE"),
    errno.EMFILE: ("too many open files", "raise the limit (ulimit -n), or close some runs"),
    errno.EIO: ("the disk reports an input/output error", "check the disk; then run `mlops-nb doctor`"),
}


def store_error(doing: str, place: Path | str, fault: BaseException) -> StoreError:
    """Translate a fault met while `doing` something ("write", "read") at `place`."""
    number = _errno(fault)
    what, hint = _HINTS.get(number, (str(fault).split("\n")[0], "run `mlops-nb doctor` to see what is wrong"))
    return StoreError(f"cannot {doing} {place}: {what}", hint=hint, path=str(place), errno=number)


@contextmanager
def explained(doing: str, place: Path | str) -> Iterator[None]:
    """Run a block; an `OSError` in it leaves as a `StoreError` that says what to do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as fault:
        raise store_error(doing, place, fault) from fault


def _errno(fault: BaseException) -> int:
    if isinstance(fault, OSError) and fault.errno is not None:
        return fault.errno
    found = _OS_ERROR.search(str(fault))
    return int(found.group(1)) if found else 0
