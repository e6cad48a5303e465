"""A notebook file, read and checked before anything is started on its behalf.

Read as plain JSON: nbformat would cost most of a second to say that a path was mistyped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from mlops_nb.errors import NotFoundError, SpecError, UsageError
from mlops_nb.pipeline.parameters import Declared, check_parameters, find_declared

TAG = "parameters"
_HOW_TO_TAG = (
    "tag the cell that sets them: in JupyterLab select it, open the property inspector (the gears at the right) "
    "and add the cell tag 'parameters'"
)


class Notebook(msgspec.Struct, frozen=True):
    """What is needed of a notebook before it runs. `kernel` is empty where the file names none."""

    path: Path
    kernel: str
    language: str
    parameters_source: str | None
    """Source of the first cell tagged `parameters`; None when no cell is."""

    experiment: str = ""
    """What its metadata says under `mlops_nb.experiment`; empty when nothing."""


def read_notebook(path: Path) -> Notebook:
    """Read the file.

    Args:
        path: A notebook of nbformat 4 (of any minor version).

    Raises:
        NotFoundError: No such file; names the notebooks beside it.
        UsageError: A folder, an unreadable file, or no notebook.
    """
    if not path.exists():
        beside = [entry.name for entry in path.parent.glob("*.ipynb")] if path.parent.is_dir() else []
        hint = "" if path.parent.is_dir() else f"there is no folder {path.parent} either"
        raise NotFoundError.among("notebook", str(path), beside, hint=hint or f"{path.parent} holds no notebooks")
    if not path.is_file():
        raise UsageError(f"{path} is not a file", hint="name one notebook, e.g. train.ipynb")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise UsageError(f"cannot read {path}: {fault.strerror}", hint="check who may read the file") from fault
    except (ValueError, RecursionError) as fault:
        raise UsageError(
            f"{path} is not a notebook: broken JSON ({_one_line(fault)})",
            hint="open it in JupyterLab and save it again",
        ) from fault
    cells, metadata = _check_shape(path, content)
    kernelspec = _mapping(metadata.get("kernelspec"))
    language = _mapping(metadata.get("language_info")).get("name") or kernelspec.get("language") or "python"
    return Notebook(
        path,
        kernel=str(kernelspec.get("name") or ""),
        language=str(language),
        parameters_source=find_parameters_source(cells),
        experiment=declared_experiment(metadata),
    )


def check_given(notebook: Notebook, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters as they will be injected.

    Raises:
        SpecError: See `check_parameters`; or the notebook has no cell tagged `parameters`.
        UsageError: A value that a notebook file cannot hold.
    """
    if not given:
        return {}
    try:
        json.dumps(given)
    except (TypeError, ValueError, RecursionError) as fault:
        raise UsageError(
            f"parameters must be numbers, texts, booleans, lists or mappings: {_one_line(fault)}",
            hint="convert them first, e.g. float(alpha), str(path)",
        ) from fault
    if notebook.parameters_source is None:
        raise SpecError(f"{notebook.path.name} takes no parameters: no cell is tagged 'parameters'", hint=_HOW_TO_TAG)
    if notebook.language.lower() not in {"python", "ipython"}:
        return dict(given)  # only Python's assignments can be read
    return check_parameters(declared(notebook), given)


def declared(notebook: Notebook) -> dict[str, Declared]:
    """What its `parameters` cell declares; empty without such a cell."""
    return find_declared(notebook.parameters_source or "")


def declared_experiment(metadata: dict[str, Any]) -> str:
    """The experiment that a notebook's metadata names under `mlops_nb.experiment`; '' when it names none."""
    return str(_mapping(metadata.get("mlops_nb")).get("experiment") or "")


def _check_shape(path: Path, content: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    if not isinstance(content, dict) or "nbformat" not in content:
        raise UsageError(f"{path} is not a notebook", hint="a notebook is a JSON object with 'nbformat' and 'cells'")
    cells = content.get("cells")
    if content["nbformat"] != 4 or not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise UsageError(
            f"{path} is not a notebook of format 4 (it says {str(content['nbformat'])[:20]})",
            hint="open it in JupyterLab and save it, or run: jupyter nbconvert --to notebook",
        )
    return cells, _mapping(content.get("metadata"))


def find_parameters_source(cells: list[Any]) -> str | None:
    """Source of the first cell tagged `parameters`; None when no cell is."""
    for cell in cells:
        tags = _mapping(cell.get("metadata")).get("tags")
        if isinstance(tags, list) and TAG in tags:
            source = cell.get("source", "")
            return "".join(map(str, source)) if isinstance(source, list) else str(source)
    return None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _one_line(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:120]
