"""The one form between a user's object and segments, and the refusals that every adapter speaks.

Knows no particular library but Arrow. Called by this room only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from mlops_nb.datasets.storage import UnstorableTypeError, storage_type
from mlops_nb.errors import UnsupportedDataError
from mlops_nb.records.values import Plain

_MAX_EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One column (or one level of an index): a name and a type to show, and the values as a `pyarrow.ChunkedArray`."""

    name: str
    type: str
    array: Any
    index: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What an adapter reads from a user's object.

    Attributes:
        python_type: The type that `restore` gives back.
        rows: How many.
        parts: Columns, then index levels.
        schema: Arrow schema of the parts, one field each.
        identity: Plain facts besides the parts that two equal frames share; goes into the digest.
        extras: Plain facts that the adapter needs to give the object back.
    """

    python_type: str
    rows: int
    parts: tuple[Part, ...]
    schema: Any
    identity: Plain
    extras: dict[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restored:
    """What an adapter makes an object from: the chosen parts' values by position, in the order of the choice."""

    rows: int
    schema: Any
    arrays: dict[int, Any]
    extras: dict[str, Plain]


def check_storable(name: str, shown: str, values: Any) -> None:
    """Refuse an Arrow type that cannot come back.

    Raises:
        UnsupportedDataError: It has no storage type.
    """
    logical = values.type.value_type if pat.is_dictionary(values.type) else values.type
    try:
        storage_type(logical)
    except UnstorableTypeError as fault:
        example = first_example(values.to_pylist) if len(values) < 1000 else first_example(values[:1000].to_pylist)
        raise refusal(name, shown, example, f"{fault} is not supported", "cast or drop the column") from fault


def first_example(values: Callable[[], list[Any]]) -> object:
    """The first value that is there, for a message; None if values of this kind cannot even be shown."""
    try:
        return next((value for value in values() if value is not None), None)
    except (pa.ArrowException, ValueError):
        return None


def refusal(name: str, shown: str, example: object, why: str, hint: str) -> UnsupportedDataError:
    """An error that names column, type, an example value and what to do."""
    text = ascii(example)
    if len(text) > _MAX_EXAMPLE:
        text = text[: _MAX_EXAMPLE - 3] + "..."
    return UnsupportedDataError(
        f"column {name!r} ({shown}) cannot be kept: {why}; for example {text}", hint=hint, column=name, dtype=shown
    )
