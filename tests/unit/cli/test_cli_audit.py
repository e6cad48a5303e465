"""`audit verify` on a sound store, and on one damage of each kind, planted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_nb import lineage
from mlops_nb.lineage import audit
from mlops_nb.records.journal import ArtifactLogged
from mlops_nb.records.ledger import ModelRegistered, RunSealed, SnapshotPublished
from mlops_nb.store import Store
from mlops_nb.store.ledger import EMPTY
from mlops_nb.tracking import start_run
from mlops_nb.tracking.data import get_manifest


def entries(store: Store, kind: type) -> list:
    return [entry for _, entry in store.ledger.iter_after(EMPTY) if isinstance(entry.action, kind)]


def flip(path: Path, at: int = -3) -> str:
    """Change one byte; return the path as the audit names it."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))
    return "/".join(path.parts[path.parts.index(".mlops_nb") + 1 :])


def entry_path(store: Store, number: int) -> Path:
    return store.root / f"ledger/{number:08d}.json"


def object_path(store: Store, digest: str) -> Path:
    return store.root / "objects" / digest[:2] / digest


def findings(call) -> dict[str, dict]:
    told = call("audit", "verify", "--json")
    report = json.loads(told.stdout)
    assert told.exit_code == (0 if report["sound"] else 1)
    return {one["place"]: one for one in report["findings"]}


def test_a_sound_store(call, store: Store) -> None:
    told = call("audit", "verify")
    assert told.exit_code == 0, told.stdout
    first, head, last = told.stdout.splitlines()
    assert head == f"head: entry 7, digest {store.ledger.find_head().digest}"
    assert first.startswith("checked 7 ledger entries, 3 sealed journals, ")
    assert last == "✓ nothing was altered or removed"


def test_it_alters_nothing(call, store: Store) -> None:
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
    call("audit", "verify")
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*")} == before


def test_a_run_in_progress_is_no_damage(call, store: Store) -> None:
    run = start_run(store, experiment="now", kind="cell")
    run.log_artifact(b"some bytes", "x.bin")
    told = call("audit", "verify")
    assert told.exit_code == 0
    assert f"not sealed yet: 1 run ({run.id[-6:]}); that is no damage" in told.stdout
    assert json.loads(call("audit", "verify", "--json").stdout)["live"] == [run.id]
    run.finish()
    assert json.loads(call("audit", "verify", "--json").stdout)["live"] == []


def altered_entry(store: Store) -> tuple[str, str]:
    path = entry_path(store, 2)
    path.write_bytes(path.read_bytes().replace(b'"by":"', b'"by":"x'))
    return "ledger/00000003.json", "does not follow entry 2"


def unreadable_entry(store: Store) -> tuple[str, str]:
    return flip(entry_path(store, 2), 0), "cannot be read"


def missing_entry(store: Store) -> tuple[str, str]:
    entry_path(store, 3).unlink()
    return "ledger/00000003.json", "is missing"


def last_entry_gone(store: Store) -> tuple[str, str]:
    """Nothing follows it, but its run's journal is still there."""
    run = lineage.list_runs(store, experiment="other")[0]
    entry_path(store, 7).unlink()
    return f"runs/{run.id}/journal.jsonl", "is not in the ledger"


def altered_journal(store: Store) -> tuple[str, str]:
    sealed = entries(store, RunSealed)[0].action
    return flip(store.journals.path(sealed.run_id), 40), "was altered after it was sealed"


def grown_journal(store: Store) -> tuple[str, str]:
    path = store.journals.path(entries(store, RunSealed)[0].action.run_id)
    with path.open("ab") as file:
        file.write(b"more\n")
    return f"runs/{path.parent.name}/journal.jsonl", "has 5 bytes more than when it was sealed"


def missing_journal(store: Store) -> tuple[str, str]:
    path = store.journals.path(entries(store, RunSealed)[0].action.run_id)
    path.unlink()
    return f"runs/{path.parent.name}/journal.jsonl", "is missing"


def altered_model(store: Store) -> tuple[str, str]:
    return flip(object_path(store, entries(store, ModelRegistered)[0].action.digest)), "is damaged"


