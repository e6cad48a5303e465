"""Why a run was left open: what is noted while its process lives, and told when it is gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import msgspec
import pytest

from mlops_nb import lineage
from mlops_nb._ids import new_run_id
from mlops_nb.errors import StoreError
from mlops_nb.records.journal import Host, MetricLogged, ProcessTrace, RunError, RunStarted
from mlops_nb.store import Store, process
from mlops_nb.store.process import find_cause, is_elsewhere, trace_process
from mlops_nb.tracking import start_run

HERE = socket.gethostname()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def counter(tmp_path, monkeypatch):
    """A group of cgroups v1 whose counter the test may raise."""
    monkeypatch.setattr(process, "_CGROUPS", f"{tmp_path}/groups/")
    place = tmp_path / "groups" / "memory" / "job"
    place.mkdir(parents=True)
    (place / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    return place / "memory.oom_control"


def gone() -> int:
    """The id of a process that is no more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def orphan(store: Store, host: Host, parent: str = "") -> str:
    """A journal whose writer let go of it without an end."""
    at = time.time()
    run_id = new_run_id(at)
    writer = store.start_journal(run_id)
    writer.append(RunStarted(at, run_id=run_id, experiment="e", kind="cell", host=host, parent_run_id=parent))
    writer.append(MetricLogged(at, "m", 1.0, 0))
    writer.close()
    return run_id


def test_a_process_is_told_from_all_others():
    mine = trace_process()
    assert mine == trace_process()
    if sys.platform == "linux":
        assert len(mine.boot_id) == 36
        assert mine.started_ticks > 0
    code = "from mlops_nb.store.process import trace_process; print(trace_process().started_ticks)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(other) != mine.started_ticks or sys.platform != "linux"


