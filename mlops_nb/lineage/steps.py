"""One step of a repair: a value that says what it will do, and can do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mlops_nb.records.ledger import Mending
from mlops_nb.store.quarantine import Quarantine


class Step(NamedTuple):
    """`doing` is what it does to `place` because of `problem`; `lost` what it cannot get back."""

    place: str
    problem: str
    doing: str
    lost: str
    act: Callable[[Quarantine], None]

    def told(self, instead: str = "") -> Mending:
        """What the ledger keeps of it; `instead` is what happened if it could not be done."""
        return Mending(place=self.place, problem=self.problem, done=instead or self.doing, lost=self.lost)
