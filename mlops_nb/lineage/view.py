"""A run as a user holds it: `mb.get_run("k3f9x2").history("loss")`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mlops_nb._ids import short_id
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.lineage import frames
from mlops_nb.lineage.questions import get_details, get_history, get_logged
from mlops_nb.records.curves import thin
from mlops_nb.records.runs import Run, RunDetails
from mlops_nb.records.values import Plain
from mlops_nb.store import Store


class RunView:
    """One recorded run, as it was when it was asked for."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self.record = run

    @property
    def id(self) -> str:
        """The whole run id."""
        return self.record.id

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return self.record.experiment

    @property
    def name(self) -> str:
        """The name the run was given, or ''."""
        return self.record.name

    @property
    def status(self) -> str:
        """`running`, `completed`, `failed`, `interrupted` or `crashed`."""
        return self.record.status

    @property
    def params(self) -> dict[str, Plain]:
        """Params by key."""
        return dict(self.record.params)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        return {key: float(summary.last) for key, summary in self.record.metrics.items()}

    @property
    def tags(self) -> dict[str, str]:
        """Tags by key; bare ones have an empty value."""
        return dict(self.record.tags)

    @property
    def started_at(self) -> datetime:
        """When it began (UTC)."""
        return datetime.fromtimestamp(self.record.started_at, UTC)

    @property
    def duration_s(self) -> float | None:
        """How long it took; None while it runs."""
        return self.record.duration_s

    @cached_property
    def details(self) -> RunDetails:
        """Source, environment, output, error and artifacts."""
        return get_details(self._store, self.id)

    @property
    def source(self) -> str:
        """The code of the tracked cell or script."""
        return self.details.source

    def history(self, key: str, points: int | None = None) -> Any:
        """The curve of a metric, as a pandas DataFrame with columns step (int64), value (float64), time (UTC).

        Args:
            key: The metric's key.
            points: At most so many, for a plot: first, last, and the lowest and highest of each stretch, so that no
                spike is lost. By default all.

        Raises:
            NotFoundError: The run never logged that metric; the hint names those it did.
            UsageError: `points` is less than 4, with which no curve keeps its shape.
        """
        if points is None:
            return frames.history_frame(get_logged(self._store, self.id, key))
        if points < 4:
            raise UsageError(f"points={points} is too few", hint="give 4 or more, e.g. points=1000")
        return frames.history_frame(thin(get_history(self._store, self.id, key), points))

    def artifact(self, name: str) -> bytes:
        """The bytes of an artifact.

        Raises:
            NotFoundError: The run has no artifact of that name.
            StoreCorruptError: Its bytes are damaged.
        """
        known = {artifact.name: artifact.digest for artifact in self.details.artifacts}
        if name not in known:
            raise NotFoundError.among("artifact", name, known, hint=f"run {short_id(self.id)} has no artifacts")
        return self._store.objects.get(known[name])

    def __repr__(self) -> str:
        metrics = ", ".join(f"{key}={value:.4g}" for key, value in list(self.metrics.items())[:5])
        return f"<Run {self.id} {self.experiment} {self.status}{' ' + metrics if metrics else ''}>"
