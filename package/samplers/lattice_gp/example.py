"""Minimise the loss of a made-up network: plainly, then with all that a study can tell.

Each function is an example of its own and takes a second or two.
"""

from __future__ import annotations

import math

import optuna
import optunahub


module = optunahub.load_module("samplers/lattice_gp")


def objective(trial: optuna.Trial) -> float:
    """A valley at 5 layers, 256 units and a learning rate of 4e-4; deep networks diverge above."""
    depth = trial.suggest_int("depth", 2, 8)
    units = trial.suggest_int("units", 128, 512, step=64)
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    loss = 0.25 + 0.002 * (depth - 5) ** 2 + 0.001 * (units / 64 - 4) ** 2
    loss += 0.02 * math.log10(learning_rate / 4e-4) ** 2
    if depth >= 5 and learning_rate > 2e-3:
        loss += (learning_rate / 2e-3) ** 2
    trial.set_user_attr("seconds", depth * units / 100)
    trial.set_user_attr("memory", depth * units / 128)
    return loss


def plain() -> optuna.Study:
    """Thirty trials."""
    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=30)
    return study


def failures() -> optuna.Study:
    """Networks that do not fit into memory raise an exception."""

    def crashing(trial: optuna.Trial) -> float:
        loss = objective(trial)
        if trial.user_attrs["memory"] > 16:
            raise MemoryError
        return loss

    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    study.optimize(crashing, n_trials=30, catch=(MemoryError,))
    return study


def pruned_trials() -> optuna.Study:
    """The loss of each epoch is reported, and a trial that falls behind is ended."""

    def with_epochs(trial: optuna.Trial) -> float:
        final = objective(trial)
        for epoch in range(1, 11):
            trial.report(final + 1.0 / epoch - 0.1, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return final

    pruner = optuna.pruners.MedianPruner()
    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0), pruner=pruner)
    study.optimize(with_epochs, n_trials=40)
    return study


def cost() -> optuna.Study:
    """Improvement per second counts; True instead of "seconds" takes the trials' durations."""
    sampler = module.LatticeGPSampler(seed=0, cost_aware="seconds")
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=30)
    return study


def batches() -> optuna.Study:
    """Eight trials at a time, as on eight machines."""
    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    for _ in range(4):
        trials = [study.ask() for _ in range(8)]
        for trial, loss in [(trial, objective(trial)) for trial in trials]:
            study.tell(trial, loss)
    return study


def conditional_parameters() -> optuna.Study:
    """Momentum exists for one optimiser only."""

    def with_optimiser(trial: optuna.Trial) -> float:
        loss = objective(trial)
        if trial.suggest_categorical("optimiser", ["adam", "sgd"]) == "adam":
            return loss
        return loss - 0.05 + 0.5 * (trial.suggest_float("momentum", 0.0, 0.99) - 0.9) ** 2

    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    study.optimize(with_optimiser, n_trials=30)
    return study


def fixed_parameters() -> optuna.Study:
    """After twenty trials: how good can eight layers be?"""
    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=20)
    for _ in range(2):
        study.enqueue_trial({"depth": 8})
    study.optimize(objective, n_trials=2)
    for trial in study.trials[-2:]:
        print(f"eight layers: {trial.value:.4f} with {trial.params}")
    return study


def memory(trial: optuna.trial.FrozenTrial) -> list[float]:
    """A constraint is kept where it is 0 or less."""
    return [trial.user_attrs["memory"] - 8]


def constraints() -> optuna.Study:
    """Of networks that fit; with Optuna 5, ``trial.set_constraint`` in the objective does too."""
    sampler = module.LatticeGPSampler(seed=0, constraints_func=memory)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=30)
    return study


def several_objectives() -> optuna.Study:
    """The trade-off between loss and seconds."""
    sampler = module.LatticeGPSampler(seed=0)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    study.optimize(lambda trial: (objective(trial), trial.user_attrs["seconds"]), n_trials=30)
    return study


def earlier_studies() -> optuna.Study:
    """Yesterday's study of the same network on other data."""
    yesterday = plain()
    sampler = module.LatticeGPSampler(seed=1, prior_studies=[yesterday])
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: 2.0 * objective(trial) + 0.1, n_trials=10)
    return study


def stop_and_explain() -> optuna.Study:
    """End when no further trial promises 0.0005, and see what was expected of the last one."""
    study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=100, callbacks=[module.StopCallback(threshold=0.0005)])
    last = study.trials[-1]
    expected = module.prediction_of(last)
    low, high = expected.interval(0.8)
    print(f"expected {low:.3f} to {high:.3f} (80%), got {last.value:.3f}")
    return study


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for example in (
        plain,
        failures,
        pruned_trials,
        cost,
        batches,
        conditional_parameters,
        fixed_parameters,
        constraints,
        earlier_studies,
        stop_and_explain,
    ):
        study = example()
        states = (optuna.trial.TrialState.COMPLETE,)
        trials = study.get_trials(states=states)
        if example is constraints:
            trials = [trial for trial in trials if memory(trial)[0] <= 0]
        best = min(trials, key=lambda trial: trial.values[0])
        print(f"{example.__name__}: best of {len(study.trials)} trials: {best.value:.4f}")
        print(f"    {best.params}")
    front = sorted(several_objectives().best_trials, key=lambda trial: trial.values[1])
    print("several_objectives: " + ", ".join("%.3f in %.0f s" % tuple(t.values) for t in front))
