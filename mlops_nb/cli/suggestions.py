"""What the shell offers behind Tab: names that are in the store. Whatever goes wrong, it offers nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from mlops_nb.errors import MlopsNbError

if TYPE_CHECKING:
    from mlops_nb.store import Store

_RECENT = 50


def runs(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Short ids of recent runs, each with its experiment and status."""
    from mlops_nb._ids import short_id
    from mlops_nb.lineage import list_runs

    return _offered(
        ctx,
        typed,
        lambda store: [
            (short_id(run.id), f"{run.experiment} {run.name} {run.status}") for run in list_runs(store, limit=_RECENT)
        ],
    )


def experiments(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Names of experiments."""
    from mlops_nb.lineage import list_experiments

    return _offered(ctx, typed, lambda store: [(name, "") for name in list_experiments(store)])


def datasets(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """References such as `flights@3`, and names."""
    from mlops_nb.lineage import list_snapshots

    return _offered(
        ctx,
        typed,
        lambda store: [
            pair for one in list_snapshots(store) for pair in ((one.reference, one.message), (one.name, "the newest"))
        ],
    )


def models(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """References such as `delays@3` and `delays@champion`, and names."""
    from mlops_nb.lineage import list_models

    return _offered(
        ctx,
        typed,
        lambda store: [
            pair
            for one in list_models(store)
            for pair in (
                (one.reference, one.message),
                *((f"{one.name}@{alias}", one.reference) for alias in one.aliases),
                (one.name, "the newest"),
            )
        ],
    )


def _offered(ctx: click.Context, typed: str, ask: Callable[[Store], Iterable[tuple[str, str]]]) -> list[CompletionItem]:
    from mlops_nb.cli.options import STORE_KEY
    from mlops_nb.records.text import printable
    from mlops_nb.store import open_store

    try:
        pairs = dict(ask(open_store(ctx.meta.get(STORE_KEY))))
    except MlopsNbError:
        return []
    return [
        CompletionItem(value, help=printable(" ".join(what.split())))
        for value, what in pairs.items()
        if value.startswith(typed)
    ]
