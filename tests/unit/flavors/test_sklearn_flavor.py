"""scikit-learn models come back equal, and nothing else gets built."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skops import io as skops

from mlops_nb.errors import (
    MissingDependencyError,
    MlopsNbError,
    NotFoundError,
    StoreCorruptError,
    UnsupportedDataError,
    UntrustedModelError,
    UsageError,
)
from mlops_nb.flavors import Flavor, find_flavor, get_flavor
from mlops_nb.flavors.scikit_learn import SklearnFlavor

FLAVOR = SklearnFlavor()
X, Y = load_iris(return_X_y=True)
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(e=np.where(X[:, 0] > 5, "u", "v"))
FRAME["f"] = pd.Categorical(np.where(X[:, 1] > 3, "p", "q"))


class Doubler(TransformerMixin, BaseEstimator):
    """A user's own transformer, in a module that can be imported."""

    def fit(self, x, y=None):
        self.n_features_in_ = x.shape[1]
        return self

    def transform(self, x):
        return x * 2


DOUBLER = f"{Doubler.__module__}.Doubler"


def _mixed(last):
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), ["e", "f"]),
    )
    return make_pipeline(columns, last)


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (LogisticRegression(max_iter=1000), X),
        (_mixed(LogisticRegression(max_iter=1000)), FRAME),
        (_mixed(RandomForestClassifier(4)), FRAME),
        (RandomForestClassifier(4, ccp_alpha=0.01), X),
        (ExtraTreesClassifier(4, max_leaf_nodes=5), X),
        (GradientBoostingClassifier(n_estimators=3), X),
        (HistGradientBoostingClassifier(max_iter=3), X),
        (HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype"), FRAME[["f", "a", "b"]]),
        (IsolationForest(n_estimators=4, max_features=0.5), X),
        (BaggingClassifier(n_estimators=3, max_features=2), X),
        (AdaBoostClassifier(n_estimators=2), X),
        (GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.1, 1.0]}, cv=2), X),
        (GridSearchCV(RandomForestClassifier(3), {"max_depth": [1, 2]}, cv=2, scoring="f1_macro"), X),
        (VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())]), X),
        (StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())], cv=2), X),
        (make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=1000)), X),
        (KNeighborsClassifier(algorithm="brute"), X),
        (make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)), ["a bird", "the bird", "a cat"] * 50),
    ],
    ids=lambda value: (
        "+".join(type(s).__name__ for _, s in value.steps) if hasattr(value, "steps") else type(value).__name__
    ),
)
def test_predictions_are_equal_after_the_round_trip(model, x):
    model.fit(x, Y)
    flavor = find_flavor(model)
    back = flavor.load(flavor.dump(model))
    assert type(back) is type(model)
    np.testing.assert_array_equal(back.predict(x), model.predict(x))
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(back.predict_proba(x), model.predict_proba(x))


def test_own_class_is_stored_only_when_vouched_for_and_loaded_only_then():
    model = make_pipeline(Doubler(), LogisticRegression(max_iter=1000)).fit(X, Y)
    with pytest.raises(UntrustedModelError, match="storing this model") as caught:
        FLAVOR.dump(model)
    assert caught.value.context["types"] == [DOUBLER]
    assert f"trusted=['{DOUBLER}']" in caught.value.hint
    data = FLAVOR.dump(model, trusted=[DOUBLER])
    with pytest.raises(UntrustedModelError, match="loading this model"):
        FLAVOR.load(data)
    np.testing.assert_array_equal(FLAVOR.load(data, trusted=[DOUBLER]).predict(X), model.predict(X))


def test_a_vouched_class_that_is_gone_is_named(monkeypatch):
    data = FLAVOR.dump(make_pipeline(Doubler(), LogisticRegression(max_iter=1000)).fit(X, Y), trusted=[DOUBLER])
    monkeypatch.delattr(sys.modules[Doubler.__module__], "Doubler")
    with pytest.raises(MissingDependencyError, match=r"Doubler' is not here"):
        FLAVOR.load(data, trusted=[DOUBLER])


def test_unchecked_neighbour_trees_are_refused_by_name():
    with pytest.raises(UntrustedModelError, match=r"_kd_tree\.KDTree"):
        FLAVOR.dump(KNeighborsClassifier(algorithm="kd_tree").fit(X, Y))


