"""`mlops-nb runs`: list them, one whole, several side by side; delete and restore them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_nb._ids import short_id
from mlops_nb.cli import suggestions
from mlops_nb.cli.deletion import deletion_options, tell_entries
from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.program import Group
from mlops_nb.cli.run_tables import list_facts, print_comparison, print_runs
from mlops_nb.cli.tables import print_block, print_facts, teach
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.records.runs import Run, RunDetails
    from mlops_nb.store import Store

_WHERE_HELP = (
    "Only runs that fit, e.g. 'metrics.auc > 0.8 and params.lr = 0.1'. Fields: metrics.K, params.K, tags.K, status, "
    "experiment, name, notebook, started (UTC), duration (s). Operators: = != < <= > >= and ~ (contains); and, or, "
    'not, parentheses. Words with spaces or signs are quoted, keys too: metrics."val auc".'
)
STATUSES = ("running", "completed", "failed", "interrupted", "crashed")


@click.group(cls=Group)
def runs() -> None:
    """Runs: list them, show one, compare several, delete and restore.

    A run is named by its id, a unique beginning of it, or its last six characters.
    """


@runs.command(
    "list",
    epilog=examples(
        "mlops-nb runs list",
        "mlops-nb runs list --experiment delays --status failed",
        'mlops-nb runs list --where "metrics.auc > 0.8 and params.lr = 0.1" --order -metrics.auc',
        "mlops-nb runs list --where 'not (tags.stage = draft or name ~ \"first try\")' --order duration",
    ),
)
@click.option("--experiment", metavar="NAME", shell_complete=suggestions.experiments, help="Only of this experiment.")
@click.option("--status", type=click.Choice(STATUSES), help="Only with this status.")
@click.option("--notebook", metavar="PATH", help="Only of this notebook; its file name will do.")
@click.option("--where", metavar="QUERY", default="", help=_WHERE_HELP)
@click.option("--order", metavar="FIELDS", default="", help="By these fields, e.g. -metrics.auc: the greatest first.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@json_option
@store_option
def list_(notebook: str | None, limit: int, as_json: bool, **filters: Any) -> None:
    """List the newest runs, or the first ones in another order."""
    from mlops_nb import lineage

    store = the_store()
    if notebook:
        notebook = _resolve_notebook(store, notebook)
    found = lineage.list_runs(store, notebook=notebook, limit=limit, **filters)
    if as_json:
        print_json(found)
    elif found:
        print_runs(found)
        if len(found) == limit and sys.stdout.isatty():
            click.echo(f"\nthe {'first' if filters['order'] else 'newest'} {limit}; -n shows more")
    elif notebook or any(value for name, value in filters.items() if name != "order"):
        known = ", ".join(lineage.list_experiments(store)[:8])
        teach("no run fits", f"there are runs of {known}" if known else "nothing is recorded yet")
    else:
        teach(f"no runs in {store.root} yet", "put %%track on top of a cell and run it, or `mlops-nb run NOTEBOOK`")


@runs.command(epilog=examples("mlops-nb runs show k3f9x2", "mlops-nb runs show k3f9x2 --source > cell.py"))
@click.argument("run", shell_complete=suggestions.runs)
@click.option("--source", is_flag=True, help="Only the code that ran.")
@click.option("--output", is_flag=True, help="Only what it printed (the end of it).")
@json_option
@store_option
def show(run: str, source: bool, output: bool, as_json: bool) -> None:
    """Show all about RUN: params, metrics, data, code state, environment, error."""
    from mlops_nb import lineage
    from mlops_nb.records.wire import to_plain

    store = the_store()
    found = lineage.get_run(store, run)
    details = lineage.get_details(store, found.id)
    if as_json:
        print_json({**to_plain(found), "details": to_plain(details)})
    elif source or output:
        _show_texts(found, details, source=source, output=output)
    else:
        print_facts(list_facts(found, details))
        if details.error:
            print_block("error", details.error.traceback or f"{details.error.kind}: {details.error.message}")


@runs.command(epilog=examples("mlops-nb runs compare k3f9x2 7m1qsd", "mlops-nb runs compare k3f9x2 7m1qsd --json"))
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", shell_complete=suggestions.runs)
@click.option("--differences", is_flag=True, help="Only what differs.")
@json_option
@store_option
def compare(runs: tuple[str, ...], differences: bool, as_json: bool) -> None:
    """Line up two or more RUNs; ≠ marks what differs."""
    from mlops_nb import lineage

    store = the_store()
    if len(runs) < 2:
        raise UsageError("one run cannot be compared", hint=f"name another: mlops-nb runs compare {runs[0]} OTHER")
    found = [lineage.get_run(store, one) for one in runs]
    comparison = lineage.compare_runs(found)
    lines = [line for line in comparison.lines if not (differences and line.same)]
    if as_json:
        plain = [{"group": one.group, "key": one.key, "values": one.values, "same": one.same} for one in lines]
        print_json({"run_ids": comparison.run_ids, "lines": plain})
    else:
        print_comparison(comparison.run_ids, lines)


@runs.command(
    epilog=examples("mlops-nb runs delete k3f9x2 7m1qsd -m 'wrong column'", "mlops-nb runs delete k3f9x2 --force")
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", shell_complete=suggestions.runs)
@deletion_options
@json_option
@store_option
def delete(runs: tuple[str, ...], reason: str, force: bool, as_json: bool) -> None:
    """Delete RUNs from every list. `runs restore` undoes it until `gc` frees the bytes.

    A run that a registered model came out of is refused without --force.
    """
    from mlops_nb.retention import delete_run

    store = the_store()
    tell_entries([delete_run(store, one, reason, force=force) for one in runs], as_json=as_json)


@runs.command(epilog=examples("mlops-nb runs restore k3f9x2"))
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@json_option
@store_option
def restore(runs: tuple[str, ...], as_json: bool) -> None:
    """Bring deleted RUNs back, as long as no `gc` freed their bytes."""
    from mlops_nb.retention import restore_run

    store = the_store()
    tell_entries([restore_run(store, one) for one in runs], as_json=as_json)


def _resolve_notebook(store: Store, typed: str) -> str:
    """The path under which the runs of a notebook are recorded: as typed, from here, or the only one that ends so.

    Raises:
        NotFoundError: No run is of that notebook; names those there are.
        UsageError: Several notebooks end so.
    """
    from mlops_nb import lineage

    known = {run.notebook for run in lineage.list_runs(store) if run.notebook}
    if found := known & {typed, str(Path(typed).absolute())}:
        return found.pop()
    ending = sorted(path for path in known if path.endswith(f"/{typed}"))
    if len(ending) > 1:
        raise UsageError(f"{typed!r} fits several notebooks", hint=f"say more of the path: {', '.join(ending[:4])}")
    if not ending:
        raise NotFoundError.among("notebook with runs", typed, known, hint="no run here is of a notebook")
    return ending[0]


def _show_texts(run: Run, details: RunDetails, *, source: bool, output: bool) -> None:
    body = "\n".join(
        part for part in (details.source if source else "", details.output.text if output and details.output else "")
        if part
    )  # fmt: skip
    if not body:
        what = " or ".join(word for word, asked in (("source", source), ("output", output)) if asked)
        click.echo(f"run {short_id(run.id)} recorded no {what}", err=True)
        return
    # A file gets the text as it was recorded, to run it again; a terminal gets nothing that could steer it.
    shown = text.printable(body) if sys.stdout.isatty() else body
    sys.stdout.write(shown.rstrip("\n") + "\n")
