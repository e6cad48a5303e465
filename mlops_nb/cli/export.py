"""`mlops-nb export`: everything, in files that other tools read."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mlops_nb._ids import short_id
from mlops_nb.cli import exits
from mlops_nb.cli.files import file_errors
from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.progress import LateBar
from mlops_nb.cli.tables import print_table, teach
from mlops_nb.errors import UsageError
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.lineage.export import ExportReport, Format

_FORMATS = ("parquet", "csv", "jsonl")


@click.command(epilog=examples("mlops-nb export --to parquet all", "mlops-nb export --to csv all --overwrite --json"))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", type=click.Choice(_FORMATS), default="parquet", show_default=True, help="The files' format.")
@click.option("--overwrite", is_flag=True, help="Replace the files if they are there.")
@json_option
@store_option
def export(folder: Path, to: str, overwrite: bool, as_json: bool) -> None:
    """Write everything that is recorded to files in DIR.

    One file each for runs, params, metrics, points (the whole metric histories), tags, snapshots, models, ledger. Data
    and models themselves stay in the store; `mlops-nb data export` writes a dataset version. Exit code 1 if the journal
    of a run cannot be read.
    """
    from mlops_nb.lineage.export import ExportReport, export_store

    store = the_store()
    if store.format is None:
        if as_json:
            print_json(ExportReport(files=()))
        else:
            teach(f"nothing is recorded in {store.root} yet", "there is nothing to export")
        return
    target = folder.expanduser()
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file", hint="name a folder; it is made if it is not there")
    began = time.monotonic()
    with file_errors(target), LateBar("exporting") as progress:
        target.mkdir(parents=True, exist_ok=True)
        report = export_store(store, target, cast("Format", to), overwrite=overwrite, on_progress=progress.show)
    if as_json:
        print_json(report)
    else:
        _print_report(report, time.monotonic() - began)
    if report.unread:
        sys.exit(exits.FAILED)


def _print_report(report: ExportReport, took: float) -> None:
    rows = [(one.table, text.number(one.rows), text.size(one.size_bytes), one.path) for one in report.files]
    print_table(("table", "rows", "size", "file"), rows, numeric=(1, 2))
    click.echo(f"\nexported in {text.duration(took)}")
    if report.unread:
        names = ", ".join(map(short_id, report.unread[:8])) + (", ..." if len(report.unread) > 8 else "")
        click.echo(f"points are missing of runs whose journal cannot be read: {names}; see `mlops-nb audit verify`")
