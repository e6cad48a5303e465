"""Which store a notebook's path means, and that no path leads outside the server's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.server.places import Places


@pytest.fixture(autouse=True)
def _no_store_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_NB_STORE", raising=False)


def test_store_is_that_of_the_notebooks_folder(tmp_path: Path) -> None:
    for project in ("one", "two"):
        (tmp_path / project / "deep").mkdir(parents=True)
        (tmp_path / project / "pyproject.toml").write_text("")
    places = Places(tmp_path)
    found = places.store_for("one/deep/a.ipynb")
    assert found.root == tmp_path / "one" / ".mlops_nb"
    assert places.store_for("one/b.ipynb") is found
    assert places.store_for("two/c.ipynb").root == tmp_path / "two" / ".mlops_nb"
    assert places.shown(found.root) == "one/.mlops_nb"
    assert not (tmp_path / "one" / ".mlops_nb").exists()


@pytest.mark.parametrize("path", ["../x.ipynb", "a/../../x.ipynb", "/etc/passwd", "nowhere/x.ipynb"])
def test_path_outside_is_not_found(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    with pytest.raises(NotFoundError):
        Places(root).store_for(path)


def test_link_that_leads_outside_is_not_found(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    with pytest.raises(NotFoundError):
        Places(root).store_for("link/x.ipynb")


@pytest.mark.parametrize("path", ["a\0.ipynb", "a\n.ipynb", "\x1b[2J.ipynb"])
def test_control_characters_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError):
        Places(tmp_path).store_for(path)


def test_path_of_any_length_is_an_answer_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises((NotFoundError, UsageError)):
        Places(tmp_path).store_for("a/" * 5000 + "x.ipynb")


def test_names_are_those_that_runs_record(tmp_path: Path) -> None:
    from mlops_nb.capture.where import find_notebook

    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text("")
    path = "project/n.ipynb"
    recorded = find_notebook({"JPY_SESSION_NAME": str(tmp_path / path)})
    assert recorded in Places(tmp_path).names_of(path)
    outside_a_project = find_notebook({"JPY_SESSION_NAME": str(tmp_path / "n.ipynb")})
    assert outside_a_project in Places(tmp_path).names_of("n.ipynb")
