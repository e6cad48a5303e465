"""What of a run the index can be asked by key: params, metrics and tags, a row each.

Used by `index` and `removals`. Only what is new since the run was folded last is written: a live run is folded often.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_nb.records.runs import Run
from mlops_nb.records.text import param
from mlops_nb.records.values import MAX_TEXT, Plain


def store_keys(db: sqlite3.Connection, run: Run, before: Run | None) -> None:
    """Bring the rows of a run up to date; `before` is the run that `run` was folded onto, if any."""
    params, metrics, tags = (before.params, before.metrics, before.tags) if before else ({}, {}, {})
    db.executemany(
        "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?)",
        [(run.id, key, run.metric(key)) for key, _ in _new(run.metrics, metrics)],
    )
    db.executemany(
        "INSERT OR REPLACE INTO params VALUES (?, ?, ?)",
        [(run.id, key, _comparable(value)) for key, value in _new(run.params, params)],
    )
    db.executemany(
        "INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", [(run.id, key, value) for key, value in _new(run.tags, tags)]
    )


def remove_keys(db: sqlite3.Connection, run_id: str) -> None:
    """Forget all that `store_keys` stored of a run."""
    for table in ("metrics", "params", "tags"):
        db.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))  # noqa: S608 - our words


def _new(now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    # Folding carries over the very objects that it does not change; `==` would take True for 1.
    return ((key, value) for key, value in now.items() if key not in before or before[key] is not value)


def _comparable(value: Plain) -> Plain:
    """Numbers and texts as they are; True, None, lists and overlong numbers as the texts that a person reads."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, (float, str)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return param(value, MAX_TEXT)
