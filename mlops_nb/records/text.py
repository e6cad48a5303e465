"""How values read to a person: durations, sizes, numbers, changes, times. Pure text, no markup."""

from __future__ import annotations

import math
import time

from mlops_nb.records.values import NonFinite, Plain

STATUS_SIGNS = {"running": "●", "completed": "✓", "failed": "✗", "interrupted": "■", "crashed": "!"}
"""A sign for each status, so that none is told by colour alone."""


def duration(seconds: float | None) -> str:
    """`0.25 ms`, `340 ms`, `2.1 s`, `3 min 12 s`, `2 h 05 min`; `–` for None."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:  # what rounds up reads in the next unit
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(count: int | None) -> str:
    """`512 B`, `1.5 kB`, `20 MB` (powers of 1000); `–` for None."""
    if count is None:
        return "–"
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 99.95 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def number(value: float | NonFinite | None) -> str:
    """Four significant digits, whole numbers whole; `–` for None."""
    if value is None:
        return "–"
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e12:
        return f"{int(value):,}".replace(",", " ")
    return f"{value:.4g}"


def change(now: float | None, before: float | None) -> str:
    """The step from one value to the next: `+0.012`, `−3`, `±0`; '' where there is nothing to compare."""
    if now is None or before is None or not (math.isfinite(now) and math.isfinite(before)):
        return ""
    step = now - before
    if step == 0:
        return "±0"
    return f"{'+' if step > 0 else '−'}{number(abs(step))}"


def param(value: Plain, limit: int = 60) -> str:
    """A param on one line, cut to `limit` characters."""
    text = value if isinstance(value, str) else _plain(value)
    text = " ".join(text.split()) if any(c.isspace() and c != " " for c in text) else text
    return text if len(text) <= limit else text[: limit - 1] + "…"


def ago(at: float | None, now: float | None = None) -> str:
    """How long ago: `just now`, `5 min ago`, `3 h ago`, `2 days ago`, else the date."""
    if at is None:
        return "–"
    passed = (time.time() if now is None else now) - at
    if passed < 10:
        return "just now"
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h")):
        if passed < limit:
            return f"{int(passed / unit)} {name} ago"
    days = int(passed / 86_400)
    if days < 14:
        return f"{days} day{'s' if days > 1 else ''} ago"
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def moment(at: float | None) -> str:
    """A time in full, UTC: `2026-11-21 09:31:12`; `–` for None."""
    return "–" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def printable(text: str) -> str:
    """Text that may go to a terminal: control characters (escape sequences too) become visible."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def _plain(value: Plain) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_plain(item) if not isinstance(item, str) else repr(item) for item in value) + "]"
    return str(value)
