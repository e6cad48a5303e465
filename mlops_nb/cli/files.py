"""Files that a command writes where the user said. Used by the commands that export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_nb.errors import MlopsNbError


@contextmanager
def file_errors(target: Path) -> Iterator[None]:
    """Say what is wrong with the place that the user chose."""
    try:
        yield
    except MlopsNbError:
        raise
    except OSError as fault:
        hint = "choose another place, or make room"
        raise MlopsNbError(f"cannot write {target}: {fault.strerror or fault}", hint=hint) from fault
