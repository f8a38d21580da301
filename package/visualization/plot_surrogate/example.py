"""What the Lattice GP sampler believes of a study that another sampler ran."""

from __future__ import annotations

import math
from pathlib import Path
import tempfile

import optuna
import optunahub


plots = optunahub.load_module("visualization/plot_surrogate")


def objective(trial: optuna.Trial) -> float:
    """A valley at 5 layers, 256 units and a learning rate of 4e-4; deep networks diverge above."""
    depth = trial.suggest_int("depth", 2, 8)
    units = trial.suggest_int("units", 128, 512, step=64)
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    if depth * units > 3000:
        raise MemoryError
    loss = 0.25 + 0.002 * (depth - 5) ** 2 + 0.001 * (units / 64 - 4) ** 2
    loss += 0.02 * math.log10(learning_rate / 4e-4) ** 2
    if depth >= 5 and learning_rate > 2e-3:
        loss += (learning_rate / 2e-3) ** 2
    return loss


def main() -> None:
    """Write the five plots as pages that open in a browser."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=40, catch=(MemoryError,))
    folder = Path(tempfile.mkdtemp())
    for plot in (
        plots.plot_posterior_slice,
        plots.plot_posterior_pairs,
        plots.plot_success_probability,
        plots.plot_calibration,
        plots.plot_next_trials,
    ):
        page = folder / f"{plot.__name__}.html"
        plot(study).write_html(page, include_plotlyjs=True)
        print(page)


if __name__ == "__main__":
    main()
