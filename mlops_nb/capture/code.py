"""Which names a cell binds, and how: the first half of "literals are params, computed numbers are metrics".

Reads source only, before the cell runs; runs nothing. Names bound inside functions, classes, lambdas and
comprehensions are not the cell's. Does not look at values (`harvest` does) and does not judge secrets.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

MAX_ITEMS = 100
MAX_DEPTH = 4
_MAX_BITS = 1024
"""Literals are evaluated here, so `2**10**10` must cost nothing: results stay within this many bits."""

_TRANSPARENT = frozenset(["round", "float", "int"])
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_BRANCHES = (ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_NOT_LITERAL: Any = object()


class CellCode(msgspec.Struct, frozen=True):
    """What the source of a cell says.

    `literals` maps a name to the one literal it is given at top level: known before the cell runs. `choices` are
    names given several literals, or literals under a condition: which one holds is known only afterwards.
    `computed` are names bound to anything else. `last` names the last expression, empty when it has no name.
    """

    literals: dict[str, Any] = {}
    choices: dict[str, tuple[Any, ...]] = {}
    computed: tuple[str, ...] = ()
    last: str = ""


def read_cell(source: str) -> CellCode:
    """Analyse a cell.

    Args:
        source: Python, with IPython's own syntax already transformed. Anything else gives an empty result.
    """
    tree = parse_quietly(source)
    if tree is None:
        return CellCode()
    reader = _Reader()
    try:
        reader.read(tree.body, at="top")
        return reader.sum_up(*_name_last(tree.body))
    except RecursionError:  # expressions nested deeper than the interpreter's stack
        return CellCode()


def parse_quietly(source: str) -> ast.Module | None:
    """The syntax tree, or None when this is not Python. Warns of nothing: running the cell has done so already."""
    try:
        if "\\" not in source:
            return ast.parse(source)
        # Only escapes make the parser warn. Elsewhere the filters stay untouched: touching them makes
        # Python forget which of the user's own warnings were shown once already.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Reader:
    """Collects bindings in source order. Literals come `top`, in a `branch` or in a `loop`."""

    def __init__(self) -> None:
        self.literals: dict[str, list[tuple[str, Any]]] = {}
        self.computed: dict[str, None] = {}  # a dict keeps the order in which the names appear
        self.excluded: set[str] = set()

    def read(self, body: Iterable[ast.AST], at: str) -> None:
        for node in body:
            self.read_node(node, at)

    def read_node(self, node: ast.AST, at: str) -> None:
        if isinstance(node, _SCOPES):
            self.leave_out_scope(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.excluded.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self.bind(target, node.value, at)
            self.read_node(node.value, at)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            self.bind(node.target, node.value, at)
            self.read_node(node.value, at)
        elif isinstance(node, ast.AugAssign):
            self.bind(node.target, None, at)
            self.read_node(node.value, at)
        elif isinstance(node, ast.Delete):
            self.forget(node)
        else:
            self.read_inside(node, at)

    def read_inside(self, node: ast.AST, at: str) -> None:
        """Statements with bodies, and expressions (which may hold a walrus)."""
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self.exclude(node.target)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self.exclude(node.optional_vars)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            self.excluded.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            self.excluded.add(node.rest)
        if isinstance(node, (*_LOOPS, *_COMPREHENSIONS)):
            at = "loop"
        elif isinstance(node, _BRANCHES) and at == "top":
            at = "branch"
        self.read(ast.iter_child_nodes(node), at)

    def bind(self, target: ast.expr, value: ast.expr | None, at: str) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            paired = len(values) == len(target.elts) and not any(
                isinstance(item, ast.Starred) for item in (*values, *target.elts)
            )
            for position, item in enumerate(target.elts):
                self.bind(item, values[position] if paired else None, at)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, None, at)
        elif isinstance(target, ast.Name):
            literal = _NOT_LITERAL if value is None else _evaluate(value)
            if literal is _NOT_LITERAL:
                self.computed[target.id] = None
            else:
                self.literals.setdefault(target.id, []).append((at, literal))

    def exclude(self, target: ast.expr) -> None:
        self.excluded.update(node.id for node in ast.walk(target) if isinstance(node, ast.Name))

    def leave_out_scope(self, node: ast.AST) -> None:
        if not isinstance(node, ast.Lambda):
            self.excluded.add(node.name)  # type: ignore[attr-defined]  # the other three have names
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global):  # the function changes the cell's name behind our back
                self.computed.update(dict.fromkeys(inner.names))

    def forget(self, node: ast.Delete) -> None:
        """A deleted name is gone; bound again later, it counts again."""
        for target in node.targets:
            for inner in ast.walk(target):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Del):
                    self.literals.pop(inner.id, None)
                    self.computed.pop(inner.id, None)

    def sum_up(self, last: str, last_is_variable: bool) -> CellCode:
        out = {name for name in (*self.literals, *self.computed) if name.startswith("_")} | self.excluded
        literals: dict[str, Any] = {}
        choices: dict[str, tuple[Any, ...]] = {}
        for name, bound in self.literals.items():
            places = {at for at, _ in bound}
            if name in out or name in self.computed or "loop" in places:
                continue
            if places == {"top"}:
                literals[name] = bound[-1][1]  # at top level the last one always holds
            elif "top" in places or all(_is_number(value) for _, value in bound):
                choices[name] = tuple(value for _, value in bound)
        computed = tuple(name for name in self.computed if name not in out)
        # A loop's variable and a literal are no results; a call of the same name is one.
        bound_otherwise = last in self.excluded or (last in self.literals and last not in self.computed)
        unnamed = last.startswith("_") or (last_is_variable and bound_otherwise)
        return CellCode(literals, choices, computed, "" if unnamed else last)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _name_last(body: list[ast.stmt]) -> tuple[str, bool]:
    """The last expression's own name (of its call, attribute or variable), and whether it is a variable."""
    if not body or not isinstance(body[-1], ast.Expr):
        return "", False
    node: ast.expr = body[-1].value
    called = False
    while not called and isinstance(node, (ast.Await, ast.Call)):
        if isinstance(node, ast.Await):
            node = node.value
        elif isinstance(node.func, ast.Name) and node.func.id in _TRANSPARENT and node.args:
            node = node.args[0]
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "item" and not node.args:
            node = node.func.value  # loss.item() is the loss
        else:
            node, called = node.func, True
    if isinstance(node, ast.Name):
        return node.id, not called
    return (node.attr, False) if isinstance(node, ast.Attribute) else ("", False)


