"""A run in progress, from the user's side: what is kept, what is refused, and that nothing breaks their code."""

# ruff: noqa: PT012, PT017, PT031, TRY301 - what a block does before it fails is what is tested here

from __future__ import annotations

import asyncio
import errno
import math
import os
import shutil
import sys
import threading
import warnings

import numpy as np
import pytest

from mlops_nb import lineage
from mlops_nb.errors import CaptureWarning, NotFoundError, StoreError, UsageError
from mlops_nb.records.journal import CaptureFaulted, RunError
from mlops_nb.store import Store
from mlops_nb.store.ledger import EMPTY
from mlops_nb.store.objects import digest_of
from mlops_nb.tracking import current_run, log, log_artifact, log_param, set_tag, start_run, track
from mlops_nb.tracking.active import as_tags, error_of, outcome_of
from mlops_nb.tracking.current import default_store
from mlops_nb.tracking.observation import Observation


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLOPS_NB_PARENT_RUN", raising=False)
    monkeypatch.delenv("MLOPS_NB_EXPERIMENT", raising=False)
    monkeypatch.setattr("mlops_nb.tracking.current._experiment", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store():
    return default_store()


def only(store: Store):
    (run,) = lineage.list_runs(store)
    return run


def quiet(**more):
    return track("e", auto=False, **more)


# --- what is logged -------------------------------------------------------------------------------------------------


def test_a_run_reads_back_as_it_was_logged(store):
    with track("delays", name="first", params={"lr": 0.1}, tags=["slow", "team=red"]) as run:
        run.log_metric("loss", 0.5)
        run.log(acc=0.9, f1=1)
        run.log(7, acc=0.95)
        set_tag("note", "hi")
        log(loss=0.25)
        log_param("depth", 3)
        assert only(store).status == "running"
    found = only(store)
    assert (found.status, found.experiment, found.name, found.kind) == ("completed", "delays", "first", "script")
    assert found.params == {"lr": 0.1, "depth": 3}
    assert found.tags == {"slow": "", "team": "red", "note": "hi"}
    assert found.metric("loss") == 0.25
    assert (found.metrics["loss"].count, found.metrics["loss"].min, found.metrics["loss"].last_step) == (2, 0.25, 1)
    assert [point.step for point in lineage.get_history(store, found.id, "acc")] == [0, 7]
    assert found.duration_s > 0
    assert found.ended_at >= found.started_at
    details = lineage.get_details(store, found.id)
    assert details.environment is not None
    assert details.resources is not None
    assert details.faults == ()
    assert not list((store.root / "live").iterdir())


class TorchLike:
    """A scalar as torch gives it: `item`, `shape`, `__float__`."""

    shape = ()

    def __init__(self, value):
        self._value = value

    def item(self):
        return self._value

    def __float__(self):
        return float(self._value)


@pytest.mark.parametrize(
    "value", [1, True, np.float32(1), np.int8(1), np.bool_(True), np.float64(1), np.array(1.0), TorchLike(1.0)]
)
def test_numbers_of_any_kind_are_metrics(store, value):
    with quiet() as run:
        run.log_metric("m", value)
    assert only(store).metric("m") == 1.0


def test_nan_and_infinity_are_kept(store):
    with quiet() as run:
        for value in (math.nan, math.inf, -math.inf, np.float32("nan")):
            run.log_metric("m", value)
    values = [point.value for point in lineage.get_history(store, only(store).id, "m")]
    assert math.isnan(values[0])
    assert values[1:3] == [math.inf, -math.inf]
    assert math.isnan(values[3])


class Raises:
    def __float__(self):
        raise RuntimeError("no")

    __repr__ = __str__ = __float__


@pytest.mark.parametrize(
    "value",
    ["0.5", b"1", bytearray(b"1"), memoryview(b"1"), None, [1], {}, 1j, 10**400, Raises(), np.ones(3), object()],
)
def test_what_is_no_number_is_refused_with_a_hint(store, value):
    with quiet() as run:
        with pytest.raises(UsageError, match="metric 'm'"):
            run.log_metric("m", value)
        run.log_metric("m", 1)
    assert only(store).metrics["m"].count == 1


@pytest.mark.parametrize("key", ["", "a\nb", "\x1b[31m", "\ud800", "x" * 251, 5, None, [], {}, b"k"])
def test_unfit_keys_are_refused_everywhere(store, key):
    with quiet() as run:
        for verb in (run.log_metric, run.log_param, run.set_tag):
            with pytest.raises(UsageError, match="key"):
                verb(key, 1)
    found = only(store)
    assert (found.params, found.metrics, found.tags) == ({}, {}, {})


@pytest.mark.parametrize("step", [1.5, "3", [], 2.0])
def test_a_step_is_an_integer(step):
    with quiet() as run, pytest.raises(UsageError, match="step"):
        run.log_metric("m", 1, step=step)


def test_steps_of_numpy_and_beyond_64_bits(store):
    with quiet() as run:
        run.log_metric("m", 1, step=np.int64(5))
        run.log_metric("m", 1, step=True)
        run.log_metric("m", 1)
        with pytest.raises(UsageError, match="step"):
            run.log_metric("m", 1, step=10**30)
    assert [point.step for point in lineage.get_history(store, only(store).id, "m")] == [5, 1, 2]


def test_threads_count_steps_without_gaps_or_doubles(store):
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with quiet() as run:
            threads = [
                threading.Thread(target=lambda: [run.log_metric("m", 1.0) for _ in range(300)]) for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    steps = [point.step for point in lineage.get_history(store, only(store).id, "m")]
    assert sorted(steps) == list(range(1200))


class Nasty:
    @property
    def shape(self):
        raise RuntimeError("do not look")

    def __repr__(self):
        raise RuntimeError("nor print")


class NastyItem:
    shape = ()

    def item(self):
        raise RuntimeError("no item")


class NastyKey:
    def __str__(self):
        raise RuntimeError("no key")


def test_hostile_params_are_kept_as_something(store):
    loop: list[object] = []
    loop.append(loop)
    wide = [[[[0] * 100] * 100] * 100] * 100
    with quiet() as run:
        for n, value in enumerate(
            [Nasty(), NastyItem(), {NastyKey(): 1}, 10**5000, loop, wide, "\ud800x", "\x00", {1: "\udfff"}, [10**5000]]
        ):
            run.log_param(f"p{n}", value)
        run.log_param("after", 1)
    found = only(store)
    assert found.params["after"] == 1
    assert len(found.params) == 11
    assert "Nasty" in found.params["p0"]
    assert found.params["p6"] == "\\ud800x"
    assert store.journals.path(found.id).stat().st_size < 100_000


def test_params_of_numpy_are_plain(store):
    with quiet() as run:
        run.log_params({"a": np.float32(0.5), "b": np.int64(3), "c": np.bool_(True), "d": (1, None), "e": math.inf})
    assert only(store).params == {"a": 0.5, "b": 3, "c": True, "d": [1, None], "e": "inf"}


def test_the_last_param_wins_and_captured_ones_never_replace_explicit_ones(store):
    with quiet(params={"lr": 1}) as run:
        run.log_param("lr", 2)
        run.log_metric("score", 9)
        run.capture({"lr": 3, "depth": 4}, {"score": 1.0, "found": 2.0})
        assert run.logged_keys == {"lr", "score"}
    found = only(store)
    assert found.params == {"lr": 2, "depth": 4}
    assert found.captured_params == ("depth",)
    assert found.metric("score") == 9
    assert found.metric("found") == 2


# --- artifacts ------------------------------------------------------------------------------------------------------


def test_artifacts_are_kept_by_content(store, tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    with quiet() as run:
        log_artifact(tmp_path / "a.csv")
        run.log_artifact(b"\x00\xff", "weights.bin")
        digest = run.log_artifact(b"new", "weights.bin")
        with pytest.raises(NotFoundError, match=r"nowhere\.txt"):
            run.log_artifact(tmp_path / "nowhere.txt")
        with pytest.raises(NotFoundError):
            run.log_artifact(tmp_path)
        with pytest.raises(UsageError):
            run.log_artifact(b"nameless")
        with pytest.raises(UsageError):
            run.log_artifact(b"x", "bad\nname")
    artifacts = {found.name: found for found in lineage.get_details(store, only(store).id).artifacts}
    assert artifacts["a.csv"].media_type == "text/csv"
    assert artifacts["weights.bin"].digest == digest == digest_of(b"new")
    view = lineage.RunView(store, only(store))
    assert view.artifact("a.csv") == b"x\n1\n"
    with pytest.raises(NotFoundError, match=r"a\.cvs") as caught:
        view.artifact("a.cvs")
    assert "a.csv" in caught.value.hint


# --- how a run ends -------------------------------------------------------------------------------------------------


def test_the_users_exception_passes_through_untouched(store):
    ours = ValueError("mine")

    def inner():
        raise ours

    frames = []
    try:
        with track("e"):
            inner()
    except ValueError as caught:
        assert caught is ours
        step = caught.__traceback__
        while step:
            frames.append(step.tb_frame.f_code.co_name)
            step = step.tb_next
        assert caught.__context__ is None
        assert caught.__cause__ is None
    assert frames[-1] == "inner"
    assert frames[0] == "test_the_users_exception_passes_through_untouched"
    found = only(store)
    assert (found.status, found.error) == ("failed", "ValueError: mine")
    assert "in inner" in lineage.get_details(store, found.id).error.traceback
    assert current_run() is None


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(0), "completed"),
        (SystemExit(None), "completed"),
        (SystemExit(2), "failed"),
        (SystemExit("bad"), "failed"),
        (asyncio.CancelledError(), "interrupted"),
        (GeneratorExit(), "failed"),
        (MemoryError(), "failed"),
    ],
)
def test_every_way_to_leave_has_its_status(store, fault, status):
    with pytest.raises(type(fault)) as caught, quiet():
        raise fault
    assert caught.value is fault
    assert only(store).status == status
    assert outcome_of(None) == "completed"


