"""Processes that die at any moment: nothing acknowledged is lost, and every run reads as what became of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest

from mlops_nb import lineage
from mlops_nb.records.ledger import RunSealed
from mlops_nb.records.runs import Run
from mlops_nb.store import Store
from mlops_nb.store.ledger import EMPTY
from mlops_nb.store.objects import digest_of

ROUNDS = 20


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLOPS_NB_PARENT_RUN", raising=False)
    return Store(tmp_path / "store")


def begin(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


def sealed(store: Store) -> list[RunSealed]:
    return [entry.action for _, entry in store.ledger.iter_after(EMPTY) if isinstance(entry.action, RunSealed)]


def check_sound(store: Store) -> list[Run]:
    """What must hold whatever happened; the runs as an old and as a new reader see them."""
    runs = lineage.list_runs(store)
    anew = Store(store.root)
    anew.index.rebuild()
    assert lineage.list_runs(anew) == runs
    assert len({run.id for run in runs}) == len(runs)
    assert store.ledger.verify()[1] == []
    for action in sealed(store):
        assert digest_of(store.journals.path(action.run_id).read_bytes()) == action.journal_digest
    assert {action.run_id for action in sealed(store)} == {run.id for run in runs if run.status != "running"}
    return runs


_LOOP = """
import os
from mlops_nb.tracking import track
with track("crash", auto=False) as run:
    os.write(1, run.id.encode() + b"\\n")
    n = 0
    while True:
        run.log_metric("loss", n + 0.5)
        n += 1
        os.write(1, b"%d\\n" % n)
"""


def test_kill_9_at_random_moments_loses_no_acknowledged_point(store):
    chance = random.Random(20261121)
    acknowledged: dict[str, int] = {}
    # All at once: a process costs a second to start, and dies in a moment.
    for _ in range(ROUNDS // 4):
        for child in [begin(_LOOP) for _ in range(4)]:
            assert child.stdout is not None
            run_id = child.stdout.readline().decode().strip()
            before = [child.stdout.readline() for _ in range(chance.randint(0, 3000))]
            os.kill(child.pid, signal.SIGKILL)
            told = [*before, *child.stdout.read().splitlines(keepends=True)]
            child.wait()
            child.stdout.close()
            acknowledged[run_id] = max((int(line) for line in told if line.endswith(b"\n")), default=0)
        for run in lineage.list_runs(store):
            assert run.status == "crashed"
    for run_id, count in acknowledged.items():
        run = lineage.get_run(store, run_id)
        assert run.status == "crashed"
        assert lineage.get_details(store, run_id).closed_by
        points = lineage.get_history(store, run_id, "loss") if run.metrics else []
        assert [point.value for point in points] == [n + 0.5 for n in range(len(points))]
        assert len(points) in (count, count + 1)  # the last may have been written but not told
        assert run.ended_at >= run.started_at
        assert not points or run.ended_at >= points[-1].at - 0.001
    assert len(acknowledged) == ROUNDS
    runs = check_sound(store)
    assert len(runs) == ROUNDS
    assert len(sealed(store)) == ROUNDS
    assert not list((store.root / "live").iterdir())


# Where a run may be cut off: the function after (or before) which the process is gone, and what must be seen then.
_BOUNDARIES = {
    "before the marker": ("mlops_nb.store.live.Live", "mark", "before", None),
    "after the marker": ("mlops_nb.store.live.Live", "mark", "after", None),
    "after the journal": ("mlops_nb.store.journal.Journals", "create", "after", None),
    "after the first record": ("mlops_nb.tracking.active.ActiveRun", "__init__", "after", "crashed"),
    "before the end": ("mlops_nb.tracking.active.ActiveRun", "finish", "before", "crashed"),
    "after the end's record": ("mlops_nb.store.live.Live", "seal", "before", "completed"),
    "after the ledger's entry": ("mlops_nb.store.live.Live", "_unmark", "before", "completed"),
    "before the lock is gone": ("mlops_nb.store.journal.JournalWriter", "close", "before", "completed"),
    "after all": ("mlops_nb.tracking.active.ActiveRun", "finish", "after", "completed"),
}

_CUT = """
import importlib, os, signal, sys
home, name, when = sys.argv[1:4]
module, _, kind = home.rpartition(".")
owner = getattr(importlib.import_module(module), kind)
real = getattr(owner, name)
def cut(*args, **more):
    if when == "after":
        real(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)
