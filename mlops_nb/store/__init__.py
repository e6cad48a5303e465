"""The store: journals, ledger, objects, and the index derived from them.

    runs/<run_id>/journal.jsonl   one writer, append-only, one write(2) a record
    ledger/00000042.json          numbered commits, put-if-absent, each naming the digest of the one before
    objects/ab/abcd...            content-addressed and immutable
    live/<run_id>                 a marker: this journal may not be sealed yet
    tmp/                          staged writes; what is left there was cut off
    format.json                   which format this is

Nothing on the write path needs a lock on anything shared, a server, or the index.

Floor 2. Knows files, object stores and SQL (it alone); knows no notebook, no data frame, no model. Called by
tracking and lineage, and by the surfaces to open it.
"""

from __future__ import annotations

from mlops_nb.store.folder import Store, open_store

__all__ = ["Store", "open_store"]
