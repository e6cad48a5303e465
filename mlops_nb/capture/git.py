"""Which commit the code is at, and whether the checkout differs from it.

Commit, branch and remote are read from git's own files (a process costs milliseconds, a file microseconds). Only "is
it dirty" needs git itself: `GitWatch` asks it on a thread, beside the run. Nothing in the repository is trusted:
references stay inside git's folder, and git is told to start no monitor of the repository's choosing.

Does not know runs. Called by whoever starts and ends one. File layout: gitrepository-layout(5).
"""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

from mlops_nb.records.journal import CodeState

REMEMBER_S = 2.0
GIT_TIMEOUT_S = 20.0
_MAX_CONFIG_BYTES = 1_000_000
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_URL_LINE = re.compile(r"\s*url\s*=\s*\"?([^\"\n]*?)\"?\s*")
_REMOTE_LINE = re.compile(r'\s*\[remote "([^"\n]*)"\]\s*')
_HIDDEN_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")


def find_code_state(folder: str | os.PathLike[str]) -> CodeState | None:
    """The checkout around a folder, or None where there is none (or it cannot be read). `dirty` stays None.

    `commit` is empty before the first commit, `branch` when no branch is checked out. The remote is `origin`, else
    the first one, without user and password.
    """
    try:
        place = _find_checkout(Path(folder).absolute())
        return None if place is None else _read_state(place[1])
    except (OSError, ValueError):  # ValueError: a path with a null byte
        return None


class GitWatch:
    """Asks git, beside a run, whether tracked files differ from the commit.

    `start` at the run's begin costs a thread's start; `result` at its end waits no longer than told. Watches of the
    same checkout share an answer for two seconds.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = folder
        self._look: _Look | None = None

    def start(self) -> None:
        """Begin to look. Does nothing outside a checkout."""
        try:
            place = _find_checkout(Path(self._folder).absolute())
            self._look = None if place is None else _look_at(place[0])
        except (OSError, ValueError, RuntimeError):  # RuntimeError: no more threads to be had
            self._look = None

    def result(self, timeout_s: float = 0.0) -> bool | None:
        """True when dirty, False when clean, None when not known within `timeout_s` seconds, or never."""
        if self._look is None or not self._look.done.wait(timeout_s):
            return None
        return self._look.dirty


class _Look:
    """One question to git, and its answer."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started = time.monotonic()
        self.done = threading.Event()
        self.dirty: bool | None = None

    def ask(self) -> None:
        try:
            self.dirty = _ask_git(self.root)
        finally:
            self.done.set()

    def is_current(self) -> bool:
        return not self.done.is_set() or time.monotonic() - self.started < REMEMBER_S


_looks: dict[Path, _Look] = {}
_looks_lock = threading.Lock()


def _look_at(root: Path) -> _Look:
    with _looks_lock:
        look = _looks.get(root)
        if look is None or not look.is_current():
            look = _Look(root)
            threading.Thread(target=look.ask, name="mlops-nb-git", daemon=True).start()
            _looks[root] = look
        return look


def _ask_git(root: Path) -> bool | None:
    import subprocess

    environ = {key: value for key, value in os.environ.items() if key not in _HIDDEN_VARIABLES}
    environ |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-c", "core.fsmonitor=false", "status", "--porcelain", "--untracked-files=no"]
    try:
        # run() kills its child when the time is up.
        answer = subprocess.run(
            command,
            cwd=root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):  # no git, no folder any more, or far too slow
        return None
    return bool(answer.stdout) if answer.returncode == 0 else None


def _find_checkout(folder: Path) -> tuple[Path, Path] | None:
    """The work tree's root and its git folder: `.git` itself, or where the file `.git` of a worktree points."""
    for root in (folder, *folder.parents):
        place = root / ".git"
        if place.is_dir():
            if (place / "HEAD").exists():
                return root, place
        elif place.is_file():
            pointer = _read(place)
            if pointer.startswith("gitdir:"):
                return root, root / pointer.removeprefix("gitdir:").strip()
    return None


def _read_state(place: Path) -> CodeState:
    shared = place
    if pointer := _read(place / "commondir").strip():  # a worktree keeps its own HEAD, and shares the rest
        shared = place / pointer
    head = _read(place / "HEAD").strip()
    reference = head.removeprefix("ref:").strip() if head.startswith("ref:") else ""
    branch = reference.removeprefix("refs/heads/") if reference.startswith("refs/heads/") else ""
    return CodeState(
        commit=_resolve(place, shared, head),
        branch="" if branch == ".invalid" else branch,  # what the reftable format writes there
        remote=_find_remote(_read(shared / "config", _MAX_CONFIG_BYTES)),
    )


def _resolve(place: Path, shared: Path, value: str) -> str:
    for _ in range(5):  # git follows as many symbolic references
        if not value.startswith("ref:"):
            break
        name = value.removeprefix("ref:").strip()
        if not name.startswith("refs/") or ".." in name.split("/"):
            return ""
        value = (_read(place / name) or _read(shared / name)).strip() or _find_packed(shared, name)
    return value if _COMMIT.fullmatch(value) else ""


def _find_packed(shared: Path, name: str) -> str:
    try:
        packed = (shared / "packed-refs").read_bytes()
    except OSError:
        return ""
    found = re.search(rb"^([0-9a-f]{40,64}) " + re.escape(os.fsencode(name)) + rb"$", packed, re.MULTILINE)
    return found[1].decode("ascii") if found else ""


def _find_remote(config: str) -> str:
    urls: dict[str, str] = {}
    section: str | None = None
    for line in config.splitlines():
        if line.lstrip().startswith("["):
            found = _REMOTE_LINE.fullmatch(line)
            section = found[1] if found else None
        elif section is not None and (found := _URL_LINE.fullmatch(line)):
            urls.setdefault(section, found[1])
    return _without_user(urls.get("origin") or next(iter(urls.values()), ""))


def _without_user(url: str) -> str:
    """Drop user, password and query of a URL. `git@host:path` has no password and stays."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    rest = rest.partition("?")[0]
    host, slash, path = rest.partition("/")
    if "@" not in host and re.search(r":(?!\d*$)", host):  # a password with a bare slash in it
        return f"{scheme}://{rest.rpartition('@')[2]}"
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _read(path: Path, limit: int = 4096) -> str:
    """The text of a small file; empty where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""
