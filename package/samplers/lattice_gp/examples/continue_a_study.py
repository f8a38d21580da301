"""Load thirty finished trials of another sampler into a study and ask for the next ten.

Needs: pip install optuna optunahub "scipy>=1.15". Takes some two seconds.

The trials (``perceiver_trials.csv``) are the log of a real run: a Perceiver trained on MNIST for
one epoch, tuned with Optuna's default sampler. One of them took 260 seconds to report a loss of
8.3: high learning rates diverge in deep models. None of the suggestions goes there again.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
import sys


try:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.distributions import FloatDistribution
    from optuna.distributions import IntDistribution
    import optunahub
except ImportError as error:
    sys.exit(f'{error}. This example needs: pip install optuna optunahub "scipy>=1.15"')

TRIALS = Path(__file__).parent / "perceiver_trials.csv"
SPACE: dict[str, BaseDistribution] = {
    "depth": IntDistribution(2, 8),
    "latent_dim": IntDistribution(128, 512, step=64),
    "num_latents": IntDistribution(64, 256, step=32),
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
}


def positive(text: str) -> int:
    """An argument that counts something."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return int(text)


def load_study(sampler: optuna.samplers.BaseSampler) -> optuna.Study:
    """Create a study that holds the logged trials."""
    study = optuna.create_study(sampler=sampler)
    with open(TRIALS, newline="") as file:
        for row in csv.DictReader(file):
            trial = optuna.create_trial(
                params={name: d.to_external_repr(float(row[name])) for name, d in SPACE.items()},
                distributions=SPACE,
                value=float(row["value"]),
            )
            study.add_trial(trial)
    return study


def main() -> None:
    """Print suggestions, asked for at once as so many parallel workers would."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--suggestions", type=positive, default=10, help="10 by default")
    options = parser.parse_args()
    if not TRIALS.is_file():
        sys.exit(f"{TRIALS} is not there: copy it from where this example is from")
    module = optunahub.load_module("samplers/lattice_gp")
    study = load_study(module.LatticeGPSampler(seed=0))
    print(f"best of {len(study.trials)} trials: {study.best_value:.4f} {study.best_params}")
    for _ in range(options.suggestions):
        print(study.ask(SPACE).params)


if __name__ == "__main__":
    main()
