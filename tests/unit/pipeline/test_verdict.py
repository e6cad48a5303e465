"""From what stopped a run to what is recorded of it."""

from __future__ import annotations

import signal
import threading

import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from mlops_nb.pipeline.termination import TerminationGuard
from mlops_nb.pipeline.verdict import Terminated, describe_death, is_clean_exit, judge


def _cell(name="", value="", trace=()):
    outputs = [{"output_type": "error", "ename": name, "evalue": value, "traceback": list(trace)}] if name else []
    return {"cell_type": "code", "outputs": outputs}


def test_an_end_without_errors_is_completed():
    assert judge([_cell(), {"cell_type": "markdown"}], None).outcome == "completed"
    assert judge([_cell("SystemExit", "0")], None).outcome == "completed"


def test_an_error_output_is_a_failure_even_when_nothing_stopped():
    """papermill raises for it (a cell tagged raises-exception, allow_errors), and so the record must agree."""
    verdict = judge([_cell("ValueError", "bad", ["\x1b[0;31mValueError\x1b[0m: bad"])], None)
    assert verdict.outcome == "failed"
    assert (verdict.error.kind, verdict.error.message) == ("ValueError", "bad")
    assert verdict.error.traceback == "ValueError: bad"


def test_a_cells_exception_without_output_is_taken_from_the_exception():
    verdict = judge([_cell()], CellExecutionError("the trace", "KeyError", "'a'"))
    assert (verdict.outcome, verdict.error.kind, verdict.error.message) == ("failed", "KeyError", "'a'")
    assert verdict.error.traceback == "the trace"


@pytest.mark.parametrize("fault", [DeadKernelError("Kernel died"), RuntimeError("Kernel died before replying")])
def test_a_dead_kernel_is_a_crash(fault):
    assert judge([_cell("Older", "error")], fault, -9).outcome == "crashed"
    assert judge([], RuntimeError("something else")).outcome == "failed"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (-9, "killed by SIGKILL, most often by the system's out-of-memory killer"),
        (-11, "killed by SIGSEGV"),
        (-99, "killed by signal 99"),
        (3, "exit code 3"),
        (0, "exit code 0"),
        (None, "not known"),
    ],
)
def test_the_exit_code_tells_why(code, says):
    assert says in describe_death(code)


def test_who_was_stopped_is_interrupted():
    assert judge([_cell("KeyboardInterrupt")], KeyboardInterrupt()).error.kind == "KeyboardInterrupt"
    verdict = judge([], Terminated())
    assert (verdict.outcome, verdict.error.message) == ("interrupted", "the runner was stopped by SIGTERM")


def test_other_faults_are_failures_with_their_own_name():
    with pytest.raises(CellTimeoutError) as caught:
        raise CellTimeoutError("A cell timed out\nand more")
    verdict = judge([_cell("KeyboardInterrupt")], caught.value)
    assert (verdict.error.kind, verdict.error.message) == ("CellTimeoutError", "A cell timed out")
    assert "test_other_faults" in verdict.error.traceback


def test_what_a_clean_exit_is():
    assert is_clean_exit("SystemExit", "0")
    assert is_clean_exit("SystemExit", "")
    assert not is_clean_exit("SystemExit", "1")
    assert not is_clean_exit("ValueError", "")


def test_sigterm_becomes_an_exception_once_and_then_waits():
    with TerminationGuard():
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with TerminationGuard() as guard:
        guard.disarm()
        signal.raise_signal(signal.SIGTERM)


def test_a_hosts_own_handler_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    try:
        with TerminationGuard():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [1]


def test_other_threads_cannot_and_do_not_install_it():
    faults = []

    def work():
        try:
            with TerminationGuard():
                pass
        except Exception as fault:
            faults.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert faults == []
