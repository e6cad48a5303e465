"""Journals: order, what readers leave out, full disks, threads, forks."""

from __future__ import annotations

import errno
import math
import os
import subprocess
import sys
import threading

import pytest

from mlops_nb._ids import new_run_id
from mlops_nb.errors import NotFoundError, StoreError, UsageError
from mlops_nb.records.fold import fold_points, fold_run
from mlops_nb.records.journal import Host, MetricLogged, ParamLogged, RunFinished, RunStarted
from mlops_nb.records.wire import encode_line
from mlops_nb.store.journal import Journals, decode_lines


@pytest.fixture
def journals(tmp_path):
    return Journals(tmp_path)


def started(run_id: str) -> RunStarted:
    return RunStarted(1.0, run_id=run_id, experiment="e", kind="script", host=Host("h", 1))


def metric(step: int, value: float = 0.5, key: str = "loss") -> MetricLogged:
    return MetricLogged(float(step), key, value, step)


def test_records_come_back_in_order(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    lines = [started(run_id), metric(0), ParamLogged(1.0, "lr", [1, {"a": None}]), metric(1)]
    for line in lines:
        writer.append(line)
    assert journals.read(run_id) == lines  # before the writer has closed


def test_unknown_types_are_skipped_and_unknown_fields_ignored(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    writer.close()
    with journals.path(run_id).open("ab") as file:
        file.write(b'{"type":"hologram","at":1.0,"x":[1]}\n')
        file.write(b'{"type":"metric","at":2.0,"key":"loss","value":0.5,"step":7,"unit":"nats"}\n')
    damaged: list[bytes] = []
    lines = list(decode_lines(journals.read_bytes(run_id), damaged))
    assert lines[1:] == [MetricLogged(2.0, "loss", 0.5, 7)]
    assert damaged == []


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"{", b"null", b"[1]", b'{"type":"metric","at":1}', b"\x00\x00", b"7"])
def test_a_damaged_line_costs_only_itself(journals, junk):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    writer.close()
    with journals.path(run_id).open("ab") as file:
        file.write(junk + b"\n" + encode_line(metric(3)))
    damaged: list[bytes] = []
    assert list(decode_lines(journals.read_bytes(run_id), damaged)) == [started(run_id), metric(3)]
    assert damaged == [junk]


def test_every_cut_through_the_last_line_reads_as_the_lines_before(journals):
    run_id = new_run_id()
    journals.create(run_id).close()
    whole = encode_line(started(run_id)) + encode_line(metric(0))
    last = encode_line(metric(1))
    for cut in range(len(last)):
        journals.path(run_id).write_bytes(whole + last[:cut])
        assert journals.read(run_id) == [started(run_id), metric(0)], cut


def test_nan_and_infinities_are_kept(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    for step, value in enumerate(("nan", "inf", "-inf", 1e308, -0.0, 5e-324)):
        writer.append(metric(step, value))
    values = [point.value for point in fold_points(journals.read(run_id), "loss")]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, 1e308, 0.0, 5e-324]
    assert math.copysign(1, values[4]) == -1
    summary = fold_run(journals.read(run_id)).metrics["loss"]
    assert (summary.min, summary.max, summary.count) == (-0.0, 1e308, 6)


