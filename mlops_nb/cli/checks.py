"""What `doctor` reports: one check, its level, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "warn", "fail"]


class Check(msgspec.Struct, frozen=True):
    """One line: what was looked at, what was found, and what to do unless it is well."""

    level: Level
    what: str
    found: str
    remedy: str = ""
