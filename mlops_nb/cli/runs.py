"""`mlops-nb runs`: list them, one whole, several side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlops_nb._ids import short_id
from mlops_nb.cli import suggestions
from mlops_nb.cli.options import examples, json_option, print_json, store_option, the_store
from mlops_nb.cli.program import Group
from mlops_nb.cli.tables import print_block, print_facts, print_table, teach
from mlops_nb.errors import UsageError
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.lineage import Difference
    from mlops_nb.records.runs import Run, RunDetails

STATUSES = ("running", "completed", "failed", "interrupted", "crashed")
MAX_METRICS = 5
MAX_PARAMS = 3


@click.group(cls=Group)
def runs() -> None:
    """Runs: list them, show one, compare several.

    A run is named by its id, a unique beginning of it, or its last six characters.
    """


@runs.command("list", epilog=examples("mlops-nb runs list", "mlops-nb runs list --experiment delays --status failed"))
@click.option("--experiment", metavar="NAME", shell_complete=suggestions.experiments, help="Only of this experiment.")
@click.option("--status", type=click.Choice(STATUSES), help="Only with this status.")
@click.option("--notebook", metavar="PATH", help="Only of this notebook, its path as recorded.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@json_option
@store_option
def list_(experiment: str | None, status: str | None, notebook: str | None, limit: int, as_json: bool) -> None:
    """List the newest runs."""
    from mlops_nb import lineage

    store = the_store()
    found = lineage.list_runs(store, experiment=experiment, status=status, notebook=notebook, limit=limit)
    if as_json:
        print_json(found)
    elif found:
        print_runs(found)
        if len(found) == limit and sys.stdout.isatty():
            click.echo(f"\nthe newest {limit}; -n shows more")
    elif experiment or status or notebook:
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
        print_facts(_facts(found, details))
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
        return
    two = len(found) == 2
    headers = ("", "", *(short_id(run.id) for run in found), *(["change"] if two else []))
    rows = [
        ("" if line.same else "≠", _key(line), *(_value(line, value) for value in line.values), *_change(line, two))
        for line in lines
    ]
    print_table(headers, rows, numeric=(len(headers) - 1,) if two else ())


def print_runs(found: Sequence[Run]) -> None:
    """A table of runs, with the params and metrics that most of them have."""
    metrics = _most_common([list(run.metrics) for run in found], MAX_METRICS)
    params = _most_common([list(run.params) for run in found], MAX_PARAMS)
    headers = ("run", "experiment", "name", "status", "when", "took", *params, *metrics)
    rows = [
        (
            short_id(run.id),
            run.experiment,
            run.name,
            f"{text.STATUS_SIGNS[run.status]} {run.status}",
            text.ago(run.started_at),
            text.duration(run.duration_s),
            *(text.param(run.params[key], 20) if key in run.params else "" for key in params),
            *(text.number(run.metric(key)) if key in run.metrics else "" for key in metrics),
        )
        for run in found
    ]
    # What goes first where the terminal is narrow: params from the last, metrics but two, then how long ago.
    spare = [*range(5 + len(params), 5, -1), *range(len(headers) - 1, 7 + len(params), -1), 4, 5]
    numbers = [6 + at for at, key in enumerate(params) if all(_is_number(run.params.get(key, 0)) for run in found)]
    print_table(headers, rows, numeric=(5, *numbers, *range(6 + len(params), len(headers))), spare=spare)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _facts(run: Run, details: RunDetails) -> list[tuple[str, str]]:
    environment, resources = details.environment, details.resources
    peak = resources.peak_memory_bytes if resources else None
    return [
        ("run", f"{run.id} {run.name}".strip()),
        ("experiment", run.experiment),
        ("kind", run.kind),
        ("status", f"{text.STATUS_SIGNS[run.status]} {run.status}"),
        ("started", f"{text.moment(run.started_at)} UTC"),
        ("took", text.duration(run.duration_s)),
        ("resources", f"{text.duration(resources.cpu_s)} CPU, {text.size(peak)} peak memory" if resources else ""),
        ("notebook", f"{run.notebook} {run.cell_id}".strip()),
        ("part of", run.parent_run_id),
        ("user", run.user),
        ("code", f"{run.commit[:10]}{' + changes' if run.dirty else ''}" if run.commit else ""),
        ("Python", f"{environment.python} on {environment.platform}" if environment else ""),
        (
            "packages",
            f"{len(environment.packages)} (--json lists them)" if environment and environment.packages else "",
        ),
        ("tags", ", ".join(f"{key}={value}" if value else key for key, value in run.tags.items())),
        *(("data", f"{link.role} {link.name}@{link.version}") for link in run.datasets),
        *(("model", f"{link.role} {link.name}@{link.version}") for link in run.models),
        *(("artifact", f"{one.name} ({text.size(one.size_bytes)})") for one in details.artifacts),
        *((f"param {key}", text.param(value, 200)) for key, value in run.params.items()),
        *((f"metric {key}", _curve(run, key)) for key in run.metrics),
        *(("not recorded", f"{fault.where}: {fault.message}") for fault in details.faults),
    ]


def _curve(run: Run, key: str) -> str:
    """A metric's last value, and its range where it is a curve."""
    summary = run.metrics[key]
    if summary.count < 2:
        return text.number(summary.last)
    span = f"{text.number(summary.min)} to {text.number(summary.max)}"
    return f"{text.number(summary.last)}  ({summary.count} points, {span})"


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


def _key(line: Difference) -> str:
    if line.group == "run":
        return "took" if line.key == "duration_s" else line.key
    return f"{line.group} {line.key}"


def _value(line: Difference, value: object) -> str:
    if value is None:
        return "–"
    if line.key == "duration_s" and line.group == "run" and isinstance(value, float):
        return text.duration(value)
    if line.key == "commit" and line.group == "run":
        return str(value)[:10]
    return text.number(value) if line.group == "metric" and isinstance(value, float) else text.param(value)


def _change(line: Difference, wanted: bool) -> tuple[str, ...]:
    if not wanted:
        return ()
    before, now = line.values
    return (text.change(now, before) if line.group == "metric" else "",)


def _most_common(keys: Sequence[Sequence[str]], limit: int) -> list[str]:
    """The keys that most rows have, in the order in which they first appear."""
    counts: dict[str, int] = {}
    for row in keys:
        for key in row:
            counts[key] = counts.get(key, 0) + 1
    chosen = set(sorted(counts, key=lambda key: -counts[key])[:limit])
    return [key for key in counts if key in chosen]
