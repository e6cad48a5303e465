"""The conversation with the kernel.

papermill's client, with four things added: each execute request carries the cell's id and metadata, as
JupyterLab's do; whatever stops a cell (not only its own exception) marks that cell failed; a kernel that
died leaves its exit code; one that is interrupted gets a moment to let its cells close their runs.
Loads nbclient: import it when a run begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import zmq
from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient

from mlops_nb.pipeline.execution import NotebookExecution
from mlops_nb.pipeline.verdict import is_clean_exit

_GRACE_S = 5.0
"""How long an interrupted cell may take to end before its kernel is shut down."""

_TICK_S = 1.0


class NotebookClient(PapermillNotebookClient):
    """One kernel for one notebook.

    Args:
        execution: The notebook's state; told of every cell.
        environment: The kernel's whole environment.
        traits: nbclient's own options.
    """

    def __init__(self, execution: NotebookExecution, environment: Mapping[str, str], **traits: Any) -> None:
        super().__init__(execution, **traits)
        self.exit_code: int | None = None
        self.fault: CellExecutionError | None = None
        self._environment = dict(environment)
        self._task: asyncio.Future[Any] | None = None

    def execute(self, **kwargs: Any) -> Any:
        """Run all cells in a new kernel.

        Raises:
            DeadKernelError: It died; `exit_code` says how, where that is known.
            CellTimeoutError: A cell took too long.
            KeyboardInterrupt: The runner was stopped.
        """
        return super().execute(env=self._environment, **kwargs)

    def create_kernel_manager(self) -> Any:
        """A kernel manager that encrypts what it says to a kernel that can, where this host's zmq can."""
        manager = super().create_kernel_manager()
        if hasattr(manager, "transport_encryption") and zmq.has("curve"):
            manager.transport_encryption = "auto"
        return manager

    def papermill_execute_cells(self) -> None:
        """Run the cells in order. A cell's own exception ends the run and is kept in `fault`, not raised."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as fault:
                if not is_clean_exit(fault.ename, fault.evalue):
                    self.fault = fault
                    self.nb_man.cell_exception(cell, cell_index=index, exception=fault)
                break
            except BaseException as fault:
                if isinstance(fault, KeyboardInterrupt | CellTimeoutError):
                    self._settle()
                self.nb_man.cell_exception(cell, cell_index=index, exception=fault)
                raise
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)

    async def async_execute_cell(self, cell: Any, cell_index: int, *args: Any, **kwargs: Any) -> Any:
        """Run one cell. See the module's docstring for what is added."""
        self._task = asyncio.current_task()
        ticking = asyncio.ensure_future(self._tick())
        session = self.kc.session
        session.metadata = {**cell.metadata, "cellId": cell.get("id", "")}
        try:
            return await super().async_execute_cell(cell, cell_index, *args, **kwargs)
        except DeadKernelError:
            if self.km is not None and self.km.provisioner is not None:
                self.exit_code = await self.km.provisioner.poll()
            raise
        finally:
            session.metadata = {}
            ticking.cancel()

    execute_cell = run_sync(async_execute_cell)

    async def _tick(self) -> None:
        """Write what quick cells left unwritten while a long, silent one runs."""
        while True:
            await asyncio.sleep(_TICK_S)
            self.nb_man.save_if_due()

    async def _async_settle(self) -> None:
        """Interrupt a busy cell, and give it a moment to close its runs and send its last outputs."""
        if self._task is None or self.km is None or self.kc is None:
            return
        await ensure_async(self.km.interrupt_kernel())
        if self._task.done():  # nobody listens any more; a kernel answers when its cell is over
            self._task = asyncio.ensure_future(self.async_wait_for_reply(await ensure_async(self.kc.kernel_info())))
        ended, _ = await asyncio.wait({self._task}, timeout=_GRACE_S)
        for task in ended:
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not complain of it; the cell's outputs have it

    _settle = run_sync(_async_settle)
