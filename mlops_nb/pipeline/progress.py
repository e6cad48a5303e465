"""What a headless run tells whoever shows its progress."""

from __future__ import annotations

import msgspec


class CellProgress(msgspec.Struct, frozen=True):
    """A cell started or ended. `index` counts from 1; `state` is running, completed or failed."""

    index: int
    total: int
    cell_id: str
    state: str
