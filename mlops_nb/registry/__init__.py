"""Registered models: versions, aliases, safe loading.

Floor 4. Knows the flavors (which turn a model into bytes), the store and the current run; knows no notebook. Called
by the surfaces. Gates, approvals and signing will live here.
"""

from __future__ import annotations

from mlops_nb.registry.models import load_model, move_alias, register

__all__ = ["load_model", "move_alias", "register"]
