"""A piece store in memory: counts what it is handed, refuses what it has, and lets a test damage its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from mlops_nb.errors import NotFoundError
from mlops_nb.records.data import Address


class MemoryPieces:
    def __init__(self) -> None:
        self.packs: list[bytes] = []
        self.places: dict[str, Address] = {}

    def find(self, digests: Sequence[str]) -> Mapping[str, Address]:
        return {digest: self.places[digest] for digest in digests if digest in self.places}

    def put_pack(self, pieces: Sequence[tuple[str, bytes]]) -> Sequence[Address]:
        addresses = []
        offset = 0
        for digest, piece in pieces:
            assert digest not in self.places, "only what is missing may be handed over"
            addresses.append(Address(str(len(self.packs)), offset, len(piece)))
            self.places[digest] = addresses[-1]
            offset += len(piece)
        self.packs.append(b"".join(piece for _, piece in pieces))
        return addresses

    def read(self, address: Address) -> bytes:
        if int(address.object) >= len(self.packs):
            raise NotFoundError(f"no pack {address.object}")
        return self.packs[int(address.object)][address.offset : address.offset + address.length]


@pytest.fixture
def pieces() -> MemoryPieces:
    return MemoryPieces()
