"""pandas frames, to and from `Frame`.

A frame is read column by column and not through pyarrow's own pandas bridge: that one turns NaN into null, refuses
names that repeat, and writes its own version into the metadata. Called by `adapters` only.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_nb.datasets import pandas_axes
from mlops_nb.datasets.frames import Frame, Part, Restored
from mlops_nb.datasets.pandas_columns import make_values, read_values
from mlops_nb.errors import UnsupportedDataError
from mlops_nb.records.values import Plain


def read_pandas(data: Any) -> Frame:
    """Read a pandas frame.

    Raises:
        UnsupportedDataError: Part of it could not come back equal.
    """
    held: list[Any] = []
    labels = pandas_axes.read_labels(data.columns, held)
    index, levels = pandas_axes.read_index(data.index)
    parts, dtypes = [], []
    for position, label in enumerate(data.columns):
        column = data.iloc[:, position]
        described, values = read_values(column.array, str(label))
        parts.append(Part(str(label), str(column.dtype), values))
        dtypes.append(described)
    parts += levels
    identity: dict[str, Plain] = {"labels": labels, "index": index, "dtypes": dtypes}
    if data.attrs:
        identity["attrs"] = _attrs(data.attrs)
    if not data.flags.allows_duplicate_labels:
        identity["unique_labels"] = True
    extras: dict[str, Plain] = {"pandas": identity}
    if held:
        extras["held"] = pandas_axes.pack_held(held)
    schema = pa.schema([pa.field(part.name, part.array.type) for part in parts])
    return Frame("pandas.DataFrame", len(data), tuple(parts), schema, identity, extras)


def make_pandas(restored: Restored) -> Any:
    """Give a pandas frame back: the chosen columns, and the index."""
    identity: dict[str, Any] = restored.extras["pandas"]
    dtypes = identity["dtypes"]
    chosen = [position for position in restored.arrays if position < len(dtypes)]
    levels = [values for position, values in restored.arrays.items() if position >= len(dtypes)]
    columns = {
        place: _series(make_values(dtypes[position], restored.arrays[position]))
        for place, position in enumerate(chosen)
    }
    frame: Any = pd.DataFrame(columns, index=pd.RangeIndex(restored.rows), copy=False)
    frame.index = pandas_axes.make_index(identity["index"], levels)
    labels = pandas_axes.make_labels(identity["labels"], pandas_axes.unpack_held(restored.extras.get("held", [])))
    frame.columns = labels if len(chosen) == len(labels) and chosen == sorted(chosen) else labels.take(chosen)
    frame.attrs.update(identity.get("attrs", {}))
    if identity.get("unique_labels"):
        frame.flags.allows_duplicate_labels = False
    return frame


def _series(values: Any) -> Any:
    """With its dtype said aloud: pandas would infer another for objects that are texts."""
    return pd.Series(values, dtype=values.dtype, copy=False)


def _attrs(attrs: dict[Any, Any]) -> Plain:
    for key, value in attrs.items():
        try:
            same = _same(msgspec.json.decode(msgspec.json.encode({key: value})), {key: value})
        except (TypeError, ValueError, OverflowError, RecursionError):
            same = False
        if not same:
            raise UnsupportedDataError(
                f"the frame's attrs hold {key!a:.60}: {value!a:.60}, which JSON cannot",
                hint="keep plain texts, numbers, lists and dicts in attrs",
            )
    return dict(attrs)


def _same(back: Any, value: Any) -> bool:
    if type(back) is not type(value) or isinstance(value, np.generic):
        return False
    if isinstance(value, dict):
        return list(back) == list(value) and all(_same(back[key], value[key]) for key in value)
    if isinstance(value, list):
        return len(back) == len(value) and all(map(_same, back, value))
    return bool(back == value)
