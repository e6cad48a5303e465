"""README's blocks run, in their order, as a reader would run them.

All Python blocks are cells of one real IPython shell; the shell blocks run between them in the same folder. A block
is left out only with a reason, in an HTML comment just above it: `<!-- not run: reason -->`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^\n]+?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```", re.DOTALL)

# Reads the blocks from standard input, runs each, and stops at the first that fails.
DRIVER = """
import json, subprocess, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for block in json.load(sys.stdin):
    print("=====", block["text"].splitlines()[0], flush=True)
    if block["language"] == "python":
        sound = shell.run_cell(block["text"], store_history=True).success
    else:
        sound = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", block["text"]]).returncode == 0
    if not sound:
        sys.exit("README block failed:\\n" + block["text"])
"""


class Block(NamedTuple):
    """One fenced block of a document, and why it is not run ('' where it is)."""

    language: str
    text: str
    reason: str


def blocks_of(document: str) -> list[Block]:
    """The fenced blocks that a reader could run."""
    found = [Block(match["language"], match["text"], match["reason"] or "") for match in BLOCK.finditer(document)]
    return [block for block in found if block.language]


def run_blocks(blocks: list[Block], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the blocks that are not marked otherwise in `folder`."""
    chosen = [block._asdict() for block in blocks if not block.reason]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(chosen),
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_block_is_run_or_says_why_not() -> None:
    blocks = blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {block.language for block in blocks} <= {"python", "sh"}, "a language that this test cannot run"
    left_out = [block for block in blocks if block.reason]
    assert len(left_out) <= 2
    assert all(len(block.reason) > 20 for block in left_out)


@pytest.mark.timeout(300)
def test_blocks_run(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "example_notebooks",
        tmp_path / "example_notebooks",
        ignore=shutil.ignore_patterns(".mlops_nb", ".ipynb*"),
    )
    done = run_blocks(blocks_of((ROOT / "README.md").read_text(encoding="utf-8")), tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-4000:]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    "planted", ["```python\n1 / 0\n```\n", "```python\n%no_such_magic\n```\n", "```sh\nfalse\n```\n"]
)
def test_a_failing_block_is_seen(tmp_path: Path, planted: str) -> None:
    assert run_blocks(blocks_of("```python\n1\n```\n"), tmp_path).returncode == 0
    assert run_blocks(blocks_of(planted), tmp_path).returncode != 0
    assert run_blocks(blocks_of(f"<!-- not run: planted -->\n{planted}"), tmp_path).returncode == 0
