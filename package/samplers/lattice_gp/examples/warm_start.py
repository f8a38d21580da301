"""Begin a study with what is known: settings that work, and an earlier study of a smaller problem.

Needs: pip install optuna optunahub "scipy>=1.15" scikit-learn. Takes some twenty seconds.

The earlier study tunes a network on 300 images of handwritten digits (scikit-learn's, nothing is
downloaded), where a trial is cheap. The study that matters has all 1,797. It is run twice: cold,
and warm, with

- ``enqueue_trial``: the best of the earlier study and scikit-learn's defaults come first, and
  teach the model like all others;
- ``prior_studies``: a model of the earlier study is the trend of the new one's, as far as the new
  trials bear it out.

One run of each is an illustration, no proof: with other seeds the cold study may be ahead.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import sys
from typing import Any
import warnings


try:
    import optuna
    import optunahub
    from sklearn.datasets import load_digits
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier
except ImportError as error:
    packages = 'optuna optunahub "scipy>=1.15" scikit-learn'
    sys.exit(f"{error}. This example needs: pip install {packages}")

# scikit-learn's own.
DEFAULTS = {"layers": 1, "units": 100, "learning_rate": 1e-3, "alpha": 1e-4, "batch_size": 200}


def positive(text: str) -> int:
    """An argument that counts something."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return int(text)


class Objective:
    """Log loss of a small network on images that it was not trained on.

    Args:
        n_images: How many images there are, 100 to 1,797; a third of them is kept for validation.
        n_epochs: How long to train.
    """

    def __init__(self, n_images: int, n_epochs: int) -> None:
        images, digits = load_digits(return_X_y=True)
        self.parts = train_test_split(
            images[:n_images] / 16.0, digits[:n_images], test_size=1 / 3, random_state=0
        )
        self.n_epochs = n_epochs

    def __call__(self, trial: optuna.Trial) -> float:
        layers = trial.suggest_int("layers", 1, 3)
        units = trial.suggest_int("units", 20, 200, step=20)
        network = MLPClassifier(
            hidden_layer_sizes=(units,) * layers,
            learning_rate_init=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
            alpha=trial.suggest_float("alpha", 1e-6, 1.0, log=True),
            batch_size=trial.suggest_int("batch_size", 20, 200, step=20),
            max_iter=self.n_epochs,
            random_state=0,
        )
        train_x, valid_x, train_y, valid_y = self.parts
        with warnings.catch_warnings():
            # That so many epochs are not enough for some is the point.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # It would take Ctrl-C for the end of this training.
            warnings.filterwarnings("error", "Training interrupted")
            try:
                network.fit(train_x, train_y)
            except UserWarning as warning:
                raise KeyboardInterrupt from warning
        return float(log_loss(valid_y, network.predict_proba(valid_x), labels=range(10)))


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


def tune(
    objective: Objective, sampler: Any, n_trials: int, known: list[dict[str, Any]] | None = None
) -> optuna.Study:
    """Run a study that begins with the known settings, if any."""
    study = optuna.create_study(sampler=sampler)
    for params in known or []:
        study.enqueue_trial(params)
    try:
        study.optimize(interruptible(objective), n_trials=n_trials)
    except KeyboardInterrupt:
        print("interrupted: going on with what is there")
    return study


def best_after(study: optuna.Study, n_trials: int) -> str:
    """The best loss of the first trials."""
    losses = [trial.value for trial in study.trials[:n_trials] if trial.value is not None]
    return f"{min(losses):8.4f}" if losses else f"{'-':>8}"


def main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--trials", type=positive, default=10, help="10 by default")
    parser.add_argument("--earlier", type=positive, default=20, help="20 by default")
    parser.add_argument("--epochs", type=positive, default=10, help="of each training; 10")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optunahub.load_module("samplers/lattice_gp").LatticeGPSampler

    earlier = tune(Objective(300, options.epochs), sampler(seed=0), options.earlier)
    if not earlier.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
        sys.exit("no trial of the earlier study was completed")
    print(f"earlier study, 300 images: {earlier.best_value:.4f} {earlier.best_params}")
    objective = Objective(1797, options.epochs)
    cold = tune(objective, sampler(seed=1), options.trials)
    warm = tune(
        objective,
        sampler(seed=1, prior_studies=[earlier]),
        options.trials,
        known=[earlier.best_params, DEFAULTS],
    )
    print("all images, best loss after\n  trials     cold     warm")
    for n in sorted({1, 2, 3, 5, 10, options.trials}):
        if n <= options.trials:
            print(f"{n:8} {best_after(cold, n)} {best_after(warm, n)}")


if __name__ == "__main__":
    main()
