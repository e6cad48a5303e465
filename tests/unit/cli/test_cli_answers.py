"""What the questions answer: as text, as JSON, and where there is nothing yet."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mlops_nb import lineage
from mlops_nb.store import Store
from mlops_nb.tracking import start_run


def test_runs_are_listed_newest_first(call, store: Store) -> None:
    lines = call("runs", "list").stdout.splitlines()
    assert lines[0].split() == ["run", "experiment", "name", "status", "when", "took", "lr", "loss"]
    assert [line.split()[1] for line in lines[1:]] == ["other", "delays", "delays"]
    assert "✗ failed" in lines[1]
    assert lines[2].endswith("0.2  0.1667")


def test_a_pipe_gets_whole_values(call, store: Store) -> None:
    run = lineage.list_runs(store, experiment="delays")[0]
    name = "a very long experiment name that no terminal of eighty characters would show whole ever at all"
    start_run(store, experiment=name, kind="cell", name=name).finish()
    listed = call("runs", "list").stdout
    assert listed.count(name) == 2
    assert "…" not in listed
    assert all(line == line.rstrip() for line in listed.splitlines())
    assert run.id[-6:] in listed


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--experiment", "delays"], 2),
        (["--status", "failed"], 1),
        (["-n", "1"], 1),
        (["--notebook", "a.ipynb"], 1),
        (["--notebook", "work/b.ipynb"], 1),
        (["--notebook", "b.ipynb", "--status", "failed"], 0),
        ([], 5),
    ],
)
def test_runs_are_filtered(call, store: Store, words: list[str], count: int) -> None:
    for notebook in ("work/a.ipynb", "work/b.ipynb"):
        start_run(store, experiment="notebooks", kind="notebook", notebook=notebook).finish()
    assert len(json.loads(call("runs", "list", "--json", *words).stdout)) == count


def test_a_filter_that_nothing_fits_names_what_there_is(call, store: Store) -> None:
    told = call("runs", "list", "--experiment", "delay")
    assert told.exit_code == 0
    assert "other, delays" in told.stdout


def test_a_run_is_shown_by_its_last_part(call, store: Store) -> None:
    run = lineage.list_runs(store, experiment="delays")[0]
    told = call("runs", "show", run.id[-6:]).stdout
    assert run.id in told
    assert "metric loss  0.1667  (5 points, 0.1667 to 0.5)" in told.replace("0.1667 (", "0.1667  (")
    assert "generated flights@2" in told
    assert "generated delays@1" in told
    assert "loss.png (8 B)" in told
    plain = json.loads(call("runs", "show", run.id, "--json").stdout)
    assert plain["id"] == run.id
    assert plain["details"]["artifacts"][0]["name"] == "loss.png"


def test_source_comes_out_as_it_was_recorded(call, store: Store) -> None:
    run = lineage.list_runs(store, experiment="other")[0]
    assert call("runs", "show", run.id, "--source").stdout == "x = 1 / 0  # \N{WOMAN}\N{ZERO WIDTH JOINER}\n"
    told = call("runs", "show", run.id, "--output")
    assert (told.stdout, told.stderr) == ("", f"run {run.id[-6:]} recorded no output\n")


def test_runs_are_compared(call, store: Store) -> None:
    newer, older = (run.id for run in lineage.list_runs(store, experiment="delays"))
    lines = call("runs", "compare", older, newer).stdout.splitlines()
    assert any(line.split() == ["experiment", "delays", "delays"] for line in lines)
    assert any(line.split() == ["≠", "param", "lr", "0.1", "0.2"] for line in lines)
    assert any(line.split() == ["≠", "metric", "loss", "0.2", "0.1667", "−0.03333"] for line in lines)
    assert "experiment" not in call("runs", "compare", older, newer, "--differences").stdout
    plain = json.loads(call("runs", "compare", older, newer, "--json").stdout)
    assert plain["run_ids"] == [older, newer]
    assert {"group": "param", "key": "lr", "values": [0.1, 0.2], "same": False} in plain["lines"]


def test_data_is_listed_and_shown(call, store: Store) -> None:
    lines = call("data", "list").stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["flights@2", "6", "2"], ["flights@1", "3", "2"]]
    told = call("data", "show", "flights@1").stdout
    assert 'mb.load("flights@1")' in told
    assert any(line.split()[0] == "price" and line.split()[-1] == "0" for line in told.splitlines() if line)
    plain = json.loads(call("data", "show", "flights", "--json").stdout)
    assert (plain["version"], [one["name"] for one in plain["column_list"]]) == (2, ["price", "city"])


def test_data_is_exported(call, store: Store, own_place: Path) -> None:
    told = call("data", "export", "flights@2", "f.parquet")
    assert told.exit_code == 0, told.stderr
    assert len(pd.read_parquet(own_place / "f.parquet")) == 6
    again = call("data", "export", "flights@1", "f.parquet")
    assert (again.exit_code, again.stderr) == (4, "error: f.parquet exists\nhint: --overwrite replaces it\n")
    plain = json.loads(call("data", "export", "flights@1", "f.parquet", "--overwrite", "--json").stdout)
    assert plain["rows"] == len(pd.read_parquet(own_place / "f.parquet")) == 3


def test_models_are_listed_and_shown(call, store: Store) -> None:
    assert call("models", "list").stdout.splitlines()[1].split()[:3] == ["delays@1", "champion", "LinearRegression"]
    told = call("models", "show", "delays@champion").stdout
    assert "flights@2" in told
    assert "try 2" in told
    assert 'mb.load_model("delays@champion")' in told
    plain = json.loads(call("models", "show", "delays", "--json").stdout)
    assert (plain["version"], plain["data"], plain["run"]["experiment"]) == (1, ["flights@2"], "delays")


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (["runs", "list"], "%%track"),
        (["data", "list"], "%snapshot"),
        (["models", "list"], "%register"),
        (["audit", "verify"], "nothing is recorded"),
        (["index", "rebuild"], "nothing is recorded"),
    ],
)
def test_an_empty_store_teaches_the_first_step(call, own_place: Path, words: list[str], step: str) -> None:
    told = call(*words)
    assert (told.exit_code, step in told.stdout) == (0, True)
    json.loads(call(*words, "--json").stdout)
    assert not (own_place / ".mlops_nb").exists(), "a question made a store"


def test_the_index_is_rebuilt(call, store: Store) -> None:
    before = call("runs", "list", "--json").stdout
    plain = json.loads(call("index", "rebuild", "--json").stdout)
    assert (plain["runs"], plain["snapshots"], plain["models"]) == (3, 2, 1)
    assert Path(plain["path"]).is_file()
    assert call("index", "rebuild").stdout.startswith("indexed 3 runs, 2 snapshots, 1 model versions")
    assert call("runs", "list", "--json").stdout == before


def test_the_store_may_be_named_at_either_end(call, store: Store, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--store", store.root, "runs", "list"], ["runs", "list", "--store", store.root]):
        assert "delays" in call(*words).stdout
    assert "delays" not in call("runs", "list").stdout


def test_json_has_no_bare_nan(call, store: Store) -> None:
    runs = [start_run(store, experiment="nan", kind="cell") for _ in range(2)]
    for run in runs:
        run.log(loss=float("nan"), top=float("inf"))
        run.finish()

    def refuse(word: str) -> None:
        raise AssertionError(word)

    for words in (["list"], ["show", runs[0].id], ["compare", *(run.id for run in runs)]):
        json.loads(call("runs", *words, "--json").stdout, parse_constant=refuse)
    assert "nan" in call("runs", "list").stdout


def test_runs_are_asked_for_by_condition_and_order(call, store: Store) -> None:
    asked = ["--where", "metrics.loss > 0 and params.lr <= 0.2", "--order", "-metrics.loss"]
    found = json.loads(call("runs", "list", "--json", *asked).stdout)
    assert [run["params"]["lr"] for run in found] == [0.1, 0.2]
    assert [line.split()[1] for line in call("runs", "list", *asked).stdout.splitlines()[1:]] == ["delays", "delays"]
    assert "no run fits" in call("runs", "list", "--where", "metrics.loss > 9").stdout
