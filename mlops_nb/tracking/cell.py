"""The cell that is being executed, for runs that are opened in the middle of it (`with mb.track():` in a notebook).

The shell's hooks say it, per thread: subshells execute beside the main one. Outside of a notebook nobody says it.
"""

from __future__ import annotations

import threading

import msgspec


class Cell(msgspec.Struct, frozen=True):
    """A cell as it was sent: its source, and its id where the front end gives one."""

    source: str
    id: str = ""


class _Executing(threading.local):
    cell: Cell | None = None


_executing = _Executing()


def set_cell(cell: Cell | None) -> None:
    """Say which cell this thread executes from now on."""
    _executing.cell = cell


def find_cell() -> Cell | None:
    """The cell that this thread executes, if it does and the extension is loaded."""
    return _executing.cell
