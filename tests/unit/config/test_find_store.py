"""Where the store is: every branch, in its order."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb.config import cache_dir, find_store, iter_switches
from mlops_nb.errors import UsageError


@pytest.fixture
def nested(tmp_path):
    folder = tmp_path / "project" / "notebooks" / "deep"
    folder.mkdir(parents=True)
    return folder


def find(start, explicit=None, **environ):
    return find_store(explicit, start=start, environ=environ)


def test_the_order_of_lookup(nested, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = tmp_path / "project"
    assert find(nested) == nested / ".mlops_nb"
    (project / ".git").mkdir()
    assert find(nested) == project / ".mlops_nb"
    (project / "notebooks" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find(nested) == project / "notebooks" / ".mlops_nb"
    (project / ".mlops_nb").mkdir()
    assert find(nested) == project / ".mlops_nb"
    (nested / ".mlops_nb").mkdir()
    assert find(nested) == nested / ".mlops_nb"
    (project / "pyproject.toml").write_text("[tool.mlops_nb]\nstore = 'data/store'\n")
    assert find(nested) == project / "data" / "store"
    (project / "notebooks" / "pyproject.toml").write_text(f"[tool.mlops_nb]\nstore = '{tmp_path}/abs'\n")
    assert find(nested) == tmp_path / "abs"
    assert find(nested, MLOPS_NB_STORE="from/env") == tmp_path / "from" / "env"
    assert find(nested, MLOPS_NB_STORE="  ") == tmp_path / "abs"
    assert find(nested, "said", MLOPS_NB_STORE="from/env") == nested / "said"
    assert find(nested, Path("/else/where"), MLOPS_NB_STORE="from/env") == Path("/else/where")
    assert not (nested / "said").exists()


def test_forms_of_a_place(nested, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find(nested, "~/x") == tmp_path / "x"
    assert find(nested, "file:///a/b") == Path("/a/b")
    monkeypatch.chdir(nested)
    assert find_store(environ={}) == nested / ".mlops_nb"
    assert find("~", None) == tmp_path / ".mlops_nb"


@pytest.mark.parametrize("place", ["s3://bucket/x", "gs://b", "https://host/x", "~nobody-of-this-name/x"])
def test_places_that_cannot_be(nested, place):
    for call in (lambda: find(nested, place), lambda: find(nested, MLOPS_NB_STORE=place)):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.hint


@pytest.mark.parametrize("text", ["[tool", "store = \xff", "[tool.mlops_nb]\nstore = 5", "[tool.mlops_nb]\nstore = []"])
def test_an_ill_formed_pyproject_is_named(nested, text):
    (nested / "pyproject.toml").write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"pyproject\.toml") as caught:
        find(nested)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text", ["tool = 5", "[tool]\nmlops_nb = 'x'", "tool = []", "[[tool.mlops_nb]]\nstore='x'", ""]
)
def test_an_odd_pyproject_says_nothing(nested, text):
    (nested / "pyproject.toml").write_text(text)
    assert find(nested) == nested / ".mlops_nb"


def test_a_working_directory_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert find_store("/x", environ={}) == Path("/x")
    assert find_store(environ={"MLOPS_NB_STORE": "/x"}) == Path("/x")
    for call in (lambda: find_store("x", environ={}), lambda: find_store(environ={})):
        with pytest.raises(UsageError, match="working directory") as caught:
            call()
        assert caught.value.hint


def test_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir({"MLOPS_NB_CACHE": "~/c", "XDG_CACHE_HOME": "/x"}) == tmp_path / "c"
    assert cache_dir({"XDG_CACHE_HOME": "/x"}) == Path("/x/mlops_nb")
    assert cache_dir({}) == tmp_path / ".cache" / "mlops_nb"


def test_switches_are_told():
    names = [name for name, what in iter_switches() if what]
    assert names == [
        "MLOPS_NB_STORE",
        "MLOPS_NB_CACHE",
        "MLOPS_NB_EXPERIMENT",
        "MLOPS_NB_PARENT_RUN",
        "MLOPS_NB_DEBUG",
    ]