@pytest.mark.parametrize("bad", ["a.B", [Doubler], [1]])
def test_trusted_must_be_a_list_of_names(bad):
    data = FLAVOR.dump(GaussianNB().fit(X, Y))
    with pytest.raises(UsageError, match="full type names"):
        FLAVOR.load(data, trusted=bad)


def test_what_cannot_be_stored_says_so():
    with pytest.raises(UnsupportedDataError, match="has no name"):
        FLAVOR.dump(FunctionTransformer(lambda x: x).fit(X))
    with pytest.raises(UnsupportedDataError, match=r"builtins\.dict") as caught:
        find_flavor({"a": 1})
    assert "scikit-learn" in caught.value.hint
    with pytest.raises(UnsupportedDataError, match="the class"):
        find_flavor(LogisticRegression)
    with pytest.raises(UnsupportedDataError, match="skops cannot store"):
        FLAVOR.dump(FunctionTransformer(kw_args={"stream": (n for n in range(3))}).fit(X))


def test_flavors_by_name():
    assert isinstance(get_flavor("sklearn"), Flavor)
    assert set(get_flavor("sklearn").packages()) == {"scikit-learn", "skops", "numpy", "scipy"}
    with pytest.raises(NotFoundError, match="no flavor named 'sklern'"):
        get_flavor("sklern")


