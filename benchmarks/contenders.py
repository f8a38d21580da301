"""The samplers to compare, as specifications: a name and how to build one in a worker.

A sampler object is never sent to another process (samplers loaded from a hub folder cannot be
unpickled there). A new contender is one entry of ``CONTENDERS``; any other sampler class can be
named as ``module:Class``.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from . import grid
from . import hub
from . import hub_samplers
from .ablation import ABLATIONS
from .contender import Contender
from .contender import Setup
from .errors import unknown_name
from .errors import UsageError


def _lattice_gp(setup: Setup) -> BaseSampler:
    sampler = hub.load_package("samplers/lattice_gp").LatticeGPSampler(seed=setup.seed)
    assert isinstance(sampler, BaseSampler)
    return sampler


def _auto(setup: Setup) -> BaseSampler:
    module = hub.load_registry_package(_AUTO, setup.registry)
    sampler = module.AutoSampler(seed=setup.seed)
    assert isinstance(sampler, BaseSampler)
    return sampler


def _smac(setup: Setup) -> BaseSampler:
    module = hub.load_registry_package(_SMAC, setup.registry)
    return hub_samplers.build_smac(module, setup.seed, setup.space, setup.n_trials)


def _hebo(setup: Setup) -> BaseSampler:
    module = hub.load_registry_package(_HEBO, setup.registry)
    return hub_samplers.build_hebo(module, setup.seed, setup.space)


def _grid(setup: Setup) -> BaseSampler:
    levels = {name: grid.grid_levels(setup.space[name]) for name in setup.space}
    return grid.PlainGrid(levels, seed=setup.seed)


_AUTO, _SMAC, _HEBO = "samplers/auto_sampler", "samplers/smac_sampler", "samplers/hebo"
OURS = "lattice_gp"
CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender(
            OURS,
            "this project's sampler: a Gaussian process that knows lattices",
            _lattice_gp,
            package="samplers/lattice_gp",
            stateless=True,
        ),
        Contender(
            "tpe",
            "Optuna's default, the tree-structured Parzen estimator",
            lambda setup: optuna.samplers.TPESampler(seed=setup.seed),
        ),
        Contender(
            "tpe_univariate",
            "Optuna's default up to version 4: TPE of one parameter at a time",
            lambda setup: optuna.samplers.TPESampler(
                seed=setup.seed, multivariate=False, constant_liar=False
            ),
        ),
        Contender(
            "random",
            "independent random values",
            lambda setup: optuna.samplers.RandomSampler(seed=setup.seed),
        ),
        Contender(
            "gp",
            "Optuna's Gaussian process sampler",
            lambda setup: optuna.samplers.GPSampler(seed=setup.seed),
            requires=("torch",),
            install="pip install torch torchvision",
        ),
        Contender(
            "cmaes",
            "Optuna's CMA-ES",
            lambda setup: optuna.samplers.CmaEsSampler(
                seed=setup.seed, warn_independent_sampling=False
            ),
            requires=("cmaes",),
            install="pip install cmaes",
            libraries=("cmaes",),
        ),
        Contender(
            "auto",
            "OptunaHub's AutoSampler: GP, then CMA-ES; TPE for categories",
            _auto,
            requires=("cmaes", "torch"),
            install="pip install cmaes torch torchvision",
            hub_package=_AUTO,
            libraries=("optuna", "cmaes"),
        ),
        Contender(
            "smac",
            "SMAC3 from OptunaHub: random forest",
            _smac,
            requires=("smac",),
            install='pip install smac==2.4.0 "scikit-learn<1.8" (in an environment without hebo)',
            hub_package=_SMAC,
            libraries=("smac",),
            learns_when_told=True,
            takes_history=False,
        ),
        Contender(
            "hebo",
            "HEBO from OptunaHub: heteroscedastic Gaussian process",
            _hebo,
            requires=("hebo",),
            # Its own pins exclude a Python and a NumPy that work.
            install='pip install torch "numpy<2" pandas scikit-learn gpytorch GPy catboost pymoo '
            "disjoint-set; pip install --no-deps HEBO==0.3.6 (in an environment without smac)",
            hub_package=_HEBO,
            libraries=("HEBO", "torch"),
            learns_when_told=True,
        ),
        Contender(
            "grid",
            "grid search in random order, 3 to 5 values a parameter",
            _grid,
            stateless=True,
            limit=grid.grid_size,
        ),
    )
}


def get_contender(text: str, argument: str = "--samplers", *, name: str = "") -> Contender:
    """Look a contender up.

    Args:
        text: A name of the registry, or ``module:Class`` for a sampler class that can be imported
            and takes a ``seed``.
        argument: The option that it was given to.
        name: What to call it; ``text`` if empty.

    Raises:
        UsageError: If there is none of that name.
    """
    if ":" in text:
        return _class_contender(text, argument)
    if text in ABLATIONS:
        return ABLATIONS[text]
    if text not in CONTENDERS:
        raise unknown_name(argument, text, [*CONTENDERS, "ablations", "module:Class"])
    return CONTENDERS[text]


@functools.cache
def _class_contender(name: str, argument: str) -> Contender:
    def wrong(reason: str) -> UsageError:
        return UsageError(
            f"{argument}: got {name!r}, {reason}; accepts module:Class for a sampler class that "
            "can be imported here and takes a seed."
        )

    module_name, _, class_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and error.name in (module_name, module_name.partition(".")[0]):
            raise wrong(f"but there is no module {error.name!r} on the path") from error
        raise wrong(f"whose module needs {error.name}") from error
    except Exception as error:
        raise wrong(f"whose module raises {type(error).__name__}: {error}") from error
    sampler_class: Any = getattr(module, class_name, None)
    if BaseSampler not in getattr(sampler_class, "__mro__", ()):
        raise wrong(f"but {module_name} has no sampler class {class_name!r}")
    try:
        inspect.signature(sampler_class).bind(seed=0)
    except TypeError as error:
        raise wrong(f"but {class_name}(seed=...) is not how it is built ({error})") from error

    def build(setup: Setup) -> BaseSampler:
        sampler = sampler_class(seed=setup.seed)
        assert isinstance(sampler, BaseSampler)
        return sampler

    source = module.__file__ or ""
    return Contender(
        name, f"the sampler class {class_name} of {module_name}", build, source=source
    )
