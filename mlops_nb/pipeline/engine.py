"""papermill's socket: `papermill --engine mlops_nb in.ipynb out.ipynb -p alpha 0.1`.

papermill loads every engine that is installed whenever it is imported, so this module stays light; and it
does so while its own modules are half loaded, so nothing here may import papermill at module level, and
`MlopsEngine` has the methods of papermill's `Engine` without deriving from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_nb.pipeline.progress import CellProgress
    from mlops_nb.pipeline.recording import NotebookRecording


class MlopsEngine:
    """Executes a notebook as papermill's default engine does, and records the run."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str | None,
        output_path: str | None = None,
        *,
        experiment: str | None = None,
        store: str | os.PathLike[str] | None = None,
        save_every_s: float | None = None,
        on_progress: Callable[[CellProgress], None] | None = None,
        recording: NotebookRecording | None = None,
        output: str | None = None,
        input_path: Any = None,
        **options: Any,
    ) -> Any:
        """Execute `nb` in place and return it. Called by papermill, in the kernel's working directory.

        Args:
            nb: The notebook, its parameters injected.
            kernel_name: The kernel to start.
            output_path: Where papermill wants the output notebook.
            experiment: Its run's experiment. See `NotebookRecording.start` for what applies without.
            store: The store's folder.
            save_every_s: Least seconds between two writes of the output notebook.
            on_progress: Called when a cell starts and ends.
            recording: The run, if it is open already; it is closed here either way.
            output: Where to write instead of `output_path`, which papermill writes once more itself, in place.
            input_path: The notebook's path or URL, or the notebook itself.
            options: papermill's (`progress_bar`, `log_output`, `start_timeout` ...) and nbclient's own.

        Raises:
            DeadKernelError: The kernel died (a cell's own exception is papermill's to raise).
            CellTimeoutError: A cell took longer than `execution_timeout` seconds.
            KeyboardInterrupt: The process was interrupted, or sent SIGTERM (`verdict.Terminated`).
        """
        from mlops_nb.pipeline.execution import SAVE_EVERY_S, NotebookExecution
        from mlops_nb.pipeline.notebook import declared_experiment
        from mlops_nb.pipeline.recording import NotebookRecording
        from mlops_nb.pipeline.session import run_cells

        if recording is None:
            recording = NotebookRecording.start(
                source=input_path if isinstance(input_path, str) else "",
                params=nb.metadata.papermill.get("parameters") or {},
                experiment=experiment,
                declared_experiment=declared_experiment(nb.metadata),
                store=store,
            )
        execution = NotebookExecution(
            nb,
            output_path=output or output_path,
            save_every_s=SAVE_EVERY_S if save_every_s is None else save_every_s,
            on_progress=on_progress,
            progress_bar=options.pop("progress_bar", True),
            log_output=options.get("log_output", False),
            autosave_cell_every=options.pop("autosave_cell_every", 30),
        )
        return run_cells(execution, recording, kernel_name=kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The kernel to use: what was asked for, what the notebook names, else Python's."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The language of the parameters cell to inject; Python unless the notebook says otherwise."""
        said = nb.metadata.get("language_info", {}).get("name") or nb.metadata.get("kernelspec", {}).get("language")
        return language or said or "python"