def _evaluate(node: ast.expr, depth: int = 0) -> Any:
    """The value of a literal, or `_NOT_LITERAL`. Arithmetic on numbers counts (`1e-3`, `-1`, `2**10`, `60*60`)."""
    if isinstance(node, ast.Constant):
        return node.value if node.value is None or isinstance(node.value, (bool, int, float, str)) else _NOT_LITERAL
    if isinstance(node, (ast.Tuple, ast.List)):
        values = _evaluate_all(node.elts, depth)
        return values if values is _NOT_LITERAL or isinstance(node, ast.List) else tuple(values)
    if isinstance(node, ast.Dict):
        keys = _evaluate_all([ast.Starred(None) if key is None else key for key in node.keys], depth)  # type: ignore[arg-type]
        values = _evaluate_all(node.values, depth)
        whole = _NOT_LITERAL not in (keys, values) and all(isinstance(key, (str, int, float)) for key in keys)
        return dict(zip(keys, values, strict=True)) if whole else _NOT_LITERAL
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _evaluate(node.operand, depth)
        if not _is_number(value):
            return _NOT_LITERAL
        return -value if isinstance(node.op, ast.USub) else value
    return _calculate(node, depth) if isinstance(node, ast.BinOp) else _NOT_LITERAL


def _evaluate_all(nodes: list[ast.expr], depth: int) -> Any:
    if depth >= MAX_DEPTH or len(nodes) > MAX_ITEMS:
        return _NOT_LITERAL
    values = [_evaluate(node, depth + 1) for node in nodes]
    return _NOT_LITERAL if any(value is _NOT_LITERAL for value in values) else values


_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
    ast.LShift: lambda a, b: a << b,
}


def _calculate(node: ast.BinOp, depth: int) -> Any:
    left, right = _evaluate(node.left, depth), _evaluate(node.right, depth)
    operation = _OPERATIONS.get(type(node.op))
    if operation is None or not (_is_number(left) and _is_number(right)):
        return _NOT_LITERAL
    grows = isinstance(node.op, (ast.Pow, ast.LShift))
    if grows and (abs(right) > _MAX_BITS or abs(left) >= 2**64):
        return _NOT_LITERAL
    try:
        value = operation(left, right)
    except (ArithmeticError, TypeError, ValueError):
        return _NOT_LITERAL
    small = _is_number(value) and (isinstance(value, float) or value.bit_length() <= _MAX_BITS)
    return value if small else _NOT_LITERAL
