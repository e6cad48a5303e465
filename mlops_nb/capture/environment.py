"""Which interpreter, which platform, and which versions of the packages that are imported.

Reads the names of the `*.dist-info` folders on `sys.path`, never their contents: a full metadata scan costs tens of
milliseconds, the names alone less than one. So a module is matched to its distribution by name, with a table for the
usual exceptions; a module that matches nothing (a local script, a rare package) is left out.

Does not know git (`git` does) and installs nothing. Called at the end of a run.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from pathlib import Path

from mlops_nb.records.journal import CodeState, EnvironmentCaptured

_DISTRIBUTION = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-py[\d.]+)?\.(?:dist|egg)-info")
_SEPARATORS = re.compile(r"[-_.]+")

# Modules whose distribution has another name (several where forks share the module), in normalised form.
_EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "attr": ("attrs",),
    "bs4": ("beautifulsoup4",),
    "cv2": ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "dateutil": ("python-dateutil",),
    "docx": ("python-docx",),
    "dotenv": ("python-dotenv",),
    "faiss": ("faiss-cpu", "faiss-gpu"),
    "fitz": ("pymupdf",),
    "git": ("gitpython",),
    "IPython": ("ipython",),
    "jose": ("python-jose",),
    "jwt": ("pyjwt",),
    "lightning_utilities": ("lightning-utilities",),
    "mpl_toolkits": ("matplotlib",),
    "MySQLdb": ("mysqlclient",),
    "OpenSSL": ("pyopenssl",),
    "PIL": ("pillow",),
    "pkg_resources": ("setuptools",),
    "psycopg2": ("psycopg2", "psycopg2-binary"),
    "serial": ("pyserial",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "skopt": ("scikit-optimize",),
    "slugify": ("python-slugify",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos"),
    "umap": ("umap-learn",),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "yaml": ("pyyaml",),
    "zmq": ("pyzmq",),
}


def describe_environment(code: CodeState | None = None, *, at: float | None = None) -> EnvironmentCaptured:
    """Describe where the code runs, now.

    Args:
        code: The git checkout, as `git.find_code_state` found it.
        at: Unix seconds to date the description with; the present by default.
    """
    return EnvironmentCaptured(
        at=time.time() if at is None else at,
        python=sys.version.partition(" ")[0],
        platform=_platform(),
        packages=_packages.imported(),
        code=code,
        cpu_count=_cpu_count(),
    )


class _Packages:
    """Distributions of the modules seen so far.

    A version is kept as first seen: an upgrade on disk does not change what is in memory.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counted = 0
        self.named: dict[str, str] = {}
        self.modules: set[str] = set()
        self.found: dict[str, str] = {}
        self.folders: dict[str, tuple[int, dict[str, str]]] = {}

    def imported(self) -> dict[str, str]:
        """Normalised distribution name to version, for every imported top-level module."""
        with self.lock:
            if len(sys.modules) == self.counted:
                return self.named
            present = {name for name in list(sys.modules) if type(name) is str and "." not in name}
            if new := present - self.modules - sys.stdlib_module_names:
                installed = self.scan()
                for module in new:
                    self.match(module, installed)
            self.modules |= present
            self.counted = len(sys.modules)
            self.named = dict(sorted(self.found.items()))
            return self.named

    def match(self, module: str, installed: dict[str, str]) -> None:
        for name in _EXCEPTIONS.get(module, (_normal(module),)):
            if name in installed:
                self.found.setdefault(name, installed[name])

    def scan(self) -> dict[str, str]:
        """What is installed on `sys.path` now. Lists only the folders that are new or have changed."""
        installed: dict[str, str] = {}
        for folder in reversed(sys.path):  # the first on the path wins, as in import
            try:
                changed_at = Path(folder).stat().st_mtime_ns  # an empty entry is the working directory
                if self.folders.get(folder, (0, {}))[0] != changed_at:
                    self.folders[folder] = changed_at, _list_distributions(folder)
            except (OSError, TypeError, ValueError):  # a zip file, a folder that is gone, an odd entry
                continue
            installed |= self.folders[folder][1]
        return installed


def _list_distributions(folder: str) -> dict[str, str]:
    entries = os.listdir(folder or ".")  # noqa: PTH208 - a Path for each entry would triple the cost
    matches = (_DISTRIBUTION.fullmatch(entry) for entry in entries if entry.endswith("-info"))
    return {_normal(found["name"]): found["version"] for found in matches if found}


def _normal(name: str) -> str:
    """A name as package indexes compare it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


_packages = _Packages()


def _platform() -> str:
    """Like `platform.platform()`, which reads the interpreter's binary to say more."""
    if not hasattr(os, "uname"):
        return sys.platform
    system = os.uname()
    return f"{system.sysname}-{system.release}-{system.machine}"


def _cpu_count() -> int:
    """The CPUs this process may use (a container's share, where the system says so)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0
