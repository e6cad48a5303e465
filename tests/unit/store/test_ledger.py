"""The ledger: unique numbers under racing writers, and damage that is found."""

from __future__ import annotations

import multiprocessing
import random
import threading

import pytest

from mlops_nb.errors import StoreBusyError, StoreCorruptError, StoreError
from mlops_nb.records.ledger import GENESIS, AliasMoved, ModelRegistered
from mlops_nb.store import Store, queries
from mlops_nb.store.ledger import EMPTY, Head
from mlops_nb.store.objects import digest_of


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    store = Store(tmp_path / "store")
    store.create()
    return store


def moved(number: int) -> AliasMoved:
    return AliasMoved(name="m", alias=f"a{number}", version=number)


def entry_path(store: Store, number: int):
    return store.root / "ledger" / f"{number:08d}.json"


def entries(store: Store):
    return [entry for _, entry in store.ledger.iter_after(EMPTY)]


def test_entries_form_a_chain(store):
    assert store.ledger.find_head() == EMPTY
    for number in range(1, 6):
        assert store.ledger.append(moved(number)).number == number
    previous = GENESIS
    for number, entry in enumerate(entries(store), start=1):
        assert (entry.number, entry.previous, entry.action) == (number, previous, moved(number))
        assert "@" in entry.by
        previous = digest_of(entry_path(store, number).read_bytes())
    assert store.ledger.find_head() == Head(5, previous)
    assert store.ledger.verify() == (5, [])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 9, 31, 33])
def test_a_new_reader_finds_the_head_of_any_length(store, count):
    for number in range(count):
        store.ledger.append(moved(number))
    fresh = Store(store.root).ledger.find_head()
    assert fresh == store.ledger.find_head()
    assert fresh.number == count


def test_racing_threads_get_consecutive_numbers(store):
    numbers: list[int] = []
    gate = threading.Barrier(6)

    def work(ledger) -> None:
        gate.wait()
        numbers.extend(ledger.append(moved(n)).number for n in range(10))

    # Half of them share a ledger, half have their own, as other processes do.
    ledgers = [store.ledger] * 3 + [Store(store.root).ledger for _ in range(3)]
    threads = [threading.Thread(target=work, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 61))
    assert Store(store.root).ledger.verify() == (60, [])


def _register(root, cache, name: str, count: int) -> list[int]:
    import os
    from pathlib import Path

    os.environ["MLOPS_NB_CACHE"] = cache
    store = Store(Path(root))
    store.create()  # all at once on a fresh folder

    def decide(_head: Head) -> ModelRegistered:
        version = queries.last_model_version(store, name) + 1
        return ModelRegistered(name=name, version=version, digest="0" * 64, size_bytes=1, flavor="f", python_type="t")

    found = [store.ledger.commit(decide, store.index.catch_up) for _ in range(count)]
    return [entry.action.version for entry in found]


def test_racing_processes_on_a_fresh_store_get_unique_versions(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    root, cache = str(tmp_path / "fresh" / "store"), str(tmp_path / "cache")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.starmap(_register, [(root, cache, "delays", 5)] * 4, chunksize=1)
    store = Store(tmp_path / "fresh" / "store")
    assert sorted(version for versions in found for version in versions) == list(range(1, 21))
    assert store.ledger.verify() == (20, [])
    store.index.catch_up()
    assert len(queries.select_models(store, "delays")) == 20


def test_a_decision_is_made_anew_after_each_lost_race(store):
    other = Store(store.root).ledger
    heads = []

    def decide(head: Head):
        heads.append(head.number)
        if len(heads) < 3:
            other.append(moved(0))
        return moved(head.number)

    entry = store.ledger.commit(decide, store.ledger.find_head)
    assert heads == [0, 1, 2]
    assert (entry.number, entry.action) == (3, moved(2))
    assert store.ledger.verify() == (3, [])


def test_an_endless_race_is_given_up(store, monkeypatch):
    monkeypatch.setattr("mlops_nb.store.ledger.MAX_TRIES", 3)
    monkeypatch.setattr(store.objects, "put_named", lambda *_: False)
    with pytest.raises(StoreBusyError) as caught:
        store.ledger.append(moved(1))
    assert "try again" in caught.value.hint


def test_a_folder_that_takes_no_entry_is_explained(store):
    (store.root / "ledger").write_text("a file")
    with pytest.raises(StoreError) as caught:
        store.ledger.append(moved(1))
    assert caught.value.hint


@pytest.fixture
def ten(store):
    for number in range(1, 11):
        store.ledger.append(moved(number))
    return Store(store.root)


@pytest.mark.parametrize("number", range(1, 10))
def test_a_removed_entry_is_found(ten, number):
    entry_path(ten, number).unlink()
    _, damages = ten.ledger.verify()
    assert [damage.number for damage in damages] == [number]
    assert "missing" in damages[0].problem


@pytest.mark.parametrize("number", range(1, 10))
def test_an_altered_entry_is_found(ten, number):
    path = entry_path(ten, number)
    path.write_bytes(path.read_bytes().replace(b'"alias":"a', b'"alias":"b'))
    count, damages = ten.ledger.verify()
    assert count == 10
    assert [damage.number for damage in damages] == [number + 1]
    assert f"entry {number}" in damages[0].problem


def test_swapped_entries_are_found(ten):
    first, second = entry_path(ten, 4).read_bytes(), entry_path(ten, 5).read_bytes()
    entry_path(ten, 4).write_bytes(second)
    entry_path(ten, 5).write_bytes(first)
    assert {4, 5} <= {damage.number for damage in ten.ledger.verify()[1]}


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"\xff\xff", b'{"number":5}', b'"\xff"', None])
def test_an_entry_that_cannot_be_read_is_found_and_named(ten, junk):
    path = entry_path(ten, 5)
    path.write_bytes(path.read_bytes()[:-7] if junk is None else junk)
    assert 5 in {damage.number for damage in ten.ledger.verify()[1]}
    for read in (lambda: entries(ten), ten.index.catch_up):
        with pytest.raises(StoreCorruptError, match=r"00000005\.json") as caught:
            read()
        assert "backup" in caught.value.hint


def test_a_living_writer_never_writes_behind_a_gap(store):
    """The store was deleted and another begun at its place: the next entry must follow what is there."""
    for number in range(5):
        store.ledger.append(moved(number))
    for path in (store.root / "ledger").iterdir():
        path.unlink()
    assert store.ledger.find_head() == EMPTY
    assert store.ledger.append(moved(1)).number == 1
    assert store.ledger.append(moved(2)).number == 2
    other = Store(store.root).ledger
    for path in (store.root / "ledger").iterdir():
        path.unlink()
    for number in range(random.randint(3, 6)):
        other.append(moved(number))
    store.ledger.append(moved(9))
    assert Store(store.root).ledger.verify()[1] == []
