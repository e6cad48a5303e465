# ruff: noqa: PD011 - the lines of a comparison have values, and are no frames

"""Questions about runs: references, what came before, what differs, and answers as frames."""

from __future__ import annotations

import math
import re

import pandas as pd
import pytest

import mlops_nb as mb
from mlops_nb import lineage
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.lineage import frames
from mlops_nb.records.journal import DatasetLinked, Host, MetricLogged, RunFinished, RunStarted
from mlops_nb.records.ledger import AliasMoved, ModelRegistered, SnapshotPublished
from mlops_nb.store import Store, queries


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "store"


@pytest.fixture
def store(place):
    store = Store(place)
    store.create()
    return store


def add(store, run_id, at=1e9, outcome="completed", experiment="e", kind="script", lines=()):
    """A run written line by line, so that ids and times are known."""
    writer = store.start_journal(run_id)
    host = Host("h", 1, "ada")
    writer.append(RunStarted(at, run_id=run_id, experiment=experiment, kind=kind, host=host))
    for line in lines:
        writer.append(line)
    if outcome:
        writer.append(RunFinished(at + 2, outcome=outcome, duration_s=2.0))
        store.seal_journal(run_id, writer, experiment, outcome)
        return None
    return writer


A, B, C = "20260101-000000-aaaaaa", "20260101-000000-bbbbbb", "20260102-000000-cccccc"


@pytest.fixture
def three(store):
    for n, run_id in enumerate((A, B, C)):
        add(store, run_id, 1e9 + n)
    return store


@pytest.mark.parametrize("reference", [C, "cccccc", "20260102", "20260102-000000-c"])
def test_a_run_is_found_by_its_id_or_a_part(three, reference):
    assert lineage.get_run(three, reference).id == C


def test_a_part_that_fits_several_names_them(three):
    with pytest.raises(UsageError, match="several") as caught:
        lineage.get_run(three, "20260101")
    assert A in caught.value.hint
    assert B in caught.value.hint


@pytest.mark.parametrize("reference", ["", "cccccx", "ccc", "20260103", "%", "_"])
def test_a_run_that_is_not_there_brings_near_ones(three, reference):
    with pytest.raises(NotFoundError) as caught:
        lineage.get_run(three, reference)
    assert re.search("did you mean cccccc|there is aaaaaa, bbbbbb, cccccc", caught.value.hint)


def test_an_empty_store_says_how_to_begin(store):
    with pytest.raises(NotFoundError) as caught:
        lineage.get_run(store, "abc")
    assert "%%track" in caught.value.hint


def test_runs_are_listed_newest_first_and_filtered(store):
    add(store, A, 1e9, experiment="x")
    add(store, B, 1e9 + 5, "failed", experiment="y")
    add(store, C, 1e9 + 2, experiment="x", kind="cell")
    assert [run.id for run in lineage.list_runs(store)] == [B, C, A]
    assert [run.id for run in lineage.list_runs(store, limit=2)] == [B, C]
    assert [run.id for run in lineage.list_runs(store, experiment="x", status="completed")] == [C, A]
    assert lineage.list_runs(store, status="running") == []
    assert lineage.list_experiments(store) == ["y", "x"]
    with pytest.raises(UsageError, match="no status 'done'") as caught:
        lineage.list_runs(store, status="done")
    assert "crashed" in caught.value.hint


def test_the_previous_run_is_the_latest_completed_one_before_of_its_kind(store):
    ids = [f"20260101-00000{n}-aaaaaa" for n in range(7)]
    add(store, ids[0], 1e9)
    add(store, ids[1], 1e9 + 1)
    add(store, ids[2], 1e9 + 2, "failed")
    add(store, ids[3], 1e9 + 3, kind="cell")
    add(store, ids[4], 1e9 + 4, experiment="other")
    add(store, ids[5], 1e9 + 5)
    add(store, ids[6], 1e9 + 6)
    run = lineage.get_run(store, ids[5])
    assert lineage.find_previous_run(store, run).id == ids[1]
    assert lineage.find_previous_run(store, lineage.get_run(store, ids[0])) is None
    assert lineage.find_previous_run(store, lineage.get_run(store, ids[4])) is None


def test_of_runs_that_began_together_one_is_before(store):
    add(store, A)
    add(store, B)
    assert lineage.find_previous_run(store, lineage.get_run(store, B)).id == A
    assert lineage.find_previous_run(store, lineage.get_run(store, A)) is None


def test_runs_side_by_side(store):
    add(store, A, lines=[MetricLogged(1.0, "loss", 0.5, 0), MetricLogged(1.0, "gap", "nan", 0)])
    link = DatasetLinked(1.0, role="used", digest="d" * 64, name="flights", version=3)
    bare = DatasetLinked(1.0, role="used", digest="f" * 64)
    lines = [MetricLogged(1.0, "gap", "nan", 0), MetricLogged(1.0, "acc", 1.0, 0), link, bare]
    add(store, B, lines=lines)
    found = lineage.compare_runs([lineage.get_run(store, A), lineage.get_run(store, B)])
    assert found.run_ids == (A, B)
    lines = {(line.group, line.key): line for line in found.lines}
    assert lines["metric", "loss"].values == (0.5, None)
    assert lines["metric", "acc"].values == (None, 1.0)
    assert lines["data", "used"].values == ("", f"flights@3, {'f' * 12}")
    assert lines["run", "status"].same
    assert not lines["metric", "loss"].same
    assert lines["metric", "gap"].same
    assert ("run", "commit") not in lines


