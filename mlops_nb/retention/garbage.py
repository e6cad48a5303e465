"""The gc: makes deletions final, and frees the bytes that nothing needs any more.

In this order, which `mlops_nb.store.sweep` explains: note the moment, survey, commit `RetentionStarted`, remove, commit
`RetentionApplied` with what was freed. Killed anywhere in between it leaves bytes that the next one frees.
"""

from __future__ import annotations

import time

import msgspec

from mlops_nb.records.ledger import RetentionApplied, RetentionStarted
from mlops_nb.retention.survey import Plan, Survey
from mlops_nb.store import Store
from mlops_nb.store.ledger import Head
from mlops_nb.store.sweep import put_back_interrupted, remove_journal, remove_object

GRACE_S = 3600.0
"""How long an object that nothing refers to is left alone: its writer may be about to."""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What a gc did. `freed_bytes` may be less than planned: what somebody took up again meanwhile stays."""

    plan: Plan
    journals: int
    objects: int
    freed_bytes: int


def plan_garbage(store: Store, *, older_than_s: float = 0.0, grace_s: float = GRACE_S) -> Plan:
    """What a gc would free now. Alters nothing.

    Args:
        store: Which one.
        older_than_s: Only what was deleted at least so many seconds ago.
        grace_s: Objects that were written or taken up since so many seconds stay in any case.

    Raises:
        StoreCorruptError: Damage hides what is needed; the message says where.
        StoreError: The store cannot be read.
    """
    now = time.time()
    return Survey(store).plan(store.index.catch_up(), deleted_until=now - older_than_s, before=now - grace_s)


def collect_garbage(store: Store, *, older_than_s: float = 0.0, grace_s: float = GRACE_S) -> Collected:
    """Make deletions final and free what nothing needs any more. Others may write meanwhile, or collect.

    Args and errors are those of `plan_garbage`. Where there is nothing to do, nothing is written.
    """
    now = time.time()
    survey, before, until = Survey(store), now - grace_s, now - older_than_s
    put_back_interrupted(store.root)
    plan = survey.plan(store.index.catch_up(), deleted_until=until, before=before)
    if plan.empty:
        return Collected(plan=plan, journals=0, objects=0, freed_bytes=0)

    def decide(head: Head) -> RetentionStarted:
        nonlocal plan
        plan = survey.plan(head, deleted_until=until, before=before)
        return RetentionStarted(deleted_until=until)

    started = store.ledger.commit(decide, store.index.catch_up)
    journals = [size for run_id in plan.journals if (size := remove_journal(store.root, run_id))]
    objects = [size for digest in plan.objects if (size := remove_object(store.root, digest, before))]
    freed = sum(journals) + sum(objects)
    applied = RetentionApplied(started=started.number, journals=len(journals), objects=len(objects), freed_bytes=freed)
    store.ledger.append(applied)
    return Collected(plan=plan, journals=len(journals), objects=len(objects), freed_bytes=freed)
