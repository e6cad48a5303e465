"""`mlops-nb completion`: the script that teaches a shell to complete our commands and the names in the store."""

from __future__ import annotations

import os
from pathlib import PurePath

import click

from mlops_nb.cli.options import examples
from mlops_nb.cli.program import NAME
from mlops_nb.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog=examples(
        "mlops-nb completion bash > ~/.local/share/bash-completion/completions/mlops-nb",
        "mlops-nb completion zsh > ~/.zfunc/_mlops-nb   # with fpath+=~/.zfunc before compinit",
        "mlops-nb completion fish > ~/.config/fish/completions/mlops-nb.fish",
    )
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL", required=False)
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """Print the script that completes commands in SHELL.

    By default for the shell that you use. Write it to where your shell looks for
    completions, as below, and open a new shell.
    """
    from click.shell_completion import get_completion_class

    name = shell or PurePath(os.environ.get("SHELL", "")).name
    kind = get_completion_class(name) if name in SHELLS else None
    if kind is None:
        raise UsageError("your shell is not one of bash, zsh, fish", hint="name one: mlops-nb completion bash")
    click.echo(kind(ctx.find_root().command, {}, NAME, "_MLOPS_NB_COMPLETE").source())
