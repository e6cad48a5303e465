"""Which store a request means, and what a notebook's path is called in it.

The browser names notebooks by their path below the server's root folder. Such a path is hostile until it is
shown to stay inside. Knows folders and the configuration; knows no HTTP. Used by `handlers`.
"""

from __future__ import annotations

import threading
from pathlib import Path

from mlops_nb.capture.where import find_notebook
from mlops_nb.errors import NotFoundError, UsageError
from mlops_nb.store import Store, open_store

JUPYTER_VARIABLE = "JPY_SESSION_NAME"
"""How Jupyter Server tells a kernel the notebook's path, and so where capture reads it."""


class Places:
    """The stores of one server, each opened once. Safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._stores: dict[Path, Store] = {}
        self._lock = threading.Lock()

    def store_for(self, notebook: str = "") -> Store:
        """The store that the configuration gives for the notebook's folder, or for the root folder.

        Args:
            notebook: Path of a notebook below the root folder, '/' between its parts; '' for none.

        Raises:
            UsageError: The path is none.
            NotFoundError: It leads outside the root folder, or its folder does not exist.
            StoreError: The store cannot be read.
        """
        found = open_store(start=self.path_of(notebook).parent if notebook else self.root)
        with self._lock:
            return self._stores.setdefault(found.root, found)

    def path_of(self, notebook: str) -> Path:
        """The notebook's path on disk, links followed. The file itself need not exist (yet, or any more).

        Raises:
            UsageError: The path is none.
            NotFoundError: It leads outside the root folder, or its folder does not exist.
        """
        if not notebook.isprintable():
            raise UsageError("the notebook's path holds control characters", hint="rename the notebook")
        missing = NotFoundError(
            f"no notebook {notebook[:200]!r} below the server's folder", hint="open it in this server first"
        )
        try:
            path = (self.root / notebook).resolve()
            inside = path.is_relative_to(self.root.resolve()) and path.parent.is_dir()
        except OSError as fault:  # too long for a path, or a circle of links
            raise missing from fault
        if not inside:
            raise missing
        return path

    def names_of(self, notebook: str) -> list[str]:
        """What runs may call this notebook: as capture names it, as it was opened and with all links followed."""
        paths = (self.root / notebook, self.path_of(notebook))
        names = [find_notebook({JUPYTER_VARIABLE: str(path)}) for path in paths]
        return list(dict.fromkeys([*filter(None, names), notebook]))

    def shown(self, path: Path) -> str:
        """A folder relative to the root folder where it is inside, else whole."""
        for root in (self.root, self.root.resolve()):
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return str(path)
