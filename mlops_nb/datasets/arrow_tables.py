"""pyarrow tables, polars frames and whatever speaks Arrow's C stream, to and from `Frame`.

Knows no pandas. Called by `adapters` only.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from mlops_nb import _lazy
from mlops_nb.datasets.frames import Frame, Part, Restored, check_storable
from mlops_nb.errors import UnsupportedDataError
from mlops_nb.records.values import Plain

_EXTENSION_NAME = b"ARROW:extension:name"
_EXTENSION_METADATA = b"ARROW:extension:metadata"
_WRITER_FACTS = ("creator", "pandas_version")
"""What pandas notes about the writer in a table's metadata: no part of the content."""


def read_table(table: Any, python_type: str) -> Frame:
    """Read a `pyarrow.Table`."""
    parts, fields = [], []
    for field, values in zip(table.schema, table.columns, strict=True):
        shown = _shown(field)
        check_storable(field.name, shown, values)
        parts.append(Part(field.name, shown, values))
        fields.append(_metadata(_with_extension(field)))
    identity = {"metadata": _metadata(table.schema.metadata), "fields": fields}
    return Frame(python_type, table.num_rows, tuple(parts), table.schema, identity)


def read_polars(data: Any) -> Frame:
    """Read a polars frame.

    Raises:
        UnsupportedDataError: A column's type would come back as another.
    """
    table = pa.table(data)
    back = _lazy.require("polars", package="polars", extra="polars", why="reading a polars frame").from_arrow(
        table.slice(0, 0)
    )
    for name, dtype in data.schema.items():
        if back.schema[name] != dtype:
            raise UnsupportedDataError(
                f"column {name!r} ({dtype}) would come back as {back.schema[name]}",
                hint=f"cast it first: frame.with_columns(pl.col({name!r}).cast(...))",
                column=name,
                dtype=str(dtype),
            )
    return read_table(table, "polars.DataFrame")


def make_table(restored: Restored) -> Any:
    """Give a `pyarrow.Table` back: every chosen column, in the order of the choice."""
    if not restored.arrays:
        # A table without columns still has rows; only a selection from another can say so.
        rows = pa.table({"row": pa.nulls(restored.rows)}, metadata=restored.schema.metadata)
        return rows.select([])
    fields = [restored.schema.field(position) for position in restored.arrays]
    schema = pa.schema(fields, metadata=restored.schema.metadata)
    return pa.Table.from_arrays(list(restored.arrays.values()), schema=schema)


def make_polars(restored: Restored) -> Any:
    """Give a polars frame back."""
    polars = _lazy.require("polars", package="polars", extra="polars", why="restoring a polars frame")
    return polars.from_arrow(make_table(restored))


def _shown(field: Any) -> str:
    """A type's name that is the same whether or not this process has registered an extension type."""
    logical = field.type
    if isinstance(logical, pa.BaseExtensionType):
        return f"{logical.extension_name}<{logical.storage_type}>"
    if name := (field.metadata or {}).get(_EXTENSION_NAME):
        return f"{name.decode(errors='replace')}<{logical}>"
    return str(logical)


def _with_extension(field: Any) -> dict[bytes, bytes]:
    metadata = dict(field.metadata or {})
    if isinstance(field.type, pa.ExtensionType):
        metadata[_EXTENSION_NAME] = field.type.extension_name.encode()
        metadata[_EXTENSION_METADATA] = field.type.__arrow_ext_serialize__()
    return metadata


def _metadata(metadata: dict[bytes, bytes] | None) -> Plain:
    """Metadata as sorted hex pairs, without what only tells of the writer."""
    return sorted([key.hex(), _content(key, value).hex()] for key, value in (metadata or {}).items())


def _content(key: bytes, value: bytes) -> bytes:
    if key != b"pandas":
        return value
    try:
        facts = json.loads(value)
    except ValueError:
        return value
    if not isinstance(facts, dict):
        return value
    return json.dumps({k: v for k, v in facts.items() if k not in _WRITER_FACTS}, sort_keys=True).encode()
