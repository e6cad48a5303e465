"""What is recorded about a run without being asked: environment, resources, output, figures, code state.

Wraps a run between `begin` and `end`. Each thing is looked at by itself: if looking fails, that is noted on the run
and everything else goes on. The user's code is never touched.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from mlops_nb.capture.code import read_cell
from mlops_nb.capture.environment import describe_environment
from mlops_nb.capture.figures import Figure, list_open, open_figures
from mlops_nb.capture.git import GitWatch, find_code_state
from mlops_nb.capture.harvest import MISSING, harvest
from mlops_nb.capture.output import OutputTap, Tail
from mlops_nb.capture.redaction import redact_output
from mlops_nb.capture.resources import Meter
from mlops_nb.records.journal import OutputCaptured, ResourcesMeasured
from mlops_nb.tracking.active import ActiveRun
from mlops_nb.tracking.current import current

GIT_PATIENCE_S = 0.3
"""How long the end of a run waits for git's word on whether the checkout is dirty."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Escape sequences of a terminal (ECMA-48): colours and links mean nothing in a record."""

_tap: OutputTap[ActiveRun] = OutputTap(current)


class Observation:
    """Looks at one run. `begin` and `end` are called once each, in the process of the run."""

    def __init__(self, run: ActiveRun, folder: str | os.PathLike[str] | None = None) -> None:
        self._run = run
        self._folder = folder or _working_folder()
        self._meter = Meter()
        self._watch = GitWatch(self._folder)
        self._figures: list[Figure] = []
        self._open_before = frozenset[int]()

    def begin(self) -> None:
        """Start looking."""
        with self._guarded("code state"):
            self._watch.start()
        with self._guarded("output"):
            self._run.tail = Tail()
            _tap.open()
        with self._guarded("figures"):
            self._open_before = list_open()
        with self._guarded("resources"):
            self._meter.start()

    def add_figure(self, figure: Figure) -> None:
        """Keep a figure that was displayed (and closed) while the run was open."""
        if figure.png not in (known.png for known in self._figures):
            self._figures.append(figure)

    def read_cell(self, source: str, namespace: Mapping[str, object], last_value: object = MISSING) -> tuple[str, ...]:
        """Log the params and metrics of a cell that ran, by the capture rule.

        Args:
            source: The cell's code as Python, magics transformed.
            namespace: The user's names after the run.
            last_value: The value of the cell's last expression.

        Returns:
            The names that the cell bound.
        """
        bound: tuple[str, ...] = ()
        with self._guarded("params and metrics"):
            cell = read_cell(source)
            bound = (*cell.literals, *cell.choices, *cell.computed)
            found = harvest(cell, namespace, last_value)
            self._run.capture(found.params, found.metrics)
            for fault in found.faults:
                raise ValueError(fault)
        return bound

    def end(self) -> None:
        """Stop looking, and log what was seen."""
        run = self._run
        with self._guarded("resources"):
            cpu_s, peak = self._meter.stop()
            run.record(ResourcesMeasured(time.time(), cpu_s=cpu_s, peak_memory_bytes=peak))
        with self._guarded("output"):
            self._end_output()
        with self._guarded("figures"):
            self._end_figures()
        with self._guarded("environment"):
            code = find_code_state(self._folder)
            if code is not None:
                code = msgspec.structs.replace(code, dirty=self._watch.result(GIT_PATIENCE_S))
            run.record(describe_environment(code))

    def _end_output(self) -> None:
        _tap.close()
        if self._run.tail is not None:
            text, dropped = self._run.tail.read()
            if text:
                plain = redact_output(_ANSI.sub("", text))
                self._run.record(OutputCaptured(time.time(), text=plain, dropped=dropped))

    def _end_figures(self) -> None:
        found = open_figures(besides=self._open_before)
        for figure in found.figures:
            self.add_figure(figure)
        taken: set[str] = set()
        for figure in self._figures:
            name, count = figure.name, 1
            while f"{name}.png" in taken:
                count += 1
                name = f"{figure.name}-{count}"
            taken.add(f"{name}.png")
            self._run.log_artifact(figure.png, f"{name}.png", media_type="image/png", role="figure")
        if found.faults:
            raise ValueError("; ".join(found.faults))

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as fault:  # noqa: BLE001 - the law: a capture fault is a mark on the run, never the user's problem
            self._run.note_fault(what, fault)


def _working_folder() -> str:
    """As it is at the start; '' when it was deleted."""
    try:
        return os.getcwd()  # noqa: PTH109 - a text is wanted
    except FileNotFoundError:
        return ""
