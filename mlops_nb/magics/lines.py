"""The line magics. Each is a parser and a function that gets what was parsed and shows an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from mlops_nb.errors import MlopsNbError, NotFoundError, UsageError
from mlops_nb.lineage import get_details, get_run, list_experiments, list_models, list_runs, list_snapshots
from mlops_nb.magics import overview, tables
from mlops_nb.magics.markup import Shown
from mlops_nb.magics.options import HelpShown, MagicParser
from mlops_nb.magics.tracked import parser as track_parser
from mlops_nb.records.query_words import FIELDS
from mlops_nb.tracking import default_store, get_experiment, set_experiment


class Magic:
    """A line magic: what it is called, how it is typed, and what it does."""

    def __init__(self, parser: MagicParser, action: Callable[[Any, Any], Shown]) -> None:
        self.parser = parser
        self.action = action

    def bound(self, shell: Any) -> Callable[[str], None]:
        """The function that IPython calls, with the help that `%name?` shows."""

        def magic(line: str) -> None:
            with explained():
                from IPython.display import display

                display(self.action(shell, self.parser.read(line)))

        magic.__doc__ = self.parser.format_help()
        return magic


@contextmanager
def explained() -> Iterator[None]:
    """Show our errors as IPython shows usage errors: the message, no traceback. The cell still counts as failed."""
    with suppress(HelpShown):
        try:
            yield
        except MlopsNbError as fault:
            from IPython.core.error import UsageError as ShownError

            raise ShownError(str(fault)) from fault


def track_help(line: str, cell: str) -> None:  # noqa: ARG001 - the signature of a cell magic
    """Stand in for `%%track` in help and completion."""
    msg = "%%track must be the first line of the cell"
    raise UsageError(msg, hint="only other cell magics such as %%time may stand above it")


track_help.__doc__ = track_parser.format_help()


def _experiment(_shell: Any, options: Any) -> Shown:
    if options.name is not None:
        set_experiment(options.name)
    return tables.experiments(get_experiment(), list_experiments(default_store()))


def _runs(_shell: Any, options: Any) -> Shown:
    runs = list_runs(
        default_store(),
        experiment=options.experiment,
        status=options.status,
        where=options.where,
        order=options.order,
        limit=options.limit,
    )
    return tables.runs(runs)


def _run_info(_shell: Any, options: Any) -> Shown:
    store = default_store()
    if options.run:
        run = get_run(store, options.run)
    else:
        newest = list_runs(store, limit=1)
        if not newest:
            raise NotFoundError("there are no runs yet", hint="put %%track on top of a cell")
        run = newest[0]
    return tables.run_info(run, get_details(store, run.id))


def _snapshot(shell: Any, options: Any) -> Shown:
    from mlops_nb.tracking.data import snapshot

    name = options.name or options.data
    return tables.snapshots([snapshot(_value(shell, options.data), name, options.message)])


def _snapshots(_shell: Any, options: Any) -> Shown:
    return tables.snapshots(list_snapshots(default_store(), options.name))


def _register(shell: Any, options: Any) -> Shown:
    from mlops_nb.registry import register

    version = register(
        _value(shell, options.model),
        options.name or options.model,
        alias=options.alias,
        message=options.message,
        trusted=options.trust,
    )
    return tables.models([version])


def _models(_shell: Any, options: Any) -> Shown:
    return tables.models(list_models(default_store(), options.name))


def _mlops(_shell: Any, _options: Any) -> Shown:
    parsers = [track_parser, *(magic.parser for magic in MAGICS.values())]
    return overview.overview(default_store(), get_experiment(), parsers)


def _value(shell: Any, expression: str) -> Any:
    """The object that a name (or a dotted or indexed expression without spaces) stands for."""
    names = shell.user_ns
    if expression in names:
        return names[expression]
    if expression.isidentifier():
        known = [name for name in names if not name.startswith("_")]
        raise NotFoundError.among("variable", expression, known, hint="run the cell that makes it first")
    try:
        return shell.ev(expression)
    except Exception as fault:
        raise UsageError(f"cannot evaluate {expression!r}: {fault}", hint="give the name of a variable") from fault


def _parser(magic: str, summary: str, *examples: str) -> MagicParser:
    return MagicParser(f"%{magic}", summary, examples)


def _runs_parser() -> MagicParser:
    runs = _parser(
        "runs",
        "Show the newest runs, or the first ones in another order.",
        "%runs",
        "%runs -n 50 --experiment delays --status failed",
        '%runs --where "metrics.auc > 0.8 and params.lr = 0.1" --order -metrics.auc',
    )
    runs.add_argument("-n", "--limit", type=int, default=15, help="how many (15)")
    runs.add_argument("--experiment", help="only runs of this experiment")
    runs.add_argument("--status", help="only running, completed, failed, interrupted or crashed ones")
    runs.add_argument("--where", default="", help=f"only runs that fit, in quotes; {FIELDS} with = != < <= > >= ~")
    runs.add_argument("--order", default="", help="by these fields; -metrics.auc puts the greatest first")
    return runs


def _build() -> dict[str, Magic]:
    experiment = _parser("experiment", "Set, or show, the experiment of this notebook's runs.", "%experiment delays")
    experiment.add_argument("name", nargs="?", help="the experiment's name")

    info = _parser("run_info", "Show all about a run.", "%run_info", "%run_info k3f9x2")
    info.add_argument("run", nargs="?", default="", help="the run id or its last part; by default the newest run")

    snapshot = _parser(
        "snapshot",
        "Keep the state of a data frame as the next version of a dataset.",
        "%snapshot df --name flights -m 'without cancelled ones'",
    )
    snapshot.add_argument("data", help="the variable that holds the frame")
    snapshot.add_argument("--name", default="", help="the dataset's name; by default the variable's")
    snapshot.add_argument("-m", "--message", default="", help="what is new about it")

    snapshots = _parser("snapshots", "Show the datasets and their versions.", "%snapshots", "%snapshots flights")
    snapshots.add_argument("name", nargs="?", help="only this dataset")

    register = _parser(
        "register",
        "Store a fitted model as the next version of a registered model.",
        "%register model --name delays --alias challenger",
    )
    register.add_argument("model", help="the variable that holds the model")
    register.add_argument("--name", default="", help="the model's name; by default the variable's")
    register.add_argument("--alias", help="point this alias to the new version")
    register.add_argument("-m", "--message", default="", help="what is new about it")
    register.add_argument("--trust", action="append", default=[], metavar="TYPE", help="a type of yours it may hold")

    models = _parser("models", "Show the registered models and their versions.", "%models", "%models delays")
    models.add_argument("name", nargs="?", help="only this model")

    mlops = _parser("mlops", "Show what there is: the magics, and where the store lies.", "%mlops")
    return {
        "experiment": Magic(experiment, _experiment),
        "runs": Magic(_runs_parser(), _runs),
        "run_info": Magic(info, _run_info),
        "snapshot": Magic(snapshot, _snapshot),
        "snapshots": Magic(snapshots, _snapshots),
        "register": Magic(register, _register),
        "models": Magic(models, _models),
        "mlops": Magic(mlops, _mlops),
    }


MAGICS: dict[str, Magic] = _build()
"""Every line magic by name. README's reference is checked against it."""
