"""A tracked cell, from its first line to the card under it."""

from __future__ import annotations

import os
import warnings
from typing import Any

from mlops_nb.capture.figures import Figure, from_display
from mlops_nb.capture.harvest import MISSING
from mlops_nb.capture.redaction import redact
from mlops_nb.capture.where import find_notebook
from mlops_nb.errors import CaptureWarning, MlopsNbError, StoreError
from mlops_nb.lineage import find_previous_run, get_run
from mlops_nb.magics.card import not_recorded, run_card
from mlops_nb.magics.markup import Shown
from mlops_nb.magics.options import MagicParser, read_params
from mlops_nb.magics.transform import body_of
from mlops_nb.tracking import ActiveRun, default_store, get_experiment, start_run
from mlops_nb.tracking.active import error_of, outcome_of
from mlops_nb.tracking.current import current, enclosing_run_id
from mlops_nb.tracking.observation import Observation
from mlops_nb.tracking.origin import note_origin

parser = MagicParser(
    "%%track",
    "Record this cell as a run: params, metrics, code, data, figures, environment.",
    ["%%track delays -p lr=0.1 -t baseline", "%%track", "%%track --name 'deeper trees' --no-auto"],
)
parser.add_argument("experiment", nargs="?", help="the experiment; by default the one set with %%experiment")
parser.add_argument("-p", "--param", action="append", default=[], metavar="KEY=VALUE", help="a param; may be repeated")
parser.add_argument("-t", "--tag", action="append", default=[], metavar="TAG", help="a tag, `key` or `key=value`")
parser.add_argument("--name", default="", help="a name for people")
parser.add_argument("--no-auto", action="store_true", help="record no params and metrics by looking at the code")


class TrackedCell:
    """One execution of a cell with `%%track`."""

    def __init__(self, shell: Any, run: ActiveRun, source: str, *, auto: bool) -> None:
        self._shell = shell
        self._run = run
        self._source = source
        self._auto = auto
        self._outer = current.get()
        self._observation = Observation(run)
        current.set(run)
        self._observation.begin()
        # Jupyter's inline backend shows its figures and closes them before the cell's end is announced.
        publisher = getattr(shell, "display_pub", None)
        self._publisher = publisher if hasattr(publisher, "register_hook") else None
        if self._publisher is not None:
            self._publisher.register_hook(self._see_display)

    @classmethod
    def begin(cls, shell: Any, line: str, info: Any) -> TrackedCell | None:
        """Open the run. None when the store cannot be written: the cell runs all the same, and says so.

        Raises:
            UsageError: The options cannot be meant. The cell's body does not run then.
            HelpShown: Help was asked for.
        """
        options = parser.read(_expand(shell, line))
        source = info.raw_cell or ""
        try:
            run = start_run(
                default_store(),
                experiment=get_experiment() if options.experiment is None else options.experiment,
                kind="cell",
                name=options.name,
                params=read_params(options.param),
                tags=options.tag,
                parent_run_id=enclosing_run_id(),
                notebook=find_notebook(os.environ, shell.user_ns),
                cell_id=getattr(info, "cell_id", None) or "",
                source=redact(source),
            )
        except StoreError as fault:
            _show(not_recorded(f"{fault.message}; {fault.hint}"))
            return None
        return cls(shell, run, source, auto=not options.no_auto)

    def end(self, result: Any) -> None:
        """Close the run and show its card."""
        run = self._run
        if current.get() is run:
            current.set(self._outer)
        if self._publisher is not None:
            self._publisher.unregister_hook(self._see_display)
        fault = None if result is None else result.error_before_exec or result.error_in_exec
        if self._auto:
            self._read_cell(result)
        self._observation.end()
        outcome = outcome_of(fault)
        run.finish(outcome, error_of(fault) if fault is not None and outcome != "completed" else None)
        self._show_card()

    def _read_cell(self, result: Any) -> None:
        body = self._shell.transform_cell(body_of(self._source))
        last = None if result is None else result.result
        names = self._observation.read_cell(body, self._shell.user_ns, MISSING if last is None else last)
        for name in names:
            note_origin(self._shell.user_ns.get(name), self._run.id)

    def _see_display(self, message: dict[str, Any]) -> dict[str, Any]:
        if message.get("msg_type") == "display_data":
            png = from_display(message["content"]["data"])
            if png is not None:
                self._observation.add_figure(Figure("figure", png))
        return message

    def _show_card(self) -> None:
        store = self._run.store
        try:
            run = get_run(store, self._run.id)
            _show(run_card(run, find_previous_run(store, run)))
        except MlopsNbError as fault:
            warnings.warn(f"run {self._run.id} is recorded, but cannot be shown: {fault}", CaptureWarning, stacklevel=2)


def _show(shown: Shown) -> None:
    from IPython.display import display

    display(shown)


def _expand(shell: Any, line: str) -> str:
    """Put values in the place of `{name}` and `$name`, as IPython does for magics; what has none stays as typed."""
    from IPython.utils.text import DollarFormatter

    try:
        return str(DollarFormatter().vformat(line, args=[], kwargs=shell.user_ns))
    except Exception:  # noqa: BLE001 - any expression may stand in braces, and raise anything
        return line
