"""The questions, each a function of a store. Every one sees all that was acknowledged before it was asked."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_nb._ids import short_id
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.records.fold import fold_details, fold_points
from mlops_nb.records.journal import MetricLogged
from mlops_nb.records.query import parse_order, parse_where
from mlops_nb.records.runs import STATUSES, Point, Run, RunDetails, Status
from mlops_nb.store import Store, queries


def list_runs(
    store: Store,
    *,
    experiment: str | None = None,
    status: str | None = None,
    notebook: str | Sequence[str] | None = None,
    parent: str | None = None,
    where: str = "",
    order: str = "",
    limit: int | None = None,
) -> list[Run]:
    """Runs that fit all that is given, newest first or in `order`.

    Args:
        store: Where to look.
        experiment: Only runs of this experiment.
        status: One of `records.runs.STATUSES`.
        notebook: Only runs of this notebook (its path as recorded), or of any of several.
        parent: Only children of the run with this id.
        where: A condition, such as `metrics.auc > 0.8 and params.lr = 0.1` (see `records.query`).
        order: What to order by, such as `-metrics.auc, started`; "-" puts the greatest first.
        limit: At most so many.

    Raises:
        QueryError: `where` or `order` cannot be read.
        UsageError: There is no such status.
        StoreError: The store cannot be read.
    """
    condition, terms, wanted = parse_where(where), parse_order(order), _status(status)
    store.index.catch_up()
    return queries.select_runs(
        store,
        experiment=experiment,
        status=wanted,
        notebooks=[notebook] if isinstance(notebook, str) else notebook,
        parent=parent,
        where=condition,
        order=terms,
        limit=limit,
    )


def list_experiments(store: Store) -> list[str]:
    """The names of all experiments, the most recently used first."""
    store.index.catch_up()
    return queries.list_experiments(store)


def get_details(store: Store, run_id: str) -> RunDetails:
    """What only the run's own page shows: source, environment, output, error, artifacts.

    Raises:
        NotFoundError: There is no such run.
    """
    return fold_details(store.journals.read(run_id))


def get_history(store: Store, run_id: str, key: str) -> list[Point]:
    """The curve of one metric, in the order in which it was logged.

    Raises:
        NotFoundError: There is no such run, or it never logged that metric.
    """
    return fold_points(get_logged(store, run_id, key), key)


def get_logged(store: Store, run_id: str, key: str) -> list[MetricLogged]:
    """The records of one metric, in the order in which they were logged; there may be millions.

    Raises:
        NotFoundError: There is no such run, or it never logged that metric.
    """
    metrics = [line for line in store.journals.read(run_id) if type(line) is MetricLogged]
    found = [line for line in metrics if line.key == key]
    if not found:
        known = {line.key for line in metrics}
        raise NotFoundError.among("metric", key, known, hint=f"run {short_id(run_id)} logged no metrics")
    return found


def find_previous_run(store: Store, run: Run) -> Run | None:
    """The latest completed run before this one, of the same experiment and kind: what its metrics compare with.

    Looks among the runs that were known when `run` was asked for.
    """
    found = queries.select_runs(
        store,
        experiment=run.experiment,
        kind=run.kind,
        status="completed",
        before=(run.started_at, run.id),
        limit=1,
    )
    return found[0] if found else None


def _status(text: str | None) -> Status | None:
    for status in STATUSES:
        if text == status:
            return status
    if text is not None:
        raise UsageError(f"there is no status {text!r}", hint=f"one of {', '.join(STATUSES)}")
    return None
