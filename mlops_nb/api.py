"""What `import mlops_nb as mb` asks of the configured store: runs, snapshots and models, as pandas frames.

Floor 6, beside magics, cli and server: the surface that Python code sees.
"""

from __future__ import annotations

import os
from typing import Any

from mlops_nb import lineage
from mlops_nb.lineage import RunView, frames
from mlops_nb.tracking import default_store


def runs(
    experiment: str | None = None,
    *,
    status: str | None = None,
    where: str = "",
    order: str = "",
    limit: int | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Any:
    """Runs, newest first or in `order`, as a DataFrame: one row a run, with `params.*` and `metrics.*` columns.

    Args:
        experiment: Only runs of this experiment.
        status: Only `running`, `completed`, `failed`, `interrupted` or `crashed` ones.
        where: A condition, such as `metrics.auc > 0.8 and params.lr = 0.1`. Fields are `metrics.K`, `params.K`,
            `tags.K`, `status`, `experiment`, `name`, `notebook`, `started` (UTC) and `duration` (s); operators
            are `= != < <= > >=` and `~` (contains).
        order: Fields to order by, such as `-metrics.auc, started`; "-" puts the greatest first.
        limit: At most so many.
        store: By default the configured store.

    Raises:
        QueryError: `where` or `order` cannot be read; the error points at the place.
        UsageError: There is no such status.
    """
    found = lineage.list_runs(
        default_store(store), experiment=experiment, status=status, where=where, order=order, limit=limit
    )
    return frames.runs_frame(found)


def get_run(reference: str, *, store: str | os.PathLike[str] | None = None) -> RunView:
    """One run by its id, a unique beginning of it, or its last part (`k3f9x2`).

    Raises:
        NotFoundError: No run fits; the hint names near ones.
        UsageError: Several do.
    """
    place = default_store(store)
    return RunView(place, lineage.get_run(place, reference))


def snapshots(name: str | None = None, *, store: str | os.PathLike[str] | None = None) -> Any:
    """Snapshots, newest first, as a DataFrame: one row a version.

    Raises:
        NotFoundError: A dataset was named that does not exist.
    """
    return frames.snapshots_frame(lineage.list_snapshots(default_store(store), name))


def models(name: str | None = None, *, store: str | os.PathLike[str] | None = None) -> Any:
    """Registered model versions, newest first, as a DataFrame: one row a version.

    Raises:
        NotFoundError: A model was named that does not exist.
    """
    return frames.models_frame(lineage.list_models(default_store(store), name))
