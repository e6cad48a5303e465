"""The tail of what a run prints.

The tap takes the place of the `write` method of the streams in `sys.stdout` and `sys.stderr`, on the instances, while
at least one run is open. The streams themselves stay where they are: their type, `fileno`, `isatty` and whatever a
front end keeps on them go on working, and a logging handler that was given the stream long ago is heard too.

Whose text it is, a context variable says: threads and tasks keep apart as their contexts do. (A plain
`threading.Thread` starts with an empty context, so its text passes through without being kept; so does what C code
writes to the file descriptor.) Does not know runs; called by whoever opens and closes them.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar

MAX_CHARACTERS = 64 * 1024


class Tail:
    """The last `limit` characters of a text that only grows.

    A carriage return starts its line anew, so a progress bar leaves its last state only (whole lines are replaced,
    where a terminal would keep what sticks out). Writing costs a constant time, amortised; memory is twice the limit.
    """

    def __init__(self, limit: int = MAX_CHARACTERS) -> None:
        self._limit = limit
        self._pieces: list[str] = []
        self._length = 0
        self._dropped = 0
        self._rewind = False  # a carriage return was the last character: what comes next replaces the line
        # Reentrant, for a signal handler may print in the middle of a write.
        self._lock = threading.RLock()

    def write(self, text: str) -> None:
        """Add a text."""
        if not text:
            return
        with self._lock:
            if self._rewind or "\r" in text:
                self._write_rewinding(text)
            else:
                self._append(text)

    def read(self) -> tuple[str, int]:
        """The tail, and how many characters came before it (those that a carriage return replaced not counted)."""
        with self._lock:
            self._trim()
            return "".join(self._pieces), self._dropped

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
        if self._length > 2 * self._limit:
            self._trim()

    def _trim(self) -> None:
        excess = self._length - self._limit
        if excess > 0:
            self._pieces = ["".join(self._pieces)[excess:]]
            self._length = self._limit
            self._dropped += excess

    def _write_rewinding(self, text: str) -> None:
        if len(text) > 4 * self._limit:  # one huge text: only its end can matter
            cut = len(text) - 4 * self._limit
            self._dropped += cut
            text = text[cut:]
        first, *rest = text.split("\r")
        if first:
            self._put_after_return(first)
        for piece in rest:
            self._rewind = True
            if piece:
                self._put_after_return(piece)

    def _put_after_return(self, text: str) -> None:
        if self._rewind and not text.startswith("\n"):
            self._erase_line()
        self._rewind = False
        self._append(text)

    def _erase_line(self) -> None:
        """Take back all behind the last line break. Every piece is taken back once at most."""
        while self._pieces:
            piece = self._pieces.pop()
            self._length -= len(piece)
            if end := piece.rfind("\n") + 1:
                self._append(piece[:end])
                return


class HasTail(Protocol):
    """What the context variable holds: anything with a tail, or with None to keep no text."""

    @property
    def tail(self) -> Tail | None:
        """Where its text goes."""


RunT = TypeVar("RunT", bound=HasTail)


class OutputTap(Generic[RunT]):
    """Listens to `sys.stdout` and `sys.stderr` while it is open.

    Args:
        current: The context variable that says which run is current. The caller sets it.
    """

    def __init__(self, current: ContextVar[RunT | None]) -> None:
        self._current = current
        self._lock = threading.Lock()
        self._open = 0
        self._tapped: list[_Tapped[RunT]] = []
        if hasattr(os, "register_at_fork"):
            # A forked child's text cannot reach its parent's run, and another thread may have held a tail's lock.
            os.register_at_fork(after_in_child=self._drop)

    def open(self) -> None:
        """One more run is open; the first puts the tap in. A stream that takes no attribute is left alone."""
        with self._lock:
            self._open += 1
            if self._open > 1:
                return
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and all(stream is not tapped.stream for tapped in self._tapped):
                    tapped = _Tapped(stream, self._current)
                    if tapped.put_in():
                        self._tapped.append(tapped)

    def close(self) -> None:
        """One run less is open; the last takes the tap out. A `write` that somebody put over ours stays."""
        with self._lock:
            if self._open == 0:
                return
            self._open -= 1
            if self._open == 0:
                self._take_out()

    def _take_out(self) -> None:
        for tapped in self._tapped:
            tapped.take_out()
        self._tapped.clear()

    def _drop(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._take_out()


class _Tapped(Generic[RunT]):
    """One stream whose `write` is ours for a while."""

    def __init__(self, stream: Any, current: ContextVar[RunT | None]) -> None:
        self.stream = stream
        self.before = getattr(stream, "__dict__", {}).get("write")
        self.state = [True]
        self.write = _listening(stream.write, current.get, self.state)

    def put_in(self) -> bool:
        try:
            self.stream.write = self.write
        except (AttributeError, TypeError):
            return False
        return True

    def take_out(self) -> None:
        self.state[0] = False  # somebody may have kept our function: from now on it only passes through
        if getattr(self.stream, "__dict__", {}).get("write") is not self.write:
            return
        if self.before is None:
            del self.stream.write
        else:
            self.stream.write = self.before


def _listening(
    write: Callable[[str], Any], find_current: Callable[[], HasTail | None], state: list[bool]
) -> Callable[[str], Any]:
    def listening_write(text: str) -> Any:
        written = write(text)
        # Local names only: this runs on every print.
        if state[0] and (run := find_current()) is not None and (tail := run.tail) is not None:
            tail.write(text)
        return written

    return listening_write
