"""A pandas index and a frame's column labels, written down so that they come back equal.

Rows: a RangeIndex is three numbers, any other index is stored like columns (a MultiIndex level like categories).
Columns: labels that are plain (texts, whole numbers) are listed; others (dates, intervals) go through Arrow.

Called by `pandas_frames` only.
"""

from __future__ import annotations

import base64
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_nb.datasets.encoding import digest_of
from mlops_nb.datasets.frames import Part
from mlops_nb.datasets.pandas_columns import codes_of, make_dtype, make_values, read_values
from mlops_nb.datasets.planes import lay_bare
from mlops_nb.datasets.storage import whole
from mlops_nb.errors import UnsupportedDataError
from mlops_nb.records.values import Plain


def read_index(index: Any) -> tuple[dict[str, Plain], list[Part]]:
    """Read a frame's index: a description, and the parts that hold its values."""
    if isinstance(index, pd.RangeIndex):
        return _range(index), []
    if not isinstance(index, pd.MultiIndex):
        described, values = read_values(index.array, "the index")
        part = Part(_shown_name(index.name, "index"), str(index.dtype), values, index=True)
        return {"kind": "values", "dtype": described, **_name_and_freq(index)}, [part]
    index = index.remove_unused_levels()
    levels, parts = [], []
    for place, (name, level, codes) in enumerate(zip(index.names, index.levels, index.codes, strict=True)):
        shown = _shown_name(name, f"level_{place}")
        described, values = read_values(level.array, f"{shown} of the index")
        flat = values.chunk(0) if values.num_chunks == 1 else pa.concat_arrays(values.chunks)
        codes_in_arrow = pa.array(np.asarray(codes), mask=np.asarray(codes) < 0)
        found = pa.chunked_array([pa.DictionaryArray.from_arrays(codes_in_arrow, flat)])
        parts.append(Part(shown, str(level.dtype), found, index=True))
        levels.append(described)
    return {"kind": "multi", "levels": levels, "names": [read_label(name) for name in index.names]}, parts


def make_index(described: dict[str, Any], values: list[Any]) -> Any:
    """Undo `read_index`; `values` are the parts' chunked arrays."""
    if described["kind"] == "range":
        start, stop, step = described["range"]
        return pd.RangeIndex(start, stop, step, name=make_label(described["name"]))
    if described["kind"] == "values":
        return _make_flat(described, values[0])
    levels = [
        pd.Index(array := make_values(level, pa.chunked_array([found.chunk(0).dictionary])), dtype=array.dtype)
        for level, found in zip(described["levels"], values, strict=True)
    ]
    names = [make_label(name) for name in described["names"]]
    return pd.MultiIndex(levels=levels, codes=[codes_of(found) for found in values], names=names)


def read_labels(axis: Any, held: list[Any]) -> dict[str, Plain]:
    """Read column labels. Arrays that a description cannot hold are added to `held`."""
    if isinstance(axis, pd.RangeIndex):
        return _range(axis)
    if isinstance(axis, pd.MultiIndex):
        axis = axis.remove_unused_levels()
        return {
            "kind": "multi",
            "levels": [read_labels(level, held) for level in axis.levels],
            "codes": [np.asarray(codes).tolist() for codes in axis.codes],
            "names": [read_label(name) for name in axis.names],
        }
    labels = axis.tolist()
    if all(isinstance(label, (str, int)) for label in labels) and not isinstance(axis.dtype, pd.CategoricalDtype):
        dtype, _ = read_values(axis.array[:0], "the column labels")
        plain = [read_label(label) for label in labels]
        return {"kind": "labels", "dtype": dtype, "labels": plain, "name": read_label(axis.name)}
    described, values = read_values(axis.array, "the column labels")
    held.append(values)
    digests = [_digest(part) for part in _plain_arrays(values)]
    return {"kind": "values", "dtype": described, "held": len(held) - 1, "digests": digests, **_name_and_freq(axis)}


def make_labels(described: dict[str, Any], held: list[Any]) -> Any:
    """Undo `read_labels`."""
    kind = described["kind"]
    if kind == "range":
        return make_index(described, [])
    if kind == "values":
        return _make_flat(described, held[described["held"]])
    if kind == "labels":
        labels = [make_label(label) for label in described["labels"]]
        return pd.Index(labels, dtype=make_dtype(described["dtype"]), name=make_label(described["name"]))
    levels = [make_labels(level, held) for level in described["levels"]]
    return pd.MultiIndex(levels, described["codes"], names=[make_label(name) for name in described["names"]])


def pack_held(held: list[Any]) -> list[str]:
    """Arrays as Arrow's IPC stream, base64, for a manifest's extras."""
    packed = []
    for values in held:
        sink = pa.BufferOutputStream()
        table = pa.table({"v": values})
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        packed.append(base64.b64encode(sink.getvalue()).decode())
    return packed


def unpack_held(packed: list[str]) -> list[Any]:
    """Undo `pack_held`."""
    return [pa.ipc.open_stream(pa.py_buffer(base64.b64decode(one))).read_all().column(0) for one in packed]


def read_label(label: Hashable) -> Plain:
    """A name as plain data: None, texts, whole numbers, truths, and tuples of them.

    Raises:
        UnsupportedDataError: It is something else.
    """
    if isinstance(label, tuple):
        return {"tuple": [read_label(part) for part in label]}
    if isinstance(label, np.generic):
        label = label.item()
    if label is None or isinstance(label, (bool, int, str)):
        try:
            return label.encode().decode() if isinstance(label, str) else label
        except UnicodeEncodeError:
            pass
    raise UnsupportedDataError(
        f"the name {label!a:.60} of a column or an index cannot be kept",
        hint="name columns and indexes with texts or whole numbers, e.g. frame.columns = frame.columns.map(str)",
    )


def make_label(plain: Any) -> Hashable:
    """Undo `read_label`."""
    return tuple(make_label(part) for part in plain["tuple"]) if isinstance(plain, dict) else plain


def _range(index: Any) -> dict[str, Plain]:
    return {"kind": "range", "range": [index.start, index.stop, index.step], "name": read_label(index.name)}


def _name_and_freq(index: Any) -> dict[str, Plain]:
    freq = getattr(index, "freq", None)
    described: dict[str, Plain] = {"name": read_label(index.name)}
    if freq is None or isinstance(index, pd.PeriodIndex):
        return described
    if _offset(freq.freqstr) != freq:
        raise UnsupportedDataError(
            f"the index has the frequency {freq!r}, which its name {freq.freqstr!r} does not tell",
            hint="clear it first: frame.index.freq = None",
        )
    return {**described, "freq": freq.freqstr}


def _offset(name: str) -> Any:
    try:
        return pd.tseries.frequencies.to_offset(name)
    except ValueError:
        return None


def _make_flat(described: dict[str, Any], found: Any) -> Any:
    values = make_values(described["dtype"], found)
    index = pd.Index(values, dtype=values.dtype, name=make_label(described["name"]))
    if freq := described.get("freq"):
        index.freq = freq
    return index


def _plain_arrays(values: Any) -> list[Any]:
    if not pa.types.is_dictionary(values.type):
        return [whole(values, values.type)]
    chunk = values.chunk(0)
    return [chunk.indices.cast(pa.int32()), whole(pa.chunked_array([chunk.dictionary]), values.type.value_type)]


def _digest(values: Any) -> str:
    return digest_of(lay_bare(values), 0, len(values))


def _shown_name(name: Hashable, fallback: str) -> str:
    return fallback if name is None else str(name)
