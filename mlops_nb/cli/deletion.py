"""What `runs delete`, `data delete` and `models delete` have in common, and their `restore`.

Used by the command modules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlops_nb.cli.options import print_json
from mlops_nb.records import text

if TYPE_CHECKING:
    from mlops_nb.records.ledger import Entry

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def deletion_options(command: Decorated) -> Decorated:
    """`--message` and `--force`, as the arguments `reason` and `force`."""
    command = click.option("--force", is_flag=True, help="Even if something else refers to it.")(command)
    return click.option("-m", "--message", "reason", default="", metavar="TEXT", help="Why; the ledger keeps it.")(
        command
    )


def tell_entries(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Say what was deleted or restored."""
    from mlops_nb.records.ledger import Deletion
    from mlops_nb.records.retention import find_subject

    if as_json:
        print_json(list(entries))
        return
    for entry in entries:
        subject = find_subject(entry.action)
        assert subject is not None
        noun = subject.kind if subject.kind == "run" else f"{subject.kind} version"
        done = "deleted" if isinstance(entry.action, Deletion) else "restored"
        click.echo(text.printable(f"{done} {noun} {subject.reference}"))
    if any(isinstance(entry.action, Deletion) for entry in entries):
        click.echo("`restore` instead of `delete` brings it back; `mlops-nb gc` frees the bytes")
