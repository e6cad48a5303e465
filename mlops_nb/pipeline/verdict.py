"""How a headless run ended, in the words of the record.

From the exception that stopped it, the error outputs in the notebook and the kernel's exit code to an
outcome and a `RunError`. Pure; knows nbclient's exceptions by name only.
"""

from __future__ import annotations

import re
import signal
import traceback
from typing import Any

import msgspec

from mlops_nb.records.journal import Outcome, RunError

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OOM = "most often by the system's out-of-memory killer: see the kernel log (dmesg), or give the job more memory"


class Terminated(KeyboardInterrupt):
    """The process that runs the notebook was sent SIGTERM."""


class Verdict(msgspec.Struct, frozen=True):
    """The outcome, and the error unless it completed."""

    outcome: Outcome
    error: RunError | None = None


def judge(cells: list[Any], fault: BaseException | None, exit_code: int | None = None) -> Verdict:
    """Decide.

    Args:
        cells: The notebook's cells after the run.
        fault: What stopped it; None when it came to its end.
        exit_code: The kernel process's, where it died and the provisioner knows it (negative: a signal).
    """
    if isinstance(fault, KeyboardInterrupt):
        word = "SIGTERM" if isinstance(fault, Terminated) else "an interrupt"
        return Verdict("interrupted", RunError(type(fault).__name__, f"the runner was stopped by {word}"))
    if fault is not None and _is_death(fault):
        return Verdict("crashed", RunError("DeadKernelError", describe_death(exit_code)))
    if fault is not None and type(fault).__name__ != "CellExecutionError":
        trace = "".join(traceback.format_exception(fault))
        return Verdict("failed", RunError(type(fault).__name__, _first_line(fault), trace))
    if (shown := _find_error_output(cells)) is not None:
        return Verdict("failed", shown)
    if fault is not None:
        name, value = str(getattr(fault, "ename", "")), str(getattr(fault, "evalue", ""))
        return Verdict("failed", RunError(name, value, _ESCAPES.sub("", str(fault))))
    return Verdict("completed")


def describe_death(exit_code: int | None) -> str:
    """Why a kernel is gone, as far as its exit code tells."""
    if exit_code is None:
        return "the kernel died; its exit code is not known"
    if exit_code >= 0:
        return f"the kernel process ended by itself with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    return f"the kernel was killed by {name}" + (f", {_OOM}" if name == "SIGKILL" else "")


def is_clean_exit(name: str, value: str) -> bool:
    """True for `exit()` and `sys.exit(0)` in a cell: the notebook chose to end early, which is no error."""
    return name == "SystemExit" and value in {"", "0", "None"}


def _is_death(fault: BaseException) -> bool:
    """True for nbclient's own error, and for jupyter_client's plain RuntimeError while the kernel starts."""
    return type(fault).__name__ == "DeadKernelError" or (
        isinstance(fault, RuntimeError) and str(fault).startswith("Kernel died")
    )


def _find_error_output(cells: list[Any]) -> RunError | None:
    """The first error that a reader of the notebook sees: papermill calls the run failed for it, and so do we."""
    for cell in cells:
        for output in cell.get("outputs", ()):
            if output.get("output_type") == "error" and not is_clean_exit(output["ename"], output["evalue"]):
                trace = _ESCAPES.sub("", "\n".join(output.get("traceback", ())))
                return RunError(output["ename"], output["evalue"], trace)
    return None


def _first_line(fault: BaseException) -> str:
    return (str(fault).strip().splitlines() or [""])[0]
