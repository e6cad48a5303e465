"""Progress on stderr.

Of a headless run: a bar with an ETA on a terminal, a line a cell otherwise. Of what else takes its time: a late bar.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import click

from mlops_nb.cli.tables import console
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.pipeline.progress import CellProgress

    OnProgress = Callable[[CellProgress], None]

PATIENCE_S = 1.0
"""How long something goes on before its bar comes."""


@contextmanager
def showing_progress(name: str, *, quiet: bool) -> Iterator[OnProgress | None]:
    """Show the progress of the run of a notebook while the block lasts; nothing when `quiet`."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(name) as on_progress:
            yield on_progress
    else:
        yield _Lines(name).show


@contextmanager
def _bar(name: str) -> Iterator[OnProgress]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("cell {task.fields[cell]}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(err=True), transient=True) as bar:
        task = bar.add_task(text.printable(name), total=None, cell=0)

        def show(seen: CellProgress) -> None:
            done = seen.index - (seen.state == "running")
            bar.update(task, total=seen.total, completed=done, cell=seen.index)

        yield show


class _Lines:
    def __init__(self, name: str) -> None:
        self._name = text.printable(name)
        self._began = time.monotonic()

    def show(self, seen: CellProgress) -> None:
        if seen.state == "running":
            self._began = time.monotonic()
            return
        took = text.duration(time.monotonic() - self._began)
        click.echo(f"{self._name}: cell {seen.index}/{seen.total} {seen.state} ({took})", err=True)


class LateBar:
    """A bar on stderr, once it has taken a while and if somebody is looking."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int) -> None:
        """Say how far it is."""
        if self._bar is None:
            if time.monotonic() - self._began < PATIENCE_S or not sys.stderr.isatty():
                return
            from rich.progress import Progress

            self._bar = Progress(console=console(err=True), transient=True)
            self._task = self._bar.add_task(self._what)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)
