"""Which run made an object: so that `%register model` in the next cell still knows where the model came from.

Objects are remembered by identity while they live, and never kept alive for it.
"""

from __future__ import annotations

import weakref

_origins: dict[int, tuple[weakref.ref[object], str]] = {}


def note_origin(thing: object, run_id: str) -> None:
    """Remember that `thing` came out of a run. Objects that cannot be referred to weakly are passed over."""
    key = id(thing)

    def forget(_dead: weakref.ref[object]) -> None:
        _origins.pop(key, None)

    try:
        reference = weakref.ref(thing, forget)
    except TypeError:
        return
    _origins[key] = (reference, run_id)


def origin_of(thing: object) -> str:
    """The id of the run that `thing` came out of, or ''."""
    found = _origins.get(id(thing))
    return found[1] if found is not None and found[0]() is thing else ""
