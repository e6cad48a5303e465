"""The run of a whole notebook, without a kernel."""

from __future__ import annotations

import math

import pytest

from mlops_nb import lineage
from mlops_nb.errors import UsageError
from mlops_nb.pipeline.recording import NotebookRecording, name_experiment
from mlops_nb.pipeline.verdict import Verdict
from mlops_nb.records.journal import RunError
from mlops_nb.tracking import start_run


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    for name in ("MLOPS_NB_STORE", "MLOPS_NB_PARENT_RUN", "MLOPS_NB_EXPERIMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pyproject.toml").write_text("")


def _start(tmp_path, **more):
    return NotebookRecording.start(source=str(tmp_path / "nb" / "train.ipynb"), params={}, **more)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("train.ipynb", "train"),
        ("/a/b/My Notebook (1).ipynb", "My Notebook -1"),
        ("s3://bucket/x/nightly.ipynb?versionId=3", "nightly"),
        ("..ipynb", "notebook"),
        ("", "notebook"),
        ("-_x.ipynb", "_x"),
        ("日本語.ipynb", "日本語"),
        ("a" * 300 + ".ipynb", "a" * 128),
        ("<b>.ipynb", "b"),
    ],
)
def test_an_experiment_is_named_after_the_notebook(source, name):
    assert name_experiment(source) == name


def test_who_names_the_experiment(tmp_path, monkeypatch):
    assert _start(tmp_path).run.experiment == "train"
    monkeypatch.setenv("MLOPS_NB_EXPERIMENT", "team")
    assert _start(tmp_path).run.experiment == "team"
    assert _start(tmp_path, declared_experiment="own").run.experiment == "own"
    recording = _start(tmp_path, declared_experiment="own", experiment="said")
    assert recording.run.experiment == "said"
    assert recording.environment()["MLOPS_NB_EXPERIMENT"] == "said"
    with pytest.raises(UsageError, match="experiment name"):
        _start(tmp_path, declared_experiment="../x")


def test_what_the_kernel_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/outer.ipynb")
    recording = _start(tmp_path)
    told = recording.environment()
    assert told["MLOPS_NB_PARENT_RUN"] == recording.run.id
    assert told["MLOPS_NB_STORE"] == str(tmp_path / ".mlops_nb")
    assert told["JPY_SESSION_NAME"] == str(tmp_path / "nb" / "train.ipynb")


def test_a_run_started_from_a_run_is_its_child(tmp_path, monkeypatch):
    outer = _start(tmp_path)
    monkeypatch.setenv("MLOPS_NB_PARENT_RUN", outer.run.id)
    inner = _start(tmp_path)
    assert lineage.get_run(inner.store, inner.run.id).parent_run_id == outer.run.id


def test_the_childrens_last_metrics_are_rolled_up_and_stay_their_own(tmp_path):
    recording = _start(tmp_path)
    for values in ([3.0, 2.0], [1.0], []):
        child = start_run(recording.store, experiment="e", kind="cell", parent_run_id=recording.run.id)
        for value in values:
            child.log_metric("loss", value)
        child.log_metric("odd", math.inf)
        child.finish()
    stranger = start_run(recording.store, experiment="e", kind="cell")
    stranger.log_metric("loss", 99.0)
    stranger.finish()
    recording.close(Verdict("completed"), cells=3, completed=2, output="/x/out.ipynb")
    run = lineage.get_run(recording.store, recording.run.id)
    assert run.metric("loss") == 1.0
    assert run.metric("odd") == math.inf
    assert run.tags == {"cells": "3", "cells_completed": "2", "output": "/x/out.ipynb"}
    children = lineage.list_runs(recording.store, parent=run.id)
    assert sorted(child.metric("loss") for child in children if "loss" in child.metrics) == [1.0, 2.0]


def test_secrets_in_a_traceback_are_withheld(tmp_path):
    recording = _start(tmp_path)
    recording.close(Verdict("failed", RunError("E", "boom", "password = 'hunter2hunter2'")))
    error = lineage.get_details(recording.store, recording.run.id).error
    assert error.kind == "E"
    assert "hunter2" not in error.traceback


def test_defaults_nobody_replaced_are_params_too(tmp_path):
    recording = NotebookRecording.start(source=str(tmp_path / "train.ipynb"), params={"alpha": 0.5})
    recording.note_defaults("alpha = 0.1\ntrees: int = 150\nrows = len([1])\napi_key = 'abcdefghijkl'")
    recording.note_defaults("not python at all")
    recording.close(Verdict("completed"))
    run = lineage.get_run(recording.store, recording.run.id)
    assert run.params == {"alpha": 0.5, "trees": 150, "api_key": "***"}
    assert run.captured_params == ("api_key", "trees")
