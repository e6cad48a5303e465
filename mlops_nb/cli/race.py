"""The promises of a folder that the store relies on, tried out: one winner a number, and locks that hold.

A second process is started, and both create the same files at once through the store's own client. Run as a module
this is that second process.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from mlops_nb.store.objects import Objects

THREADS = 4
"""In each of the two processes."""

ROUNDS = 40
PATIENCE_S = 20.0


class Promises(NamedTuple):
    """What came out: how many files had not exactly one winner, and whether another process's lock was respected."""

    broken_rounds: int
    lock_holds: bool


def try_promises(folder: Path) -> Promises:
    """Try both promises in a folder of our own below `folder`, and take it away again.

    Raises:
        OSError: The folder cannot be written, or the second process did not come up.
    """
    place = Path(tempfile.mkdtemp(prefix=".probe-", dir=folder))
    try:
        with (place / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            command = [sys.executable, "-m", "mlops_nb.cli.race", str(place)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other:
                _wait_for(place / "ready", other)
                (place / "go").touch()
                mine = _race(place)
                told, complaint = other.communicate(timeout=PATIENCE_S)
        if other.returncode:
            raise OSError((complaint.strip().splitlines() or ["the second process failed"])[-1])
        theirs, lock_holds = json.loads(told)
        wins = mine + theirs
        return Promises(sum(wins.count(number) != 1 for number in range(ROUNDS)), lock_holds)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _race(place: Path) -> list[int]:
    """The numbers that this process won."""
    objects = Objects(place)

    def compete(name: int) -> list[int]:
        data = f"{os.getpid()} {name}".encode()
        return [number for number in range(ROUNDS) if objects.put_named(f"ledger/{number:08d}.json", data)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [number for wins in pool.map(compete, range(THREADS)) for number in wins]


def _wait_for(path: Path, other: subprocess.Popen[str] | None = None) -> None:
    until = time.monotonic() + PATIENCE_S
    while not path.exists():
        if time.monotonic() > until or (other is not None and other.poll() is not None):
            raise OSError("the second process did not come up")
        time.sleep(0.002)


def _lock_is_held(path: Path) -> bool:
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _second(place: Path) -> None:
    held = _lock_is_held(place / "lock")
    (place / "ready").touch()
    _wait_for(place / "go")
    sys.stdout.write(json.dumps([_race(place), held]))


if __name__ == "__main__":
    _second(Path(sys.argv[1]))
