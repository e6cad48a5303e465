"""Tables as columns of content-defined segments: taken apart, given back equal, exported.

`take` reads a frame, names every segment by the BLAKE3 of its logical content and hands those that are missing to a
`PieceStore`; what it returns (a manifest) is all that `restore` needs to give back an object of the same type, equal
in every detail. `export` writes the usual file formats.

Given back as the type that was handed in: `pandas.DataFrame`, `pyarrow.Table`, `polars.DataFrame`. Whatever else speaks
Arrow's C stream (a duckdb relation, a record batch reader) is given back as a `pyarrow.Table`. What could not come back
equal is refused before anything is stored.

Floor 2. Knows no store (only the protocol in `pieces`), no run, no notebook; `tracking` brings it together with a
store. Importing this package loads neither pyarrow nor pandas.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from mlops_nb.datasets.pieces import PieceStore, Taken
from mlops_nb.records.data import Manifest

__all__ = ["PieceStore", "Taken", "export", "restore", "take"]


def take(data: object, pieces: PieceStore) -> Taken:
    """Take a frame apart and keep it.

    Args:
        data: A `pandas.DataFrame`, `pyarrow.Table`, `polars.DataFrame`, or anything with `__arrow_c_stream__` (given
            back as a `pyarrow.Table`).
        pieces: Keeps the segments. It is asked only for segments, never for a manifest: keep the one returned.

    Raises:
        UnsupportedDataError: The object, or a column of it, could not come back equal. Nothing has been stored.
    """
    from mlops_nb.datasets import taking

    return taking.take(data, pieces)


def restore(manifest: Manifest, pieces: PieceStore, columns: Sequence[Hashable] | None = None) -> Any:
    """Give back an object of the type that was taken, equal to it.

    Args:
        manifest: What `take` returned.
        pieces: Where the segments are.
        columns: Only these, in this order; a pandas frame keeps its index. All by default. A name that several columns
            share brings them all.

    Raises:
        NotFoundError: A column that the frame does not have.
        StoreCorruptError: Bytes are not what was written; names the column.
        StoreTooNewError: A newer version wrote this.
    """
    from mlops_nb.datasets import restoring

    return restoring.restore(manifest, pieces, columns)


def export(
    source: object, path: str | os.PathLike[str], *, pieces: PieceStore | None = None, overwrite: bool = False
) -> Path:
    """Write a frame, or a snapshot's content, to a file.

    Parquet and Feather keep every type and a pandas index; CSV and JSON hold text, and an index that is more than a
    row number becomes columns.

    Args:
        source: A frame (see `take`), or a manifest.
        path: The file. Its suffix decides: .parquet, .feather, .csv, .json (a list of objects), .jsonl.
        pieces: Where a manifest's segments are.
        overwrite: Replace the file if it exists.

    Returns:
        The path.

    Raises:
        UsageError: An unknown suffix, or a manifest without pieces.
        ConflictError: The file exists.
        UnsupportedDataError: The format cannot hold a column.
        StoreCorruptError: The snapshot is damaged.
    """
    from mlops_nb.datasets import exporting

    return exporting.export(source, path, pieces=pieces, overwrite=overwrite)
