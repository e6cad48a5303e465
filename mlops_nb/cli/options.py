"""Options that many commands share, and the store they mean.

Used by the command modules.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlops_nb.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from mlops_nb.store import Store

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

STORE_KEY = "mlops_nb.store"
"""Where the context keeps what `--store` said."""


def store_option(command: Decorated) -> Decorated:
    """`--store FOLDER`, on a command and on the whole program; the one nearer to the command wins."""
    return click.option(
        "--store",
        metavar="FOLDER",
        expose_value=False,
        callback=_remember_store,
        help="The store, if not the one that is found from here.",
    )(command)


def json_option(command: Decorated) -> Decorated:
    """`--json`, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def chosen_store() -> str | None:
    """What `--store` said, if anything."""
    found: str | None = click.get_current_context().meta.get(STORE_KEY)
    return found


def the_store() -> Store:
    """The store that this command is about. It need not exist yet, unless it was named.

    Raises:
        NotFoundError: `--store` names a folder that is no store.
        StoreError: It cannot be read.
    """
    from mlops_nb.store import open_store

    named = chosen_store()
    store = open_store(named)
    if named and store.format is None and not (store.root / "ledger").is_dir():
        inside = store.root / ".mlops_nb"
        hint = f"did you mean {inside}?" if inside.is_dir() else "check the path; the first run makes a store"
        raise NotFoundError(f"there is no store at {store.root}", hint=hint, wanted=named)
    return store


def print_json(value: Any) -> None:
    """One JSON document on stdout, indented, for eyes and `jq` alike."""
    from mlops_nb.records.wire import to_plain

    click.echo(json.dumps(_finite(to_plain(value)), indent=2, ensure_ascii=False))


def examples(*lines: str) -> str:
    """The end of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _remember_store(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    if not value.strip():
        raise UsageError("--store is empty", hint="name a folder, or leave --store out")
    ctx.meta[STORE_KEY] = value


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity; "nan", "inf" and "-inf" stand for them, as in the store."""
    if isinstance(value, float):
        from mlops_nb.records.values import plain

        return plain(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
