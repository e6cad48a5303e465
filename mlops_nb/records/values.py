"""Values that users hand us, made plain: params become JSON, metrics become floats.

Plain means: what a file can hold and another language can read. numpy and torch scalars are taken by what
they can do (`item`), never by importing their packages.
"""

from __future__ import annotations

import itertools
import math
import reprlib
from collections.abc import Iterator
from typing import Any, Literal

from mlops_nb.errors import UsageError

MAX_TEXT = 2_000
"""Characters kept of one param value."""

MAX_DEPTH = 4
MAX_ITEMS = 100
MAX_IN_ALL = 1_000
"""Values kept of one param, those inside others counted."""

Plain = Any
"""None, bool, int, float, str, or a list or a dict of them."""

NonFinite = Literal["nan", "inf", "-inf"]


def plain(value: object) -> Plain:
    """Turn a param value into JSON. What cannot be turned is kept as its `repr`, cut to `MAX_TEXT`. Never raises."""
    try:
        return _plain(value, 0, itertools.count())
    except Exception:  # noqa: BLE001 - a user's object may raise anything when it is looked at
        return clean_text(_repr(value))


def _plain(value: object, depth: int, seen: Iterator[int]) -> Plain:
    if next(seen) > MAX_IN_ALL:
        raise OverflowError
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else clean_text(_digits(int(value)))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else nonfinite_word(float(value))
    if isinstance(value, str):
        return clean_text(str(value))
    if depth < MAX_DEPTH:
        if isinstance(value, (list, tuple, set, frozenset)) and len(value) <= MAX_ITEMS:
            return [_plain(item, depth + 1, seen) for item in value]
        if isinstance(value, dict) and len(value) <= MAX_ITEMS:
            return {clean_text(str(k)): _plain(v, depth + 1, seen) for k, v in value.items()}
        if getattr(value, "shape", None) == () and callable(item := getattr(value, "item", None)):
            return _plain(item(), depth + 1, seen)
    return clean_text(_repr(value))


def number(key: str, value: object) -> float:
    """Turn a metric value into a float: ints, floats, bools, numpy and torch scalars of any kind.

    Raises:
        UsageError: It is no number (a text that looks like one included).
    """
    if isinstance(value, (str, bytes, bytearray, memoryview)):  # of which `float` reads all
        raise UsageError(
            f"metric {key!r} must be a number, not {_repr(value)[:60]}", hint="log texts as params or tags"
        )
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        raise UsageError(f"metric {key!r} is too large for a 64-bit float") from None
    except Exception as fault:
        raise UsageError(
            f"metric {key!r} must be a number, not {type(value).__name__}",
            hint="log one number a call, e.g. value.mean()",
        ) from fault


def nonfinite_word(value: float) -> NonFinite:
    """JSON has no NaN and no infinity; these three words stand for them."""
    if math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Cut to `limit` characters, and make lone surrogates (which no UTF-8 file can hold) visible escapes."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


_short_repr = reprlib.Repr()
"""Containers of containers of thousands must not be printed whole for the sake of their first characters."""
_short_repr.maxlevel = 2
_short_repr.maxlist = _short_repr.maxtuple = _short_repr.maxdict = _short_repr.maxset = MAX_ITEMS
_short_repr.maxstring = _short_repr.maxlong = _short_repr.maxother = MAX_TEXT + 1


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python prints no more than some thousand decimal digits
        return hex(value)


def _repr(value: object) -> str:
    try:
        return _short_repr.repr(value)
    except Exception:  # noqa: BLE001 - a user's __repr__ may raise anything
        return f"<{type(value).__name__}>"
