"""Building a sampler from a class or function of someone else's, by its signature.

What the harness knows (seed, search space, number of trials) is given to whoever has a parameter
for it; what the user gives is checked against the signature before any work.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import difflib
import inspect
import random
import sys
from typing import Any
from typing import TYPE_CHECKING
import warnings

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler

from ..calls import Call
from ..calls import show_call
from ..errors import UsageError


if TYPE_CHECKING:
    from .contender import Setup


# A class, or a function that returns a sampler.
Factory = Callable[..., Any]

SEED_NAMES = ("seed", "random_state", "random_seed")
_SPACE_NAMES = ("search_space", "space")
_BUDGET_NAMES = ("n_trials", "n_total_trials", "max_trials")


@dataclass(frozen=True)
class Signature:
    """The keyword arguments that a factory takes.

    Attributes:
        names: In their order.
        required: Those without a default.
        is_open: Whether it takes any other keyword as well.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    is_open: bool

    @property
    def seed_name(self) -> str:
        """What it calls its seed; empty if it takes none."""
        named = next((name for name in SEED_NAMES if name in self.names), "")
        return named or ("seed" if self.is_open else "")


def signature_of(factory: Factory) -> Signature:
    """What a factory takes; ``**keywords`` of a class are looked up in its base classes."""
    layers = [factory]
    if inspect.isclass(factory):
        layers = [vars(cls)["__init__"] for cls in factory.__mro__ if "__init__" in vars(cls)]
    names: dict[str, bool] = {}
    is_open = False
    for layer in layers:
        try:
            parameters = list(inspect.signature(layer).parameters.values())
        except ValueError:  # Of C code, which says nothing.
            return Signature(tuple(names), (), True)
        for parameter in parameters[inspect.isclass(factory) :]:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                names.setdefault(parameter.name, parameter.default is parameter.empty)
        is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        if not is_open:
            break
    # What `object` takes: anything, says its signature, and nothing, says Python.
    is_open = is_open and layers[-1] is not object.__init__
    return Signature(tuple(names), tuple(n for n, needed in names.items() if needed), is_open)


def check_arguments(
    factory: Factory, call: Call, argument: str, given: Sequence[str] = ()
) -> None:
    """Make sure that a factory takes what the user gives it, and needs no more.

    Args:
        factory: The class or function.
        call: What the user wrote.
        argument: The option that it was given to.
        given: Arguments that it has unless the user gives others.

    Raises:
        UsageError: If it does not take an argument, or lacks one.
    """
    signature = signature_of(factory)
    ours = [*SEED_NAMES, *_SPACE_NAMES]
    theirs = [name for name in signature.names if name not in ours]
    for name in call.arguments:
        if name in ours:
            raise UsageError(
                f"{argument}: got {show_call(call)!r}, but {name} is given by the harness; "
                f"accepts {_listed(theirs)}."
            )
        if name not in signature.names and not signature.is_open:
            close = difflib.get_close_matches(name, theirs, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise UsageError(
                f"{argument}: got {show_call(call)!r}, but {call.name} has no argument {name!r}; "
                f"accepts {_listed(theirs)}.{hint}"
            )
    known = {*ours, *_BUDGET_NAMES, *call.arguments, *given}
    lacking = [name for name in signature.required if name not in known]
    if lacking:
        example = ", ".join(f"{name}=..." for name in lacking)
        raise UsageError(
            f"{argument}: got {show_call(call)!r}, which needs {', '.join(lacking)}; accepts "
            f"{call.name}({example})."
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "no arguments"


def make(
    factory: Factory, arguments: Mapping[str, Any], setup: Setup, **replaced: Any
) -> BaseSampler:
    """Build a sampler.

    The process-wide generators of Python, NumPy and, if it is there, torch are seeded too: some
    samplers draw from them. A worker runs one study at a time, so that they are the sampler's own.

    Args:
        factory: The class or function.
        arguments: What the user gives.
        setup: Where seed, space and number of trials come from.
        replaced: What to give instead of what ``setup`` says.

    Raises:
        TypeError: If the result is no sampler.
        Exception: Whatever the factory raises.
    """
    signature = signature_of(factory)
    keywords: dict[str, Any] = {}
    if signature.seed_name:
        keywords[signature.seed_name] = setup.seed
    if setup.space:  # Else it is not known before the objective runs.
        keywords |= {name: setup.space for name in _SPACE_NAMES if name in signature.names}
    keywords |= {name: setup.n_trials for name in _BUDGET_NAMES if name in signature.names}
    _seed_everything(setup.seed)
    with warnings.catch_warnings():
        # Of what is experimental or will be gone one day: nothing that a user can do about.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", ExperimentalWarning)
        sampler = factory(**(keywords | replaced | dict(arguments)))
    if not isinstance(sampler, BaseSampler):
        raise TypeError(f"it returned a {type(sampler).__name__} and no sampler")
    return sampler


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
