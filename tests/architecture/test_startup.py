"""What a fresh process loads. No clock: modules are counted, so the result is the same on every machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What `import mlops_nb` may not bring along ...
HEAVY = {
    "IPython", "traitlets", "ipykernel", "ipywidgets", "nbformat", "nbclient", "papermill", "jupyter_server", "tornado",
    "numpy", "pandas", "polars", "pyarrow", "matplotlib", "sklearn", "skops", "msgspec", "blake3", "obstore", "sqlite3",
    "click", "rich", "asyncio", "importlib.metadata",
}  # fmt: skip
# ... and what `%load_ext mlops_nb` may not add to an IPython shell.
HEAVY_IN_A_SHELL = {
    "ipywidgets", "nbformat", "nbclient", "papermill", "jupyter_server", "tornado", "numpy", "pandas", "polars",
    "pyarrow", "matplotlib", "sklearn", "skops", "click", "rich",
}  # fmt: skip

IMPORT = """
import sys
before = set(sys.modules)
import mlops_nb
import json
print(json.dumps(sorted(set(sys.modules) - before)))
"""

LOAD_EXTENSION = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "mlops_nb")
assert "track" in shell.magics_manager.magics["cell"], "the extension was not loaded"
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def newly_loaded(program: str, folder: Path) -> set[str]:
    """Run `program` in a fresh interpreter with `folder` first on its path; return the modules it names."""
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_loads_nothing_heavy() -> None:
    loaded = newly_loaded(IMPORT, ROOT)
    assert not loaded & HEAVY
    own = {name for name in loaded if name.startswith("mlops_nb.")}
    assert not own, "the root imports rooms eagerly; it should do so on first use (PEP 562)"


def test_load_ext_loads_nothing_heavy() -> None:
    assert not newly_loaded(LOAD_EXTENSION, ROOT) & HEAVY_IN_A_SHELL


@pytest.mark.parametrize(("program", "where"), [(IMPORT, "__init__.py"), (LOAD_EXTENSION, "magics/__init__.py")])
def test_a_planted_import_is_seen(tmp_path: Path, program: str, where: str) -> None:
    shutil.copytree(ROOT / "mlops_nb", tmp_path / "mlops_nb", ignore=shutil.ignore_patterns("labextension"))
    with (tmp_path / "mlops_nb" / where).open("a") as file:
        file.write("\nimport pandas\n")
    assert "pandas" in newly_loaded(program, tmp_path)
