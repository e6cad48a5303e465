"""Retention: what is deleted, how it comes back, and when its bytes are freed.

Deleting is a ledger entry and nothing else: the thing leaves every list, its version number is never used again, and
until a gc it can be restored by another entry. `collect_garbage` makes deletions final and frees the bytes that
only they needed. Why that is safe while others write is told in `mlops_nb.store.sweep`.

Floor 4, beside the registry. Knows the store and the questions of lineage; knows no notebook and no model's insides.
Called by the surfaces.
"""

from __future__ import annotations

from mlops_nb.retention.garbage import GRACE_S, Collected, collect_garbage, plan_garbage
from mlops_nb.retention.removal import (
    delete_model,
    delete_run,
    delete_snapshot,
    restore_model,
    restore_run,
    restore_snapshot,
)
from mlops_nb.retention.survey import Plan, SharedPack

__all__ = [
    "GRACE_S",
    "Collected",
    "Plan",
    "SharedPack",
    "collect_garbage",
    "delete_model",
    "delete_run",
    "delete_snapshot",
    "plan_garbage",
    "restore_model",
    "restore_run",
    "restore_snapshot",
]
