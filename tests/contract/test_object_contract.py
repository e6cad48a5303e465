"""What every place for objects must keep, local today; another kind of store adds itself to `PLACES`."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from mlops_nb.errors import NotFoundError, StoreCorruptError, StoreError, UsageError
from mlops_nb.records.data import Address
from mlops_nb.store.bucket_place import BucketPlace
from mlops_nb.store.objects import Objects, digest_of


def local(folder: Path) -> Objects:
    (folder / "store").mkdir()
    return Objects(folder / "store")


def bucket(folder: Path) -> Objects:
    from obstore.store import MemoryStore

    return Objects(folder, BucketPlace(MemoryStore(), "memory://"))


PLACES = {"local": local, "bucket": bucket}


@pytest.fixture(params=sorted(PLACES))
def objects(request, tmp_path) -> Objects:
    return PLACES[request.param](tmp_path)


class TestPutIfAbsent:
    """The promise that the ledger stands on."""

    def test_the_first_writer_wins_and_its_bytes_stay(self, objects):
        assert objects.put_named("ledger/00000001.json", b"first")
        assert not objects.put_named("ledger/00000001.json", b"second")
        assert objects.get_named("ledger/00000001.json") == b"first"

    def test_absence_is_told(self, objects):
        assert objects.get_named("ledger/00000001.json") is None
        assert not objects.has_named("ledger/00000001.json")
        objects.put_named("ledger/00000001.json", b"")
        assert objects.has_named("ledger/00000001.json")
        assert objects.get_named("ledger/00000001.json") == b""

    def test_of_racing_writers_exactly_one_wins_each_number(self, objects):
        wins: list[tuple[int, int]] = []
        gate = threading.Barrier(5)

        def work(writer: int) -> None:
            gate.wait()
            for number in range(25):
                if objects.put_named(f"ledger/{number:08d}.json", f"{writer}".encode()):
                    wins.append((number, writer))  # noqa: PERF401 - seen by others while it grows

        threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(number for number, _ in wins) == list(range(25))
        for number, writer in wins:
            assert objects.get_named(f"ledger/{number:08d}.json") == f"{writer}".encode()

    def test_readers_see_a_whole_value_or_none(self, objects):
        data, seen = b"x" * 3_000_000, set()
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                found = objects.get_named("format.json")
                seen.add(None if found is None else len(found))

        thread = threading.Thread(target=watch)
        thread.start()
        objects.put_named("format.json", data)
        done.set()
        thread.join()
        assert seen <= {None, len(data)}


class TestObjects:
    """Named by content, verified when read."""

    @pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000], ids=["empty", "short", "long"])
    def test_bytes_come_back(self, objects, data):
        digest = objects.put(data)
        assert digest == digest_of(data)
        assert objects.put(data) == digest
        assert objects.get(digest) == data
        assert objects.exists(digest)

    def test_what_is_not_there_is_told(self, objects):
        digest = digest_of(b"nothing")
        assert not objects.exists(digest)
        with pytest.raises(NotFoundError, match=digest[:12]):
            objects.get(digest)
        with pytest.raises(NotFoundError, match=digest[:12]):
            objects.read(Address(digest, 0, 1))

    @pytest.mark.parametrize(
        "digest", ["../x", "", "/etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "../" * 21 + "a", "g" * 64, "é" * 64]
    )
    def test_only_digests_reach_a_path(self, objects, digest):
        for verb in (objects.get, objects.exists, lambda text: objects.read(Address(text, 0, 1))):
            with pytest.raises(UsageError, match="not a digest"):
                verb(digest)

    def test_ranges_are_exact(self, objects):
        digest = objects.put(b"0123456789")
        assert objects.read(Address(digest, 0, 10)) == b"0123456789"
        assert objects.read(Address(digest, 3, 4)) == b"3456"
        assert objects.read(Address(digest, 5, 0)) == b""
        for address in (Address(digest, 8, 3), Address(digest, 10, 1), Address(digest, 99, 1)):
            with pytest.raises(StoreCorruptError, match="shorter"):
                objects.read(address)

    def test_what_is_there_can_be_kept(self, objects):
        digest = objects.put(b"needed")
        assert objects.keep(digest)
        assert objects.get(digest) == b"needed"
        assert not objects.keep(digest_of(b"nothing"))

    def test_threads_may_put_the_same_at_once(self, objects):
        data = b"same" * 100_000
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(objects.put(data))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(found) == {digest_of(data)}
        assert objects.get(found[0]) == data


def test_a_bucket_says_that_a_forked_child_cannot_use_it(tmp_path):
    """obstore's threads stay behind in the parent: without the check the child would wait for ever."""
    objects = bucket(tmp_path)
    objects.put(b"parent")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            objects.put(b"child")
        except StoreError as fault:
            code = 0 if "spawn" in fault.hint else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
