"""The index holds nothing of its own: whatever happens to it, nothing that a user can see changes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest

from mlops_nb import lineage
from mlops_nb.errors import MlopsNbError, StoreError
from mlops_nb.records.ledger import AliasMoved, ModelRegistered
from mlops_nb.store import Store, queries, schema
from mlops_nb.store.index import Index
from mlops_nb.tracking import start_run


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fill(store: Store) -> None:
    """Runs in every state, with children, models and aliases."""
    for n, outcome in enumerate(["completed", "failed", "interrupted"]):
        run = start_run(store, experiment=f"e{n % 2}", kind="script", name=f"r{n}", params={"n": n}, tags=["t"])
        for step in range(20):
            run.log_metric("loss", 1 / (step + 1))
        child = start_run(store, experiment="e0", kind="cell", notebook="a.ipynb", parent_run_id=run.id)
        child.log_metric("acc", float("nan"))
        child.finish()
        run.finish(outcome)

    def decide(_head):
        version = queries.last_model_version(store, "delays") + 1
        return ModelRegistered(
            name="delays", version=version, digest="0" * 64, size_bytes=1, flavor="f", python_type="t"
        )

    for _ in range(3):
        store.ledger.commit(decide, store.index.catch_up)
    store.ledger.append(AliasMoved(name="delays", alias="champion", version=1))
    store.ledger.append(AliasMoved(name="delays", alias="champion", version=2))
    store.ledger.append(AliasMoved(name="delays", alias="old", version=1))
    store.ledger.append(AliasMoved(name="delays", alias="old", version=0))


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    fill(store)
    return store


def answers(store: Store) -> list[object]:
    """Every answer that lineage gives."""
    runs = lineage.list_runs(store)
    found: list[object] = [
        runs,
        lineage.list_experiments(store),
        [lineage.list_runs(store, experiment=name, limit=2) for name in ("e0", "e1", "none")],
        [lineage.list_runs(store, status=name) for name in ("completed", "running", "crashed", "failed")],
        lineage.list_runs(store, notebook="a.ipynb"),
        lineage.list_models(store),
        lineage.get_model(store, "delays@champion"),
        lineage.list_snapshots(store),
        lineage.compare_runs(runs),
    ]
    for run in runs:
        found += [
            lineage.get_run(store, run.id[-6:]),
            lineage.get_details(store, run.id),
            lineage.find_previous_run(store, run),
            lineage.list_runs(store, parent=run.id),
        ]
        found += [lineage.get_history(store, run.id, "loss") for _ in range(1) if "loss" in run.metrics]
    return [repr(answer) for answer in found]  # NaN is unequal to itself


def test_deleting_it_changes_nothing(store, cache):
    before = answers(store)
    assert list((cache / "index").glob("*.sqlite"))
    shutil.rmtree(cache)
    assert answers(Store(store.root)) == before
    store.index.discard()
    assert answers(store) == before


def test_deleting_it_under_a_living_reader_changes_nothing(store, cache):
    before = answers(store)
    shutil.rmtree(cache)
    run = start_run(store, experiment="later", kind="script")
    run.finish()
    assert lineage.list_runs(store)[0].id == run.id
    assert answers(Store(store.root)) == answers(store)
    assert len(answers(store)) > len(before)


def test_an_index_that_grew_equals_one_made_anew(store, tmp_path, monkeypatch):
    run = start_run(store, experiment="e", kind="script")
    for n in range(30):  # folded bit by bit
        run.log_metric("loss", n)
        if n % 7 == 0:
            run.log_param("p", n)
            assert lineage.list_runs(store)[0].metric("loss") == n
    run.finish()
    before = answers(store)
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "another"))
    assert answers(Store(store.root)) == before


@pytest.mark.parametrize("harm", ["garbage", "truncated", "empty", "zeros", "half", "middle", "not a file"])
def test_damaging_it_changes_nothing(store, harm):
    before = answers(store)
    path = store.index.path
    store.index.close()
    data = path.read_bytes()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if harm == "not a file":
        path.unlink()
        path.mkdir()
    else:
        hurt = {
            "garbage": b"this is no database" * 100,
            "truncated": data[: len(data) - 5000],
            "empty": b"",
            "zeros": bytes(len(data)),
            "half": data[: len(data) // 2] + os.urandom(len(data) // 2),
            "middle": data[:8192] + b"\xff" * (len(data) - 8192),
        }
        path.write_bytes(hurt[harm])
    assert answers(Store(store.root)) == before


@pytest.mark.parametrize("version", [0, 99])
def test_another_schema_is_made_anew(store, version):
    before = answers(store)
    store.index.close()
    db = sqlite3.connect(store.index.path)
    db.execute("DROP TABLE runs")
    db.execute("CREATE TABLE runs (shape TEXT)")
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()
    assert version != schema.VERSION
    assert answers(Store(store.root)) == before


def test_a_cache_that_takes_no_file_lives_in_memory(store, tmp_path, monkeypatch):
    before = answers(store)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "file"))
    reader = Store(store.root)
    assert answers(reader) == before
    run = start_run(store, experiment="e", kind="script")
    run.finish()
    assert lineage.list_runs(reader)[0].id == run.id


def test_a_cache_disk_that_is_full_lives_in_memory(store, monkeypatch):
    """SQLite meets a limit on the size of files, as it would meet a full disk."""
    before = answers(store)
    code = (
        "import os, resource, sys\nfrom pathlib import Path\nfrom mlops_nb import lineage\n"
        "from mlops_nb.store import Store\nresource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
        "print(repr(lineage.list_runs(Store(Path(sys.argv[1])))), end='')"
    )
    environ = {**os.environ, "MLOPS_NB_CACHE": os.environ["MLOPS_NB_CACHE"] + "/full"}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"  # Python 3.11 does not notice that the limit cuts its own files off
    ended = subprocess.run(
        [sys.executable, "-c", code, str(store.root)], check=True, capture_output=True, text=True, env=environ
    )
    assert ended.stdout == before[0]


def test_a_moved_store_answers_the_same(store, tmp_path):
    before = answers(store)
    shutil.move(store.root, tmp_path / "elsewhere")
    assert answers(Store(tmp_path / "elsewhere")) == before
    assert lineage.list_runs(store) == []
    assert lineage.list_runs(Store(tmp_path / "store")) == []


def test_two_stores_at_one_place_are_kept_apart(store, tmp_path):
    before = answers(store)
    shutil.move(store.root, tmp_path / "aside")
    second = Store(tmp_path / "store")
    run = start_run(second, experiment="second", kind="script")
    run.finish()
    assert [found.id for found in lineage.list_runs(second)] == [run.id]
    assert [found.id for found in lineage.list_runs(store)] == [run.id]  # it reads what is there now
    shutil.rmtree(tmp_path / "store")
    shutil.move(tmp_path / "aside", tmp_path / "store")
    assert answers(store) == before
    assert answers(second) == before


def test_rebuilding_changes_nothing_and_finds_runs_that_the_ledger_lacks(store):
    before = answers(store)
    store.index.rebuild()
    assert answers(store) == before
    run = start_run(store, experiment="lost", kind="script")
    run.finish()
    shutil.rmtree(store.root / "ledger")
    store.index.rebuild()
    assert run.id in {found.id for found in lineage.list_runs(store)}


def test_reading_creates_nothing(tmp_path, cache):
    reader = Store(tmp_path / "nowhere")
    assert lineage.list_runs(reader) == []
    assert lineage.list_experiments(reader) == []
    assert lineage.list_models(reader) == []
    reader.index.rebuild()
    with pytest.raises(MlopsNbError):
        lineage.get_run(reader, "abc")
    assert not (tmp_path / "nowhere").exists()
    assert not cache.exists()


@pytest.mark.parametrize("text", ["\ud800", "'; DROP TABLE runs; --", "\x00", "%", "x" * 10_000, "*"])
def test_hostile_texts_find_nothing_and_break_nothing(store, text):
    for answer in (
        lineage.list_runs(store, experiment=text),
        lineage.list_runs(store, notebook=text),
        lineage.list_runs(store, parent=text),
    ):
        assert answer == []
    for verb in (lineage.get_run, lineage.get_snapshot, lineage.get_model, lineage.list_models, lineage.list_snapshots):
        with pytest.raises(MlopsNbError):
            verb(store, text)
    assert lineage.list_runs(store)


def test_threads_share_one_index(store):
    before = answers(store)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(answers(store))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [before] * 4


def _record_in_child(store: Store) -> None:
    run = start_run(store, experiment="child", kind="script")
    run.log_metric("m", 1)
    run.log_artifact(b"from the child", "note.txt")
    run.finish()
    assert lineage.list_runs(store)[0].status == "completed"


def test_a_forked_child_records_and_never_hangs(store):
    """`multiprocessing` forks: what a child records is recorded, with a connection to the index of its own."""
    before = answers(store)
    child = os.fork()
    if child == 0:
        try:
            _record_in_child(store)
        except BaseException:
            os._exit(1)
        os._exit(0)
    ender = threading.Timer(30, os.kill, (child, 9))
    ender.start()
    assert os.waitpid(child, 0)[1] == 0
    ender.cancel()
    assert lineage.list_runs(store)[0].experiment == "child"
    assert lineage.list_runs(store)[0].status == "completed"
    assert store.ledger.verify()[1] == []
    assert len(answers(store)) > len(before)
    db = sqlite3.connect(store.index.path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


# --- a store that may only be read ----------------------------------------------------------------------------------

_READER = """
import os, sys
from pathlib import Path
import difflib, getpass, sqlite3
import mlops_nb.store.index
from mlops_nb import lineage
from mlops_nb.errors import StoreError
from mlops_nb.store import Store
from mlops_nb.tracking import start_run
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
store = Store(Path(sys.argv[1]))
for _ in range(2):
    for run in lineage.list_runs(store):
        print(run.id, run.status, run.duration_s)
