"""The way out: every table in every format, read by other tools, whole or not at all."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from mlops_nb.datasets import row_files
from mlops_nb.datasets.row_files import write_rows
from mlops_nb.errors import ConflictError
from mlops_nb.lineage.export import FORMATS, TABLES, export_store
from mlops_nb.records.ledger import AliasMoved, ModelRegistered, SnapshotPublished
from mlops_nb.store import Store
from mlops_nb.tracking import start_run

DIGEST = "0" * 64
HOSTILE = 'a,"b"\n=1+1 \N{SNOWMAN}'


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    store = Store(tmp_path / "store")
    for number in range(3):
        run = start_run(
            store, experiment="e", kind="script", params={"lr": number / 10, "layers": [1, 2], "note": HOSTILE}
        )
        run.set_tag("stage", HOSTILE)
        for step, value in enumerate((0.5, math.nan, math.inf)):
            run.log_metric("loss", value, step=step)
        if number:
            run.finish()
    store.ledger.append(
        SnapshotPublished(
            name="d", version=1, digest=DIGEST, manifest=DIGEST, rows=1, columns=1, logical_bytes=8, stored_bytes=8
        )
    )
    store.ledger.append(
        ModelRegistered(
            name="m", version=1, digest=DIGEST, size_bytes=3, flavor="f", python_type="t", packages={"p": "1"}
        )
    )
    store.ledger.append(AliasMoved(name="m", alias="champion", version=1))
    return store


READERS = {
    "parquet": pd.read_parquet,
    "csv": lambda path: pd.read_csv(path, parse_dates=["at"] if path.stem in {"points", "ledger"} else None),
    "jsonl": lambda path: pd.DataFrame([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]),
}


@pytest.mark.parametrize("to", FORMATS)
def test_everything_is_read_by_other_tools(store, tmp_path, to):
    out = tmp_path / "out"
    out.mkdir()
    report = export_store(store, out, to)
    frames = {table: READERS[to](out / f"{table}.{to}") for table in TABLES}
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{table}.{to}" for table in TABLES)
    lengths = {"runs": 3, "params": 9, "metrics": 3, "points": 9, "tags": 3, "snapshots": 1, "models": 1, "ledger": 5}
    assert {one.table: one.rows for one in report.files} == lengths
    assert {table: len(frame) for table, frame in frames.items()} == lengths
    assert all(one.size_bytes == (out / f"{one.table}.{to}").stat().st_size for one in report.files)
    assert report.unread == ()

    assert list(frames["runs"]["status"]) == ["completed", "completed", "running"]
    points = frames["points"]
    assert list(points["step"]) == [0, 1, 2] * 3
    assert [str(value) for value in points["value"][:3]] == ["0.5", "nan", "inf"]
    assert pd.to_datetime(points["at"]).dt.tz is not None
    params = frames["params"].set_index("key")
    assert sorted(params.loc["lr"]["number"]) == [0.0, 0.1, 0.2]
    plain = (lambda value: value) if to == "jsonl" else json.loads
    assert plain(params.loc["note"]["value"].iloc[0]) == HOSTILE
    assert plain(frames["runs"]["params"].iloc[0])["layers"] == [1, 2]
    assert plain(frames["runs"]["metrics"].iloc[0]) == {"loss": "inf"}
    assert plain(frames["models"]["aliases"].iloc[0]) == ["champion"]
    assert list(frames["tags"]["value"]) == [HOSTILE] * 3
    assert list(frames["ledger"]["number"]) == [1, 2, 3, 4, 5]
    assert set(frames["ledger"]["action"]) == {"run_sealed", "snapshot_published", "model_registered", "alias_moved"}


def test_no_file_is_replaced_unasked(store, tmp_path):
    (tmp_path / "tags.csv").write_text("mine")
    with pytest.raises(ConflictError, match=r"tags\.csv"):
        export_store(store, tmp_path, "csv")
    assert not (tmp_path / "runs.csv").exists()
    export_store(store, tmp_path, "csv", overwrite=True)
    assert (tmp_path / "tags.csv").read_text().startswith('"run_id"')


@pytest.mark.parametrize("to", FORMATS)
def test_a_file_is_whole_or_not_there(tmp_path, to):
    target = tmp_path / f"x.{to}"
    target.write_text("before")

    def rows():
        yield from [(1,)] * (row_files.BATCH_ROWS + 1)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_rows(target, {"n": "integer"}, rows())
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "before"
    assert write_rows(target, {"n": "integer"}, [(1,)] * (row_files.BATCH_ROWS + 1)) == row_files.BATCH_ROWS + 1
    assert len(READERS[to](target)) == row_files.BATCH_ROWS + 1


@pytest.mark.parametrize("to", FORMATS)
def test_what_no_format_can_hold_is_left_out(tmp_path, to):
    target = tmp_path / f"x.{to}"
    columns = {"n": "integer", "at": "time", "x": "number", "flag": "flag"}
    rows = [
        (2**70 if to != "jsonl" else 7, 1e300, math.nan, None),
        (1, 0.0, -math.inf, True),
        (None, None, None, False),
    ]
    assert write_rows(target, columns, rows) == 3
    assert pd.isna(READERS[to](target)["at"]).tolist() == [True, False, True]


def test_a_run_that_cannot_be_read_is_named_and_costs_only_its_points(store, tmp_path):
    store.index.catch_up()
    sealed = [path for path in (store.root / "runs").iterdir() if not (store.root / "live" / path.name).exists()]
    (sealed[0] / "journal.jsonl").unlink()
    seen = []
    report = export_store(store, tmp_path, "jsonl", on_progress=lambda *step: seen.append(step))
    assert report.unread == (sealed[0].name,)
    assert {one.table: one.rows for one in report.files}["points"] == 6
    assert {one.table: one.rows for one in report.files}["runs"] == 3
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert all(done <= total for done, total in seen)


def test_more_runs_than_a_page(store, tmp_path, monkeypatch):
    monkeypatch.setattr("mlops_nb.lineage.export._PAGE", 2)
    report = export_store(store, tmp_path, "csv")
    assert report.files[0].rows == 3
