"""A store made by real runs, and the command line on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from sklearn.linear_model import LinearRegression

from mlops_nb.cli import main
from mlops_nb.registry import register
from mlops_nb.store import Store, open_store
from mlops_nb.tracking import start_run
from mlops_nb.tracking.active import error_of
from mlops_nb.tracking.current import current
from mlops_nb.tracking.data import snapshot

HOSTILE = "[bold red]name[/] \x1b[31m\u202e"
"""Markup of rich's, an escape sequence, and a character that turns the text around."""

Call = Callable[..., Result]


def make_store(root: Path) -> Store:
    """Three runs (one of them failed, one with data and a model), two snapshots, one model version."""
    store = open_store(root)
    frame = pd.DataFrame({"price": [1.0, 2.0, 3.0], "city": pd.Categorical(["a", "b", "a"])})
    for number in (1, 2):
        run = start_run(store, experiment="delays", kind="script", name=f"try {number}", params={"lr": number / 10})
        token = current.set(run)
        for step in range(5):
            run.log_metric("loss", 1 / (step + number), step=step)
        run.log_artifact(f"figure {number}".encode(), "loss.png", media_type="image/png")
        snapshot(frame if number == 1 else pd.concat([frame, frame]), "flights", f"part {number}", store=store)
        if number == 2:
            register(LinearRegression().fit([[1], [2]], [1, 2]), "delays", alias="champion", message="m", store=store)
        run.finish()
        current.reset(token)
    run = start_run(store, experiment="other", kind="cell", source="x = 1 / 0  # \N{WOMAN}\N{ZERO WIDTH JOINER}")
    run.finish("failed", error_of(ZeroDivisionError(HOSTILE)))
    return store


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a cache of the test's own, and no switch from outside."""
    for name in ("MLOPS_NB_STORE", "MLOPS_NB_EXPERIMENT", "MLOPS_NB_DEBUG", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_NB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return make_store(tmp_path_factory.mktemp("made") / ".mlops_nb").root


@pytest.fixture
def store(_made: Path, own_place: Path) -> Store:
    """A copy of that store, where the command line finds it."""
    return open_store(shutil.copytree(_made, own_place / ".mlops_nb"))


@pytest.fixture
def call() -> Call:
    """Call `mlops-nb` with some words."""

    def run(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words])

    return run
