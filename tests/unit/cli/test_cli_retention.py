"""Deleting, restoring and `gc`, as typed."""

from __future__ import annotations

import json
import os
import time

import pytest

from mlops_nb import lineage
from mlops_nb.store import Store


def age(store: Store) -> None:
    past = time.time() - 86_400
    for place in (store.root / "objects").glob("??/*"):
        os.utime(place, (past, past))


def run_ids(store: Store) -> list[str]:
    return [run.id for run in lineage.list_runs(store)]


def test_runs_are_deleted_and_restored(call, store: Store) -> None:
    before = run_ids(store)
    told = call("runs", "delete", before[0], before[2][-6:], "-m", "wrong")
    assert told.exit_code == 0
    assert told.stdout.splitlines()[:2] == [f"deleted run {before[0]}", f"deleted run {before[2]}"]
    assert "`mlops-nb gc` frees the bytes" in told.stdout
    assert run_ids(store) == [before[1]]
    gone = call("runs", "show", before[0][-6:])
    assert gone.exit_code == 3
    assert f"run {before[0]} was deleted" in gone.stderr
    assert f"mlops-nb runs restore {before[0]}" in gone.stderr
    told = call("runs", "restore", before[2], before[0], "--json")
    assert [entry["action"]["run_id"] for entry in json.loads(told.stdout)] == [before[2], before[0]]
    assert run_ids(store) == before


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["runs", "delete"], 2, "missing argument 'RUN...'"),
        (["runs", "delete", "zzzzzz"], 3, "no run named 'zzzzzz'"),
        (["runs", "restore", "zzzzzz"], 3, "no deleted run zzzzzz"),
        (["data", "delete", "flights"], 2, "names no version"),
        (["data", "delete", "flights@2"], 4, "flights@2 is the data behind delays@1"),
        (["data", "restore", "flights@1"], 3, "no deleted dataset version flights@1"),
        (["models", "delete", "delays@1"], 4, "what the alias points to: champion"),
        (["models", "delete", "delays@champion"], 2, "names no version"),
        (["models", "restore", "../x@1"], 2, "cannot be used"),
        (["gc", "--older-than", "-1"], 2, "invalid value for '--older-than'"),
        (["gc", "--older-than", "nan"], 2, "invalid value for '--older-than'"),
        (["gc", "--older-than", "inf"], 2, "invalid value for '--older-than'"),
    ],
)
def test_what_may_not_be_is_refused(call, store: Store, words, code: int, message: str) -> None:
    told = call(*words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert message in told.stderr
    assert len(lineage.list_snapshots(store)) == 2


def test_versions_are_deleted_with_force_and_restored(call, store: Store) -> None:
    assert "deleted dataset version flights@2" in call("data", "delete", "flights@2", "--force").stdout
    assert "deleted model version delays@1" in call("models", "delete", "delays@1", "--force").stdout
    assert [one.reference for one in lineage.list_snapshots(store)] == ["flights@1"]
    assert lineage.list_models(store) == []
    assert call("data", "restore", "flights@2").stdout == "restored dataset version flights@2\n"
    assert call("models", "restore", "delays@1").stdout == "restored model version delays@1\n"
    assert lineage.get_model(store, "delays@1").aliases == ()


def test_gc_shows_first_and_frees_with_yes(call, store: Store) -> None:
    assert "nothing to free" in call("gc").stdout
    call("models", "delete", "delays@1", "--force", "-m", "too \x1b[31mold")
    age(store)
    shown = call("gc")
    assert "delays@1" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "would free" in shown.stdout
    assert "0 journals and 1 objects" in shown.stdout
    facts = json.loads(call("gc", "--json").stdout)
    assert (facts["done"], facts["plan"]["removals"][0]["final"]) == (False, False)
    assert "nothing to free" in call("gc", "--older-than", "30", "--yes").stdout
    done = json.loads(call("gc", "--yes", "--json").stdout)
    assert (done["done"], done["objects"], done["freed_bytes"]) == (True, 1, facts["freed_bytes"])
    assert "nothing to free" in call("gc", "--yes").stdout
    assert call("models", "restore", "delays@1").exit_code == 4
    assert call("audit", "verify").exit_code == 0


def test_gc_tells_what_stays_and_why(call, store: Store) -> None:
    store.objects.put(b"x" * 2000)
    assert "stays for now: 1 objects, 2 kB, younger than an hour" in call("gc").stdout.replace("2.0 kB", "2 kB")
    age(store)
    assert "freed 2" in call("gc", "--yes").stdout


def test_gc_without_a_store(call, own_place) -> None:
    assert "nothing to free" in call("gc").stdout
    assert "nothing to free" in call("gc", "--yes").stdout
    assert list(own_place.iterdir()) == []
