"""SIGTERM as an exception, so that a stopped job closes its run instead of vanishing."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from mlops_nb.pipeline.verdict import Terminated


class TerminationGuard:
    """While armed, SIGTERM raises `Terminated` in the main thread, once.

    Does nothing in other threads, or where the host (Airflow, a service) has a handler of its own.
    """

    def __init__(self) -> None:
        self._armed = False
        self._before: Any = None

    def __enter__(self) -> Self:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._armed = True
            self._before = signal.signal(signal.SIGTERM, self._on_signal)
        return self

    def disarm(self) -> None:
        """From here to the end of the block SIGTERM waits: the run is being closed, which takes a moment."""
        self._armed = False

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise Terminated
