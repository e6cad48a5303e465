"""Every file of a store flipped, cut and taken away: verify finds it, repair mends it or says what is lost.

Whatever is not in the damaged file answers the same afterwards, and nothing was deleted.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlops_nb import lineage
from mlops_nb.errors import MlopsNbError, StoreTooNewError
from mlops_nb.lineage.audit import audit_store
from mlops_nb.lineage.inspection import verify_store
from mlops_nb.lineage.repair import plan_repair, repair_store
from mlops_nb.records.ledger import AliasMoved, EntryLost, ModelRegistered, RunSealed, StoreRepaired
from mlops_nb.store import Store
from mlops_nb.store.ledger import EMPTY
from mlops_nb.tracking import start_run
from mlops_nb.tracking.data import load, snapshot

Damage = Callable[[bytes, random.Random], bytes | None]


def flip(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    return bytes(found)


def smash(data: bytes, chance: random.Random) -> bytes:
    """Eight bytes of something else: no single bit brings them back."""
    at = chance.randrange(max(1, len(data) - 8))
    return data[:at] + bytes(byte ^ 0x55 for byte in data[at : at + 8]) + data[at + 8 :]


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def empty(_data: bytes, _chance: random.Random) -> bytes:
    return b""


def remove(_data: bytes, _chance: random.Random) -> None:
    return None


DAMAGES = [flip, smash, cut, empty, remove]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs, two snapshots, a model with an alias, and the index that has seen all of it."""
    base = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NB_CACHE", str(base / "cache"))
        store = Store(base / "store")
        frame = pd.DataFrame({"price": [1.0, 2.0, 3.0], "city": ["a", "b", "a"]})
        for number in (1, 2, 3):
            run = start_run(store, experiment="delays", kind="script", params={"lr": number / 10}, tags=["t"])
            for step in range(4):
                run.log_metric("loss", 1 / (step + number), step=step)
            run.log_artifact(f"figure {number}".encode(), f"{number}.png")
            if number < 3:
                snapshot(frame * number, "flights", f"part {number}", store=store)
            run.finish("failed" if number == 3 else "completed")
        digest = store.objects.put(b"a model")
        store.ledger.append(
            ModelRegistered(name="m", version=1, digest=digest, size_bytes=7, flavor="f", python_type="t")
        )
        store.ledger.append(AliasMoved(name="m", alias="best", version=1))
        store.index.catch_up()
        store.index.close()
    return base


@pytest.fixture
def copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Store]]:
    """Makes a fresh copy of that store at the same place each time, for the index is the place's."""
    monkeypatch.setenv("MLOPS_NB_CACHE", str(made / "cache"))
    saved = tmp_path / "saved"
    shutil.copytree(made, saved)

    def again() -> Store:
        shutil.rmtree(made)
        shutil.copytree(saved, made)
        return Store(made / "store")

    yield again
    again()


def ask(store: Store) -> dict[str, Any]:
    """What a store answers, question by question; a refusal is an answer too, and is left out."""
    found: dict[str, Any] = {}
    with suppress(MlopsNbError):
        for run in lineage.list_runs(store):
            found[f"run {run.id}"] = (run.status, run.params, run.tags, {k: m.last for k, m in run.metrics.items()})
            found[f"whole {run.id}"] = run
            with suppress(MlopsNbError):
                found[f"curve {run.id}"] = lineage.get_history(store, run.id, "loss")
                for one in lineage.get_details(store, run.id).artifacts:
                    found[f"artifact {one.digest}"] = store.objects.get(one.digest)
    with suppress(MlopsNbError):
        for one in lineage.list_snapshots(store):
            found[f"data {one.reference}"] = (one.digest, one.manifest, one.message)
            with suppress(MlopsNbError):
                found[f"frame {one.reference}"] = load(one.reference, store=store).to_dict("list")
        for model in lineage.list_models(store):
            found[f"model {model.reference}"] = (model.digest, model.aliases)
    return found


def about(store: Store, place: str) -> set[str]:
    """The answers that are in one file: what may change when that is damaged."""
    parts = place.split("/")
    if parts[0] == "runs":
        held = {f"artifact {one.digest}" for one in lineage.get_details(store, parts[1]).artifacts}
        return {f"whole {parts[1]}", f"curve {parts[1]}", *held}
    if parts[0] == "objects":
        return {f"artifact {parts[2]}"} | {key for key in ask(store) if key.startswith("frame")}
    return set()


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def places(root: Path) -> list[str]:
    return sorted(place for place in files(root) if place != ".gitignore")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
def test_any_damaged_file_is_found_and_mended(copy: Callable[[], Store], damage: Damage) -> None:
    store = copy()
    before, names = ask(store), places(store.root)
    assert len(names) > 14
    assert verify_store(store).findings == ()
    for number, place in enumerate(names):
        store.index.close()
        store = copy()
        chance = random.Random(number)
        path = store.root / place
        free = about(store, place)
        whole = path.read_bytes()
        changed = damage(whole, chance)
        if changed is None:
            path.unlink()
        else:
            path.write_bytes(changed)
        check_mended(store, place, before, free, changed)


