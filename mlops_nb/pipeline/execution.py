"""The output notebook while it runs: what each cell's state is, and when it is written.

Takes the place of papermill's own `NotebookExecutionManager`, which writes in place, twice a cell, and after
a dead kernel says that every cell completed. This one replaces the file whole (temp + rename), spares
writes (at most one every `save_every_s`, and never more than a twentieth of the time), and leaves cells that
never ran `pending`. Loads papermill and nbformat: import it when a run begins.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from papermill.engines import NotebookExecutionManager
from papermill.iorw import LocalHandler, papermill_io, write_ipynb
from papermill.log import logger

from mlops_nb._ids import random_suffix
from mlops_nb.pipeline.progress import CellProgress

SAVE_EVERY_S = 5.0
_SHARE = 20
"""A save that took t seconds is followed by at least 20 t without one."""


class NotebookExecution(NotebookExecutionManager):
    """One execution of one notebook.

    Args:
        nb: The notebook, filled as it runs.
        output_path: Where it is written: a local path, or a URL that papermill knows; None for nowhere.
        save_every_s: Least seconds between two writes.
        on_progress: Called when a cell starts and ends.
        more: `progress_bar`, `log_output`, `autosave_cell_every` as papermill has them; the last only says, by
            0, that nothing is to be written within a cell.
    """

    def __init__(
        self,
        nb: Any,
        *,
        output_path: str | None,
        save_every_s: float = SAVE_EVERY_S,
        on_progress: Callable[[CellProgress], None] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(nb, output_path=_resolve(output_path), **more)
        if output_path:
            self.nb.metadata.papermill["output_path"] = output_path
        self.current: int | None = None
        self._save_every_s = save_every_s
        self._on_progress = on_progress
        self._next_save = math.inf  # until `notebook_start` has written it once
        self._unsaved = False

    def save(self, **_: Any) -> None:
        """Note that there is something to write, and write it if it is time."""
        self._unsaved = True
        self.save_if_due()

    def save_if_due(self) -> None:
        """Write what changed since the last time, unless that was a moment ago.

        A full disk does not end a run of hours: it is warned of and tried again. Only `close` insists.
        """
        if self._unsaved and time.monotonic() >= self._next_save:
            try:
                self.save_now()
            except OSError as fault:
                self._next_save = time.monotonic() + self._save_every_s
                logger.warning("cannot write %s now: %s", self.output_path, fault)

    def save_now(self, cells: list[Any] | None = None) -> None:
        """Write the notebook, with other `cells` if they are given."""
        if not self.output_path:
            return
        begun = time.monotonic()
        shown = self.nb if cells is None else nbformat.NotebookNode({**self.nb, "cells": cells})
        if isinstance(papermill_io.get_handler(self.output_path), LocalHandler):
            replace_file(Path(self.output_path), nbformat.writes(shown))
        else:
            write_ipynb(shown, self.output_path)
        ended = time.monotonic()
        self._unsaved = False
        self._next_save = ended + max(self._save_every_s, _SHARE * (ended - begun))

    def autosave_cell(self) -> None:
        """Called for each message from the kernel."""
        self._unsaved = True
        if self.autosave_cell_every:
            self.save_if_due()

    def notebook_start(self, **kwargs: Any) -> None:
        """Clear what an earlier run left, and write the file for the first time.

        Raises:
            OSError: The file cannot be written: better known now than after hours.
        """
        super().notebook_start(**kwargs)
        self.save_now()

    def cell_start(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        """The cell is about to run."""
        self.current = cell_index
        super().cell_start(cell, cell_index, **kwargs)
        self._tell(cell, "running")

    def cell_complete(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        """The cell ended, well or not (`cell_exception` came before then)."""
        super().cell_complete(cell, cell_index, **kwargs)
        self._tell(cell, cell.metadata.papermill["status"])

    def close(self, *, error_name: str = "", error_text: str = "") -> None:
        """Say how it ended, and write the file for the last time.

        Args:
            error_name: Kind of the error that stopped the run; empty when it came to its end.
            error_text: One line of it, shown in the notebook where no error output is yet.
        """
        self.end_time = self.now()
        self.nb.metadata.papermill.update(
            end_time=self.end_time.isoformat(), duration=(self.end_time - self.start_time).total_seconds()
        )
        self.cleanup_pbar()
        if error_name:
            self.nb.metadata.papermill["exception"] = True
            self.save_now(cells=self._mark(error_name, error_text))
        else:
            self.save_now()

    def _mark(self, error_name: str, error_text: str) -> list[Any]:
        """The cells with papermill's two markers: a link at the top, an anchor before the cell that failed.

        The notebook itself stays without them, for papermill sets its own where it raises the error.
        """
        from papermill.execute import ERROR_ANCHOR_MSG, ERROR_MARKER_TAG, ERROR_MESSAGE_TEMPLATE

        def marker(text: str) -> Any:
            return nbformat.v4.new_markdown_cell(text, metadata={"tags": [ERROR_MARKER_TAG]})

        cells = list(self.nb.cells)
        failed = [at for at, cell in enumerate(cells) if cell.metadata.papermill.get("status") == self.FAILED]
        if failed:
            cell = cells[failed[0]]
            if cell.cell_type == "code" and not any(output.get("ename") == error_name for output in cell.outputs):
                cell.outputs.append(
                    nbformat.v4.new_output("error", ename=error_name, evalue=error_text, traceback=[error_text])
                )
            cells.insert(failed[0], marker(ERROR_ANCHOR_MSG))
            count = cell.get("execution_count")
            return [marker(ERROR_MESSAGE_TEMPLATE % (" " if count is None else count)), *cells]
        return [marker(f"**The run stopped outside any cell: {error_name}.** {error_text}"), *cells]

    def _tell(self, cell: Any, state: str) -> None:
        if self._on_progress is not None and self.current is not None:
            self._on_progress(CellProgress(self.current + 1, len(self.nb.cells), cell.get("id", ""), state))


def _resolve(output_path: str | None) -> str | None:
    """A local path made absolute by papermill's rule: from where it was called, not from the kernel's folder."""
    if output_path and isinstance(handler := papermill_io.get_handler(output_path), LocalHandler):
        return str(Path(handler._cwd or Path.cwd(), output_path))  # noqa: SLF001 - it has no other way to say so
    return output_path


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; one that is there keeps its permissions.

    Raises:
        OSError: As `open` would. No temporary file is left.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    there = path.exists()
    if there and not path.is_file():
        path.write_text(text, encoding="utf-8")  # /dev/stdout and the like cannot be replaced
        return
    temporary = path.with_name(f".{path.name[:40]}.{random_suffix()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        if there:
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
