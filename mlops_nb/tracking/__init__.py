"""Verbs that write: track, log, snapshot.

Floor 3, beside lineage (the questions that read). The only place where capture, datasets and the store meet. Knows
no IPython: the magics tell it what a cell was. Called by the registry, the pipeline and the surfaces.
"""

from __future__ import annotations

from mlops_nb.tracking.active import ActiveRun
from mlops_nb.tracking.current import current_run, default_store, get_experiment, set_experiment
from mlops_nb.tracking.start import start_run
from mlops_nb.tracking.verbs import log, log_artifact, log_param, set_tag, track

__all__ = [
    "ActiveRun",
    "current_run",
    "default_store",
    "get_experiment",
    "log",
    "log_artifact",
    "log_param",
    "set_experiment",
    "set_tag",
    "start_run",
    "track",
]