class Unprintable(Exception):  # noqa: N818 - a user's own
    def __str__(self):
        raise RuntimeError("not even this")


def test_an_exception_that_cannot_be_printed_is_recorded(store):
    with pytest.raises(Unprintable), quiet():
        raise Unprintable
    assert only(store).error.startswith("Unprintable")


def test_nothing_is_logged_after_the_end(store):
    with quiet() as run:
        run.log_metric("m", 1)
    before = store.journals.read_bytes(run.id)
    for call in (
        lambda: run.log_metric("m", 1),
        lambda: run.log(m=1),
        lambda: run.log_param("p", 1),
        lambda: run.set_tag("t"),
        lambda: run.log_artifact(b"x", "n"),
    ):
        with pytest.raises(UsageError, match="finished") as caught:
            call()
        assert "another run" in caught.value.hint
    run.finish("failed", RunError("X"))
    assert store.journals.read_bytes(run.id) == before
    assert run.finished


def test_outside_of_a_run_the_verbs_say_what_to_do():
    for call in (lambda: log(m=1), lambda: log_param("p", 1), lambda: set_tag("t"), lambda: log_artifact("x")):
        with pytest.raises(UsageError, match="no run is open") as caught:
            call()
        assert "%%track" in caught.value.hint
    assert current_run() is None


