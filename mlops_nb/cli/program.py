"""What all commands have in common: suggestions, help, and how they end.

Knows click and the exit codes; knows no command. Used by `root` and by the groups.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from mlops_nb.cli import exits
from mlops_nb.errors import MlopsNbError, QueryError

NAME = "mlops-nb"


class Group(click.Group):
    """A group that shows its help when it is called alone, and suggests near names."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.update(no_args_is_help=False, invoke_without_command=True)
        super().__init__(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        if not ctx._protected_args and not ctx.args:  # noqa: SLF001 - click keeps the command's name there
            click.echo(ctx.get_help())
            return None
        return super().invoke(ctx)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands in the order in which they were added: what is needed most comes first."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command that was named."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise _UnknownCommand(f"no command {name!r} in {ctx.command_path}", self._suggest(ctx, name), ctx)
        return super().resolve_command(ctx, args)

    def _suggest(self, ctx: click.Context, name: str) -> str:
        """What may have been meant: a near name, or one a floor below (`list` for `runs list`)."""
        if name == "help":
            return f"`{ctx.command_path} --help` shows all commands, `{ctx.command_path} COMMAND --help` one"
        known = self.list_commands(ctx)
        groups = {key: command for key, command in self.commands.items() if isinstance(command, click.Group)}
        near = [f"{key} {name}" for key, group in groups.items() if name in group.commands]
        near = near or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        return f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(known)}"


class _UnknownCommand(click.UsageError):
    def __init__(self, message: str, hint: str, ctx: click.Context) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class _PipeClosedError(Exception):
    """Whoever read our output has gone. Not an OSError, for of those click makes exit code 1 by itself."""


@contextmanager
def _noticing_closed_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as fault:
        raise _PipeClosedError from fault


class Program(Group):
    """The whole command: runs it, and turns whatever is raised into two lines and an exit code."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the command line; `--help` and `--version` are answered here."""
        with _noticing_closed_pipe():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        with _noticing_closed_pipe():
            return super().invoke(ctx)

    def main(  # type: ignore[override]  # it always leaves the process
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run, and leave the process with a truthful exit code."""
        arguments = list(sys.argv[1:] if args is None else args)
        for stream in (sys.stdout, sys.stderr):
            if callable(reconfigure := getattr(stream, "reconfigure", None)):
                reconfigure(errors="backslashreplace")  # a terminal that cannot show a sign is no reason to fail
        extra["standalone_mode"] = False
        run = super().main
        sys.exit(_ending(lambda: run(arguments, prog_name or NAME, **extra), as_json="--json" in arguments))


def _ending(run: Callable[[], Any], *, as_json: bool) -> int:
    """Run, tell what went wrong, and return the exit code."""
    try:
        return _answer(run)
    except MlopsNbError as fault:
        tell_error(fault, as_json=as_json)
        return exits.exit_code(fault)
    except click.UsageError as fault:
        exits.tell("usage", *_usage(fault), as_json=as_json)
        return exits.USAGE
    except click.ClickException as fault:
        exits.tell("error", fault.format_message(), "", as_json=as_json)
        return exits.FAILED
    except (click.Abort, KeyboardInterrupt):
        exits.tell("interrupted", "interrupted", "", as_json=as_json)
        return exits.INTERRUPTED
    except (_PipeClosedError, BrokenPipeError):
        # Python would try to flush what is left when it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.BROKEN_PIPE
    except Exception as fault:
        if os.environ.get(exits.DEBUG_VARIABLE):
            raise
        hint = f"this is a fault of mlops_nb: {exits.DEBUG_VARIABLE}=1 shows where it happened"
        exits.tell("unexpected", f"unexpected {type(fault).__name__}: {fault}", hint, as_json=as_json)
        return exits.UNEXPECTED


def _answer(run: Callable[[], Any]) -> int:
    """The exit code that a command chose, its output seen off."""
    try:
        answer = run()
    except SystemExit as leave:
        answer = leave.code
    sys.stdout.flush()
    return answer if isinstance(answer, int) else exits.OK


def tell_error(fault: MlopsNbError, *, as_json: bool) -> None:
    """Say one of our errors on stderr."""
    facts = fault.to_dict()
    pointer = fault.pointer if isinstance(fault, QueryError) else ""
    exits.tell(facts.pop("code"), facts.pop("message"), facts.pop("hint"), as_json=as_json, pointer=pointer, **facts)


def _usage(fault: click.UsageError) -> tuple[str, str]:
    """Click's message and its suggestion, in our form."""
    message, hint = fault.format_message(), getattr(fault, "hint", "")
    if isinstance(fault, click.NoSuchOption):
        message = f"no option {fault.option_name}"
        near = list(fault.possibilities or ())
        hint = f"did you mean {' or '.join(near)}?" if near else ""
        if fault.option_name == "--json":
            hint = "write it behind a command that prints data: mlops-nb runs list --json"
    if not hint:
        path = fault.ctx.command_path if fault.ctx is not None else NAME
        hint = f"`{path} --help` shows how it is used"
    return message[:1].lower() + message[1:].rstrip("."), hint
