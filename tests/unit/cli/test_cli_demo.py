"""The demo on a notebook of our own: where it is recorded, what is shown, and where there are no examples."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from mlops_nb.cli import demo

CELLS = [
    "%load_ext mlops_nb",
    "import pandas as pd\nfrom sklearn.linear_model import LinearRegression",
    "%%track demos\nmodel = LinearRegression().fit([[1], [2]], [1, 2])\nscore = model.score([[1], [2]], [1, 2])",
    "df = pd.DataFrame({'a': [1]})\n%snapshot df --name things",
    "%register model --name lines --alias champion",
]


def test_the_demo_shows_what_it_left_behind(call, own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NOTEBOOK", Path("example_notebooks", "mine.ipynb"))
    folder = own_place / "example_notebooks"
    folder.mkdir()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbformat.write(book, folder / "mine.ipynb")
    told = call("demo")
    assert told.exit_code == 0, told.stderr
    for wanted in ("✓ completed", "demos", "things@1", "lines@1", "champion", "make lab", f"{folder}/.mlops_nb"):
        assert wanted in told.stdout
    assert sorted(path.name for path in folder.iterdir()) == [".mlops_nb", "mine.ipynb"]
    assert not (own_place / ".mlops_nb").exists()


def test_a_demo_that_fails_says_so(call, own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NOTEBOOK", Path("mine.ipynb"))
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")]), own_place / "mine.ipynb")
    told = call("demo")
    assert told.exit_code == 1
    assert "✗ failed" in told.stdout
    assert "registered models" not in told.stdout


def test_without_examples_the_way_to_them_is_told(call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NOTEBOOK", Path("example_notebooks", "none.ipynb"))
    told = call("demo")
    assert told.exit_code == 3
    assert told.stderr.startswith("error: example_notebooks/none.ipynb is not here\nhint: ")
