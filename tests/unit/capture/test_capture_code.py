"""Which names of a cell are literals, choices, computed, and what its last expression is called."""

from __future__ import annotations

import time
import warnings

import pytest

from mlops_nb.capture.code import read_cell


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("x = 3", 3),
        ("x = 1e-3", 1e-3),
        ("x = -1", -1),
        ("x = +2.5", 2.5),
        ("x = 2**10", 1024),
        ("x = 60*60", 3600),
        ("x = 1 << 4", 16),
        ("x = 7 // 2 - 1", 2),
        ("x = 'adam'", "adam"),
        ("x = True", True),
        ("x = None", None),
        ("x: float = 0.5", 0.5),
        ("x = y = 4", 4),
        ("x, y = 1, 2", 1),
        ("(y, [x, z]) = 1, (2, 3)", 2),
        ("x = (1, 2)", (1, 2)),
        ("x = [1, [2, 'a']]", [1, [2, "a"]]),
        ("x = {'a': 1, 2: [3]}", {"a": 1, 2: [3]}),
        ("(x := 5)", 5),
        ("x = 1\nx = 2", 2),
        ("x = f()\ndel x\nx = 2", 2),
    ],
)
def test_a_literal_at_top_level_is_known_with_its_value(source: str, value: object) -> None:
    cell = read_cell(source)
    assert cell.literals["x"] == value
    assert type(cell.literals["x"]) is type(value)
    assert "x" not in cell.computed


@pytest.mark.parametrize(
    "source",
    [
        "x = f'{y}'",
        "x = b'a'",
        "x = 1j",
        "x = f()",
        "x = y + 1",
        "x = 1 + y",
        "x = 'a' * 3",
        "x = 1 / 0",
        "x = (-1) ** 0.5",
        "x = [y]",
        "x = {'a': y}",
        "x = {**y}",
        "x = 0\nx += 1",
        "x = 0\nfor i in y:\n    x = x + i",
        "x, *y = 1, 2, 3",
        "x, y = f()",
        "x, y = y, x",
        "x = 0\nif (x := f()): pass",
        "y = [x := g(i) for i in z]",
        "x = 0\ndef f():\n    global x\n    x += 1",
        "with a: \n  try:\n    x = f()\n  except E: pass",
        "while a:\n  x = f()",
        "match a:\n  case 1:\n    x = f()",
        "x = await f()",
    ],
)
def test_anything_else_is_computed(source: str) -> None:
    cell = read_cell(source)
    assert "x" in cell.computed
    assert "x" not in cell.literals
    assert "x" not in cell.choices


@pytest.mark.parametrize(
    "source",
    [
        "_x = 1",
        "for x in range(3): x = 1",
        "async def g():\n  x = 1",
        "def f():\n  x = 1",
        "class A:\n  x = 1",
        "f = lambda: (x := 1)",
        "y = [x for x in z]",
        "with open(a) as x: pass",
        "with a as (x, y): pass",
        "try: pass\nexcept E as x: pass",
        "import x",
        "import a as x",
        "import x.y",
        "from a import x\nx = 1",
        "def x(): pass",
        "class x: pass",
        "match a:\n  case {'k': 1, **x}: pass",
        "match a:\n  case [1, *x]: pass",
        "a.x = 1",
        "a['x'] = 1",
        "x = 1\ndel x",
        "x = f()\ndel (x, y)",
        "x: int",
        "for i in y:\n    x = 1",
        "x = 0\nfor i in y:\n    x = 1",
        "x = y if (",
    ],
)
def test_what_is_not_the_cells_own_is_left_out(source: str) -> None:
    cell = read_cell(source)
    assert "x" not in {*cell.literals, *cell.choices, *cell.computed}


def test_a_literal_under_a_condition_is_a_choice() -> None:
    assert read_cell("if fast:\n    n = 10\nelse:\n    n = 100").choices == {"n": (10, 100)}
    assert read_cell("mode = 'a'\nif fast:\n    mode = 'b'").choices == {"mode": ("a", "b")}
    assert read_cell("if fast:\n    mode = 'b'").choices == {}
    assert read_cell("try:\n    n = 1\nfinally:\n    pass").choices == {"n": (1,)}
    assert read_cell("with a:\n    for i in b:\n        n = 1").choices == {}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("accuracy_score(y, p)", "accuracy_score"),
        ("from m import accuracy_score\naccuracy_score(y, p)", "accuracy_score"),
        ("model.score(X, y)", "score"),
        ("metrics.f1_score(y, p)", "f1_score"),
        ("auc", "auc"),
        ("round(auc, 3)", "auc"),
        ("float(round(model.score(X, y), 3))", "score"),
        ("await evaluate()", "evaluate"),
        ("loss.item()", "loss"),
        ("search.best_score_", "best_score_"),
        ("auc * 2", ""),
        ("auc = f()", ""),
        ("f()()", ""),
        ("_", ""),
        ("lr = 0.1\nlr", ""),
        ("for i in y: pass\ni", ""),
        ("df[0]", ""),
        ("", ""),
    ],
)
def test_the_last_expression_is_named(source: str, name: str) -> None:
    assert read_cell(source).last == name


def test_hostile_arithmetic_costs_nothing() -> None:
    began = time.perf_counter()
    cell = read_cell("a = 2**10**10\nb = 9**9**9**9\nc = 1 << 10**9\nd = 2**1000 * 2**1000\ne = 10**1000")
    assert time.perf_counter() - began < 0.5
    assert set(cell.computed) == {"a", "b", "c", "d", "e"}


def test_deep_nesting_gives_an_empty_result() -> None:
    assert read_cell("x = " + "-" * 3000 + "1").computed == ()
    assert read_cell("x = " + "+".join(["1"] * 20_000)).literals == {}


def test_reading_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_cell("x = '\\d'").literals == {"x": "\\d"}
