"""`format.json`: which format a store has, and its id."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from mlops_nb.errors import StoreCorruptError, StoreTooNewError
from mlops_nb.records.wire import encode
from mlops_nb.store.faults import store_error

STORE_FORMAT = 1


class StoreFormat(msgspec.Struct, frozen=True):
    """What `format.json` says. The id tells one store from another made later at the same place."""

    format: int
    store_id: str


def read_format(root: Path) -> StoreFormat | None:
    """Read the format of the store at `root`; None while there is no store yet.

    Raises:
        StoreTooNewError: A newer version of mlops_nb wrote it.
        StoreCorruptError: The file is there but cannot be understood.
        StoreError: The file cannot be read.
    """
    path = root / "format.json"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=StoreFormat)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as fault:
        raise store_error("read", path, fault) from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise StoreCorruptError(f"{path} cannot be read: {fault}", hint="run `mlops-nb store repair`") from fault
    if found.format > STORE_FORMAT:
        raise StoreTooNewError(
            f"the store at {root} has format {found.format}, this version reads up to {STORE_FORMAT}",
            hint="pip install --upgrade mlops-nb",
        )
    return found


def new_format(store_id: str = "") -> bytes:
    """What `format.json` holds in a new store, or in a mended one whose id is known."""
    return encode(StoreFormat(STORE_FORMAT, store_id or os.urandom(8).hex()))


def salvage_id(data: bytes) -> str:
    """The store's id out of a damaged `format.json`; '' if it cannot be made out."""
    found = re.search(rb"[^0-9a-f]([0-9a-f]{16})(?![0-9a-f])", data)
    return found[1].decode() if found else ""