def test_the_sealed_digest_is_that_of_the_journal_even_when_threads_go_on_logging(store):
    for _ in range(10):
        run = start_run(store, experiment="e", kind="script")
        gate = threading.Barrier(3)

        def work(run=run, gate=gate):
            gate.wait()
            with pytest.raises(UsageError):
                for _ in range(100_000):
                    run.log_metric("m", 1.0)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        gate.wait()
        run.finish()
        for thread in threads:
            thread.join()
    sealed = {entry.action.run_id: entry.action for _, entry in store.ledger.iter_after(EMPTY)}
    assert len(sealed) == 10
    for run_id, action in sealed.items():
        assert digest_of(store.journals.path(run_id).read_bytes()) == action.journal_digest


def test_finishing_from_several_threads_ends_a_run_once(store):
    run = start_run(store, experiment="e", kind="script")
    threads = [threading.Thread(target=run.finish) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert only(store).status == "completed"
    assert store.ledger.find_head().number == 1


def test_a_forked_child_that_leaves_the_block_does_not_end_the_run(store):
    with quiet() as run:
        child = os.fork()
        if child == 0:
            run.log_metric("child", 1)
            run.finish()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert only(store).status == "running"
        run.log_metric("parent", 1)
    found = only(store)
    assert found.status == "completed"
    assert set(found.metrics) == {"child", "parent"}
    assert store.ledger.find_head().number == 1


# --- keeping apart --------------------------------------------------------------------------------------------------


def test_runs_nest(store):
    with quiet() as outer:
        with quiet() as inner:
            assert current_run() is inner
        assert current_run() is outer
    runs = {run.id: run for run in lineage.list_runs(store)}
    assert runs[inner.id].parent_run_id == outer.id
    assert runs[outer.id].parent_run_id == ""
    assert [run.id for run in lineage.list_runs(store, parent=outer.id)] == [inner.id]


def test_a_headless_parent_is_named_by_the_environment(store, monkeypatch):
    parent = "20261121-101010-abcdef"
    monkeypatch.setenv("MLOPS_NB_PARENT_RUN", parent)
    with quiet() as run:
        pass
    assert lineage.get_run(store, run.id).parent_run_id == parent
    monkeypatch.setenv("MLOPS_NB_PARENT_RUN", "../../etc")
    with quiet() as run:
        pass
    assert lineage.get_run(store, run.id).parent_run_id == ""


def test_threads_have_no_current_run_of_others():
    seen = []
    with quiet() as run:
        thread = threading.Thread(target=lambda: seen.append(current_run()))
        thread.start()
        thread.join()
        assert current_run() is run
    assert seen == [None]


def test_parallel_threads_keep_their_runs_apart(store):
    def work(n):
        with quiet(name=f"t{n}"):
            for _ in range(20):
                log(n=n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = lineage.list_runs(store)
    assert {(run.name, run.metric("n"), run.metrics["n"].count) for run in runs} == {
        (f"t{n}", float(n), 20) for n in range(5)
    }
    assert all(run.status == "completed" and not run.parent_run_id for run in runs)


def test_tasks_keep_their_runs_apart(store):
    async def work(n):
        with quiet(name=f"t{n}"):
            for _ in range(3):
                log(n=n)
                await asyncio.sleep(0)

    async def both():
        await asyncio.gather(work(0), work(1))

    asyncio.run(both())
    assert {(run.name, run.metric("n")) for run in lineage.list_runs(store)} == {("t0", 0.0), ("t1", 1.0)}


def test_a_block_may_be_left_in_another_context(store):
    """As in fixtures and generators of async frameworks, and over two cells of a notebook."""
    import contextvars

    block = quiet()
    contextvars.copy_context().run(block.__enter__)
    contextvars.copy_context().run(block.__exit__, None, None, None)
    assert only(store).status == "completed"


# --- secrets --------------------------------------------------------------------------------------------------------


class Settings:
    def __repr__(self):
        return "Settings(password='hunter2hunter2')"


def test_secrets_are_nowhere_in_the_store(store):
    token = "ghp_" + "a1B2c3D4" * 5
    with pytest.raises(ValueError, match="hunter2"), track("e", params={"api_key": "hunter2hunter2"}) as run:
        run.log_param("harmless", token)
        run.log_param("nested", {"inner": {"password": "hunter2hunter2"}})
        run.log_param("settings", Settings())
        run.log_param("many", [Settings()])
        run.set_tag("auth_token", "hunter2hunter2")
        run.set_tag("note", token)
        print("password: hunter2hunter2")
        print(token)
        raise ValueError(f"connect(password='hunter2hunter2') {token}")
    for file in store.root.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert b"hunter2hunter2" not in data, file
            assert token.encode() not in data, file
    found = only(store)
    assert found.params["api_key"] == "***"
    assert found.tags["auth_token"] == "***"


# --- faults of ours -------------------------------------------------------------------------------------------------


def test_a_capture_fault_is_one_warning_and_a_mark(store, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("camera broke")

    monkeypatch.setattr("mlops_nb.tracking.observation.describe_environment", broken)
    monkeypatch.setattr("mlops_nb.tracking.observation.open_figures", broken)
    with pytest.warns(CaptureWarning) as caught, track("e") as run:
        run.log_metric("m", 1)
    assert len(caught) == 1
    found = only(store)
    assert (found.status, found.metric("m")) == ("completed", 1)
    faults = lineage.get_details(store, found.id).faults
    assert {fault.where for fault in faults} == {"environment", "figures"}
    assert all(isinstance(fault, CaptureFaulted) and "camera broke" in fault.message for fault in faults)


def test_warnings_as_errors_neither_break_the_block_nor_leave_the_run_open(store, monkeypatch, capsys):
    def broken(*_args, **_more):
        raise RuntimeError("camera broke")

    monkeypatch.setattr("mlops_nb.tracking.observation.describe_environment", broken)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyError, match="mine"), track("e"):
            raise KeyError("mine")
    assert only(store).status == "failed"
    assert "camera broke" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["begin", "end"])
def test_an_interrupt_while_we_look_closes_the_run(store, monkeypatch, where):
    def interrupted(_self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Observation, where, interrupted)
    with pytest.raises(KeyboardInterrupt), track("e") as run:
        run.log_metric("m", 1)
    assert only(store).status in ("interrupted", "completed")
    assert current_run() is None


def test_a_working_directory_that_is_gone_breaks_nothing(store, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CaptureWarning)
        with track("e") as run:
            run.log_metric("m", 1)
    assert only(store).status == "completed"


def test_texts_that_no_file_can_hold_are_escaped_not_fatal(store):
    with track("e") as run:
        print("lone \ud800 surrogate")
        run.set_tag("t", "\udfff")
    with pytest.raises(ValueError, match="bad"), quiet():
        raise ValueError("bad \ud800")
    run = start_run(
        store, experiment="e", kind="cell", source="x = '\ud800'", cell_id="\ud801", notebook="\udc80.ipynb"
    )
    run.finish()
    assert "\\ud800" in lineage.get_details(store, run.id).source
    assert {found.status for found in lineage.list_runs(store)} == {"completed", "failed"}


@pytest.mark.parametrize(
    "bad",
    [
        {"params": {"": 1}},
        {"params": {"a\nb": 1}},
        {"params": {5: 1}},
        {"tags": ["=x"]},
        {"tags": {"\x00": 1}},
        {"name": "../x"},
        {"experiment": ""},
    ],
)
def test_an_unfit_start_records_nothing(store, bad):
    with pytest.raises(UsageError):
        start_run(store, **{"experiment": "e", "kind": "script", **bad})
    assert lineage.list_runs(store) == []
    assert not (store.root / "live").exists() or not list((store.root / "live").iterdir())


def test_a_store_that_cannot_be_made_is_said_at_the_start(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "file" / "store"))
    with pytest.raises(StoreError) as caught, quiet():
        pytest.fail("the block must not run")
    assert "MLOPS_NB_STORE" in caught.value.hint


