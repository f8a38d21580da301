"""Minimise the loss of a made-up network over ints with a step and a log-scaled learning rate."""

from __future__ import annotations

import math

import optuna
import optunahub


def objective(trial: optuna.Trial) -> float:
    """A valley at 5 layers, 256 units and a learning rate of 4e-4; deep networks diverge above."""
    depth = trial.suggest_int("depth", 2, 8)
    units = trial.suggest_int("units", 128, 512, step=64)
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    loss = 0.25 + 0.002 * (depth - 5) ** 2 + 0.001 * (units / 64 - 4) ** 2
    loss += 0.02 * math.log10(learning_rate / 4e-4) ** 2
    if depth >= 5 and learning_rate > 2e-3:
        loss += (learning_rate / 2e-3) ** 2
    return loss


if __name__ == "__main__":
    module = optunahub.load_module("samplers/lattice_gp")
    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=30)
    print(f"best of {len(study.trials)} trials: {study.best_value:.4f} {study.best_params}")
