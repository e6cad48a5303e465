"""A gc frees the bytes of what was deleted, and not one that anything still needs."""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd
import pytest

from mlops_nb import lineage, retention
from mlops_nb.errors import StoreCorruptError
from mlops_nb.lineage.audit import audit_store
from mlops_nb.records.ledger import RetentionApplied, RetentionStarted
from mlops_nb.store.ledger import EMPTY
from mlops_nb.tracking import start_run
from mlops_nb.tracking.data import load, snapshot


def disk_bytes(store) -> int:
    """What journals and objects take."""
    return sum(
        place.stat().st_size
        for part in ("objects", "runs")
        for place in (store.root / part).rglob("*")
        if place.is_file()
    )


def actions(store):
    return [entry.action for _, entry in store.ledger.iter_after(EMPTY)]


def test_bytes_of_what_was_deleted_are_free_and_the_rest_is_sound(store, reopen, age, make_run, numbers):
    gone = make_run(store, artifact=b"a" * 5000, data=numbers(0), model=True)
    kept = make_run(store, artifact=b"b" * 5000, data=numbers(9000))
    retention.delete_model(store, "delays@1")
    retention.delete_run(store, gone)
    retention.delete_snapshot(store, "flights@1")
    age()
    before = disk_bytes(store)
    plan = retention.plan_garbage(store)
    assert disk_bytes(store) == before
    assert {one.subject.reference for one in plan.removals} == {gone, "delays@1", "flights@1"}
    assert plan.journals == (gone,)
    assert len(plan.objects) == 4, "an artifact, a model, a manifest, a pack"
    done = retention.collect_garbage(store)
    assert before - disk_bytes(store) == done.freed_bytes == plan.freed_bytes > 5000
    started, applied = actions(store)[-2:]
    assert isinstance(started, RetentionStarted)
    assert applied == RetentionApplied(
        started=len(actions(store)) - 1, journals=1, objects=4, freed_bytes=done.freed_bytes
    )
    assert not (store.root / "runs" / gone).exists()
    for one in (store, reopen()):
        assert audit_store(one).findings == ()
        assert [run.id for run in lineage.list_runs(one)] == [kept]
        assert load("flights@2", store=one).equals(numbers(9000))
        one.index.rebuild()
        assert [run.id for run in lineage.list_runs(one)] == [kept]


def test_nothing_to_do_writes_nothing(store, age, make_run, numbers):
    assert retention.collect_garbage(store).plan.empty
    assert not store.root.exists()
    make_run(store, artifact=b"x", data=numbers(0), model=True)
    age()
    before = len(actions(store))
    assert retention.collect_garbage(store).plan.empty
    assert len(actions(store)) == before


def test_bytes_that_others_share_stay(store, age, make_run):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.random(50_000), "y": rng.random(50_000)})
    snapshot(frame, "flights", store=store)
    wider = frame.assign(z=1.0).drop(columns="y")
    snapshot(wider, "flights", store=store)
    first, second = make_run(store, artifact=b"same"), make_run(store, artifact=b"same")
    retention.delete_snapshot(store, "flights@1")
    retention.delete_run(store, first)
    age()
    done = retention.collect_garbage(store)
    (pack,) = done.plan.shared_packs
    assert 0.4 * pack.size_bytes < pack.dead_bytes < 0.6 * pack.size_bytes, "column y is dead in a pack that x needs"
    assert load("flights@2", store=store).equals(wider)
    assert audit_store(store).sound
    details = lineage.get_details(store, second)
    assert store.objects.get(details.artifacts[0].digest) == b"same"


def test_segments_of_a_swept_pack_are_not_offered_again(store, reopen, age, numbers):
    elsewhere = reopen()
    snapshot(numbers(0), "flights", store=store)
    elsewhere.index.catch_up()
    retention.delete_snapshot(store, "flights@1")
    age()
    assert retention.collect_garbage(store).objects == 2
    for one, name in ((elsewhere, "a"), (store, "b"), (reopen(), "c")):
        snapshot(numbers(0), name, store=one)
        assert load(name, store=one).equals(numbers(0))
    assert audit_store(store).sound


def test_what_is_young_stays_until_it_is_old(store, age, numbers):
    snapshot(numbers(0), "flights", store=store)
    store.objects.put(b"of a writer that has not come to its ledger entry yet")
    retention.delete_snapshot(store, "flights@1")
    done = retention.collect_garbage(store)
    assert (done.objects, done.plan.young_objects) == (0, 3)
    age()
    assert retention.collect_garbage(store).objects == 3


def test_putting_or_keeping_makes_young(store, age):
    store.create()
    one, two = store.objects.put(b"one"), store.objects.put(b"two")
    age()
    store.objects.put(b"one")
    assert store.objects.keep(two)
    assert retention.plan_garbage(store).objects == ()
    assert not store.objects.keep("0" * 64)
    assert store.objects.get(one) == b"one"


def test_a_colleagues_object_can_be_made_young(store, age, monkeypatch):
    store.create()
    one = store.objects.put(b"one")
    age()

    def refuse(*_args: object) -> None:
        raise PermissionError(13, "not the owner")

    monkeypatch.setattr(os, "utime", refuse)
    assert store.objects.keep(one)
    assert retention.plan_garbage(store).young_objects == 1
    assert store.objects.get(one) == b"one"


def test_a_live_run_keeps_its_artifacts(store, age):
    run = start_run(store, experiment="e", kind="script")
    digest = run.log_artifact(b"of a live run", "a.bin")
    age()
    assert retention.collect_garbage(store).plan.empty
    run.finish()
    assert store.objects.get(digest) == b"of a live run"


