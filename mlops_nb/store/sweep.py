"""Taking files out of a store while others write into it. See `mlops_nb.retention` for who decides what goes.

Why nothing that is needed is lost, although writers and a gc never wait for each other:

1. Whoever refers to an object first makes it young (`Objects.put`, `Objects.keep`), then writes the reference. If it is
   gone by then, it is written anew; a snapshot that shares packs which are gone is taken anew.
2. A gc notes a moment (now minus a grace), reads the ledger up to entry N-1 and all journals, and commits entry N,
   `RetentionStarted`. Only then it removes, and only what none of them needs and what is older than that moment.
3. A reference in the ledger is either in an entry before N, and then the gc has seen it; or it was committed after
   N, and then by somebody who made its objects young after N was there, for a lost race for a number begins again at
   (1). A process that sleeps for a day between the two steps finds its number taken.
4. A reference in a journal (an artifact) is in no order with N. So its writer makes the object young once more after
   the line is written, and writes it again if it is gone: the gc saw the line, or sees a young object, or was first.
5. "Older" is judged after the file is out of the way: it is renamed into `tmp/`, its time is read there, and it is
   linked back if it turns out young. Who comes in between finds nothing and writes it anew, which is (1).
   A gc that is killed between the two leaves the file in `tmp/`, and the next one puts it back first of all.

The grace is for clocks that differ between hosts, and spares writers the work of (1); order does the rest.

Knows files and times, and nothing of what they mean. For a store in a folder only. Called by `mlops_nb.retention`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlops_nb._ids import is_run_id
from mlops_nb.errors import UsageError
from mlops_nb.store.faults import explained

_ASIDE = "swept-"
_DIGEST_LENGTH = 64


class Found(NamedTuple):
    """An object that is there: its size in bytes, and when it was last made young (Unix seconds)."""

    digest: str
    size_bytes: int
    changed_at: float


def iter_objects(root: Path) -> Iterator[Found]:
    """Every object of the store at `root`, in no order."""
    for place in (root / "objects").glob("??/*"):
        with explained("read", place), suppress(FileNotFoundError):
            seen = place.stat()
            if len(place.name) == _DIGEST_LENGTH and place.name.startswith(place.parent.name):
                yield Found(place.name, seen.st_size, seen.st_mtime)


def remove_object(root: Path, digest: str, before: float) -> int:
    """Remove an object unless it was made young since `before` (Unix seconds). Returns the bytes that this freed.

    Raises:
        StoreError: The store cannot be written.
    """
    place, aside = _place(root, digest), root / "tmp" / f"{_ASIDE}{os.urandom(8).hex()}-{digest}"
    with explained("write", place):
        try:
            if place.stat().st_mtime >= before:
                return 0
            aside.parent.mkdir(exist_ok=True)
            place.rename(aside)
        except FileNotFoundError:
            return 0  # another gc was first
    return _judge(root, aside, digest, before)


def put_back_interrupted(root: Path) -> None:
    """Put back what a killed gc left out of the way, whether or not it is needed: the sweep that follows will tell."""
    for aside in (root / "tmp").glob(f"{_ASIDE}*"):
        _judge(root, aside, aside.name.rpartition("-")[2], 0.0)


def remove_journal(root: Path, run_id: str) -> int:
    """Remove a run's journal. Returns the bytes that this freed; 0 if there was none.

    Raises:
        UsageError: Not a run id; nothing else ever reaches a path.
        StoreError: The store cannot be written.
    """
    if not is_run_id(run_id):
        raise UsageError(f"{run_id[:60]!r} is not a run id", hint="`mlops-nb runs list` shows the ids")
    place = root / "runs" / run_id / "journal.jsonl"
    with explained("write", place):
        try:
            size = place.stat().st_size
            place.unlink()
        except FileNotFoundError:
            return 0
    with suppress(OSError):  # somebody keeps something else in that folder: it is not ours to remove
        place.parent.rmdir()
    return size


def _judge(root: Path, aside: Path, digest: str, before: float) -> int:
    """Link a file back that is young after all, then drop what lies aside."""
    place = _place(root, digest)
    with explained("write", place):
        try:
            seen = aside.stat()
            young = seen.st_mtime >= before
            if young:
                with suppress(FileExistsError):  # its writer was faster: the same bytes
                    os.link(aside, place)
            aside.unlink()
        except FileNotFoundError:
            return 0  # another gc settled it
    return 0 if young else seen.st_size


def _place(root: Path, digest: str) -> Path:
    return root / "objects" / digest[:2] / digest
