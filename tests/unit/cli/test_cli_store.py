"""`store verify`, `store repair`, `audit log` and `audit verify --against`, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_nb import lineage
from mlops_nb.records.ledger import ModelRegistered
from mlops_nb.store import Store
from mlops_nb.store.ledger import EMPTY


@pytest.fixture
def seen(store: Store) -> Store:
    store.index.catch_up()
    return store


def model_path(store: Store) -> Path:
    digest = next(
        entry.action.digest for _, entry in store.ledger.iter_after(EMPTY) if isinstance(entry.action, ModelRegistered)
    )
    return store.root / "objects" / digest[:2] / digest


def test_a_sound_store(call, seen: Store) -> None:
    told = call("store", "verify")
    assert told.exit_code == 0, told.output
    assert told.stdout.endswith("✓ no damage\n")
    assert call("store", "repair").stdout == "✓ nothing to mend\n"
    assert call("store", "repair", "--yes").stdout == "✓ nothing to mend\n"
    assert not (seen.root / "quarantine").exists()


def test_an_empty_place(call) -> None:
    assert "there is nothing to verify" in call("store", "verify").stdout
    assert call("store", "repair").exit_code == 0
    told = call("store", "verify", "--store", "nowhere")
    assert told.exit_code == 3


def test_a_plan_then_the_deed(call, seen: Store) -> None:
    path = seen.root / "ledger" / "00000002.json"
    path.write_bytes(b"{}")
    told = call("store", "verify")
    assert told.exit_code == 1
    assert "✗ ledger/00000002.json cannot be read" in told.stdout
    assert "mend with `mlops-nb store repair`" in told.stdout
    plan = call("store", "repair")
    assert plan.exit_code == 0
    assert plan.stdout.startswith("→ ledger/00000002.json cannot be read")
    assert "nothing was done: --yes does it" in plan.stdout
    assert path.read_bytes() == b"{}"
    steps = json.loads(call("store", "repair", "--json").stdout)["steps"]
    assert steps[0]["place"] == "ledger/00000002.json"
    done = call("store", "repair", "--yes")
    assert done.exit_code == 0, done.output
    assert "what was replaced or moved is in quarantine/" in done.stdout
    assert call("store", "verify").exit_code == 0
    log = json.loads(call("audit", "log", "--json").stdout)
    assert log[0]["action"] == "store_repaired"
    assert "ledger/00000002.json" in log[0]["about"]


def test_what_nothing_can_mend_is_said(call, seen: Store) -> None:
    model_path(seen).unlink()
    told = call("store", "repair")
    assert told.exit_code == 1
    assert "nothing here can mend:" in told.stdout
    assert "model delays@1" in told.stdout
    assert call("store", "repair", "--yes").exit_code == 1


def test_a_damaged_model_makes_room_for_the_same_bytes(call, seen: Store) -> None:
    path = model_path(seen)
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    assert "lost for good: model delays@1" in call("store", "repair", "--yes").stdout
    assert seen.objects.put(whole) == path.name
    assert call("store", "verify").exit_code == 0


def test_a_damaged_format_is_written_anew(call, seen: Store) -> None:
    path = seen.root / "format.json"
    whole = path.read_bytes()
    path.write_bytes(b"x" + whole[1:])
    told = call("runs", "list")
    assert told.exit_code == 5
    assert "mlops-nb store repair" in told.stderr
    assert call("store", "repair", "--yes").exit_code == 0
    assert path.read_bytes() == whole
    assert call("runs", "list").exit_code == 0


def test_the_log_says_who_what_and_in_which_order(call, seen: Store) -> None:
    log = json.loads(call("audit", "log", "--json").stdout)
    assert [one["number"] for one in log] == [7, 6, 5, 4, 3, 2, 1]
    assert all(one["user"] and one["host"] and one["at"] > 1e9 for one in log)
    assert [one["number"] for one in json.loads(call("audit", "log", "-n", 2, "--json").stdout)] == [7, 6]
    by_model = json.loads(call("audit", "log", "--model", "delays", "--json").stdout)
    assert {one["action"] for one in by_model} == {"model_registered", "alias_moved"}
    by_data = json.loads(call("audit", "log", "--dataset", "flights", "--json").stdout)
    assert [one["about"] for one in by_data] == ["data flights@2", "data flights@1"]
    run = lineage.list_runs(seen, experiment="delays")[0]
    by_run = json.loads(call("audit", "log", "--run", run.id[-6:], "--json").stdout)
    assert {one["run_id"] for one in by_run} == {run.id}
    assert {"run_sealed", "snapshot_published", "model_registered"} == {one["action"] for one in by_run}
    assert "data flights@2" in call("audit", "log").stdout
    assert call("audit", "log", "--model", "dellays").exit_code == 3


def test_the_log_tells_of_an_entry_that_cannot_be_read(call, seen: Store) -> None:
    (seen.root / "ledger" / "00000003.json").write_bytes(b"{}")
    log = json.loads(call("audit", "log", "--json").stdout)
    assert "cannot be read" in log[4]["problem"]
    assert "✗ cannot be read" in call("audit", "log").stdout


def test_a_noted_digest_proves_the_history(call, seen: Store) -> None:
    digest = json.loads(call("audit", "verify", "--json").stdout)["head"]
    assert call("runs", "list").exit_code == 0
    told = call("audit", "verify", "--against", digest)
    assert told.exit_code == 0
    assert "entry 7 still has the digest that was noted" in told.stdout
    early = seen.ledger.walk()
    assert call("audit", "verify", "--against", next(early).digest).exit_code == 0
    assert call("audit", "verify", "--against", "x" * 64).exit_code == 2
    assert call("audit", "verify", "--against", digest[:8]).exit_code == 2
    # Rewritten from there on, chain and index and all: only the noted digest knows.
    last = seen.root / "ledger" / "00000007.json"
    last.write_bytes(last.read_bytes().replace(b'"by":"', b'"by":"x'))
    seen.index.rebuild()
    assert call("audit", "verify").exit_code == 0
    told = call("audit", "verify", "--against", digest)
    assert told.exit_code == 1
    assert "altered or removed since that was noted" in told.stdout
