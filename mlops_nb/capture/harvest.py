"""Which names of a finished cell are params and which are metrics: the second half of the rule.

Looks at values in the namespace and takes them by what they are: Python numbers, and scalars of the array
libraries, recognised without importing them. Whatever a user's object does when looked at stays here.
Called after the cell ran; `code.read_cell` has read its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from mlops_nb.capture.code import CellCode
from mlops_nb.capture.redaction import is_secret, is_secret_name
from mlops_nb.records.values import Plain, plain

MAX_TEXT = 200
"""A text longer than this is data (a query, a prompt), not a param."""

MISSING: Final = object()

_ARRAY_LIBRARIES = frozenset(["numpy", "torch", "jax", "jaxlib", "tensorflow", "cupy"])
_REAL_TYPES = ("int", "uint", "float", "bfloat")


class Harvest(msgspec.Struct, frozen=True):
    """What a cell yields. `withheld` names likely secrets, `faults` what could not be looked at (one line each)."""

    params: dict[str, Plain] = {}
    metrics: dict[str, float] = {}
    withheld: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def harvest(cell: CellCode, namespace: Mapping[str, object], last_value: object = MISSING) -> Harvest:
    """Pick params and metrics of a cell that ran.

    Args:
        cell: What `read_cell` found in its source.
        namespace: The user's namespace after the run. Names that are not there were never reached.
        last_value: The value of the cell's last expression, `MISSING` when it has none.
    """
    picking = _Picking(namespace)
    for name, value in cell.literals.items():
        picking.take_param(name, value)
    for name, values in cell.choices.items():
        found = picking.find(name)
        if any(type(found) is type(value) and found == value for value in values):
            picking.take_param(name, found)
    for name in cell.computed:
        picking.take_metric(name, picking.find(name))
    if cell.last and cell.last not in picking.metrics:
        picking.take_metric(cell.last, last_value)
    return Harvest(picking.params, picking.metrics, tuple(dict.fromkeys(picking.withheld)), tuple(picking.faults))


class _Picking:
    def __init__(self, namespace: Mapping[str, object]) -> None:
        self.namespace = namespace
        self.params: dict[str, Plain] = {}
        self.metrics: dict[str, float] = {}
        self.withheld: list[str] = []
        self.faults: list[str] = []

    def find(self, name: str) -> object:
        try:
            return self.namespace[name]
        except KeyError:
            return MISSING
        except Exception as fault:  # noqa: BLE001 - a namespace may be any mapping, and raise anything
            self.note(name, fault)
            return MISSING

    def take_param(self, name: str, value: object) -> None:
        if isinstance(value, str) and len(value) > MAX_TEXT:
            return
        if is_secret(name, value):
            self.withheld.append(name)
        else:
            self.params[name] = plain(value)

    def take_metric(self, name: str, value: object) -> None:
        try:
            number = _real(value)
        except Exception as fault:  # noqa: BLE001 - a user's __float__ may raise anything
            self.note(name, fault)
            return
        if is_secret_name(name):
            if number is not None or isinstance(value, str):
                self.withheld.append(name)
        elif number is not None:
            self.metrics[name] = number

    def note(self, name: str, fault: Exception) -> None:
        self.faults.append(f"{name}: {type(fault).__name__}")


def _real(value: Any) -> float | None:
    """A real number as a float, None for anything else (booleans, complex numbers and texts included)."""
    kind = type(value)
    if kind is float:
        return float(value)
    if issubclass(kind, bool):
        return None
    if not issubclass(kind, (int, float)):
        if str(kind.__module__).partition(".")[0] not in _ARRAY_LIBRARIES or getattr(value, "shape", None) != ():
            return None
        dtype = getattr(value, "dtype", "")
        if not str(getattr(dtype, "name", dtype)).rpartition(".")[2].startswith(_REAL_TYPES):
            return None
    try:
        return float(value)
    except OverflowError:  # an int beyond 64-bit floats is no metric
        return None
