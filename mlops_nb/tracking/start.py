"""Starting a run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import msgspec

from mlops_nb._ids import new_run_id
from mlops_nb.capture.where import describe_host
from mlops_nb.errors import StoreBusyError
from mlops_nb.records.journal import Kind, RunStarted
from mlops_nb.records.names import check_key, check_name
from mlops_nb.store import Store
from mlops_nb.store.process import trace_process
from mlops_nb.tracking.active import ActiveRun, as_tags


def start_run(
    store: Store,
    *,
    experiment: str,
    kind: Kind,
    name: str = "",
    params: Mapping[str, object] | None = None,
    tags: Iterable[str] | Mapping[str, object] = (),
    parent_run_id: str = "",
    notebook: str = "",
    cell_id: str = "",
    source: str = "",
) -> ActiveRun:
    """Open a run. Its first record is on disk when this returns. Whoever opens it must `finish` it.

    Args:
        store: Where it is recorded; made if it is not there.
        experiment: The experiment's name.
        kind: "cell", "script" or "notebook".
        name: A name for people; may be ''.
        params: Params known at the start.
        tags: `{"key": "value"}`, or texts `key` or `key=value`.
        parent_run_id: The run that this one is a part of.
        notebook: The notebook's path, as it should be shown.
        cell_id: The cell's id in the notebook.
        source: The code, secrets withheld.

    Raises:
        UsageError: A name or key is unfit. Nothing is recorded then.
        StoreError: The store cannot be written.
    """
    experiment = check_name("experiment", experiment)
    name = check_name("run", name) if name else ""
    labels = as_tags(tags)
    for kinds, keys in (("param", params or ()), ("tag", labels)):
        for key in keys:
            check_key(kinds, key)
    at = time.time()
    start = RunStarted(
        at,
        run_id=new_run_id(at),
        experiment=experiment,
        kind=kind,
        name=name,
        host=msgspec.structs.replace(describe_host(), trace=trace_process()),
        parent_run_id=parent_run_id,
        notebook=notebook,
        cell_id=cell_id,
        source=source,
    )
    run = _open(store, start)
    run.log_params(params or {})
    for key, value in labels.items():
        run.set_tag(key, value)
    return run


def _open(store: Store, start: RunStarted) -> ActiveRun:
    for _ in range(8):
        try:
            return ActiveRun(store, store.start_journal(start.run_id), start)
        except FileExistsError:
            start = msgspec.structs.replace(start, run_id=new_run_id(start.at))
    raise StoreBusyError("no free run id was found", hint="check the system's clock and random numbers")
