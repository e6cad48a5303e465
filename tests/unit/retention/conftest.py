"""A store with data, runs and models, and a way to let its objects age."""

from __future__ import annotations

import os
import time

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from mlops_nb.registry import register
from mlops_nb.store import Store, open_store
from mlops_nb.tracking import start_run
from mlops_nb.tracking.current import current
from mlops_nb.tracking.data import snapshot


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "store"))


@pytest.fixture
def store(tmp_path) -> Store:
    """Empty."""
    return open_store(tmp_path / "store")


@pytest.fixture
def reopen(tmp_path, monkeypatch):
    """The same store as another machine sees it: with an index of its own."""

    def open_anew() -> Store:
        monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / f"cache-{os.urandom(4).hex()}"))
        return open_store(tmp_path / "store")

    return open_anew


@pytest.fixture
def age(store):
    """Make every object a day old."""

    def let_time_pass() -> None:
        past = time.time() - 86_400
        for place in (store.root / "objects").glob("??/*"):
            os.utime(place, (past, past))

    return let_time_pass


@pytest.fixture
def make_run():
    """`_make_run`."""
    return _make_run


@pytest.fixture
def numbers():
    """`_numbers`."""
    return _numbers


def _make_run(store: Store, *, artifact: bytes = b"", data: object = None, model: bool = False) -> str:
    """A finished run with what is asked for."""
    run = start_run(store, experiment="e", kind="script", params={"lr": 0.1})
    token = current.set(run)
    run.log_metric("loss", 0.5)
    if artifact:
        run.log_artifact(artifact, "file.bin")
    if data is not None:
        snapshot(data, "flights", store=store)
    if model:
        register(LinearRegression().fit([[1], [2]], [1, 2]), "delays", store=store)
    run.finish()
    current.reset(token)
    return run.id


def _numbers(first: int, count: int = 1000) -> pd.DataFrame:
    """A frame unlike those that begin elsewhere."""
    return pd.DataFrame({"x": range(first, first + count)})
