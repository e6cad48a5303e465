"""Which runs may not be sealed yet, and how an orphan is closed truthfully.

`live/<run_id>` is made before the journal and removed after the run's ledger entry, so whatever happens in
between leaves the marker. A reader looks at the few markers there are, never at all runs. A journal that nobody
locks has lost its writer: the reader takes the lock, drops a torn last line, writes the missing end as `crashed`,
seals the run in the ledger, and removes the marker. Each step may be done twice without harm. Why the writer is gone
is written too, as far as the system tells (see `process`).
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from mlops_nb._ids import is_run_id
from mlops_nb.errors import NotFoundError, StoreError
from mlops_nb.records.fold import fold_run
from mlops_nb.records.journal import Line, Outcome, RunError, RunFinished, RunStarted
from mlops_nb.records.ledger import RunSealed
from mlops_nb.records.runs import Run
from mlops_nb.records.wire import encode_line
from mlops_nb.store.faults import explained
from mlops_nb.store.journal import Journals, decode_lines
from mlops_nb.store.ledger import Ledger
from mlops_nb.store.objects import digest_of
from mlops_nb.store.process import find_cause, is_elsewhere

START_GRACE_S = 60.0
"""How long a marker may stand without a journal that has a first line: its writer may just be starting."""

FOREIGN_GRACE_S = 60.0
"""How long a journal of another machine must have stood still: on a shared folder its lock may be out of our sight."""


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
        """Whether some process holds the journal, or may hold it on a machine whose locks we do not see."""
        try:
            fd = os.open(self._journals.path(run_id), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return time.time() - os.fstat(fd).st_mtime < FOREIGN_GRACE_S and self._is_elsewhere(run_id)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)

    def close_orphan(self, run_id: str, cause: RunError | None = None) -> bool:
        """Close and seal a run whose writer is gone. False if it lives, is starting, or was sealed meanwhile.

        Ask `has_writer` first: here only the lock is asked, and it may be one that we do not see.

        Args:
            run_id: Which run.
            cause: How its process ended, from who saw it; by default what the system tells.

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
                return self._close_locked(run_id, fd, cause)
            except BlockingIOError:
                return False
            finally:
                os.close(fd)

    def close_family(self, run_id: str, cause: RunError) -> None:
        """Close what a run's process left open that is known to be gone: its children, and theirs.

        Raises:
            StoreError: The store cannot be written.
        """
        family = {run_id}
        starts = [(start.at, one, start) for one in self.list_ids() if (start := self._find_start(one)) is not None]
        for _, one, start in sorted(starts, key=lambda found: found[:2]):  # parents come before their children
            if start.parent_run_id in family:
                family.add(one)
                self.close_orphan(one, cause)

    def _find_start(self, run_id: str) -> RunStarted | None:
        try:
            return _start_of(decode_lines(self._journals.read_bytes(run_id)))
        except (NotFoundError, StoreError):
            return None

    def _is_elsewhere(self, run_id: str) -> bool:
        """Whether an open run is one of another machine."""
        start = self._find_start(run_id)
        return start is not None and is_elsewhere(start.host)

    def _close_locked(self, run_id: str, fd: int, cause: RunError | None) -> bool:
        if not self._marker(run_id).exists():
            return False
        data = self._journals.read_bytes(run_id)
        lines = list(decode_lines(data))
        run = fold_run(lines)
        if run is None:
            return self._forget_stillborn(run_id)
        if os.fstat(fd).st_size != len(data):
            os.ftruncate(fd, len(data))
        outcome: Outcome = "crashed"
        if run.status == "running":
            end = encode_line(crashed(run, lines, cause))
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


def crashed(run: Run, lines: Sequence[Line], cause: RunError | None = None) -> RunFinished:
    """The end of a run whose writer is gone: it lasted at least until the last of its lines."""
    last_at = max((line.at for line in lines), default=run.started_at)
    start = _start_of(lines)
    if start is not None:
        told = find_cause(start.host)
        # Who saw the process end knows the signal, but only the system who sent it.
        cause = told if cause is None or told.kind == "oom_killed" else cause
    return RunFinished(
        at=time.time(),
        outcome="crashed",
        duration_s=max(0.0, last_at - run.started_at),
        error=cause,
        closed_by=f"{socket.gethostname()}:{os.getpid()}",
    )


def _start_of(lines: Iterable[Line]) -> RunStarted | None:
    return next((line for line in lines if isinstance(line, RunStarted)), None)
