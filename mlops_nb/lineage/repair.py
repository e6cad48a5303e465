"""Repair: mends what the other copies allow, and puts the rest where it harms nobody. Deletes nothing.

    a ledger entry     from the digest that its follower names, if one bit flipped; from the index, if that digest
                       proves it; else a stand-in makes those behind it readable, and what it said is committed anew
    a sealed journal   from its digest, if one bit flipped; else its readable lines, what the index knows, sealed anew
    an object          from its digest, if one bit flipped; else moved away, so that the same bytes can be put again
    a pack             the same, but it stays: the undamaged columns in it can still be read
    format.json        written anew
    the index          made anew, last

A plan is made first, and says all that will be done. Each step looks again before it touches a file, so a plan may be
carried out while others write. What was done becomes a ledger entry.

Called by the surfaces.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from mlops_nb._ids import short_id
from mlops_nb.errors import ConflictError, NotFoundError, StoreCorruptError
from mlops_nb.lineage.audit import Audit
from mlops_nb.lineage.findings import Finding
from mlops_nb.lineage.inspection import inspect_store
from mlops_nb.lineage.repair_entries import plan_entries
from mlops_nb.lineage.repair_journals import plan_loose, plan_sealed
from mlops_nb.lineage.steps import Step
from mlops_nb.records.ledger import Mending, StoreRepaired
from mlops_nb.store import Store
from mlops_nb.store.format import new_format, salvage_id
from mlops_nb.store.mending import restore_bit
from mlops_nb.store.quarantine import Quarantine

ROUNDS = 3
"""One repair may bring the next damage to light: without `format.json` nobody finds the index."""


class Plan(NamedTuple):
    """What repair would do, in this order, and the findings that nothing here can mend."""

    steps: list[Step]
    hopeless: list[Finding]


class Repair(NamedTuple):
    """What was done, what was not and why, and the folder below the store that keeps what was replaced or moved."""

    done: list[Mending]
    failed: list[Mending]
    quarantine: str


def plan_repair(store: Store) -> Plan:
    """Find all damage, and say what could be done about it. Alters nothing.

    Raises:
        StoreTooNewError: A newer version wrote the store.
        StoreError: It cannot be read at all.
    """
    audit = inspect_store(store)
    findings = [one for one in audit.report().findings if one.sort != "lost"]
    steps = [step for one in findings if one.cure == "format" for step in [_plan_format(store, one)]]
    entries, settled = plan_entries(audit, [one for one in findings if one.cure == "entry"])
    steps += entries
    hopeless = []
    for one in findings:
        if one.cure in {"format", "index"} or one.about in settled:
            continue
        if step := _plan(audit, one):
            steps.append(step)
        else:
            hopeless.append(one)
    return Plan([*steps, *(_plan_index(store, one) for one in findings if one.cure == "index")], hopeless)


def repair_store(store: Store) -> Repair:
    """Do what `plan_repair` says, until nothing more comes to light, and enter it into the ledger.

    Raises:
        StoreError: The store cannot be read or written. What was done until then stays done.
    """
    quarantine = Quarantine(store.root)
    done: list[Mending] = []
    failed: list[Mending] = []
    try:
        for _ in range(ROUNDS):
            tried = {(one.place, one.problem) for one in (*done, *failed)}
            steps = [step for step in plan_repair(store).steps if (step.place, step.problem) not in tried]
            if not steps:
                break
            for step in steps:
                _carry_out(step, quarantine, done, failed)
            if any(step.place != "index" for step in steps):
                _renew_index(store)
    finally:
        if any(one.place != "index" for one in done):
            store.ledger.append(StoreRepaired(quarantine=quarantine.name, mended=tuple(done)))
    return Repair(done, failed, quarantine.name)


def _carry_out(step: Step, quarantine: Quarantine, done: list[Mending], failed: list[Mending]) -> None:
    try:
        step.act(quarantine)
    except (ConflictError, NotFoundError) as fault:
        failed.append(step.told(fault.message))
    else:
        done.append(step.told())


def _plan(audit: Audit, one: Finding) -> Step | None:
    plans: dict[str, Callable[[Audit, Finding], Step | None]] = {
        "sealed": plan_sealed,
        "loose": plan_loose,
        "seal": _plan_seal,
        "mark": _plan_mark,
        "object": _plan_object,
        "stray": _plan_stray,
    }
    plan = plans.get(one.cure)
    return plan(audit, one) if plan else None


def _plan_format(store: Store, one: Finding) -> Step:
    path = store.root / "format.json"
    judged = path.read_bytes() if path.exists() else None
    store_id = salvage_id(judged or b"")
    doing = "write it anew" + (" with its old id" if store_id else " with a new id (the index is made anew for it)")
    data = new_format(store_id)
    return Step(one.place, one.problem, doing, "", lambda to: to.replace(one.place, data, judged))


def _plan_seal(audit: Audit, one: Finding) -> Step:
    live, run_id = audit.store.live, one.about

    def act(_to: Quarantine) -> None:
        live.mark(run_id)
        live.close_orphan(run_id)

    doing = f"close run {short_id(run_id)}, and enter it into the ledger as a new commit"
    return Step(one.place, one.problem, doing, "", act)


def _plan_mark(audit: Audit, one: Finding) -> Step:
    return Step(one.place, one.problem, "set its marker again", "", lambda _to: audit.store.live.mark(one.about))


def _plan_object(audit: Audit, one: Finding) -> Step | None:
    judged = audit.store.objects.get_named(one.place)
    if judged is None:
        return None
    if (data := restore_bit(judged, one.about)) is not None:
        doing = "turn back the one bit that flipped (its digest proves it)"
        return Step(one.place, one.problem, doing, "", lambda to: to.replace(one.place, data, judged))
    if one.about in audit.packs:
        return None  # other columns in it can still be read
    lost = ", ".join(one.affects[:5])
    doing = "move it away, so that the same bytes can be kept again"
    return Step(one.place, one.problem, doing, lost, lambda to: to.move(one.place, judged))


def _plan_stray(_audit: Audit, one: Finding) -> Step:
    return Step(one.place, one.problem, "move it away", "", lambda to: to.move(one.place))


def _plan_index(store: Store, one: Finding) -> Step:
    return Step("index", one.problem, "make it anew", "", lambda _to: _renew_index(store))


def _renew_index(store: Store) -> None:
    # Keeps the old one while the ledger cannot be read; the next look tells of that.
    with suppress(StoreCorruptError):
        store.index.rebuild()
