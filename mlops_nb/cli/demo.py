"""`mlops-nb demo`: the example notebook headless, and what it left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from mlops_nb.cli.colors import paint
from mlops_nb.cli.data import print_snapshots
from mlops_nb.cli.models import print_models
from mlops_nb.cli.options import examples
from mlops_nb.cli.progress import showing_progress
from mlops_nb.cli.run import outcome_as_exit_code
from mlops_nb.cli.run_tables import print_runs
from mlops_nb.config import FOLDER, STORE_VARIABLE
from mlops_nb.errors import NotFoundError
from mlops_nb.records.text import printable

NOTEBOOK = Path("example_notebooks", "01_track_snapshot_register.ipynb")
OUTPUT = "demo-output.ipynb"


@click.command(epilog=examples("mlops-nb demo", "mlops-nb demo --open"))
@click.option("--open", "open_", is_flag=True, help="Then start JupyterLab, with the runs in its side panel.")
def demo(open_: bool) -> None:
    """Run the example and show what it left behind.

    Headless, with a progress bar. It is recorded in a store of its own, beside the notebook.
    """
    from mlops_nb import lineage
    from mlops_nb.pipeline.headless import run_notebook
    from mlops_nb.store import open_store

    notebook = find_example()
    store = open_store(notebook.parent / FOLDER)
    store.create()
    with outcome_as_exit_code() as ended, showing_progress(notebook.name, quiet=False) as on_progress:
        ended.result = run_notebook(notebook, output=store.root / OUTPUT, store=store.root, on_progress=on_progress)
    _heading("runs", "mlops-nb runs list")
    print_runs(lineage.list_runs(store, limit=10))
    _heading("snapshots", "mlops-nb data list")
    print_snapshots(lineage.list_snapshots(store)[:5])
    _heading("registered models", "mlops-nb models list")
    print_models(lineage.list_models(store)[:5])
    click.echo(printable(f"\nAsk more of this store: export {STORE_VARIABLE}={store.root}"))
    if open_:
        sys.exit(_open_lab(notebook.parent, store.root))
    click.echo("See it all in JupyterLab's side panel: make lab (or mlops-nb demo --open)")


def find_example() -> Path:
    """The example notebook of the checkout that this package is run from, or of the working directory.

    Raises:
        NotFoundError: The package was installed without its examples.
    """
    for place in (Path(__file__).parents[2], Path.cwd()):
        if (place / NOTEBOOK).is_file():
            return place / NOTEBOOK
    raise NotFoundError(
        f"{NOTEBOOK} is not here",
        hint="the examples are in the project's repository: call this in a clone of it, or run a notebook of yours "
        "with mlops-nb run",
        wanted=str(NOTEBOOK),
    )


def _heading(title: str, command: str) -> None:
    click.echo(f"\n{paint(title, bold=True)}  ({command})")


def _open_lab(folder: Path, store: Path) -> int:
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    click.echo("starting JupyterLab; Ctrl-C twice ends it")
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={folder}", *as_root]
    return subprocess.call(command, env={**os.environ, STORE_VARIABLE: str(store)})
