"""From the lines of a journal to a `Run`, its details and its curves.

Folding is pure and can be continued: fold some lines, keep the `Run`, fold the lines that came later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from mlops_nb.records.journal import (
    ArtifactLogged,
    CaptureFaulted,
    DatasetLinked,
    EnvironmentCaptured,
    Line,
    MetricLogged,
    ModelLinked,
    OutputCaptured,
    ParamLogged,
    ResourcesMeasured,
    RunError,
    RunFinished,
    RunStarted,
    TagSet,
)
from mlops_nb.records.runs import MetricSummary, Point, Run, RunDetails


def fold_run(lines: Iterable[Line], start: Run | None = None) -> Run | None:
    """Fold lines onto `start`. None when there is no `RunStarted` yet (an empty or torn journal)."""
    run = start
    changed: dict[str, Any] = {}
    for line in lines:
        if isinstance(line, MetricLogged):
            metrics = changed.setdefault("metrics", dict(run.metrics) if run else {})
            metrics[line.key] = _add_point(metrics.get(line.key), line)
        elif isinstance(line, RunStarted):
            run = _begin(line)
        elif run is not None:
            _apply(line, run, changed)
    return msgspec.structs.replace(run, **changed) if run is not None and changed else run


def fold_details(lines: Iterable[Line]) -> RunDetails:
    """Fold what only the run's own page shows."""
    found: dict[str, Any] = {}
    artifacts: dict[str, ArtifactLogged] = {}
    faults: list[CaptureFaulted] = []
    for line in lines:
        match line:
            case RunStarted():
                found.update(source=line.source, host=line.host)
            case EnvironmentCaptured():
                found["environment"] = line
            case OutputCaptured():
                found["output"] = line
            case ResourcesMeasured():
                found["resources"] = line
            case ArtifactLogged():
                artifacts[line.name] = line
            case CaptureFaulted():
                faults.append(line)
            case RunFinished():
                found.update(error=line.error, closed_by=line.closed_by)
    return RunDetails(artifacts=tuple(artifacts.values()), faults=tuple(faults), **found)


def fold_points(lines: Iterable[Line], key: str) -> list[Point]:
    """The curve of one metric, in the order in which it was logged."""
    return [
        Point(step=line.step, value=float(line.value), at=line.at)
        for line in lines
        if isinstance(line, MetricLogged) and line.key == key
    ]


def _begin(line: RunStarted) -> Run:
    return Run(
        id=line.run_id,
        experiment=line.experiment,
        kind=line.kind,
        status="running",
        started_at=line.at,
        name=line.name,
        parent_run_id=line.parent_run_id,
        notebook=line.notebook,
        cell_id=line.cell_id,
        user=line.host.user,
    )


def _apply(line: Line, run: Run, changed: dict[str, Any]) -> None:
    match line:
        case ParamLogged():
            _set_param(line, run, changed)
        case TagSet():
            changed.setdefault("tags", dict(run.tags))[line.key] = line.value
        case DatasetLinked():
            changed["datasets"] = (*changed.get("datasets", run.datasets), line)
        case ModelLinked():
            changed["models"] = (*changed.get("models", run.models), line)
        case EnvironmentCaptured(code=code) if code is not None:
            changed.update(commit=code.commit, dirty=code.dirty)
        case RunFinished():
            changed.update(
                status=line.outcome,
                ended_at=run.started_at + line.duration_s,
                duration_s=line.duration_s,
                error=_in_words(line.error),
            )


def _in_words(error: RunError | None) -> str:
    if error is None:
        return ""
    return f"{error.kind}: {error.message}" if error.message else error.kind


def _set_param(line: ParamLogged, run: Run, changed: dict[str, Any]) -> None:
    params = changed.setdefault("params", dict(run.params))
    captured = set(changed.get("captured_params", run.captured_params))
    if line.origin == "captured":
        if line.key in params and line.key not in captured:
            return
        captured.add(line.key)
    else:
        captured.discard(line.key)
    params[line.key] = line.value
    changed["captured_params"] = tuple(sorted(captured))


def _add_point(summary: MetricSummary | None, line: MetricLogged) -> MetricSummary:
    value = float(line.value)
    low = high = value if math.isfinite(value) else None
    count = 1
    if summary is not None:
        count = summary.count + 1
        low = summary.min if low is None or (summary.min is not None and summary.min < low) else low
        high = summary.max if high is None or (summary.max is not None and summary.max > high) else high
    return MetricSummary(last=line.value, count=count, min=low, max=high, last_step=line.step)
