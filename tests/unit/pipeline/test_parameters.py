"""What a person typed, held against what the notebook declares."""

from __future__ import annotations

import math

import pytest

from mlops_nb.errors import SpecError, UsageError
from mlops_nb.pipeline.parameters import check_parameters, find_declared, parse_parameters


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("+4", 4),
        ("0", 0),
        ("0.1", 0.1),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("null", None),
        ("None", None),
        ('"text"', "text"),
        ("'text'", "text"),
        ('"1"', "1"),
        ("text", "text"),
        ("", ""),
        ("a=b", "a=b"),
        ("2024-01-31", "2024-01-31"),
        ("2024_01", "2024_01"),
        ("007", "007"),
        ("no", "no"),
        ("nan", "nan"),
        ("1+2j", "1+2j"),
        ("[1, 2]", [1, 2]),
        ("['a', 'b']", ["a", "b"]),
        ("(1, 2)", [1, 2]),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("s3://bucket/key", "s3://bucket/key"),
        ("9" * 5000, math.inf),
    ],
)
def test_values_are_typed(text, value):
    found = parse_parameters([f"x={text}"])["x"]
    assert found == value
    assert type(found) is type(value)


def test_the_last_of_a_name_wins_and_space_around_is_dropped():
    assert parse_parameters(["a=1", "b=2", " a = 3 "]) == {"a": 3, "b": 2}


@pytest.mark.parametrize("bad", ["alpha", "", "=1", "al-pha=1", "class=1", "1a=2", "a b=1", "\x1b[2J=1"])
def test_bad_forms_say_how_to_write_it(bad):
    with pytest.raises(UsageError) as caught:
        parse_parameters([bad])
    assert "-p alpha=0.1" in caught.value.hint
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("bad", ["[1, 2", "[a, b]", "{1, 2}", '"open', "[" * 5000, "b'x'"[1:] + "["])
def test_unclosed_values_are_refused(bad):
    with pytest.raises(UsageError, match="cannot read the value of parameter 'x'"):
        parse_parameters([f"x={bad}"])


CELL = """
%matplotlib inline
!pip list
alpha = 0.1
epochs: int = 5
name = "nightly"
deep = False
cols = ["a"]
pair = (1, 2)
limit: int | None = None
rate: "Optional[float]" = None
either: Union[int, str] = 1
many: list[int] = []
odd: Path = None
today = date.today()
half = alpha / 2
a = b = 3
x, y = 1, 2
"""


def test_the_cell_is_read_not_run():
    declared = find_declared(CELL)
    assert set(declared) == {
        "alpha", "epochs", "name", "deep", "cols", "pair", "limit", "rate", "either", "many", "odd", "today", "half",
        "a", "b",
    }  # fmt: skip
    assert declared["alpha"].default == 0.1
    assert declared["limit"].kinds == (int, None)
    assert declared["rate"].kinds == (float, None)
    assert not declared["today"].has_default
    assert not declared["half"].kinds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 0.5),
        ("epochs", 3),
        ("name", "x"),
        ("deep", True),
        ("cols", []),
        ("pair", [3, 4]),
        ("pair", (3, 4)),
        ("limit", None),
        ("limit", 3),
        ("rate", 0.5),
        ("either", "x"),
        ("many", [1]),
        ("odd", "anything"),
        ("today", "2024-01-31"),
        ("half", [1]),
    ],
)
def test_fitting_values_pass_unchanged(name, value):
    assert check_parameters(find_declared(CELL), {name: value}) == {name: value}


def test_an_int_for_a_float_becomes_one():
    value = check_parameters(find_declared(CELL), {"alpha": 1})["alpha"]
    assert type(value) is float


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("alpha", "big", "must be a float"),
        ("alpha", True, "must be a float"),
        ("epochs", 2.5, "must be an int"),
        ("epochs", True, "must be an int"),
        ("epochs", None, "must be an int"),
        ("name", 5, "must be a text"),
        ("deep", 1, "must be true or false"),
        ("cols", "a", "must be a list"),
        ("limit", "x", "must be an int or null"),
    ],
)
def test_other_types_are_refused(name, value, says):
    with pytest.raises(SpecError, match=says):
        check_parameters(find_declared(CELL), {name: value})


def test_a_text_parameter_shows_how_to_quote():
    with pytest.raises(SpecError) as caught:
        check_parameters(find_declared(CELL), {"name": 5})
    assert "-p 'name=\"5\"'" in caught.value.hint


def test_unknown_names_show_close_ones():
    with pytest.raises(SpecError, match="no parameter 'alphaa'") as caught:
        check_parameters(find_declared(CELL), {"alphaa": 1})
    assert caught.value.hint == "did you mean alpha?"
    with pytest.raises(SpecError) as caught:
        check_parameters(find_declared("alpha = 1"), {"zzz": 1})
    assert caught.value.hint == "it has alpha"
    with pytest.raises(SpecError) as caught:
        check_parameters({}, {"zzz": 1})
    assert caught.value.hint == "its cell is empty"


def test_a_cell_that_is_not_python_says_so():
    with pytest.raises(SpecError, match="cannot be read"):
        find_declared("alpha = = 1")
