"""Parameters of a notebook: what a person typed, and what the notebook says may be set.

`parse_parameters` reads `-p name=value`; `find_declared` reads the cell tagged `parameters` as Python source
(never by running it); `check_parameters` holds the one against the other. Pure: no files, no kernel.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import json
import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlops_nb.errors import SpecError, UsageError

_EXAMPLE = 'write -p name=value, e.g. -p alpha=0.1 -p tags=\'["a", "b"]\''
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_TYPES: dict[str, type | None] = {
    "int": int, "float": float, "str": str, "bool": bool, "None": None,
    "list": list, "List": list, "tuple": list, "Tuple": list, "Sequence": list,
    "dict": dict, "Dict": dict, "Mapping": dict,
}  # fmt: skip
_SHOWN = {int: "an int", float: "a float", str: "a text", bool: "true or false", list: "a list", dict: "a mapping"}
_MAX_VALUE = 1_000_000


class Declared(msgspec.Struct, frozen=True):
    """One name that the `parameters` cell assigns. `kinds` is empty where any value may be right."""

    name: str
    kinds: tuple[type | None, ...] = ()
    default: Any = None
    has_default: bool = False
    """True where `default` is known, because it was written as a literal."""


def parse_parameters(pairs: Iterable[str]) -> dict[str, Any]:
    """Read the `name=value` texts of a command line; the last of a name wins.

    Values are JSON or Python literals (1, 0.1, true, null, "text", [1, 2], {"a": 1}); anything else is text.

    Raises:
        UsageError: No `=`, a name that no Python variable can have, or an unclosed list, mapping or quote.
    """
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals:
            raise UsageError(f"parameter {_cut(pair)} has no '='", hint=_EXAMPLE)
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"{_cut(name)} cannot be the name of a parameter", hint=_EXAMPLE)
        found[name] = parse_value(name, text.strip())
    return found


def parse_value(name: str, text: str) -> Any:
    """Read one value: a number, true, false, null, a quoted text, a list or a mapping; anything else is text.

    Raises:
        UsageError: An unclosed list, mapping or quote.
    """
    if len(text) > _MAX_VALUE:
        raise UsageError(f"the value of parameter {name!r} has {len(text)} characters", hint="pass the path of a file")
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return int(text) if re.fullmatch(r"[+-]?(0|[1-9]\d{0,4000})", text) else _decimal(text)
    if text[:1] not in {"[", "{", "(", '"', "'"}:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass  # not JSON; Python writes lists and texts with single quotes
    try:
        value = ast.literal_eval(text)
        return json.loads(json.dumps(value))  # tuples become lists; sets and bytes have no place in a notebook
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise UsageError(
            f"cannot read the value of parameter {name!r}: {_cut(text)}",
            hint=f"""close every bracket and quote, or quote it all to make it a text: -p '{name}="[draft] ..."'""",
        ) from None


def _decimal(text: str) -> float | str:
    """A float, except that `007` and `0123` are names of things and stay texts."""
    digits = text.lstrip("+-")
    return text if digits[:1] == "0" and digits[1:].isdigit() else float(text)


def find_declared(source: str) -> dict[str, Declared]:
    """What a `parameters` cell assigns at its top level.

    Args:
        source: The cell's Python source. IPython magics and shell lines are passed over.

    Raises:
        SpecError: It is not Python.
    """
    plain = "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.split("\n"))
    try:
        body = ast.parse(plain).body
    except (SyntaxError, ValueError, RecursionError) as fault:
        raise SpecError(
            f"the cell tagged 'parameters' cannot be read: {fault}", hint="keep plain assignments there: alpha = 0.1"
        ) from fault
    found = {}
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = _declare(node.target.id, node.value, node.annotation)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = _declare(target.id, node.value, None)
    return found


def _declare(name: str, value: ast.expr | None, annotation: ast.expr | None) -> Declared:
    try:
        default = ast.literal_eval(value) if value is not None else None
    except (ValueError, TypeError, RecursionError):
        value = default = None
    kinds = _kinds_of(annotation) if annotation is not None else ()
    if not kinds and default is not None:
        kind = list if isinstance(default, tuple) else type(default)
        kinds = (kind,) if kind in _SHOWN else ()
    return Declared(name, kinds, default, value is not None)


def _kinds_of(annotation: ast.expr) -> tuple[type | None, ...]:
    """The types that an annotation allows; empty when it says something that we do not know."""
    kinds: tuple[type | None, ...] = ()
    match annotation:
        case ast.Constant(value=None):
            kinds = (None,)
        case ast.Constant(value=str(text)):
            with contextlib.suppress(SyntaxError):
                kinds = _kinds_of(ast.parse(text, mode="eval").body)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            kinds = (_TYPES[name],) if name in _TYPES else ()
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            kinds = _both([left, right])
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            kinds = _both([inner, ast.Constant(None)])
        case ast.Subscript(value=ast.Name(id="Union") | ast.Attribute(attr="Union"), slice=ast.Tuple(elts=parts)):
            kinds = _both(parts)
        case ast.Subscript(value=base):
            kinds = _kinds_of(base)
    return kinds


def _both(parts: list[ast.expr]) -> tuple[type | None, ...]:
    kinds = [_kinds_of(part) for part in parts]
    return tuple(kind for some in kinds for kind in some) if all(kinds) else ()


def check_parameters(declared: Mapping[str, Declared], given: Mapping[str, Any]) -> dict[str, Any]:
    """Hold what was given against what the notebook declares. Ints become floats where the notebook has a float.

    Raises:
        SpecError: A name that the notebook does not declare (names close ones), or a value of another type.
    """
    return {name: _checked(declared, name, value) for name, value in given.items()}


def _checked(declared: Mapping[str, Declared], name: str, value: Any) -> Any:
    if name not in declared:
        near = difflib.get_close_matches(name, declared, n=3, cutoff=0.5)
        known = ", ".join(list(declared)[:8])
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {known}" if known else "its cell is empty"
        raise SpecError(f"the notebook has no parameter {name!r}", hint=hint, wanted=name)
    kinds = declared[name].kinds
    kind = None if value is None else list if isinstance(value, tuple) else type(value)
    if not kinds or kind in kinds:
        return value
    if kind is int and float in kinds:
        return float(value)
    wanted = " or ".join("null" if one is None else _SHOWN[one] for one in kinds)
    example = f"""; for a text write -p '{name}="{value}"'""" if str in kinds and value is not None else ""
    default = f" (its default is {declared[name].default!r})" if declared[name].has_default else ""
    raise SpecError(
        f"parameter {name!r} must be {wanted}, not {_cut(value)}",
        hint=f"the notebook's 'parameters' cell says so{default}{example}",
    )


def _cut(value: Any) -> str:
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
