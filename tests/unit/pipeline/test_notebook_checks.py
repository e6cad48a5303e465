"""A notebook file is checked before anything starts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mlops_nb.errors import NotFoundError, SpecError, UsageError
from mlops_nb.pipeline.notebook import check_given, declared, read_notebook


def _write(path, cells=(), metadata=None, **more):
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": list(cells), **more}
    path.write_text(json.dumps(content))
    return path


def _tagged(source):
    return {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source, "outputs": []}


def test_what_a_notebook_says(tmp_path):
    spec = {"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}
    notebook = read_notebook(_write(tmp_path / "a.ipynb", [{"source": ""}, _tagged(["alpha = 1\n", "b = 2"])], spec))
    assert (notebook.kernel, notebook.language) == ("ir", "R")
    assert notebook.parameters_source == "alpha = 1\nb = 2"
    plain = read_notebook(_write(tmp_path / "b.ipynb", metadata={"kernelspec": None}))
    assert (plain.kernel, plain.language, plain.parameters_source) == ("", "python", None)


def test_a_mistyped_path_names_what_is_there(tmp_path):
    _write(tmp_path / "train.ipynb")
    with pytest.raises(NotFoundError, match="no notebook named") as caught:
        read_notebook(tmp_path / "trainn.ipynb")
    assert "train.ipynb" in caught.value.hint
    with pytest.raises(NotFoundError) as caught:
        read_notebook(tmp_path / "nowhere" / "x.ipynb")
    assert "no folder" in caught.value.hint


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '"text"', "{}", '{"nbformat": 3, "worksheets": []}', '{"nbformat": 4, "cells": [1]}', "[" * 90_000],
)
def test_what_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    with pytest.raises(UsageError, match="is not a notebook"):
        read_notebook(path)


def test_bytes_and_folders_are_refused(tmp_path):
    (tmp_path / "x.ipynb").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="broken JSON"):
        read_notebook(tmp_path / "x.ipynb")
    with pytest.raises(UsageError, match="is not a file"):
        read_notebook(tmp_path)


def test_parameters_need_a_tagged_cell(tmp_path):
    notebook = read_notebook(_write(tmp_path / "a.ipynb"))
    assert check_given(notebook, {}) == {}
    assert declared(notebook) == {}
    with pytest.raises(SpecError, match="no cell is tagged 'parameters'") as caught:
        check_given(notebook, {"alpha": 1})
    assert "add the cell tag" in caught.value.hint


def test_parameters_are_checked_in_python_only(tmp_path):
    python = read_notebook(_write(tmp_path / "a.ipynb", [_tagged("alpha = 0.5")]))
    assert check_given(python, {"alpha": 1}) == {"alpha": 1.0}
    with pytest.raises(SpecError, match="no parameter 'alfa'"):
        check_given(python, {"alfa": 1})
    other = read_notebook(_write(tmp_path / "r.ipynb", [_tagged("alpha <- 1")], {"language_info": {"name": "R"}}))
    assert check_given(other, {"anything": 1}) == {"anything": 1}


def test_nothing_heavy_is_imported_to_say_no():
    program = (
        "import sys, mlops_nb.pipeline.engine, mlops_nb.pipeline.headless\n"
        "print([m for m in ('papermill', 'nbformat', 'nbclient', 'IPython', 'pandas') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
