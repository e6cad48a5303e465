"""How runs look: a table of several, all about one, several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_nb._ids import short_id
from mlops_nb.cli.tables import print_table
from mlops_nb.records import text
from mlops_nb.records.rows import most_common

if TYPE_CHECKING:
    from mlops_nb.lineage import Difference
    from mlops_nb.records.runs import Run, RunDetails

MAX_METRICS = 5
MAX_PARAMS = 3


def print_runs(found: Sequence[Run]) -> None:
    """A table of runs, with the params and metrics that most of them have."""
    metrics = most_common([list(run.metrics) for run in found], MAX_METRICS)
    params = most_common([list(run.params) for run in found], MAX_PARAMS)
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


def print_comparison(run_ids: Sequence[str], lines: Sequence[Difference]) -> None:
    """A column for each run; ≠ marks what differs, and of two runs the metrics show their change."""
    two = len(run_ids) == 2
    headers = ("", "", *map(short_id, run_ids), *(["change"] if two else []))
    rows = [
        ("" if line.same else "≠", _key(line), *(_value(line, value) for value in line.values), *_change(line, two))
        for line in lines
    ]
    print_table(headers, rows, numeric=(len(headers) - 1,) if two else ())


def list_facts(run: Run, details: RunDetails) -> list[tuple[str, str]]:
    """All about one run, as names and values; values that are not known are empty."""
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


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