def altered_manifest(store: Store) -> tuple[str, str]:
    return flip(object_path(store, entries(store, SnapshotPublished)[0].action.manifest)), "is damaged"


def altered_pack(store: Store) -> tuple[str, str]:
    manifest = get_manifest(store, lineage.get_snapshot(store, "flights@1"))
    return flip(object_path(store, manifest.columns[0].segments[0].address.object)), "is damaged"


def missing_artifact(store: Store) -> tuple[str, str]:
    run = lineage.list_runs(store, experiment="delays")[0]
    digest = lineage.get_details(store, run.id).artifacts[0].digest
    object_path(store, digest).unlink()
    return f"objects/{digest[:2]}/{digest}", "is missing"


def missing_format(store: Store) -> tuple[str, str]:
    (store.root / "format.json").unlink()
    return "format.json", "is missing"


DAMAGES = [
    altered_entry, unreadable_entry, missing_entry, last_entry_gone, altered_journal, grown_journal, missing_journal,
    altered_model, altered_manifest, altered_pack, missing_artifact, missing_format,
]  # fmt: skip


@pytest.mark.parametrize("plant", DAMAGES, ids=lambda plant: plant.__name__)
def test_damage_is_found(call, store: Store, plant: Callable[[Store], tuple[str, str]]) -> None:
    place, problem = plant(store)
    found = findings(call)
    assert place in found, found
    assert problem in found[place]["problem"]
    assert found[place]["remedy"]
    told = call("audit", "verify")
    assert told.exit_code == 1
    assert f"✗ {place} {found[place]['problem']}" in told.stdout
    assert "what to do: " in told.stdout
    assert told.stdout.rstrip().endswith("found")


@pytest.mark.parametrize("number", range(1, 8))
def test_any_entry_that_is_taken_away_is_missed(call, store: Store, number: int) -> None:
    entry_path(store, number).unlink()
    assert findings(call)


def test_one_altered_entry_is_one_damage(call, store: Store) -> None:
    """Of what cannot be read its follower is not accused."""
    place, _ = unreadable_entry(store)
    assert [one for one in findings(call) if one.startswith("ledger/")] == [place]


def test_who_relies_on_a_damage_is_named(call, store: Store) -> None:
    place, _ = altered_model(store)
    assert findings(call)[place]["affects"] == ["model delays@1"]
    place, _ = altered_pack(store)
    assert "data flights@1" in findings(call)[place]["affects"]


@pytest.mark.parametrize("rewrite", [False, True], ids=["removed", "rewritten"])
def test_an_end_that_was_changed_is_told_by_the_index(call, store: Store, rewrite: bool) -> None:
    """The newest entry has no follower: what this machine saw of it is the witness."""
    model = entries(store, ModelRegistered)[0].number
    assert store.index.catch_up().number == 7
    for number in range(7, model - 1, -1):
        entry_path(store, number).unlink()
    for run in lineage.list_runs(store):
        if run.id not in {entry.action.run_id for entry in entries(store, RunSealed)}:
            store.journals.path(run.id).unlink()
    assert store.index.recall_head().number == 7
    if rewrite:
        last = entry_path(store, model - 1)
        text = last.read_bytes()
        store.index.rebuild()
        last.write_bytes(text.replace(b'"by":"', b'"by":"x'))
        assert "is not what it was" in findings(call)[f"ledger/{model - 1:08d}.json"]["problem"]
    else:
        assert "is gone" in findings(call)["ledger/00000007.json"]["problem"]
        call("index", "rebuild")
        assert not findings(call)


def test_progress_counts_to_the_end(store: Store) -> None:
    seen: list[tuple[int, int]] = []
    report = audit.audit_store(store, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == report.journals + report.objects
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))


def test_hostile_names_in_a_report_stay_text(call, store: Store) -> None:
    run = start_run(store, experiment="x", kind="cell")
    run.record(ArtifactLogged(1.0, name="a\u202eb.bin", digest="0" * 64, size_bytes=5))
    run.finish()
    told = call("audit", "verify").stdout
    assert "a\\u202eb.bin" in told
    assert "\u202e" not in told