def test_a_disk_that_is_full_at_the_start_is_said_at_the_start(store, monkeypatch):
    with quiet():
        pass

    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mlops_nb.store.journal.os.write", full)
        with pytest.raises(StoreError, match="disk is full"), quiet():
            pytest.fail("the block must not run")
    assert [run.status for run in lineage.list_runs(store)] == ["completed"]


def test_a_disk_that_fills_up_meanwhile_costs_one_warning(store, monkeypatch):
    went_on = False
    real = os.write

    def full(fd, data):
        if b'"type":"run_' in data:
            return real(fd, data)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.warns(CaptureWarning, match="disk is full") as caught, quiet() as run:
        run.log_metric("m", 1)
        with monkeypatch.context() as patch:
            patch.setattr("mlops_nb.store.journal.os.write", full)
            for _ in range(5):
                run.log_metric("m", 2)
            went_on = True
        run.log_metric("m", 3)
    assert went_on
    assert len(caught) == 1
    assert [point.value for point in lineage.get_history(store, run.id, "m")] == [1, 3]
    assert only(store).status == "completed"


def test_an_end_that_found_no_room_is_never_running_for_ever(store, monkeypatch):
    with pytest.warns(CaptureWarning), quiet() as run:
        run.log_metric("m", 1)

        def full(_fd, _data):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch = pytest.MonkeyPatch()
        patch.setattr("mlops_nb.store.journal.os.write", full)
    patch.undo()
    found = only(store)
    assert found.status == "crashed"
    assert found.metric("m") == 1
    assert only(Store(store.root)).status == "crashed"
    assert not list((store.root / "live").iterdir())


