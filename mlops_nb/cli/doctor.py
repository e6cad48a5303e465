"""`mlops-nb doctor`: is everything here that this needs, and what to do where it is not."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlops_nb.cli import exits
from mlops_nb.cli.colors import paint
from mlops_nb.cli.options import chosen_store, examples, json_option, print_json, store_option
from mlops_nb.records.text import printable

if TYPE_CHECKING:
    from mlops_nb.cli.checks import Check

SIGNS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@click.command(epilog=examples("mlops-nb doctor", "mlops-nb doctor --store /mnt/team/store --json"))
@json_option
@store_option
def doctor(as_json: bool) -> None:
    """Check store and installation, and say what to do.

    The folder is tried out with a race of two processes, in a hidden folder that is taken away again. Exit code 1 if
    anything failed.
    """
    from mlops_nb.cli.checks_install import check_installation
    from mlops_nb.cli.checks_store import check_store

    found = [*check_installation(), *check_store(chosen_store())]
    failed = [check for check in found if check.level == "fail"]
    if as_json:
        print_json({"well": not failed, "checks": found})
    else:
        _print(found)
    if failed:
        sys.exit(exits.FAILED)


def _print(found: Sequence[Check]) -> None:
    width = max(len(check.what) for check in found)
    for check in found:
        sign, color = SIGNS[check.level]
        line = printable(" ".join(check.found.split()))
        click.echo(f"{paint(sign, color)} {check.level:<4}  {check.what:<{width}}  {line}")
        if check.remedy:
            click.echo(f"{'':{width + 10}}what to do: {printable(check.remedy)}")
    bad, odd = (sum(check.level == level for check in found) for level in ("fail", "warn"))
    click.echo("\nall is well" if not bad + odd else f"\n{bad} failed, {odd} to look at")