def test_a_forked_child_is_another_process():
    mine = trace_process()
    time.sleep(0.02)  # two clock ticks
    child = os.fork()
    if not child:
        os._exit(trace_process().started_ticks == mine.started_ticks)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_trace_costs_at_most_50_microseconds():
    trace_process()
    times = []
    for _ in range(200):
        begun = time.perf_counter()
        trace_process()
        times.append(time.perf_counter() - begun)
    assert sorted(times)[len(times) // 2] < 50e-6


def test_the_counter_is_found_in_both_layouts(counter, tmp_path, monkeypatch):
    real = process._read
    shown = b"9:name=systemd:/\n4:memory:/job\n0::/\n"
    monkeypatch.setattr(process, "_read", lambda path: shown if path == "/proc/self/cgroup" else real(path))
    assert process._find_counter() == "memory/job/memory.oom_control"
    shown = b"0::/user.slice/job\n"
    (tmp_path / "groups" / "user.slice" / "job").mkdir(parents=True)
    (tmp_path / "groups" / "user.slice" / "job" / "memory.events").write_text("oom 9\noom_kill 7\noom_group_kill 0\n")
    assert process._find_counter() == "user.slice/job/memory.events"
    assert process._count_oom_kills("user.slice/job/memory.events") == 7
    shown = b""
    assert process._find_counter() == ""


@pytest.mark.parametrize(
    "hostile", ["../../etc/passwd", "a/../memory.events", "../memory.events", "memory.events\0", "x"]
)
def test_what_a_journal_names_is_opened_only_if_it_is_such_a_counter(hostile, monkeypatch):
    monkeypatch.setattr(process, "_read", lambda path: pytest.fail(f"opened {path}"))
    assert process._count_oom_kills(hostile) is None


def test_a_run_whose_group_was_killed_in_is_oom_killed(store, counter):
    trace = msgspec.structs.replace(
        trace_process(), started_ticks=1, oom_counter="memory/job/memory.oom_control", oom_kills=3
    )
    host = Host(HERE, gone(), "ada", trace)
    assert find_cause(host).kind == "process_gone"
    run_id = orphan(store, host)
    counter.write_text("oom_kill 4\n")
    run = lineage.list_runs(store)[0]
    assert (run.id, run.status) == (run_id, "crashed")
    assert run.error.startswith("oom_killed: ")
    assert lineage.get_details(store, run_id).error.kind == "oom_killed"


def test_a_run_from_before_a_restart_is_rebooted(store):
    trace = msgspec.structs.replace(trace_process(), boot_id="00000000-0000-0000-0000-000000000000")
    orphan(store, Host(HERE, os.getpid(), "ada", trace))
    assert lineage.list_runs(store)[0].error == f"rebooted: {HERE} was restarted while the run was open"


def test_a_process_that_lives_is_not_called_dead(store):
    assert find_cause(Host(HERE, os.getpid(), "ada", trace_process())).kind == "let_go"


def test_a_dead_process_that_nobody_has_reaped_is_gone():
    code = "from mlops_nb.store.process import trace_process; print(trace_process().started_ticks, flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin
    assert child.stdout
    host = Host(HERE, child.pid, "ada", ProcessTrace(started_ticks=int(child.stdout.readline())))
    assert find_cause(host).kind == "let_go"
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert find_cause(host).kind == "process_gone"
    child.communicate()


def test_a_journal_of_before_says_that_its_process_is_gone(store):
    orphan(store, Host(HERE, gone()))
    assert lineage.list_runs(store)[0].error.startswith("process_gone: ")


def test_a_reader_that_may_not_write_tells_the_same_cause(store, monkeypatch):
    orphan(store, Host(HERE, gone()))

    def refused(*_):
        raise StoreError("read-only")

    monkeypatch.setattr("mlops_nb.store.live.Live.close_orphan", refused)
    assert lineage.list_runs(store)[0].error.startswith("process_gone: ")


def test_a_run_of_another_machine_is_closed_only_when_it_has_stood_still(store):
    """On a shared folder its lock may be out of our sight."""
    run_id = orphan(store, Host("elsewhere", 1, "ada", ProcessTrace(boot_id="another")))
    assert lineage.list_runs(store)[0].status == "running"
    long_ago = time.time() - 61
    os.utime(store.journals.path(run_id), (long_ago, long_ago))
    run = lineage.list_runs(store)[0]
    assert (run.status, run.error) == ("crashed", "unknown: on host elsewhere")
    assert store.live.list_ids() == []


def test_a_container_on_this_machine_shares_our_locks():
    assert not is_elsewhere(Host("container", 1, "ada", trace_process()))
    assert is_elsewhere(Host("elsewhere", 1))


@pytest.mark.parametrize("_", range(4))  # ids of the same second are in no order
def test_a_family_is_closed_with_the_cause_that_its_parent_saw(store, _):
    outer = start_run(store, experiment="e", kind="notebook")
    pid = gone()
    child = orphan(store, Host(HERE, pid), outer.id)
    grandchild = orphan(store, Host(HERE, pid), child)
    stranger = orphan(store, Host(HERE, pid))
    store.live.close_family(outer.id, RunError("DeadKernelError", "killed by SIGKILL"))
    errors = {run.id: run.error.partition(":")[0] for run in lineage.list_runs(store)}
    assert errors == {
        outer.id: "",
        child: "DeadKernelError",
        grandchild: "DeadKernelError",
        stranger: "process_gone",
    }
    outer.finish()


def test_the_system_knows_better_than_who_saw_only_the_signal(store, counter):
    trace = msgspec.structs.replace(
        trace_process(), started_ticks=1, oom_counter="memory/job/memory.oom_control", oom_kills=2
    )
    outer = start_run(store, experiment="e", kind="notebook")
    child = orphan(store, Host(HERE, gone(), "ada", trace), outer.id)
    store.live.close_family(outer.id, RunError("DeadKernelError", "killed by SIGKILL"))
    assert lineage.get_details(store, child).error.kind == "oom_killed"
    outer.finish()
