"""Snapshots: where the trade of datasets and the store are brought together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_nb.datasets import restore, take
from mlops_nb.errors import StoreBusyError
from mlops_nb.records.data import Address, Manifest, Snapshot
from mlops_nb.records.ledger import SnapshotPublished, published_snapshot
from mlops_nb.records.names import check_name
from mlops_nb.records.wire import decode_manifest, encode
from mlops_nb.store import Store, queries
from mlops_nb.store.ledger import Head
from mlops_nb.store.lookup import get_snapshot
from mlops_nb.tracking.current import current_run, default_store, enclosing_run_id
from mlops_nb.tracking.origin import origin_of

_MAX_TAKES = 20


class _PackSweptError(Exception):
    """A gc removed a pack that this snapshot was about to share. Never leaves this module."""


class StorePieces:
    """The store, as `datasets` wants to see it: segments found, packed and read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, digests: Sequence[str]) -> Mapping[str, Address]:
        """Where the segments are that the store has already."""
        return queries.find_segments(self._store, digests)

    def put_pack(self, pieces: Sequence[tuple[str, bytes]]) -> list[Address]:
        """Keep encoded segments in one object; their addresses in the same order."""
        self._store.create()
        pack = self._store.objects.put(b"".join(data for _, data in pieces))
        addresses, offset = [], 0
        for _, data in pieces:
            addresses.append(Address(pack, offset, len(data)))
            offset += len(data)
        return addresses

    def read(self, address: Address) -> bytes:
        """The bytes of a segment, not verified (`datasets` does that)."""
        return self._store.objects.read(address)


def snapshot(
    data: Any, name: str, message: str = "", *, store: str | os.PathLike[str] | Store | None = None
) -> Snapshot:
    """Keep the state of a data frame as the next version of a dataset.

    Data whose content is that of the newest version makes no new version: that one is returned. Only segments of
    columns that the store lacks are written.

    Args:
        data: A pandas or polars frame, a pyarrow table, or anything with `__arrow_c_stream__`.
        name: The dataset's name, e.g. "flights".
        message: What is new about it.
        store: By default the configured store.

    Returns:
        The snapshot, with `.version`, `.digest`, `.stored_bytes`.

    Raises:
        UsageError: The name is unfit.
        UnsupportedDataError: The data could not come back equal. Nothing is stored then.
        StoreError: The store cannot be written.
    """
    name = check_name("dataset", name)
    place = store if isinstance(store, Store) else default_store(store)
    run_id = origin_of(data) or enclosing_run_id()
    for _ in range(_MAX_TAKES):
        place.index.catch_up()
        taken = take(data, StorePieces(place))
        found = queries.last_snapshot(place, name)
        if found is not None and found.digest == taken.manifest.digest:
            break
        try:
            found = _publish(place, name, message, run_id, taken.manifest, taken.stored_bytes)
            break
        except _PackSweptError:
            continue
    else:
        raise StoreBusyError(f"a gc sweeps faster than {name} can be kept", hint="try again when it is done")
    run = current_run()
    if run is not None and run.store is place:
        run.link_dataset("generated", found.digest, name, found.version, found.rows)
    return found


def load(
    reference: str, *, columns: Sequence[str] | None = None, store: str | os.PathLike[str] | Store | None = None
) -> Any:
    """Bring a snapshot into memory, of the type it was taken from and equal to it.

    The current run is noted as having used it.

    Args:
        reference: `flights@3`, or `flights` for the newest version.
        columns: Only these columns.
        store: By default the configured store.

    Raises:
        NotFoundError: No such dataset or version; the hint names what there is.
        StoreCorruptError: Stored bytes are damaged; never are wrong values returned.
    """
    place = store if isinstance(store, Store) else default_store(store)
    found = get_snapshot(place, reference)
    data = restore(get_manifest(place, found), StorePieces(place), columns)
    run = current_run()
    if run is not None and run.store is place:
        run.link_dataset("used", found.digest, found.name, found.version, found.rows)
    return data


def get_manifest(store: Store, found: Snapshot) -> Manifest:
    """The manifest of a snapshot: its columns, types and where their segments are.

    Raises:
        NotFoundError: The object is gone.
        StoreCorruptError: It is damaged.
    """
    return decode_manifest(store.objects.get(found.manifest))


def _publish(store: Store, name: str, message: str, run_id: str, manifest: Manifest, stored_bytes: int) -> Snapshot:
    data = encode(manifest)
    store.create()
    digest = store.objects.put(data)

    packs = manifest.packs()

    def decide(_head: Head) -> SnapshotPublished:
        # What this entry refers to must be there when it is written, and young: see `store.sweep`.
        store.objects.put(data)
        if not all(store.objects.keep(pack) for pack in packs):
            raise _PackSweptError
        return SnapshotPublished(
            name=name,
            version=queries.last_snapshot_version(store, name) + 1,
            digest=manifest.digest,
            manifest=digest,
            rows=manifest.rows,
            columns=sum(not column.index for column in manifest.columns),
            logical_bytes=manifest.logical_bytes,
            stored_bytes=stored_bytes + len(data),
            message=message,
            run_id=run_id,
        )

    return published_snapshot(store.ledger.commit(decide, store.index.catch_up))
