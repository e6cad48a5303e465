"""Where the store is, and the few switches the environment may set.

Store lookup, first hit wins: the argument, `MLOPS_NB_STORE`, `store` under `[tool.mlops_nb]` in the nearest
pyproject.toml, the nearest `.mlops_nb/` upward, `.mlops_nb/` beside the nearest `.git` or pyproject.toml, and
last `.mlops_nb/` in the folder itself (the notebook's, or the working directory).

Floor: just above errors. Reads files and the environment; creates nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlops_nb.errors import UsageError

STORE_VARIABLE = "MLOPS_NB_STORE"
PARENT_RUN_VARIABLE = "MLOPS_NB_PARENT_RUN"
EXPERIMENT_VARIABLE = "MLOPS_NB_EXPERIMENT"
CACHE_VARIABLE = "MLOPS_NB_CACHE"
DEBUG_VARIABLE = "MLOPS_NB_DEBUG"
FOLDER = ".mlops_nb"


def find_store(
    explicit: str | os.PathLike[str] | None = None,
    *,
    start: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Path:
    """Decide which folder is the store. The folder need not exist yet.

    Args:
        explicit: What the caller said, e.g. `--store`. Wins over everything.
        start: The folder to look upward from; the working directory by default.
        environ: Environment to read; the process's by default.

    Raises:
        UsageError: The place named is a URL (cloud stores are not built yet), an ill-formed pyproject.toml, or a
            working directory that was deleted.
    """
    environ = os.environ if environ is None else environ
    if explicit:
        return _folder(os.fspath(explicit), "--store", start or "")
    if named := environ.get(STORE_VARIABLE, "").strip():
        return _folder(named, STORE_VARIABLE, "")
    folder = _absolute(_expanded(os.fspath(start or ""), "start"))
    upward = [folder, *folder.parents]
    for place in upward:
        if (project := place / "pyproject.toml").is_file() and (named := _from_pyproject(project)):
            return _folder(named, str(project), place)
    for place in upward:
        if (place / FOLDER).is_dir():
            return place / FOLDER
    for place in upward:
        if (place / ".git").exists() or (place / "pyproject.toml").is_file():
            return place / FOLDER
    return folder / FOLDER


def cache_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The user's cache folder for what can be made anew (the index)."""
    environ = os.environ if environ is None else environ
    if named := environ.get(CACHE_VARIABLE):
        return Path(named).expanduser()
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mlops_nb"


def _from_pyproject(path: Path) -> str:
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return ""
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise UsageError(
            f"cannot read {path}: {fault}", hint="mend the file, or say where the store is with MLOPS_NB_STORE"
        ) from fault
    named: object = tables
    for key in ("tool", "mlops_nb", "store"):
        named = named.get(key, "") if isinstance(named, dict) else ""
    if not isinstance(named, str):
        raise UsageError(f"[tool.mlops_nb] store in {path} must be a text", hint='write store = "some/folder"')
    return named


def _folder(named: str, where: str, base: str | os.PathLike[str]) -> Path:
    if "://" in named and not named.startswith("file://"):
        raise UsageError(
            f"{where} names {named!r}: this version keeps its store in a local folder only",
            hint="name a folder; buckets are planned",
        )
    path = _expanded(named.removeprefix("file://"), where)
    return path if path.is_absolute() else _absolute(_expanded(os.fspath(base), where)) / path


def _expanded(named: str, where: str) -> Path:
    try:
        return Path(named).expanduser()
    except RuntimeError as fault:
        raise UsageError(f"{where} names {named!r}: {fault}", hint="write the folder in full") from fault


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except FileNotFoundError as fault:
        raise UsageError(
            "the working directory is gone", hint="change to one that is there, or set MLOPS_NB_STORE"
        ) from fault


def iter_switches() -> Iterator[tuple[str, str]]:
    """Each environment variable that is read, with one line of what it does (for `--help` and `doctor`)."""
    yield STORE_VARIABLE, "the folder that holds runs, snapshots and models"
    yield CACHE_VARIABLE, "the folder for the derived index (safe to delete)"
    yield EXPERIMENT_VARIABLE, "the experiment of runs that name none"
    yield PARENT_RUN_VARIABLE, "set by headless runs: the run that started this kernel"
    yield DEBUG_VARIABLE, "1 shows the traceback of a fault in mlops_nb itself"
