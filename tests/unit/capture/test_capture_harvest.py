"""Params and metrics of cells that really ran."""

from __future__ import annotations

import fractions
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_nb.capture.code import read_cell
from mlops_nb.capture.harvest import MISSING, Harvest, harvest


def run(source: str, last: object = MISSING, **given: object) -> Harvest:
    namespace: dict[str, Any] = dict(given)
    exec(source, namespace)
    return harvest(read_cell(source), namespace, last)


def test_a_training_cell() -> None:
    found = run(
        "lr = 0.1\nepochs, name = 3, 'net'\ncorrect = 0\n"
        "for epoch in range(epochs):\n    correct += 1\n    loss = 1 / (epoch + 1)\n"
        "accuracy = correct / epochs\nlabels = ['a'] * 3\nok = accuracy > 0.5\n"
    )
    assert found == Harvest({"lr": 0.1, "epochs": 3, "name": "net"}, {"correct": 3.0, "loss": 1 / 3, "accuracy": 1.0})


def test_params_are_plain_and_long_texts_are_data() -> None:
    found = run("shape = (1, 2)\nquery = '" + "q" * 201 + "'\nshort = '" + "q" * 200 + "'\nhuge = 1e999")
    assert found.params == {"shape": [1, 2], "short": "q" * 200, "huge": "inf"}


@pytest.mark.parametrize(("fast", "value"), [(True, 10), (False, 100)])
def test_a_choice_is_the_branch_that_ran(fast: bool, value: int) -> None:
    source = "if fast:\n    n = 10\nelse:\n    n = 100"
    assert run(source, fast=fast).params == {"n": value}


def test_a_choice_not_taken_is_no_param() -> None:
    assert run("if False:\n    n = 10").params == {}
    assert run("if False:\n    n = 10", n=7).params == {}


@pytest.mark.parametrize(
    ("value", "metric"),
    [
        (3, 3.0),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(7), 7.0),
        (np.uint8(7), 7.0),
        (np.array(0.25), 0.25),
        (float("inf"), math.inf),
        (pd.Series([1.0, 2.0]).mean(), 1.5),
        (True, None),
        (np.bool_(True), None),
        (np.array(True), None),
        (1j, None),
        (np.complex64(1), None),
        (np.array([1.0]), None),
        (np.datetime64("2026-01-01"), None),
        ("0.5", None),
        (np.str_("0.5"), None),
        (None, None),
        (10**400, None),
        (fractions.Fraction(1, 2), None),
    ],
)
def test_real_numbers_are_metrics(value: object, metric: float | None) -> None:
    found = run("x = make()", make=lambda: value)
    assert found.metrics == ({} if metric is None else {"x": metric})
    assert found.faults == ()
    assert all(type(number) is float for number in found.metrics.values())


def test_a_tensor_of_a_library_that_is_not_here_is_taken_by_its_module_and_shape() -> None:
    class Tensor:
        shape = ()
        dtype = "torch.bfloat16"

        def __float__(self) -> float:
            return 0.5

    assert run("x = t", t=Tensor()).metrics == {}
    Tensor.__module__ = "torch"
    assert run("x = t", t=Tensor()).metrics == {"x": 0.5}
    Tensor.dtype = "torch.complex64"
    assert run("x = t", t=Tensor()).metrics == {}


def test_the_last_expression_is_a_metric() -> None:
    assert run("score()", 0.75, score=lambda: 0.75).metrics == {"score": 0.75}
    assert run("score()", None, score=lambda: None).metrics == {}
    assert run("score()", score=lambda: 0.75).metrics == {}
    # The variable's own value is exact, what was shown is rounded.
    assert run("auc = f()\nround(auc, 1)", 0.1, f=lambda: 0.123).metrics == {"auc": 0.123}


def test_an_unfinished_cell_has_only_what_it_reached() -> None:
    cell = read_cell("lr = 0.1\nloss = f()\nacc = g()")
    assert harvest(cell, {"lr": 0.1, "loss": 2.0}) == Harvest({"lr": 0.1}, {"loss": 2.0})


@pytest.mark.parametrize(
    "source",
    [
        "api_key = 'abc'",
        "OPENAI_API_KEY = 'abc'",
        "hfToken = 'abc'",
        "db_password = 1234",
        "dbpassword = 'x'",
        "client_secret = 'x'",
        "credentials = {'a': 1}",
        "tokens = ['abc']",
        "x = 'AKIAABCDEFGHIJKLMNOP'",
        "x = 'ghp_" + "a1" * 18 + "'",
        "x = '-----BEGIN RSA PRIVATE KEY-----'",
        "x = 'postgres://u:p@h/db'",
        "x = {'user': 'u', 'password': 'p'}",
        "x = ['fine', 'AKIAABCDEFGHIJKLMNOP']",
        "token = f()",
        "if True:\n    pin_token = 4711",
    ],
)
def test_secrets_are_withheld_and_named(source: str) -> None:
    found = run(source, f=lambda: 4711)
    assert found.params == {}
    assert found.metrics == {}
    assert len(found.withheld) == 1


def test_words_that_only_look_alike_are_kept() -> None:
    found = run(
        "max_tokens = 256\ntokenizer = 'bpe'\nmonkey = 1\nauthor = 'me'\nkeys = 3\npassengers = 4\ncompat = 'x'"
    )
    assert set(found.params) == {"max_tokens", "tokenizer", "monkey", "author", "keys", "passengers", "compat"}
    assert found.withheld == ()


def test_hostile_values_and_namespaces_cost_only_their_own_fact() -> None:
    class Bomb(float):
        def __float__(self) -> float:
            raise ZeroDivisionError

        def __repr__(self) -> str:
            raise ZeroDivisionError

    class Odd(Mapping[str, object]):
        def __getitem__(self, key: str) -> object:
            if key == "b":
                raise RuntimeError
            return 2.0

        def __iter__(self) -> Iterator[str]:
            raise RuntimeError

        def __len__(self) -> int:
            raise RuntimeError

    found = run("a = bomb\nb = 1 + 1.0 * two", bomb=Bomb(), two=2)
    assert found.metrics == {"b": 3.0}
    assert found.faults == ("a: ZeroDivisionError",)
    found = harvest(read_cell("lr = 1\na = f()\nb = f()"), Odd())
    assert (found.params, found.metrics, found.faults) == ({"lr": 1}, {"a": 2.0}, ("b: RuntimeError",))


def test_a_value_that_raises_when_compared_or_asked_for_its_shape() -> None:
    class Prickly:
        __module__ = "numpy"

        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        __hash__ = None  # type: ignore[assignment]

    found = run("a = p\nif p is None:\n    n = 1", p=Prickly(), n=Prickly())
    assert found.metrics == {}
    assert found.params == {}
    assert found.faults == ("a: RuntimeError",)
