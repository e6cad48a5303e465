"""A registered model's version, as lists show it."""

from __future__ import annotations

import msgspec


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version of a model, with the aliases that point to it now.

    `datasets` are the digests of the data its run used or generated; `packages` what is needed to load it.
    """

    name: str
    version: int
    digest: str
    size_bytes: int
    flavor: str
    python_type: str
    created_at: float
    created_by: str
    aliases: tuple[str, ...] = ()
    packages: dict[str, str] = {}
    message: str = ""
    run_id: str = ""
    datasets: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """As a person writes it: `delays@3`."""
        return f"{self.name}@{self.version}"
