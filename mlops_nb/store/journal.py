"""Journals: one file a run, one writer, nothing acknowledged before write(2) has returned.

The page cache outlives the process, so a record whose `append` returned survives `kill -9`, OOM and a crash of
the interpreter. Against power loss a background thread calls fsync once a second and when the journal is sealed.

The writer holds an exclusive flock on the file for as long as it lives; the kernel drops it with the process,
however that ends. A journal that nobody locks is finished or an orphan (see `live`).
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlops_nb._ids import is_run_id
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.records.journal import Line, RunFinished
from mlops_nb.records.wire import UnknownLineError, decode_all_lines, decode_line, encode_line
from mlops_nb.store.faults import explained, store_error

SYNC_EVERY_S = 1.0


class JournalWriter:
    """Appends the records of one run. Several threads of the process may append at once.

    Nothing follows `RunFinished`: who appends after it is refused, so what is sealed stays what was sealed.
    A forked child may go on appending (each record is one atomic append), but only the process that opened the
    journal closes it.
    """

    def __init__(self, path: Path) -> None:
        """Create the file and lock it.

        Raises:
            FileExistsError: A journal with this run id is there already.
            StoreError: The place cannot be written.
        """
        self.path = path
        self.unsynced = False
        self._torn = False
        self._ended = False
        self._owner = os.getpid()
        self.free_lock()
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        except FileExistsError:
            raise
        except OSError as fault:
            raise store_error("write", path, fault) from fault
        _syncer.watch(self)

    def append(self, line: Line) -> None:
        """Write one record. When this returns, the record outlives the process.

        Raises:
            StoreError: The disk is full or gone. What was appended before stays readable.
            UsageError: The journal is closed, or its end is written.
        """
        data = encode_line(line)
        # One at a time: a record must not land behind the end, nor behind the torn half of another.
        with self._lock:
            if self._ended or self._fd < 0:
                raise UsageError("this run is finished", hint="start another run to log more")
            if self._torn:
                data = b"\n" + data
            try:
                written = os.write(self._fd, data)
            except OSError as fault:
                raise store_error("write", self.path, fault) from fault
            self.unsynced = True
            self._torn = written != len(data)
            if self._torn:
                raise store_error("write", self.path, OSError(errno.ENOSPC, "short write"))
            self._ended = type(line) is RunFinished

    def sync(self) -> None:
        """Ask the disk to hold what was written."""
        self.unsynced = False
        with explained("write", self.path):
            os.fsync(self._fd)

    def close(self) -> None:
        """Give up the lock. The fsync of the last records happens in the background."""
        with self._lock:
            fd, self._fd = self._fd, -1
        if fd >= 0 and os.getpid() == self._owner:
            _syncer.retire(fd, needs_sync=self.unsynced)

    def free_lock(self) -> None:
        """Forget who was appending: in a forked child, a thread that the child does not have."""
        # Reentrant, for a signal handler may log in the middle of an append.
        self._lock = threading.RLock()


class _Syncer:
    """One daemon thread a process: fsync once a second, only what changed."""

    def __init__(self) -> None:
        self._writers: weakref.WeakSet[JournalWriter] = weakref.WeakSet()
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        for writer in list(self._writers):
            writer.free_lock()
        self._writers = weakref.WeakSet()
        self._retired: list[int] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, writer: JournalWriter) -> None:
        with self._wake:
            self._writers.add(writer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mlops_nb-fsync", daemon=True)
                self._thread.start()

    def retire(self, fd: int, *, needs_sync: bool) -> None:
        # The lock must go now: a reader that finds it held would call the run alive. A duplicate of the
        # descriptor would share the lock, so it is dropped by name before the descriptor waits for its fsync.
        fcntl.flock(fd, fcntl.LOCK_UN)
        if not needs_sync:
            os.close(fd)
            return
        with self._wake:
            self._retired.append(fd)

    def _work(self) -> None:
        me = threading.current_thread()
        while True:
            with self._wake:
                self._wake.wait(SYNC_EVERY_S)
                if self._thread is not me:
                    return
                retired, self._retired = self._retired, []
                writers = [writer for writer in self._writers if writer.unsynced]
            for fd in retired:
                _sync_quietly(fd)
                os.close(fd)
            for writer in writers:
                fd = writer._fd  # noqa: SLF001 - same module, same trade
                if fd >= 0:
                    writer.unsynced = False
                    _sync_quietly(fd)


def _sync_quietly(fd: int) -> None:
    # A failed background fsync has nobody to tell; the next append meets the same disk and says it.
    try:
        os.fsync(fd)
    except OSError:
        return


_syncer = _Syncer()


class Journals:
    """The journals of one store."""

    def __init__(self, root: Path) -> None:
        self._runs = root / "runs"

    def path(self, run_id: str) -> Path:
        """Where a run's journal lies.

        Raises:
            UsageError: Not a run id; nothing else ever reaches a path.
        """
        if not is_run_id(run_id):
            raise UsageError(f"{run_id[:60]!r} is not a run id", hint="`mlops-nb runs list` shows the ids")
        return self._runs / run_id / "journal.jsonl"

    def create(self, run_id: str) -> JournalWriter:
        """Open the journal of a new run.

        Raises:
            FileExistsError: The id is taken.
            StoreError: The place cannot be written.
        """
        path = self.path(run_id)
        with explained("write", path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        return JournalWriter(path)

    def list_ids(self) -> list[str]:
        """Every run id that has a folder, oldest first. A listing: for rebuilding only."""
        try:
            return sorted(place.name for place in self._runs.iterdir() if is_run_id(place.name))
        except FileNotFoundError:
            return []

    def read_bytes(self, run_id: str, offset: int = 0) -> bytes:
        """The whole lines from `offset` on; a torn last line is left out.

        Raises:
            NotFoundError: There is no such run.
            StoreError: The file cannot be read.
        """
        path = self.path(run_id)
        try:
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            raise NotFoundError(f"run {run_id} has no journal", hint="`mlops-nb runs list` shows the runs") from None
        except OSError as fault:
            raise store_error("read", path, fault) from fault
        return data[: data.rfind(b"\n") + 1]

    def read(self, run_id: str) -> list[Line]:
        """All records of a run, in order. See `decode_lines` for what is left out."""
        return list(decode_lines(self.read_bytes(run_id)))


def decode_lines(data: bytes, damaged: list[bytes] | None = None) -> Iterator[Line]:
    """Decode journal bytes.

    Records of unknown types (a newer version's) are skipped; so are lines that are no record, as a write that
    failed half-way leaves them: they were never acknowledged. `damaged` collects the latter for who asks.
    """
    try:
        # Nearly every journal is whole: all of it in one go, and with care only where that fails.
        return iter(decode_all_lines(data))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_with_care(data, damaged)


def _decode_with_care(data: bytes, damaged: list[bytes] | None) -> Iterator[Line]:
    for raw in data.split(b"\n"):
        if not raw:
            continue
        try:
            yield decode_line(raw)
        except UnknownLineError:
            continue
        except (msgspec.DecodeError, UnicodeDecodeError):
            if damaged is not None:
                damaged.append(raw)
