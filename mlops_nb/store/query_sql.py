"""A query's condition and order as SQL. Every word of the user's is a bound value; the SQL is put together of ours.

Used by `queries`. The table `runs` must be named so in the statement.

Params keep the type they have in JSON, and SQLite sorts every number before every text. So `< ''` reads "is a
number" and `>= ''` "is a text", in a way that the index `params_by_value` can answer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mlops_nb.records.query import And, Comparison, Condition, Field, Group, Not, Or, Order
from mlops_nb.records.query_words import Operator

_VALUES: dict[Group, str] = {"metrics": "last", "params": "value", "tags": "value"}
"""Each group's table has the group's name; here is the column with its values."""

_COLUMNS = {
    "status": "runs.status",
    "experiment": "runs.experiment",
    "name": "runs.name",
    "notebook": "runs.notebook",
    "started": "runs.started_at",
    "duration": "runs.duration_s",
}
_SIGNS: dict[Operator, str] = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class Sql(NamedTuple):
    """A piece of SQL and the values of its question marks."""

    text: str
    values: tuple[Any, ...] = ()


def condition_sql(condition: Condition) -> Sql:
    """An expression that is true or false, never null, for each row of `runs`."""
    match condition:
        case Comparison(Field("run", key), operator, value):
            test = _test(_COLUMNS[key], operator, value)
            return Sql(f"ifnull({test.text}, 0)", test.values)
        case Comparison(Field(group, key), operator, value):
            test = _test(_VALUES[group], operator, _read(group, value))
            if group == "params":
                test = _of_its_type(test, operator, value)
            return Sql(
                f"runs.id IN (SELECT run_id FROM {group} WHERE key = ? AND {test.text})",  # noqa: S608 - our words
                (key, *test.values),
            )
        case Not(part):
            inner = condition_sql(part)
            return Sql(f"NOT {inner.text}", inner.values)
        case And(parts):
            return _joined(" AND ", [condition_sql(part) for part in parts])
        case Or(parts):
            return _joined(" OR ", [condition_sql(part) for part in parts])


def order_sql(order: tuple[Order, ...]) -> Sql:
    """The terms of an ORDER BY: runs without a value last, of equal ones the newest first."""
    terms, values = [], []
    for term in order:
        way = "DESC" if term.descending else "ASC"
        if term.field.group == "run":
            terms.append(f"{_COLUMNS[term.field.key]} {way} NULLS LAST")
        else:
            terms.append(f"{_looked_up(term.field.group)} {way} NULLS LAST")
            values.append(term.field.key)
    return Sql(", ".join([*terms, "runs.started_at DESC", "runs.id DESC"]), tuple(values))


def ranked_source(term: Order) -> tuple[Sql, Sql, Sql]:
    """How to walk runs in the order of a key's values without sorting all: along the index by value.

    Returns:
        The tables to select from, the first term of the ORDER BY, and a condition that only the runs without a
        value fulfil (they are not among these and must be asked for apart).
    """
    table, column = term.field.group, _VALUES[term.field.group]
    way = "DESC" if term.descending else "ASC"
    # CROSS JOIN: SQLite keeps this order of the tables, and so the index's.
    tables = f"{table} AS ranked CROSS JOIN runs ON runs.id = ranked.run_id AND ranked.{column} IS NOT NULL"
    return (
        Sql(f"{tables} AND ranked.key = ?", (term.field.key,)),
        Sql(f"ranked.{column} {way}"),
        Sql(f"{_looked_up(table)} IS NULL", (term.field.key,)),
    )


def _looked_up(group: Group) -> str:
    return f"(SELECT {_VALUES[group]} FROM {group} WHERE run_id = runs.id AND key = ?)"  # noqa: S608 - our words


def _test(column: str, operator: Operator, value: Any) -> Sql:
    if operator == "~":
        return Sql(f"instr({column}, ?) > 0", (value,))
    if value is None:  # the index keeps NaN as null; it equals nothing but its own word
        return Sql({"=": f"{column} IS NULL", "!=": f"{column} IS NOT NULL"}.get(operator, "0"))
    if operator == "!=" and column == _VALUES["metrics"]:
        return Sql(f"{column} IS NOT ?", (value,))
    return Sql(f"{column} {_SIGNS[operator]} ?", (value,))


def _of_its_type(test: Sql, operator: Operator, value: Any) -> Sql:
    if operator in {"=", "!=", "~"}:
        return test
    return Sql(f"{test.text} AND value {'>=' if isinstance(value, str) else '<'} ''", test.values)


def _read(group: Group, value: Any) -> Any:
    """A metric's word for what JSON has no number for, as the index keeps it."""
    if group != "metrics" or not isinstance(value, str):
        return value
    return None if value == "nan" else float(value)


def _joined(word: str, parts: list[Sql]) -> Sql:
    return Sql(
        "(" + word.join(part.text for part in parts) + ")", tuple(value for part in parts for value in part.values)
    )
