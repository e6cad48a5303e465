"""`mlops-nb data`: datasets and their versions, and a version as a file that other tools read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_nb.cli import suggestions
from mlops_nb.cli.deletion import deletion_options, tell_entries
from mlops_nb.cli.files import file_errors
from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.program import Group
from mlops_nb.cli.tables import print_facts, print_table, teach
from mlops_nb.errors import ConflictError, UsageError
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.records.data import Snapshot
from mlops_nb.records.rows import SNAPSHOT_HEADERS, SNAPSHOT_NUMERIC, snapshot_row


@click.group(cls=Group)
def data() -> None:
    """Datasets: list their versions, show one, export, delete or restore one.

    A version is named `flights@3`; `flights` alone means the newest.
    """


@data.command("list", epilog=examples("mlops-nb data list", "mlops-nb data list flights"))
@click.argument("name", required=False, shell_complete=suggestions.datasets)
@json_option
@store_option
def list_(name: str | None, as_json: bool) -> None:
    """List the versions of all datasets, or of NAME, newest first."""
    from mlops_nb.lineage import list_snapshots

    store = the_store()
    found = list_snapshots(store, name)
    if as_json:
        print_json(found)
        return
    if not found:
        teach(f"no snapshots in {store.root} yet", "%snapshot df --name flights in a notebook keeps the first")
        return
    print_snapshots(found)


@data.command(epilog=examples("mlops-nb data show flights@3", "mlops-nb data show flights --json"))
@click.argument("reference", metavar="REF", shell_complete=suggestions.datasets)
@json_option
@store_option
def show(reference: str, as_json: bool) -> None:
    """Show the version REF: its columns, its size, the run that made it."""
    from mlops_nb.lineage import get_snapshot
    from mlops_nb.records.wire import to_plain
    from mlops_nb.tracking.data import get_manifest

    store = the_store()
    one = get_snapshot(store, reference)
    manifest = get_manifest(store, one)
    columns = [column for column in manifest.columns if not column.index]
    if as_json:
        plain = [{"name": column.name, "type": column.type, "nulls": column.nulls} for column in columns]
        print_json({**to_plain(one), "python_type": manifest.python_type, "column_list": plain})
        return
    print_facts(
        [
            ("dataset", one.reference),
            ("message", one.message),
            ("rows", text.number(one.rows)),
            ("size", f"{text.size(one.logical_bytes)}, {text.size(one.stored_bytes)} newly stored"),
            ("taken", f"{text.moment(one.created_at)} UTC by {one.created_by}"),
            ("from", manifest.python_type),
            ("index", ", ".join(column.name or "unnamed" for column in manifest.columns if column.index)),
            ("run", one.run_id),
            ("digest", one.digest),
            ("load it", f'mb.load("{one.reference}")'),
        ]
    )
    click.echo()
    rows = [(column.name, column.type, text.number(column.nulls)) for column in columns]
    print_table(("column", "type", "nulls"), rows, numeric=(2,))


@data.command(
    epilog=examples("mlops-nb data export flights@3 flights.parquet", "mlops-nb data export flights f.csv --overwrite")
)
@click.argument("reference", metavar="REF", shell_complete=suggestions.datasets)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the file if there is one.")
@json_option
@store_option
def export(reference: str, path: Path, overwrite: bool, as_json: bool) -> None:
    """Write the version REF to PATH: .parquet, .feather, .csv, .json or .jsonl, by its suffix."""
    from mlops_nb import datasets
    from mlops_nb.lineage import get_snapshot
    from mlops_nb.tracking.data import StorePieces, get_manifest

    store = the_store()
    one = get_snapshot(store, reference)
    target = path.expanduser()
    if target.is_dir():
        raise UsageError(f"{target} is a folder", hint=f"name a file in it: {target / one.name}.parquet")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", hint=f"mkdir -p {target.parent}")
    if target.exists() and not overwrite:
        raise ConflictError(f"{target} exists", hint="--overwrite replaces it")
    with file_errors(target):
        datasets.export(get_manifest(store, one), target, pieces=StorePieces(store), overwrite=overwrite)
        size = target.stat().st_size
    if as_json:
        print_json({"reference": one.reference, "path": str(target.absolute()), "rows": one.rows, "size_bytes": size})
    else:
        rows, columns = text.number(one.rows), text.number(one.columns)
        click.echo(text.printable(f"{target}: {one.reference}, {rows} rows, {columns} columns, {text.size(size)}"))


@data.command(epilog=examples("mlops-nb data delete flights@2 -m 'holds personal data'"))
@click.argument("reference", metavar="REF", shell_complete=suggestions.datasets)
@deletion_options
@json_option
@store_option
def delete(reference: str, reason: str, force: bool, as_json: bool) -> None:
    """Delete the version REF from every list. `data restore` undoes it until `gc` frees the bytes.

    A version that a registered model was made with is refused without --force. Its number is never used again.
    """
    from mlops_nb.retention import delete_snapshot

    tell_entries([delete_snapshot(the_store(), reference, reason, force=force)], as_json=as_json)


@data.command(epilog=examples("mlops-nb data restore flights@2"))
@click.argument("reference", metavar="REF")
@json_option
@store_option
def restore(reference: str, as_json: bool) -> None:
    """Bring the deleted version REF back, as long as no `gc` freed its bytes."""
    from mlops_nb.retention import restore_snapshot

    tell_entries([restore_snapshot(the_store(), reference)], as_json=as_json)


def print_snapshots(found: Sequence[Snapshot]) -> None:
    """A table of snapshots."""
    rows = [snapshot_row(one) for one in found]
    print_table(SNAPSHOT_HEADERS, rows, numeric=SNAPSHOT_NUMERIC, spare=(6, 4, 2))