try:
    start_run(store, experiment="e", kind="script")
except StoreError as fault:
    assert "MLOPS_NB_STORE" in fault.hint, fault
else:
    raise SystemExit("a run was started in a store that may only be read")
"""

_ORPHAN = """
import os, sys
from pathlib import Path
from mlops_nb.store import Store
from mlops_nb.tracking import start_run
run = start_run(Store(Path(sys.argv[1])), experiment="e", kind="script")
run.log_metric("m", 1)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def open_folder():
    """A place that a process without rights may walk to (pytest's own is private)."""
    import tempfile
    from pathlib import Path

    folder = Path(tempfile.mkdtemp(prefix="mlops-nb-read-only-"))
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def listing(root) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(root.rglob("*"))}


def test_a_store_that_may_only_be_read_is_read_and_not_written(open_folder):
    root = open_folder / "store"
    fill(Store(root))
    subprocess.run([sys.executable, "-c", _ORPHAN, str(root)], check=False)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = listing(root)
    (open_folder / "cache").mkdir()
    (open_folder / "cache").chmod(0o777)
    environ = {**os.environ, "MLOPS_NB_CACHE": str(open_folder / "cache")}
    ended = subprocess.run(
        [sys.executable, "-c", _READER, str(root)], check=False, capture_output=True, text=True, env=environ
    )
    assert ended.returncode == 0, ended.stderr
    told = ended.stdout.splitlines()
    assert len(told) == 14
    assert told[:7] == told[7:]
    assert told[0].split()[1] == "crashed"
    assert listing(root) == before


def test_how_long_an_orphan_lasted_does_not_depend_on_what_was_indexed(store, monkeypatch):
    """On a store that may only be read, an orphan is folded by every reader by itself."""
    run = start_run(store, experiment="e", kind="script")
    for n in range(5):
        run.log_metric("m", n)
    seen = lineage.list_runs(store)[0]
    assert seen.status == "running"
    monkeypatch.setattr("mlops_nb.store.live.Live.has_writer", lambda *_: False)

    def refused(*_):
        raise StoreError("read-only")

    monkeypatch.setattr("mlops_nb.store.live.Live.close_orphan", refused)
    again = lineage.list_runs(store)[0]
    store.index.discard()
    anew = lineage.list_runs(store)[0]
    assert again == anew
    assert again.status == "crashed"
    assert again.duration_s > 0
    run._writer.close()


def test_a_write_that_fails_half_way_leaves_the_index_as_it_was(store, monkeypatch):
    before = answers(store)
    run = start_run(store, experiment="e", kind="script")
    run.finish()

    def broken(*_):
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(Index, "_apply", broken)
        with pytest.raises(RuntimeError):
            lineage.list_runs(store)
    assert len(answers(store)) > len(before)
