"""How repair goes about journals: prove what one was, or keep what can be read of it and what the index knows."""

from __future__ import annotations

import calendar
import time

from mlops_nb._ids import short_id
from mlops_nb.errors import ConflictError
from mlops_nb.lineage.audit import Audit
from mlops_nb.lineage.findings import Finding
from mlops_nb.lineage.steps import Step
from mlops_nb.records.journal import Host, Outcome, RunFinished, RunStarted
from mlops_nb.records.ledger import RunSealed
from mlops_nb.records.runs import Run
from mlops_nb.store.mending import beginning_of, error_in, restore_bit, salvage_journal, split_lines
from mlops_nb.store.objects import digest_of
from mlops_nb.store.quarantine import Quarantine

UNPROVED = "that its lines are what was written can no longer be proved"


def plan_sealed(audit: Audit, one: Finding) -> Step:
    """A journal that is not what was sealed."""
    seal, judged = audit.sealed[one.about], _read(audit, one.about)
    sealed = (judged or b"")[: seal.journal_bytes]
    if judged is not None and digest_of(sealed) == seal.journal_digest and not split_lines(judged[len(sealed) :])[0]:
        doing = f"cut it back to its first {seal.journal_bytes} bytes, which were sealed"
        return Step(one.place, one.problem, doing, "", lambda to: to.replace(one.place, sealed, judged))
    if judged is not None and (whole := restore_bit(sealed, seal.journal_digest)) is not None:
        doing = "turn back the one bit that flipped (the ledger proves it)"
        return Step(one.place, one.problem, doing, "", lambda to: to.replace(one.place, whole, judged))
    known = _recall(audit, one.about)
    start = known.started_at if known else _started_at(one.about)
    begin = beginning_of(known) if known else _unknown_beginning(one.about, seal.experiment)
    data = salvage_journal(judged or b"", begin, _end(known, seal.outcome, start), known, audit.store.objects.exists)

    def act(to: Quarantine) -> None:
        to.replace(one.place, data, judged)
        audit.store.ledger.append(
            RunSealed(
                run_id=seal.run_id,
                experiment=seal.experiment,
                outcome=seal.outcome,
                journal_digest=digest_of(data),
                journal_bytes=len(data),
            )
        )

    return Step(one.place, one.problem, _doing(judged, known) + ", and seal it anew", UNPROVED, act)


def plan_loose(audit: Audit, one: Finding) -> Step:
    """A damaged journal that is not sealed, and that nobody writes any more."""
    run_id, judged = one.about, _read(audit, one.about)
    known = _recall(audit, run_id)
    begin = beginning_of(known) if known else _unknown_beginning(run_id, "recovered")
    outcome: Outcome = "crashed" if known is None or known.status == "running" else known.status
    data = salvage_journal(judged or b"", begin, _end(known, outcome, begin.at), known, audit.store.objects.exists)
    live = audit.store.live

    def act(to: Quarantine) -> None:
        if live.has_writer(run_id):
            raise ConflictError(f"run {short_id(run_id)} is being written", hint="repair again when it has ended")
        live.mark(run_id)
        to.replace(one.place, data, judged)
        live.close_orphan(run_id)

    return Step(one.place, one.problem, _doing(judged, known) + ", and seal it", UNPROVED, act)


def _doing(judged: bytes | None, known: Run | None) -> str:
    good, _bad = split_lines(judged or b"")
    rest = " and what the index knows of the run" if known else ""
    return f"keep its {len(good)} readable lines{rest}"


def _end(known: Run | None, outcome: Outcome, started_at: float) -> RunFinished:
    if known is None or known.status == "running":
        return RunFinished(time.time(), outcome=outcome, duration_s=0.0, closed_by="store repair")
    at = known.ended_at or started_at
    took = known.duration_s or 0.0
    return RunFinished(at, outcome=outcome, duration_s=took, error=error_in(known), closed_by="store repair")


def _unknown_beginning(run_id: str, experiment: str) -> RunStarted:
    host = Host(name="", pid=0)
    return RunStarted(_started_at(run_id), run_id=run_id, experiment=experiment, kind="script", host=host)


def _started_at(run_id: str) -> float:
    """When a run started, by its id (see `_ids`)."""
    try:
        return float(calendar.timegm(time.strptime(run_id[:15], "%Y%m%d-%H%M%S")))
    except ValueError:
        return 0.0


def _recall(audit: Audit, run_id: str) -> Run | None:
    found = audit.recall(run_id)
    return found[0] if found else None


def _read(audit: Audit, run_id: str) -> bytes | None:
    path = audit.store.journals.path(run_id)
    return path.read_bytes() if path.exists() else None
