"""Which flavors there are: our own first, then what plug-ins bring.

Entry points are read once, and only when none of our own fits.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

from mlops_nb.errors import CaptureWarning, NotFoundError, UnsupportedDataError
from mlops_nb.flavors.flavor import Flavor
from mlops_nb.flavors.scikit_learn import SklearnFlavor

GROUP = "mlops_nb.flavors"
_OWN: tuple[Flavor, ...] = (SklearnFlavor(),)


def find_flavor(model: Any) -> Flavor:
    """The flavor that stores `model`.

    Raises:
        UnsupportedDataError: None does; the hint says what can be stored.
    """
    for flavor in _iter_flavors():
        if flavor.owns(model):
            return flavor
    kind = model if isinstance(model, type) else type(model)
    what = "the class" if isinstance(model, type) else "a"
    raise UnsupportedDataError(
        f"cannot store {what} {kind.__module__}.{kind.__qualname__} as a model",
        hint="supported: " + "; ".join(flavor.accepts for flavor in _iter_flavors()),
    )


def get_flavor(name: str) -> Flavor:
    """The flavor of that name.

    Raises:
        NotFoundError: No flavor of that name is installed.
    """
    for flavor in _iter_flavors():
        if flavor.name == name:
            return flavor
    raise NotFoundError.among("flavor", name, (flavor.name for flavor in _iter_flavors()))


def _iter_flavors() -> Iterator[Flavor]:
    yield from _OWN
    yield from _plugins()


@functools.cache
def _plugins() -> tuple[Flavor, ...]:
    found = []
    for point in entry_points(group=GROUP):
        try:
            flavor = point.load()
            flavor = flavor() if isinstance(flavor, type) else flavor
        except Exception as fault:  # noqa: BLE001 - a stranger's broken plug-in must not take ours away
            warnings.warn(f"model flavor {point.name!r} cannot be used: {fault}", CaptureWarning, stacklevel=2)
            continue
        if isinstance(flavor, Flavor):
            found.append(flavor)
        else:
            warnings.warn(f"model flavor {point.name!r} is not a Flavor", CaptureWarning, stacklevel=2)
    return tuple(found)
