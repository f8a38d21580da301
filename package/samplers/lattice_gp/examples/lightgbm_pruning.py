"""Tune LightGBM with early stopping, and prune what falls behind while it is boosting.

Needs: pip install optuna optunahub "scipy>=1.15" scikit-learn lightgbm. Takes some ten seconds.

A callback of a dozen lines reports the validation loss every ten rounds and ends the trial when
the pruner says so. What a pruned trial had reported is not lost: the sampler models what it would
have ended at. How many rounds the best trial took is kept with it, for the last training on all
data. The task is to tell whether a handwritten digit is odd (scikit-learn's 1,797 images of 64
pixels); nothing is downloaded.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import math
import sys
from typing import Any


try:
    import lightgbm
    from lightgbm.callback import CallbackEnv
    import optuna
    from optuna.trial import TrialState
    import optunahub
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split
except ImportError as error:
    packages = 'optuna optunahub "scipy>=1.15" scikit-learn lightgbm'
    sys.exit(f"{error}. This example needs: pip install {packages}")

FIXED = {
    "objective": "binary",
    "seed": 0,
    "deterministic": True,
    "num_threads": 1,
    "verbosity": -1,
}


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


def pruning(trial: optuna.Trial, every: int = 10) -> Callable[[CallbackEnv], None]:
    """A callback of LightGBM that reports the best validation loss so far, every few rounds."""
    best = float("inf")

    def callback(env: CallbackEnv) -> None:
        nonlocal best
        assert env.evaluation_result_list
        # (data set, metric, value, whether higher is better) of each; there is one.
        best = min(best, env.evaluation_result_list[0][2])
        n_rounds = env.iteration + 1
        if n_rounds % every == 0:
            trial.report(best, n_rounds)
            if trial.should_prune():
                raise optuna.TrialPruned

    return callback


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


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """What is tuned."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.5, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 64, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 50, step=5),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 1.0, step=0.1),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 1e2, log=True),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--trials", type=positive, default=40, help="40 by default")
    parser.add_argument("--timeout", type=duration, help="seconds after which no trial begins")
    parser.add_argument("--rounds", type=positive, default=300, help="at most; 300 by default")
    options = parser.parse_args()

    images, digits = load_digits(return_X_y=True)
    rest_x, test_x, rest_y, test_y = train_test_split(images, digits % 2, random_state=0)
    train_x, valid_x, train_y, valid_y = train_test_split(rest_x, rest_y, random_state=1)

    def objective(trial: optuna.Trial) -> float:
        # Made anew: a data set remembers parameters of the trial that it was made for.
        train = lightgbm.Dataset(train_x, train_y)
        booster = lightgbm.train(
            FIXED | suggest(trial),
            train,
            num_boost_round=options.rounds,
            valid_sets=[lightgbm.Dataset(valid_x, valid_y, reference=train)],
            callbacks=[lightgbm.early_stopping(20, verbose=False), pruning(trial)],
        )
        trial.set_user_attr("rounds", booster.best_iteration)
        return float(booster.best_score["valid_0"]["binary_logloss"])

    module = optunahub.load_module("samplers/lattice_gp")
    study = optuna.create_study(
        sampler=module.LatticeGPSampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_warmup_steps=20),
    )
    try:
        study.optimize(interruptible(objective), n_trials=options.trials, timeout=options.timeout)
    except KeyboardInterrupt:
        print("interrupted")
    n_done = len(study.get_trials(states=[TrialState.COMPLETE]))
    if not n_done:
        sys.exit("no trial was completed")
    n_pruned = len(study.get_trials(states=[TrialState.PRUNED]))
    best = study.best_trial
    print(f"{n_done} trials completed, {n_pruned} pruned")
    print(f"best validation loss {best.value:.4f} in {best.user_attrs['rounds']} rounds")
    print(best.params)

    def test_loss(params: dict[str, Any], rounds: int) -> float:
        booster = lightgbm.train(FIXED | params, lightgbm.Dataset(rest_x, rest_y), rounds)
        return float(log_loss(test_y, booster.predict(test_x)))

    print(f"loss on the test images: {test_loss(best.params, best.user_attrs['rounds']):.4f}")
    print(f"with LightGBM's own defaults: {test_loss({}, 100):.4f}")


if __name__ == "__main__":
    main()
