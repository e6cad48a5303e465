"""What every flavor can do.

A plug-in is an object with these members, named by an entry point of the group `mlops_nb.flavors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Flavor(Protocol):
    """One framework's way to keep a model. Stateless."""

    @property
    def name(self) -> str:
        """What the registry writes down, e.g. "sklearn"."""
        ...

    @property
    def accepts(self) -> str:
        """What it stores, for people: "scikit-learn estimators and pipelines"."""
        ...

    def owns(self, model: Any) -> bool:
        """True if `dump` is for this model. Must not import the framework: the model proves that it is loaded."""
        ...

    def dump(self, model: Any, trusted: Sequence[str] = ()) -> bytes:
        """The model as bytes that `load(data, trusted)` has been seen to read.

        Args:
            model: A fitted model.
            trusted: Full names of the types, beyond the flavor's own list, that the caller vouches for.

        Raises:
            UntrustedModelError: `load` would refuse it; names the types.
            UnsupportedDataError: It cannot be stored at all.
        """
        ...

    def load(self, data: bytes, trusted: Sequence[str] = ()) -> Any:
        """The model again.

        Args:
            data: What `dump` gave, or what a stranger made of it.
            trusted: Full names of the types, beyond the flavor's own list, that may be built. Never taken from `data`.

        Raises:
            UntrustedModelError: The bytes ask for other types.
            StoreCorruptError: They are no model of this flavor, or a damaged one.
            MissingDependencyError: The framework, or a trusted type, is not there.
        """
        ...

    def packages(self) -> dict[str, str]:
        """The distributions that `load` needs, with the versions of this process."""
        ...
