"""A store in a folder: where its parts are put together, and the only place that creates it."""

from __future__ import annotations

import getpass
import os
import socket
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_nb.config import find_store
from mlops_nb.records.journal import Outcome
from mlops_nb.store.faults import explained
from mlops_nb.store.format import StoreFormat, new_format, read_format
from mlops_nb.store.journal import Journals, JournalWriter
from mlops_nb.store.ledger import Ledger
from mlops_nb.store.live import Live
from mlops_nb.store.objects import Objects

if TYPE_CHECKING:
    from mlops_nb.store.index import Index


def open_store(place: str | os.PathLike[str] | None = None, *, start: str | os.PathLike[str] | None = None) -> Store:
    """Open the store that the configuration names (see `mlops_nb.config.find_store`). Creates nothing.

    Raises:
        StoreTooNewError: A newer version of mlops_nb wrote it.
        StoreError: It cannot be read.
        UsageError: The configuration names no folder.
    """
    store = Store(find_store(place, start=start))
    store.format  # noqa: B018 - refuse a store we cannot read now, not at its first use
    return store


class Store:
    """One store. Cheap to open, safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = Objects(root)
        self.ledger = Ledger(self.objects, _who)
        self.journals = Journals(root)
        self.live = Live(root, self.journals, self.ledger)
        self._ready = False

    @cached_property
    def index(self) -> Index:
        """The derived index, opened (and made, when missing) at first use."""
        from mlops_nb.store.index import Index

        return Index(self.root, self.objects, self.journals, self.ledger, self.live)

    @property
    def format(self) -> StoreFormat | None:
        """The store's format and id; None while there is no store yet. See `read_format` for what it raises."""
        return read_format(self.root)

    def create(self) -> None:
        """Make the folder and what belongs in it, if it is not there. Any number of processes may do so at once."""
        if self._ready and self.root.is_dir():  # it may be deleted under a living kernel
            return
        with explained("write", self.root):
            for folder in (self.root, self.root / "live", self.root / "runs"):
                folder.mkdir(parents=True, exist_ok=True)
        if self.format is None:
            self.objects.put_named("format.json", new_format())
            # A store beside a checkout must not make it dirty.
            self.objects.put_named(".gitignore", b"*\n")
        self._ready = True

    def start_journal(self, run_id: str) -> JournalWriter:
        """Mark a run as live and open its journal.

        Raises:
            FileExistsError: The id is taken.
            StoreError: The store cannot be written.
        """
        self.create()
        self.live.mark(run_id)
        return self.journals.create(run_id)

    def seal_journal(self, run_id: str, writer: JournalWriter, experiment: str, outcome: Outcome) -> None:
        """Close a journal whose last record is the `RunFinished` with this outcome, and enter it into the ledger.

        Raises:
            StoreError: The ledger cannot be written; the next reader will seal the run.
        """
        try:
            self.live.seal(run_id, experiment, outcome)
        finally:
            writer.close()

    def check_writable(self) -> None:
        """Raise the `StoreError` that a write would meet."""
        self.create()
        probe = self.root / "live" / f".probe-{os.urandom(4).hex()}"
        with explained("write", probe):
            probe.write_bytes(b"")
            probe.unlink()


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"
