"""`make` tells a newcomer what is missing, and does its set-up once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call make as a newcomer would, outside of any make that runs the tests."""
    command = ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "-u", "MFLAGS", "make", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def fake_python(folder: Path, version: str) -> Path:
    """A program that answers as a Python of that version without venv would."""
    path = folder / "python"
    too_old = int(tuple(map(int, version.split("."))) < (3, 11))
    path.write_text(
        f'#!/bin/sh\ncase "$2" in *print*) echo {version} ;; *ensurepip*) exit 1 ;; *) exit {too_old} ;; esac\n'
    )
    path.chmod(0o755)
    return path


def test_an_old_python_is_told(tmp_path: Path) -> None:
    done = make("demo", f"VENV={tmp_path}/venv", f"PYTHON={fake_python(tmp_path, '3.9.2')}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stdout
    assert "is 3.9.2" in done.stdout
    assert not (tmp_path / "venv").exists()


def test_a_missing_python_is_told(tmp_path: Path) -> None:
    done = make("demo", f"VENV={tmp_path}/venv", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "no Python was found" in done.stdout


def test_a_missing_venv_is_told(tmp_path: Path) -> None:
    done = make("demo", f"VENV={tmp_path}/venv", f"PYTHON={fake_python(tmp_path, '3.12.1')}")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stdout


@pytest.mark.parametrize("command", ["demo", "lab", "test", "lint", "format", "bench", "clean"])
def test_help_lists_the_command(command: str) -> None:
    done = make()
    assert done.returncode == 0
    assert f"make {command} " in done.stdout
