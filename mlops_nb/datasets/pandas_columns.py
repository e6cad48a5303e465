"""One pandas array (of a column, an index, categories) to Arrow and back, with its dtype written down.

A dtype is kept as a plain description next to the values, because Arrow cannot tell `object` from `str`, NaN from None
or `Int64` from `int64`. What is cheap to be sure of (numbers, times, masked and Arrow-backed arrays) is taken by rule;
objects and other people's extension arrays are converted back at once and compared, before anything is stored.

Called by `pandas_frames` and `pandas_axes` only, thus only where pandas is loaded or has to be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_nb.datasets.frames import check_storable, refusal
from mlops_nb.datasets.pandas_objects import make_objects, read_objects
from mlops_nb.errors import UnsupportedDataError
from mlops_nb.records.values import Plain

_CERTAIN = (pd.DatetimeTZDtype, pd.PeriodDtype, pd.StringDtype, pd.ArrowDtype)


def read_values(values: Any, name: str) -> tuple[dict[str, Plain], Any]:
    """Read one array.

    Args:
        values: What `.array` of a Series or an Index gives.
        name: Of the column, for messages.

    Returns:
        The description of the dtype, and the values as a `pyarrow.ChunkedArray`.

    Raises:
        UnsupportedDataError: It could not come back equal.
    """
    if type(values) is pd.arrays.NumpyExtensionArray:  # a subclass is an array of texts
        values = values.to_numpy()
    dtype = values.dtype
    try:
        if isinstance(dtype, pd.CategoricalDtype):
            described, found = _read_categories(values, name)
        elif isinstance(dtype, np.dtype):
            described, found = _read_numpy(np.asarray(values), name)
        else:
            described, found = _read_extension(values, name)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, NotImplementedError) as fault:
        if isinstance(fault, UnsupportedDataError):
            raise
        raise _refusal(values, name, f"Arrow cannot hold it ({fault})") from fault
    check_storable(name, str(dtype), found)
    return described, found


def make_values(described: dict[str, Any], found: Any) -> Any:
    """Undo `read_values`: a numpy array or a pandas extension array, writable."""
    kind = described["kind"]
    if kind == "object":
        return make_objects(described, found)
    if kind == "category":
        return _make_categories(described, found)
    if kind == "arrow":
        arrow_dtype: Any = pd.ArrowDtype(found.type)
        return arrow_dtype.__from_arrow__(found)
    if kind == "numpy":
        return _writable(found.to_numpy()).astype(np.dtype(described["dtype"]), copy=False)
    dtype = make_dtype(described)
    values = dtype.__from_arrow__(found)
    # Only here does pandas keep Arrow's memory, which is read-only.
    return values.copy() if isinstance(dtype, pd.DatetimeTZDtype) else values


def make_dtype(described: dict[str, Any]) -> Any:
    """The dtype that a description (not of categories) stands for."""
    if described["kind"] == "string":
        if described["missing"] == "nan":
            return pd.StringDtype(described["storage"], na_value=np.nan)
        return pd.StringDtype(described["storage"])
    return np.dtype(object) if described["kind"] == "object" else pd.api.types.pandas_dtype(described["dtype"])


def _read_numpy(values: Any, name: str) -> tuple[dict[str, Plain], Any]:
    dtype = values.dtype
    if dtype.kind == "O":
        return read_objects(values, name)
    if dtype.kind not in "biufmM" or dtype.itemsize > 8:
        raise _refusal(values, name, "Arrow has no such numbers")
    native = values.astype(dtype.newbyteorder("="), copy=False)
    # NaN stays a value: only then is a column of floats read without a copy, and NaN kept apart from null.
    return {"kind": "numpy", "dtype": dtype.str}, _chunked(pa.array(native, from_pandas=False))


def _read_categories(values: Any, name: str) -> tuple[dict[str, Plain], Any]:
    described, categories = read_values(values.categories.array, f"{name} (its categories)")
    codes = np.asarray(values.codes)
    whole = categories.chunk(0) if categories.num_chunks == 1 else pa.concat_arrays(categories.chunks)
    found = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), whole, ordered=bool(values.ordered))
    return {"kind": "category", "ordered": bool(values.ordered), "categories": described}, _chunked(found)


def _make_categories(described: dict[str, Any], found: Any) -> Any:
    values = make_values(described["categories"], pa.chunked_array([found.chunk(0).dictionary]))
    categories = pd.Index(values, dtype=values.dtype, copy=False)
    dtype = pd.CategoricalDtype(categories, ordered=described["ordered"])
    return pd.Categorical.from_codes(_writable(codes_of(found)), dtype=dtype)


def codes_of(found: Any) -> Any:
    """The codes of a chunked dictionary array as numpy integers, -1 for null."""
    return pa.chunked_array([chunk.indices.fill_null(-1) for chunk in found.chunks]).to_numpy()


def _read_extension(values: Any, name: str) -> tuple[dict[str, Plain], Any]:
    dtype = values.dtype
    if isinstance(dtype, pd.SparseDtype) or not hasattr(dtype, "__from_arrow__"):
        raise _refusal(values, name, "this kind of array has no way back from Arrow")
    if isinstance(dtype, pd.StringDtype):
        missing = "nan" if isinstance(getattr(dtype, "na_value", pd.NA), float) else "NA"
        described = {"kind": "string", "dtype": str(dtype), "storage": dtype.storage, "missing": missing}
    elif isinstance(dtype, pd.ArrowDtype):
        described = {"kind": "arrow", "dtype": str(dtype)}
    else:
        described = {"kind": "extension", "dtype": str(dtype)}
        _check_dtype(described, values, name)
    found = _chunked(pa.array(values))
    if isinstance(found.type, pa.ExtensionType) and not isinstance(dtype, pd.ArrowDtype):
        found = pa.chunked_array([chunk.storage for chunk in found.chunks], found.type.storage_type)
    if not isinstance(dtype, _CERTAIN) and not _is_masked(dtype):
        _check_values(described, values, found, name)
    return described, found


def _is_masked(dtype: Any) -> bool:
    return str(dtype) in {"boolean", "Float32", "Float64"} or str(dtype).lstrip("U") in {
        "Int8",
        "Int16",
        "Int32",
        "Int64",
    }


def _check_dtype(described: dict[str, Any], values: Any, name: str) -> None:
    try:
        same = make_dtype(described) == values.dtype
    except (TypeError, ValueError, LookupError):
        same = False
    if not same:
        raise _refusal(values, name, "its dtype cannot be told from its name")


def _check_values(described: dict[str, Any], values: Any, found: Any, name: str) -> None:
    try:
        back = make_values(described, found)
        pd.testing.assert_extension_array_equal(back, values, check_exact=True)
    except (AssertionError, TypeError, ValueError) as fault:
        raise _refusal(values, name, "its values would come back changed") from fault


def _chunked(found: Any) -> Any:
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _writable(values: Any) -> Any:
    """Arrow's memory is read-only; a user's frame must not be."""
    return values if values.flags.writeable else values.copy()


def _refusal(values: Any, name: str, why: str) -> UnsupportedDataError:
    example = next((value for value in values[:1000] if value is not None), None)
    return refusal(name, str(values.dtype), example, why, "convert the column with .astype(...), or drop it")
