"""`mlops-nb index`: the derived index."""

from __future__ import annotations

import time

import click

from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.program import Group
from mlops_nb.cli.tables import teach
from mlops_nb.records import text


@click.group(cls=Group)
def index() -> None:
    """The derived index that lists read: make it anew."""


@index.command(epilog=examples("mlops-nb index rebuild"))
@json_option
@store_option
def rebuild(as_json: bool) -> None:
    """Throw the index away and make it anew from ledger and journals."""
    from mlops_nb import lineage

    store = the_store()
    if store.format is None:
        if as_json:
            print_json({"runs": 0, "snapshots": 0, "models": 0, "entries": 0, "path": None})
        else:
            teach(f"nothing is recorded in {store.root} yet", "there is nothing to index")
        return
    began = time.monotonic()
    head = store.index.rebuild()
    counts = {
        "runs": len(lineage.list_runs(store)),
        "snapshots": len(lineage.list_snapshots(store)),
        "models": len(lineage.list_models(store)),
        "entries": head.number,
    }
    if as_json:
        print_json({**counts, "path": str(store.index.path)})
        return
    told = f"{counts['runs']} runs, {counts['snapshots']} snapshots, {counts['models']} model versions"
    took = text.duration(time.monotonic() - began)
    click.echo(text.printable(f"indexed {told} from {head.number} ledger entries in {took}\n{store.index.path}"))
