"""Define-by-run objectives whose parameters depend on other parameters, as formulas.

Each imitates how a tuning study looks: a loss of about 0.1 at best, on lattices and log scales.
All are without noise. The lowest values are those of ``scales.json``, by search; each formula's
constants say about where it is.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from optuna.trial import Trial


def algorithm_choice(trial: Trial) -> float:
    """Four learners with parameters of their own, and one parameter that all share."""
    share = trial.suggest_float("feature_share", 0.1, 1.0, step=0.05)
    shared = 0.3 * (share - 0.6) ** 2
    algorithm = trial.suggest_categorical("algorithm", ["svm", "forest", "boosting", "neighbours"])
    if algorithm == "svm":
        c = math.log10(trial.suggest_float("svm_c", 1e-3, 1e3, log=True))
        gamma = math.log10(trial.suggest_float("svm_gamma", 1e-4, 1e1, log=True))
        return 0.13 + shared + 0.03 * (c + gamma) ** 2 + 0.01 * (c - 1.5) ** 2
    if algorithm == "forest":
        depth = trial.suggest_int("forest_depth", 2, 20)
        leaf = trial.suggest_int("forest_min_leaf", 1, 32, log=True)
        n_trees = trial.suggest_int("forest_n_trees", 10, 300, step=10)
        return 0.14 + shared + 0.001 * (depth - 14) ** 2 + 0.02 * math.log2(leaf) + 0.5 / n_trees
    if algorithm == "boosting":
        rate = math.log10(trial.suggest_float("boosting_rate", 1e-3, 1.0, log=True))
        rounds = math.log10(trial.suggest_int("boosting_rounds", 10, 1000, log=True))
        depth = trial.suggest_int("boosting_depth", 1, 10)
        # A slower rate pays if there are as many more rounds.
        fit = 0.15 * (rate + rounds - 1.2) ** 2 + 0.02 * (rounds - 2.7) ** 2
        return 0.10 + shared + fit + 0.004 * (depth - 5) ** 2
    k = math.log2(trial.suggest_int("neighbours_k", 1, 64, log=True))
    metric = trial.suggest_categorical("neighbours_metric", ["l1", "l2", "cosine"])
    return 0.17 + shared + 0.01 * (k - 3) ** 2 + {"l1": 0.0, "l2": 0.02, "cosine": 0.05}[metric]


def layers(trial: Trial) -> float:
    """A number of layers, each with its units; best are three, ever narrower."""
    n_layers = trial.suggest_int("n_layers", 1, 5)
    rate = math.log10(trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True))
    dropout = trial.suggest_float("dropout", 0.0, 0.6, step=0.05)
    widths = [
        math.log2(trial.suggest_int(f"units_l{i}", 8, 512, log=True)) for i in range(n_layers)
    ]
    misfit = float(np.mean([(width - (7.5 - i)) ** 2 for i, width in enumerate(widths)]))
    depth = (0.25, 0.08, 0.0, 0.03, 0.07)[n_layers - 1]
    # Deeper networks want smaller steps and more dropout.
    steps = 0.05 * (rate + 2.0 + 0.3 * n_layers) ** 2
    return 0.1 + depth + 0.03 * misfit + steps + 0.5 * (dropout - 0.08 * n_layers) ** 2


def nested_choice(trial: Trial) -> float:
    """Choices within choices, three deep."""
    scaling = trial.suggest_categorical("scaling", ["none", "standard", "robust"])
    shared = {"none": 0.05, "standard": 0.0, "robust": 0.01}[scaling]
    family = trial.suggest_categorical("family", ["linear", "trees", "kernel"])
    if family == "linear":
        alpha = math.log10(trial.suggest_float("alpha", 1e-6, 1e2, log=True))
        penalty = trial.suggest_categorical("penalty", ["l1", "l2", "elasticnet"])
        if penalty == "elasticnet":
            ratio = trial.suggest_float("l1_ratio", 0.05, 0.95, step=0.05)
            mixed = 0.2 * (ratio - 0.3) ** 2
            return 0.16 + shared + mixed + 0.015 * (alpha + 2.5 - ratio) ** 2
        optimum, level = {"l1": (-3.0, 0.19), "l2": (-1.0, 0.18)}[penalty]
        return level + shared + 0.015 * (alpha - optimum) ** 2
    if family == "trees":
        depth = trial.suggest_int("depth", 1, 16)
        kind = trial.suggest_categorical("kind", ["bagging", "boosting"])
        if kind == "bagging":
            share = trial.suggest_float("row_share", 0.2, 1.0, step=0.1)
            # Trees do not mind how features are scaled.
            return 0.15 + 0.002 * (depth - 12) ** 2 + 0.1 * (share - 0.7) ** 2
        rate = math.log10(trial.suggest_float("rate", 1e-3, 1.0, log=True))
        booster = trial.suggest_categorical("booster", ["plain", "dart"])
        dropped = 0.0
        if booster == "dart":
            dropped = 0.3 * (trial.suggest_float("drop_rate", 0.0, 0.5) - 0.12) ** 2 - 0.02
        return 0.12 + dropped + 0.004 * (depth - 4) ** 2 + 0.04 * (rate + 1.3) ** 2
    c = math.log10(trial.suggest_float("c", 1e-2, 1e4, log=True))
    kernel = trial.suggest_categorical("kernel", ["rbf", "poly"])
    if kernel == "rbf":
        gamma = math.log10(trial.suggest_float("gamma", 1e-5, 1e1, log=True))
        return 0.13 + 2 * shared + 0.02 * (c - 2) ** 2 + 0.03 * (gamma + 2 + 0.5 * (c - 2)) ** 2
    degree = trial.suggest_int("degree", 1, 6)
    return 0.17 + 2 * shared + 0.01 * (c - 1) ** 2 + 0.01 * (degree - 3) ** 2


def optimizer_choice(trial: Trial) -> float:
    """Momentum for SGD alone, a second decay for Adam alone; a rate that each wants otherwise."""
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam", "rmsprop"])
    rate = math.log10(trial.suggest_float("learning_rate", 1e-5, 1.0, log=True))
    decay = math.log10(trial.suggest_float("weight_decay", 1e-7, 1e-1, log=True))
    batch = math.log2(trial.suggest_int("batch_size", 16, 512, log=True))
    schedule = trial.suggest_categorical("schedule", ["constant", "cosine", "step"])
    loss = 0.1 + 0.01 * (decay + 4) ** 2 + 0.008 * (batch - 6) ** 2
    loss += {"constant": 0.04, "cosine": 0.0, "step": 0.0}[schedule]
    if schedule == "step":
        gamma = trial.suggest_float("step_gamma", 0.05, 0.95, step=0.05)
        loss += 0.1 * (gamma - 0.3) ** 2 + 0.005
    if optimizer == "sgd":
        momentum = trial.suggest_float("momentum", 0.0, 0.99)
        nesterov = trial.suggest_categorical("nesterov", [False, True])
        # What counts is the step that momentum lengthens; bigger batches bear longer ones.
        step = rate - math.log10(1 - momentum)
        loss += 0.08 * (step + 0.6 - 0.15 * (batch - 6)) ** 2 + 0.15 * (momentum - 0.9) ** 2
        return loss + (0.0 if nesterov else 0.01)
    if optimizer == "adam":
        beta = -math.log10(1 - trial.suggest_float("beta_2", 0.9, 0.9999))
        return loss + 0.02 + 0.06 * (rate + 2.9) ** 2 + 0.01 * (beta - 2.5) ** 2
    return loss + 0.04 + 0.06 * (rate + 3.4) ** 2


def dozen_choices(trial: Trial) -> float:
    """Twelve models with two parameters each of their own, and a parameter that all share."""
    level, x_best, y_best = _optima(12)
    model = trial.suggest_categorical("model", [f"model_{k:02d}" for k in range(12)])
    k = int(model[-2:])
    z = trial.suggest_float("z", 0.0, 1.0)
    x = trial.suggest_float(f"x_{k:02d}", 0.0, 1.0)
    y = trial.suggest_int(f"y_{k:02d}", 0, 20) / 20
    own = 0.4 * (x - x_best[k]) ** 2 + 0.3 * (y - y_best[k]) ** 2
    return float(level[k] + own + 0.4 * (z - 0.3) ** 2)


def two_dozen_choices(trial: Trial) -> float:
    """Twenty-four operators with one strength each, and two parameters that all share."""
    level, x_best, _ = _optima(24)
    operator = trial.suggest_categorical("operator", [f"operator_{k:02d}" for k in range(24)])
    k = int(operator[-2:])
    strength = trial.suggest_float(f"strength_{k:02d}", 0.0, 1.0)
    a = math.log10(trial.suggest_float("a", 1e-4, 1.0, log=True))
    b = trial.suggest_int("b", 1, 30)
    shared = 0.03 * (a + 1.5) ** 2 + 0.0008 * (b - 9) ** 2
    return float(level[k] + shared + 0.3 * (strength - x_best[k]) ** 2)


@functools.cache
def _optima(n_choices: int) -> tuple[list[float], list[float], list[float]]:
    """Level of each choice, from 0.1 to 0.3, and where in the unit square its lowest point is."""
    rng = np.random.default_rng(n_choices)
    levels = 0.1 + 0.2 * rng.permutation(n_choices) / (n_choices - 1)
    return levels.tolist(), rng.random(n_choices).tolist(), rng.random(n_choices).tolist()


def narrowing_layers(trial: Trial) -> float:
    """Layers none of which may be wider than the one before: ranges that move."""
    first = trial.suggest_int("units_l1", 8, 256)
    second = trial.suggest_int("units_l2", 8, first)
    third = trial.suggest_int("units_l3", 8, second)
    rate = math.log10(trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True))
    widths = [math.log2(units) for units in (first, second, third)]
    misfit = sum((w - best) ** 2 for w, best in zip(widths, (7.2, 6.4, 4.5)))
    n_weights = math.log2(first * second + second * third)
    # Larger networks want smaller steps.
    return 0.1 + 0.02 * misfit + 0.05 * (rate + 2.5 + 0.2 * (n_weights - 13)) ** 2


def warm_up(trial: Trial) -> float:
    """A schedule whose phases must fit into what is left of the steps: ranges that move."""
    steps = trial.suggest_int("steps", 100, 2000, step=100)
    warm = trial.suggest_int("warm_up", 0, steps // 2, step=10)
    cool = trial.suggest_int("cool_down", 0, steps - warm, step=10)
    peak = math.log10(trial.suggest_float("peak_rate", 1e-4, 1.0, log=True))
    progress = 0.25 * math.exp(-steps / 500) + 0.02 * steps / 2000
    # A higher peak needs a longer warm-up.
    start = 0.5 * (warm / 1000 - 0.12 - 0.08 * (peak + 2)) ** 2
    end = 0.3 * (cool / steps - 0.4) ** 2
    return 0.1 + progress + start + end + 0.04 * (peak + 1.7) ** 2


def plain_mixed(trial: Trial) -> float:
    """Five parameters of all kinds that every trial has."""
    rate = math.log10(trial.suggest_float("learning_rate", 1e-5, 1.0, log=True))
    width = trial.suggest_int("width", 8, 128, step=8)
    depth = trial.suggest_int("depth", 1, 8)
    dropout = trial.suggest_float("dropout", 0.0, 0.6, step=0.05)
    activation = trial.suggest_categorical("activation", ["relu", "gelu", "tanh"])
    loss = 0.1 + 0.06 * (rate + 2.5 + 0.15 * (depth - 4)) ** 2 + 0.01 * (depth - 4) ** 2
    loss += 0.1 * (math.log2(width) - 6) ** 2 / 4 + 0.6 * (dropout - 0.002 * width) ** 2
    return loss + {"relu": 0.02, "gelu": 0.0, "tanh": 0.05}[activation]


def plain_rugged(trial: Trial) -> float:
    """Six floats that every trial has: a bowl with a wave on it, after Rastrigin."""
    x = np.array([trial.suggest_float(f"x{i}", -3.0, 3.0) for i in range(6)])
    centred = x - np.array([0.7, -0.4, 1.1, 0.2, -1.3, 0.5])
    return float(0.1 + 0.02 * np.sum(centred**2 + 1.5 * (1 - np.cos(2 * centred))))