def test_a_ledger_that_cannot_be_written_is_caught_up_by_the_next_reader(store):
    with quiet():
        pass
    ledger = store.root / "ledger"
    ledger.rename(store.root / "elsewhere")
    ledger.write_text("in the way")
    with pytest.warns(CaptureWarning, match="not yet in the ledger"), quiet() as run:
        run.log_metric("m", 1)
    ledger.unlink()
    (store.root / "elsewhere").rename(ledger)
    assert lineage.get_run(store, run.id).status == "completed"
    assert store.ledger.verify() == (2, [])


def test_a_store_deleted_under_a_run_costs_a_warning_only(store):
    with pytest.raises(KeyError, match="mine"), pytest.warns(CaptureWarning), quiet() as run:
        shutil.rmtree(store.root)
        run.log_metric("m", 1)
        raise KeyError("mine")
    assert lineage.list_runs(store) == []


def test_a_store_deleted_under_a_living_kernel_is_made_anew(store):
    for _ in range(3):
        with quiet():
            pass
    assert len(lineage.list_runs(store)) == 3
    shutil.rmtree(store.root)
    assert lineage.list_runs(store) == []
    with quiet() as run:
        pass
    assert [found.id for found in lineage.list_runs(store)] == [run.id]
    fresh = Store(store.root)
    assert [found.id for found in lineage.list_runs(fresh)] == [run.id]
    assert fresh.ledger.verify() == (1, [])


def test_tags_in_every_form():
    assert as_tags("a=b") == {"a": "b"}
    assert as_tags(["a", "b = c=d "]) == {"a": "", "b": "c=d"}
    assert as_tags({"a": 1}) == {"a": "1"}
    assert as_tags(()) == {}


def test_errors_become_text():
    try:
        raise ValueError("x" * 5000)
    except ValueError as fault:
        record = error_of(fault)
    assert len(record.message) == 2000
    assert record.kind == "ValueError"