def test_a_line_of_a_newer_version_keeps_what_it_names(store, age):
    run = start_run(store, experiment="e", kind="script")
    digest = store.objects.put(b"of a newer version")
    with store.journals.path(run.id).open("ab") as journal:
        journal.write(b'{"type":"weights","at":1.0,"shards":["%s"]}\n' % digest.encode())
    age()
    assert retention.collect_garbage(store).plan.empty
    run.finish()


@pytest.mark.parametrize("what", ["manifest", "journal", "hole", "hole unseen", "end"])
def test_damage_that_hides_what_is_needed_stops_it(store, age, what, make_run, numbers):
    run_id = make_run(store, artifact=b"precious", data=numbers(0))
    store.objects.put(b"garbage")
    age()
    if what == "manifest":
        digest = lineage.get_snapshot(store, "flights").manifest
        (store.root / "objects" / digest[:2] / digest).write_bytes(b"{}")
    elif what == "journal":
        store.journals.path(run_id).write_bytes(b"{}\n")
    else:
        if what != "hole unseen":
            store.index.catch_up()
        (store.root / "ledger" / f"{len(actions(store)) if what == 'end' else 1:08d}.json").unlink()
    before = disk_bytes(store)
    with pytest.raises(StoreCorruptError, match="nothing was removed"):
        retention.collect_garbage(store)
    assert disk_bytes(store) == before


@pytest.mark.parametrize("needed", [True, False])
def test_what_a_killed_gc_left_aside_is_settled_by_the_next(store, age, needed, numbers):
    snapshot(numbers(0), "flights", store=store)
    if not needed:
        retention.delete_snapshot(store, "flights@1")
    age()
    manifest = lineage.get_snapshot(store, "flights").manifest if needed else ""
    for place in list((store.root / "objects").glob("??/*")):
        place.rename(store.root / "tmp" / f"swept-0011223344556677-{place.name}")
    done = retention.collect_garbage(store)
    assert list((store.root / "tmp").iterdir()) == []
    assert done.objects == (0 if needed else 2)
    if needed:
        assert store.objects.get(manifest)
        assert load("flights@1", store=store).equals(numbers(0))


def test_what_a_killed_gc_left_in_place_is_no_damage_and_goes_with_the_next(store, age, monkeypatch, make_run):
    run_id = make_run(store, artifact=b"a")
    retention.delete_run(store, run_id)
    age()

    def die(*_args: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mlops_nb.retention.garbage.remove_journal", die)
        with pytest.raises(KeyboardInterrupt):
            retention.collect_garbage(store)
    assert audit_store(store).findings == ()
    done = retention.collect_garbage(store)
    assert (done.journals, done.objects) == (1, 1)
    assert audit_store(store).findings == ()


def test_equal_data_stays_for_as_long_as_one_name_has_it(store, age, numbers):
    for name in ("flights", "copy"):
        snapshot(numbers(0), name, store=store)
    retention.delete_snapshot(store, "flights@1")
    age()
    assert retention.collect_garbage(store).objects == 0
    assert load("copy", store=store).equals(numbers(0))


def test_a_snapshot_whose_pack_is_swept_before_its_entry_is_taken_anew(store, age, monkeypatch, numbers):
    """The race itself, made to happen: the gc runs between looking for segments and the ledger entry."""
    snapshot(numbers(0), "flights", store=store)
    real = store.ledger.commit
    swept = []

    def commit(decide, look=None):
        monkeypatch.setattr(store.ledger, "commit", real)
        retention.delete_snapshot(store, "flights@1")
        age()
        swept.append(retention.collect_garbage(store, grace_s=0.0).objects)
        return real(decide, look)

    monkeypatch.setattr(store.ledger, "commit", commit)
    snapshot(numbers(0), "again", store=store)
    assert swept == [2], "pack and manifest, which both share"
    assert load("again@1", store=store).equals(numbers(0))
    assert audit_store(store).findings == ()


def test_a_model_that_is_swept_before_its_entry_is_written_again(store, age, monkeypatch, make_run):
    real, swept = store.ledger.commit, []

    def commit(decide, look=None):
        monkeypatch.setattr(store.ledger, "commit", real)
        age()
        swept.append(retention.collect_garbage(store, grace_s=0.0).objects)
        return real(decide, look)

    monkeypatch.setattr(store.ledger, "commit", commit)
    make_run(store, model=True)
    assert swept == [1]
    assert store.objects.check(lineage.get_model(store, "delays@1").digest)


def test_an_entry_that_comes_in_between_is_reckoned_with(store, age, monkeypatch, numbers):
    """A restoration wins the race for the number that the gc wanted: what came back stays."""
    for first in (0, 5000):
        snapshot(numbers(first), "flights", store=store)
    retention.delete_snapshot(store, "flights@1")
    retention.delete_snapshot(store, "flights@2")
    age()
    real = store.objects.put_named

    def lose(path, data):
        monkeypatch.setattr(store.objects, "put_named", real)
        retention.restore_snapshot(store, "flights@1")
        return real(path, data)

    monkeypatch.setattr(store.objects, "put_named", lose)
    done = retention.collect_garbage(store)
    assert [one.subject.reference for one in done.plan.removals] == ["flights@2"]
    assert load("flights@1", store=store).equals(numbers(0))
    assert audit_store(store).findings == ()


def test_an_artifact_that_is_swept_before_its_line_is_written_again(store, monkeypatch):
    run = start_run(store, experiment="e", kind="script")
    real, swept = run._append, []

    def append(line):
        time.sleep(0.02)
        swept.append(retention.collect_garbage(store, grace_s=0.0).objects)
        real(line)

    monkeypatch.setattr(run, "_append", append)
    digest = run.log_artifact(b"figure", "a.png")
    monkeypatch.undo()
    assert swept == [1]
    assert store.objects.get(digest) == b"figure"
    run.finish()
