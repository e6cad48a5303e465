"""Records as rows of a table, for every surface that shows one: the notebook's and the terminal's read the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_nb.records import text

if TYPE_CHECKING:  # so that the command line's help need not load the records
    from mlops_nb.records.data import Snapshot

SNAPSHOT_HEADERS = ("dataset", "rows", "columns", "size", "newly stored", "when", "digest", "message")
SNAPSHOT_NUMERIC = (1, 2, 3, 4)
"""The positions of the columns that hold numbers."""


def snapshot_row(one: Snapshot) -> tuple[str, ...]:
    """A snapshot under `SNAPSHOT_HEADERS`."""
    return (
        one.reference,
        text.number(one.rows),
        text.number(one.columns),
        text.size(one.logical_bytes),
        text.size(one.stored_bytes),
        text.ago(one.created_at),
        one.digest[:12],
        one.message,
    )


def most_common(keys: Sequence[Sequence[str]], limit: int) -> list[str]:
    """The keys that most rows have, at most `limit`, in the order in which they first appear."""
    counts: dict[str, int] = {}
    for row in keys:
        for key in row:
            counts[key] = counts.get(key, 0) + 1
    chosen = set(sorted(counts, key=lambda key: -counts[key])[:limit])
    return [key for key in counts if key in chosen]
