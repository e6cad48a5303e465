"""Questions that read: which runs, which data, which model, what came from what.

Floor 3, beside tracking (the verbs that write). Knows the store and the records; knows no notebook. Called by the
registry, the pipeline and every surface. Importing it is cheap; answers come as records, `frames` makes them
pandas frames.
"""

from __future__ import annotations

from mlops_nb.lineage.compare import Comparison, Difference, compare_runs
from mlops_nb.lineage.questions import find_previous_run, get_details, get_history, list_experiments, list_runs
from mlops_nb.lineage.view import RunView
from mlops_nb.store.lookup import get_model, get_run, get_snapshot, list_models, list_snapshots

__all__ = [
    "Comparison",
    "Difference",
    "RunView",
    "compare_runs",
    "find_previous_run",
    "get_details",
    "get_history",
    "get_model",
    "get_run",
    "get_snapshot",
    "list_experiments",
    "list_models",
    "list_runs",
    "list_snapshots",
]
