"""HTML of the cards and tables under a cell. Every text from a user is escaped here, once, by `text`.

Colours are JupyterLab's own variables with fall-backs that work on light and dark ground, so a card reads the same in
JupyterLab, VS Code, Colab, nbconvert and on GitHub (which drops styles altogether and keeps the table).
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from mlops_nb.records.text import STATUS_SIGNS

_MUTED = "color:var(--jp-ui-font-color2,#808080)"
_RULE = "var(--jp-border-color2,rgba(128,128,128,.35))"
_CELL = "padding:2px 12px 2px 0;text-align:left;vertical-align:baseline;white-space:nowrap;background:none;border:none"
_TABLE = (
    "border-collapse:collapse;font-size:var(--jp-ui-font-size1,13px);margin:2px 0;font-variant-numeric:tabular-nums"
)
_CARD = (
    f"border-left:3px solid {_RULE};padding:2px 0 2px 12px;margin:4px 0;line-height:1.6;"
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px)"
)
_STATUS_COLOURS = {
    "running": "var(--jp-brand-color1,#1976d2)",
    "completed": "var(--jp-success-color1,#388e3c)",
    "failed": "var(--jp-error-color1,#d32f2f)",
    "interrupted": "var(--jp-warn-color1,#f57c00)",
    "crashed": "var(--jp-error-color1,#d32f2f)",
}


class Markup(str):
    """Text that is HTML already. Everything else is escaped."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as HTML; escapes anything that is not `Markup`."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def muted(value: object) -> Markup:
    """Quiet text."""
    return Markup(f'<span style="{_MUTED}">{text(value)}</span>')


def strong(value: object) -> Markup:
    """Text that stands out."""
    return Markup(f"<b>{text(value)}</b>")


def code(value: object) -> Markup:
    """Monospaced text."""
    return Markup(f'<code style="background:none;padding:0">{text(value)}</code>')


def status(word: str) -> Markup:
    """A status with its sign, its word and its colour."""
    colour = _STATUS_COLOURS.get(word, "inherit")
    return Markup(
        f'<span style="color:{colour};font-weight:600">{text(STATUS_SIGNS.get(word, ""))} {text(word)}</span>'
    )


def command_link(label: object, command: str, arguments: str) -> Markup:
    """A link that runs a JupyterLab command; elsewhere it is plain text that does nothing.

    The fragment may not be empty: JupyterLab would take a bare `#` for a file, and ask the server for it.
    """
    return Markup(
        f'<a href="#{text(command)}" style="text-decoration:none" data-commandlinker-command="{text(command)}" '
        f'data-commandlinker-args="{html.escape(arguments, quote=True)}">{text(label)}</a>'
    )


def table(headers: Sequence[object], rows: Iterable[Sequence[object]], numeric: Iterable[int] = ()) -> Markup:
    """A quiet table; the columns whose positions are in `numeric` are set to the right."""
    right = set(numeric)

    def cells(tag: str, values: Sequence[object], extra: str) -> str:
        return "".join(
            f'<{tag} style="{_CELL}{";text-align:right" if at in right else ""}{extra}">{text(value)}</{tag}>'
            for at, value in enumerate(values)
        )

    head = ""
    if headers:
        quiet = f";font-weight:500;{_MUTED};border-bottom:1px solid {_RULE}"
        head = f"<thead><tr>{cells('th', headers, quiet)}</tr></thead>"
    body = "".join(f'<tr style="background:none">{cells("td", row, "")}</tr>' for row in rows)
    return Markup(f'<table style="{_TABLE}">{head}<tbody>{body}</tbody></table>')


def card(*parts: object) -> Markup:
    """A block with a thin rule at its left."""
    inner = "".join(text(part) for part in parts)
    return Markup(f'<div class="mlops-nb-card" style="{_CARD}">{inner}</div>')


def line(*parts: object, separator: str = " · ") -> Markup:
    """Some parts on one line, empty ones left out."""
    return Markup("<div>" + separator.join(text(part) for part in parts if part) + "</div>")


class Shown:
    """What a magic shows: text for a terminal, HTML for a notebook."""

    def __init__(self, plain: str, rich: Markup) -> None:
        self.plain = plain
        self.rich = rich

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:  # noqa: ARG002
        return {"text/plain": self.plain, "text/html": str(self.rich)}

    def __repr__(self) -> str:
        return self.plain
