"""Exports are whole, readable by others, and never replace a file unasked."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
from pandas.testing import assert_frame_equal

from mlops_nb.datasets import export, take
from mlops_nb.errors import ConflictError, UnsupportedDataError, UsageError

FRAME = pd.DataFrame(
    {"n": [1, 2], "s": ["a", 'b,"c"'], "c": pd.Categorical(["x", "y"]), "t": pd.to_datetime(["2020-01-01", None])},
    index=pd.Index([7, 8], name="id"),
)


def test_parquet_and_feather_keep_everything(tmp_path):
    assert_frame_equal(pd.read_parquet(export(FRAME, tmp_path / "a.parquet")), FRAME)
    assert_frame_equal(pd.read_feather(export(FRAME, tmp_path / "a.feather")), FRAME)


def test_csv_and_json_hold_the_rows_and_an_index_that_means_something(tmp_path):
    assert pd.read_csv(export(FRAME, tmp_path / "a.CSV")).columns.tolist() == ["id", "n", "s", "c", "t"]
    rows = json.loads(export(FRAME, tmp_path / "a.json").read_text())
    assert rows[1] == {"id": 8, "n": 2, "s": 'b,"c"', "c": "y", "t": None}
    lines = export(FRAME.reset_index(drop=True), tmp_path / "a.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"n": 1, "s": "a", "c": "x", "t": "2020-01-01T00:00:00"}
    spans = pd.DataFrame({"t": FRAME["t"].astype("datetime64[ns]").array, "d": pd.to_timedelta([1, None])})
    lines = export(spans, tmp_path / "b.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"t": "2020-01-01T00:00:00", "d": "P0DT0H0M0.000000001S"}
    assert json.loads(export(pa.table({"a": pa.array([], pa.int8())}), tmp_path / "b.json").read_text()) == []


def test_a_snapshot_is_exported_from_its_manifest(tmp_path, pieces):
    manifest = take(FRAME, pieces).manifest
    assert_frame_equal(pd.read_parquet(export(manifest, tmp_path / "a.parquet", pieces=pieces)), FRAME)
    with pytest.raises(UsageError, match="pieces"):
        export(manifest, tmp_path / "b.parquet")


def test_a_file_that_exists_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(ConflictError, match="exists"):
        export(FRAME, path)
    assert path.read_text() == "mine"
    export(FRAME, path, overwrite=True)
    assert path.read_text().startswith('"id"')


def test_a_failed_export_leaves_nothing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    for bad in (pa.table({"l": [[1]]}), pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.Series([1])):
        with pytest.raises(UnsupportedDataError):
            export(bad, path, overwrite=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.csv", "mine")]


def test_an_unknown_suffix_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match=r"\.parquet, \.feather, \.csv, \.json, \.jsonl"):
        export(FRAME, tmp_path / "a.xlsx")
