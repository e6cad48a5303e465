"""`format.json`: which format a store has, and its id."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mlops_nb.errors import StoreCorruptError, StoreTooNewError
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
        raise StoreCorruptError(
            f"{path} cannot be read: {fault}", hint='write {"format":1,"store_id":"mended"} into it'
        ) from fault
    if found.format > STORE_FORMAT:
        raise StoreTooNewError(
            f"the store at {root} has format {found.format}, this version reads up to {STORE_FORMAT}",
            hint="pip install --upgrade mlops-nb",
        )
    return found
