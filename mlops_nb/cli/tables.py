"""How answers look: tables and lists of facts.

On a terminal rich sets them in the width there is; into a pipe or file goes plain text, nothing cut off. All that came
out of a store is text: no markup in it is followed, no control character reaches the terminal.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from mlops_nb.records.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_UNLIMITED = 1_000_000
_STYLES = {
    "●": "cyan",
    "✓": "green",
    "✗": "red",
    "■": "yellow",
    "!": "red",
    "≠": "yellow",
}
"""Colours by the sign that a cell begins with. No meaning is in a colour alone."""


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Collection[int] = (), whole: Collection[int] = ()
) -> None:
    """Print rows under headers.

    Args:
        headers: The columns' names.
        rows: Texts, one a column.
        numeric: Columns that are set to the right.
        whole: Columns that are never shortened, however narrow the terminal.
    """
    table = _table(show_header=True)
    for at, header in enumerate(headers):
        widest = max((len(row[at]) for row in rows), default=0)
        table.add_column(
            _text(header),
            justify="right" if at in numeric else "left",
            no_wrap=at in whole or at in numeric,
            overflow="ellipsis",
            min_width=widest if at in whole else None,
        )
    for row in rows:
        table.add_row(*map(_text, row))
    _print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one a line; those without a value are left out."""
    table = _table(show_header=False)
    table.add_column(style="dim" if sys.stdout.isatty() else "", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(_text(name), _text(value))
    if table.row_count:
        _print(table)


def print_block(title: str, body: str) -> None:
    """Print a longer text under its title."""
    if body.strip():
        click.echo(f"\n{click.style(title, bold=True)}\n{printable(body.rstrip())}")


def teach(what: str, how: str) -> None:
    """Say that there is nothing yet, and the first step."""
    click.echo(f"{what}: {how}")


def console(*, err: bool = False) -> Console:
    """A rich console on the stream as it is now."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _UNLIMITED
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def _table(*, show_header: bool) -> Table:
    from rich.table import Table

    return Table(box=None, show_header=show_header, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))


def _text(value: str) -> Text:
    from rich.text import Text

    shown = printable(" ".join(value.split()))
    return Text(shown, style=_STYLES.get(shown[:1], "") if shown[1:2] in {"", " "} else "")


def _print(table: Table) -> None:
    if sys.stdout.isatty():
        console().print(table)
        return
    from rich.console import Console

    buffer = io.StringIO()
    Console(file=buffer, width=_UNLIMITED, color_system=None, highlight=False).print(table)
    click.echo("\n".join(line.rstrip() for line in buffer.getvalue().splitlines()))
