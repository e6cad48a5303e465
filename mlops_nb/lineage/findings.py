"""What a look at a whole store tells: the words of `audit` and `repair`. Values only."""

from __future__ import annotations

from typing import Literal

import msgspec

Sort = Literal["damage", "lost", "leftover", "index"]
"""What a finding is: bytes that are not what was written; what an earlier repair could not get back; what a process
that died left lying about; the derived index."""

Cure = Literal[
    "", "format", "entry", "sealed", "loose", "mark", "seal", "object", "stray", "index"
]  # fmt: skip
"""How `repair` goes about a finding; '' where it can do nothing."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One damage. `place` is a path below the store, `affects` what relies on it, `remedy` what to do.

    `about` is what the cure is for: an entry's number, a run's id, an object's digest.
    """

    place: str
    problem: str
    remedy: str
    affects: tuple[str, ...] = ()
    sort: Sort = "damage"
    cure: Cure = ""
    about: str = ""


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked, and what is wrong. `live` are the runs that are not sealed yet.

    `head` is the digest of the last entry: noted elsewhere, it proves later that all up to it is unaltered.
    `against` is the number of the entry that a noted digest was found to be of.
    """

    entries: int
    journals: int
    objects: int
    object_bytes: int
    live: tuple[str, ...]
    findings: tuple[Finding, ...]
    head: str = ""
    against: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def mendable(self) -> bool:
        """Whether there is anything that was not told by an earlier repair."""
        return any(one.sort != "lost" for one in self.findings)
