"""Registering and loading model versions, and moving the aliases that point to them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import msgspec

from mlops_nb.errors import NotFoundError
from mlops_nb.flavors import find_flavor, get_flavor
from mlops_nb.lineage import get_model, get_run
from mlops_nb.records.ledger import AliasMoved, ModelRegistered, registered_model
from mlops_nb.records.models import ModelVersion
from mlops_nb.records.names import check_alias, check_name
from mlops_nb.store import Store, queries
from mlops_nb.store.ledger import Head
from mlops_nb.tracking.current import current_run, default_store, enclosing_run_id
from mlops_nb.tracking.origin import origin_of


def register(
    model: Any,
    name: str,
    *,
    alias: str | None = None,
    message: str = "",
    trusted: Sequence[str] = (),
    store: str | os.PathLike[str] | Store | None = None,
) -> ModelVersion:
    """Store a fitted model as the next version of a registered model.

    The version is linked to the run that made the model (the one that is open, else the tracked cell that the object
    came out of) and to the data of that run.

    Args:
        model: A fitted model of a supported framework (scikit-learn today).
        name: The model's name, e.g. "delays".
        alias: Point this alias to the new version, e.g. "challenger".
        message: What is new about it.
        trusted: Types of your own that the model holds and that may be loaded, as "package.module.Type".
        store: By default the configured store.

    Raises:
        UsageError: A name is unfit.
        UnsupportedDataError: No flavor knows this kind of model.
        UntrustedModelError: It holds types that nobody said may be loaded.
        MissingDependencyError: The flavor's package is not installed; the hint names the extra.
        StoreError: The store cannot be written.
    """
    name = check_name("model", name)
    if alias is not None:
        check_alias(alias)
    place = store if isinstance(store, Store) else default_store(store)
    flavor = find_flavor(model)
    data = flavor.dump(model, trusted)
    run = current_run()
    run_id = run.id if run is not None and run.store is place else origin_of(model) or enclosing_run_id()
    place.create()
    digest = place.objects.put(data)
    datasets = _datasets_of(place, run_id)

    def decide(_head: Head) -> ModelRegistered:
        if not place.objects.keep(digest):  # a gc came in between: see `store.sweep`
            place.objects.put(data)
        return ModelRegistered(
            name=name,
            version=queries.last_model_version(place, name) + 1,
            digest=digest,
            size_bytes=len(data),
            flavor=flavor.name,
            python_type=f"{type(model).__module__}.{type(model).__qualname__}",
            packages=flavor.packages(),
            message=message,
            run_id=run_id,
            datasets=datasets,
        )

    version = registered_model(place.ledger.commit(decide, place.index.catch_up))
    if run is not None and run.id == run_id:
        run.link_model("generated", name, version.version, digest)
    if alias is not None:
        move_alias(place, name, alias, version.version)
        version = msgspec.structs.replace(version, aliases=(alias,))
    return version


def move_alias(store: Store, name: str, alias: str, version: int, reason: str = "") -> AliasMoved:
    """Point an alias of a model to a version; who held it before is noted in the ledger.

    Raises:
        NotFoundError: No such model or version.
        UsageError: The alias is unfit.
    """
    check_alias(alias)

    def decide(_head: Head) -> AliasMoved:
        get_model(store, f"{name}@{version}")
        before = queries.find_alias(store, name, alias)
        return AliasMoved(name=name, alias=alias, version=version, previous_version=before, reason=reason)

    entry = store.ledger.commit(decide, store.index.catch_up)
    assert isinstance(entry.action, AliasMoved)
    return entry.action


def load_model(
    reference: str, *, trusted: Sequence[str] = (), store: str | os.PathLike[str] | Store | None = None
) -> Any:
    """Bring a registered model into memory. The current run is noted as having used it.

    Nothing in the file decides what may be loaded: the list of trusted types is ours, plus what you name.

    Args:
        reference: `delays@3`, `delays@champion`, or `delays` for the newest version.
        trusted: Further types that may be loaded, as "package.module.Type".
        store: By default the configured store.

    Raises:
        NotFoundError: No such model, version or alias; the hint names what there is.
        UntrustedModelError: The file holds types that are not on the list; the message names them.
        StoreCorruptError: The stored bytes are damaged.
        MissingDependencyError: The flavor's package is not installed; the hint names the extra.
    """
    place = store if isinstance(store, Store) else default_store(store)
    version = get_model(place, reference)
    model = get_flavor(version.flavor).load(place.objects.get(version.digest), trusted)
    run = current_run()
    if run is not None and run.store is place:
        run.link_model("used", version.name, version.version, version.digest)
    return model


def _datasets_of(store: Store, run_id: str) -> tuple[str, ...]:
    if not run_id:
        return ()
    try:
        run = get_run(store, run_id)
    except NotFoundError:
        return ()
    return tuple(dict.fromkeys(link.digest for link in run.datasets))
