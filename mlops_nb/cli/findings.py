"""How a look at a whole store is shown: one paragraph a finding. Used by `audit` and `store`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from mlops_nb.cli.colors import paint
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.lineage.findings import Finding


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
