"""Every kind of pandas frame comes back equal, writable, and with the same digest; what cannot is refused untouched."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from mlops_nb.datasets import restore, take
from mlops_nb.errors import NotFoundError, UnsupportedDataError
from mlops_nb.records.wire import decode_manifest, encode

DAYS = pd.date_range("2020", periods=2)
PAIRS = pd.MultiIndex.from_product([["a", "b"], DAYS], names=["k", None])


def objects(*values: object) -> pd.Series:
    return pd.Series(list(values), dtype=object)


def with_attrs(attrs: dict) -> pd.DataFrame:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = attrs
    return frame


FRAMES = {
    "nothing": pd.DataFrame(),
    "no columns": pd.DataFrame(index=[3, 4]),
    "no rows": pd.DataFrame(
        {"i": pd.Series([], dtype="int64"), "s": pd.Series([], dtype="str"), "c": pd.Categorical([]), "o": objects()}
    ),
    "one row": pd.DataFrame({"a": [1], "b": ["x"]}),
    "numbers": pd.DataFrame(
        {t: np.arange(3).astype(t) for t in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?"]}
    ),
    "special floats": pd.DataFrame({"a": [1.5, np.nan, -0.0, np.inf]}),
    "big endian": pd.DataFrame({"a": np.array([1, 2], ">i4"), "b": np.array([1, 2], ">f8")}),
    "times": pd.DataFrame(
        {u: pd.Series(["2020-01-01", None], dtype=f"datetime64[{u}]") for u in ["s", "ms", "us", "ns"]}
    ),
    "far times": pd.DataFrame({"a": np.array(["9999-12-31", "0001-01-01"], "M8[s]")}),
    "spans": pd.DataFrame({"a": pd.to_timedelta([1, None], unit="h"), "b": pd.Series([1, 2], dtype="timedelta64[s]")}),
    "zones": pd.DataFrame(
        {
            "a": pd.date_range("2020", periods=2, tz="Europe/Berlin"),
            "b": pd.date_range("2020", periods=2, tz="UTC"),
            "c": pd.date_range("2020", periods=2, tz=dt.timezone(dt.timedelta(hours=1))),
        }
    ),
    "categories": pd.DataFrame(
        {
            "a": pd.Categorical(["x", None, "y"], categories=["y", "z", "x"], ordered=True),
            "b": pd.Categorical([1, 2, 1]),
            "c": pd.Categorical(pd.to_datetime(["2020", "2021", "2020"])),
            "d": pd.cut(pd.Series([1, 2, 3.0]), 2),
            "e": pd.Categorical([None, None, None]),
        }
    ),
    "masked": pd.DataFrame(
        {
            "a": pd.array([1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "c": pd.array([1.5, None], dtype="Float32"),
            "d": pd.array([1, None], dtype="UInt8"),
        }
    ),
    "texts": pd.DataFrame(
        {
            "a": pd.array(["x", None], dtype="str"),
            "b": pd.array(["x", None], dtype="string"),
            "c": pd.array(["x", None], dtype="string[python]"),
            "d": pd.array(["x", None], dtype="string[pyarrow]"),
        }
    ),
    "arrow": pd.DataFrame(
        {
            "a": pd.array([1, None], dtype="int64[pyarrow]"),
            "b": pd.array([["x"], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
            "c": pd.array(["a", None], dtype=pd.ArrowDtype(pa.string())),
            "d": pd.array([decimal.Decimal("1.10"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
            "e": pd.array(["a", "b"], dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
            "f": pd.array([dt.datetime(2020, 1, 1), None], dtype=pd.ArrowDtype(pa.timestamp("us", "UTC"))),  # noqa: DTZ001 - pandas adds it
        }
    ),
    "objects": pd.DataFrame(
        {
            "text": objects("x", None),
            "nan": objects("x", np.nan),
            "NA": objects("x", pd.NA),
            "bytes": objects(b"x", None),
            "decimal": objects(decimal.Decimal("1.1"), None),
            "date": objects(dt.date(2020, 1, 1), None),
            "time": objects(dt.time(1, 2), dt.time(3, 4, 5, 6)),
            "bool": objects(True, None),
            "int": objects(1, None),
            "list": objects([1, 2], None),
            "dict": objects({"a": 1}, {"a": 2}),
            "array": objects(np.array([1.0, 2]), np.array([3.0])),
            "matrix": objects(np.array([1.0, 2]), np.array([3.0, 4])),
            "none": objects(None, None),
            "nans": objects(np.nan, np.nan),
        }
    ),
    "periods": pd.DataFrame(
        {
            "p": pd.period_range("2020", periods=3, freq="M"),
            "i": pd.interval_range(0, 3),
            "z": pd.interval_range(pd.Timestamp("2020", tz="UTC"), periods=3),
            "n": pd.arrays.IntervalArray.from_tuples([(0.0, 1.0), None, (1.0, 2.0)], closed="left"),
        }
    ),
    "index of times": pd.DataFrame(
        {"a": [1, 2]}, index=pd.date_range("2020", periods=2, freq="h", tz="Asia/Tokyo", name="t")
    ),
    "index of spans": pd.DataFrame({"a": [1, 2]}, index=pd.timedelta_range("1h", periods=2)),
    "index of periods": pd.DataFrame({"a": [1, 2]}, index=pd.period_range("2020", periods=2, freq="Q")),
    "index of intervals": pd.DataFrame({"a": [1, 2]}, index=pd.interval_range(0, 2)),
    "index of categories": pd.DataFrame({"a": [1, 2]}, index=pd.CategoricalIndex(["b", "a"], name="c")),
    "index of texts": pd.DataFrame({"a": [1, 2]}, index=["x", "x"]),
    "index of objects": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], dtype=object, name=("t", 1))),
    "multi index": pd.DataFrame({"a": range(4)}, index=PAIRS),
    "multi index with gaps": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1.0), (None, 2.0)])),
    "range": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 1, -2, name="r")),
    "names that repeat": pd.DataFrame([[1, "x"], [2, "y"]], columns=["a", "a"]),
    "numbered": pd.DataFrame(np.eye(2)),
    "names of two kinds": pd.DataFrame([[1, 2]], columns=["a", 1]),
    "names that are objects": pd.DataFrame([[1]], columns=pd.Index(["a"], dtype=object, name="n")),
    "names that are floats": pd.DataFrame([[1, 2]], columns=[1.5, np.nan]),
    "names that are days": pd.DataFrame(np.eye(2), columns=DAYS),
    "names that are categories": pd.DataFrame(np.eye(2), columns=pd.CategoricalIndex(["a", "b"])),
    "names that are intervals": pd.DataFrame(np.eye(2), columns=pd.interval_range(0, 2)),
    "names in levels": pd.DataFrame(np.eye(4), columns=PAIRS),
    "attrs": with_attrs({"x": [1, {"y": None}]}),
    "flags": pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_equal(name, pieces):
    frame = FRAMES[name]
    taken = take(frame, pieces)
    manifest = decode_manifest(encode(taken.manifest))
    back = restore(manifest, pieces)
    assert_frame_equal(back, frame, check_freq=True, check_exact=True)
    assert back.attrs == frame.attrs
    again = take(back, pieces)
    assert again.manifest == manifest
    assert again.stored_bytes == 0


@pytest.mark.parametrize("name", ["numbers", "times", "zones", "categories", "masked", "objects", "texts"])
def test_what_comes_back_can_be_written_to(name, pieces):
    back = restore(take(FRAMES[name], pieces).manifest, pieces)
    for position in range(back.shape[1]):
        values = back.iloc[:, position].array
        if not isinstance(values[0], (list, np.ndarray)):
            values[0] = values[1]


REFUSED = {
    "complex": (pd.DataFrame({"bad": [1j]}), "1j"),
    "long double": (pd.DataFrame({"bad": np.array([1], np.longdouble)}), "float128"),
    "two types": (pd.DataFrame({"bad": [1, 2, "x"]}), "'x'"),
    "number and float": (pd.DataFrame({"bad": objects(1, 2.5)}), "1"),
    "sparse": (pd.DataFrame({"bad": pd.arrays.SparseArray([0, 1])}), "Sparse"),
    "tuples": (pd.DataFrame({"bad": [(1, 2)]}), "(1, 2)"),
    "several kinds of missing": (pd.DataFrame({"bad": objects("x", None, np.nan)}), "None"),
    "dicts of two shapes": (pd.DataFrame({"bad": [{"a": 1}, {"b": 1}]}), "{'a': 1}"),
    "any object": (pd.DataFrame({"bad": [object()]}), "<object object"),
    "timestamps as objects": (pd.DataFrame({"bad": objects(pd.Timestamp("2020"))}), "Timestamp"),
    "half a character": (pd.DataFrame({"bad": objects("\ud800")}), "ud800"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_come_back_is_refused_before_anything_is_stored(name, pieces):
    bad, example = REFUSED[name]
    frame = pd.DataFrame({"good": range(len(bad))}).join(bad)
    with pytest.raises(UnsupportedDataError) as caught:
        take(frame, pieces)
    assert "'bad'" in caught.value.message
    assert str(frame["bad"].dtype) in caught.value.message
    assert example in caught.value.message
    assert caught.value.hint
    assert not pieces.packs


@pytest.mark.parametrize("attrs", [{"x": (1,)}, {"x": {1: 2}}, {1: "x"}, {"x": float("nan")}, {"x": object()}])
def test_attrs_that_json_would_change_are_refused(attrs, pieces):
    with pytest.raises(UnsupportedDataError, match="attrs"):
        take(with_attrs(attrs), pieces)
    assert not pieces.packs


def test_a_frequency_that_its_name_does_not_tell_is_refused(pieces):
    offset = pd.offsets.CustomBusinessDay(holidays=["2020-01-03"])
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020-01-01", periods=2, freq=offset))
    with pytest.raises(UnsupportedDataError, match=r"freq = None"):
        take(frame, pieces)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (pd.Series([1]), "to_frame"),
        (np.eye(2), "pd.DataFrame"),
        ([1, 2], "first"),
        (type("Sub", (pd.DataFrame,), {})({"a": [1]}), "pd.DataFrame"),
    ],
)
def test_other_things_are_refused_with_a_hint(data, hint, pieces):
    with pytest.raises(UnsupportedDataError, match=r"pyarrow\.Table") as caught:
        take(data, pieces)
    assert hint in caught.value.hint


def test_chosen_columns_come_in_the_order_asked_for_with_the_index(pieces):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, 2.5]}, index=pd.Index(["r", "s"], name="i"))
    manifest = take(frame, pieces).manifest
    assert_frame_equal(restore(manifest, pieces, ["c", "a"]), frame[["c", "a"]])
    assert_frame_equal(restore(manifest, pieces, []), frame[[]])
    with pytest.raises(NotFoundError, match="column named 'cc'"):
        restore(manifest, pieces, ["cc"])
    with pytest.raises(NotFoundError):
        restore(manifest, pieces, ["i"])


def test_the_manifest_shows_types_as_pandas_does_and_marks_the_index(pieces):
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}, index=pd.Index([1.5, 2.5], name="i"))
    manifest = take(frame, pieces).manifest
    assert [(c.name, c.type, c.nulls, c.index) for c in manifest.columns] == [
        ("a", "Int64", 1, False),
        ("i", "float64", 0, True),
    ]
    assert (manifest.rows, manifest.logical_bytes) == (2, 32)


DIFFERENT = {
    "a value": lambda f: f.assign(a=[1, 3]),
    "a type": lambda f: f.assign(a=f["a"].astype("int32")),
    "missing for NaN": lambda f: f.assign(b=pd.array([None, 2.0], dtype="Float64")),
    "the sign of zero": lambda f: f.assign(z=[-0.0, 1.0]),
    "a column's name": lambda f: f.rename(columns={"a": "A"}),
    "the columns' order": lambda f: f[["b", "a", "z", "c"]],
    "the index": lambda f: f.set_axis([5, 6]),
    "the index's name": lambda f: f.rename_axis("i"),
    "the labels' name": lambda f: f.rename_axis("i", axis=1),
    "the order of categories": lambda f: f.assign(c=f["c"].cat.reorder_categories(["y", "x"])),
    "an unused category": lambda f: f.assign(c=f["c"].cat.add_categories(["w"])),
    "ordered": lambda f: f.assign(c=f["c"].cat.as_ordered()),
    "object for str": lambda f: f.assign(c=f["c"].astype(object)),
    "attrs": lambda f: f.assign().__finalize__(with_attrs({"x": 1})),
    "fewer rows": lambda f: f.iloc[:1],
}


@pytest.mark.parametrize("change", DIFFERENT)
def test_any_difference_shows_in_the_digest(change, pieces):
    frame = pd.DataFrame({"a": [1, 2], "b": [np.nan, 2.0], "z": [0.0, 1.0], "c": pd.Categorical(["x", "y"])})
    assert take(DIFFERENT[change](frame), pieces).manifest.digest != take(frame, pieces).manifest.digest


def test_memory_layout_does_not_show_in_the_digest(pieces):
    frame = pd.DataFrame(np.arange(24.0).reshape(8, 3), columns=list("abc")).assign(d=list("stuvwxyz"))
    digest = take(frame, pieces).manifest.digest
    rows = pd.concat([frame, frame])
    turned = pd.DataFrame({name: frame[name].to_numpy()[::-1].copy()[::-1] for name in frame})
    for other in (frame.copy(), rows.iloc[8:].reset_index(drop=True), rows.iloc[:8], turned):
        same = other.set_axis(pd.RangeIndex(8))
        assert_frame_equal(same, frame)
        assert take(same, pieces).manifest.digest == digest


def test_unused_levels_do_not_show_in_the_digest(pieces):
    frame = pd.DataFrame({"a": range(4)}, index=PAIRS)
    some = frame.loc[["b"]]
    fresh = pd.DataFrame({"a": [2, 3]}, index=pd.MultiIndex.from_product([["b"], DAYS], names=["k", None]))
    assert_frame_equal(some, fresh)
    assert take(some, pieces).manifest.digest == take(fresh, pieces).manifest.digest
