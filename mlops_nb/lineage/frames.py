"""Records as pandas frames. pandas is imported when a frame is asked for, never before."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from mlops_nb.records.data import Snapshot
from mlops_nb.records.journal import MetricLogged
from mlops_nb.records.models import ModelVersion
from mlops_nb.records.runs import Point, Run


def runs_frame(runs: Sequence[Run]) -> Any:
    """One row a run: id, experiment, name, status, started_at (UTC), duration_s, then `params.*`, `metrics.*`."""
    pandas = _pandas()
    rows = [
        {
            "id": run.id,
            "experiment": run.experiment,
            "name": run.name,
            "status": run.status,
            "started_at": run.started_at,
            "duration_s": run.duration_s,
            **{f"params.{key}": value for key, value in run.params.items()},
            **{f"metrics.{key}": run.metric(key) for key in run.metrics},
        }
        for run in runs
    ]
    columns = list(dict.fromkeys(key for row in rows for key in row)) or list(_RUN_COLUMNS)
    frame = pandas.DataFrame(rows, columns=columns)
    frame["duration_s"] = frame["duration_s"].astype("float64")  # all None (runs in progress) would be objects
    return _with_time(frame, "started_at")


def snapshots_frame(snapshots: Sequence[Snapshot]) -> Any:
    """One row a snapshot: name, version, rows, columns, logical_bytes, stored_bytes, created_at (UTC), ..."""
    columns = ("name", "version", "rows", "columns", "logical_bytes", "stored_bytes", "created_at", "message", "digest")
    return _frame(snapshots, (*columns, "run_id"))


def models_frame(models: Sequence[ModelVersion]) -> Any:
    """One row a model version: name, version, aliases, python_type, flavor, size_bytes, created_at (UTC), ..."""
    columns = ("name", "version", "aliases", "python_type", "flavor", "size_bytes", "created_at", "message", "run_id")
    return _frame(models, columns)


def history_frame(points: Sequence[Point | MetricLogged]) -> Any:
    """One row a point: step (int64), value (float64), time (UTC).

    Built column by column, for there may be millions of points.
    """
    pandas = _pandas()
    columns = {
        "step": pandas.Series([point.step for point in points], dtype="int64"),
        "value": pandas.Series([float(point.value) for point in points], dtype="float64"),
        "time": pandas.Series([point.at for point in points], dtype="float64"),
    }
    # A float of seconds since 1970 tells microseconds and no more.
    micros = (columns["time"] * 1e6).round().astype("int64")
    columns["time"] = pandas.to_datetime(micros, unit="us", utc=True)
    return pandas.DataFrame(columns)


_RUN_COLUMNS = ("id", "experiment", "name", "status", "started_at", "duration_s")


def _frame(records: Sequence[Any], columns: tuple[str, ...]) -> Any:
    rows = [[getattr(record, column) for column in columns] for record in records]
    return _with_time(_pandas().DataFrame(rows, columns=list(columns)), "created_at")


def _with_time(frame: Any, column: str) -> Any:
    frame[column] = _pandas().to_datetime(frame[column], unit="s", utc=True)
    return frame


def _pandas() -> Any:
    return importlib.import_module("pandas")
