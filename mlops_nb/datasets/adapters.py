"""Which library a user's object belongs to, found without importing any.

Called by `taking` and `restoring` only.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from mlops_nb import _lazy
from mlops_nb.datasets import arrow_tables
from mlops_nb.datasets.frames import Frame, Restored
from mlops_nb.errors import StoreTooNewError, UnsupportedDataError

_SUPPORTED = "a pandas.DataFrame, a pyarrow.Table, a polars.DataFrame or anything with __arrow_c_stream__"


def read(data: object) -> Frame:
    """Read a user's object.

    Raises:
        UnsupportedDataError: It is none that can be read, or part of it could not come back equal.
    """
    if (pandas := _lazy.loaded("pandas")) is not None and isinstance(data, (pandas.DataFrame, pandas.Series)):
        if type(data) is not pandas.DataFrame:
            raise _refusal(data, "write .to_frame()" if isinstance(data, pandas.Series) else "write pd.DataFrame(...)")
        from mlops_nb.datasets import pandas_frames

        return pandas_frames.read_pandas(data)
    if isinstance(data, pa.Table):
        return arrow_tables.read_table(data, "pyarrow.Table")
    if (polars := _lazy.loaded("polars")) is not None and isinstance(
        data, (polars.DataFrame, polars.Series, polars.LazyFrame)
    ):
        if isinstance(data, polars.DataFrame):
            return arrow_tables.read_polars(data)
        raise _refusal(data, "write .collect()" if isinstance(data, polars.LazyFrame) else "write .to_frame()")
    if (numpy := _lazy.loaded("numpy")) is not None and isinstance(data, numpy.ndarray):
        raise _refusal(data, "write pd.DataFrame(array)")
    if not hasattr(data, "__arrow_c_stream__"):
        raise _refusal(data, "make it one of these first")
    try:
        table = pa.table(data)
    except (pa.ArrowException, TypeError, ValueError) as fault:
        raise _refusal(data, f"its Arrow stream is no table: {fault}") from fault
    return arrow_tables.read_table(table, "pyarrow.Table")


def give(python_type: str, restored: Restored) -> Any:
    """Make the object that was handed in from what was stored.

    Raises:
        StoreTooNewError: The type is one that only a newer version knows.
    """
    if python_type == "pandas.DataFrame":
        from mlops_nb.datasets import pandas_frames

        return pandas_frames.make_pandas(restored)
    if python_type == "polars.DataFrame":
        return arrow_tables.make_polars(restored)
    if python_type == "pyarrow.Table":
        return arrow_tables.make_table(restored)
    raise StoreTooNewError(
        f"this snapshot holds a {python_type!r}, which this version cannot give back", hint="upgrade mlops-nb"
    )


def _refusal(data: object, hint: str) -> UnsupportedDataError:
    kind = type(data)
    return UnsupportedDataError(f"a {kind.__module__}.{kind.__qualname__} is not {_SUPPORTED}", hint=hint)
