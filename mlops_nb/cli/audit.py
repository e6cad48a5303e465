"""`mlops-nb audit`: prove that nothing in the history was altered or removed."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from mlops_nb._ids import short_id
from mlops_nb.cli import exits
from mlops_nb.cli.colors import paint
from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.program import Group
from mlops_nb.cli.progress import LateBar
from mlops_nb.cli.tables import teach
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.lineage.audit import AuditReport


@click.group(cls=Group)
def audit() -> None:
    """The record itself: verify that it is whole."""


@audit.command(epilog=examples("mlops-nb audit verify", "mlops-nb audit verify --json"))
@json_option
@store_option
def verify(as_json: bool) -> None:
    """Verify the ledger's chain, every sealed journal and every object that is needed, byte by byte.

    Exit code 1 if anything is damaged or missing. Changes nothing.
    """
    from mlops_nb.lineage.audit import audit_store
    from mlops_nb.records.wire import to_plain

    store = the_store()
    began = time.monotonic()
    with LateBar("verifying") as progress:
        report = audit_store(store, progress.show)
    took = time.monotonic() - began
    if as_json:
        print_json({"sound": report.sound, **to_plain(report), "duration_s": round(took, 3)})
    elif report.entries or report.findings or report.live:
        _print_report(report, took)
    else:
        teach(f"nothing is recorded in {store.root} yet", "there is nothing to verify")
    if not report.sound:
        sys.exit(exits.FAILED)


def _print_report(report: AuditReport, took: float) -> None:
    click.echo(
        f"checked {_count(report.entries, 'ledger entry', 'ledger entries')}, "
        f"{_count(report.journals, 'sealed journal', 'sealed journals')}, "
        f"{_count(report.objects, 'object', 'objects')} ({text.size(report.object_bytes)}) in {text.duration(took)}"
    )
    if report.live:
        names = ", ".join(map(short_id, report.live[:8])) + (", ..." if len(report.live) > 8 else "")
        click.echo(f"not sealed yet: {_count(len(report.live), 'run', 'runs')} ({names}); that is no damage")
    for one in report.findings:
        click.echo()
        click.echo(paint("✗ ", "red") + text.printable(f"{one.place} {one.problem}"))
        if one.affects:
            more = f" and {len(one.affects) - 5} more" if len(one.affects) > 5 else ""
            click.echo(text.printable(f"  affects: {', '.join(one.affects[:5])}{more}"))
        click.echo(text.printable(f"  what to do: {one.remedy}"))
    if report.sound:
        click.echo(paint("✓ ", "green") + "nothing was altered or removed")
    else:
        click.echo(f"\n{_count(len(report.findings), 'damage', 'damages')} found")


def _count(number: int, one: str, many: str) -> str:
    return f"{text.number(number)} {one if number == 1 else many}"
