"""All that a writer does in a store, telling each step when the package has acknowledged it; and what must hold then.

`live` runs in the process that will be killed, `check` in one that looks at the store afterwards.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.dummy import DummyRegressor

from mlops_nb import lineage, registry, tracking
from mlops_nb.lineage.audit import audit_store
from mlops_nb.records.ledger import ModelRegistered, RunSealed, SnapshotPublished
from mlops_nb.store import Store
from mlops_nb.store import live as live_room
from mlops_nb.store.ledger import EMPTY
from mlops_nb.tracking import data
from mlops_nb.tracking.current import current

POINTS = 4
Tell = Callable[..., None]


def live(root: Path, seed: int, tell: Tell) -> None:
    """One whole life: a run with params, points and a file; a snapshot; a model with an alias; the end; a look."""
    store = Store(root)
    run = tracking.start_run(store, experiment="life", kind="script", params={"seed": seed})
    current.set(run)
    tell("run", run.id, seed)
    for n in range(POINTS):
        run.log_metric("loss", seed + n)
        tell("point", run.id, n)
    run.set_tag("fire")
    artifact = run.log_artifact(b"artifact of %d" % seed * 10, "a.bin")
    tell("artifact", run.id, artifact)
    frame = pd.DataFrame({"same": range(40), "own": [seed + n / 7 for n in range(40)]})
    taken = data.snapshot(frame, "flights", store=store)
    tell("snapshot", taken.version, taken.digest, seed)
    model = registry.register(DummyRegressor(constant=seed), "delays", alias="champion", store=store)
    tell("model", model.version, model.digest)
    run.finish()
    tell("finished", run.id)
    lineage.list_runs(store)
    tell("looked")


def look(root: Path, _seed: int, tell: Tell) -> None:
    """What a reader does: it closes orphans on the way."""
    lineage.list_runs(Store(root))
    tell("looked")


def check(root: Path, told: Iterable[str]) -> Store:
    """Raise AssertionError unless all that was told is there, and nothing is half there. No writer may be alive."""
    store = Store(root)
    runs = {run.id: run for run in lineage.list_runs(store)}
    assert not [run.id for run in runs.values() if run.status == "running"]
    assert {run.experiment for run in runs.values()} <= {"life"}
    points: Counter[str] = Counter()
    for line in told:
        _check_told(store, runs, points, json.loads(line))
    for run_id, run in runs.items():
        _check_run(store, run, points[run_id])
    _check_ledger(store, set(runs))
    report = audit_store(store)
    assert report.sound, report.findings
    anew = Store(root)
    anew.index.rebuild()
    assert {run.id: run for run in lineage.list_runs(anew)} == runs
    # A marker without a run may be a writer that is just starting; it does not stay for ever.
    grace, live_room.START_GRACE_S = live_room.START_GRACE_S, -1.0
    lineage.list_runs(store)
    live_room.START_GRACE_S = grace
    assert store.live.list_ids() == []
    return store


def _check_told(store: Store, runs: dict[str, Any], points: Counter[str], words: list[Any]) -> None:
    match words:
        case ["run", run_id, seed]:
            assert runs[run_id].params["seed"] == seed
        case ["point", run_id, _]:
            points[run_id] += 1
        case ["artifact", run_id, digest]:
            assert [one.digest for one in lineage.get_details(store, run_id).artifacts] == [digest]
        case ["snapshot", version, digest, seed]:
            assert lineage.get_snapshot(store, f"flights@{version}").digest == digest
            loaded = data.load(f"flights@{version}", store=store)
            assert list(loaded["own"]) == [seed + n / 7 for n in range(40)]
        case ["model", version, digest]:
            assert lineage.get_model(store, f"delays@{version}").digest == digest
            assert lineage.get_model(store, "delays@champion").version >= version - 8
        case ["finished", run_id]:
            assert runs[run_id].status == "completed"
        case _:
            assert words == ["looked"], words


def _check_run(store: Store, run: Any, told: int) -> None:
    kept = [point.value for point in lineage.get_history(store, run.id, "loss")] if run.metrics else []
    assert kept == [run.params["seed"] + n for n in range(len(kept))] if kept else True
    assert told <= len(kept) <= told + 1, (told, kept)  # the last may have been written but not told
    details = lineage.get_details(store, run.id)
    assert run.status in {"completed", "crashed"}
    assert (run.status == "crashed") == bool(details.closed_by)
    assert run.status == "completed" or details.error.kind in {"process_gone", "oom_killed"}
    ends = [line for line in store.journals.read(run.id) if type(line).__name__ == "RunFinished"]
    assert len(ends) == 1
    assert run.ended_at >= run.started_at


def _check_ledger(store: Store, run_ids: set[str]) -> None:
    actions = [entry.action for _, entry in store.ledger.iter_after(EMPTY)]
    sealed = [action.run_id for action in actions if isinstance(action, RunSealed)]
    assert set(sealed) == run_ids
    for kind in (SnapshotPublished, ModelRegistered):
        versions = [action.version for action in actions if isinstance(action, kind)]
        assert versions == list(range(1, len(versions) + 1)), versions
