"""Deleting is a ledger entry that others may lean on: refused where something refers, undone by another entry."""

from __future__ import annotations

import time

import pytest

from mlops_nb import lineage, retention
from mlops_nb.errors import ConflictError, NotFoundError, UsageError
from mlops_nb.records.ledger import ModelVersionDeleted, RunDeleted, SnapshotDeleted
from mlops_nb.registry import load_model, move_alias
from mlops_nb.tracking import start_run
from mlops_nb.tracking.data import load, snapshot


def test_a_deleted_run_is_in_no_list_and_says_who_deleted_it(store, reopen, make_run):
    kept, gone = make_run(store), make_run(store)
    entry = retention.delete_run(store, gone[-6:], "wrong column")
    assert entry.action == RunDeleted(run_id=gone, reason="wrong column")
    for one in (store, reopen()):
        assert [run.id for run in lineage.list_runs(one)] == [kept]
        with pytest.raises(NotFoundError, match=rf"run {gone} was deleted .* UTC by .*@.*: wrong column") as told:
            lineage.get_run(one, gone[-6:])
        assert told.value.hint == f"mlops-nb runs restore {gone}"
        one.index.rebuild()
        assert [run.id for run in lineage.list_runs(one)] == [kept]


def test_a_restored_run_is_what_it_was(store, reopen, make_run):
    run_id = make_run(store)
    before = lineage.get_run(store, run_id)
    retention.delete_run(store, run_id)
    retention.restore_run(store, run_id[-6:])
    for one in (store, reopen()):
        assert lineage.list_runs(one) == [before]
        assert lineage.get_history(one, run_id, "loss")[0].value == 0.5
    with pytest.raises(NotFoundError, match="no deleted run"):
        retention.restore_run(store, run_id)


def test_nothing_of_a_deleted_run_stays_in_the_index(store):
    run = start_run(store, experiment="e", kind="script", params={"lr": 0.1}, tags={"stage": "draft"})
    run.log_metric("loss", 0.5)
    run.finish()
    where = "params.lr = 0.1 and tags.stage = draft and metrics.loss = 0.5"
    assert len(lineage.list_runs(store, where=where)) == 1
    retention.delete_run(store, run.id)
    assert lineage.list_runs(store, where=where) == []
    assert [store.index.rows(f"SELECT * FROM {table}") for table in ("params", "tags", "metrics")] == [[], [], []]
    retention.restore_run(store, run.id)
    assert len(lineage.list_runs(store, where=where)) == 1


def test_a_run_is_deleted_only_when_it_is_over(store):
    run = start_run(store, experiment="e", kind="script")
    with pytest.raises(ConflictError, match="still running"):
        retention.delete_run(store, run.id, force=True)
    run.finish()
    retention.delete_run(store, run.id)


def test_a_run_behind_a_model_is_refused_unless_forced(store, make_run):
    run_id = make_run(store, model=True)
    with pytest.raises(ConflictError, match=f"run {run_id[-6:]} made the registered model delays@1"):
        retention.delete_run(store, run_id)
    retention.delete_run(store, run_id, force=True)
    assert lineage.get_model(store, "delays").run_id == run_id


def test_a_deleted_version_is_told_and_its_number_never_used_again(store, reopen, numbers):
    for first in (0, 5000):
        snapshot(numbers(first), "flights", store=store)
    entry = retention.delete_snapshot(store, "flights@2", "personal data")
    assert entry.action == SnapshotDeleted(name="flights", version=2, reason="personal data")
    for one in (store, reopen()):
        with pytest.raises(NotFoundError, match=r"dataset version flights@2 was deleted .*: personal data"):
            load("flights@2", store=one)
        assert lineage.get_snapshot(one, "flights").version == 1
    assert snapshot(numbers(5000), "flights", store=store).version == 3
    retention.restore_snapshot(store, "flights@2")
    for one in (store, reopen()):
        assert [found.version for found in lineage.list_snapshots(one, "flights")] == [3, 2, 1]
        assert load("flights@2", store=one).equals(numbers(5000))


