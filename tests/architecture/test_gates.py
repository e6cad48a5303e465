"""Each gate of `make lint` is seen red once on a planted fault: a gate that cannot fail guards nothing.

That the tree itself passes is what `make lint` says; here only the faults are tried.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAD = '"""Planted."""\n\nfrom __future__ import annotations\n'

RUFF = {
    "TID252": HEAD + "\nfrom .records import names\n\n__all__ = ['names']\n",
    "D103": HEAD + "\n\ndef public() -> None:\n    pass\n",
    "D101": HEAD + "\n\nclass Public:\n    pass\n",
    "D100": "from __future__ import annotations\n",
    "I002": '"""Planted."""\n\nimport os\n\nNAME = os.name\n',
    "T201": HEAD + "\nprint('planted')\n",
    "BLE001": HEAD + "\ntry:\n    NAME = 1\nexcept Exception:\n    NAME = 2\n",
    "S110": HEAD + "\ntry:\n    NAME = 1\nexcept Exception:  # noqa: BLE001\n    pass\n",
    "ANN001": HEAD + "\n\ndef _f(x) -> None:\n    del x\n",
    "DTZ005": HEAD + "\nimport datetime\n\nNOW = datetime.datetime.now()\n",
    "S608": HEAD + '\n\ndef _f(name: str) -> str:\n    return f"SELECT * FROM {name}"\n',
}


def run(tool: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the tools of this environment."""
    command = [Path(sys.executable).with_name(tool), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty package under the project's own settings."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "mlops_nb"
    package.mkdir()
    (package / "__init__.py").write_text(HEAD)
    return tmp_path


def test_the_bare_tree_is_green(tree: Path) -> None:
    """Else the faults below would prove nothing."""
    for tool, *arguments in (["ruff", "check", "--no-cache", "."], ["ruff", "format", "--check", "."], ["mypy"]):
        done = run(tool, *arguments, cwd=tree)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RUFF)
def test_ruff_is_seen_red(tree: Path, rule: str) -> None:
    (tree / "mlops_nb" / "planted.py").write_text(RUFF[rule])
    done = run("ruff", "check", "--no-cache", "--output-format=concise", ".", cwd=tree)
    assert done.returncode == 1
    assert f" {rule} " in done.stdout, done.stdout


def test_the_formatter_is_seen_red(tree: Path) -> None:
    (tree / "mlops_nb" / "planted.py").write_text(HEAD + "NAME   =  1\n")
    assert run("ruff", "format", "--check", ".", cwd=tree).returncode == 1


@pytest.mark.parametrize(
    "fault", ["def f(x):\n    return x\n", "NAME: int = 'text'\n", "def f() -> list:\n    return []\n"]
)
def test_mypy_is_seen_red(tree: Path, fault: str) -> None:
    (tree / "mlops_nb" / "planted.py").write_text(HEAD + fault)
    done = run("mypy", cwd=tree)
    assert done.returncode == 1
    assert "planted.py" in done.stdout, done.stdout


def test_codespell_is_seen_red(tree: Path) -> None:
    # Written in two pieces, so that the gate does not stumble over this file.
    (tree / "planted.md").write_text("reci" + "eve\n")
    assert run("codespell", "planted.md", cwd=tree).returncode != 0


def test_lint_calls_every_gate_and_ci_calls_the_tests() -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition("\nlint:")[2].partition("\n.PHONY")[0]
    for gate in ("ruff check", "ruff format --check", "mypy", "lint-imports", "codespell"):
        assert f"$(BIN)/{gate}" in recipe
    assert " lint " in makefile.partition("\ntest:")[2].partition("\n")[0]
    ci = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in ci
    assert "make test" in ci
