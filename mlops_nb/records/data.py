"""A dataset's snapshot: where its bytes are and what it looks like.

A table's manifest lists its columns, each a list of segments. A segment is named by the BLAKE3 of its logical
Arrow content, so the same values have the same name on every machine, in whatever file they lie.
"""

from __future__ import annotations

import msgspec

from mlops_nb.records.values import Plain

MANIFEST_FORMAT = 1


class Address(msgspec.Struct, frozen=True, array_like=True):
    """Where some bytes are: a range of an object (most often a pack)."""

    object: str
    offset: int
    length: int


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """A run of consecutive rows of one column."""

    digest: str
    rows: int
    address: Address


class Column(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One column: names may repeat, `digest` covers type and values.

    A column of categories (Arrow: a dictionary) keeps its codes in `segments` and what they stand for in `categories`.
    `index` marks what belongs to a pandas frame's index: stored like a column, but none of the user's columns.
    """

    name: str
    type: str
    digest: str
    segments: tuple[Segment, ...]
    nulls: int = 0
    categories: tuple[Segment, ...] = ()
    index: bool = False


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that is needed to give a frame back, equal in every detail.

    `schema` is the Arrow schema in IPC form, base64; `python_type` is what was handed in
    (`pandas.DataFrame`, `polars.DataFrame`, `pyarrow.Table`); `extras` is what Arrow has no place for.
    `digest` names the whole content: equal frames of the same type have equal digests, wherever and however they lie.
    """

    digest: str
    rows: int
    columns: tuple[Column, ...]
    schema: str
    python_type: str
    logical_bytes: int
    format: int = MANIFEST_FORMAT
    extras: dict[str, Plain] = {}

    def packs(self) -> dict[str, set[tuple[int, int]]]:
        """The objects that this manifest points into, each with the ranges (offset, length) that are its own."""
        found: dict[str, set[tuple[int, int]]] = {}
        for column in self.columns:
            for segment in (*column.segments, *column.categories):
                address = segment.address
                found.setdefault(address.object, set()).add((address.offset, address.length))
        return found


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable, numbered state of a dataset, as lists show it."""

    name: str
    version: int
    digest: str
    manifest: str
    rows: int
    columns: int
    logical_bytes: int
    stored_bytes: int
    created_at: float
    created_by: str
    message: str = ""
    run_id: str = ""

    @property
    def reference(self) -> str:
        """As a person writes it: `flights@3`."""
        return f"{self.name}@{self.version}"
