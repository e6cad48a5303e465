"""A file whole or not at all: written beside its place under another name, then renamed. Used by the writers here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give the place to write to; when the block ends well, the file there becomes `target`.

    Raises:
        OSError: The folder cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:50]}.", suffix=".part", dir=target.parent)
    os.close(handle)
    place = Path(name)
    try:
        yield place
        # mkstemp makes files that only the owner may read; an export is an ordinary file.
        place.chmod(0o666 & ~_umask())
        place.replace(target)
    finally:
        place.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
