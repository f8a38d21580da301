"""Choose among scikit-learn estimators, each with parameters of its own, by cross-validation.

Needs: pip install optuna optunahub "scipy>=1.15" scikit-learn. Takes about a minute.

Parameters that exist only under a choice are suggested where they are needed. All trials share one
model, in which the rest counts as absent: it learns which estimator to go on with, and what is
best for it. Data are scikit-learn's digits (1,797 images of 64 pixels); nothing is downloaded.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
import math
import sys
from typing import Any


try:
    import optuna
    from optuna.trial import TrialState
    import optunahub
    from sklearn.datasets import load_digits
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import cross_val_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
except ImportError as error:
    packages = 'optuna optunahub "scipy>=1.15" scikit-learn'
    sys.exit(f"{error}. This example needs: pip install {packages}")


def positive(text: str) -> int:
    """An argument that counts something."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return int(text)


def duration(text: str) -> float:
    """An argument in seconds."""
    if not 0.0 <= float(text) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return float(text)


def build(trial: optuna.Trial) -> Any:
    """The estimator of a trial."""
    kind = trial.suggest_categorical("estimator", ["svm", "neighbours", "trees"])
    if kind == "svm":
        return SVC(
            C=trial.suggest_float("C", 1e-1, 1e3, log=True),
            gamma=trial.suggest_float("gamma", 1e-3, 1e1, log=True),
        )
    if kind == "neighbours":
        return KNeighborsClassifier(
            n_neighbors=trial.suggest_int("n_neighbors", 1, 15),
            weights=trial.suggest_categorical("weights", ["uniform", "distance"]),
            p=trial.suggest_float("p", 1.0, 3.0, step=0.5),
        )
    return ExtraTreesClassifier(
        max_features=trial.suggest_int("max_features", 1, 32, log=True),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 8),
        random_state=0,
    )


def error_rate(estimator: Any, n_folds: int) -> float:
    """Mean percentage of wrong answers over the folds."""
    images, digits = load_digits(return_X_y=True)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    return 100.0 * (
        1.0 - float(cross_val_score(estimator, images / 16.0, digits, cv=folds).mean())
    )


def interruptible(objective: Callable[[optuna.Trial], float]) -> Callable[[optuna.Trial], float]:
    """End the study at Ctrl-C; the trial counts as pruned, not as failed as with Optuna alone."""

    def wrapped(trial: optuna.Trial) -> float:
        try:
            return objective(trial)
        except KeyboardInterrupt:
            print("interrupted")
            trial.study.stop()
            raise optuna.TrialPruned from None

    return wrapped


def report(study: optuna.Study, n_folds: int) -> None:
    """Each estimator as it comes, and as tuned."""
    tuned: defaultdict[str, list[float]] = defaultdict(list)
    for trial in study.get_trials(states=[TrialState.COMPLETE]):
        tuned[trial.params["estimator"]].append(trial.values[0])
    if not tuned:
        print("no trial was completed")
        return
    untuned = {
        "svm": SVC(),
        "neighbours": KNeighborsClassifier(),
        "trees": ExtraTreesClassifier(random_state=0),
    }
    print("wrong answers, %  default    tuned   trials")
    for kind, estimator in untuned.items():
        best = f"{min(tuned[kind]):.2f}" if tuned[kind] else "-"
        print(f"{kind:16} {error_rate(estimator, n_folds):8.2f} {best:>8} {len(tuned[kind]):8}")
    print(f"best: {study.best_value:.2f} {study.best_params}")


def main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--trials", type=positive, default=40, help="40 by default")
    parser.add_argument("--timeout", type=duration, help="seconds after which no trial begins")
    parser.add_argument("--folds", type=int, choices=range(2, 11), default=5, help="5 by default")
    options = parser.parse_args()
    module = optunahub.load_module("samplers/lattice_gp")
    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    try:
        study.optimize(
            interruptible(lambda trial: error_rate(build(trial), options.folds)),
            n_trials=options.trials,
            timeout=options.timeout,
        )
    except KeyboardInterrupt:
        print("interrupted")
    report(study, options.folds)


if __name__ == "__main__":
    main()
