"""scikit-learn models, kept as skops files. Never pickle.

A skops file is a zip: `schema.json` says which types to build from which attributes, arrays lie beside it as
`.npy`. What may be built is decided here: skops' own list, ours (`trust`), and what the caller names. The
file has no say. Files are written uncompressed, so one that unpacks to more than it weighs is not ours.

Knows bytes and models; no store, no registry. Reached through `catalog`.
"""

from __future__ import annotations

import io
import pkgutil
import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from mlops_nb._lazy import loaded, require
from mlops_nb.errors import (
    MissingDependencyError,
    MlopsNbError,
    StoreCorruptError,
    UnsupportedDataError,
    UntrustedModelError,
    UsageError,
)
from mlops_nb.flavors import trees
from mlops_nb.flavors.trust import CHECKED, REVIEWED

MAX_NESTED_BYTES = 2**30
"""What the sparse matrices in a file (the only compressed parts of it) may unpack to."""

_HEADERS = 2**20
_MADE_ANEW = "register the model again from its run, or load another version"


class SklearnFlavor:
    """Estimators, pipelines and searches of scikit-learn, and the user's own classes derived from them."""

    name = "sklearn"
    accepts = "scikit-learn estimators, pipelines and searches (instances, fitted)"

    def owns(self, model: Any) -> bool:
        """True for an instance of scikit-learn's `BaseEstimator`. See `Flavor.owns`."""
        base = loaded("sklearn.base")
        return base is not None and isinstance(model, base.BaseEstimator)

    def dump(self, model: Any, trusted: Sequence[str] = ()) -> bytes:
        """See `Flavor.dump`. Loads what it wrote before it returns, so that what is registered can be loaded."""
        skops = _skops("storing a scikit-learn model")
        try:
            data: bytes = skops.dumps(model)
        except Exception as fault:
            raise UnsupportedDataError(
                f"skops cannot store this {type(model).__name__}: {_one_line(fault)}",
                hint="keep only arrays, numbers, texts and scikit-learn objects in the model's attributes",
            ) from fault
        refused = sorted(_wanted(skops, data) - _checked_names(trusted))
        if nameless := [name for name in refused if "<" in name]:
            raise UnsupportedDataError(
                f"this {type(model).__name__} holds {', '.join(nameless)}, which has no name to load it by",
                hint="use a function defined with def in a module instead of a lambda or a local one",
            )
        if refused:
            raise _untrusted(refused, "storing")
        self.load(data, trusted)
        return data

    def load(self, data: bytes, trusted: Sequence[str] = ()) -> Any:
        """See `Flavor.load`."""
        skops = _skops("loading a scikit-learn model")
        names = _checked_names(trusted)
        try:
            _check_size(data)
            wanted = _wanted(skops, data)
            _check_vouched(wanted, names)
            model = skops.loads(data, trusted=sorted(REVIEWED | CHECKED | wanted))
            trees.check(model)
        except MlopsNbError:
            raise
        except ImportError as fault:
            raise MissingDependencyError(
                f"the model needs {fault.name}, which cannot be imported here",
                hint="install the packages listed with the model version, at those versions",
            ) from fault
        except Exception as fault:
            raise StoreCorruptError(
                f"not a sound skops model: {type(fault).__name__}: {_one_line(fault)}", hint=_MADE_ANEW
            ) from fault
        return model

    def packages(self) -> dict[str, str]:
        """See `Flavor.packages`."""
        return {name: version(name) for name in ("scikit-learn", "skops", "numpy", "scipy")}


def _skops(why: str) -> Any:
    return require("skops.io", package="skops", extra="sklearn", why=why)


def _checked_names(trusted: Sequence[str]) -> frozenset[str]:
    if isinstance(trusted, str) or not all(isinstance(name, str) for name in trusted):
        raise UsageError("trusted is a list of full type names", hint='write trusted=["my_package.MyTransformer"]')
    return frozenset(trusted)


def _wanted(skops: Any, data: bytes) -> frozenset[str]:
    """The types that the file asks for and that neither skops nor we trust."""
    return frozenset(skops.get_untrusted_types(data=data)) - REVIEWED - CHECKED


def _untrusted(refused: list[str], doing: str) -> UntrustedModelError:
    shown = [name[:120] if name.isprintable() else ascii(name)[:120] for name in refused[:10]]
    more = f" and {len(refused) - 10} more" if len(refused) > 10 else ""
    return UntrustedModelError(
        f"{doing} this model needs types that are not trusted: {', '.join(shown)}{more}",
        hint=f"if you know that code and where the model came from, pass trusted={shown!r}",
        types=refused,
    )


def _check_size(data: bytes) -> None:
    """Refuse what is no zip, and bombs, before anything is unpacked."""
    if data[:1] == b"\x80":
        raise UntrustedModelError(
            "this model file is a pickle, and reading a pickle runs whatever code is in it",
            hint="load it where you trust it and register the model again: it will be kept as skops",
        )
    with zipfile.ZipFile(io.BytesIO(data)) as outer:
        if sum(entry.file_size for entry in outer.infolist()) > len(data) + _HEADERS:
            raise StoreCorruptError("the model file unpacks to more than it weighs", hint=_MADE_ANEW)
        nested = 0
        for entry in outer.infolist():
            with outer.open(entry) as part:
                is_zip = part.read(2) == b"PK"
            if is_zip:
                with zipfile.ZipFile(io.BytesIO(outer.read(entry))) as inner:
                    nested += sum(item.file_size for item in inner.infolist())
    if nested > MAX_NESTED_BYTES:
        raise StoreCorruptError(f"the model's sparse matrices would unpack to {nested} bytes", hint=_MADE_ANEW)


def _check_vouched(wanted: frozenset[str], trusted: frozenset[str]) -> None:
    """Refuse what nobody vouched for, and say which of the caller's own types is missing here."""
    if refused := sorted(wanted - trusted):
        raise _untrusted(refused, "loading")
    for name in sorted(wanted):
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError, ValueError) as fault:
            raise MissingDependencyError(
                f"the trusted type {name!r} is not here", hint="define it, or import its module, and load again"
            ) from fault


def _one_line(fault: BaseException) -> str:
    text = " ".join(str(fault).split())
    return text if len(text) <= 200 else text[:199] + "…"
