"""Which names people may give, and how a reference such as `flights@3` is read.

Names are shown to other people and typed on command lines, but never used as paths: what is on disk is
named by run ids and digests only. So the rule may be generous with alphabets and strict with the rest.
"""

from __future__ import annotations

import unicodedata

import msgspec

from mlops_nb.errors import UsageError

MAX_NAME_LENGTH = 128
_ALSO_ALLOWED = frozenset("._- ")
_RULE = f"use 1 to {MAX_NAME_LENGTH} letters, digits, '.', '_', '-' or spaces, starting with a letter, digit or '_'"


def check_name(kind: str, name: object) -> str:
    """Return `name` in Unicode's composed form (NFC) if it is a fit name.

    Args:
        kind: What is named, for the message: "dataset", "experiment", "model", "alias".
        name: What the user gave.

    Raises:
        UsageError: Not a text, empty, too long, or with characters outside the rule.
    """
    if not isinstance(name, str):
        raise UsageError(f"a {kind} name must be a text, not {type(name).__name__}", hint=_RULE)
    # Composing may lengthen a text, so both are measured; the first keeps huge ones from being composed.
    normal = unicodedata.normalize("NFC", name) if len(name) <= MAX_NAME_LENGTH else name
    if len(normal) > MAX_NAME_LENGTH:
        raise UsageError(f"{kind} name of {len(normal)} characters is too long", hint=_RULE)
    if not normal or normal != normal.strip():
        raise UsageError(f"{kind} name {name!r} is empty or has space around it", hint=_RULE)
    wrong = [c for c in normal if not (c.isalnum() or c in _ALSO_ALLOWED or unicodedata.combining(c))]
    if wrong or not (normal[0].isalnum() or normal[0] == "_"):
        raise UsageError(f"{kind} name {_shown(name)} cannot be used", hint=_RULE)
    return normal


def check_key(kind: str, key: object) -> str:
    """Return `key` if it fits as the key of a param, metric or tag.

    Keys are freer than names (`train/loss`, `f1@0.5`), but hold no control characters.

    Raises:
        UsageError: Not a text, empty, longer than 250 characters, or with control characters.
    """
    if isinstance(key, str) and 0 < len(key) <= 250 and key.isprintable():
        return key
    raise UsageError(f"{kind} key {_shown(key)} cannot be used", hint="use 1 to 250 printable characters")


def check_alias(name: object) -> str:
    """Return `name` if it fits as an alias: a fit name that does not read as a version (`3`, `v3`).

    Raises:
        UsageError: It does not.
    """
    alias = check_name("alias", name)
    if alias.removeprefix("v").isdigit():
        raise UsageError(f"alias {alias!r} would read as a version", hint="use a word, such as champion or challenger")
    return alias


class Reference(msgspec.Struct, frozen=True):
    """A name with, maybe, a version number or an alias: `flights`, `flights@3`, `delays@champion`."""

    name: str
    version: int | None = None
    alias: str = ""

    def __str__(self) -> str:
        """As a person writes it."""
        at = self.version if self.version is not None else self.alias
        return f"{self.name}@{at}" if at else self.name


def parse_reference(kind: str, text: object) -> Reference:
    """Read `name`, `name@3`, `name@v3` or `name@alias`.

    Raises:
        UsageError: The name or the part behind `@` is unfit.
    """
    if not isinstance(text, str):
        raise UsageError(f"a {kind} is named by a text such as 'flights@3', not {type(text).__name__}")
    name, at, rest = text.partition("@")
    name = check_name(kind, name)
    if not at:
        return Reference(name)
    digits = rest.removeprefix("v") if rest[1:2].isdigit() else rest
    if digits.isascii() and digits.isdigit() and 0 < len(digits) <= 9 and int(digits) > 0:
        return Reference(name, version=int(digits))
    if digits.isdigit():
        raise UsageError(f"{kind} version {_shown(rest)} cannot be used", hint="versions count from 1: write flights@1")
    return Reference(name, alias=check_name("alias", rest))


def _shown(text: object) -> str:
    """Quoted, escaped and short, so that a hostile name cannot garble a terminal."""
    shown = ascii(text) if isinstance(text, str) and not text.isprintable() else repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "..."
