"""What was typed behind a magic, parsed.

One declaration a magic: it parses, completes and prints its own help, and README's reference is checked against it.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from mlops_nb.errors import UsageError
from mlops_nb.pipeline.parameters import parse_value


class HelpShown(Exception):  # noqa: N818 - not an error: `--help` was asked for and printed
    """The user asked for help and has it."""


class MagicParser(argparse.ArgumentParser):
    """argparse that raises `UsageError` instead of leaving the process."""

    def __init__(self, magic: str, summary: str, examples: Sequence[str]) -> None:
        super().__init__(
            prog=magic,
            description=summary,
            epilog="examples:\n" + "\n".join(f"  {line}" for line in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.examples = tuple(examples)
        self.add_argument("-h", "--help", action="store_true", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Called by argparse for anything it cannot parse."""
        raise UsageError(f"{self.prog}: {message}", hint=f"e.g. {self.examples[0]}")

    def read(self, line: str) -> argparse.Namespace:
        """Parse a line.

        Raises:
            UsageError: It cannot be meant; the hint gives an example.
            HelpShown: `--help` was in it; the help has been printed.
        """
        try:
            words = shlex.split(line, comments=True)
        except ValueError as fault:
            raise UsageError(f"{self.prog}: {fault}", hint="quote texts with spaces: --name 'my run'") from None
        if "-h" in words or "--help" in words:
            print(self.format_help())  # noqa: T201 - this is what was asked for
            raise HelpShown
        return self.parse_args(_joined(words))


def _joined(words: list[str]) -> list[str]:
    """`--order -metrics.auc` as `--order=-metrics.auc`: argparse takes what begins with a dash for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--order":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def read_params(pairs: Sequence[str]) -> dict[str, Any]:
    """Params given as `key=value`, read as on the command line of `mlops-nb run`.

    Raises:
        UsageError: A pair has no `=`, no key, or an unclosed list or quote.
    """
    params: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"-p {pair!r} is not key=value", hint="write -p lr=0.1, quoted where there are spaces")
        params[key.strip()] = parse_value(key.strip(), value.strip())
    return params
