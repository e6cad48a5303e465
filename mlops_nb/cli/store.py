"""`mlops-nb store`: find damage in the store, and mend it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlops_nb.cli import exits
from mlops_nb.cli.colors import paint
from mlops_nb.cli.findings import counted, print_findings
from mlops_nb.cli.options import chosen_store, examples, json_option, print_json, store_option
from mlops_nb.cli.program import Group
from mlops_nb.cli.progress import LateBar
from mlops_nb.cli.tables import teach
from mlops_nb.records.text import printable

if TYPE_CHECKING:
    from mlops_nb.lineage.findings import Finding
    from mlops_nb.lineage.repair import Repair
    from mlops_nb.lineage.steps import Step
    from mlops_nb.records.ledger import Mending
    from mlops_nb.store import Store


@click.group(cls=Group)
def store() -> None:
    """The files of the store: find damage, and mend it."""


@store.command(epilog=examples("mlops-nb store verify", "mlops-nb store verify --json"))
@json_option
@store_option
def verify(as_json: bool) -> None:
    """Find damage in every file: history, objects, markers, the index, and what dead processes left behind.

    Exit code 1 if there is any; what an earlier repair could not get back is told, but counts no more. Changes nothing.
    """
    from mlops_nb.lineage.inspection import verify_store
    from mlops_nb.records.wire import to_plain

    place = _open()
    with LateBar("verifying") as progress:
        report = verify_store(place, progress.show)
    if as_json:
        print_json({"mendable": report.mendable, **to_plain(report)})
    elif report.entries or report.findings or report.live:
        checked = (
            counted(report.entries, "ledger entry", "ledger entries"),
            counted(report.journals, "sealed journal", "sealed journals"),
            counted(report.objects, "object", "objects"),
        )
        click.echo(f"checked {', '.join(checked)}, markers, leftovers and the index")
        print_findings(report.findings)
        if not report.mendable:
            click.echo(paint("✓ ", "green") + "no damage" + (" but what is lost for good" if report.findings else ""))
        else:
            click.echo(f"\n{counted(len(report.findings), 'finding', 'findings')}; mend with `mlops-nb store repair`")
    else:
        teach(f"nothing is recorded in {place.root} yet", "there is nothing to verify")
    if report.mendable:
        sys.exit(exits.FAILED)


@store.command(epilog=examples("mlops-nb store repair", "mlops-nb store repair --yes"))
@click.option("--yes", is_flag=True, help="Do it. Without this, only say what would be done.")
@json_option
@store_option
def repair(yes: bool, as_json: bool) -> None:
    """Mend what the other copies allow, and put the rest into quarantine. Deletes nothing.

    Says what it would do; with --yes it does that. Runs may go on meanwhile. What was replaced or moved lies in
    the store's folder `quarantine`, and what was done is an entry in the ledger (`mlops-nb audit log`).

    Exit code 1 if something cannot be mended, or was not.
    """
    from mlops_nb.lineage.repair import plan_repair, repair_store

    place = _open()
    if not yes:
        plan = plan_repair(place)
        if as_json:
            print_json({"dry_run": True, "steps": [one.told() for one in plan.steps], "hopeless": plan.hopeless})
        else:
            _print_plan(plan.steps, plan.hopeless)
        sys.exit(exits.FAILED if plan.hopeless else exits.OK)
    result = repair_store(place)
    hopeless = plan_repair(place).hopeless
    if as_json:
        print_json({"dry_run": False, **result._asdict(), "hopeless": hopeless})
    else:
        _print_result(result, hopeless)
    if result.failed or hopeless:
        sys.exit(exits.FAILED)


def _open() -> Store:
    """The store, its `format.json` damaged or not.

    Raises:
        NotFoundError: `--store` names a folder that is no store.
    """
    from mlops_nb.config import find_store
    from mlops_nb.errors import NotFoundError
    from mlops_nb.store import Store

    place = Store(find_store(chosen_store()))
    parts = ("format.json", "ledger", "runs")
    if chosen_store() and not any((place.root / part).exists() for part in parts):
        hint = "check the path; the first run makes a store"
        raise NotFoundError(f"there is no store at {place.root}", hint=hint, wanted=chosen_store())
    return place


def _print_plan(steps: list[Step], hopeless: list[Finding]) -> None:
    for step in steps:
        _print_mending(step.told(), "→ ")
    _print_hopeless(hopeless)
    if steps:
        click.echo(f"\n{counted(len(steps), 'step', 'steps')}; nothing was done: --yes does it")
    elif not hopeless:
        click.echo(paint("✓ ", "green") + "nothing to mend")


def _print_result(result: Repair, hopeless: list[Finding]) -> None:
    for one in result.done:
        _print_mending(one, paint("✓ ", "green"))
    for one in result.failed:
        _print_mending(one, paint("✗ ", "red"))
    _print_hopeless(hopeless)
    if result.done:
        kept = (
            f"\n{counted(len(result.done), 'step', 'steps')} done; what was replaced or moved is in {result.quarantine}"
        )
        click.echo(printable(kept))
    elif not (result.failed or hopeless):
        click.echo(paint("✓ ", "green") + "nothing to mend")


def _print_mending(one: Mending, sign: str) -> None:
    click.echo(sign + printable(f"{one.place} {one.problem}"))
    click.echo(printable(f"  {one.done}"))
    if one.lost:
        click.echo(printable(f"  lost for good: {one.lost}"))


def _print_hopeless(hopeless: list[Finding]) -> None:
    if hopeless:
        click.echo("\nnothing here can mend:")
        print_findings(hopeless)
