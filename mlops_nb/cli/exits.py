"""How a command ends: every exit code, and how an error is told.

Knows the error family by its codes; knows no command. Used by `program` and by the commands that judge something.
"""

from __future__ import annotations

import json
from typing import Any

import click

from mlops_nb.cli.colors import paint
from mlops_nb.errors import MlopsNbError
from mlops_nb.records.text import printable

DEBUG_VARIABLE = "MLOPS_NB_DEBUG"

OK = 0
FAILED = 1
"""What was asked for was done, and the answer is no: a notebook failed, damage was found. Also any other error."""
USAGE = 2
UNEXPECTED = 70
"""A fault of ours (sysexits.h: EX_SOFTWARE)."""
INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
KERNEL_DIED = 137
"""128 + SIGKILL: what a job ends with that the system's out-of-memory killer ended."""
BROKEN_PIPE = 141
"""128 + SIGPIPE: whoever read the output went away."""
TERMINATED = 143
"""128 + SIGTERM."""

BY_ERROR = {
    "usage": USAGE,
    "query": USAGE,
    "spec": USAGE,
    "not-found": 3,
    "conflict": 4,
    "store": 5,
    "store-busy": 5,
    "store-too-new": 5,
    "store-corrupt": 5,
    "missing-dependency": 6,
    "unsupported-data": 7,
    "untrusted-model": 8,
    "gate-refused": 9,
}
"""Exit codes by the code of an error; all others end with `FAILED`."""

BY_OUTCOME = {"completed": OK, "failed": FAILED, "interrupted": INTERRUPTED, "crashed": KERNEL_DIED}
"""Exit codes of `mlops-nb run`, by how the notebook ended."""

HELP = (
    "Exit codes: 0 done, 1 done and the answer is no (a cell failed, damage was found), 2 typed wrongly, 3 not found, "
    "4 exists already, 5 the store cannot be read or written, 6 a package is missing, 130 interrupted, "
    "137 the kernel died, 143 terminated."
)


def exit_code(fault: MlopsNbError) -> int:
    """The exit code for one of our errors."""
    return BY_ERROR.get(fault.code, FAILED)


def tell(code: str, message: str, hint: str, *, as_json: bool, pointer: str = "", **context: Any) -> None:
    """Say on stderr what went wrong and what to do: two lines, or with `--json` one JSON object.

    `pointer` are lines between the two that show the place in what was typed.
    """
    if as_json:
        error = {"code": code, "message": message, "hint": hint, **context}
        click.echo(json.dumps({"error": error}, default=str), err=True)
        return
    click.echo(f"{paint('error:', 'red', bold=True)} {_line(message)}", err=True)
    for line in pointer.splitlines():
        click.echo(f"  {printable(line)}", err=True)
    if hint:
        click.echo(f"{paint('hint:', 'cyan', bold=True)} {_line(hint)}", err=True)


def _line(text: str) -> str:
    """One line, whatever a name or a message in it held."""
    return printable(" ".join(text.split()))
