"""The query language: what it reads, and where it points when it cannot."""

from __future__ import annotations

import pickle

import pytest

from mlops_nb.errors import QueryError, UsageError
from mlops_nb.records.query import And, Comparison, Field, Not, Or, Order, parse_order, parse_where
from mlops_nb.records.query_words import MAX_QUERY

AUC = Comparison(Field("metrics", "auc"), ">", 0.8)
LR = Comparison(Field("params", "lr"), "=", 0.1)
DRAFT = Comparison(Field("tags", "stage"), "=", "draft")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("", None),
        ("  \n", None),
        ("metrics.auc > 0.8", AUC),
        ("metrics.auc>.8", AUC),
        ("metrics.auc > 0.8 and params.lr == 0.1", And((AUC, LR))),
        ("metrics.auc > 0.8 OR params.lr = 0.1 and tags.stage=draft", Or((AUC, And((LR, DRAFT))))),
        ("(metrics.auc > 0.8 or params.lr = 0.1) and not tags.stage = 'draft'", And((Or((AUC, LR)), Not(DRAFT)))),
        ("not not metrics.auc > 0.8", Not(Not(AUC))),
        ('metrics."val/auc (a ""b"")" <= -1e-3', Comparison(Field("metrics", 'val/auc (a "b")'), "<=", -0.001)),
        ("metrics.val/f1@0.5 != nan", Comparison(Field("metrics", "val/f1@0.5"), "!=", "nan")),
        ("params.depth = 3", Comparison(Field("params", "depth"), "=", 3)),
        ("params.depth = '3'", Comparison(Field("params", "depth"), "=", "3")),
        ("params.shuffle = True", Comparison(Field("params", "shuffle"), "=", "true")),
        ("params.layers ~ 64", Comparison(Field("params", "layers"), "~", "64")),
        ("tags.fold = 3", Comparison(Field("tags", "fold"), "=", "3")),
        ("status != failed", Comparison(Field("run", "status"), "!=", "failed")),
        ("notebook ~ train.ipynb", Comparison(Field("run", "notebook"), "~", "train.ipynb")),
        ("name = 'it''s'", Comparison(Field("run", "name"), "=", "it's")),
        ("started >= 2026-11-21", Comparison(Field("run", "started"), ">=", 1795219200.0)),
        ("started < '2026-11-21 01:00+01:00'", Comparison(Field("run", "started"), "<", 1795219200.0)),
        ("duration > 60", Comparison(Field("run", "duration"), ">", 60)),
        ("params.n > 99999999999999999999", Comparison(Field("params", "n"), ">", 1e20)),
    ],
)
def test_conditions_are_read(text, condition):
    assert parse_where(text) == condition
    if condition is not None:
        assert parse_where(str(condition)) == condition


def test_orders_are_read():
    assert parse_order("") == ()
    assert parse_order('-metrics.auc, started,-params."a b" , - name') == (
        Order(Field("metrics", "auc"), descending=True),
        Order(Field("run", "started")),
        Order(Field("params", "a b"), descending=True),
        Order(Field("run", "name"), descending=True),
    )


@pytest.mark.parametrize(
    ("text", "caret", "problem"),
    [
        ("metrics.auc >> 0.8", "metrics.auc >^", "a value should come here"),
        ("metrics.auc > high", "metrics.auc > ^", "a number should come here"),
        ("metrics.auc > '0.8'", "metrics.auc > ^", "a number should come here"),
        ("metrics.auc ~ 1", "metrics.auc ^", "cannot be compared with ~"),
        ("metrics.auc", "metrics.auc^", "an operator should come here"),
        ("metrics. auc > 1", "metrics. ^", "the key should come right behind"),
        ('metrics."" > 1', "metrics.^", "the key should come right behind"),
        ("auc > 0.8", "^", "no field 'auc'"),
        ("status = done", "status = ^", "no status 'done'"),
        ("status > failed", "status ^", "cannot be compared with >"),
        ("started > yesterday", "started > ^", "a time should come here"),
        ("started = 2026-11-21", "started ^", "cannot be compared with ="),
        ("name = a b", "name = a ^", "'and', 'or' or the end"),
        ("name = a and", "name = a and^", "a field should come here"),
        ("name = and", "name = ^", "a value should come here"),
        ("(name = a", "(name = a^", "not closed"),
        ("name = 'a", "name = ^", "does not end"),
        ("name = a; drop", "name = a^", "nothing begins so"),
        ("params.lr = 1e999", "params.lr = ^", "too large"),
        ("(" * 30 + "name = a", "(" * 21 + "^", "levels"),
        ("not " * 30 + "name = a", "not " * 21 + "^", "levels"),
    ],
)
def test_a_fault_is_pointed_at(text, caret, problem):
    with pytest.raises(QueryError) as caught:
        parse_where(text)
    fault = caught.value
    assert isinstance(fault, UsageError)
    assert problem in fault.message
    assert fault.context == {"query": text, "at": len(caret) - 1}
    begin = max(0, len(caret) - 51)
    assert fault.pointer == f"{text[begin:]}\n{' ' * (len(caret) - 1 - begin)}^"
    assert "metrics.K, params.K, tags.K, status, experiment, name, notebook, started, duration" in fault.hint
    assert str(pickle.loads(pickle.dumps(fault))) == str(fault)
    assert str(fault).splitlines()[1:3] == ["  " + line for line in fault.pointer.splitlines()]


@pytest.mark.parametrize(
    ("text", "at"), [("-", 1), ("metrics.auc,", 12), (",", 0), ("metrics.auc started", 12), ("-auc", 1)]
)
def test_a_fault_in_an_order_is_pointed_at(text, at):
    with pytest.raises(QueryError) as caught:
        parse_order(text)
    assert caught.value.context["at"] == at


def test_a_far_place_is_shown_with_what_is_around_it():
    text = "name = a and " * 20 + "\x1b[31m" + " and name = b" * 20
    with pytest.raises(QueryError) as caught:
        parse_where(text)
    shown, caret = caught.value.pointer.splitlines()
    assert len(shown) <= 100
    assert shown[len(caret) - 1] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("query", ["name = " + "a" * MAX_QUERY, 3, None, b"name = a"])
def test_what_is_no_query_is_refused(query):
    for parse in (parse_where, parse_order):
        with pytest.raises(QueryError):
            parse(query)
