"""mlops_nb: track, snapshot, register and run headless, from the notebook you already have.

    import mlops_nb as mb

    with mb.track("delays") as run:
        run.log_metric("loss", 0.3, step=1)
    mb.snapshot(frame, "flights")
    mb.register(model, "delays", alias="challenger")
    mb.runs()

In a notebook: `%load_ext mlops_nb`, then `%mlops`. Importing this package loads almost nothing: every public name is
fetched from its room when it is first used (PEP 562).
"""

from __future__ import annotations

# `typing` alone would cost more than the rest of this file; type checkers know this name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mlops_nb.api import get_run, models, runs, snapshots
    from mlops_nb.errors import MlopsNbError
    from mlops_nb.registry import load_model, register
    from mlops_nb.tracking import (
        current_run,
        get_experiment,
        log,
        log_artifact,
        log_param,
        set_experiment,
        set_tag,
        track,
    )
    from mlops_nb.tracking.data import load, snapshot

__version__ = "0.1.0"

_HOMES = {
    "MlopsNbError": "mlops_nb.errors",
    "current_run": "mlops_nb.tracking",
    "get_experiment": "mlops_nb.tracking",
    "get_run": "mlops_nb.api",
    "load": "mlops_nb.tracking.data",
    "load_model": "mlops_nb.registry",
    "log": "mlops_nb.tracking",
    "log_artifact": "mlops_nb.tracking",
    "log_param": "mlops_nb.tracking",
    "models": "mlops_nb.api",
    "register": "mlops_nb.registry",
    "runs": "mlops_nb.api",
    "set_experiment": "mlops_nb.tracking",
    "set_tag": "mlops_nb.tracking",
    "snapshot": "mlops_nb.tracking.data",
    "snapshots": "mlops_nb.api",
    "track": "mlops_nb.tracking",
}

__all__ = [
    "MlopsNbError",
    "current_run",
    "get_experiment",
    "get_run",
    "load",
    "load_model",
    "log",
    "log_artifact",
    "log_param",
    "models",
    "register",
    "runs",
    "set_experiment",
    "set_tag",
    "snapshot",
    "snapshots",
    "track",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mlops_nb' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Hook of IPython: `%load_ext mlops_nb`."""
    from mlops_nb.magics import load_ipython_extension

    load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Hook of IPython: `%unload_ext mlops_nb`."""
    from mlops_nb.magics import unload_ipython_extension

    unload_ipython_extension(shell)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Hook of jupyter_server."""
    return [{"module": "mlops_nb.server"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Hook of JupyterLab, for `jupyter labextension develop`."""
    return [{"src": "labextension", "dest": "mlops-nb"}]
