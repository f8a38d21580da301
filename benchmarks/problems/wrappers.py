"""Problems made harder: noise, failures, delays, coarse values, as ``NAME+noise=0.1``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
import math
import re
import time
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import Trial

from ..errors import unknown_name
from ..errors import UsageError
from ..suite.base import generator_at
from ..suite.space import from_unit
from ..suite.space import n_values
from ..suite.space import suggest
from ..suite.space import values
from .fixed_trial import fixed_trial
from .spec import Problem


# Distinguish the draws of one wrapper from those of another at the same point.
_NOISE, _FAILURES = 1, 2


class _Wrapper:
    """A problem that changes another one.

    Args:
        inner: The other one.
        amount: How much it changes.
        seed: Seed of chance, 0 or more.
    """

    def __init__(self, inner: Problem, amount: float, seed: int) -> None:
        self._inner = inner
        self._amount = amount
        self._seed = seed

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """That of the inner problem."""
        return self._inner.search_space

    @property
    def directions(self) -> list[StudyDirection]:
        """Those of the inner problem."""
        return self._inner.directions

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial."""
        return self._inner(trial)


class Noisy(_Wrapper):
    """Adds normal noise; ``expected_loss`` tells the value without it.

    The same configuration gets the same noise every time, as a training run with a fixed seed
    does.
    """

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial."""
        value = self._inner(trial)
        trial.set_user_attr("expected_loss", trial.user_attrs.get("expected_loss", value))
        generator = generator_at(trial.params, self._seed, _NOISE)
        return value + self._amount * float(generator.normal())


class Failing(_Wrapper):
    """Has a share of the configurations raise an error, at random over the space."""

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial.

        Raises:
            RuntimeError: At the configurations that fail.
        """
        value = self._inner(trial)
        if generator_at(trial.params, self._seed, _FAILURES).random() < self._amount:
            raise RuntimeError("this configuration fails (+failures)")
        return value


class Slow(_Wrapper):
    """Takes more seconds, and says so in ``seconds`` where the inner problem tells its cost."""

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial."""
        value = self._inner(trial)
        time.sleep(self._amount)
        if "seconds" in trial.user_attrs:
            trial.set_user_attr("seconds", trial.user_attrs["seconds"] + self._amount)
        return value


class _Sampled(_Wrapper):
    """Leaves a few values of every longer parameter, evenly spaced on its scale.

    Args:
        inner: The other problem.
        amount: How many values.
        seed: Not used.
    """

    def __init__(self, inner: Problem, amount: float, seed: int) -> None:
        super().__init__(inner, amount, seed)
        fine = inner.search_space
        n_left, last = int(amount), int(amount) - 1
        # Categories have no order, of which some could be left out.
        self._left: dict[str, list[Any]] = {
            name: [from_unit(dist, place / last) for place in range(n_left)]
            for name, dist in fine.items()
            if not isinstance(dist, CategoricalDistribution) and n_values(dist) > n_left
        }
        self._space = {name: self._distribution(name, dist) for name, dist in fine.items()}

    def _distribution(self, name: str, fine: BaseDistribution) -> BaseDistribution:
        """What a parameter of the inner problem is here."""
        raise NotImplementedError

    def _value(self, name: str, suggested: Any) -> Any:
        """What the inner problem is given for what was suggested."""
        raise NotImplementedError

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """The changed parameters, and the others as they are."""
        return dict(self._space)

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial."""
        suggested = suggest(trial, self._space)
        # The inner problem sees its own parameters; what it says of the trial is handed on.
        fixed = fixed_trial({name: self._value(name, its) for name, its in suggested.items()})
        value = self._inner(fixed)
        for key, attr in fixed.user_attrs.items():
            trial.set_user_attr(key, attr)
        return value


class Coarse(_Sampled):
    """Leaves a few values of every longer parameter: an int that counts them from 0."""

    def _distribution(self, name: str, fine: BaseDistribution) -> BaseDistribution:
        return IntDistribution(0, len(self._left[name]) - 1) if name in self._left else fine

    def _value(self, name: str, suggested: Any) -> Any:
        return self._left[name][suggested] if name in self._left else suggested


class Listed(_Sampled):
    """Lists the values of every number as choices, of a longer parameter a few of them."""

    def _distribution(self, name: str, fine: BaseDistribution) -> BaseDistribution:
        if isinstance(fine, CategoricalDistribution):
            return fine
        return CategoricalDistribution(self._left.get(name) or values(fine))

    def _value(self, name: str, suggested: Any) -> Any:
        return suggested


class Named(Listed):
    """Lists them as text, which says nothing of their order."""

    def _distribution(self, name: str, fine: BaseDistribution) -> BaseDistribution:
        listed = super()._distribution(name, fine)
        if listed is fine:
            return fine
        assert isinstance(listed, CategoricalDistribution)
        return CategoricalDistribution([repr(number) for number in listed.choices])

    def _value(self, name: str, suggested: Any) -> Any:
        is_number = not isinstance(self._inner.search_space[name], CategoricalDistribution)
        return ast.literal_eval(suggested) if is_number else suggested


@dataclass(frozen=True)
class Wrapping:
    """A wrapper by name.

    Attributes:
        build: From a problem, the amount and a seed to the wrapped problem.
        accepts: What the amount may be, in words.
        is_valid: Whether it may be this.
    """

    build: Callable[[Problem, float, int], Problem]
    accepts: str
    is_valid: Callable[[float], bool]


def _is_two_or_more(amount: float) -> bool:
    return amount >= 2 and amount == int(amount)


WRAPPINGS = {
    "noise": Wrapping(Noisy, "a standard deviation above 0", lambda amount: amount > 0),
    "failures": Wrapping(Failing, "a share above 0 and below 1", lambda amount: 0 < amount < 1),
    "delay": Wrapping(Slow, "seconds above 0", lambda amount: amount > 0),
    "levels": Wrapping(Coarse, "a number of values, 2 or more", _is_two_or_more),
    "choices": Wrapping(Listed, "a number of values, 2 or more", _is_two_or_more),
    "names": Wrapping(Named, "a number of values, 2 or more", _is_two_or_more),
}
# At the end: what stands within arguments has a closing parenthesis behind it.
_WRAPPING = re.compile(r"\+([a-z_]+)=([^+)]*)\Z")


def split_wrappings(text: str, argument: str) -> tuple[str, list[tuple[str, float]]]:
    """Take ``NAME+noise=0.1+levels=8`` apart.

    Args:
        text: A problem as it was given.
        argument: The option that it was given to.

    Returns:
        The problem without wrappers, and the wrappers from the innermost to the outermost.

    Raises:
        UsageError: If there is no such wrapper, or it is given something that it does not accept.
    """
    wrappings: list[tuple[str, float]] = []
    while match := _WRAPPING.search(text):
        name, amount_text = match.groups()
        if name not in WRAPPINGS:
            raise unknown_name(f"{argument} {text}", name, list(WRAPPINGS))
        try:
            amount = float(amount_text)
        except ValueError:
            amount = math.nan
        if not np.isfinite(amount) or not WRAPPINGS[name].is_valid(amount):
            raise UsageError(
                f"{argument}: got {text!r}, where +{name} is {amount_text!r}; accepts "
                f"{WRAPPINGS[name].accepts}."
            )
        wrappings.insert(0, (name, amount))
        text = text[: match.start()]
    return text, wrappings
