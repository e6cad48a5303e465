"""Decision trees from a file of unknown origin: every index in bounds, before anybody predicts.

scikit-learn's compiled prediction follows child, feature and category indices without looking, and trusts
that the trees of an ensemble fit together; skops therefore trusts no tree at all. A forest that could not be
loaded would be no use, so we trust trees and check them. It reads attributes only and calls no method of the
model. For `scikit_learn` alone.
"""

from __future__ import annotations

import gc
import inspect
import types
from collections.abc import Iterator
from typing import Any

from mlops_nb._lazy import loaded

_LEAF = -1
_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, str, bytes, int, float)
_RAW = {
    "sklearn.tree._tree": {"Tree"},
    "sklearn.ensemble._hist_gradient_boosting.predictor": {"TreePredictor"},
}
_BITSET = 8
"""Words of 32 bits in a set of categories (scikit-learn caps them at 256)."""


class UnsoundTreeError(ValueError):
    """A tree that compiled code would follow out of its arrays. Never leaves this room."""


def check(model: Any) -> None:
    """Look at every tree that can be reached from `model`.

    Raises:
        UnsoundTreeError: An index out of bounds, a cycle, or trees that do not fit their ensemble.
    """
    raw: dict[int, Any] = {}
    owned: set[int] = set()
    for thing in _reachable(model):
        modules = [base.__module__ for base in type(thing).__mro__]
        if modules[0] in _RAW and type(thing).__name__ in _RAW[modules[0]]:
            raw[id(thing)] = thing
        elif any(module.startswith(("sklearn.tree.", "sklearn.ensemble.")) for module in modules):
            owned |= _check_owner(thing)
    for tree in raw.values():
        _require(id(tree) in owned, "a tree outside of any tree model")
        if hasattr(tree, "children_left"):
            _check_tree(tree)


def _reachable(root: Any) -> Iterator[Any]:
    """Everything that the model holds, by the garbage collector's own knowledge of containers."""
    ndarray = loaded("numpy").ndarray  # type: ignore[union-attr]
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, _OPAQUE) or id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, ndarray):  # numpy hides its objects from the collector
            waiting.extend(thing.ravel().tolist() if thing.dtype.hasobject else ())
        else:
            waiting.extend(gc.get_referents(thing))


def _check_owner(thing: Any) -> set[int]:
    """Check an estimator that may hold trees; return the ids of those it answers for."""
    _check_not_shadowed(thing)
    if hasattr(thing, "tree_"):
        _require(thing.tree_.n_features == thing.n_features_in_, "a tree of another width")
        return {id(thing.tree_)}
    if hasattr(thing, "_predictors"):
        return _check_hist_boosting(thing)
    if hasattr(thing, "estimators_"):
        _check_ensemble(thing)
    return set()


def _require(condition: Any, otherwise: str) -> None:
    if not condition:
        raise UnsoundTreeError(otherwise)


def _check_not_shadowed(thing: Any) -> None:
    """A file sets attributes only; one that hides a method could skip scikit-learn's own checks of the input."""
    for key in getattr(thing, "__dict__", ()):
        _require(not inspect.isroutine(getattr(type(thing), key, None)), f"attribute {key!r} hides a method")


def _check_links(left: Any, right: Any, feature: Any, inner: Any, n_features: int) -> None:
    """Children come after their parent (so there is no cycle) and inside the array; features exist."""
    numpy: Any = loaded("numpy")
    place = numpy.flatnonzero(inner)
    for child in (left[inner].astype("int64"), right[inner].astype("int64")):
        _require((child > place).all() and (child < len(inner)).all(), "a node's child is out of bounds")
    used = feature[inner].astype("int64")
    _require((used >= 0).all() and (used < n_features).all(), "a node's feature is out of bounds")


def _check_tree(tree: Any) -> None:
    _require(tree.node_count > 0, "a tree without nodes")
    left = tree.children_left
    _check_links(left, tree.children_right, tree.feature, left != _LEAF, tree.n_features)


def _check_ensemble(owner: Any) -> None:
    """Forests and boosting check the width of their input once, then hand it to every tree unchecked."""
    numpy: Any = loaded("numpy")
    members = owner.estimators_
    if hasattr(owner, "n_trees_per_iteration_"):
        fits = isinstance(members, numpy.ndarray) and members.ndim == 2
        _require(fits and members.shape[1] == owner.n_trees_per_iteration_, "trees that do not fit the classes")
    flat = members.ravel().tolist() if isinstance(members, numpy.ndarray) else list(members)
    subsets = getattr(owner, "estimators_features_", None) or [None] * len(flat)
    _require(len(subsets) == len(flat), "feature subsets that do not fit the trees")
    for member, subset in zip(flat, subsets, strict=True):
        if hasattr(member, "tree_"):
            width = owner.n_features_in_ if subset is None else min(len(subset), owner.n_features_in_)
            _require(member.tree_.n_features <= width, "a tree wider than its ensemble")


def _check_hist_boosting(owner: Any) -> set[int]:
    numpy: Any = loaded("numpy")
    categorical = numpy.asarray(owner._bin_mapper.is_categorical_, dtype=bool)  # noqa: SLF001 - there is no public way
    _require(categorical.shape == (owner.n_features_in_,), "binning of another width")
    for iteration in owner._predictors:  # noqa: SLF001 - as above
        _require(len(iteration) == owner.n_trees_per_iteration_, "trees that do not fit the classes")
        for predictor in iteration:
            _check_predictor(predictor, categorical)
    return {id(predictor) for iteration in owner._predictors for predictor in iteration}  # noqa: SLF001 - as above


def _check_predictor(predictor: Any, categorical: Any) -> None:
    nodes = predictor.nodes
    _require(nodes.ndim == 1 and len(nodes) > 0, "a tree without nodes")
    inner = nodes["is_leaf"] == 0
    _check_links(nodes["left"], nodes["right"], nodes["feature_idx"], inner, len(categorical))
    by_category = inner & (nodes["is_categorical"] != 0)
    _require(categorical[nodes["feature_idx"][by_category]].all(), "a category split on a number")
    for sets in (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets):
        _require(sets.ndim == 2 and sets.shape[1] == _BITSET, "category sets of another shape")
        _require((nodes["bitset_idx"][by_category] < len(sets)).all(), "a category set out of bounds")
