"""Where the model comes from: the sampler's package, found wherever this one was loaded from."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
import sys
from types import ModuleType
from typing import Any
from typing import Protocol

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
import optunahub


_PACKAGE = "samplers/lattice_gp"
# The name that OptunaHub gives it, from whichever registry it comes.
_MODULE = "optunahub_registry.package.samplers.lattice_gp"
_HOST = "github.com"


class Prediction(Protocol):
    """What the sampler expects of a trial; see its package."""

    quantiles: tuple[tuple[float, ...], ...]
    success_probability: float
    feasibility: float | None
    seconds: float | None
    expected_improvement: float | None

    def interval(self, share: float, objective: int = 0) -> tuple[float, float]:
        """The central interval that holds the outcome with a probability of 0.5, 0.8 or 0.95."""


class Explanation(Protocol):
    """What the sampler believes of a study; see its package."""

    distributions: dict[str, BaseDistribution]

    def predict(self, params: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """What is expected of trials with given parameters."""

    def predict_trial(self, trial: FrozenTrial) -> Prediction | None:
        """What is expected of a trial; None if it does not fit the model."""

    def existing(self, params: Sequence[Mapping[str, Any]]) -> list[frozenset[str]]:
        """Names of the parameters that exist in trials with given parameters."""

    def suggest(self, n: int = 1) -> list[dict[str, Any]]:
        """The parameters of the next trials."""


def median(prediction: Prediction, objective: int) -> float:
    """The middle of what is expected: the model's mean, in the units of the objective.

    The mean in these units would lie beyond most outcomes wherever a run may diverge.
    """
    quantiles = prediction.quantiles[objective]
    return quantiles[len(quantiles) // 2]


def explain(study: Study, sampler: BaseSampler | None, n_trials: int | None = None) -> Explanation:
    """What a sampler believes of a study, or of its beginning.

    Args:
        study: Of any sampler.
        sampler: A ``LatticeGPSampler``; None takes the study's own if it is one, else a new one.
        n_trials: Only trials before the one of this number; None for all.

    Raises:
        TypeError: If an argument is of another kind.
        ValueError: If there is nothing to explain.
        ImportError: If the sampler's package cannot be found.
    """
    if not isinstance(study, Study):
        raise TypeError(f"study is {study!r}, but must be an optuna.Study.")
    explanation: Explanation = choose_sampler(study, sampler).explain(study, n_trials)
    return explanation


def prediction_of(trial: FrozenTrial, sampler: Any) -> Prediction | None:
    """What was expected of a trial when it was suggested; None if nothing was noted.

    Args:
        trial: Of any sampler.
        sampler: The ``LatticeGPSampler`` whose package reads it.
    """
    # Of a class derived from it, by whom ever, the package's own is the last that can explain.
    own = [cls for cls in type(sampler).__mro__ if "explain" in vars(cls)][-1]
    package = sys.modules[own.__module__.rpartition(".")[0]]
    prediction: Prediction | None = package.prediction_of(trial)
    return prediction


def choose_sampler(study: Study, sampler: BaseSampler | None) -> Any:
    """The sampler whose beliefs are shown: the given one, the study's own, or a new one.

    Raises:
        TypeError: If the given one is no ``LatticeGPSampler``.
        ImportError: If a new one is needed and its package cannot be found.
    """
    if sampler is not None:
        if not isinstance(sampler, BaseSampler) or not hasattr(sampler, "explain"):
            raise TypeError(
                f"sampler is {sampler!r}, but must be a LatticeGPSampler of the OptunaHub package "
                f"{_PACKAGE!r}, or None."
            )
        return sampler
    if hasattr(study.sampler, "explain"):
        return study.sampler
    return _find_package().LatticeGPSampler(seed=0)


def _find_package() -> ModuleType:
    """The sampler's package: a loaded one, one beside this one, or from the same registry."""
    loaded = sys.modules.get(_MODULE)
    if loaded is not None and hasattr(loaded, "LatticeGPSampler"):
        return _checked(loaded)
    registry_root = Path(__file__).parents[2]
    if (registry_root / _PACKAGE / "__init__.py").is_file():
        return _checked(optunahub.load_local_module(_PACKAGE, registry_root=str(registry_root)))
    origin = origin_of(Path(__file__))
    try:
        return _checked(optunahub.load_module(_PACKAGE, **origin))
    except Exception as error:
        raise ImportError(
            f"The package {_PACKAGE!r}, which makes the predictions, cannot be loaded "
            f"({type(error).__name__}: {error}). Load it first with optunahub.load_module("
            f"{_PACKAGE!r}, ...), from wherever it is."
        ) from error


def origin_of(path: Path) -> dict[str, Any]:
    """Arguments of ``load_module`` for the registry that a file of a package was loaded from.

    Args:
        path: ``.../github.com/OWNER/NAME/REF/package/...`` in OptunaHub's cache, whose REF may
            have several parts.

    Returns:
        The owner, name and ref; empty, which is the official registry, for any other path.
    """
    parts = path.parts
    if _HOST not in parts or "package" not in parts:
        return {}
    host = len(parts) - 1 - parts[::-1].index(_HOST)
    package = len(parts) - 1 - parts[::-1].index("package")
    if package - host < 4:
        return {}
    owner, name, *ref = parts[host + 1 : package]
    return {"repo_owner": owner, "repo_name": name, "ref": "/".join(ref)}


def _checked(package: ModuleType) -> ModuleType:
    if not hasattr(package.LatticeGPSampler, "explain"):
        raise ImportError(
            f"The package {_PACKAGE!r} in {package.__file__} is too old to explain a study: load "
            f"it anew with optunahub.load_module({_PACKAGE!r}, force_reload=True)."
        )
    return package
