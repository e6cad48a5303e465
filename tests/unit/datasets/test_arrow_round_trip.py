"""Arrow types, polars frames and streams come back as they were; what only differs in layout has the same digest."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from mlops_nb.datasets import restore, take
from mlops_nb.errors import UnsupportedDataError
from mlops_nb.records.wire import decode_manifest, encode

TYPES = {
    "null": pa.nulls(3),
    "bool": pa.array([True, None, False]),
    "float16": pa.array(np.array([1, 2, 3], np.float16)),
    "string": pa.array(["a", None, ""]),
    "string view": pa.array(["a", None, "c" * 30], pa.string_view()),
    "binary view": pa.array([b"a", None, b"c" * 30], pa.binary_view()),
    "fixed binary": pa.array([b"abc", None, b"xyz"], pa.binary(3)),
    "date32": pa.array([1, None, 3], pa.date32()),
    "date64": pa.array([86400000, None, 0], pa.date64()),
    "time32": pa.array([1, None, 3], pa.time32("s")),
    "time64": pa.array([1, None, 3], pa.time64("ns")),
    "timestamp out of Parquet's range": pa.array([1, None, 2**60], pa.timestamp("s", "UTC")),
    "duration": pa.array([1, None, 3], pa.duration("ms")),
    "calendar interval": pa.array([pa.MonthDayNano([1, 2, 3]), None, None]),
    "decimal128": pa.array([Decimal("1.1"), None, Decimal("-3.0")], pa.decimal128(5, 2)),
    "decimal256": pa.array([Decimal("1.1"), None, Decimal("-3.0")], pa.decimal256(50, 2)),
    "list": pa.array([["a", None], None, []]),
    "large list of dates": pa.array([[dt.date(2020, 1, 1)], None, []], pa.large_list(pa.date32())),
    "fixed list": pa.array([[1, 2], None, [3, None]], pa.list_(pa.int8(), 2)),
    "struct": pa.array([{"a": 1, "b": {"c": "x"}}, None, {"a": None, "b": None}]),
    "struct with names that repeat": pa.StructArray.from_arrays(
        [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])], names=["x", "x"]
    ),
    "map": pa.array([[("a", 1)], None, [("b", None), ("c", 2)]], pa.map_(pa.string(), pa.int64())),
    "nested thrice": pa.array([[{"a": [1, 2]}], None, [None, {"a": None}]]),
    "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
    "dictionary of times": pa.array([1, None, 1], pa.timestamp("ms")).dictionary_encode(),
    "extension": pa.array([b"0" * 16, None, b"1" * 16], pa.uuid()),
}


def digest_of(table: pa.Table, pieces) -> str:
    return take(table, pieces).manifest.digest


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("cut", [slice(0, 3), slice(1, 3), slice(0, 0)])
def test_a_type_comes_back_exactly(name, cut, pieces):
    table = pa.table({"v": TYPES[name][cut]}).replace_schema_metadata({"by": "me"})
    manifest = decode_manifest(encode(take(table, pieces).manifest))
    back = restore(manifest, pieces)
    back.validate(full=True)
    assert back.schema.equals(table.schema, check_metadata=True)
    assert back.equals(table)
    assert digest_of(back, pieces) == manifest.digest


def test_a_table_without_columns_keeps_its_rows(pieces):
    table = pa.table({"a": [1, 2]}).select([])
    assert restore(take(table, pieces).manifest, pieces).num_rows == 2


@pytest.mark.parametrize(
    "array",
    [
        pa.array([["a"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        pa.array([[1]], pa.list_view(pa.int64())),
        pa.array([{}], pa.struct([])),
        pa.RunEndEncodedArray.from_arrays([2], [1]),
    ],
)
def test_types_without_a_way_back_are_refused(array, pieces):
    with pytest.raises(UnsupportedDataError, match=r"'bad'.*for example"):
        take(pa.table({"good": [1] * len(array), "bad": array}), pieces)
    assert not pieces.packs


def test_layout_does_not_show_in_the_digest(pieces):
    table = pa.table({"s": ["a", None, "bc", "d"], "n": [1, 2, None, 4], "b": [True, None, False, True]})
    digest = digest_of(table, pieces)
    assert digest_of(pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3)]), pieces) == digest
    assert digest_of(pa.concat_tables([table, table]).slice(4), pieces) == digest
    batches = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=1))
    assert digest_of(batches, pieces) == digest


def test_garbage_behind_a_null_does_not_show_in_the_digest(pieces):
    valid = pa.array([True, False, True]).buffers()[1]

    def table(hidden: int) -> pa.Table:
        numbers = pa.Array.from_buffers(pa.int64(), 3, [valid, pa.py_buffer(np.array([1, hidden, 3]))])
        ends = pa.py_buffer(np.array([0, 1, 1 + hidden, 2 + hidden], np.int32))
        texts = pa.Array.from_buffers(pa.string(), 3, [valid, ends, pa.py_buffer(b"a" + b"?" * hidden + b"c")])
        return pa.table(
            {
                "n": numbers,
                "s": texts,
                "l": pa.ListArray.from_buffers(pa.list_(pa.int64()), 3, [valid, ends], children=[pa.array(range(9))]),
            }
        )

    assert digest_of(table(0).select(["n", "s"]), pieces) == digest_of(table(2).select(["n", "s"]), pieces)
    assert restore(take(table(2), pieces).manifest, pieces).to_pylist() == table(2).to_pylist()


def test_widths_of_texts_share_segments_but_are_other_tables(pieces):
    narrow = pa.table({"s": ["a", "b"]})
    wide = narrow.cast(pa.schema([("s", pa.large_string())]))
    first, second = take(narrow, pieces), take(wide, pieces)
    assert second.stored_bytes == 0
    assert first.manifest.digest != second.manifest.digest
    assert restore(second.manifest, pieces).equals(wide)


def test_what_pandas_notes_about_itself_does_not_show_in_the_digest(pieces):
    def table(version: str) -> pa.Table:
        facts = {"columns": [], "pandas_version": version, "creator": {"library": "pyarrow", "version": version}}
        return pa.table({"a": [1]}).replace_schema_metadata({"pandas": json.dumps(facts)})

    assert digest_of(table("2.2"), pieces) == digest_of(table("3.1"), pieces)
    assert digest_of(table("2.2").replace_schema_metadata({"mine": "x"}), pieces) != digest_of(table("2.2"), pieces)


def test_whoever_streams_arrow_comes_back_as_a_table(pieces):
    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.table({"a": [1, 2]}).__arrow_c_stream__(requested_schema)

    assert restore(take(Stream(), pieces).manifest, pieces).equals(pa.table({"a": [1, 2]}))
    assert restore(take(pa.record_batch({"a": [1]}), pieces).manifest, pieces).equals(pa.table({"a": [1]}))
    with pytest.raises(UnsupportedDataError, match="no table"):
        take(pa.chunked_array([[1, 2]]), pieces)


def test_a_polars_frame_comes_back_as_one(pieces):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "n": [1, None],
            "s": ["x", None],
            "c": pl.Series(["a", "b"], dtype=pl.Categorical),
            "e": pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"])),
            "d": [dt.date(2020, 1, 1), None],
            "l": [[1], None],
            "st": [{"a": 1}, {"a": 2}],
            "t": pl.Series([dt.datetime(2020, 1, 1)] * 2, dtype=pl.Datetime("us", "UTC")),  # noqa: DTZ001 - polars adds it
            "z": [None, None],
        }
    )
    for one in (frame, frame.slice(1), frame.clear(), pl.DataFrame()):
        back = restore(take(one, pieces).manifest, pieces)
        assert isinstance(back, pl.DataFrame)
        assert back.schema == one.schema
        assert back.equals(one)
    with pytest.raises(UnsupportedDataError, match="'o'"):
        take(pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), pieces)
    with pytest.raises(UnsupportedDataError, match="collect"):
        take(frame.lazy(), pieces)
