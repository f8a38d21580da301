"""Samplers from OptunaHub that need a word more than their seed, made fit for a comparison."""

from __future__ import annotations

import logging
import random
import shutil
import tempfile
from types import ModuleType
from typing import TYPE_CHECKING
import weakref

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from .forwarding import ForwardingSampler


if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.study import Study
    from optuna.trial import FrozenTrial


Space = dict[str, BaseDistribution]


def build_smac(module: ModuleType, seed: int, space: Space, n_trials: int) -> BaseSampler:
    """SMAC3 with the hub's defaults, in a folder of its own that goes when the sampler does.

    Args:
        module: The hub package ``samplers/smac_sampler``.
        seed: The seed, 0 or more.
        space: The search space.
        n_trials: The budget; a quarter of it at most goes into the initial design.
    """
    folder = tempfile.mkdtemp(prefix="smac-")
    # It logs every incumbent, on a logger that it sets up anew for each instance.
    logging.disable(logging.WARNING)
    try:
        # The package takes seed 0 for none.
        inner = module.SMACSampler(space, n_trials, seed + 1, output_directory=folder)
    finally:
        logging.disable(logging.NOTSET)
    logging.getLogger("smac").setLevel(logging.ERROR)
    weakref.finalize(inner, shutil.rmtree, folder, ignore_errors=True)
    return WorstForFailed(inner)


def build_hebo(module: ModuleType, seed: int, space: Space) -> BaseSampler:
    """HEBO with the hub's defaults, repeatable.

    Its model and its evolutionary search draw from the process-wide generators of Python, NumPy
    and torch; a worker runs one study at a time, so that they are the sampler's own there.

    Args:
        module: The hub package ``samplers/hebo``.
        seed: The seed, 0 or more.
        space: The search space.
    """
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    sampler = module.HEBOSampler(space, seed=seed)
    assert isinstance(sampler, BaseSampler)
    return sampler


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
