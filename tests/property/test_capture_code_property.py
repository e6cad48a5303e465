"""Reading and harvesting never raise, and never let a secret's name through."""

from __future__ import annotations

import keyword
import string
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from mlops_nb.capture.code import read_cell
from mlops_nb.capture.harvest import harvest
from mlops_nb.capture.redaction import is_secret_name, redact, redact_output

PIECES = (
    "x = 1\n", "for i in y:\n", "  ", "    ", "(", ")", "if a:\n", "x += 1\n", "def f():\n", "token", "'''", '"', "é",
    "\\", "\r", "\x00", "\ud800", "lambda: ", "await ", "[x := 2 for _ in y]", "*a, b = 1, 2\n", "f'{", "}", "!ls\n",
    "%env A_KEY=", "del x\n", "global x\n", "with a as b: ", "match x:\n  case [1, *r]: pass\n", ";",
    "password = 'p'\n",
)  # fmt: skip
SOURCES = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join)
WORDS = st.sampled_from(["key", "KEY", "token", "password", "secret", "max", "n", "credential", "lr", "api", "tokens"])
NAMES = (
    st.lists(WORDS, min_size=1, max_size=4).map("_".join) | st.text(string.ascii_letters, min_size=1, max_size=8)
).filter(lambda name: not keyword.iskeyword(name))
VALUES = st.sampled_from(["1", "'text'", "f()", "-2.5", "[1, 'a']", "other + 1"])


@given(SOURCES)
@example("x = " + "(" * 300)
@example("\ud800 = 1")
def test_reading_never_raises(source: str) -> None:
    cell = read_cell(source)
    harvest(cell, {})
    assert not set(cell.literals) & set(cell.computed)


@given(SOURCES)
def test_redacting_never_raises_and_settles(text: str) -> None:
    assert isinstance(redact(text), str)
    assert redact_output(redact_output(text)) == redact_output(text)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6), NAMES)
def test_no_secret_name_is_harvested(assignments: list[tuple[str, str]], last: str) -> None:
    lines = [f"{name} = {value}" for name, value in assignments]
    cell = read_cell("\n".join([*lines, f"{last}(1)"]))
    namespace: dict[str, Any] = {name: 1.5 for name, _ in assignments}
    found = harvest(cell, namespace, 0.5)
    assert not any(is_secret_name(name) for name in {**found.params, **found.metrics})
    assert {name for name, _ in assignments if is_secret_name(name)} <= set(found.withheld)
