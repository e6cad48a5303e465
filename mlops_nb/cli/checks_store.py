"""Doctor's questions about the store: where, how found, can it be trusted, is there room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from mlops_nb import config
from mlops_nb.cli.checks import Check
from mlops_nb.errors import MlopsNbError
from mlops_nb.records import text

LOW_BYTES, EMPTY_BYTES = 2_000_000_000, 100_000_000


def check_store(named: str | None) -> Iterator[Check]:
    """All that concerns the store.

    Args:
        named: What `--store` said, if anything.
    """
    try:
        root = config.find_store(named)
    except MlopsNbError as fault:
        yield Check("fail", "store", fault.message, fault.hint)
        return
    yield from _check_format(root, _how_found(named, root))
    place = _nearest_folder(root)
    yield _check_writable(place)
    yield from _check_promises(place)
    yield _check_room(place)
    yield _check_index(root)


def _how_found(named: str | None, root: Path) -> str:
    if named:
        return "named by --store"
    if os.environ.get(config.STORE_VARIABLE, "").strip():
        return f"named by {config.STORE_VARIABLE}"
    for place in (Path.cwd(), *Path.cwd().parents):
        if "[tool.mlops_nb]" in _read(place / "pyproject.toml"):
            return f"named by {place / 'pyproject.toml'}"
    return "found upward from here" if root.is_dir() else "would be made here by the first run"


def _check_format(root: Path, how: str) -> Iterator[Check]:
    from mlops_nb.store.format import read_format

    try:
        found = read_format(root)
    except MlopsNbError as fault:
        yield Check("fail", "store", f"{root} ({how}): {fault.message}", fault.hint)
        return
    if found is not None:
        yield Check("ok", "store", f"{root} ({how})")
        yield Check("ok", "format", f"{found.format}, store {found.store_id}")
    elif root.exists() and not root.is_dir():
        yield Check("fail", "store", f"{root} ({how}) is a file", "name a folder with --store or MLOPS_NB_STORE")
    elif (root / "ledger").is_dir():
        remedy = "run `mlops-nb store repair`"
        yield Check("fail", "store", f"{root} ({how}) has no format.json, so it reads as empty", remedy)
    else:
        yield Check("ok", "store", f"{root} ({how}); nothing is recorded in it yet")


def _nearest_folder(root: Path) -> Path:
    """The store, or the folder in which it would be made."""
    return next((place for place in (root, *root.parents) if place.is_dir()), Path.cwd())


def _check_writable(place: Path) -> Check:
    if os.access(place, os.W_OK | os.X_OK):
        return Check("ok", "writable", f"yes, {place}")
    return Check(
        "fail", "writable", f"no: you may not write to {place}", "change its owner, or choose another with --store"
    )


def _check_promises(place: Path) -> Iterator[Check]:
    from mlops_nb.cli import race

    where = "move the store to a local disk, or to a file system that keeps this promise (NFS 4 does)"
    try:
        found = race.try_promises(place)
    except (OSError, subprocess.TimeoutExpired, MlopsNbError) as fault:
        message = fault.message if isinstance(fault, MlopsNbError) else str(fault)
        yield Check("fail", "put-if-absent", f"could not be tried: {message}", "see whether the folder can be written")
        return
    racers = f"{race.ROUNDS} files raced for by 2 processes of {race.THREADS} threads"
    if found.broken_rounds:
        broken = f"{found.broken_rounds} of {racers} had not exactly one winner: versions could be lost here"
        yield Check("fail", "put-if-absent", broken, where)
    else:
        yield Check("ok", "put-if-absent", f"one winner each: {racers}")
    if found.lock_holds:
        yield Check("ok", "locks", "another process respects them (so a crashed run is told from a live one)")
    else:
        yield Check("fail", "locks", "another process ignores them: live runs would be closed as crashed", where)


def _check_room(place: Path) -> Check:
    free = shutil.disk_usage(place).free
    if free < EMPTY_BYTES:
        return Check("fail", "disk", f"{text.size(free)} free", "free some space")
    if free < LOW_BYTES:
        return Check("warn", "disk", f"{text.size(free)} free", "free some space before you keep large data")
    return Check("ok", "disk", f"{text.size(free)} free")


def _check_index(root: Path) -> Check:
    from mlops_nb.store import Store

    store = Store(root)
    folder = config.cache_dir()
    try:
        store.index.recall_head()
        path = store.index.path
        size = path.stat().st_size if path.is_file() else None
    except (OSError, MlopsNbError) as fault:
        return Check("warn", "index", f"cannot be read: {fault}", f"see whether {folder} can be written")
    if size is not None:
        return Check("ok", "index", f"{path} ({text.size(size)})")
    if os.access(_nearest_folder(folder), os.W_OK | os.X_OK):
        return Check("ok", "index", f"none yet; it will lie in {folder}")
    remedy = f"make it writable, or name another folder with {config.CACHE_VARIABLE}"
    return Check("warn", "index", f"{folder} cannot be written: each command makes the index anew", remedy)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
