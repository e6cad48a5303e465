"""Colour for single words, where it is wanted. click takes it away again where nobody could see it."""

from __future__ import annotations

import os

import click


def paint(word: str, color: str = "", *, bold: bool = False) -> str:
    """A word in a colour; bare where `NO_COLOR` is set (no-color.org)."""
    return word if os.environ.get("NO_COLOR") else click.style(word, fg=color or None, bold=bold or None)
