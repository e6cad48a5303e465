"""Whatever text is given: a query is read whole or refused, and never becomes SQL."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_nb.errors import QueryError
from mlops_nb.records.query import GROUPS, And, Comparison, Field, Not, Or, Order, parse_order, parse_where
from mlops_nb.records.runs import STATUSES
from mlops_nb.store import schema
from mlops_nb.store.query_sql import condition_sql, order_sql, ranked_source

KEYS = st.text(min_size=1, max_size=20)
NUMBERS = st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
TEXT_SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"])
MOMENTS = st.floats(0, 4e9)
run = st.builds(Field, st.just("run"), st.sampled_from(["experiment", "name", "notebook"]))
comparisons = st.one_of(
    st.builds(
        Comparison,
        st.builds(Field, st.just("metrics"), KEYS),
        SIGNS,
        st.one_of(NUMBERS, st.sampled_from(["nan", "inf", "-inf"])),
    ),
    st.builds(Comparison, st.builds(Field, st.just("params"), KEYS), SIGNS, st.one_of(NUMBERS, st.text(max_size=20))),
    st.builds(Comparison, st.builds(Field, st.sampled_from(["params", "tags"]), KEYS), TEXT_SIGNS, st.text()),
    st.builds(Comparison, run, TEXT_SIGNS, st.text(max_size=20)),
    st.builds(Comparison, st.just(Field("run", "status")), st.sampled_from(["=", "!="]), st.sampled_from(STATUSES)),
    st.builds(Comparison, st.just(Field("run", "started")), st.sampled_from(["<", ">="]), MOMENTS),
    st.builds(Comparison, st.just(Field("run", "duration")), SIGNS, NUMBERS),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=4).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=4).map(tuple)),
    ),
    max_leaves=6,
)
fields = st.one_of(
    st.builds(Field, st.sampled_from(GROUPS), KEYS),
    st.builds(Field, st.just("run"), st.sampled_from(["started", "duration", "status", "name"])),
)
orders = st.lists(st.builds(Order, fields, st.booleans()), max_size=4).map(tuple)
WORDS = ["metrics.auc", "params.lr", 'tags."a b"', "status", "and", "or", "not", "(", ")", "=", ">", "~", "0.8", "'x'"]
soups = st.lists(st.sampled_from([*WORDS, "failed", ",", "-", "started", "2026-11-21"]), max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def db():
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema.TABLES)
    yield connection
    connection.close()


def run_sql(db, where, order):
    """Execute what the store would: a statement that is not whole or not true to its values raises."""
    clause = condition_sql(where) if where is not None else None
    tables = "runs"
    values = []
    if order and order[0].field.group != "run":
        source, first, _ = ranked_source(order[0])
        tables, values = source.text, [*source.values]
        assert first.text.startswith("ranked.")
        order = order[1:]
    terms = order_sql(order)
    sql = f"SELECT record FROM {tables} WHERE {clause.text if clause else '1'} ORDER BY {terms.text}"
    clean = [
        value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for value in (*values, *(clause.values if clause else ()), *terms.values)
    ]
    db.execute(sql, clean)
    return sql


@given(st.one_of(st.text(), soups, st.text(alphabet="metrics.aul0='\"<>~()-, ")))
@example("metrics.\ud800 = 1")
@example("name = '\ud800'")
@example("started > 0001-01-01T00:00+23:59")
@example("started > 9999-12-31T23:59-23:59")
@example("metrics.a = ٣")
@example("params.a = 1_000")
def test_any_text_is_read_or_refused(db, text):
    if (condition := read_or_refused(parse_where, text)) is not None:
        run_sql(db, condition, ())
        assert parse_where(str(condition)) == condition
    if (order := read_or_refused(parse_order, text)) is not None:
        run_sql(db, None, order)
        assert parse_order(", ".join(map(str, order))) == order


def read_or_refused(parse, text):
    """What was read; None for what was refused, by an error that says where and what to do."""
    try:
        return parse(text)
    except QueryError as fault:
        sound = fault.hint and str(fault) and 0 <= fault.context["at"] <= len(text)
    assert sound
    return None


@given(conditions)
def test_a_condition_says_itself(condition):
    assert parse_where(str(condition)) == condition


@given(orders)
def test_an_order_says_itself(order):
    assert parse_order(", ".join(map(str, order))) == order


def bare(condition):
    """The same condition with other keys and values of the same kinds."""
    match condition:
        case Comparison(field, operator, value):
            other = value if not isinstance(value, str) or field.group == "metrics" else "x"
            return Comparison(Field(field.group, field.key if field.group == "run" else "k"), operator, other)
        case Not(part):
            return Not(bare(part))
    return type(condition)(tuple(bare(part) for part in condition.parts))


@given(conditions, orders)
def test_no_word_of_the_users_is_in_the_sql(db, condition, order):
    plain = tuple(Order(bare(Comparison(term.field, "=", 1)).field, term.descending) for term in order)
    assert run_sql(db, condition, order) == run_sql(db, bare(condition), plain)


@pytest.mark.parametrize("join", ["and", "or"])
def test_the_longest_queries_are_answered(db, join):
    text = f" {join} ".join(["name=a"] * 160)
    run_sql(db, parse_where(text), parse_order(",".join(["metrics.a"] * 160)))
    run_sql(db, parse_where("(" * 20 + text + ")" * 20), ())
    run_sql(db, parse_where("not (" * 10 + text + ")" * 10), ())
