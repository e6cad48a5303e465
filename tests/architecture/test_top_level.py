"""The front of the house stays tidy: what lies at the top is on this list, and nothing that is made is kept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = {
    ".ci", ".editorconfig", ".gitattributes", ".gitignore", ".pre-commit-config.yaml",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "example_notebooks", "labextension", "mlops_nb", "pyproject.toml", "requirements.lock", "tests",
}  # fmt: skip
LARGEST_FILE_BYTES = 1_000_000


def tracked() -> list[str]:
    """The files under version control, those about to be added included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


def test_only_allowed_names_at_the_top() -> None:
    assert {name.partition("/")[0] for name in tracked()} - ALLOWED == set()


def test_no_large_file_is_kept() -> None:
    assert [name for name in tracked() if (ROOT / name).stat().st_size > LARGEST_FILE_BYTES] == []


def test_notebooks_are_kept_without_outputs() -> None:
    notebooks = [ROOT / name for name in tracked() if name.endswith(".ipynb") and name.startswith("example_notebooks/")]
    assert notebooks
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert all("id" in cell for cell in cells)
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
