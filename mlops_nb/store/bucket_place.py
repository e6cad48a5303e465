"""An object store (S3, Azure Blob, Google Cloud Storage, or obstore's memory) as a place for the store.

The promise of `put` is the object store's own: a conditional put (`If-None-Match: *`). obstore is imported by whoever
makes the client; it works in threads of its own, which a forked child does not have, so a child says so and stops.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_nb.errors import StoreError
from mlops_nb.store.faults import store_error

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class BucketPlace:
    """See `Place`.

    Args:
        client: The object store, as obstore gives it.
        shown: How the place is called in messages, e.g. "s3://bucket/prefix".
    """

    def __init__(self, client: ObjectStore, shown: str) -> None:
        self._client = client
        self._shown = shown
        self._owner = os.getpid()

    def put(self, path: str, data: bytes) -> bool:
        """See `Place.put`."""
        import obstore

        client = self._own()
        try:
            obstore.put(client, path, data, mode="create", use_multipart=False)
        except obstore.exceptions.AlreadyExistsError:
            return False
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("write", f"{self._shown}/{path}", fault) from fault
        return True

    def get(self, path: str) -> bytes | None:
        """See `Place.get`."""
        import obstore

        client = self._own()
        try:
            return bytes(obstore.get(client, path).bytes())
        except FileNotFoundError:
            return None
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", f"{self._shown}/{path}", fault) from fault

    def read(self, path: str, offset: int, length: int) -> bytes | None:
        """See `Place.read`. A range that begins behind the end is an error of the server's, and then empty."""
        import obstore

        client = self._own()
        try:
            if obstore.head(client, path)["size"] <= offset:
                return b""
            return bytes(obstore.get_range(client, path, start=offset, length=length))
        except FileNotFoundError:
            return None
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", f"{self._shown}/{path}", fault) from fault

    def iter_pieces(self, path: str) -> Iterator[bytes] | None:
        """See `Place.iter_pieces`."""
        import obstore

        client = self._own()
        try:
            found = obstore.get(client, path)
        except FileNotFoundError:
            return None
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", f"{self._shown}/{path}", fault) from fault
        return (bytes(piece) for piece in found.stream())

    def has(self, path: str) -> bool:
        """See `Place.has`."""
        import obstore

        client = self._own()
        try:
            obstore.head(client, path)
        except FileNotFoundError:
            return False
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", f"{self._shown}/{path}", fault) from fault
        return True

    def refresh(self, path: str) -> bool:
        """See `Place.refresh`. Nothing is ever removed from a bucket, so that it is there is enough."""
        return self.has(path)

    def list_below(self, folder: str) -> list[str]:
        """See `Place.list_below`."""
        import obstore

        client = self._own()
        try:
            return [found["path"] for batch in obstore.list(client, folder) for found in batch]
        except (obstore.exceptions.BaseError, OSError) as fault:
            raise store_error("read", f"{self._shown}/{folder}", fault) from fault

    def _own(self) -> ObjectStore:
        if os.getpid() != self._owner:
            raise StoreError(
                "a forked process cannot use the object store of its parent",
                hint='start workers with multiprocessing.get_context("spawn"); metrics and params may be logged here',
            )
        return self._client
