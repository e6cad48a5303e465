"""How a look at a whole store is shown: progress, and one paragraph a finding. Used by `audit` and `store`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import click

from mlops_nb.cli.colors import paint
from mlops_nb.cli.tables import console
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.lineage.findings import Finding

PATIENCE_S = 1.0
"""How long a look goes on before it shows its progress."""


def print_findings(findings: Iterable[Finding]) -> None:
    """Print what is wrong, who relies on it, and what to do."""
    for one in findings:
        click.echo()
        sign = paint("! ", "yellow") if one.sort in {"leftover", "index"} else paint("✗ ", "red")
        click.echo(sign + text.printable(f"{one.place} {one.problem}"))
        if one.affects:
            more = f" and {len(one.affects) - 5} more" if len(one.affects) > 5 else ""
            click.echo(text.printable(f"  affects: {', '.join(one.affects[:5])}{more}"))
        click.echo(text.printable(f"  what to do: {one.remedy}"))


def counted(number: int, one: str, many: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{text.number(number)} {one if number == 1 else many}"


class PatientBar:
    """A bar on stderr, once it has taken a while and if somebody is looking."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._began = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int) -> None:
        """Show how far it is."""
        if self._bar is None:
            if time.monotonic() - self._began < PATIENCE_S or not sys.stderr.isatty():
                return
            from rich.progress import Progress

            self._bar = Progress(console=console(err=True), transient=True)
            self._task = self._bar.add_task(self._doing)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)
