"""`mlops-nb audit`: who did what, and the proof that nothing in the history was altered or removed."""

from __future__ import annotations

import sys
import time
from pathlib import PurePath
from typing import TYPE_CHECKING

import click

from mlops_nb._ids import short_id
from mlops_nb.cli import exits, suggestions
from mlops_nb.cli.colors import paint
from mlops_nb.cli.findings import counted, print_findings
from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.program import Group
from mlops_nb.cli.progress import LateBar
from mlops_nb.cli.tables import print_table, teach
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.lineage.findings import AuditReport
    from mlops_nb.lineage.history import Change


@click.group(cls=Group)
def audit() -> None:
    """The record itself: who did what, and the proof that it is whole."""


@audit.command(epilog=examples("mlops-nb audit log", "mlops-nb audit log --model delays -n 5 --json"))
@click.option("--dataset", metavar="NAME", default="", help="Only what concerns this dataset.")
@click.option("--model", metavar="NAME", default="", help="Only what concerns this model.")
@click.option("--run", metavar="RUN", default="", shell_complete=suggestions.runs, help="Only what this run did.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@json_option
@store_option
def log(dataset: str, model: str, run: str, limit: int, as_json: bool) -> None:
    """List who did what, when and from which code, newest first."""
    from mlops_nb import lineage
    from mlops_nb.lineage.history import list_changes

    store = the_store()
    if dataset:
        lineage.list_snapshots(store, dataset)  # names what there is, if that is not
    if model:
        lineage.list_models(store, model)
    run_id = lineage.get_run(store, run).id if run else ""
    found = list_changes(store, dataset=dataset, model=model, run_id=run_id, limit=limit)
    if as_json:
        print_json(found)
    elif found:
        _print_changes(found)
        if len(found) == limit and sys.stdout.isatty():
            click.echo(f"\nthe newest {limit}; -n shows more")
    elif dataset or model or run:
        teach("no entry fits", "`mlops-nb audit log` shows all")
    else:
        teach(f"nothing is recorded in {store.root} yet", "put %%track on top of a cell and run it")


def _print_changes(changes: list[Change]) -> None:
    rows = [
        [
            str(one.number),
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at)) if one.at else "–",
            f"{one.user}@{one.host}" if one.host else one.user,
            f"✗ {one.problem}" if one.problem and not one.about else one.about,
            PurePath(one.notebook).name,
            one.commit[:8] + ("+" if one.dirty else ""),
            one.message,
        ]
        for one in changes
    ]
    print_table(["entry", "when", "who", "what", "notebook", "commit", "message"], rows, numeric={0}, spare=(6, 4))


@audit.command(epilog=examples("mlops-nb audit verify", "mlops-nb audit verify --against DIGEST --json"))
@click.option("--against", metavar="DIGEST", default="", help="The digest of the head, as it was noted elsewhere.")
@json_option
@store_option
def verify(against: str, as_json: bool) -> None:
    """Verify the ledger's chain, every sealed journal and every object that is needed, byte by byte.

    Prints the number and digest of the newest entry, the head. Note the digest where nobody can change it: given
    back with --against, it proves that the history up to there is still what it was, even against one who could
    rewrite the whole store.

    Exit code 1 if anything is damaged or missing. Changes nothing.
    """
    from mlops_nb.lineage.audit import audit_store
    from mlops_nb.records.wire import to_plain

    store = the_store()
    began = time.monotonic()
    with LateBar("verifying") as progress:
        report = audit_store(store, progress.show, against.strip().lower())
    took = time.monotonic() - began
    if as_json:
        print_json({"sound": report.sound, **to_plain(report), "duration_s": round(took, 3)})
    elif against or report.entries or report.findings or report.live:
        _print_report(report, took, against)
    else:
        teach(f"nothing is recorded in {store.root} yet", "there is nothing to verify")
    if not report.sound:
        sys.exit(exits.FAILED)


def _print_report(report: AuditReport, took: float, against: str) -> None:
    click.echo(
        f"checked {counted(report.entries, 'ledger entry', 'ledger entries')}, "
        f"{counted(report.journals, 'sealed journal', 'sealed journals')}, "
        f"{counted(report.objects, 'object', 'objects')} ({text.size(report.object_bytes)}) in {text.duration(took)}"
    )
    if report.head:
        click.echo(f"head: entry {report.entries}, digest {report.head}")
    if report.live:
        names = ", ".join(map(short_id, report.live[:8])) + (", ..." if len(report.live) > 8 else "")
        click.echo(f"not sealed yet: {counted(len(report.live), 'run', 'runs')} ({names}); that is no damage")
    print_findings(report.findings)
    if report.sound:
        since = f", and entry {report.against} still has the digest that was noted" if against else ""
        click.echo(paint("✓ ", "green") + "nothing was altered or removed" + since)
    else:
        click.echo(f"\n{counted(len(report.findings), 'damage', 'damages')} found")
