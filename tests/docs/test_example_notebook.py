"""The example notebook runs headless through the command that a reader would use, and records what it tells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlops_nb as mb

ROOT = Path(__file__).parents[2]
NOTEBOOK = "01_track_snapshot_register.ipynb"

pytestmark = pytest.mark.timeout(240)


def mlops_nb(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("mlops-nb"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the notebook, free to hold a store."""
    place = tmp_path_factory.mktemp("example")
    shutil.copy(ROOT / "example_notebooks" / NOTEBOOK, place)
    return place


@pytest.fixture
def recorded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder after one headless run with other parameters than the notebook's own."""
    if not (folder / "out.ipynb").exists():
        done = mlops_nb("run", NOTEBOOK, "-p", "trees=40", "-o", "out.ipynb", cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.chdir(folder)
    return folder


def run_named(name: str) -> Any:
    runs = mb.runs(experiment="progression")
    (found,) = runs.loc[runs["name"] == name, "id"]
    return mb.get_run(found)


def test_it_ran_from_top_to_bottom(recorded: Path) -> None:
    cells = json.loads((recorded / "out.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    warned = [output["text"] for output in outputs if output.get("name") == "stderr"]
    assert warned == []


def test_mending_the_data_lowers_the_error(recorded: Path) -> None:
    delivered, mended, boosted = map(run_named, ("ridge as delivered", "ridge mended", "boosted trees"))
    assert {run.status for run in (delivered, mended, boosted)} == {"completed"}
    assert mended.metrics["mae"] < delivered.metrics["mae"] - 1
    assert mended.metrics["mae"] < boosted.metrics["mae"]


def test_the_parameter_reaches_the_run_and_the_curve(recorded: Path) -> None:
    boosted = run_named("boosted trees")
    assert boosted.params["trees"] == 40
    curve = boosted.history("loss")
    assert list(curve["step"]) == list(range(40))
    assert curve["value"].iloc[-1] < curve["value"].iloc[0]


def test_lineage_is_linked(recorded: Path) -> None:
    used = {(link.name, link.version) for link in run_named("ridge mended").record.datasets if link.role == "used"}
    assert used == {("patients", 2)}
    shown = json.loads(mlops_nb("models", "show", "progression@champion", "--json", cwd=recorded).stdout)
    assert run_named("ridge mended").id in json.dumps(shown)


def test_the_second_version_cost_one_column(recorded: Path) -> None:
    first, second = mb.load("patients@1"), mb.load("patients@2")
    changed = [name for name in first.columns if not first[name].equals(second[name])]
    assert changed == ["triglycerides"]
    listed = json.loads(mlops_nb("data", "list", "--json", cwd=recorded).stdout)
    stored = {row["version"]: row["stored_bytes"] for row in listed}
    assert stored[2] < stored[1] / 2


def test_the_champion_predicts(recorded: Path) -> None:
    patients = mb.load("patients@2")
    features = patients.drop(columns=["lab", "progression"])
    features["triglycerides"] = np.log(features["triglycerides"])
    predicted = mb.load_model("progression@champion").predict(features)
    assert abs(predicted - patients["progression"]).mean() < 50
