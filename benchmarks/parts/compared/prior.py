"""What earlier studies are worth: of a problem that resembles this one, or does not.

Optuna's samplers take no earlier studies, so the peers begin without them. That ours with them is
ahead of a peer shows what the earlier trials are worth, not which method is better: for that, look
at ``off``.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any

from optuna.samplers import BaseSampler

from ... import hub
from ...contenders.variants import build_ours
from ..entrants import gp
from ..entrants import ours
from ..entrants import random_search
from ..entrants import tpe
from ..incumbent import progress_by
from ..problems.by_name import ALPINE
from ..problems.by_name import GRIEWANK_5
from ..problems.by_name import HARTMANN
from ..problems.by_name import LEVY
from ..problems.by_name import of_suite
from ..problems.by_name import ZAKHAROV
from ..problems.by_name import ZAKHAROV_6
from ..problems.logarithms import LogQuadratic
from ..task import Entrant
from ..task import Objective
from ..task import Part
from ..task import Task
from .related import DeeperLadder
from .related import earlier_studies
from .related import Negated
from .related import Renamed
from .related import Shifted
from .related import Source


N_TRIALS = 20
N_EARLIER = 50


def _perceiver(preset: str, seed: int) -> Any:
    package = hub.load_package("benchmarks/perceiver_mnist")
    return package.Problem(preset, training_seed=seed)


def _always(problem: Objective) -> Source:
    """A source without noise."""
    return lambda seed: problem


def _suite(name: str) -> Source:
    return functools.partial(of_suite, name)


def _task(
    name: str,
    reference: str,
    target: Source,
    source: Source,
    sampler: str,
    description: str,
    *,
    is_dev: bool = False,
    offers: bool = True,
) -> Task:
    """A pair.

    Args:
        name: Of the task, without that of the part.
        reference: Name of the target among the references.
        target: What is tuned now.
        source: What was tuned before.
        sampler: By which sampler it was tuned: ``"random"`` or ``"tpe"``.
        description: One line.
        is_dev: See :class:`Task`.
        offers: Whether target and source are related.
    """
    studies: Callable[[int], Any] = earlier_studies({name: source}, N_EARLIER, sampler)
    return Task(
        name=f"prior_{name}",
        description=description,
        is_dev=is_dev,
        n_trials=N_TRIALS,
        checkpoints=(3.0, 5.0, 10.0, 20.0),
        objective=target,
        progress=progress_by(reference),
        offers=offers,
        context={"studies": studies},
    )


_DEV = (
    _task(
        "perceiver_full_to_small",
        "perceiver",
        functools.partial(_perceiver, "small"),
        functools.partial(_perceiver, "full"),
        "tpe",
        "small Perceivers after large ones: the same names, other ranges",
        is_dev=True,
    ),
    _task(
        "levy_shifted",
        "levy",
        _always(LEVY),
        _always(Shifted(LEVY, 0.07, 0.3, 5.0)),
        "random",
        "Levy after Levy moved by 7% and scaled",
        is_dev=True,
    ),
    _task(
        "ladder_deeper",
        "ladder_network",
        _suite("ladder_network"),
        DeeperLadder,
        "tpe",
        "imitation of a classifier after one on harder data",
        is_dev=True,
    ),
    _task(
        "phoneme_after_kc1",
        "hpobench_nn_phoneme",
        _suite("hpobench_nn_phoneme"),
        _suite("hpobench_nn_kc1"),
        "random",
        "measured networks on phoneme after the same on kc1",
        is_dev=True,
    ),
    _task(
        "levy_after_griewank",
        "levy",
        _always(LEVY),
        _always(GRIEWANK_5),
        "tpe",
        "Levy after Griewank, best elsewhere",
        is_dev=True,
        offers=False,
    ),
)
_REPORT = (
    _task(
        "perceiver_small_to_full",
        "perceiver_full",
        functools.partial(_perceiver, "full"),
        functools.partial(_perceiver, "small"),
        "tpe",
        "large Perceivers after small ones: the same names, other ranges",
    ),
    _task(
        "hartmann_shifted",
        "hartmann",
        _always(HARTMANN),
        _always(Shifted(HARTMANN, 0.05, 100.0, -30.0)),
        "tpe",
        "Hartmann after Hartmann moved by 5% and scaled",
    ),
    _task(
        "alpine_shifted",
        "alpine",
        _always(ALPINE),
        _always(Shifted(ALPINE, 0.1, 0.01, 0.0)),
        "random",
        "Alpine after Alpine moved by 10% and scaled",
    ),
    _task(
        "quadratic_shorter",
        "log_quadratic",
        _always(LogQuadratic()),
        _always(LogQuadratic(share=0.25)),
        "random",
        "SGD on a noisy quadratic after a quarter of the training",
    ),
    _task(
        "segment_after_credit",
        "hpobench_nn_segment",
        _suite("hpobench_nn_segment"),
        _suite("hpobench_nn_credit"),
        "tpe",
        "measured networks on segment after the same on credit-g",
    ),
    _task(
        "hartmann_after_zakharov",
        "hartmann",
        _always(HARTMANN),
        _always(ZAKHAROV_6),
        "tpe",
        "Hartmann after Zakharov, best elsewhere",
        offers=False,
    ),
    _task(
        "alpine_negated",
        "alpine",
        _always(ALPINE),
        _always(Negated(ALPINE)),
        "tpe",
        "Alpine after the same upside down",
        offers=False,
    ),
    _task(
        "zakharov_renamed",
        "zakharov",
        _always(ZAKHAROV),
        _always(Renamed(ZAKHAROV)),
        "random",
        "Zakharov after the same with other names of the parameters",
        offers=False,
    ),
)


def _build_with_earlier(seed: int, task: Task) -> BaseSampler:
    return build_ours(seed, {}, prior_studies=task.context["studies"](seed))


PART = Part(
    name="prior",
    description="Beginning with what earlier studies of other problems have found",
    unit="trials",
    tasks=(*_DEV, *_REPORT),
    entrants=(
        Entrant("on", _build_with_earlier),
        ours("off", {}),
        tpe(),
        gp(),
        random_search(),
    ),
)
