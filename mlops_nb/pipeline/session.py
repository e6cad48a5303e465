"""One execution from its first cell to its closed run: `execution`, `client` and `recording` brought together.

Loads papermill and nbclient: import it when a run begins. For `engine`.
"""

from __future__ import annotations

from typing import Any

from papermill.log import logger

from mlops_nb.pipeline.client import NotebookClient
from mlops_nb.pipeline.execution import NotebookExecution
from mlops_nb.pipeline.notebook import find_parameters_source
from mlops_nb.pipeline.recording import NotebookRecording
from mlops_nb.pipeline.termination import TerminationGuard
from mlops_nb.pipeline.verdict import Verdict, judge


def run_cells(
    execution: NotebookExecution,
    recording: NotebookRecording,
    *,
    kernel_name: str | None,
    start_timeout: int = 60,
    execution_timeout: int | None = None,
    **traits: Any,
) -> Any:
    """Run the notebook and close its run, whatever happens. See `MlopsEngine.execute_notebook`.

    Args:
        execution: The notebook.
        recording: Its open run.
        kernel_name: The kernel to start.
        start_timeout: Seconds it may take to start.
        execution_timeout: Seconds a cell may take; None for any.
        traits: nbclient's options; papermill's names (`timeout`, `startup_timeout`) are taken too.
    """
    traits.pop("startup_timeout", None)
    timeout = execution_timeout or traits.pop("timeout", None)
    fault: BaseException | None = None
    client: NotebookClient | None = None
    with TerminationGuard() as guard:
        try:
            recording.note_defaults(find_parameters_source(execution.nb.cells) or "")
            execution.notebook_start()
            client = NotebookClient(
                execution,
                recording.environment(),
                timeout=timeout,
                startup_timeout=start_timeout,
                kernel_name=kernel_name,
                log=logger,
                **traits,
            )
            client.execute()
            fault = client.fault
        except BaseException as stopped:
            fault = stopped
            raise
        finally:
            guard.disarm()
            _close(execution, recording, judge(execution.nb.cells, fault, client.exit_code if client else None))
    return execution.nb


def _close(execution: NotebookExecution, recording: NotebookRecording, verdict: Verdict) -> None:
    """The run first: a full disk must not cost the record of it."""
    code = [cell for cell in execution.nb.cells if cell.cell_type == "code"]
    completed = sum(cell.metadata.papermill.get("status") == execution.COMPLETED for cell in code)
    try:
        recording.close(verdict, cells=len(code), completed=completed, output=execution.output_path or "")
        logger.info("Run: %s of experiment %s, %s", recording.run.id, recording.run.experiment, verdict.outcome)
    finally:
        execution.nb.metadata["mlops_nb"] = {
            "run_id": recording.run.id,
            "experiment": recording.run.experiment,
            "outcome": verdict.outcome,
        }
        error = verdict.error
        execution.close(error_name=error.kind if error else "", error_text=error.message if error else "")
