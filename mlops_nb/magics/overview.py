"""`%mlops`: what there is to type, and where the store lies."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_nb.magics import markup
from mlops_nb.magics.markup import Markup, Shown
from mlops_nb.magics.options import MagicParser
from mlops_nb.records import text
from mlops_nb.store import Store


def overview(store: Store, experiment: str, parsers: Sequence[MagicParser]) -> Shown:
    """One row a magic: an example of it, and what it does."""
    rows = [(parser.examples[0], (parser.description or "")) for parser in parsers]
    place = str(store.root) + ("" if store.format else " (made by the first run)")
    width = max(len(example) for example, _ in rows)
    plain = "\n".join(f"{example:<{width}}  {summary}" for example, summary in rows)
    rich = markup.table((), [(markup.code(example), summary) for example, summary in rows])
    return Shown(
        text.printable(f"store       {place}\nexperiment  {experiment}\n\n{plain}\n\n%magic? shows a magic's options"),
        Markup(
            markup.line(Markup(markup.muted("store ") + markup.text(place)), markup.muted(f"experiment {experiment}"))
            + rich
            + markup.line(markup.muted("%magic? shows a magic's options"))
        ),
    )
