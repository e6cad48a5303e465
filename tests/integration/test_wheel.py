"""What `pip install .` brings: a wheel with the panel and the server's configuration inside, that works on its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PANEL = "share/jupyter/labextensions/mlops-nb"
SERVER = "etc/jupyter/jupyter_server_config.d/mlops_nb.json"
ENTRY_POINTS = """
import json
from importlib.metadata import distribution
import mlops_nb
found = {f"{point.group}:{point.name}": point.value for point in distribution("mlops-nb").entry_points}
print(json.dumps({"file": mlops_nb.__file__, "version": mlops_nb.__version__, "points": found}))
"""

pytestmark = pytest.mark.timeout(600)


def uv(*arguments: str | Path) -> None:
    """Run uv; show what it said if it failed."""
    tool = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if tool is None:
        pytest.skip("needs uv, which `make` puts into .venv")
    done = subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree as an installer builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--wheel", "--out-dir", folder, ".")
    (found,) = folder.glob("mlops_nb-*.whl")
    return found


def test_wheel_holds_the_panel_and_the_servers_configuration(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    data = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert f"{PANEL}/package.json" in data
    assert f"{PANEL}/install.json" in data
    assert any(name.startswith(f"{PANEL}/static/remoteEntry.") for name in data)
    assert SERVER in data
    assert "mlops_nb/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_holds_one_copy_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("mlops_nb")} == set()
    assert not [name for name in names if name.startswith("mlops_nb/labextension/")]
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name or name.startswith("tests/")]


def test_wheel_installs_alone(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    uv("venv", "--quiet", "--python", sys.executable, venv)
    uv("pip", "install", "--quiet", "--python", venv / "bin" / "python", "--no-deps", wheel)
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [venv / "bin" / "python", "-c", ENTRY_POINTS],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert Path(told["file"]).is_relative_to(venv.resolve())
    assert told["version"] in wheel.name
    assert told["points"]["papermill.engine:mlops_nb"].startswith("mlops_nb.pipeline")
    assert told["points"]["console_scripts:mlops-nb"] == "mlops_nb.cli:main"
    assert (venv / "bin" / "mlops-nb").exists()
    assert (venv / SERVER).is_file()
    assert (venv / PANEL / "package.json").is_file()
