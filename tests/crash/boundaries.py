"""Where a process writes, found by looking on, and a way to die there.

`watch` stands between this process and the system: every call that changes something below the watched folders is a
boundary, numbered in the order in which they come. Nothing in the package knows of it. The index's own writes are made
by SQLite, out of sight: there each statement that is no SELECT is a boundary.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple, Self

WRITING = os.O_WRONLY | os.O_RDWR
MODES = ("before", "half", "after")
FEWER_MODES = ("before", "half")
"""What is left after a boundary is what is left before the next one: only what was told in between differs."""


class Cut(NamedTuple):
    """Where to die: before the n-th boundary, after it, or with half of its bytes written."""

    number: int
    mode: str


class _Watch:
    def __init__(self, folders: tuple[str, ...], cut: Cut | None) -> None:
        self.folders = folders
        self.cut = cut
        self.seen: list[str] = []

    def concerns(self, place: Any) -> bool:
        if isinstance(place, int):
            try:
                place = os.readlink(f"/proc/self/fd/{place}")  # noqa: PTH115 - no file, a name
            except OSError:
                return False
        return os.fspath(place).startswith(self.folders)

    def pass_by(self, what: str, do: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        self.seen.append(what + (" (bytes)" if half else ""))
        mode = self.cut.mode if self.cut is not None and self.cut.number == len(self.seen) else ""
        if mode == "half" and half is not None:
            half()
        if mode in {"before", "half"}:
            _die()
        try:
            return do()
        finally:  # a call that fails has been made too
            if mode == "after":
                _die()


class _File:
    """A file that is written to."""

    def __init__(self, file: Any, watch: _Watch) -> None:
        self._file = file
        self._watch = watch

    def write(self, data: Any) -> int:
        return self._watch.pass_by(
            "file.write", lambda: self._file.write(data), lambda: self._file.write(data[: len(data) // 2])
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _short(sql: str) -> str:
    return sql.partition("(")[0].strip()[:40]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(folders: tuple[str, ...], cut: Cut | None = None) -> list[str]:
    """Look on from now; returns the list that the boundaries are noted in."""
    one = _Watch(folders, cut)
    for name in ("link", "unlink", "mkdir", "ftruncate", "truncate", "replace", "rename", "rmdir", "remove"):
        _stand_before_call(one, name)
    _stand_before_open(one)
    _stand_before_write(one)
    _stand_before_sql(one)
    return one.seen


def _stand_before_call(one: _Watch, name: str) -> None:
    real = getattr(os, name)

    def call(place: Any, *args: Any, **more: Any) -> Any:
        if not one.concerns(place):
            return real(place, *args, **more)
        return one.pass_by(f"os.{name}", lambda: real(place, *args, **more))

    setattr(os, name, call)


def _stand_before_open(one: _Watch) -> None:
    real_os_open, real_open = os.open, builtins.open

    def os_open(place: Any, flags: int, *args: Any, **more: Any) -> int:
        if not flags & WRITING or not one.concerns(place):
            return real_os_open(place, flags, *args, **more)
        return one.pass_by("os.open", lambda: real_os_open(place, flags, *args, **more))

    def open_(place: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if not set(mode) & set("wxa+") or isinstance(place, int) or not one.concerns(place):
            return real_open(place, mode, *args, **more)
        return _File(one.pass_by("open", lambda: real_open(place, mode, *args, **more)), one)

    os.open = os_open
    builtins.open = io.open = open_


def _stand_before_write(one: _Watch) -> None:
    real = os.write

    def write(fd: int, data: Any) -> int:
        if not one.concerns(fd):
            return real(fd, data)
        return one.pass_by("os.write", lambda: real(fd, data), lambda: real(fd, data[: len(data) // 2]))

    os.write = write


def _stand_before_sql(one: _Watch) -> None:
    real = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> Any:
            if sql.lstrip().upper().startswith("SELECT"):
                return super().execute(sql, *args)
            return one.pass_by(_short(sql), lambda: super(Connection, self).execute(sql, *args))

        def executemany(self, sql: str, *args: Any) -> Any:
            return one.pass_by(_short(sql), lambda: super(Connection, self).executemany(sql, *args))

    def connect(*args: Any, **more: Any) -> sqlite3.Connection:
        return one.pass_by("sqlite3.connect", lambda: real(*args, factory=Connection, **more))

    sqlite3.connect = connect
