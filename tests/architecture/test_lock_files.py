"""Lock files pin by hash and name no host, so that they hold wherever packages come from."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_LOCK = ROOT / "requirements.lock"
NODE_LOCK = ROOT / "labextension" / "package-lock.json"
HOST = re.compile(r"\w+://|@[\w.-]+\.[a-z]{2,}/|--(?:extra-)?index-url|--find-links")


def faults_in_python_lock(text: str) -> list[str]:
    """Lines that name a host, and packages without an exact version and a hash."""
    entries = re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())
    hosts = [entry[:60] for entry in entries if HOST.search(entry)]
    loose = [entry[:60] for entry in entries if "--hash=sha256:" not in entry or "==" not in entry.split(";")[0]]
    return hosts + loose


def faults_in_node_lock(text: str) -> list[str]:
    """Packages that hold an address (of the registry, or npm's `funding`), and packages without an integrity hash."""
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name and not entry.get("link")}
    return [name for name, entry in packages.items() if "://" in json.dumps(entry) or "integrity" not in entry]


def test_python_lock() -> None:
    assert faults_in_python_lock(PYTHON_LOCK.read_text()) == []


def test_node_lock() -> None:
    assert faults_in_node_lock(NODE_LOCK.read_text()) == []


def test_no_other_lock_file_is_kept() -> None:
    """`uv.lock` and yarn's files record hosts."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    locks = {name for name in tracked if re.search(r"(\.lock|-lock\.\w+|\.npmrc|pip\.conf)$", name)}
    assert locks <= {"requirements.lock", "labextension/package-lock.json", "labextension/.npmrc"}
    for name in locks - {"requirements.lock", "labextension/package-lock.json"}:
        assert "://" not in (ROOT / name).read_text()


@pytest.mark.parametrize(
    "planted",
    [
        "rich==14.0.0\n",
        "rich>=14.0.0 --hash=sha256:00\n",
        "--index-url https://example.org/simple\nrich==14.0.0 \\\n    --hash=sha256:00\n",
        "rich @ https://example.org/rich.whl --hash=sha256:00\n",
    ],
)
def test_a_fault_in_the_python_lock_is_seen(planted: str) -> None:
    assert faults_in_python_lock("click==8.1.0 \\\n    --hash=sha256:00\n") == []
    assert faults_in_python_lock(planted)


_ADDRESS = "https://example.org/x"


@pytest.mark.parametrize(
    "entry",
    [{"resolved": _ADDRESS, "integrity": "sha512-0"}, {"funding": {"url": _ADDRESS}, "integrity": "sha512-0"}, {}],
)
def test_a_fault_in_the_node_lock_is_seen(entry: dict[str, str]) -> None:
    planted = {"packages": {"": {}, "node_modules/x": entry}}
    assert faults_in_node_lock(json.dumps(planted)) == ["node_modules/x"]
    planted["packages"]["node_modules/x"] = {"integrity": "sha512-0"}
    assert faults_in_node_lock(json.dumps(planted)) == []
