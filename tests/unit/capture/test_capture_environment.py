"""Interpreter, platform and the versions of what is imported."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import types
from pathlib import Path

import pytest

from mlops_nb.capture.environment import _Packages, describe_environment
from mlops_nb.records.journal import CodeState


def test_imported_packages_have_the_versions_that_their_metadata_say() -> None:
    import dateutil  # noqa: F401
    import numpy as np  # noqa: F401
    import yaml  # noqa: F401

    packages = describe_environment().packages
    for name in ("numpy", "python-dateutil", "pyyaml", "msgspec", "pytest"):
        assert packages[name] == importlib.metadata.version(name)
    assert not set(packages) & {"json", "os", "uv"}


def test_the_rest() -> None:
    code = CodeState(commit="a" * 40)
    found = describe_environment(code, at=12.0)
    assert found.at == 12.0
    assert found.code is code
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert sys.platform in found.platform.lower()
    assert found.cpu_count >= 1


def test_a_package_installed_later_is_found_and_an_upgrade_does_not_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    describe_environment()
    (tmp_path / "Late_Comer-1.2.dev3+local.dist-info").mkdir()
    monkeypatch.setitem(sys.modules, "late_comer", types.ModuleType("late_comer"))
    assert describe_environment().packages["late-comer"] == "1.2.dev3+local"
    (tmp_path / "Late_Comer-1.2.dev3+local.dist-info").rename(tmp_path / "Late_Comer-2.0.dist-info")
    monkeypatch.setitem(sys.modules, "another_module", types.ModuleType("another_module"))
    assert describe_environment().packages["late-comer"] == "1.2.dev3+local"


def test_an_upgrade_before_the_import_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = _Packages()
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "not_yet-1.0.dist-info").mkdir()
    assert "not-yet" not in packages.imported()
    (tmp_path / "not_yet-1.0.dist-info").rename(tmp_path / "not_yet-2.0.dist-info")
    monkeypatch.setitem(sys.modules, "not_yet", types.ModuleType("not_yet"))
    assert packages.imported()["not-yet"] == "2.0"


def test_a_second_module_of_an_upgraded_package_does_not_change_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = _Packages()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "pkg_resources", raising=False)
    (tmp_path / "setuptools-1.0.dist-info").mkdir()
    monkeypatch.setitem(sys.modules, "setuptools", types.ModuleType("setuptools"))
    assert packages.imported()["setuptools"] == "1.0"
    (tmp_path / "setuptools-1.0.dist-info").rename(tmp_path / "setuptools-2.0.dist-info")
    monkeypatch.setitem(sys.modules, "pkg_resources", types.ModuleType("pkg_resources"))
    assert packages.imported()["setuptools"] == "1.0"


def test_the_standard_library_and_what_the_path_hides_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "json-9.dist-info").mkdir()
    (tmp_path / "msgspec-0.0.1.dist-info").mkdir()
    packages = _Packages().imported()
    assert "json" not in packages
    assert packages["msgspec"] == "0.0.1"


def test_odd_modules_and_paths_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "odd name\x00", None)
    monkeypatch.setattr(sys, "path", [*sys.path, "/no/such", "nul\x00", 7])
    assert describe_environment().packages


def test_a_fresh_process_imports_nothing_heavy() -> None:
    code = (
        "import sys; from mlops_nb.capture import code, environment, figures, git, harvest, output, redaction, "
        "resources, where; environment.describe_environment(); git.find_code_state('.'); where.find_notebook(); "
        "figures.open_figures(); meter = resources.Meter(); meter.start(); meter.stop(); "
        "heavy = {'IPython', 'numpy', 'pandas', 'matplotlib', 'importlib.metadata', 'subprocess', 'asyncio'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
