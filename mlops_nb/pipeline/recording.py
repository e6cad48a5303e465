"""The run of a whole notebook: started, shown to its kernel, rolled up, closed.

Knows tracking and lineage; knows no papermill. For `engine` and `headless`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlops_nb import lineage, tracking
from mlops_nb.capture.environment import describe_environment
from mlops_nb.capture.git import GitWatch, find_code_state
from mlops_nb.capture.redaction import redact
from mlops_nb.capture.where import PAPERMILL_VARIABLE, find_notebook
from mlops_nb.config import EXPERIMENT_VARIABLE, PARENT_RUN_VARIABLE, STORE_VARIABLE
from mlops_nb.errors import SpecError, StoreError
from mlops_nb.pipeline.parameters import find_declared
from mlops_nb.pipeline.verdict import Verdict
from mlops_nb.records.journal import RunError
from mlops_nb.records.names import MAX_NAME_LENGTH, check_name
from mlops_nb.records.values import clean_text
from mlops_nb.store import Store, open_store
from mlops_nb.tracking.current import enclosing_run_id

_SESSION_VARIABLE = "JPY_SESSION_NAME"
"""By which a Jupyter server tells a kernel its notebook's path."""

MAX_TRACEBACK = 20_000
"""Characters kept of a traceback."""

_GIT_PATIENCE_S = 0.3


class NotebookRecording:
    """An open run of kind "notebook". `close` must be called, whatever happens."""

    def __init__(self, store: Store, run: tracking.ActiveRun, notebook: str, folder: Path) -> None:
        self.store = store
        self.run = run
        self.verdict: Verdict | None = None
        """Set when the run is closed."""
        self._notebook = notebook
        self._folder = folder
        self._git = GitWatch(folder)
        self._git.start()

    @classmethod
    def start(
        cls,
        *,
        source: str,
        params: Mapping[str, Any],
        experiment: str | None = None,
        declared_experiment: str = "",
        store: str | os.PathLike[str] | None = None,
    ) -> NotebookRecording:
        """Start the run.

        Args:
            source: Path or URL of the notebook; empty if it was handed over as an object.
            params: What was injected.
            experiment: Wins over all.
            declared_experiment: What the notebook's metadata says (`mlops_nb.experiment`); next comes the
                environment, last the notebook's file name.
            store: The store's folder; else it is looked for from the notebook's folder upward.

        Raises:
            UsageError: The experiment's name, or the place of the store, cannot be used.
            StoreError: The store cannot be written.
        """
        local = Path(source).absolute() if source and "://" not in source else None
        chosen = experiment or declared_experiment or os.environ.get(EXPERIMENT_VARIABLE) or name_experiment(source)
        opened = open_store(store, start=local.parent if local else None)
        notebook = str(local) if local else source
        run = tracking.start_run(
            opened,
            experiment=check_name("experiment", chosen),
            kind="notebook",
            name=name_experiment(source) if local else "",
            params=dict(params),
            parent_run_id=enclosing_run_id(),
            notebook=find_notebook({PAPERMILL_VARIABLE: notebook}) or notebook,
        )
        return cls(opened, run, notebook, local.parent if local else Path.cwd())

    def note_defaults(self, source: str) -> None:
        """Record the values that the `parameters` cell sets and nobody replaced.

        Args:
            source: The cell's source. What is not plain assignment of literals (another language, say) is passed over.
        """
        try:
            declared = find_declared(source)
        except SpecError:
            return
        self.run.capture({name: one.default for name, one in declared.items() if one.has_default}, {})

    def environment(self) -> dict[str, str]:
        """The kernel's environment: ours, and what makes its runs children of this one, in the same store.

        `MLOPS_NB_EXPERIMENT` is this run's own (which is the environment's, unless somebody said otherwise).
        """
        given = {
            **os.environ,
            PARENT_RUN_VARIABLE: self.run.id,
            STORE_VARIABLE: str(self.store.root.absolute()),
            EXPERIMENT_VARIABLE: self.run.experiment,
        }
        if self._notebook:
            given[PAPERMILL_VARIABLE] = given[_SESSION_VARIABLE] = self._notebook
        return given

    def close(self, verdict: Verdict, *, cells: int = 0, completed: int = 0, output: str = "") -> None:
        """Close the run.

        Args:
            verdict: How it ended.
            cells: How many code cells the notebook has.
            completed: How many of them ran to their end.
            output: Where the output notebook is.
        """
        if verdict.outcome == "crashed":
            self._close_children(verdict.error)
        for key, value in _last_metrics(self.store, self.run.id).items():
            self.run.log_metric(key, value)
        self.run.set_tag("cells", str(cells))
        self.run.set_tag("cells_completed", str(completed))
        if output:
            self.run.set_tag("output", output)
        self._record_code()
        self.run.finish(verdict.outcome, _without_secrets(verdict.error))
        self.verdict = verdict

    def _close_children(self, cause: RunError | None) -> None:
        """The runs of a dead kernel's cells end as it did: who comes later can only say that it is gone."""
        if cause is None:
            return
        try:
            self.store.live.close_family(self.run.id, cause)
        except StoreError as fault:
            self.run.note_fault("runs of the dead kernel", fault)

    def _record_code(self) -> None:
        """The commit that ran. Packages are left to the cells, for they are the kernel's and not ours."""
        try:
            code = find_code_state(self._folder)
            if code is not None:
                code = msgspec.structs.replace(code, dirty=self._git.result(_GIT_PATIENCE_S))
            self.run.record(msgspec.structs.replace(describe_environment(code), packages={}))
        except Exception as fault:  # noqa: BLE001 - the law: a capture fault is a mark on the run, nothing more
            self.run.note_fault("code state", fault)


def _without_secrets(error: RunError | None) -> RunError | None:
    """Tracebacks quote the notebook's code."""
    if error is None:
        return None
    trace = redact(clean_text(error.traceback, MAX_TRACEBACK))
    return RunError(error.kind, redact(clean_text(error.message)), trace)


def name_experiment(source: str) -> str:
    """An experiment's name from a notebook's path or URL: its stem, without what names may not have."""
    stem = Path(source.split("?", maxsplit=1)[0]).stem
    fit = re.sub(r"[^\w. -]+", "-", stem).strip(" .-")[:MAX_NAME_LENGTH].strip()
    return fit or "notebook"


def _last_metrics(store: Store, run_id: str) -> dict[str, float]:
    """Each metric that the run's children logged, by the last of them that did."""
    found: dict[str, float] = {}
    for child in sorted(lineage.list_runs(store, parent=run_id), key=lambda run: (run.started_at, run.id)):
        for key, summary in child.metrics.items():
            found.pop(key, None)
            found[key] = float(summary.last)
    return found
