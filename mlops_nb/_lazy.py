"""Optional and heavy packages, reached only when they are needed.

Two verbs: `loaded` looks in `sys.modules` and never imports (if a user hands us a pandas frame, pandas is
there already); `require` imports an optional package or says which extra brings it.

Floor: the ground.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from mlops_nb.errors import MissingDependencyError


def loaded(module: str) -> Any | None:
    """The module if the process has imported it already, else None. Never imports."""
    return sys.modules.get(module)


def require(module: str, *, package: str, extra: str, why: str) -> Any:
    """Import an optional module.

    Args:
        module: Dotted module name, e.g. "skops.io".
        package: Its name on the package index, e.g. "skops".
        extra: The extra of mlops-nb that installs it.
        why: What needs it, as the start of a sentence: "storing a scikit-learn model".

    Raises:
        MissingDependencyError: It is not installed; the hint names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as fault:
        # A broken dependency of an installed package is another fault, and must say so itself.
        if fault.name is None or not (module == fault.name or module.startswith(fault.name + ".")):
            raise
        raise MissingDependencyError.for_extra(package, extra, why) from fault
