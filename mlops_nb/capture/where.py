"""Which notebook, on which host, by whom.

Every front end says it in its own way: a variable of the environment (Jupyter's server, papermill through our engine,
Colab) or of the user's namespace (VS Code). Reads no server, so a renamed notebook shows its name at kernel start.

Knows no store. Called once per run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mlops_nb.records.journal import Host

PAPERMILL_VARIABLE = "PAPERMILL_INPUT_PATH"
_VSCODE_NAME = "__vsc_ipynb_file__"
_JUPYTER_VARIABLE = "JPY_SESSION_NAME"
_COLAB_VARIABLE = "COLAB_RELEASE_TAG"
_SUFFIXES = (".ipynb", ".py", ".md", ".rmd", ".qmd")
_MAX_PATH = 4096


def find_notebook(environ: Mapping[str, str] | None = None, namespace: Mapping[str, object] | None = None) -> str:
    """The notebook that runs this code, or "" where nobody says (a console, a script).

    A path inside a project (the nearest folder upward with `.git` or pyproject.toml) is given relative to it, with
    forward slashes, so that it reads the same on every machine; any other path as it is. Colab keeps the name to
    itself: there it is `colab`.

    Args:
        environ: The environment; the process's by default.
        namespace: The user's namespace, where VS Code leaves the path.
    """
    environ = os.environ if environ is None else environ
    for said in (
        environ.get(PAPERMILL_VARIABLE, ""),
        _look_up(namespace, _VSCODE_NAME),
        environ.get(_JUPYTER_VARIABLE, ""),
    ):
        path = said.strip().removeprefix("RTC:")  # the prefix of documents edited together
        # A console's session has a name too, but names no file.
        if path.lower().endswith(_SUFFIXES) and len(path) <= _MAX_PATH and path.isprintable():
            return _shorten(path)
    return "colab" if environ.get(_COLAB_VARIABLE) else ""


def describe_host() -> Host:
    """This process: host name, process id, user (the number where the user has no name, as in many containers)."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = str(os.getuid()) if hasattr(os, "getuid") else ""
    try:
        name = socket.gethostname()
    except OSError:
        name = ""
    return Host(name=name, pid=os.getpid(), user=user)


def _look_up(namespace: Mapping[str, object] | None, name: str) -> str:
    try:
        value = "" if namespace is None else namespace.get(name, "")
    except Exception:  # noqa: BLE001 - a namespace may be any mapping, and raise anything
        return ""
    return value if isinstance(value, str) else ""


def _shorten(said: str) -> str:
    path = Path(said)
    if not path.is_absolute():
        return said
    for folder in path.parents:
        if (folder / ".git").exists() or (folder / "pyproject.toml").is_file():
            return path.relative_to(folder).as_posix()
    return said
