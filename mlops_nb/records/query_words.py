"""A query's text cut into words: names and numbers, quoted texts, operators, parentheses.

Knows no grammar. Used by `query`, which reads the words.
"""

from __future__ import annotations

import re
from typing import Literal, NoReturn

import msgspec

from mlops_nb.errors import QueryError

MAX_QUERY = 2_000
"""Characters of a query. Bounds what reading one and answering it can cost."""

FIELDS = "metrics.K, params.K, tags.K, status, experiment, name, notebook, started, duration"

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "~"]
OPERATORS: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=", "~")

Kind = Literal["word", "text", "operator", "mark", "end"]

_WORD = re.compile(
    r"""(?P<space>\s+)
    | (?P<word>[\w.+\-/:@%]+)
    | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<operator>==|!=|<=|>=|[=<>~])
    | (?P<mark>[(),])""",
    re.VERBOSE,
)


class Word(msgspec.Struct, frozen=True):
    """One word: what kind, its text (without its quotes), and where it begins and ends in the query."""

    kind: Kind
    text: str
    at: int
    end: int

    def is_mark(self, *texts: str) -> bool:
        """Whether it is one of these keywords or marks."""
        return self.kind in {"word", "mark"} and self.text.lower() in texts


def cut(query: object) -> list[Word]:
    """Cut a query into words, the last of which is its end.

    Raises:
        QueryError: It is no text, too long, or holds what no word begins with.
    """
    if not isinstance(query, str):
        raise QueryError(f"a query is a text, not {type(query).__name__}", hint='e.g. "metrics.auc > 0.8"')
    if len(query) > MAX_QUERY:
        raise QueryError(f"a query of {len(query)} characters is too long", hint=f"use at most {MAX_QUERY}")
    words: list[Word] = []
    at = 0
    while at < len(query):
        found = _WORD.match(query, at)
        if found is None:
            quote = query[at] in "\"'"
            refuse(query, at, f"a text begins with {query[at]} and does not end" if quote else "nothing begins so")
        if found.lastgroup != "space":
            words.append(_word(found))
        at = found.end()
    return [*words, Word("end", "", at, at)]


def refuse(query: str, at: int, problem: str, hint: str = "") -> NoReturn:
    """Raise the error that points at a place in the query."""
    fields = f"fields: {FIELDS}"
    message = f"cannot read the query at character {at + 1}: {problem}"
    raise QueryError(message, hint=f"{hint}; {fields}" if hint else fields, query=query, at=at)


def quoted(text: str) -> str:
    """A text in double quotes; those inside are doubled."""
    return '"' + text.replace('"', '""') + '"'


def _word(found: re.Match[str]) -> Word:
    text = found.group()
    match found.lastgroup:
        case "word":
            return Word("word", text, found.start(), found.end())
        case "text":
            return Word("text", text[1:-1].replace(text[0] * 2, text[0]), found.start(), found.end())
        case "operator":
            return Word("operator", "=" if text == "==" else text, found.start(), found.end())
    return Word("mark", text, found.start(), found.end())
