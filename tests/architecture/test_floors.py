"""The floors hold, and the contracts that hold them are each seen red on a planted fault."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package in `tree` with the project's own contracts."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, free to be damaged."""
    ignore = shutil.ignore_patterns("__pycache__", "labextension")
    shutil.copytree(ROOT / "mlops_nb", tmp_path / "mlops_nb", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_floors_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


LAZY = "\n\ndef planted() -> None:\n    import {}\n"
TYPE_ONLY = "\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import {}\n"
PLAIN = "\n\nimport {}\n"
FLOORS = "Floors: an arrow only ever points down BROKEN"
PLAIN_CORE = "The plain core knows no framework (heavy ones are reached lazily by name) BROKEN"

FAULTS = {
    "upward": ("records/names.py", PLAIN.format("mlops_nb.store"), FLOORS),
    "upward-lazy": ("store/__init__.py", LAZY.format("mlops_nb.tracking"), FLOORS),
    "upward-type-only": ("errors.py", TYPE_ONLY.format("mlops_nb.records"), FLOORS),
    "between-siblings": ("magics/__init__.py", LAZY.format("mlops_nb.cli"), FLOORS),
    "between-trades": ("capture/__init__.py", LAZY.format("mlops_nb.store"), FLOORS),
    "without-a-floor": ("planted.py", PLAIN.format("os"), "mlops_nb.planted"),
    "heavy": ("capture/__init__.py", PLAIN.format("pandas"), PLAIN_CORE),
    "heavy-lazy": ("tracking/__init__.py", LAZY.format("IPython"), PLAIN_CORE),
    "sql": ("lineage/__init__.py", LAZY.format("sqlite3"), "Only the store speaks SQL BROKEN"),
    "circle": ("records/names.py", LAZY.format("mlops_nb.records.planted"), "No circles between siblings BROKEN"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_contract_is_seen_red(tree: Path, fault: str) -> None:
    where, text, complaint = FAULTS[fault]
    with (tree / "mlops_nb" / where).open("a") as file:
        file.write(text)
    if fault == "circle":
        (tree / "mlops_nb" / "records" / "planted.py").write_text("import mlops_nb.records.names\n")
    done = lint_imports(tree)
    assert done.returncode != 0
    assert complaint in done.stdout, done.stdout
