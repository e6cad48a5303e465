"""Loading into a shell: the transform of `%%track`, the hooks around cells, and the magics.

One `Extension` a shell. Its hooks never raise: what goes wrong in them is a warning, the user's cell goes on.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mlops_nb.config import DEBUG_VARIABLE
from mlops_nb.errors import CaptureWarning
from mlops_nb.magics import lines
from mlops_nb.magics.tracked import TrackedCell
from mlops_nb.magics.transform import ATTRIBUTE, rewrite_track
from mlops_nb.tracking.cell import Cell, set_cell


class _Frame:
    """A cell being executed. Cells nest when a magic runs another cell."""

    def __init__(self, info: Any) -> None:
        self.info = info
        self.tracked: TrackedCell | None = None


class _Frames(threading.local):
    """The cells being executed in this thread: subshells run beside the main one, on the same shell object."""

    def __init__(self) -> None:
        self.stack: list[_Frame] = []


class Extension:
    """mlops_nb in one IPython shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._frames = _Frames()
        self._magics: dict[str, Callable[[str], None]] = {
            name: magic.bound(shell) for name, magic in lines.MAGICS.items()
        }

    @classmethod
    def load(cls, shell: Any) -> None:
        """Register everything. Loading twice changes nothing."""
        if getattr(shell, ATTRIBUTE, None) is None:
            extension = cls(shell)
            extension._register()
            setattr(shell, ATTRIBUTE, extension)

    @classmethod
    def leave(cls, shell: Any) -> None:
        """Take everything away."""
        extension = getattr(shell, ATTRIBUTE, None)
        if isinstance(extension, cls):
            extension.unregister()
            delattr(shell, ATTRIBUTE)

    def _register(self) -> None:
        shell = self._shell
        for name, magic in self._magics.items():
            shell.register_magic_function(magic, "line", name)
        # `%%track` never runs as a magic (the transform comes first); this is its help and its completion.
        shell.register_magic_function(lines.track_help, "cell", "track")
        shell.input_transformer_manager.line_transforms.insert(0, rewrite_track)
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)

    def unregister(self) -> None:
        """Take the magics, the transform and the hooks out of the shell."""
        shell = self._shell
        for name in self._magics:
            shell.magics_manager.magics["line"].pop(name, None)
        shell.magics_manager.magics["cell"].pop("track", None)
        with suppress(ValueError):
            shell.input_transformer_manager.line_transforms.remove(rewrite_track)
        for event, hook in (("pre_run_cell", self._before_cell), ("post_run_cell", self._after_cell)):
            with suppress(ValueError):
                shell.events.unregister(event, hook)

    def begin_track(self, line: str) -> None:
        """Open the run of the cell being executed. What the first line of a tracked cell calls.

        Args:
            line: What was typed behind `%%track`; `{name}` and `$name` stand for values, as in any magic.
        """
        # A cell that runs outside of any frame (a hook of another extension) has no end to close a run at.
        frame = self._frames.stack[-1] if self._frames.stack else None
        with lines.explained():
            if frame is not None and frame.tracked is None:
                frame.tracked = TrackedCell.begin(self._shell, line, frame.info)

    def _before_cell(self, info: Any) -> None:
        self._frames.stack.append(_Frame(info))
        set_cell(Cell(info.raw_cell or "", getattr(info, "cell_id", None) or ""))

    def _after_cell(self, result: Any) -> None:
        stack = self._frames.stack
        info = getattr(result, "info", None)
        # Empty cells end without having begun; a cell that lost its end is dropped with the one around it.
        if not stack or (info is not None and all(frame.info is not info for frame in stack)):
            return
        frame = stack.pop()
        while info is not None and frame.info is not info:
            frame = stack.pop()
        if not stack:
            set_cell(None)
        if frame.tracked is not None:
            try:
                frame.tracked.end(result)
            except Exception as fault:
                if os.environ.get(DEBUG_VARIABLE):
                    raise
                warnings.warn(f"the tracked cell could not be closed: {fault!r}", CaptureWarning, stacklevel=2)
