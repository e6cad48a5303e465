"""The query language: `metrics.auc > 0.8 and params.lr = 0.1`, read into frozen values.

    condition  = all ("or" all)*
    all        = one ("and" one)*
    one        = "not" one | "(" condition ")" | field operator value
    field      = ("metrics" | "params" | "tags") "." key | "status" | "experiment" | "name" | "notebook" | ...
    operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"        ("~" reads: contains)
    order      = ["-"] field ("," ["-"] field)*

Words with spaces or signs in them are quoted, keys too: `metrics."val loss"`; a quote in a quoted word is doubled.
`str` of a value is a query that reads as the same value. Knows no store and no SQL: `store.query_sql` answers.
Everybody may call it.
"""

from __future__ import annotations

import re
from typing import Literal, NoReturn

import msgspec

from mlops_nb.records.query_values import Value, read_value
from mlops_nb.records.query_words import OPERATORS, Operator, Word, cut, quoted, refuse

Group = Literal["metrics", "params", "tags", "run"]
GROUPS: tuple[Group, ...] = ("metrics", "params", "tags")
RUN_FIELDS = ("status", "experiment", "name", "notebook", "started", "duration")

MAX_DEPTH = 20
"""Parentheses and `not`s inside each other."""

_BARE_KEY = re.compile(r"[\w.+\-/:@%]+")


class Field(msgspec.Struct, frozen=True):
    """What is compared or ordered by: a key of a group, or one of `RUN_FIELDS` of the group "run"."""

    group: Group
    key: str

    def __str__(self) -> str:
        """As it is written in a query."""
        if self.group == "run":
            return self.key
        return f"{self.group}.{self.key if _BARE_KEY.fullmatch(self.key) else quoted(self.key)}"


class Comparison(msgspec.Struct, frozen=True):
    """`field operator value`. `started` is in Unix seconds (UTC), `duration` in seconds; "nan" and "inf" are words."""

    field: Field
    operator: Operator
    value: Value

    def __str__(self) -> str:
        """As it is written in a query."""
        value = quoted(self.value) if isinstance(self.value, str) else repr(self.value)
        return f"{self.field} {self.operator} {value}"


class Not(msgspec.Struct, frozen=True):
    """True where `part` is not, keys that a run lacks included."""

    part: Condition

    def __str__(self) -> str:
        """As it is written in a query."""
        return f"not {_inside(self.part)}"


class And(msgspec.Struct, frozen=True):
    """True where all parts (two or more) are."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        """As it is written in a query."""
        return " and ".join(_inside(part) for part in self.parts)


class Or(msgspec.Struct, frozen=True):
    """True where any part (of two or more) is."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        """As it is written in a query."""
        return " or ".join(_inside(part) for part in self.parts)


Condition = Comparison | Not | And | Or


class Order(msgspec.Struct, frozen=True):
    """What to order by. Runs that lack it come last, whichever way."""

    field: Field
    descending: bool = False

    def __str__(self) -> str:
        """As it is written in an order."""
        return f"{'-' if self.descending else ''}{self.field}"


def parse_where(text: str) -> Condition | None:
    """Read a condition; None for an empty text, which every run fits.

    Raises:
        QueryError: It cannot be read; the error points at the place.
    """
    words = cut(text)
    if words[0].kind == "end":
        return None
    reader = _Reader(text, words)
    condition = reader.read_condition(0)
    if not reader.is_done():
        reader.refuse("'and', 'or' or the end should come here", "a value with spaces is quoted")
    return condition


def parse_order(text: str) -> tuple[Order, ...]:
    """Read an order: `-metrics.auc, started`. Empty for an empty text.

    Raises:
        QueryError: It cannot be read; the error points at the place.
    """
    reader = _Reader(text, cut(text))
    if reader.is_done():
        return ()
    terms = [reader.read_order()]
    while reader.skip(","):
        terms.append(reader.read_order())
    if not reader.is_done():
        reader.refuse("a comma or the end should come here", "e.g. -metrics.auc, started")
    return tuple(terms)


class _Reader:
    def __init__(self, query: str, words: list[Word]) -> None:
        self.query = query
        self._words = words
        self._next = 0

    @property
    def word(self) -> Word:
        return self._words[self._next]

    def is_done(self) -> bool:
        return self.word.kind == "end"

    def take(self) -> Word:
        word = self.word
        if not self.is_done():
            self._next += 1
        return word

    def skip(self, text: str) -> bool:
        """Take the next word if it is this one."""
        return self.word.is_mark(text) and bool(self.take())

    def refuse(self, problem: str, hint: str = "") -> NoReturn:
        refuse(self.query, self.word.at, problem, hint)

    def read_condition(self, depth: int) -> Condition:
        parts = [self._read_all(depth)]
        while self.skip("or"):
            parts.append(self._read_all(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _read_all(self, depth: int) -> Condition:
        parts = [self._read_one(depth)]
        while self.skip("and"):
            parts.append(self._read_one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _read_one(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            self.refuse(f"more than {MAX_DEPTH} levels inside each other")
        if self.skip("not"):
            return Not(self._read_one(depth + 1))
        if self.skip("("):
            condition = self.read_condition(depth + 1)
            if not self.skip(")"):
                self.refuse("a parenthesis is not closed", "write ) here")
            return condition
        return self._read_comparison()

    def _read_comparison(self) -> Comparison:
        field = self._read_field()
        sign, value = self.take(), self.word
        for operator in OPERATORS:
            if sign.kind == "operator" and sign.text == operator:
                break
        else:
            refuse(self.query, sign.at, "an operator should come here", f"one of {' '.join(OPERATORS)}")
        if value.kind not in {"word", "text"} or value.is_mark("and", "or", "not"):
            self.refuse("a value should come here", "a number, a word, or a text in quotes")
        self.take()
        return Comparison(field, operator, read_value(self.query, field.group, field.key, sign, value))

    def read_order(self) -> Order:
        word = self.word
        descending = word.kind == "word" and word.text.startswith("-")
        if descending:
            # What is behind the sign is a word of its own.
            rest = Word("word", word.text[1:], word.at + 1, word.end)
            self._words[self._next : self._next + 1] = [rest] if rest.text else []
        return Order(self._read_field(), descending)

    def _read_field(self) -> Field:
        word = self.word
        if word.kind != "word":
            self.refuse("a field should come here")
        self.take()
        group, dot, key = word.text.partition(".")
        for known in GROUPS:
            if group == known and dot:
                return Field(known, key or self._read_key(word))
        if word.text in RUN_FIELDS:
            return Field("run", word.text)
        hint = f"write {group}.KEY" if group in GROUPS else f"did you mean metrics.{word.text} or params.{word.text}?"
        refuse(self.query, word.at, f"there is no field {word.text[:60]!r}", hint)

    def _read_key(self, word: Word) -> str:
        key = self.word
        if key.kind != "text" or key.at != word.end or not key.text:
            self.refuse(f"the key should come right behind {word.text}", f'e.g. {word.text}auc or {word.text}"val auc"')
        return self.take().text


def _inside(part: Condition) -> str:
    return f"({part})" if isinstance(part, And | Or) else str(part)
