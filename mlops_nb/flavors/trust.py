"""The types that a scikit-learn model file may ask for beyond what skops trusts by itself.

Our list, reviewed by people, never taken from a file. A type is here only if building it from hostile
attributes, or calling it with hostile arguments, does nothing but arithmetic on Python objects and arrays:
no import, no file, no process, no index into raw memory.

Left out on purpose, because compiled code follows their arrays unchecked: `KDTree`, `BallTree` (nearest
neighbours with the default algorithm; `algorithm="brute"` needs neither), `BSpline`. A caller who made the
file may name them in `trusted`.
"""

from __future__ import annotations

_SCORES = """
    _classification: accuracy_score balanced_accuracy_score brier_score_loss cohen_kappa_score f1_score fbeta_score
        jaccard_score log_loss matthews_corrcoef precision_score recall_score
    _ranking: average_precision_score ndcg_score roc_auc_score top_k_accuracy_score
    _regression: explained_variance_score max_error mean_absolute_error mean_absolute_percentage_error
        mean_gamma_deviance mean_poisson_deviance mean_squared_error mean_squared_log_error median_absolute_error
        r2_score root_mean_squared_error root_mean_squared_log_error
"""
_REST = """
    sklearn._loss.loss: HalfTweedieLoss HalfTweedieLossIdentity
    sklearn.calibration: _CalibratedClassifier _SigmoidCalibration _TemperatureScaling
    sklearn.compose._column_transformer: make_column_selector
    sklearn.feature_selection._mutual_info: mutual_info_classif mutual_info_regression
    sklearn.feature_selection._univariate_selection: chi2 f_classif f_regression r_regression
    sklearn.gaussian_process._gpc: _BinaryGaussianProcessClassifierLaplace
    sklearn.gaussian_process.kernels: CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation
        Hyperparameter Matern PairwiseKernel Product RBF RationalQuadratic Sum WhiteKernel
    sklearn.metrics._scorer: _MultimetricScorer _PassthroughScorer _Scorer
    sklearn.model_selection._split: GroupKFold GroupShuffleSplit KFold LeaveOneGroupOut LeaveOneOut PredefinedSplit
        RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit
        TimeSeriesSplit
    sklearn.neural_network._stochastic_optimizers: AdamOptimizer SGDOptimizer
    sklearn.utils._bunch: Bunch
    sklearn.utils.validation: check_array
    functools: partial
    numpy: dtype
"""


def _names(table: str, prefix: str = "") -> frozenset[str]:
    found, module = set(), ""
    for word in table.split():
        if word.endswith(":"):
            module = prefix + word[:-1]
        else:
            found.add(f"{module}.{word}")
    return frozenset(found)


REVIEWED = _names(_SCORES, "sklearn.metrics.") | _names(_REST)
"""Trusted as they are."""

CHECKED = frozenset({"sklearn.tree._tree.Tree", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"})
"""Trusted because `trees.check` looks at every index in them before anybody can predict."""
