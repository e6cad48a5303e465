"""Which runs may not be sealed yet, and how an orphan is closed truthfully.

`live/<run_id>` is made before the journal and removed after the run's ledger entry, so whatever happens in
between leaves the marker. A reader looks at the few markers there are, never at all runs. A journal that nobody
locks has lost its writer: the reader takes the lock, drops a torn last line, writes the missing end as `crashed`,
seals the run in the ledger, and removes the marker. Each step may be done twice without harm.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path

from mlops_nb._ids import is_run_id
from mlops_nb.errors import StoreError
from mlops_nb.records.fold import fold_run
from mlops_nb.records.journal import Outcome, RunFinished
from mlops_nb.records.ledger import RunSealed
from mlops_nb.records.runs import Run
from mlops_nb.records.wire import encode_line
from mlops_nb.store.faults import explained
from mlops_nb.store.journal import Journals, decode_lines
from mlops_nb.store.ledger import Ledger
from mlops_nb.store.objects import digest_of

START_GRACE_S = 60.0
"""How long a marker may stand without a journal that has a first line: its writer may just be starting."""


class Live:
    """The markers of one store."""

    def __init__(self, root: Path, journals: Journals, ledger: Ledger) -> None:
        self._folder = root / "live"
        self._journals = journals
        self._ledger = ledger

    def mark(self, run_id: str) -> None:
        """Say that a run is about to start."""
        path = self._marker(run_id)
        with explained("write", path):
            path.touch()

    def list_ids(self) -> list[str]:
        """The run ids with a marker, oldest first."""
        try:
            return sorted(place.name for place in self._folder.iterdir() if is_run_id(place.name))
        except FileNotFoundError:
            return []

    def seal(self, run_id: str, experiment: str, outcome: Outcome) -> None:
        """Enter a finished journal into the ledger, with the digest of its bytes.

        The caller holds the journal's lock, and its last record is the `RunFinished` with this outcome.

        Raises:
            StoreError: The ledger cannot be written. The marker stays, so the next reader seals the run.
        """
        data = self._journals.read_bytes(run_id)
        self._ledger.append(
            RunSealed(
                run_id=run_id,
                experiment=experiment,
                outcome=outcome,
                journal_digest=digest_of(data),
                journal_bytes=len(data),
            )
        )
        self._unmark(run_id)

    def has_writer(self, run_id: str) -> bool:
        """Whether some process still holds the journal."""
        try:
            fd = os.open(self._journals.path(run_id), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def close_orphan(self, run_id: str) -> bool:
        """Close and seal a run whose writer is gone. False if it lives, is starting, or was sealed meanwhile.

        Raises:
            StoreError: The store cannot be written (a reader may still show the run as crashed).
        """
        path = self._journals.path(run_id)
        with explained("write", path):
            try:
                fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            except FileNotFoundError:
                return self._forget_stillborn(run_id)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self._close_locked(run_id, fd)
            except BlockingIOError:
                return False
            finally:
                os.close(fd)

    def _close_locked(self, run_id: str, fd: int) -> bool:
        if not self._marker(run_id).exists():
            return False
        data = self._journals.read_bytes(run_id)
        run = fold_run(decode_lines(data))
        if run is None:
            return self._forget_stillborn(run_id)
        if os.fstat(fd).st_size != len(data):
            os.ftruncate(fd, len(data))
        outcome: Outcome = "crashed"
        if run.status == "running":
            end = encode_line(_crash_of(run, data))
            if os.write(fd, end) != len(end):
                raise OSError(errno.ENOSPC, "short write")
            os.fsync(fd)
        else:
            outcome = run.status
        self.seal(run_id, run.experiment, outcome)
        return True

    def _forget_stillborn(self, run_id: str) -> bool:
        """A marker without a journal: leave it while its writer may be starting, then drop it."""
        marker = self._marker(run_id)
        try:
            if time.time() - marker.stat().st_mtime > START_GRACE_S:
                self._unmark(run_id)
        except FileNotFoundError:
            pass
        return False

    def _unmark(self, run_id: str) -> None:
        marker = self._marker(run_id)
        with explained("write", marker):
            marker.unlink(missing_ok=True)

    def _marker(self, run_id: str) -> Path:
        if not is_run_id(run_id):
            raise StoreError(f"{run_id[:60]!r} is not a run id")
        return self._folder / run_id


def crashed(run: Run, last_at: float) -> RunFinished:
    """The end of a run whose writer is gone: it lasted at least until its last record."""
    return RunFinished(
        at=time.time(),
        outcome="crashed",
        duration_s=max(0.0, last_at - run.started_at),
        closed_by=f"{socket.gethostname()}:{os.getpid()}",
    )


def _crash_of(run: Run, data: bytes) -> RunFinished:
    last_at = max((line.at for line in decode_lines(data)), default=run.started_at)
    return crashed(run, last_at)
