"""`mlops-nb export`: everything in a folder, said as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from mlops_nb.store import Store


def test_everything_is_exported(call, store: Store, own_place: Path) -> None:
    told = call("export", "out/deep")
    assert told.exit_code == 0
    assert told.stdout.splitlines()[0].split() == ["table", "rows", "size", "file"]
    assert len(pd.read_parquet(own_place / "out/deep/runs.parquet")) == 3
    plain = json.loads(call("export", "out", "--to", "csv", "--json").stdout)
    assert [one["table"] for one in plain["files"]][:4] == ["runs", "params", "metrics", "points"]
    assert {one["table"]: one["rows"] for one in plain["files"]}["points"] == 10
    assert plain["unread"] == []


def test_what_is_there_is_kept_unless_asked(call, store: Store) -> None:
    assert call("export", "out").exit_code == 0
    told = call("export", "out")
    assert told.exit_code == 4
    assert "--overwrite" in told.stderr
    assert call("export", "out", "--overwrite").exit_code == 0


def test_a_place_that_cannot_be_is_refused(call, store: Store, own_place: Path) -> None:
    (own_place / "file").write_text("mine")
    assert call("export", "file").exit_code == 2
    told = call("export", "file/under")
    assert told.exit_code == 1
    assert "cannot write file/under" in told.stderr


def test_a_run_that_cannot_be_read_is_told(call, store: Store) -> None:
    run = next((store.root / "runs").iterdir())
    call("runs", "list")
    (run / "journal.jsonl").unlink()
    told = call("export", "out", "--to", "jsonl")
    assert told.exit_code == 1
    assert run.name[-6:] in told.stdout
    assert "audit verify" in told.stdout


def test_nothing_recorded_makes_nothing(call, own_place: Path) -> None:
    assert "nothing is recorded" in call("export", "out").stdout
    assert json.loads(call("export", "out", "--json").stdout) == {"files": [], "unread": []}
    assert list(own_place.iterdir()) == []
