"""Doctor's questions about the installation: packages, extras, Jupyter's parts, papermill's engine, switches."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_nb import config
from mlops_nb.cli.checks import Check

DISTRIBUTION = "mlops-nb"
PANEL = "mlops-nb"
"""The labextension's name, and its folder's."""

ENGINE = "mlops_nb"
_REINSTALL = "pip install --force-reinstall mlops-nb, into the environment that JupyterLab runs in"


def check_installation() -> Iterator[Check]:
    """All that concerns what is installed here."""
    version = _version(DISTRIBUTION) or "of a folder"
    yield Check("ok", "version", f"mlops_nb {version}, Python {platform.python_version()}")
    yield from _check_packages()
    yield _check_engine()
    yield _check_kernels()
    yield _check_server_extension()
    yield _check_panel()
    for name, what in config.iter_switches():
        if value := os.environ.get(name):
            yield Check("ok", name, f"{value} ({what})")


def _check_packages() -> Iterator[Check]:
    try:
        needed = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield Check("warn", "packages", "mlops-nb runs from a folder and is not installed", "pip install -e .")
        return
    extras: dict[str, list[str]] = {"": []}
    for line in needed:
        found = re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", line)
        extras.setdefault(found[1] if found else "", []).append(re.split(r"[^\w.-]", line, maxsplit=1)[0])
    for extra, packages in extras.items():
        versions = {name: _version(name) for name in packages}
        missing = [name for name, version in versions.items() if not version]
        told = "  ".join(f"{name} {version}" for name, version in versions.items() if version)
        what = f"extra {extra}" if extra else "packages"
        if not missing:
            yield Check("ok", what, told)
        elif extra:
            remedy = f"pip install 'mlops-nb[{extra}]', if you want what it brings"
            yield Check("warn", what, f"not installed: {', '.join(missing)}", remedy)
        else:
            yield Check("fail", what, f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _check_engine() -> Check:
    found = [one for one in importlib.metadata.entry_points(group="papermill.engine") if one.name == ENGINE]
    if not found:
        return Check("fail", "papermill engine", f"{ENGINE} is not registered", "pip install mlops-nb again")
    try:
        found[0].load()
    except Exception as fault:  # noqa: BLE001 - whatever a broken installation raises is what is reported
        return Check("fail", "papermill engine", f"{found[0].value} cannot be loaded: {fault}", "pip install it again")
    return Check("ok", "papermill engine", f"papermill --engine {ENGINE} is {found[0].value}")


def _check_kernels() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager

    names = sorted(KernelSpecManager().find_kernel_specs())
    if names:
        return Check("ok", "kernels", ", ".join(names))
    return Check("fail", "kernels", "none, so no notebook can run headless", "python -m ipykernel install --user")


def _check_server_extension() -> Check:
    from jupyter_core.paths import jupyter_config_path

    said, where = None, ""
    for folder in map(Path, reversed(jupyter_config_path())):  # the later wins
        files = [*sorted((folder / "jupyter_server_config.d").glob("*.json")), folder / "jupyter_server_config.json"]
        for path in files:
            enabled = _table(path, "ServerApp", "jpserver_extensions").get("mlops_nb")
            if enabled is not None:
                said, where = bool(enabled), str(path)
    if said:
        return Check("ok", "server extension", f"enabled by {where}")
    if said is None:
        return Check("warn", "server extension", "not installed, so the side panel has nobody to ask", _REINSTALL)
    remedy = "jupyter server extension enable mlops_nb"
    return Check("warn", "server extension", f"disabled by {where}", remedy)


def _check_panel() -> Check:
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    folders = [Path(folder) / PANEL for folder in jupyter_path("labextensions")]
    found = next((folder for folder in folders if (folder / "package.json").is_file()), None)
    if found is None:
        return Check("warn", "side panel", "not installed (everything else works without it)", _REINSTALL)
    for folder in map(Path, jupyter_config_path()):
        disabled = _table(folder / "labconfig" / "page_config.json", "disabledExtensions")
        if any(value for name, value in disabled.items() if name.partition(":")[0] == PANEL):
            remedy = f"jupyter labextension enable {PANEL}"
            return Check("warn", "side panel", f"disabled by {folder / 'labconfig'}", remedy)
    return Check("ok", "side panel", f"{_table(found / 'package.json').get('version', '?')} in {found}")


def _table(path: Path, *keys: str) -> dict[str, Any]:
    """A table in a JSON file of Jupyter's; empty where there is none."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