def test_a_history_names_what_there_is(store):
    add(store, A, lines=[MetricLogged(5.0, "loss", 0.5, 3), MetricLogged(6.0, "loss", "inf", 1)])
    points = lineage.get_history(store, A, "loss")
    assert [(point.step, point.value, point.at) for point in points] == [(3, 0.5, 5.0), (1, math.inf, 6.0)]
    with pytest.raises(NotFoundError) as caught:
        lineage.get_history(store, A, "los")
    assert "loss" in caught.value.hint
    with pytest.raises(NotFoundError):
        lineage.get_history(store, C, "loss")
    with pytest.raises(UsageError):
        lineage.get_details(store, "../../etc/passwd")


# --- models and snapshots -------------------------------------------------------------------------------------------


def publish(store, name):
    def decide(_head):
        last = queries.last_snapshot(store, name)
        version = last.version + 1 if last else 1
        return SnapshotPublished(
            name=name, version=version, digest=f"{version}" * 64, manifest=manifest, rows=5, columns=1,
            logical_bytes=40, stored_bytes=20,
        )  # fmt: skip

    from mlops_nb.records.data import Manifest
    from mlops_nb.records.wire import encode

    manifest = store.objects.put(
        encode(Manifest(digest="1" * 64, rows=5, columns=(), schema="", python_type="t", logical_bytes=40))
    )
    return store.ledger.commit(decide, store.index.catch_up).action


def test_snapshots_by_reference(store):
    for name in ("flights", "flights", "weather"):
        publish(store, name)
    assert lineage.get_snapshot(store, "flights").version == 2
    assert lineage.get_snapshot(store, "flights@1").reference == "flights@1"
    assert [found.reference for found in lineage.list_snapshots(store)] == ["weather@1", "flights@2", "flights@1"]
    for reference, hint in (("flihgts", "flights"), ("flights@9", "1 to 2"), ("weather@2", "there is 1")):
        with pytest.raises(NotFoundError) as caught:
            lineage.get_snapshot(store, reference)
        assert hint in caught.value.hint
    with pytest.raises(UsageError, match="not aliases"):
        lineage.get_snapshot(store, "flights@champion")
    frame = frames.snapshots_frame(lineage.list_snapshots(store))
    assert frame["rows"].dtype == "int64"
    assert isinstance(frame["created_at"].dtype, pd.DatetimeTZDtype)


def test_models_by_reference(store):
    for version in (1, 2, 3):
        action = ModelRegistered(
            name="delays", version=version, digest="0" * 64, size_bytes=1, flavor="f", python_type="t"
        )
        store.ledger.append(action)
    store.ledger.append(AliasMoved(name="delays", alias="champion", version=2))
    assert lineage.get_model(store, "delays").version == 3
    assert lineage.get_model(store, "delays@champion").version == 2
    assert lineage.get_model(store, "delays@v1").aliases == ()
    for reference, hint in (("delay", "delays"), ("delays@chamption", "champion"), ("delays@4", "1 to 3")):
        with pytest.raises(NotFoundError) as caught:
            lineage.get_model(store, reference)
        assert hint in caught.value.hint
    assert list(frames.models_frame(lineage.list_models(store))["version"]) == [3, 2, 1]


# --- frames ---------------------------------------------------------------------------------------------------------


def test_runs_as_a_frame(store):
    add(store, A, lines=[MetricLogged(1.0, "loss", 0.5, 0)])
    writer = add(store, B, 1e9 + 1, outcome="")
    frame = mb.runs()
    assert list(frame.columns) == [
        "id", "experiment", "name", "status", "started_at", "duration_s", "metrics.loss",
    ]  # fmt: skip
    assert list(frame["status"]) == ["running", "completed"]
    assert frame["metrics.loss"].dtype == frame["duration_s"].dtype == "float64"
    assert frame["started_at"][0] == pd.Timestamp(1e9 + 1, unit="s", tz="UTC")
    assert mb.runs(status="running")["duration_s"].dtype == "float64"
    writer.close()


def test_a_frame_of_no_runs_has_its_columns_and_types():
    frame = mb.runs()
    assert len(frame) == 0
    assert list(frame.columns) == ["id", "experiment", "name", "status", "started_at", "duration_s"]
    assert frame["duration_s"].dtype == "float64"
    assert isinstance(frame["started_at"].dtype, pd.DatetimeTZDtype)


def test_a_run_in_the_hand(store):
    add(store, A, lines=[MetricLogged(5.0, "loss", 0.5, 3), MetricLogged(6.0, "loss", "nan", 4)])
    run = mb.get_run("aaaaaa")
    assert (run.id, run.experiment, run.name, run.status, run.duration_s) == (A, "e", "", "completed", 2.0)
    assert run.started_at.timestamp() == 1e9
    assert run.params == run.tags == {}
    assert math.isnan(run.metrics["loss"])
    history = run.history("loss")
    assert [str(kind) for kind in history.dtypes[:2]] == ["int64", "float64"]
    assert isinstance(history["time"].dtype, pd.DatetimeTZDtype)
    assert list(history["step"]) == [3, 4]
    assert A in repr(run)
    run.params["x"] = 1
    assert run.params == {}
