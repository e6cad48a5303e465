"""How answers look: tables and lists of facts.

On a terminal rich sets them in the width there is; into a pipe or file goes plain text, nothing cut off. All that came
out of a store is text: no markup in it is followed, no control character reaches the terminal.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import click

from mlops_nb.cli.colors import paint
from mlops_nb.records.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_UNLIMITED = 1_000_000
_GAP = 2
"""Spaces between columns."""

_SHORTEST = 8
"""No column is shortened below so many characters."""

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
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Collection[int] = (), spare: Sequence[int] = ()
) -> None:
    """Print rows under headers.

    Args:
        headers: The columns' names. The first column is never shortened.
        rows: Texts, one a column.
        numeric: Columns that are set to the right and never shortened.
        spare: Columns that a narrow terminal may do without, the first of them first.
    """
    lines = [[_text(value) for value in line] for line in (headers, *rows)]
    widths = {at: max(line[at].cell_len for line in lines) for at in range(len(headers))}
    left_out: list[str] = []
    if sys.stdout.isatty():
        left_out = [headers[at] for at in _fit(widths, console().width, spare, fixed={0, *numeric})]
    table = _table(show_header=True)
    for at, width in widths.items():
        justify: Literal["left", "right"] = "right" if at in numeric else "left"
        table.add_column(lines[0][at], justify=justify, no_wrap=True, overflow="ellipsis", width=width)
    for line in lines[1:]:
        table.add_row(*(line[at] for at in widths))
    _print(table)
    if left_out:
        click.echo(f"\nno room for {', '.join(map(printable, left_out))}: make the terminal wider, or add `| cat`")


def _fit(widths: dict[int, int], room: int, spare: Sequence[int], fixed: Collection[int]) -> list[int]:
    """Make columns fit: leave out those that can be spared, then shorten the widest. Returns those left out."""
    left_out: list[int] = []

    def excess() -> int:
        return sum(widths.values()) + _GAP * len(widths) - room

    for at in spare:
        if excess() <= 0:
            break
        del widths[at]
        left_out.append(at)
    while (over := excess()) > 0 and (long := [at for at in widths if at not in fixed and widths[at] > _SHORTEST]):
        widest = max(long, key=lambda at: widths[at])
        widths[widest] = max(_SHORTEST, widths[widest] - max(1, over // len(long)))
    return sorted(left_out)


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
        click.echo(f"\n{paint(title, bold=True)}\n{printable(body.rstrip())}")


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

    return Table(box=None, show_header=show_header, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))


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
