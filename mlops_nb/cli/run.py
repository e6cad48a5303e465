"""`mlops-nb run`: a notebook headless, with its progress, and how it ended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from mlops_nb.cli import exits
from mlops_nb.cli.options import chosen_store, examples, json_option, print_json, store_option
from mlops_nb.cli.progress import showing_progress
from mlops_nb.cli.tables import print_facts
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.pipeline.headless import HeadlessResult

TRACEBACK_LINES = 12


@click.command(
    epilog=examples(
        "mlops-nb run train.ipynb",
        'mlops-nb run train.ipynb -p alpha=0.1 -p names=\'["a", "b"]\' -o out.ipynb',
        "mlops-nb run train.ipynb --experiment nightly --quiet --json",
    )
)
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("-p", "--param", "pairs", multiple=True, metavar="NAME=VALUE", help="Set a parameter. Repeatable.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The executed notebook, or a folder for it.")
@click.option("--experiment", metavar="NAME", help="Record the run under this experiment.")
@click.option("--kernel", metavar="NAME", help="Run it in this kernel, not the one it names.")
@click.option("--cwd", type=click.Path(path_type=Path), metavar="FOLDER", help="Run it in this folder, not its own.")
@click.option("--timeout", type=click.IntRange(min=1), metavar="SECONDS", help="How long a cell may take.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only how it ended.")
@json_option
@store_option
def run(
    notebook: Path, pairs: tuple[str, ...], quiet: bool, as_json: bool, timeout: int | None, **options: Any
) -> None:
    """Run NOTEBOOK headless through papermill, and record it.

    Parameters replace what the cell tagged `parameters` sets. The notebook itself is not changed; without -o the
    executed one is written beside it. Exit code 0 only if every cell ran.
    """
    from mlops_nb.pipeline.headless import run_notebook
    from mlops_nb.pipeline.parameters import parse_parameters

    params = parse_parameters(pairs)
    with outcome_as_exit_code(as_json=as_json) as ended, showing_progress(notebook.name, quiet=quiet) as on_progress:
        ended.result = run_notebook(
            notebook, params=params, store=chosen_store(), cell_timeout_s=timeout, on_progress=on_progress, **options
        )


class outcome_as_exit_code:  # noqa: N801 - used as a verb: `with outcome_as_exit_code() as ended`
    """Tell how a headless run ended, and leave with its exit code unless it completed."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.result: HeadlessResult | None = None
        self._as_json = as_json

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        code = None
        if isinstance(fault, KeyboardInterrupt) and hasattr(fault, "result"):
            self.result = fault.result
            code = exits.TERMINATED if type(fault.__cause__).__name__ == "Terminated" else exits.INTERRUPTED
        elif fault is not None or self.result is None:
            return
        tell_result(self.result, as_json=self._as_json)
        code = exits.BY_OUTCOME[self.result.outcome] if code is None else code
        if code:
            sys.exit(code)


def tell_result(result: HeadlessResult, *, as_json: bool) -> None:
    """Say how a headless run ended: status, id, duration, metrics, output, and the error if there is one."""
    from mlops_nb.records.wire import to_plain

    run, error = result.run, result.error
    if as_json:
        facts = {"outcome": result.outcome, "output_path": str(result.output_path), "error": to_plain(error)}
        print_json({**facts, "run": to_plain(run)})
        return
    print_facts(
        [
            ("status", f"{text.STATUS_SIGNS[result.outcome]} {result.outcome}"),
            ("run", run.id),
            ("experiment", run.experiment),
            ("took", text.duration(run.duration_s)),
            *((f"param {key}", text.param(value)) for key, value in run.params.items()),
            *((f"metric {key}", text.number(run.metric(key))) for key in run.metrics),
            ("output", str(result.output_path)),
            ("error", f"{error.kind}: {error.message}" if error else ""),
        ]
    )
    if error and error.traceback:
        tail = error.traceback.rstrip().splitlines()[-TRACEBACK_LINES:]
        click.echo(text.printable("\n" + "\n".join(tail)), err=True)
