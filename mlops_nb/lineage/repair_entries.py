"""How repair goes about ledger entries: prove what one was, or stand in for it and say its content again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlops_nb.errors import MlopsNbError
from mlops_nb.lineage.audit import Audit
from mlops_nb.lineage.findings import Finding
from mlops_nb.lineage.inspection import fold_aliases
from mlops_nb.lineage.steps import Step
from mlops_nb.records.ledger import (
    GENESIS,
    Action,
    AliasMoved,
    Entry,
    EntryLost,
    ModelRegistered,
    RunSealed,
    SnapshotPublished,
)
from mlops_nb.records.wire import decode_entry, encode
from mlops_nb.store import queries
from mlops_nb.store.ledger import Head, entry_path
from mlops_nb.store.mending import restore_bit
from mlops_nb.store.objects import digest_of

_ANEW = "write it anew as it was (a digest in another file proves it)"
_TURN = "turn back the one bit that flipped (a digest in another file proves it)"


def plan_entries(audit: Audit, findings: list[Finding]) -> tuple[list[Step], set[str]]:
    """The steps for all damaged entries, and the subjects that need no other step: entries, and what those say."""
    steps: list[Step] = []
    settled: set[str] = set()
    whole: dict[int, Entry] = {}
    lost = 0
    known = list(_only_in_index(audit))
    # From the end, for each entry that comes back tells the digest of the one before.
    for number in sorted({int(one.about) for one in findings}, reverse=True):
        if number in whole:  # found to be the one that the follower's finding was about
            settled.add(str(number))
            continue
        problem = next(one.problem for one in findings if one.about == str(number))
        expected = whole[number + 1].previous if number + 1 in whole else audit.expected(number)
        found = _plan_whole(audit, number, problem, expected, known) if expected else None
        if found is not None:
            whole[found[1].number] = found[1]
            settled |= {str(number), *_subjects_of(found[1].action)}
            steps.append(found[0])
        elif number <= len(audit.links) and _is_unreadable(audit, number):
            lost += 1
            settled.add(str(number))
            steps.append(_plan_stand_in(audit, number, problem, expected))
    # The index is believed only about as many things as there are entries that nobody can read.
    allowed = max(lost, audit.witness.number - len(audit.links), 0)
    again = [action for _at, _by, action in known if not _subjects_of(action) & settled]
    if len(again) <= allowed:
        steps += [_plan_again(audit, action) for action in again]
    return steps, settled


def _plan_whole(
    audit: Audit, number: int, problem: str, expected: str, known: list[tuple[float, str, Action]]
) -> tuple[Step, Entry] | None:
    """Put back the very bytes, where a digest proves them."""
    judged = audit.store.objects.get_named(entry_path(number))
    if judged is not None and digest_of(judged) != expected and (data := restore_bit(judged, expected)):
        return _replacing(number, problem, _TURN, data, judged)
    previous = audit.links[number - 2].digest if 1 < number <= len(audit.links) + 1 else GENESIS if number == 1 else ""
    entry = None if _is_unreadable(audit, number) else audit.links[number - 1].entry
    for at, by, action in known if entry is None else [(entry.at, entry.by, entry.action)]:
        data = encode(Entry(number=number, previous=previous, at=at, by=by, action=action))
        if digest_of(data) == expected:
            return _replacing(
                number, problem, "write it anew as it was (a digest in another file proves it)", data, judged
            )
    return _plan_one_before(audit, number, problem) if entry is not None else None


def _plan_one_before(audit: Audit, number: int, problem: str) -> tuple[Step, Entry] | None:
    """An entry that reads well but does not follow the one before: that may be the one with the flipped bit."""
    entry = audit.links[number - 1].entry
    before = audit.store.objects.get_named(entry_path(number - 1)) if number > 1 else None
    if entry is None or before is None or (data := restore_bit(before, entry.previous)) is None:
        return None
    return _replacing(number - 1, problem, _TURN, data, before)


def _replacing(
    number: int, problem: str, doing: str, data: bytes, judged: bytes | None
) -> tuple[Step, Entry]:  # fmt: skip
    place = entry_path(number)
    step = Step(place, problem, doing, "", lambda to: to.replace(place, data, judged))
    return step, decode_entry(data)


def _plan_stand_in(audit: Audit, number: int, problem: str, expected: str) -> Step:
    place, judged = entry_path(number), audit.store.objects.get_named(entry_path(number))
    before = Head(number - 1, audit.links[number - 2].digest if number > 1 else GENESIS)
    stand_in = encode(audit.store.ledger.compose(before, EntryLost(lost_digest=expected)))
    doing = "put a stand-in there, so that the entries behind it can be read"
    lost = f"what entry {number} said, but for what is committed anew"
    return Step(place, problem, doing, lost, lambda to: to.replace(place, stand_in, judged))


def _plan_again(audit: Audit, action: Action) -> Step:
    def act(_to: object) -> None:
        audit.store.ledger.append(action)

    told = _name_of(action)
    problem = f"{told} is in this machine's index, but no longer in the ledger"
    return Step("ledger", problem, f"commit {told} anew", "when, and by whom, it was first done", act)


def _only_in_index(audit: Audit) -> Iterator[tuple[float, str, Action]]:
    """What the index knows of snapshots, models and aliases that no readable entry says: (at, by, action)."""
    try:
        snapshots, models = queries.select_snapshots(audit.store), queries.select_models(audit.store)
        aliases = queries.list_aliases(audit.store)
    except (MlopsNbError, msgspec.DecodeError):
        return
    actions = [link.entry.action for link in audit.links if link.entry is not None]
    have = {(type(a), a.name, a.version) for a in actions if isinstance(a, SnapshotPublished | ModelRegistered)}
    for snapshot in reversed(snapshots):
        if (SnapshotPublished, snapshot.name, snapshot.version) not in have:
            yield snapshot.created_at, snapshot.created_by, _action(SnapshotPublished, snapshot)
    for model in reversed(models):
        if (ModelRegistered, model.name, model.version) not in have:
            yield model.created_at, model.created_by, _action(ModelRegistered, model)
    now = fold_aliases(actions)
    for (name, alias), version in aliases.items():
        if now.get((name, alias)) != version:
            reason = "made anew by a repair"
            yield 0.0, "", AliasMoved(name=name, alias=alias, version=version, reason=reason)


def _action(kind: type[SnapshotPublished | ModelRegistered], record: msgspec.Struct) -> Action:
    fields = {name: getattr(record, name) for name in kind.__struct_fields__}
    return kind(**fields)


def _is_unreadable(audit: Audit, number: int) -> bool:
    return number > len(audit.links) or audit.links[number - 1].entry is None


def _subjects_of(action: Action) -> set[str]:
    match action:
        case RunSealed(run_id=run_id):
            return {run_id}
        case SnapshotPublished(name=name, version=version):
            return {f"data {name}@{version}"}
        case ModelRegistered(name=name, version=version):
            return {f"model {name}@{version}"}
        case AliasMoved(name=name, alias=alias):
            return {f"alias {name}@{alias}"}
    return set()


def _name_of(action: Action) -> str:
    return next(iter(_subjects_of(action)), "an entry")
