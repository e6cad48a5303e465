"""A run in progress: what is logged here outlives the process before the call returns.

Knows a store's journal and the records; knows nothing of where the run came from (a cell, a script, a notebook run
headless) nor of what is captured without being asked (`observation`).
"""

from __future__ import annotations

import itertools
import math
import mimetypes
import operator
import os
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from mlops_nb._ids import short_id
from mlops_nb.capture.output import Tail
from mlops_nb.capture.redaction import is_secret, redact
from mlops_nb.errors import CaptureWarning, MlopsNbError, NotFoundError, StoreError, UsageError
from mlops_nb.records.journal import (
    ArtifactLogged,
    CaptureFaulted,
    DatasetLinked,
    Line,
    MetricLogged,
    ModelLinked,
    Outcome,
    ParamLogged,
    RunError,
    RunFinished,
    RunStarted,
    TagSet,
)
from mlops_nb.records.names import check_key
from mlops_nb.records.values import Plain, clean_text, nonfinite_word, number, plain
from mlops_nb.store import Store
from mlops_nb.store.journal import JournalWriter

WITHHELD = "***"
"""What is recorded in place of a secret."""

MAX_TRACEBACK = 20_000
"""Characters kept of a traceback: its end, where the fault is."""

_STEPS = 2**63

_SHELL = re.compile(r"[/\\](?:IPython|ipykernel)[/\\]")


class ActiveRun:
    """One run in progress. Made by `track` or `start_run`; safe to log to from several threads.

    Attributes:
        id: The run id.
        experiment: The experiment's name.
        tail: Where the run's printed text goes, when it is kept.
    """

    def __init__(self, store: Store, writer: JournalWriter, start: RunStarted) -> None:
        self.store = store
        self.id = start.run_id
        self.experiment = start.experiment
        self.name = start.name
        self.tail: Tail | None = None
        self._clock = time.perf_counter()
        self._writer = writer
        self._counts: dict[str, itertools.count[int]] = {}
        self._explicit: set[str] = set()
        self._finishing = threading.Lock()
        self._outcome: Outcome | None = None
        self._warned = False
        self._owner = os.getpid()
        try:
            writer.append(start)
        except BaseException:
            writer.close()
            raise

    @property
    def finished(self) -> bool:
        """Whether the run is closed."""
        return self._outcome is not None

    @property
    def logged_keys(self) -> frozenset[str]:
        """The keys of params and metrics that were logged by hand; the capture rule leaves them alone."""
        return frozenset(self._explicit) | frozenset(self._counts)

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """Log one point of a metric. When this returns, the point survives `kill -9`.

        Args:
            key: The metric's key, e.g. "loss" or "val/auc".
            value: A number: int, float, bool, numpy or torch scalar. NaN and infinities are kept.
            step: Where on the curve; by default the number of points logged under this key so far.

        Raises:
            UsageError: The key or value is unfit, or the run is finished.
        """
        counter = self._counts.get(key) if type(key) is str else None
        if counter is None:
            check_key("metric", key)
        if type(value) is not float:
            value = number(key, value)
        if step is not None and (type(step) is not int or not -_STEPS < step < _STEPS):
            step = _as_step(key, step)
        # One counter for all threads: `next` is atomic, so no two points get the same step.
        count = next(self._counts.setdefault(key, itertools.count()) if counter is None else counter)
        if step is None:
            step = count
        if math.isfinite(value):
            self._append(MetricLogged(time.time(), key, value, step))
        else:
            self._append(MetricLogged(time.time(), key, nonfinite_word(value), step))

    def log(self, step: int | None = None, **metrics: float) -> None:
        """Log one point of several metrics: `run.log(loss=0.3, acc=0.9)`, or with a step: `run.log(loss=0.3, step=7)`.

        Raises:
            UsageError: A key or value is unfit, or the run is finished.
        """
        for key, value in metrics.items():
            self.log_metric(key, value, step)

    def log_param(self, key: str, value: object) -> None:
        """Log a param. The last value of a key wins.

        Values that are not plain JSON are kept as their `repr`; a value that is a secret by its key or by its looks
        (a token, a password) is recorded as `***`.

        Raises:
            UsageError: The key is unfit, or the run is finished.
        """
        self._explicit.add(check_key("param", key))
        kept = plain(value)
        self._append(ParamLogged(time.time(), key, WITHHELD if is_secret(key, kept) else _masked(kept)))

    def log_params(self, params: Mapping[str, object]) -> None:
        """Log several params."""
        for key, value in params.items():
            self.log_param(key, value)

    def set_tag(self, key: str, value: object = "") -> None:
        """Set a tag; a bare one has no value.

        Raises:
            UsageError: The key is unfit, or the run is finished.
        """
        text = clean_text(str(value))
        self._append(TagSet(time.time(), check_key("tag", key), WITHHELD if is_secret(key, text) else redact(text)))

    def log_artifact(
        self,
        data: bytes | str | os.PathLike[str],
        name: str | None = None,
        *,
        media_type: str | None = None,
        role: Literal["file", "figure"] = "file",
    ) -> str:
        """Keep a file, or some bytes, with the run. Returns the digest that it is stored under.

        Args:
            data: A path to read, or the bytes themselves.
            name: How the run calls it; by default the file's name.
            media_type: By default guessed from the name.
            role: "figure" is shown among the figures.

        Raises:
            NotFoundError: There is no such file.
            UsageError: Bytes without a name, an unfit name, or the run is finished.
            StoreError: The store cannot be written.
        """
        if not isinstance(data, bytes):
            path = Path(data)
            name = name or path.name
            try:
                data = path.read_bytes()
            except OSError as fault:
                raise NotFoundError(f"cannot read {path}: {fault.strerror}", hint="give the path of a file") from fault
        name = check_key("artifact", name)
        guessed = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        digest = self.store.objects.put(data)
        self._append(
            ArtifactLogged(time.time(), name=name, digest=digest, size_bytes=len(data), media_type=guessed, role=role)
        )
        # A gc that read the journal just before this line may have swept the object: see `store.sweep`.
        if not self.store.objects.keep(digest):
            self.store.objects.put(data)
        return digest

    def record(self, line: Line) -> None:
        """Append a record that was made elsewhere in the package (a link, a capture)."""
        self._append(line)

    def capture(self, params: Mapping[str, object], metrics: Mapping[str, float]) -> None:
        """Log what the capture rule found. Whatever was logged by hand under the same key stands."""
        known = self.logged_keys
        at = time.time()
        for key, value in params.items():
            if key not in known:
                self._append(ParamLogged(at, key, WITHHELD if is_secret(key, value) else plain(value), "captured"))
        for key, value in metrics.items():
            if key not in known:
                word = value if math.isfinite(value) else nonfinite_word(value)
                self._append(MetricLogged(at, key, word, 0, "captured"))

    def link_dataset(
        self, role: Literal["used", "generated"], digest: str, name: str = "", version: int = 0, rows: int | None = None
    ) -> None:
        """Note that the run used or generated a state of a dataset."""
        self._append(DatasetLinked(time.time(), role=role, digest=digest, name=name, version=version, rows=rows))

    def link_model(self, role: Literal["used", "generated"], name: str, version: int, digest: str) -> None:
        """Note that the run used or generated a model version."""
        self._append(ModelLinked(time.time(), role=role, name=name, version=version, digest=digest))

    def note_fault(self, where: str, fault: BaseException) -> None:
        """Record that something could not be recorded, and warn once a run. Never raises."""
        message = clean_text("".join(traceback.format_exception_only(fault)).strip(), 500)
        try:
            self._append(CaptureFaulted(time.time(), where=where, message=message))
        except UsageError:
            message += " (the run was finished already)"
        self._warn(f"{where}: {message}")

    def finish(self, outcome: Outcome = "completed", error: RunError | None = None) -> None:
        """Close the run and enter it into the ledger. A second call changes nothing.

        In a forked child nothing is written: the run is its parent's to end. Where the disk has no room for the end,
        the run is left to the next reader, who closes it as crashed.
        """
        with self._finishing:
            if self._outcome is not None:
                return
            duration_s = time.perf_counter() - self._clock
            end = RunFinished(time.time(), outcome=outcome, duration_s=duration_s, error=error)
            is_ended = os.getpid() == self._owner and self._append(end)
            self._outcome = outcome
        if not is_ended:
            self._writer.close()
            return
        try:
            self.store.seal_journal(self.id, self._writer, self.experiment, outcome)
        except MlopsNbError as fault:
            self._warn(f"the run's end is recorded, but not yet in the ledger: {fault.message}; {fault.hint}")

    def _append(self, line: Line) -> bool:
        if self._outcome is not None:
            raise UsageError(f"run {short_id(self.id)} is finished", hint="start another run to log more")
        try:
            self._writer.append(line)
        except StoreError as fault:
            # The law: recording never breaks the user's work. What was acknowledged before stays readable.
            self._warn(f"{fault.message}; {fault.hint}")
            return False
        return True

    def _warn(self, message: str) -> None:
        if self._warned:
            return
        self._warned = True
        text = f"run {short_id(self.id)} is incomplete: {message}"
        try:
            warnings.warn(text, CaptureWarning, stacklevel=4)
        except CaptureWarning:
            # Warnings are errors here, but the law stands above that: it must not take the place of the user's own.
            sys.stderr.write(f"CaptureWarning: {text}\n")

    def __repr__(self) -> str:
        return f"<ActiveRun {self.id} {self.experiment} {self._outcome or 'running'}>"


