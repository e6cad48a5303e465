"""The plots of a run as PNG.

Two sources: pyplot's open figures, and what was displayed (Jupyter's inline backend publishes its figures and closes
them before a cell's hooks run). matplotlib is found in `sys.modules`, never imported: without it there is no figure.

Does not know which figures were captured before: the same picture has the same bytes, so the caller can tell.
"""

from __future__ import annotations

import binascii
import io
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from mlops_nb._lazy import loaded

MAX_FIGURES = 20
MAX_PNG_BYTES = 20_000_000
DPI = 100
_MAX_TITLE = 100
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Figure(msgspec.Struct, frozen=True):
    """One picture: its title (unique among those found together) and its PNG."""

    name: str
    png: bytes


class Figures(msgspec.Struct, frozen=True):
    """What was found, and one line for each figure that could not be drawn or was too many."""

    figures: tuple[Figure, ...] = ()
    faults: tuple[str, ...] = ()


def list_open() -> frozenset[int]:
    """The numbers of pyplot's open figures."""
    registry = loaded("matplotlib._pylab_helpers")
    return frozenset() if registry is None else frozenset(registry.Gcf.figs)


def open_figures(besides: Collection[int] = ()) -> Figures:
    """Draw pyplot's open figures, oldest first, at most `MAX_FIGURES`. Which one is current does not change.

    Args:
        besides: Numbers of figures to leave out: those that were open before.

    A name is the figure's suptitle, else its first axes' title, else its label, else `figure-1` by its number.
    Figures with nothing in them are left out.
    """
    registry = loaded("matplotlib._pylab_helpers")  # what pyplot.get_fignums reads; pyplot.figure(n) would activate
    if registry is None or loaded("matplotlib.pyplot") is None:
        return Figures()
    drawn: list[Figure] = []
    faults: list[str] = []
    managers = sorted((number, manager) for number, manager in registry.Gcf.figs.items() if number not in besides)
    for number, manager in managers[:MAX_FIGURES]:
        try:
            figure = manager.canvas.figure
            if len(figure.get_children()) > 1:  # every figure has its background
                name = _unused(_title(figure) or f"figure-{number}", {one.name for one in drawn})
                drawn.append(Figure(name, _draw(figure)))
        except Exception as fault:  # noqa: BLE001 - drawing runs users' artists and formatters
            faults.append(f"figure {number}: {type(fault).__name__}: {_first_line(fault)}")
    if len(managers) > MAX_FIGURES:
        faults.append(f"{len(managers) - MAX_FIGURES} more figures are open; only {MAX_FIGURES} are kept")
    return Figures(tuple(drawn), tuple(faults))


def from_display(data: Mapping[str, Any]) -> bytes | None:
    """The PNG of a displayed mimebundle (bytes, or base64 as on Jupyter's wire), or None when it has none."""
    try:
        png = data.get("image/png")
        if isinstance(png, str) and len(png) <= MAX_PNG_BYTES * 4 // 3 + 4096:
            png = binascii.a2b_base64(png)
    except Exception:  # noqa: BLE001 - any mapping may be displayed, holding anything
        return None
    fits = isinstance(png, bytes) and png.startswith(_SIGNATURE) and len(png) <= MAX_PNG_BYTES
    return png if fits else None


def _draw(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
    return buffer.getvalue()


def _title(figure: Any) -> str:
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes), figure.get_label()]
    return next((clean for title in titles if (clean := _clean(str(title)))), "")


def _clean(title: str) -> str:
    """One line of printable characters: titles are free text, names are not."""
    words = "".join(character if character.isprintable() else " " for character in title).split()
    return " ".join(words)[:_MAX_TITLE].strip()


def _unused(name: str, taken: set[str]) -> str:
    count = 1
    unused = name
    while unused in taken:
        count += 1
        unused = f"{name}-{count}"
    return unused


def _first_line(fault: Exception) -> str:
    try:
        return str(fault).partition("\n")[0][:200]
    except Exception:  # noqa: BLE001 - a user's exception may not print
        return ""
