"""A run, as its journal tells it.

`Run` is what lists and tables show, `RunDetails` the rest of the story, `Point` one point of a curve.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mlops_nb.records.journal import (
    ArtifactLogged,
    CaptureFaulted,
    DatasetLinked,
    EnvironmentCaptured,
    Host,
    Kind,
    ModelLinked,
    OutputCaptured,
    ResourcesMeasured,
    RunError,
)
from mlops_nb.records.values import NonFinite, Plain

Status = Literal["running", "completed", "failed", "interrupted", "crashed"]
STATUSES: tuple[Status, ...] = ("running", "completed", "failed", "interrupted", "crashed")


class MetricSummary(msgspec.Struct, frozen=True):
    """A metric's curve in one line: its last value, its extremes (finite values only) and how many points it has."""

    last: float | NonFinite
    count: int
    min: float | None = None
    max: float | None = None
    last_step: int = 0


class Point(msgspec.Struct, frozen=True, gc=False):
    """One point of a curve: `at` is Unix time in seconds."""

    step: int
    value: float
    at: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `ended_at` and `duration_s` are None while it runs; times are Unix seconds, UTC."""

    id: str
    experiment: str
    kind: Kind
    status: Status
    started_at: float
    name: str = ""
    ended_at: float | None = None
    duration_s: float | None = None
    params: dict[str, Plain] = {}
    metrics: dict[str, MetricSummary] = {}
    tags: dict[str, str] = {}
    parent_run_id: str = ""
    notebook: str = ""
    cell_id: str = ""
    user: str = ""
    commit: str = ""
    dirty: bool | None = None
    error: str = ""
    captured_params: tuple[str, ...] = ()
    datasets: tuple[DatasetLinked, ...] = ()
    models: tuple[ModelLinked, ...] = ()

    def metric(self, key: str) -> float | None:
        """The last value of a metric, or None if it was never logged."""
        summary = self.metrics.get(key)
        return None if summary is None else float(summary.last)


class RunDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What only the run's own page shows."""

    source: str = ""
    host: Host | None = None
    environment: EnvironmentCaptured | None = None
    output: OutputCaptured | None = None
    resources: ResourcesMeasured | None = None
    error: RunError | None = None
    artifacts: tuple[ArtifactLogged, ...] = ()
    faults: tuple[CaptureFaulted, ...] = ()
    closed_by: str = ""