def test_a_closed_journal_refuses(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    writer.close()
    writer.close()
    with pytest.raises(UsageError, match="finished") as caught:
        writer.append(metric(0))
    assert caught.value.hint
    assert journals.read(run_id) == [started(run_id)]


def test_an_id_that_is_taken_is_refused_and_the_journal_stays(journals):
    run_id = new_run_id()
    journals.create(run_id).append(started(run_id))
    with pytest.raises(FileExistsError):
        journals.create(run_id)
    assert journals.read(run_id) == [started(run_id)]


@pytest.mark.parametrize(
    "name", ["../x", "", ".", "a/b", "20261121-101010-abcdef/..", "20261121-101010-abcdeu", "20261121-101010-abcdef\n"]
)
def test_only_run_ids_reach_a_path(journals, name):
    for verb in (journals.path, journals.create, journals.read):
        with pytest.raises(UsageError, match="not a run id"):
            verb(name)
    assert not (journals._runs).exists()


def test_ids_hold_ascii_digits_only(journals):
    with pytest.raises(UsageError):
        journals.path("２０２６１１２１-101010-abcdef")  # noqa: RUF001 - the full-width digits are the point


def test_a_missing_journal_says_so(journals):
    with pytest.raises(NotFoundError) as caught:
        journals.read(new_run_id())
    assert caught.value.hint


def test_threads_append_whole_lines_and_lose_none(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    gate = threading.Barrier(6)

    def work(name: str) -> None:
        gate.wait()
        for step in range(300):
            writer.append(metric(step, key=name))

    threads = [threading.Thread(target=work, args=(f"m{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = journals.read(run_id)
    for n in range(6):
        assert [point.step for point in fold_points(lines, f"m{n}")] == list(range(300))


def test_nothing_lands_behind_the_end(journals):
    """A point is refused or lies before `RunFinished`: the sealed bytes are the whole story."""
    for _ in range(20):
        run_id = new_run_id()
        writer = journals.create(run_id)
        writer.append(started(run_id))
        acknowledged = []
        gate = threading.Barrier(4)

        def work(writer=writer, gate=gate, acknowledged=acknowledged) -> None:
            gate.wait()
            try:
                for step in range(10_000):
                    writer.append(metric(step))
                    acknowledged.append(step)
            except UsageError:
                return

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        gate.wait()
        writer.append(RunFinished(9.0, outcome="completed", duration_s=1.0))
        for thread in threads:
            thread.join()
        lines = journals.read(run_id)
        assert isinstance(lines[-1], RunFinished)
        assert len(lines) - 2 == len(acknowledged)
        writer.close()


def test_a_forked_child_may_append_and_its_end_leaves_the_parent_the_lock(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    child = os.fork()
    if child == 0:
        try:
            writer.append(metric(1, key="child"))
            writer.close()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert journals.path(run_id).exists()
    writer.append(metric(2))
    assert [line.at for line in journals.read(run_id)] == [1.0, 1.0, 2.0]
    import fcntl

    with journals.path(run_id).open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_fork_in_the_middle_of_another_threads_append_does_not_hang_the_child(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            writer.append(metric(0))

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for round_number in range(20):
            child = os.fork()
            if child == 0:
                writer.append(metric(round_number, key="child"))
                os._exit(0)
            assert _wait(child) == 0
    finally:
        stop.set()
        thread.join()
    assert len(fold_points(journals.read(run_id), "child")) == 20


def _wait(child: int) -> int:
    """Its exit code; a child that hangs is ended after a while (and fails the test)."""
    ender = threading.Timer(20, os.kill, (child, 9))
    ender.start()
    try:
        return os.waitpid(child, 0)[1]
    finally:
        ender.cancel()


def test_a_half_written_record_is_an_error_and_the_next_ones_are_readable(journals, monkeypatch):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    real = os.write
    room = [10]

    def full(fd: int, data: bytes) -> int:
        if room[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(fd, data[: room[0]])
        room[0] = 0
        return written

    monkeypatch.setattr(os, "write", full)
    for _ in range(2):  # the first is cut short, the second finds no room at all
        with pytest.raises(StoreError, match="disk is full") as caught:
            writer.append(metric(0))
        assert str(journals.path(run_id)) in str(caught.value)
        assert "free some space" in caught.value.hint
    monkeypatch.undo()
    assert journals.read(run_id) == [started(run_id)]
    writer.append(metric(1))
    writer.append(metric(2))
    assert journals.read(run_id) == [started(run_id), metric(1), metric(2)]


_LIMITED = """
import resource, sys
from pathlib import Path
from mlops_nb.errors import StoreError
from mlops_nb.records.journal import Host, MetricLogged, RunStarted
from mlops_nb.store.journal import Journals

run_id = "20261121-101010-abcdef"
writer = Journals(Path(sys.argv[1])).create(run_id)
writer.append(RunStarted(1.0, run_id=run_id, experiment="e", kind="script", host=Host("h", 1)))
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
kept = 0
try:
    for step in range(1000):
        writer.append(MetricLogged(1.0, "loss", 0.5, step))
        kept += 1
except StoreError as fault:
    assert str(writer.path) in str(fault) and fault.hint, fault
else:
    raise SystemExit("the limit was never met")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.append(MetricLogged(1.0, "loss", 0.5, 9999))
print(kept)
"""


def test_a_real_write_limit_loses_nothing_acknowledged(journals, tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path)], check=True, capture_output=True, text=True, timeout=60
    )
    steps = [point.step for point in fold_points(journals.read("20261121-101010-abcdef"), "loss")]
    assert steps == [*range(int(ended.stdout)), 9999]


def test_an_unwritable_place_is_explained(tmp_path):
    (tmp_path / "runs").write_text("a file where a folder should be")
    with pytest.raises(StoreError) as caught:
        Journals(tmp_path).create(new_run_id())
    assert "MLOPS_NB_STORE" in caught.value.hint


def test_list_ids_leaves_out_what_is_no_run(journals, tmp_path):
    assert journals.list_ids() == []
    ids = [new_run_id(at) for at in (2e9, 1e9)]
    for run_id in ids:
        journals.create(run_id).close()
    (tmp_path / "runs" / "lost+found").mkdir()
    assert journals.list_ids() == sorted(ids)


def test_reading_goes_on_from_an_offset(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    offset = len(journals.read_bytes(run_id))
    writer.append(metric(4))
    assert list(decode_lines(journals.read_bytes(run_id, offset))) == [metric(4)]
    assert journals.read_bytes(run_id, 10**9) == b""


def test_syncing_clears_the_mark(journals):
    run_id = new_run_id()
    writer = journals.create(run_id)
    writer.append(started(run_id))
    writer.unsynced = True
    writer.sync()
    assert not writer.unsynced
