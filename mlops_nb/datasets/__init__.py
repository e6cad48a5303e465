"""Tables as columns of content-defined segments: taken apart, given back equal, exported.

`take` reads a frame, names every segment by the BLAKE3 of its logical content and hands those that are missing to a
`PieceStore`; what it returns (a manifest) is all that `restore` needs to give back an object of the same type, equal in
every detail. `export` writes the usual file formats.

Given back as the type that was handed in: `pandas.DataFrame`, `pyarrow.Table`, `polars.DataFrame`. Whatever else speaks
Arrow's C stream (a duckdb relation, a record batch reader) is given back as a `pyarrow.Table`. What could not come back
equal is refused before anything is stored.

Floor 2. Knows no store (only the protocol in `pieces`), no run, no notebook. `tracking` brings it together with a store.
Importing this package loads neither pyarrow nor pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mlops_nb.datasets.pieces import PieceStore, Taken

if TYPE_CHECKING:
    from mlops_nb.datasets.exporting import export
    from mlops_nb.datasets.restoring import restore
    from mlops_nb.datasets.taking import take

__all__ = ["PieceStore", "Taken", "export", "restore", "take"]

_LAZY = {"export": "exporting", "restore": "restoring", "take": "taking"}


def __getattr__(name: str) -> Any:
    """Load a verb when it is first used (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
