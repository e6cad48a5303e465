"""Which run is current, and what holds for the process: the default store and experiment.

The current run is a context variable, never a global: threads, nested runs and async tasks keep apart.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from pathlib import Path

from mlops_nb._ids import is_run_id
from mlops_nb.config import EXPERIMENT_VARIABLE, PARENT_RUN_VARIABLE, find_store
from mlops_nb.errors import UsageError
from mlops_nb.records.names import check_name
from mlops_nb.store import Store, open_store
from mlops_nb.tracking.active import ActiveRun

DEFAULT_EXPERIMENT = "default"

current: ContextVar[ActiveRun | None] = ContextVar("mlops_nb_current_run", default=None)

_stores: dict[Path, Store] = {}
_experiment = ""


def current_run() -> ActiveRun | None:
    """The run that this thread, task or cell is in; None outside of any."""
    run = current.get()
    return None if run is None or run.finished else run


def require_run() -> ActiveRun:
    """The current run.

    Raises:
        UsageError: There is none.
    """
    run = current_run()
    if run is None:
        raise UsageError(
            "no run is open here",
            hint="put %%track on top of the cell, or use `with mb.track() as run:`; "
            "a thread of your own is given the run: run.log_metric(...)",
        )
    return run


def default_store(place: str | os.PathLike[str] | None = None) -> Store:
    """The store that the configuration names now, opened once a process.

    Raises:
        StoreError: It cannot be read.
        UsageError: The configuration names no folder.
    """
    root = find_store(place)
    store = _stores.get(root)
    if store is None:
        store = _stores[root] = open_store(root)
    return store


def set_experiment(name: str) -> str:
    """Say which experiment the runs of this process belong to that name none.

    Raises:
        UsageError: The name is unfit.
    """
    global _experiment
    _experiment = check_name("experiment", name)
    return _experiment


def get_experiment() -> str:
    """The experiment of runs that name none: what was set, else `MLOPS_NB_EXPERIMENT`, else "default"."""
    return _experiment or os.environ.get(EXPERIMENT_VARIABLE, "").strip() or DEFAULT_EXPERIMENT


def enclosing_run_id() -> str:
    """The id of the current run, or of the headless run that started this kernel, or ''."""
    run = current_run()
    if run is not None:
        return run.id
    outer = os.environ.get(PARENT_RUN_VARIABLE, "")
    return outer if is_run_id(outer) else ""
