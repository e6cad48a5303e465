"""Rooms stay small: a module has at most 400 lines, a function at most 50, in Python and in TypeScript.

A function's docstring is not counted: the house asks for long ones on what is public, and they are not code.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PANEL = ROOT / "labextension"
MODULE_LINES = 400
FUNCTION_LINES = 50

# TypeScript's own parser tells where a function begins and ends. A function that only holds other functions (a
# plugin's `activate`, a `describe`) is measured whole all the same.
MEASURE = """
const ts = require(process.argv[1]);
const fs = require('fs');
const found = [];
for (const path of process.argv.slice(2)) {
  const source = ts.createSourceFile(path, fs.readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const line = position => source.getLineAndCharacterOfPosition(position).line + 1;
  (function visit(node) {
    if (ts.isFunctionLike(node) && node.body)
      found.push([path, line(node.getStart()), line(node.end) - line(node.getStart()) + 1]);
    ts.forEachChild(node, visit);
  })(source);
}
console.log(JSON.stringify(found));
"""


def long_modules(*paths: Path) -> list[str]:
    """The files with more lines than a module may have."""
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    return [f"{path.name}: {lines} lines" for path, lines in sizes.items() if lines > MODULE_LINES]


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, decorators and docstring not counted."""
    first = function.body[0]
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def long_python_functions(*paths: Path) -> list[str]:
    """The functions with more lines than a function may have."""
    return [
        f"{path.name}:{node.lineno} {node.name}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and code_lines(node) > FUNCTION_LINES
    ]


def long_typescript_functions(*paths: Path) -> list[str]:
    """As `long_python_functions`; needs Node and the panel's packages."""
    compiler = PANEL / "node_modules" / "typescript"
    if not shutil.which("node") or not compiler.is_dir():
        pytest.skip("needs Node and the panel's packages (make test fetches them where Node is there)")
    command = ["node", "-e", MEASURE, str(compiler), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [f"{Path(path).name}:{line}" for path, line, lines in json.loads(done.stdout) if lines > FUNCTION_LINES]


def python_files() -> list[Path]:
    return [path for path in (ROOT / "mlops_nb").rglob("*.py") if "labextension" not in path.parts]


def typescript_files() -> list[Path]:
    """The panel's own sources; its tests may be longer where a `describe` wraps them."""
    found = [*(PANEL / "src").rglob("*.ts"), *(PANEL / "src").rglob("*.tsx")]
    return [path for path in found if ".test." not in path.name and "__tests__" not in path.parts]


def test_no_module_is_too_long() -> None:
    files = [*python_files(), *typescript_files()]
    assert files
    assert long_modules(*files) == []


def test_no_python_function_is_too_long() -> None:
    assert long_python_functions(*python_files()) == []


def test_no_typescript_function_is_too_long() -> None:
    files = typescript_files()
    assert files
    assert long_typescript_functions(*files) == []


@pytest.mark.parametrize("suffix", [".py", ".ts"])
def test_a_long_module_is_seen(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"planted{suffix}"
    path.write_text("\n" * MODULE_LINES)
    assert long_modules(path) == []
    path.write_text("\n" * (MODULE_LINES + 1))
    assert long_modules(path) == [f"planted{suffix}: {MODULE_LINES + 1} lines"]


def test_a_long_python_function_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text('def fits():\n    """Say.\n\n    More.\n    """\n' + "    pass\n" * (FUNCTION_LINES - 1))
    assert long_python_functions(path) == []
    path.write_text("class Planted:\n    async def method(self):\n" + "        pass\n" * FUNCTION_LINES)
    assert long_python_functions(path) == ["planted.py:2 method"]


def test_a_long_typescript_function_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "planted.ts"
    path.write_text("const fits = () => {\n" + "  1;\n" * (FUNCTION_LINES - 2) + "};\n")
    assert long_typescript_functions(path) == []
    path.write_text("const long = () => {\n" + "  1;\n" * (FUNCTION_LINES - 1) + "};\n")
    assert long_typescript_functions(path) == ["planted.ts:1"]
