"""Pipelines of scikit-learn with a choice at every stage, trained at every trial.

The loss is the Brier score: bounded, smooth, and defined for everything that tells probabilities.
All training is seeded, so that equal parameters have equal losses.
"""

from __future__ import annotations

from typing import Any
import warnings

import numpy as np
from optuna.trial import Trial

from ...suite.live import bundled
from ...suite.live import Split


def breast_cancer(trial: Trial) -> float:
    """Train on 120 patients; the loss of 400 others."""
    return _train(trial, bundled("breast_cancer", 120, 400), max_components=20)


def digits(trial: Trial) -> float:
    """Train on 300 digits; the loss of 700 others."""
    return _train(trial, bundled("digits", 300, 700), max_components=40)


def _train(trial: Trial, data: Split, max_components: int) -> float:
    from sklearn.pipeline import make_pipeline

    stages = [*_reducer(trial, max_components), _classifier(trial)]
    with warnings.catch_warnings():
        # Too few iterations are part of the problem.
        warnings.simplefilter("ignore")
        model = make_pipeline(*stages).fit(data.train, data.train_target)
        probabilities = model.predict_proba(data.held_out)
    truth = np.eye(probabilities.shape[1])[data.held_out_target.astype(int)]
    return float(np.mean(np.sum((probabilities - truth) ** 2, axis=1)))


def _reducer(trial: Trial, max_components: int) -> list[Any]:
    """How columns are made fewer: no stage, or one."""
    from sklearn.decomposition import PCA
    from sklearn.feature_selection import f_classif
    from sklearn.feature_selection import SelectKBest

    reducer = trial.suggest_categorical("reducer", ["none", "pca", "select"])
    if reducer == "none":
        return []
    if reducer == "pca":
        n_components = trial.suggest_int("pca_components", 2, max_components)
        whiten = trial.suggest_categorical("pca_whiten", [False, True])
        return [PCA(n_components, whiten=whiten, random_state=0)]
    return [SelectKBest(f_classif, k=trial.suggest_int("select_k", 2, max_components))]


def _classifier(trial: Trial) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier

    kind = trial.suggest_categorical(
        "classifier", ["logistic", "neighbours", "trees", "bayes", "discriminant"]
    )
    if kind == "logistic":
        return LogisticRegression(
            C=trial.suggest_float("logistic_c", 1e-5, 1e3, log=True), max_iter=100
        )
    if kind == "neighbours":
        return KNeighborsClassifier(
            trial.suggest_int("neighbours_k", 1, 50, log=True),
            weights=trial.suggest_categorical("neighbours_weights", ["uniform", "distance"]),
            p=trial.suggest_float("neighbours_power", 1.0, 4.0, step=0.5),
        )
    if kind == "trees":
        return ExtraTreesClassifier(
            trial.suggest_int("trees_n", 4, 32, step=4),
            min_samples_leaf=trial.suggest_int("trees_min_leaf", 1, 16, log=True),
            max_features=trial.suggest_float("trees_features", 0.05, 1.0, log=True),
            random_state=0,
        )
    if kind == "bayes":
        return GaussianNB(var_smoothing=trial.suggest_float("bayes_smoothing", 1e-6, 10, log=True))
    return LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage=trial.suggest_float("discriminant_shrinkage", 0.0, 1.0)
    )