def check_mended(store: Store, place: str, before: dict[str, Any], free: set[str], changed: bytes | None) -> None:
    try:
        report = verify_store(store)
    except StoreTooNewError:
        assert place == "format.json"  # a flipped bit made it a newer store's, which nobody may touch
        return
    if place != "format.json" or report.findings:
        assert report.findings, place
    damaged, answers = files(store.root), ask(Store(store.root))
    plan_repair(store)
    assert files(store.root).keys() >= damaged.keys()
    result = repair_store(Store(store.root))
    assert result.failed == [], place
    # Nothing was deleted: each file is where it was, or its bytes are in quarantine.
    now = files(store.root)
    for name, data in damaged.items():
        assert now.get(name) == data or now.get(f"{result.quarantine}/{name}") == data, (place, name)
    after = ask(Store(store.root))
    for key in before.keys() - free:
        if not key.startswith("whole"):
            assert after.get(key) == before[key], (place, key, changed)
    for key in answers.keys() - {f for f in answers if f.startswith("whole")}:
        assert key in after, (place, key)
    # What is left over is told as lost, or as what only a backup brings back.
    left = verify_store(Store(store.root)).findings
    for one in left:
        unproved = place.startswith("ledger/") and "does not follow" in one.problem
        assert one.sort == "lost" or unproved or place.startswith("objects/"), (place, one)
    if result.done:
        assert isinstance(list(store.ledger.iter_after(EMPTY))[-1][1].action, StoreRepaired)


def test_a_lost_entry_of_a_run_is_committed_anew(copy: Callable[[], Store]) -> None:
    store = copy()
    number, run_id = next(
        (entry.number, entry.action.run_id)
        for _, entry in store.ledger.iter_after(EMPTY)
        if isinstance(entry.action, RunSealed)
    )
    path = store.root / f"ledger/{number:08d}.json"
    path.write_bytes(b"{}")
    result = repair_store(Store(store.root))
    entries = [entry for _, entry in Store(store.root).ledger.iter_after(EMPTY)]
    assert isinstance(entries[number - 1].action, EntryLost)
    assert [one.number for one in entries if isinstance(one.action, RunSealed) and one.action.run_id == run_id] == [
        len(entries) - 1
    ]
    assert (store.root / result.quarantine / f"ledger/{number:08d}.json").read_bytes() == b"{}"
    # The stand-in is no proof: the audit goes on saying so, while nothing is left to mend.
    assert [one.sort for one in audit_store(store).findings] == ["lost"]
    assert not verify_store(store).mendable


def test_a_plan_alters_nothing_and_a_second_repair_finds_nothing(copy: Callable[[], Store]) -> None:
    store = copy()
    run = store.journals.list_ids()[0]
    path = store.journals.path(run)
    path.write_bytes(path.read_bytes()[:300])
    (store.root / "tmp" / "left").write_bytes(b"half")
    os.utime(store.root / "tmp" / "left", (1, 1))
    (store.root / "tmp" / "young").write_bytes(b"half")
    before = files(store.root)
    assert {step.place for step in plan_repair(store).steps} == {f"runs/{run}/journal.jsonl", "tmp/left"}
    assert files(store.root) == before
    repair_store(store)
    assert (store.root / "tmp" / "young").exists()
    assert repair_store(store).done == []


def test_a_run_in_progress_is_left_alone(copy: Callable[[], Store]) -> None:
    store = copy()
    run = start_run(store, experiment="now", kind="script")
    run.log_metric("loss", 1.0)
    path = store.journals.path(run.id)
    (store.root / "live" / run.id).unlink()
    path.write_bytes(path.read_bytes() + b"{damaged}\n")
    assert repair_store(Store(store.root)).done == []  # while it is written, its journal is not touched
    path.write_bytes(path.read_bytes().replace(b"{damaged}\n", b""))
    assert [one.place for one in repair_store(Store(store.root)).done] == [f"live/{run.id}"]
    run.log_metric("loss", 2.0)
    run.finish()
    assert verify_store(store).findings == ()
    assert [point.value for point in lineage.get_history(store, run.id, "loss")] == [1.0, 2.0]


@pytest.mark.parametrize("damage", [flip, smash, cut, empty], ids=lambda one: one.__name__)
def test_a_damaged_index_is_made_anew(copy: Callable[[], Store], damage: Damage) -> None:
    for number in range(6):
        store = copy()
        before = ask(store)
        store.index.close()
        path = store.index.path
        path.write_bytes(damage(path.read_bytes(), random.Random(number)))
        store = Store(store.root)
        verify_store(store)
        repair_store(store)
        assert ask(Store(store.root)) == before
        assert verify_store(Store(store.root)).findings == ()
        store.index.close()


def test_two_damages_at_once_lose_no_more_than_both(copy: Callable[[], Store]) -> None:
    chance = random.Random(7)
    for _ in range(15):
        store = copy()
        before, names = ask(store), [place for place in places(store.root) if place != "format.json"]
        hurt = chance.sample(names, 2)
        free = about(store, hurt[0]) | about(store, hurt[1])
        for place in hurt:
            path = store.root / place
            path.write_bytes(chance.choice([flip, smash, cut, empty])(path.read_bytes(), chance) or b"")
        assert repair_store(Store(store.root)).failed == []
        after = ask(Store(store.root))
        ledgers = sum(place.startswith("ledger/") for place in hurt)
        for key in before.keys() - free:
            if not key.startswith("whole"):
                assert key in after if ledgers else after.get(key) == before[key], (hurt, key)
        store.index.close()


def test_writers_go_on_while_it_is_repaired(copy: Callable[[], Store]) -> None:
    store = copy()
    path = store.root / "ledger" / "00000002.json"
    path.write_bytes(b"{}")
    stop = threading.Event()
    ended: list[str] = []

    def write() -> None:
        while not stop.is_set():
            run = start_run(Store(store.root), experiment="busy", kind="script")
            run.log_metric("loss", 1.0)
            run.finish()
            ended.append(run.id)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert repair_store(Store(store.root)).failed == []
    stop.set()
    for thread in threads:
        thread.join()
    assert {one.sort for one in verify_store(Store(store.root)).findings} == {"lost"}
    assert set(ended) <= {run.id for run in lineage.list_runs(Store(store.root), status="completed")}
