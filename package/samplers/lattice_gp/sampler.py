"""Optuna's hooks: a study becomes arrays, arrays become a suggestion."""

from __future__ import annotations

from collections.abc import Sequence
import secrets
import threading
from typing import Any
import zlib

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from . import trial_notes
from .advisor import Advisor
from .basics.arrays import first
from .basics.checks import check_int
from .basics.numerics import own_numerics
from .basics.say_once import SayOnce
from .earlier.prior_studies import read_prior_studies
from .earlier.prior_studies import StudyLike
from .explanation import Explanation
from .joint import JointSampler
from .recipe import Recipe
from .space.search_space import SearchSpace
from .trials.constraint_source import check_constraints_func
from .trials.constraint_source import ConstraintsFunc
from .trials.cost_source import CostAware
from .trials.cost_source import read_cost_aware
from .trials.others import index_of
from .trials.others import is_new
from .trials.others import read_others
from .trials.others import trials_of
from .trials.records import RecordReader
from .trials.records import SUGGESTION_KEY
from .trials.unions import contradictory_names
from .trials.unions import known_distributions


class LatticeGPSampler(BaseSampler):
    """Bayesian optimisation for a few dozen expensive trials on lattices and log scales.

    A Gaussian process models the objective over the unit cube, in which ints, floats with a step,
    log scales and categorical choices are lattices; every candidate is moved to the lattice before
    its expected improvement is computed. In a space of finitely many points none is proposed twice
    before all were.

    A suggestion is a function of the seed, the trial's number and what the storage holds. A study
    that was killed and is continued, by whichever process, proposes what it would have proposed
    undisturbed: a trial whose process was killed counts as if it had never been started.

    It learns from every trial: from those that fail, or are still running; which parameters exist
    under which values of others; where constraints are kept; from one objective or several. What
    it expects of a trial is kept with it (:func:`prediction_of`). What it cannot model it says
    once, and goes on with a low-discrepancy sequence or at random.

    Args:
        seed: Seed of all randomness, 0 or more. None picks one at random, so that two samplers
            differ.
        n_startup_trials: Number of trials with a result (completed, or pruned after a report)
            before the model is used, 1 or more. As long as all results of several trials are
            equal, it is not: there is nothing to model. The first trial is the centre of the
            space. Not used with ``prior_studies``.
        constraints_func: From a finished trial to the values of its constraints, each 0 or less
            where it is kept. With Optuna 5, ``Trial.set_constraint`` in the objective does the
            same without this argument.
        cost_aware: Where to learn what a trial costs, so as to search for improvement per second,
            not per trial. True is its duration; a str names a user attribute that holds what it
            cost, set by the objective; a callable tells the cost, in any unit, from a dict of
            params in advance. With None all trials count alike.
        prior_studies: Finished studies of related problems, such as another data set or a smaller
            model: a study, or a sequence of studies and of pairs ``(storage, study_name)``. Their
            completed trials are read now. Parameters are matched by name, objectives by position,
            each study's better values with this one's. The first trial is then the best of the
            first study's, the second the centre, and the model is used from the third on. How
            much the studies have to do with this one is learned from its own trials; one that
            tells nothing is left out, which is said once.

    Raises:
        TypeError: If ``seed`` or ``n_startup_trials`` is not an int, ``constraints_func`` not a
            function, or another argument none of what it accepts.
        ValueError: If a number is out of range, ``cost_aware`` the empty string, or a storage does
            not hold a prior study.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        n_startup_trials: int = 4,
        constraints_func: ConstraintsFunc | None = None,
        cost_aware: CostAware = None,
        prior_studies: Study | Sequence[StudyLike] | None = None,
    ) -> None:
        if seed is not None:
            check_int("seed", seed, minimum=0)
        check_int("n_startup_trials", n_startup_trials, minimum=1)
        self._seed = secrets.randbits(64) if seed is None else int(seed)
        self._n_startup_trials = int(n_startup_trials)
        self._constraints_func = check_constraints_func(constraints_func)
        self._cost_source = read_cost_aware(cost_aware)
        self._prior_studies = read_prior_studies(prior_studies)
        self._recipe = Recipe()
        self._say = SayOnce()
        self._prepare()

    def _prepare(self) -> None:
        """Make what no copy of the sampler inherits."""
        # Threads of one study wait for each other's suggestion, or they would make the same one.
        self._lock = threading.Lock()
        # Caches: they save time and change nothing.
        self._reader = RecordReader()
        self._advisor = self._new_advisor()
        self._joint_sampler = JointSampler(self._seed, self._advisor, self._reader, self._say)

    def _new_advisor(self) -> Advisor:
        return Advisor(
            self._recipe,
            self._seed,
            self._n_startup_trials,
            self._cost_source,
            self._prior_studies,
            self._say,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the lock, which cannot be copied, and the caches."""
        left_out = ("_lock", "_reader", "_advisor", "_joint_sampler")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make a new lock and empty caches."""
        self.__dict__.update(state)
        self._prepare()

    def explain(self, study: Study, n_trials: int | None = None) -> Explanation:
        """What the sampler believes of a study that it, or any other sampler, ran.

        Nothing is written to the study, and no trial of it is started.

        Args:
            study: Finished or not.
            n_trials: Take the study as it was before the trial of this number, 0 or more, if
                trials ran one after the other. None takes all of it.

        Raises:
            TypeError: If ``study`` is no study, or ``n_trials`` no int.
            ValueError: If no trial with a parameter of more than one value has completed, the
                study was deleted, or ``n_trials`` is negative.
            numpy.linalg.LinAlgError: If the model cannot be fitted.
        """
        if not isinstance(study, Study):
            raise TypeError(f"study is {study!r}, but must be an optuna.Study.")
        if n_trials is not None:
            check_int("n_trials", n_trials, minimum=0)
        try:
            trials = trials_of(study)
        except KeyError:
            raise ValueError(
                f"study is the study {study.study_name!r}, but its storage does not hold it any more."
            ) from None
        if n_trials is not None:
            trials = [trial for trial in trials if trial.number < n_trials]
        with own_numerics():
            # Records of its own: another thread may be running the study with the sampler's.
            records = RecordReader().read(trials)
            is_maximized = [d == StudyDirection.MAXIMIZE for d in study.directions]
            conditional = self._recipe.models_conditions
            return Explanation(records, is_maximized, self._new_advisor(), conditional)

    def reseed_rng(self) -> None:
        """Do nothing: every trial has a random stream of its own, whichever worker runs it."""

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Note which process evaluates the trial, where the one that asks is the one."""
        trial_notes.note_start(study, trial, self._say)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The parameters that the trials so far have shown."""
        try:
            records = self._reader.read(trials_of(study))
        except Exception as error:
            self._complain_of_storage(error)
            return {}
        known = known_distributions(records, self._recipe.models_conditions)
        if self._recipe.models_conditions:
            for name in contradictory_names(records, known):
                self._say(
                    f"Parameter {name!r} is of several kinds in the trials of this study (an int and "
                    "a float, say, or with other choices): it is chosen at random and not modelled."
                )
        return known

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Suggest a value for every parameter of the search space, jointly."""
        if not search_space:
            return {}
        with self._lock, own_numerics():
            try:
                return self._joint_sampler.sample(study, trial, search_space)
            except Exception as error:
                # A study of many hours must not end because of its sampler.
                self._say(
                    f"No joint suggestion is possible ({type(error).__name__}: {error}): "
                    "sampling each parameter at random wherever this is so."
                )
                return {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Suggest a parameter that was not, or not within its range, suggested jointly.

        One suggested beyond its range takes the nearest end of it, one that no trial has had yet
        the centre, or in the first trial the best value of an earlier study, and any other a
        random value.
        """
        space = SearchSpace({param_name: param_distribution})
        suggested = trial.system_attrs.get(SUGGESTION_KEY, {}).get(param_name)
        if suggested is not None and not isinstance(param_distribution, CategoricalDistribution):
            nearest = space.snap(space.to_coordinates({param_name: suggested})[None, :])
            return space.to_params(first(nearest))[param_name]
        try:
            others = read_others(self._reader, study, trial)
            index = index_of(trial, others)
        except Exception as error:
            self._complain_of_storage(error)
            others, index = [], trial.number
        if index == 0 or is_new(param_name, trial, others):
            n_objectives = len(study.directions)
            point = self._advisor.start(space, n_objectives) if index == 0 else space.centre()
            return space.to_params(point)[param_name]
        rng = np.random.default_rng([self._seed, index, zlib.crc32(param_name.encode())])
        point = space.from_quantiles(rng.random((1, 1)))[0]
        return space.to_params(point)[param_name]

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Note constraints, and a failure in earnest: not a killed process's, nor Ctrl-C."""
        if state == TrialState.FAIL:
            trial_notes.note_failure(study, trial, self._say)
        if self._constraints_func is not None:
            trial_notes.note_constraints(
                study, trial, state, values, self._constraints_func, self._say
            )

    def _complain_of_storage(self, error: Exception) -> None:
        self._say(
            f"The trials so far cannot be read ({type(error).__name__}: {error}): sampling each "
            "parameter at random wherever this is so."
        )