def test_a_dataset_without_versions_says_that_they_were_deleted(store, numbers):
    snapshot(numbers(0), "flights", store=store)
    retention.delete_snapshot(store, "flights@1")
    with pytest.raises(NotFoundError, match="flights@1 was deleted"):
        load("flights", store=store)
    assert snapshot(numbers(0), "flights", store=store).version == 2


def test_data_behind_a_model_is_refused_unless_it_is_kept_elsewhere_too(store, make_run, numbers):
    make_run(store, data=numbers(0), model=True)
    with pytest.raises(ConflictError, match="flights@1 is the data behind delays@1") as told:
        retention.delete_snapshot(store, "flights@1")
    assert "--force" in told.value.hint
    snapshot(numbers(0), "copy", store=store)
    retention.delete_snapshot(store, "flights@1")
    with pytest.raises(ConflictError, match="copy@1 is the data behind"):
        retention.delete_snapshot(store, "copy@1")
    retention.delete_snapshot(store, "copy@1", force=True)


def test_a_model_that_an_alias_points_to_is_refused_unless_forced(store, reopen, make_run):
    make_run(store, model=True)
    move_alias(store, "delays", "champion", 1)
    with pytest.raises(ConflictError, match="alias points to: champion"):
        retention.delete_model(store, "delays@1")
    entry = retention.delete_model(store, "delays@1", force=True)
    assert entry.action == ModelVersionDeleted(name="delays", version=1, aliases=("champion",))
    for one in (store, reopen()):
        with pytest.raises(NotFoundError, match="model version delays@1 was deleted"):
            load_model("delays@champion", store=one)
        with pytest.raises(NotFoundError, match="delays@1 was deleted"):
            move_alias(one, "delays", "champion", 1)
    make_run(store, model=True)
    assert lineage.get_model(store, "delays").version == 2
    retention.restore_model(store, "delays@1")
    assert [model.aliases for model in lineage.list_models(store, "delays")] == [(), ()]


@pytest.mark.parametrize("reference", ["flights", "flights@0", "no name"])
def test_only_a_version_is_deleted(store, reference, numbers):
    snapshot(numbers(0), "flights", store=store)
    with pytest.raises(UsageError):
        retention.delete_snapshot(store, reference)
    with pytest.raises(UsageError):
        retention.delete_model(store, "delays@champion")


def test_what_is_deleted_twice_or_not_there_is_told(store, numbers):
    snapshot(numbers(0), "flights", store=store)
    retention.delete_snapshot(store, "flights@1")
    for reference in ("flights@1", "flights@7", "nothing@1"):
        with pytest.raises(NotFoundError):
            retention.delete_snapshot(store, reference)
    with pytest.raises(NotFoundError, match="no deleted dataset version flights@7"):
        retention.restore_snapshot(store, "flights@7")


def test_nothing_comes_back_after_a_gc(store, age, numbers):
    snapshot(numbers(0), "flights", store=store)
    retention.delete_snapshot(store, "flights@1")
    age()
    retention.collect_garbage(store)
    with pytest.raises(ConflictError, match="a gc made that final"):
        retention.restore_snapshot(store, "flights@1")
    with pytest.raises(NotFoundError, match="was deleted") as told:
        load("flights@1", store=store)
    assert told.value.hint == "its bytes are freed"
    assert snapshot(numbers(0), "flights", store=store).version == 2
    assert load("flights", store=store).equals(numbers(0))


def test_only_old_deletions_are_made_final(store, age, numbers):
    snapshot(numbers(0), "flights", store=store)
    retention.delete_snapshot(store, "flights@1")
    age()
    assert retention.collect_garbage(store, older_than_s=60).plan.empty
    time.sleep(0.01)
    retention.restore_snapshot(store, "flights@1")
    assert retention.collect_garbage(store).plan.empty
    assert load("flights@1", store=store).equals(numbers(0))
