"""Samplers from OptunaHub that need a word more than their seed, made fit for a comparison."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
import shutil
import tempfile
from types import ModuleType
from typing import Any
from typing import TYPE_CHECKING
import weakref

from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from .. import hub
from ..errors import UsageError
from .factory import Factory
from .factory import make
from .forwarding import ForwardingSampler
from .known import Known
from .optuna_samplers import CLASSES


if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from .contender import Setup


# Makes an error from a reason.
Wrong = Callable[[str], UsageError]


def _make_smac(factory: Factory, arguments: Mapping[str, Any], setup: Setup) -> BaseSampler:
    """SMAC3 in a folder of its own that goes when the sampler does."""
    folder = tempfile.mkdtemp(prefix="smac-")
    # It logs every incumbent, on a logger that it sets up anew for each instance.
    logging.disable(logging.WARNING)
    try:
        # The package takes seed 0 for none.
        inner = make(factory, arguments, setup, seed=setup.seed + 1, output_directory=folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        logging.disable(logging.NOTSET)
    logging.getLogger("smac").setLevel(logging.ERROR)
    weakref.finalize(inner, shutil.rmtree, folder, ignore_errors=True)
    return WorstForFailed(inner)


def _make_pycma(factory: Factory, arguments: Mapping[str, Any], setup: Setup) -> BaseSampler:
    # The library takes seed 0 for the time of day.
    return make(factory, arguments, setup, seed=setup.seed + 1)


def _make_vizier(factory: Factory, arguments: Mapping[str, Any], setup: Setup) -> BaseSampler:
    return WorstForFailed(make(factory, arguments, setup))


def _make_synetune(factory: Factory, arguments: Mapping[str, Any], setup: Setup) -> BaseSampler:
    """Syne Tune with the seed handed on to the searcher inside, which the package does not do."""
    searcher = {"random_seed": setup.seed, **(arguments.get("searcher_kwargs") or {})}
    return WorstForFailed(make(factory, {**arguments, "searcher_kwargs": searcher}, setup))


_GP, _CMAES = CLASSES["GPSampler"], CLASSES["CmaEsSampler"]

# By the package's name.
PACKAGES: dict[str, Known] = {
    "samplers/auto_sampler": Known(
        "OptunaHub's AutoSampler: GP, then CMA-ES; TPE for categories",
        requires=("cmaes", "torch"),
        install="pip install cmaes torch torchvision",
        libraries=("optuna", "cmaes"),
    ),
    "samplers/smac_sampler": Known(
        "SMAC3 from OptunaHub: random forest",
        requires=("smac",),
        install='pip install smac==2.4.0 "scikit-learn<1.8" (in an environment without hebo)',
        libraries=("smac",),
        learns_when_told=True,
        takes_history=False,
        make=_make_smac,
    ),
    "samplers/hebo": Known(
        "HEBO from OptunaHub: heteroscedastic Gaussian process",
        requires=("hebo",),
        # Its own pins exclude a Python and a NumPy that work. Later GPy and paramz want NumPy 2,
        # over which pip goes through old versions of everything else until it fails.
        install='pip install torch "numpy<2" pandas scikit-learn gpytorch GPy==1.13.2 '
        "paramz==0.9.6 catboost pymoo disjoint-set; pip install --no-deps HEBO==0.3.6 "
        "(in an environment without smac)",
        libraries=("HEBO", "torch"),
        learns_when_told=True,
    ),
    "samplers/catcmawm": Known(
        "CatCMAwM from OptunaHub: CMA-ES with margin and categories",
        requires=("cmaes",),
        install="pip install cmaes",
        libraries=("cmaes",),
    ),
    "samplers/vizier": Known(
        "Google Vizier from OptunaHub: Gaussian process bandit",
        requires=("vizier", "jax"),
        install='pip install "google-vizier[jax]==0.1.24" jax==0.4.34 jaxlib==0.4.34',
        libraries=("google-vizier", "jax"),
        learns_when_told=True,
        make=_make_vizier,
    ),
    "samplers/botorch_sampler": Known(
        "BoTorch's Gaussian process, from optuna-integration",
        requires=("optuna_integration", "botorch"),
        install="pip install optuna-integration botorch",
        libraries=("optuna-integration", "botorch"),
    ),
    "samplers/pycma": Known(
        "CMA-ES of the library cma, from optuna-integration",
        requires=("optuna_integration", "cma"),
        install="pip install optuna-integration cma",
        libraries=("optuna-integration", "cma"),
        make=_make_pycma,
    ),
    "samplers/turbo": Known(
        "TuRBO from OptunaHub: Gaussian processes in trust regions",
        requires=("torch",),
        install="pip install torch torchvision",
        libraries=("optuna", "torch"),
        defaults=(("warn_independent_sampling", False),),
    ),
    "samplers/gp_mes": Known(
        "max-value entropy search from OptunaHub, with Optuna's Gaussian process",
        requires=("torch",),
        install="pip install torch torchvision",
        libraries=("optuna", "torch"),
    ),
    "samplers/confopt_sampler": Known(
        "ConfOpt from OptunaHub: conformal quantile regression, knows no steps",
        requires=("confopt",),
        install='pip install "confopt>=2.0.1"',
        libraries=("confopt",),
    ),
    "samplers/synetune_sampler": Known(
        "Syne Tune from OptunaHub: CQR, conformal quantile regression",
        requires=("syne_tune",),
        install='pip install "syne-tune[extra]>=0.14.2"',
        libraries=("syne-tune",),
        learns_when_told=True,
        takes_history=False,
        is_seeded=True,
        defaults=(("metric", "value"),),
        make=_make_synetune,
    ),
    "samplers/orthobo": Known(
        "OrthoBO from OptunaHub: Gaussian processes of sampled hyperparameters",
        requires=("optuna_integration", "botorch"),
        install="pip install optuna-integration botorch",
        libraries=("botorch",),
    ),
    # Packages that hand on what Optuna has.
    "samplers/brute_force": CLASSES["BruteForceSampler"],
    "samplers/cmaes": _CMAES,
    "samplers/gp": _GP,
    "samplers/grid_search": CLASSES["GridSampler"],
    "samplers/qmc": CLASSES["QMCSampler"],
}

# Short names of packages.
SHORT: dict[str, str] = {
    "auto": "samplers/auto_sampler",
    "smac": "samplers/smac_sampler",
    "hebo": "samplers/hebo",
    "catcmawm": "samplers/catcmawm",
    "vizier": "samplers/vizier",
    "botorch": "samplers/botorch_sampler",
    "pycma": "samplers/pycma",
    "turbo": "samplers/turbo",
    "gp_mes": "samplers/gp_mes",
    "confopt": "samplers/confopt_sampler",
    "synetune": "samplers/synetune_sampler",
    "orthobo": "samplers/orthobo",
}


def find_class(package: str, class_name: str, registry: str, wrong: Wrong) -> Factory:
    """The sampler class of a hub package.

    Args:
        package: The package.
        class_name: The class; empty for the only one that the package exports.
        registry: Where hub packages are.
        wrong: Makes the error from a reason.

    Raises:
        UsageError: If there is no such class, or none or several to choose from.
        Exception: If the package cannot be loaded.
    """
    module = hub.load_registry_package(package, registry)
    exported = exported_samplers(module)
    if class_name:
        found: Factory | None = getattr(module, class_name, None)
        if not callable(found):
            raise wrong(f"but {package} has no {class_name!r}, only {_listed(exported)}")
        return found
    if len(exported) != 1:
        raise wrong(
            f"but {package} exports {_listed(exported)}"
            + (f" (name one: hub:{package}:{exported[0]})" if exported else "")
        )
    only: Factory = getattr(module, exported[0])
    return only


def exported_samplers(module: ModuleType) -> list[str]:
    """Names of the sampler classes that a hub package offers.

    Those of ``__all__``; of a package without one, those that it does not import from elsewhere.
    """
    offered = getattr(module, "__all__", None)
    names = list(vars(module)) if offered is None else list(offered)
    found = []
    for name in names:
        value = getattr(module, name, None)
        if isinstance(value, type) and issubclass(value, BaseSampler):
            if offered is not None or value.__module__.startswith(module.__name__):
                found.append(name)
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "no sampler"


class WorstForFailed(ForwardingSampler):
    """A sampler that cannot be told of a failed trial is told the worst value so far instead.

    It is told nothing of trials that fail before there is a value.

    Args:
        inner: The sampler.
    """

    def __init__(self, inner: BaseSampler) -> None:
        super().__init__(inner)
        self._worst: float | None = None

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Tell the sampler, which takes a value for granted."""
        if values is not None:
            worst = max if study.direction is StudyDirection.MINIMIZE else min
            seen = [value for value in (self._worst, values[0]) if value is not None]
            self._worst = worst(seen)
            self._inner.after_trial(study, trial, state, values)
        elif self._worst is not None:
            self._inner.after_trial(study, trial, TrialState.COMPLETE, [self._worst])