def test_looking_for_a_flavor_imports_no_framework():
    program = (
        "import sys; from mlops_nb.flavors import find_flavor\n"
        "try: find_flavor(object())\n"
        "except TypeError: print([m for m in ('sklearn', 'skops', 'numpy', 'torch') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_plug_ins_are_looked_at_last_and_a_broken_one_warns(monkeypatch):
    from mlops_nb.errors import CaptureWarning
    from mlops_nb.flavors import catalog

    class Point:
        def __init__(self, name, thing):
            self.name, self._thing = name, thing

        def load(self):
            if isinstance(self._thing, Exception):
                raise self._thing
            return self._thing

    class Numbers(SklearnFlavor):
        name = "numbers"
        accepts = "plain numbers"

        def owns(self, model):
            return isinstance(model, float) or super().owns(model)

    points = [Point("broken", ImportError("no such thing")), Point("numbers", Numbers), Point("none", object())]
    monkeypatch.setattr(catalog, "entry_points", lambda group: points if group == catalog.GROUP else [])
    catalog._plugins.cache_clear()
    try:
        with pytest.warns(CaptureWarning, match="broken|none"):
            assert find_flavor(1.5).name == "numbers"
        assert find_flavor(GaussianNB()).name == "sklearn"
    finally:
        catalog._plugins.cache_clear()


# --- hostile files ---------------------------------------------------------------------------------------


class _Boom:
    def __reduce__(self):
        return (exec, ("raise SystemExit('the pickle ran')",))


def _rewrite(data, change):
    """The same skops file with its schema changed by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "schema.json":
                schema = json.loads(content)
                change(schema)
                content = json.dumps(schema).encode()
            new.writestr(entry.filename, content)
    return out.getvalue()


def _zip(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in files.items():
            new.writestr(name.replace("__", "."), content)
    return out.getvalue()


def test_a_pickle_is_refused_without_being_read():
    with pytest.raises(UntrustedModelError, match="pickle"):
        FLAVOR.load(pickle.dumps(_Boom()))


@pytest.mark.parametrize("loader", ["FunctionNode", "TypeNode", "ObjectNode", "ConstructorFromReduceNode"])
def test_a_file_that_asks_for_a_dangerous_callable_is_refused(loader, tmp_path):
    proof = tmp_path / "ran"
    argument = {"__loader__": "JsonNode", "__class__": "str", "__module__": "builtins", "content": f'"{proof}"'}
    arguments = {"__loader__": "TupleNode", "__class__": "tuple", "__module__": "builtins", "content": [argument]}

    def change(schema):
        schema.clear()
        schema.update(__loader__=loader, __class__="mkdir", __module__="os", content=arguments, protocol=2)

    data = _rewrite(FLAVOR.dump(GaussianNB().fit(X, Y)), change)
    with pytest.raises(UntrustedModelError, match=r"os\.mkdir"):
        FLAVOR.load(data)
    assert not proof.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a zip at all",
        b"PK\x03\x04",
        _zip(other__txt="x"),
        _zip(schema__json="{"),
        _zip(schema__json="[]"),
        _zip(schema__json="{}"),
        _zip(schema__json='{"protocol": 99}'),
        _zip(schema__json='{"protocol": 2, "__loader__": "Nonsense", "__module__": "a", "__class__": "b"}'),
        _zip(schema__json="[" * 200_000),
        _zip(schema__json="{}", bomb__npy=b"\0" * 20_000_000),
    ],
    ids=["empty", "text", "torn", "no-schema", "half", "list", "bare", "future", "loader", "deep", "bomb"],
)
def test_rubbish_is_corrupt_and_never_another_error(data):
    with pytest.raises(StoreCorruptError):
        FLAVOR.load(data)


def test_a_bomb_inside_a_sparse_matrix_is_refused(monkeypatch):
    monkeypatch.setattr("mlops_nb.flavors.scikit_learn.MAX_NESTED_BYTES", 1_000_000)
    with pytest.raises(StoreCorruptError, match="sparse matrices"):
        FLAVOR.load(_zip(schema__json="{}", a__bin=_zip(data__npy=b"\0" * 2_000_000)))


def test_every_torn_length_is_a_clean_error():
    data = FLAVOR.dump(GaussianNB().fit(X, Y))
    for cut in range(0, len(data), 97):
        with pytest.raises(MlopsNbError):
            FLAVOR.load(data[:cut])


def _forest():
    return RandomForestClassifier(3, random_state=0).fit(X, Y)


def _break_child(model):
    state = list(model.estimators_[0].tree_.__reduce__())
    state[2]["nodes"]["left_child"][0] = 10**6
    model.estimators_[0].tree_.__setstate__(state[2])


def _break_cycle(model):
    state = model.estimators_[1].tree_.__getstate__()
    state["nodes"]["right_child"][1 if state["nodes"]["left_child"][1] != -1 else 0] = 0
    model.estimators_[1].tree_.__setstate__(state)


def _break_feature(model):
    state = model.estimators_[0].tree_.__getstate__()
    state["nodes"]["feature"][0] = 4000
    model.estimators_[0].tree_.__setstate__(state)


def _break_width(model):
    model.n_features_in_ = 2


def _break_shadow(model):
    model._validate_X_predict = np.abs


@pytest.mark.parametrize("harm", [_break_child, _break_cycle, _break_feature, _break_width, _break_shadow])
def test_a_forest_that_would_read_out_of_bounds_is_refused(harm):
    model = _forest()
    harm(model)
    with pytest.raises(StoreCorruptError, match="UnsoundTreeError"):
        FLAVOR.load(skops.dumps(model))


@pytest.mark.parametrize(("field", "value"), [("left", 9999), ("right", 0), ("feature_idx", 77), ("bitset_idx", 99)])
def test_hist_boosting_that_would_read_out_of_bounds_is_refused(field, value):
    frame = FRAME[["f", "a"]]
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype").fit(frame, Y)
    for iteration in model._predictors:
        for predictor in iteration:
            wanted = (
                predictor.nodes["is_categorical"] == 1 if field == "bitset_idx" else predictor.nodes["is_leaf"] == 0
            )
            predictor.nodes[field][wanted] = value
    with pytest.raises(StoreCorruptError, match="UnsoundTreeError"):
        FLAVOR.load(skops.dumps(model))


def test_a_tree_that_no_model_answers_for_is_refused():
    model = GaussianNB().fit(X, Y)
    model.extra_ = [DecisionTreeClassifier().fit(X, Y).tree_]
    with pytest.raises(StoreCorruptError, match="outside of any tree model"):
        FLAVOR.load(skops.dumps(model))


class Stump(DecisionTreeClassifier):
    """A user's own tree."""


def test_a_users_own_kind_of_tree_is_checked_too():
    name = f"{Stump.__module__}.Stump"
    model = make_pipeline(StandardScaler(), Stump(max_depth=1)).fit(X, Y)
    back = FLAVOR.load(FLAVOR.dump(model, [name]), [name])
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    model[-1].n_features_in_ = 2
    with pytest.raises(StoreCorruptError, match="another width"):
        FLAVOR.load(skops.dumps(model), [name])


def test_boosting_whose_trees_do_not_fit_its_classes_is_refused():
    model = GradientBoostingClassifier(n_estimators=2).fit(X, Y)
    model.n_trees_per_iteration_ = 1
    with pytest.raises(StoreCorruptError, match="do not fit the classes"):
        FLAVOR.load(skops.dumps(model))
