"""Columns of dtype `object`: whatever Python values Arrow can hold so that they come back the same.

Texts and bytes are recognised by pandas in C; everything else is converted back at once and compared value by value,
types included. All missing values of a column must be of one kind (None, NaN, NA or NaT), which is then written down.

Called by `pandas_columns` only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.types as pat

from mlops_nb.datasets.frames import refusal
from mlops_nb.errors import UnsupportedDataError
from mlops_nb.records.values import Plain

_MISSING: dict[str, Any] = {"None": None, "nan": np.nan, "NA": pd.NA, "NaT": pd.NaT}
_KIND_OF = {type(None): "None", float: "nan", np.float64: "nan", type(pd.NA): "NA", type(pd.NaT): "NaT"}


def read_objects(values: Any, name: str) -> tuple[dict[str, Plain], Any]:
    """Read a numpy array of objects. See `pandas_columns.read_values`."""
    gone = np.asarray(pd.isna(values), dtype=bool)
    missing = _kind_of_missing(values[gone], name)
    if missing != "None":
        values = values.copy()
        values[gone] = None
    present = values[~gone]
    described: dict[str, Plain] = {"kind": "object", "dtype": "object", "missing": missing}
    if len(present) and isinstance(present[0], np.ndarray):
        described["cells"] = "ndarray"
    try:
        found = pa.array(values, from_pandas=False)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as fault:
        raise _refusal(name, _culprit(present), f"Arrow cannot hold such values together ({fault})") from fault
    found = found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])
    if pd.api.types.infer_dtype(present, skipna=False) not in {"string", "bytes", "empty"}:
        _check(described, found, gone, present, name)
    return described, found


def make_objects(described: dict[str, Any], found: Any) -> Any:
    """Undo `read_objects`: a numpy array of objects."""
    kind = found.type
    if pat.is_string(kind) or pat.is_large_string(kind) or pat.is_binary(kind) or described.get("cells") == "ndarray":
        values = np.empty(len(found), object)
        start = 0
        for chunk in found.chunks:
            # Assigned item by item: numpy would make one matrix of cells of equal length.
            cells = chunk.to_numpy(zero_copy_only=False)
            for place in range(len(cells)) if described.get("cells") else ():
                values[start + place] = cells[place]
            if not described.get("cells"):
                values[start : start + len(cells)] = cells
            start += len(cells)
    else:
        values = np.empty(len(found), object)
        for place, value in enumerate(found.to_pylist()):
            values[place] = value
    if described["missing"] != "None" and found.null_count:
        gone = np.concatenate([chunk.is_null().to_numpy(zero_copy_only=False) for chunk in found.chunks])
        values[gone] = _MISSING[described["missing"]]
    return values


def _kind_of_missing(missing: Any, name: str) -> str:
    kinds = set(map(type, missing))
    if not kinds:
        return "None"
    if len(kinds) == 1 and (kind := _KIND_OF.get(kinds.pop())) is not None:
        return kind
    raise refusal(
        name,
        "object",
        sorted({repr(value) for value in missing[:1000]}),
        "its missing values are of several kinds",
        f"make them one kind: frame[{name!r}] = frame[{name!r}].where(frame[{name!r}].notna(), None)",
    )


def _check(described: dict[str, Any], found: Any, gone: Any, present: Any, name: str) -> None:
    try:
        back = make_objects(described, found)[~gone]
    except (pa.ArrowException, ValueError, OverflowError) as fault:
        raise _refusal(name, _culprit(present), f"Arrow cannot give it back ({fault})") from fault
    for value, again in zip(present, back, strict=True):
        if not _same(value, again):
            raise _refusal(name, value, f"it would come back as {again!r:.60}")


def _same(value: Any, again: Any) -> bool:
    if type(value) is not type(again):
        return False
    if isinstance(value, np.ndarray):
        return value.dtype == again.dtype and value.ndim == 1 and value.tobytes() == again.tobytes()
    if isinstance(value, list):
        return len(value) == len(again) and all(map(_same, value, again))
    if isinstance(value, dict):
        return list(value) == list(again) and all(_same(value[key], again[key]) for key in value)
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN is the value that differs from itself
        return bool(again != again)  # noqa: PLR0124 - as above
    # A time zone or a decimal's digits may get lost between equal values; their text shows it.
    return bool(value == again) and str(value) == str(again)


def _culprit(present: Any) -> object:
    """The first value whose type is not that of most; the first one if they are all alike."""
    if not len(present):
        return None
    kinds = list(map(type, present[:1000]))
    usual = max(set(kinds), key=kinds.count)
    return next((value for value in present if type(value) is not usual), present[0])


def _refusal(name: str, example: object, why: str) -> UnsupportedDataError:
    return refusal(
        name,
        "object",
        example,
        why,
        "give the column one type: .astype(str), pd.to_numeric(...) or pd.to_datetime(...)",
    )
