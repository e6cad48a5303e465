"""`mlops-nb`: all commands together."""

from __future__ import annotations

import click

from mlops_nb.cli import exits
from mlops_nb.cli.audit import audit
from mlops_nb.cli.completion import completion
from mlops_nb.cli.data import data
from mlops_nb.cli.demo import demo
from mlops_nb.cli.doctor import doctor
from mlops_nb.cli.export import export
from mlops_nb.cli.gc import gc
from mlops_nb.cli.index import index
from mlops_nb.cli.models import models
from mlops_nb.cli.options import examples, store_option
from mlops_nb.cli.program import NAME, Program
from mlops_nb.cli.run import run
from mlops_nb.cli.runs import runs
from mlops_nb.cli.store import store

_JSON = (
    "With --json, stdout holds one JSON document; an error is one JSON object on stderr, "
    '{"error": {"code", "message", "hint"}}.'
)


@click.group(
    cls=Program,
    name=NAME,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=f"{_JSON}\n\n{exits.HELP}\n\n"
    + examples("mlops-nb run train.ipynb -p alpha=0.1", "mlops-nb runs list", "mlops-nb audit verify"),
)
@click.version_option(None, "-V", "--version", package_name=NAME, prog_name=NAME, message="%(prog)s %(version)s")
@store_option
def main() -> None:
    """Track, snapshot, register and run headless, from the notebook you already have."""


for command in (run, runs, data, models, export, audit, gc, store, index, doctor, demo, completion):
    main.add_command(command)
