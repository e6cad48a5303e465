"""Identifiers of runs: readable, sortable by time, unique without asking anybody.

A run id is `YYYYMMDD-HHMMSS-xxxxxx`: UTC start time, then 30 random bits in Crockford's base 32
(no i, l, o, u). It is safe as a file name and in a URL, and its last part is short enough to type:
wherever a run id is asked for, any unique prefix or the last part alone will do.

Floor: the ground.
"""

from __future__ import annotations

import os
import re
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_SUFFIX_LENGTH = 6
RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-hjkmnp-tv-z]{6}")


def new_run_id(at: float | None = None) -> str:
    """Make an id for a run that starts now (or `at`, Unix seconds)."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(time.time() if at is None else at))
    return f"{stamp}-{random_suffix()}"


def random_suffix() -> str:
    """Six characters, 30 bits from the system's generator (never the user's seeded one)."""
    bits = int.from_bytes(os.urandom(4), "big")
    return "".join(_ALPHABET[(bits >> shift) & 31] for shift in range(0, 5 * _SUFFIX_LENGTH, 5))


def is_run_id(text: str) -> bool:
    """True for a whole, well-formed run id. Anything else must never reach a path."""
    return RUN_ID.fullmatch(text) is not None


def short_id(run_id: str) -> str:
    """The part a person types: the random suffix."""
    return run_id.rpartition("-")[2]
