"""Flavors: a fitted model into bytes and back, so that reading a model never runs code from its file.

A flavor knows one framework. `find_flavor(model)` picks by looking at the model; `get_flavor(name)` by the
name that the registry wrote down. Frameworks are never imported on behalf of a user who has not.

Floor 2, beside store, capture and datasets: knows bytes, not where they are kept. For registry and above.
"""

from __future__ import annotations

from mlops_nb.flavors.catalog import find_flavor, get_flavor
from mlops_nb.flavors.flavor import Flavor

__all__ = ["Flavor", "find_flavor", "get_flavor"]
