"""Run a notebook headless, and record it.

The whole way: look at the file, the parameters and the output before anything starts; open the run; execute
through papermill with our engine; give back the closed run. For the CLI and for programs; knows neither
terminal nor exit codes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlops_nb._ids import short_id
from mlops_nb.errors import NotFoundError, PipelineError, UsageError
from mlops_nb.pipeline.notebook import Notebook, check_given, read_notebook
from mlops_nb.pipeline.progress import CellProgress
from mlops_nb.pipeline.verdict import judge
from mlops_nb.records.journal import Outcome, RunError
from mlops_nb.records.runs import Run

_DEFAULT_KERNEL = "python3"
_WHY = "the run is recorded as failed; its page has the traceback"


class HeadlessResult(msgspec.Struct, frozen=True):
    """How it went. `error` is None where it completed."""

    run: Run
    output_path: Path
    outcome: Outcome
    error: RunError | None


class HeadlessInterruptedError(KeyboardInterrupt):
    """The run was stopped by Ctrl-C or SIGTERM, and is recorded as interrupted.

    Derives from KeyboardInterrupt, so that a loop over notebooks stops too. `__cause__` is a
    `verdict.Terminated` for SIGTERM, a plain KeyboardInterrupt for Ctrl-C.
    """

    def __init__(self, result: HeadlessResult) -> None:
        super().__init__(result.error.message if result.error else "interrupted")
        self.result = result


def run_notebook(  # noqa: PLR0913 - one keyword for each option of the command
    path: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    params: Mapping[str, Any] | None = None,
    experiment: str | None = None,
    store: str | os.PathLike[str] | None = None,
    kernel: str | None = None,
    cwd: str | os.PathLike[str] | None = None,
    on_progress: Callable[[CellProgress], None] | None = None,
    cell_timeout_s: int | None = None,
    start_timeout_s: int = 60,
    save_every_s: float | None = None,
) -> HeadlessResult:
    """Execute a notebook in a kernel of its own and record the run.

    A run that failed or crashed is a result, not an exception.

    Args:
        path: The notebook. It is not changed.
        output: Where the executed notebook goes, or the folder for it; by default `<stem>-<run's short id>.ipynb`
            beside the notebook, so that no run overwrites another's.
        params: Values for the names that its cell tagged `parameters` sets.
        experiment: Else the notebook's metadata (`mlops_nb.experiment`), `MLOPS_NB_EXPERIMENT`, or its file name.
        store: The store's folder; else it is looked for from the notebook's folder upward.
        kernel: Name of the kernel; else what the notebook names, else `python3`.
        cwd: The kernel's working directory; by default the notebook's folder, as in JupyterLab.
        on_progress: Called when a cell starts and ends.
        cell_timeout_s: Seconds that a cell may take; then the run fails.
        start_timeout_s: Seconds that the kernel may take to start.
        save_every_s: Least seconds between two writes of the output (it is always written at the end).

    Raises:
        NotFoundError: No such notebook or kernel; names near ones.
        UsageError: Not a notebook; an output that cannot be; a bad experiment name.
        SpecError: A parameter that the notebook does not declare, or of another type. No run is recorded.
        PipelineError: papermill refused it, or it completed and the output could not be written. The run is recorded.
        HeadlessInterruptedError: The process was interrupted; the run is recorded.
        StoreError: The store cannot be written.
    """
    notebook = read_notebook(Path(path).expanduser())
    given = check_given(notebook, dict(params or {}))
    name = check_kernel(kernel or notebook.kernel or _DEFAULT_KERNEL)
    folder = _check_folder(Path(cwd).expanduser() if cwd is not None else notebook.path.absolute().parent)
    target = _check_output(notebook, output)

    from mlops_nb.pipeline.recording import NotebookRecording

    recording = NotebookRecording.start(
        source=str(notebook.path),
        params=given,
        experiment=experiment,
        declared_experiment=notebook.experiment,
        store=store,
    )
    if target.is_dir():
        target /= f"{notebook.path.stem}-{short_id(recording.run.id)}.ipynb"
    options = {
        "kernel_name": name,
        "language": notebook.language,
        "cwd": str(folder),
        "start_timeout": start_timeout_s,
        "execution_timeout": cell_timeout_s,
        "output": str(target),
        "on_progress": on_progress,
        "save_every_s": save_every_s,
    }
    return _execute(notebook, recording, target, parameters=given, **options)


def check_kernel(name: str) -> str:
    """The name, if there is such a kernel.

    Raises:
        NotFoundError: There is not; names near ones.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    known = KernelSpecManager().find_kernel_specs()
    if name not in known:
        raise NotFoundError.among("kernel", name, known, hint="install one: python -m ipykernel install --user")
    return name


def _execute(notebook: Notebook, recording: Any, target: Path, **options: Any) -> HeadlessResult:
    """Hand over to papermill. Whatever it raises, the run is closed when this returns."""
    try:
        import papermill
        from papermill.exceptions import PapermillExecutionError

        logging.getLogger("papermill").addHandler(logging.NullHandler())  # what it would print is in the result
        papermill.execute_notebook(
            str(notebook.path.absolute()).replace("{", "{{").replace("}", "}}"),  # papermill formats paths
            None,
            engine_name="mlops_nb",
            progress_bar=False,
            recording=recording,
            **options,
        )
    except PapermillExecutionError:
        pass  # a cell's own error: the closed run has it
    except KeyboardInterrupt as stop:
        _close_if_open(recording, stop)
        raise HeadlessInterruptedError(_result(recording, target)) from stop
    except Exception as fault:
        if _close_if_open(recording, fault):
            raise PipelineError(f"the notebook could not be started: {fault}", hint=_WHY) from fault
        if recording.verdict.outcome == "completed":
            raise PipelineError(
                f"the notebook completed, but {target} could not be written: {fault}",
                hint="make room, or name another place with output; the run and its metrics are recorded",
            ) from fault
    return _result(recording, target)


def _close_if_open(recording: Any, fault: BaseException) -> bool:
    """Close a run that papermill gave up before it came to our engine."""
    if recording.verdict is not None:
        return False
    recording.close(judge([], fault))
    return True


def _result(recording: Any, target: Path) -> HeadlessResult:
    from mlops_nb import lineage

    run = lineage.get_run(recording.store, recording.run.id)
    return HeadlessResult(run, target, recording.verdict.outcome, recording.verdict.error)


def _check_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} to run in", hint="name one that is there, or leave cwd out")
    return folder.absolute()


def _check_output(notebook: Notebook, output: str | os.PathLike[str] | None) -> Path:
    """Where the output goes: a file, or the folder in which it gets its default name."""
    if output is None:
        return notebook.path.absolute().parent
    target = Path(output).expanduser().absolute()
    if target.is_dir():
        return target
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent} for the output", hint=f"mkdir -p {target.parent}")
    if target.exists() and target.samefile(notebook.path):
        raise UsageError(
            "the output would overwrite the notebook itself", hint="name another file, or leave it out for a new one"
        )
    return target