def error_of(fault: BaseException) -> RunError:
    """An exception as a record: its kind, message and traceback, as text, without the shell's own frames."""
    frames = fault.__traceback__
    while frames is not None and _SHELL.search(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    text = redact("".join(traceback.format_exception(type(fault), fault, frames)))
    message = clean_text(redact(_message(fault)))
    return RunError(
        kind=type(fault).__name__, message=message, traceback=clean_text(text[-MAX_TRACEBACK:], MAX_TRACEBACK)
    )


def outcome_of(fault: BaseException | None) -> Outcome:
    """How a run ended that ended with this exception."""
    if fault is None or (isinstance(fault, SystemExit) and not fault.code):
        return "completed"
    interrupted = isinstance(fault, KeyboardInterrupt) or type(fault).__name__ == "CancelledError"
    return "interrupted" if interrupted else "failed"


def as_tags(tags: Iterable[str] | Mapping[str, object]) -> dict[str, str]:
    """Tags as given: a mapping, or texts of which each is `key` or `key=value`."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    if isinstance(tags, str):
        tags = [tags]
    pairs = (tag.partition("=") for tag in tags)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _message(fault: BaseException) -> str:
    try:
        return str(fault)
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
        return "(the exception cannot be printed)"


def _masked(value: Plain) -> Plain:
    """A plain value whose texts (the `repr` of an object may tell a password) hold no secrets."""
    match value:
        case str():
            return redact(value)
        case list():
            return [_masked(item) for item in value]
        case dict():
            return {key: _masked(item) for key, item in value.items()}
    return value


def _as_step(key: str, step: object) -> int:
    try:
        number = operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(f"metric {key!r}: step must be an int, not {type(step).__name__}") from None
    if not -_STEPS < number < _STEPS:
        raise UsageError(f"metric {key!r}: step is beyond 64 bits")
    return number
