"""The magics: what a person types in a notebook.

Floor 6, beside cli and server; none of the three knows another. Knows IPython. Parses what was typed, hands it to
tracking, registry and lineage, and shows what came back; decides nothing.
"""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext mlops_nb`: register the magics and the hooks around cells."""
    from mlops_nb.magics.extension import Extension

    Extension.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext mlops_nb`: take everything away again."""
    from mlops_nb.magics.extension import Extension

    Extension.leave(shell)
