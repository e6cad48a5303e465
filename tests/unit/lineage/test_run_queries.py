"""Runs by condition and order: what fits, what comes first, and what is missing comes last."""

from __future__ import annotations

import math

import pytest

import mlops_nb as mb
from mlops_nb import lineage
from mlops_nb.errors import QueryError, UsageError
from mlops_nb.store import Store, open_store
from mlops_nb.tracking import start_run


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    return open_store()


def add(store, name, params=None, tags=(), experiment="delays", outcome="completed", **metrics):
    run = start_run(store, experiment=experiment, kind="script", name=name, params=params, tags=tags)
    for key, value in metrics.items():
        run.log_metric(key, value)
    if outcome:
        run.finish(outcome)
    return run


@pytest.fixture
def six(store):
    add(store, "a", {"lr": 0.1, "solver": "lbfgs", "deep": True}, {"stage": "x"}, auc=0.9, loss=1)
    add(store, "b", {"lr": 1, "solver": "sag", "deep": None}, {"stage": "draft"}, auc=0.7, loss=math.nan)
    add(store, "c", {"lr": "0.1", "solver": "sag 2", "layers": [64, 32]}, {"stage": "draft"}, auc=0.8, loss=math.inf)
    add(store, "d", {"lr": 10**30}, outcome="failed", experiment="other")
    add(store, "is - DROP TABLE runs", {"lr": -2}, auc=0.9, val=1.0)
    add(store, "f", {"lr": 0.2}, outcome=None, auc=0.1)
    return store


def names(store, where="", order="name", **more):
    return "".join(run.name[:1] for run in lineage.list_runs(store, where=where, order=order, **more))


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("", "abcdfi"),
        ("metrics.auc > 0.8", "ai"),
        ("metrics.auc >= 0.8 and params.lr = 0.1", "a"),
        ("params.lr = '0.1'", "c"),
        ("params.lr > 0", "abf"),
        ("params.lr < 1", "afi"),
        ("params.lr >= '0'", "cd"),
        ("params.lr = 1.0", "b"),
        ("params.lr != 0.1", "bcdfi"),
        ("params.solver != sag", "ac"),
        ("params.solver ~ sag", "bc"),
        ("params.deep = True", "a"),
        ("params.deep = none", "b"),
        ("params.layers = '[64, 32]'", "c"),
        ("not params.solver = sag", "acdfi"),
        ("metrics.loss = nan", "b"),
        ("metrics.loss != nan", "ac"),
        ("metrics.loss != 1", "bc"),
        ("metrics.loss = inf", "c"),
        ("metrics.loss > 0", "ac"),
        ("metrics.loss < nan or metrics.loss > nan", ""),
        ("not metrics.loss < 5", "bcdfi"),
        ("tags.stage = draft or status = failed", "bcd"),
        ("tags.stage ~ raf", "bc"),
        ("status = running", "f"),
        ("experiment != delays", "d"),
        ("name ~ 'DROP TABLE'", "i"),
        ("name = 'is - DROP TABLE runs'", "i"),
        ("duration >= 0", "abcdi"),
        ("duration != -1", "abcdi"),
        ("not duration > 100", "abcdfi"),
        ("started > 2020-01-01 and started < 2120-01-01", "abcdfi"),
        ("notebook = ''", "abcdfi"),
        ('metrics."\' OR 1=1 --" > 0', ""),
        ("name = \"x' OR '1'='1\"", ""),
        ("name = '\ud800'", ""),
    ],
)
def test_what_fits(six, where, found):
    assert names(six, where) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("started", "abcdif"),
        ("-started", "fidcba"),
        ("-metrics.auc", "iacbfd"),
        ("metrics.auc", "fbciad"),
        ("metrics.auc, started", "fbcaid"),
        ("-metrics.loss, name", "cabdfi"),
        ("params.lr, name", "iafbcd"),
        ("-tags.stage, -name", "acbifd"),
        ("status, metrics.auc", "bciadf"),
        ("-metrics.none", "fidcba"),
    ],
)
def test_what_comes_first(six, order, found):
    assert names(six, order=order) == found
    for limit in (1, 3, 5):
        assert names(six, order=order, limit=limit) == found[:limit]


def test_all_filters_hold_together(six):
    assert names(six, "metrics.auc > 0.5", "-metrics.auc", experiment="delays", status="completed", limit=3) == "iac"
    assert names(six, order="-metrics.auc", experiment="other") == "d"
    assert names(six, notebook=["", "b.ipynb"], where="tags.stage = draft") == "bc"
    assert names(six, notebook=["b.ipynb"]) == ""
    assert names(six, notebook=[]) == ""


def test_a_running_run_is_found_by_what_it_logs_later(store):
    run = add(store, "a", {"lr": 1}, {"stage": "draft"}, outcome=None, loss=3)
    assert names(store, "params.lr = 1 and tags.stage = draft and metrics.loss = 3") == "a"
    run.log_param("lr", True)
    run.log_param("depth", 4)
    run.set_tag("stage", "final")
    run.log_metric("loss", 2)
    assert names(store, "params.lr = true and params.depth = 4 and tags.stage = final and metrics.loss = 2") == "a"
    assert names(store, "params.lr = 1 or tags.stage = draft or metrics.loss = 3") == ""
    run.finish()
    store.index.rebuild()
    assert names(store, "params.lr = true and params.depth = 4 and duration > 0") == "a"


def test_a_query_harms_nothing(six):
    before = lineage.list_runs(six)
    lineage.list_runs(six, where="name = '''; DELETE FROM runs; --'", order='-params."); DROP TABLE runs; --"')
    with pytest.raises(QueryError):
        lineage.list_runs(six, where="1=1; DELETE FROM runs")
    assert lineage.list_runs(six) == before


def test_the_same_words_in_python(six):
    frame = mb.runs("delays", where="metrics.auc > 0.5", order="-metrics.auc, started", limit=2)
    assert list(frame["metrics.auc"]) == [0.9, 0.9]
    assert list(frame["name"]) == ["a", "is - DROP TABLE runs"]
    with pytest.raises(QueryError, match=r"\n  auc > 1\n  \^\n  hint: did you mean metrics\.auc"):
        mb.runs(where="auc > 1")


def test_a_history_is_thinned_for_a_plot_without_losing_spikes(store):
    run = start_run(store, experiment="e", kind="script")
    for step in range(3000):
        run.log_metric("loss", 100.0 if step == 1234 else 1 / (step + 1), step=step)
    run.finish()
    one = mb.get_run(run.id)
    assert len(one.history("loss")) == 3000
    thinned = one.history("loss", points=200)
    assert len(thinned) <= 200
    assert thinned["value"].max() == 100.0
    assert [thinned["step"].iloc[0], thinned["step"].iloc[-1]] == [0, 2999]
    with pytest.raises(UsageError, match="too few"):
        one.history("loss", points=3)
