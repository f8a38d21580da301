from __future__ import annotations

from collections.abc import Callable
import logging
import math

import optuna
import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Make the package's marker known also where its folder is copied to."""
    config.addinivalue_line("markers", "slow: takes seconds")


@pytest.fixture
def warnings_logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Warnings of the sampler; a fallback would otherwise hide a broken model."""
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def messages() -> list[str]:
        return [r.message for r in caplog.records if r.levelno >= logging.WARNING]

    return messages


def _perceiver_space(trial: optuna.Trial) -> tuple[int, int, int, float]:
    return (
        trial.suggest_int("depth", 2, 8),
        trial.suggest_int("latent_dim", 128, 512, step=64),
        trial.suggest_int("num_latents", 64, 256, step=32),
        trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
    )


def _perceiver_like(trial: optuna.Trial) -> float:
    """A smooth valley with a cliff at high learning rates, like the blog post's objective."""
    depth, latent_dim, num_latents, learning_rate = _perceiver_space(trial)
    valley = 0.02 * math.log10(learning_rate / 4e-4) ** 2 + 0.002 * (depth - 5) ** 2
    valley += 0.001 * ((latent_dim - 256) / 64) ** 2 + 0.001 * ((num_latents - 160) / 32) ** 2
    cliff = (learning_rate / 2e-3) ** 2 if depth >= 5 and learning_rate > 2e-3 else 0.0
    return 0.25 + valley + cliff


def _small_lattice(trial: optuna.Trial) -> float:
    x = trial.suggest_int("x", 0, 3)
    y = trial.suggest_float("y", 0.0, 1.0, step=0.5)
    c = trial.suggest_categorical("c", ["a", "b"])
    return x * y + (c == "a")


@pytest.fixture(scope="session")
def perceiver_space() -> Callable[[optuna.Trial], tuple[int, int, int, float]]:
    """Suggests the parameters of the blog post, and returns them."""
    return _perceiver_space


@pytest.fixture(scope="session")
def perceiver_like() -> Callable[[optuna.Trial], float]:
    """An objective over them: a smooth valley with a cliff at high learning rates."""
    return _perceiver_like


@pytest.fixture(scope="session")
def small_lattice() -> Callable[[optuna.Trial], float]:
    """An objective over 24 points."""
    return _small_lattice