from mlops_nb.tracking import track
setattr(owner, name, cut)
with track("cut", auto=False) as run:
    run.log_metric("loss", 0.5)
"""


@pytest.mark.parametrize("boundary", _BOUNDARIES)
def test_a_kill_at_each_boundary_leaves_a_true_state(store, boundary, monkeypatch):
    home, name, when, status = _BOUNDARIES[boundary]
    ended = subprocess.run([sys.executable, "-c", _CUT, home, name, when], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    for _ in range(2):
        assert [run.status for run in check_sound(store)] == ([status] if status else [])
    if status == "completed":
        assert lineage.list_runs(store)[0].metric("loss") == 0.5
    # A marker without a run may be a writer that is just starting; it does not stay for ever.
    monkeypatch.setattr("mlops_nb.store.live.START_GRACE_S", -1.0)
    lineage.list_runs(store)
    assert not list((store.root / "live").iterdir())
    subprocess.run(
        [sys.executable, "-c", "from mlops_nb.tracking import track\nwith track('next', auto=False): pass"],
        check=True,
        timeout=60,
    )
    assert lineage.list_runs(store)[0].status == "completed"
    check_sound(store)


@pytest.mark.parametrize("boundary", ["end's record", "ledger's entry", "marker's removal"])
def test_a_reader_that_dies_while_closing_an_orphan_leaves_it_to_the_next(store, boundary):
    ended = subprocess.run(
        [sys.executable, "-c", _CUT, "mlops_nb.tracking.active.ActiveRun", "finish", "before"], check=False, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    place = {"end's record": "seal", "ledger's entry": "_unmark", "marker's removal": "_unmark"}[boundary]
    when = "after" if boundary == "marker's removal" else "before"
    reader = _CUT.partition("from mlops_nb.tracking")[0] + (
        "from mlops_nb.tracking import default_store\nfrom mlops_nb import lineage\n"
        "setattr(owner, name, cut)\nlineage.list_runs(default_store())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", reader, "mlops_nb.store.live.Live", place, when], check=False, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    (run,) = check_sound(store)
    assert (run.status, run.metric("loss")) == ("crashed", 0.5)
    finished = [line for line in store.journals.read(run.id) if type(line).__name__ == "RunFinished"]
    assert len(finished) == 1


_ONE_OF_MANY = """
import sys
from mlops_nb import lineage
from mlops_nb.tracking import default_store, track
sys.stdin.readline()
for n in range(3):
    with track("many", auto=False, name=f"r{n}") as run:
        run.log(loss=n)
        lineage.list_runs(default_store())
print(run.id)
"""


def test_eight_processes_on_a_fresh_store_all_succeed(store):
    children = [
        subprocess.Popen([sys.executable, "-c", _ONE_OF_MANY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(8)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=100)
        assert child.returncode == 0
    runs = check_sound(store)
    assert [run.status for run in runs] == ["completed"] * 24
    assert len(sealed(store)) == 24


def test_many_readers_close_an_orphan_once(store):
    child = begin(_LOOP)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    reader = "from mlops_nb import lineage\nfrom mlops_nb.store import open_store\nimport sys\nsys.stdin.readline()\n"
    reader += "lineage.list_runs(open_store())"
    readers = [subprocess.Popen([sys.executable, "-c", reader], stdin=subprocess.PIPE) for _ in range(4)]
    for one in readers:
        assert one.stdin is not None
        one.stdin.write(b"go\n")
        one.stdin.flush()
    for one in readers:
        one.communicate(timeout=60)
        assert one.returncode == 0
    (run,) = check_sound(store)
    assert run.status == "crashed"
    assert len(sealed(store)) == 1
