"""What this room asks of whoever keeps its bytes, and what it answers.

Imports nothing heavy, so that a store's adapter may be written against it without loading Arrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from mlops_nb.records.data import Address, Manifest


class PieceStore(Protocol):
    """Keeps encoded segments by digest. Called from one thread at a time."""

    def find(self, digests: Sequence[str]) -> Mapping[str, Address]:
        """Where the segments are that are there already. Those that are not are left out."""

    def put_pack(self, pieces: Sequence[tuple[str, bytes]]) -> Sequence[Address]:
        """Keep some segments together, (digest, bytes) each; one address for each, in order."""

    def read(self, address: Address) -> bytes:
        """The bytes of one segment."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What `take` did.

    Attributes:
        manifest: All that `restore` needs.
        stored_bytes: Encoded bytes that were handed to the store.
        new_segments: Segments that the store lacked.
        reused_segments: Segments that it had already, or that occur again within the frame.
        reused_bytes: The logical size of those.
    """

    manifest: Manifest
    stored_bytes: int
    new_segments: int
    reused_segments: int
    reused_bytes: int
