"""The verbs of a script or a notebook: `with track(...)`, `log(...)`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Token

from mlops_nb.capture.redaction import redact
from mlops_nb.capture.where import find_notebook
from mlops_nb.tracking.active import ActiveRun, error_of, outcome_of
from mlops_nb.tracking.cell import Cell, find_cell
from mlops_nb.tracking.current import current, default_store, enclosing_run_id, get_experiment, require_run
from mlops_nb.tracking.observation import Observation
from mlops_nb.tracking.start import start_run

MAX_SOURCE = 200_000
"""Characters of a script or cell that are kept."""


@contextmanager
def track(
    experiment: str | None = None,
    *,
    name: str = "",
    params: Mapping[str, object] | None = None,
    tags: Iterable[str] | Mapping[str, object] = (),
    store: str | os.PathLike[str] | None = None,
    auto: bool = True,
) -> Iterator[ActiveRun]:
    """Record what happens in a `with` block as a run.

        with mb.track("delays", params={"lr": 0.1}) as run:
            for step in range(100):
                run.log_metric("loss", train(step), step=step)

    The block's own exception passes through untouched and the run is `failed` (or `interrupted`). Blocks nest:
    the inner run is a child of the outer one. The run is current in this thread or task only.

    Args:
        experiment: By default the one set with `set_experiment`.
        name: A name for people.
        params: Params known at the start.
        tags: `{"key": "value"}`, or texts `key` or `key=value`.
        store: By default the configured store.
        auto: Also record environment, resources, output and figures.

    Raises:
        UsageError: A name, key or value is unfit.
        StoreError: The store cannot be written.
    """
    cell = find_cell()
    run = start_run(
        default_store(store),
        experiment=get_experiment() if experiment is None else experiment,
        kind="script",
        name=name,
        params=params,
        tags=tags,
        parent_run_id=enclosing_run_id(),
        notebook=find_notebook(os.environ, _main_namespace()),
        cell_id=cell.id if cell else "",
        source=_source(cell) if auto else "",
    )
    observation = Observation(run) if auto else None
    token = current.set(run)
    fault: BaseException | None = None
    try:
        if observation:
            observation.begin()
        yield run
    except BaseException as caught:
        fault = caught
        raise
    finally:
        _leave(run, token, observation, fault)


def _leave(
    run: ActiveRun, token: Token[ActiveRun | None], observation: Observation | None, fault: BaseException | None
) -> None:
    try:
        # A block may be left in another context than it was entered in (a fixture, a generator, another cell).
        with suppress(ValueError):
            current.reset(token)
        if observation:
            observation.end()
    finally:
        outcome = outcome_of(fault)
        run.finish(outcome, error_of(fault) if fault is not None and outcome != "completed" else None)


def log(step: int | None = None, **metrics: float) -> None:
    """Log metrics to the current run: `mb.log(loss=0.3)`, or with a step: `mb.log(loss=0.3, step=7)`.

    Raises:
        UsageError: No run is open here, or a key or value is unfit.
    """
    require_run().log(step, **metrics)


def log_param(key: str, value: object) -> None:
    """Log a param to the current run. See `ActiveRun.log_param`."""
    require_run().log_param(key, value)


def log_artifact(path: str | os.PathLike[str], name: str | None = None) -> str:
    """Keep a file with the current run. See `ActiveRun.log_artifact`."""
    return require_run().log_artifact(path, name)


def set_tag(key: str, value: object = "") -> None:
    """Set a tag on the current run. See `ActiveRun.set_tag`."""
    require_run().set_tag(key, value)


def _main_namespace() -> Mapping[str, object]:
    main = sys.modules.get("__main__")
    return vars(main) if main is not None else {}


def _source(cell: Cell | None) -> str:
    """The cell's source, or the text of the script that Python was started with; '' at a prompt."""
    if cell is not None:
        return redact(cell.source[:MAX_SOURCE])
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if not path or "IPython" in sys.modules:
        return ""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a plain read
            return redact(file.read(MAX_SOURCE))
    except OSError:
        return ""
