"""The values of a query's comparisons: which there may be for which field, and how they are read.

Knows no grammar. Used by `query`.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from mlops_nb.records.query_words import Word, refuse
from mlops_nb.records.runs import STATUSES

Value = int | float | str

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NON_FINITE = ("nan", "inf", "-inf")
_CONSTANTS = ("true", "false", "none")


def read_value(query: str, group: str, key: str, sign: Word, word: Word) -> Value:
    """Read the value that a field is compared with.

    Metrics and `duration` want numbers, `started` a time, params either numbers or texts, all others texts.

    Raises:
        QueryError: The field cannot be compared so, or the value is none for it.
    """
    if group == "metrics" or (group, key) == ("run", "duration"):
        _allow(query, sign, "= != < <= > >=", "a number")
        return _number(query, word, non_finite=group == "metrics")
    if group == "params":
        return _plain(query, word) if sign.text != "~" else word.text
    if (group, key) == ("run", "started"):
        _allow(query, sign, "< <= > >=", "a time")
        return _moment(query, word)
    if (group, key) == ("run", "status"):
        _allow(query, sign, "= !=", "a status")
        if word.text not in STATUSES:
            refuse(query, word.at, f"there is no status {word.text[:60]!r}", f"one of {', '.join(STATUSES)}")
    return word.text


def _allow(query: str, sign: Word, operators: str, what: str) -> None:
    if sign.text not in operators.split():
        refuse(query, sign.at, f"{what} cannot be compared with {sign.text}", f"use one of {operators}")


def _number(query: str, word: Word, *, non_finite: bool) -> Value:
    if non_finite and word.text.lower() in _NON_FINITE:
        return word.text.lower()
    if word.kind != "word" or not _NUMBER.fullmatch(word.text):
        refuse(query, word.at, "a number should come here", "without quotes, e.g. 0.8 or 1e-3")
    return _finite(query, word)


def _finite(query: str, word: Word) -> Value:
    value = float(word.text)
    if not math.isfinite(value):
        refuse(query, word.at, "this number is too large for a 64-bit float")
    # Beyond 64 bits SQL knows floats only.
    whole = int(word.text) if word.text.lstrip("+-").isdigit() else None
    return value if whole is None or abs(whole) >= 2**63 else whole


def _plain(query: str, word: Word) -> Value:
    """As params are kept: numbers as numbers, True as the word for it, all else as texts."""
    if word.kind == "word" and _NUMBER.fullmatch(word.text):
        return _finite(query, word)
    if word.kind == "word" and word.text.lower() in _CONSTANTS:
        return word.text.lower()
    return word.text


def _moment(query: str, word: Word) -> Value:
    """Unix seconds, or an ISO date or time; UTC where no zone is given."""
    if word.kind == "word" and _NUMBER.fullmatch(word.text):
        return _finite(query, word)
    try:
        moment = datetime.fromisoformat(word.text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        refuse(query, word.at, "a time should come here", 'e.g. 2026-11-21 or "2026-11-21 09:30" (UTC)')
