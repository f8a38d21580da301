"""The sampler as Optuna sees it."""

from __future__ import annotations

from collections.abc import Callable
import copy
from importlib import import_module
import logging
import math
import os
from pathlib import Path
import pickle
import subprocess
import sys
from typing import Any

from hypothesis import example
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.testing.pytest_samplers import BasicSamplerTestCase
from optuna.testing.pytest_samplers import MultiObjectiveSamplerTestCase
from optuna.testing.pytest_samplers import RelativeSamplerTestCase
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
LatticeGPSampler = lattice_gp.LatticeGPSampler
model = import_module(f"{lattice_gp.__name__}.acquisition.model")
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace


@pytest.fixture(autouse=True)
def warnings_logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Warnings of the sampler; a fallback would otherwise hide a broken model."""
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def messages() -> list[str]:
        return [r.message for r in caplog.records if r.levelno >= logging.WARNING]

    return messages


class TestContract(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    """Optuna's own test cases; the model is used after the first trial."""

    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return lambda: LatticeGPSampler(seed=0, n_startup_trials=1)

    @pytest.fixture(autouse=True)
    def model_never_fails(self, warnings_logged: Callable[[], list[str]]) -> Any:
        yield
        assert not [message for message in warnings_logged() if "model failed" in message]


def perceiver_space(trial: optuna.Trial) -> tuple[int, int, int, float]:
    return (
        trial.suggest_int("depth", 2, 8),
        trial.suggest_int("latent_dim", 128, 512, step=64),
        trial.suggest_int("num_latents", 64, 256, step=32),
        trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
    )


def perceiver_like(trial: optuna.Trial) -> float:
    """A smooth valley with a cliff at high learning rates, like the blog post's objective."""
    depth, latent_dim, num_latents, learning_rate = perceiver_space(trial)
    valley = 0.02 * math.log10(learning_rate / 4e-4) ** 2 + 0.002 * (depth - 5) ** 2
    valley += 0.001 * ((latent_dim - 256) / 64) ** 2 + 0.001 * ((num_latents - 160) / 32) ** 2
    cliff = (learning_rate / 2e-3) ** 2 if depth >= 5 and learning_rate > 2e-3 else 0.0
    return 0.25 + valley + cliff


def best_value(sampler: BaseSampler, objective: Callable[[optuna.Trial], float], n: int) -> float:
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=n)
    return study.best_value


@pytest.mark.slow
def test_beats_random_search() -> None:
    ours = [best_value(LatticeGPSampler(seed=s), perceiver_like, 30) for s in range(5)]
    random = [
        best_value(optuna.samplers.RandomSampler(seed=s), perceiver_like, 30) for s in range(5)
    ]
    assert max(ours) < min(random)


def test_maximizing_mirrors_minimizing() -> None:
    minimized = optuna.create_study(sampler=LatticeGPSampler(seed=3))
    maximized = optuna.create_study(sampler=LatticeGPSampler(seed=3), direction="maximize")
    minimized.optimize(perceiver_like, n_trials=15)
    maximized.optimize(lambda trial: -perceiver_like(trial), n_trials=15)
    assert [t.params for t in minimized.trials] == [t.params for t in maximized.trials]


def test_first_trial_is_the_centre() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(perceiver_like, n_trials=1)
    assert study.trials[0].params == {
        "depth": 5,
        "latent_dim": 320,
        "num_latents": 160,
        "learning_rate": pytest.approx(1e-3),
    }


def test_same_seed_same_study_and_another_seed_another() -> None:
    def params(seed: int | None) -> list[dict[str, Any]]:
        study = optuna.create_study(sampler=LatticeGPSampler(seed=seed))
        study.optimize(perceiver_like, n_trials=12)
        return [trial.params for trial in study.trials]

    assert params(1) == params(1)
    assert params(1) != params(2)
    assert params(None) != params(None)


def test_suggestion_does_not_depend_on_the_sampler_object() -> None:
    """A new sampler at every trial proposes what one sampler proposes."""
    one = optuna.create_study(sampler=LatticeGPSampler(seed=5))
    one.optimize(perceiver_like, n_trials=14)
    many = optuna.create_study()
    for _ in range(14):
        many.sampler = LatticeGPSampler(seed=5)
        many.optimize(perceiver_like, n_trials=1)
    assert [t.params for t in one.trials] == [t.params for t in many.trials]


def small_lattice(trial: optuna.Trial) -> float:
    x = trial.suggest_int("x", 0, 3)
    y = trial.suggest_float("y", 0.0, 1.0, step=0.5)
    c = trial.suggest_categorical("c", ["a", "b"])
    return x * y + (c == "a")


@pytest.mark.slow
def test_visits_every_lattice_point_before_any_twice() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=3 * 24)
    points = [tuple(sorted(t.params.items())) for t in study.trials]
    for start in (0, 24, 48):
        assert len(set(points[start : start + 24])) == 24


def test_lattice_points_stay_distinct_when_trials_fail_or_are_pruned() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = small_lattice(trial)
        if trial.number % 3 == 1:
            raise optuna.TrialPruned
        if trial.number % 3 == 2:
            raise RuntimeError("out of memory")
        return value

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=24, catch=RuntimeError)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 24


def test_batches_of_running_trials_are_distinct() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    distributions: dict[str, optuna.distributions.BaseDistribution] = {
        "x": optuna.distributions.IntDistribution(0, 5),
        "y": optuna.distributions.IntDistribution(0, 3),
    }
    for _ in range(3):
        batch = [study.ask(distributions) for _ in range(8)]
        for trial in batch:
            study.tell(trial, trial.params["x"] - trial.params["y"])
    assert len({tuple(t.params.values()) for t in study.trials}) == 24


def test_threads_do_not_repeat_lattice_points() -> None:
    """Also while the parameters of the other threads' trials are not stored yet."""
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=1)
    study.optimize(small_lattice, n_trials=20, n_jobs=2)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 21


def test_sampler_can_be_copied_and_pickled() -> None:
    # Within one process: a module loaded by OptunaHub cannot be imported by name in another.
    for copied in (
        copy.deepcopy(LatticeGPSampler(seed=5)),
        pickle.loads(pickle.dumps(LatticeGPSampler(seed=5))),
    ):
        studies = [optuna.create_study(sampler=s) for s in (copied, LatticeGPSampler(seed=5))]
        for study in studies:
            study.optimize(perceiver_like, n_trials=8)
        assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]


def test_suggestion_is_shared_before_the_parameters_are() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=6)
    trial = study.ask()
    first = trial.suggest_int("x", 0, 3)  # y and c are decided, but not among the parameters
    shared = study.trials[-1].system_attrs["lattice_gp:suggestion"]
    assert shared["x"] == first and set(shared) == {"x", "y", "c"}


def test_enqueued_trials_count() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.enqueue_trial({"x": 2, "y": 0.5, "c": "b"})
    study.enqueue_trial({"x": 1})
    study.optimize(small_lattice, n_trials=24)
    assert study.trials[0].params == {"x": 2, "y": 0.5, "c": "b"}
    assert study.trials[1].params["x"] == 1
    points = [tuple(sorted(t.params.items())) for t in study.trials]
    assert len(set(points)) == 24


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, -1e300, 0.0])
def test_extreme_and_constant_values(
    value: float, warnings_logged: Callable[[], list[str]]
) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    for some in (value, perceiver_like, value):
        objective = some if callable(some) else lambda t, v=some: (perceiver_space(t), v)[1]
        study.optimize(objective, n_trials=6)
    assert not warnings_logged()
    assert all(t.state == TrialState.COMPLETE for t in study.trials)


def test_while_all_results_are_equal_the_whole_space_is_searched() -> None:
    """A model of equal values would go to the corners of the space, then to its edges and faces."""

    def reward(trial: optuna.Trial) -> float:
        xs = [trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(4)]
        return float(max(abs(x - 0.74) for x in xs) < 0.23)  # beside the centre, 4% of the space

    def stop_when_found(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if trial.value == 1.0:
            study.stop()

    for seed in range(8):
        study = optuna.create_study(direction="maximize", sampler=LatticeGPSampler(seed=seed))
        study.optimize(reward, n_trials=40, callbacks=[stop_when_found])
        assert study.best_value == 1.0


# Infinite values count as the worst finite one: the first of these differs from none.
@pytest.mark.parametrize(("value", "n_equal"), [(0.0, 9), (math.inf, 10), (1e300, 10)])
def test_equal_results_are_followed_by_the_start_up_sequence(value: float, n_equal: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        perceiver_space(trial)
        return value if trial.number < 8 else float(trial.number)

    studies = [
        optuna.create_study(sampler=LatticeGPSampler(seed=0, n_startup_trials=n)) for n in (2, 20)
    ]
    for study in studies:
        study.optimize(objective, n_trials=12)
    one, other = ([trial.params for trial in study.trials] for study in studies)
    assert one[:n_equal] == other[:n_equal] and one[n_equal:] != other[n_equal:]
    predictions = [lattice_gp.prediction_of(trial) for trial in studies[0].trials]
    assert [p is None for p in predictions] == [True] * n_equal + [False] * (12 - n_equal)


def test_one_result_or_constraints_that_differ_are_modelled_as_asked() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("size", perceiver_space(trial)[0])
        return 0.0

    sampler = LatticeGPSampler(seed=0, n_startup_trials=1)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=2)
    assert lattice_gp.prediction_of(study.trials[1]) is not None
    sampler = LatticeGPSampler(seed=0, constraints_func=lambda t: [t.user_attrs["size"] - 4])
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=6)
    assert lattice_gp.prediction_of(study.trials[5]) is not None


def test_nan_and_exceptions_do_not_stop_it() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = perceiver_like(trial)
        if trial.number % 2:
            return float("nan")
        return value

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=20)
    assert len({tuple(t.params.values()) for t in study.trials}) == 20


def test_model_failure_falls_back_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, warnings_logged: Callable[[], list[str]]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(model.Model, "view", broken)
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=24)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 24
    assert sum("model failed" in message for message in warnings_logged()) == 1


def test_what_the_user_wants_of_floating_point_changes_nothing(
    warnings_logged: Callable[[], list[str]],
) -> None:
    """As with ``np.seterr(all="raise")`` in the hunt for NaN: an underflow is no error of ours."""

    def front(trial: optuna.Trial) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        return x, (1.0 + y) * (1.0 - math.sqrt(x))

    params = []
    for reaction in ("raise", "warn"):
        with np.errstate(all=reaction):
            sampler = LatticeGPSampler(seed=0)
            study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
            study.optimize(front, n_trials=12)
            params.append([trial.params for trial in study.trials])
            params[-1].extend(sampler.explain(study).suggest(2))
    assert params[0] == params[1]
    assert warnings_logged() == []


def test_caches_change_nothing() -> None:
    def suggestions(renew: bool) -> list[dict[str, object]]:
        study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
        for _ in range(30):
            if renew:
                study.sampler = LatticeGPSampler(seed=0)
            study.optimize(perceiver_like, n_trials=1)
        return [trial.params for trial in study.trials]

    assert suggestions(renew=True) == suggestions(renew=False)


def test_sampler_serves_several_studies_in_turn() -> None:
    def suggestions(samplers: list[Any]) -> list[dict[str, object]]:
        studies = [optuna.create_study(sampler=sampler) for sampler in samplers]
        for _ in range(12):
            studies[0].optimize(perceiver_like, n_trials=1)
            studies[1].optimize(small_lattice, n_trials=1)
        return [trial.params for study in studies for trial in study.trials]

    shared = LatticeGPSampler(seed=0)
    own = [LatticeGPSampler(seed=0), LatticeGPSampler(seed=0)]
    assert suggestions([shared, shared]) == suggestions(own)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"seed": -1}, ValueError, ["seed", "-1", "0 or more"]),
        ({"seed": "1"}, TypeError, ["seed", "'1'", "int"]),
        ({"seed": 1.5}, TypeError, ["seed", "1.5", "int"]),
        ({"n_startup_trials": 0}, ValueError, ["n_startup_trials", "0", "1 or more"]),
        ({"n_startup_trials": True}, TypeError, ["n_startup_trials", "True", "int"]),
    ],
)
def test_bad_arguments(
    arguments: dict[str, Any], error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as raised:
        LatticeGPSampler(**arguments)
    assert all(word in str(raised.value) for word in words)


def test_hyperband_study() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = perceiver_like(trial)
        for step in range(9):
            trial.report(value + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    study = optuna.create_study(
        sampler=LatticeGPSampler(seed=0),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9),
    )
    study.optimize(objective, n_trials=20)
    assert len(study.trials) == 20


def test_two_studies_may_share_a_sampler() -> None:
    sampler = LatticeGPSampler(seed=0)
    first = optuna.create_study(sampler=sampler)
    second = optuna.create_study(sampler=sampler)
    first.optimize(perceiver_like, n_trials=6)
    second.optimize(lambda t: t.suggest_float("z", 0, 1), n_trials=6)
    assert all(set(t.params) == {"z"} for t in second.trials)


@strategies.composite
def distributions(draw: strategies.DrawFn) -> optuna.distributions.BaseDistribution:
    kind = draw(strategies.sampled_from(["int", "log int", "float", "step", "log", "choice"]))
    if kind == "choice":
        choices: list[bool | int | float | str | None] = ["a", 1, None, 2.5, False, "b"]
        n = draw(strategies.integers(1, len(choices)))
        return optuna.distributions.CategoricalDistribution(choices[:n])
    low = draw(strategies.integers(1, 50))
    high = low + draw(strategies.integers(0, 300))
    if kind == "int":
        step = draw(strategies.integers(1, max(1, high - low)))
        high = low + (high - low) // step * step
        return optuna.distributions.IntDistribution(low - 60, high - 60, step=step)
    if kind == "log int":
        return optuna.distributions.IntDistribution(low, high, log=True)
    if kind == "step":
        return optuna.distributions.FloatDistribution(low / 10, high / 10, step=0.1)
    scale = draw(strategies.sampled_from([1e-6, 1.0, 1e6]))
    return optuna.distributions.FloatDistribution(low * scale, high * scale, log=kind == "log")


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(
    space={"a": optuna.distributions.FloatDistribution(1e-6, 3.4e-5, log=True)},
    values=[0.0, math.inf, 0.0, 0.0, math.inf, 0.0, 0.0, 0.0, math.inf, math.inf, math.inf, 0.0],
)
@given(
    space=strategies.dictionaries(
        strategies.sampled_from("abcde"), distributions(), min_size=1, max_size=5
    ),
    values=strategies.lists(
        strategies.floats(-1e6, 1e6) | strategies.just(math.inf), min_size=12, max_size=12
    ),
)
def test_random_spaces(
    space: dict[str, optuna.distributions.BaseDistribution],
    values: list[float],
    warnings_logged: Callable[[], list[str]],
) -> None:
    """Every suggestion is legal, and new while there is anything new."""
    size = math.prod(SearchSpace({"x": d}).size for d in space.values() if not d.single())
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    for value in values:
        trial = study.ask(space)
        for name, distribution in space.items():
            assert distribution._contains(distribution.to_internal_repr(trial.params[name]))
        study.tell(trial, value)
    points = {tuple(sorted((k, str(v)) for k, v in t.params.items())) for t in study.trials}
    assert len(points) == min(len(values), size)
    assert not warnings_logged()


def test_importing_does_not_import_torch() -> None:
    script = (
        "import sys, optunahub\n"
        f"optunahub.load_local_module('samplers/lattice_gp', registry_root={REGISTRY_ROOT!r})\n"
        "assert not {'torch', 'pandas', 'sklearn'} & set(sys.modules), 'imported'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.slow
def test_shared_choice_of_a_conditional_space_may_be_exploited() -> None:
    """It is not the whole point: visiting each choice equally often would be no search."""

    def objective(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind", list("abcdefgh"))
        return (0 if kind == "c" else 10) + trial.suggest_float(f"x_{kind}", 0, 1)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=60)
    assert sum(trial.params["kind"] == "c" for trial in study.trials) > 20


def test_choices_that_compare_equal_are_one() -> None:
    def objective(trial: optuna.Trial) -> float:
        choice = trial.suggest_categorical("c", [1, True, "x", 1.0])
        return trial.suggest_int("i", 0, 5) + (choice == "x")

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=12)
    assert len({tuple(sorted(map(str, t.params.items()))) for t in study.trials}) == 12
    alone = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    alone.optimize(lambda t: float(t.suggest_categorical("c", [1, True])), n_trials=8)


def test_hyperband_brackets_do_not_repeat_each_other() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_float("y", -1, 1) ** 2
        trial.report(value, 1)
        return value

    study = optuna.create_study(
        study_name="hyperband",
        sampler=LatticeGPSampler(seed=0),
        pruner=optuna.pruners.HyperbandPruner(1, 9, 3),
    )
    study.optimize(objective, n_trials=20)
    assert len({tuple(t.params.values()) for t in study.trials}) == 20
    assert all("lattice_gp:worker" in t.system_attrs for t in study.trials) or (
        sys.platform != "linux"
    )


def test_many_wide_ranges(warnings_logged: Callable[[], list[str]]) -> None:
    def objective(trial: optuna.Trial) -> float:
        ints = [trial.suggest_int(f"i{k}", 0, 2**40) for k in range(30)]
        large = trial.suggest_int("large", 2 * 10**14, 2 * 10**14 + 10, log=True)
        return float(np.mean(ints)) + large + trial.suggest_float("x", -1e307, 1e307, step=1e306)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=12)
    assert not warnings_logged()


def test_a_space_that_cannot_be_handled_is_sampled_at_random(
    monkeypatch: pytest.MonkeyPatch, warnings_logged: Callable[[], list[str]]
) -> None:
    def broken(*_: object) -> None:
        raise OverflowError("int too large")

    monkeypatch.setattr(import_module(f"{lattice_gp.__name__}.advisor"), "startup_point", broken)
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0, n_startup_trials=9))
    study.optimize(small_lattice, n_trials=6)
    assert len(study.trials) == 6
    assert sum("No joint suggestion" in message for message in warnings_logged()) == 1


class _FlakyStorage(optuna.storages.InMemoryStorage):
    """Fails to read the trials, or to write an attribute of Optuna's samplers, now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_fail: Callable[[], bool] = bool
        self.writes_fail: Callable[[], bool] = bool

    def get_all_trials(self, study_id: int, deepcopy: bool = True, states: Any = None) -> Any:
        if states is None and self.reads_fail():  # others are Optuna's own
            raise OSError("the database is away")
        return super().get_all_trials(study_id, deepcopy, states)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        if self.writes_fail():
            raise OSError("the database is full")
        super().set_trial_system_attr(trial_id, key, value)


@pytest.mark.parametrize("which", ["reads_fail", "writes_fail"])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_errors_of_the_storage_do_not_end_the_study(
    which: str, share: float, warnings_logged: Callable[[], list[str]]
) -> None:
    rng = np.random.default_rng(0)

    def objective(trial: optuna.Trial) -> float:
        if trial.number == 7:
            raise MemoryError
        return perceiver_like(trial)

    storage = _FlakyStorage()
    sampler = LatticeGPSampler(seed=0, constraints_func=lambda t: [t.params["depth"] - 6])
    study = optuna.create_study(storage=storage, sampler=sampler)
    setattr(storage, which, lambda: rng.random() < share)
    study.optimize(objective, n_trials=20, catch=(MemoryError,))
    setattr(storage, which, bool)
    states = [trial.state for trial in study.trials]
    assert states.count(TrialState.COMPLETE) == 19
    said = [message for message in warnings_logged() if "the database is" in message]
    assert 1 <= len(said) == len(set(said))


@pytest.mark.slow
def test_processes_do_not_repeat_lattice_points(tmp_path: Path) -> None:
    """Each looks at the others' suggestions before and after it makes its own."""
    # On a busy machine others hold the file for long.
    storage = f"sqlite:///{tmp_path / 'study.db'}?timeout=600"
    study = optuna.create_study(storage=storage, study_name="study")
    study.optimize(lambda t: t.suggest_int("x", 0, 4) + t.suggest_int("y", 0, 4), n_trials=1)
    script = (
        "import random, sys, time, optuna, optunahub\n"
        "root, storage = sys.argv[1:]\n"
        "module = optunahub.load_local_module('samplers/lattice_gp', registry_root=root)\n"
        "def objective(trial):\n"
        "    value = trial.suggest_int('x', 0, 4) + trial.suggest_int('y', 0, 4)\n"
        "    time.sleep(0.1 * random.random())\n"
        "    return value\n"
        "sampler = module.LatticeGPSampler(seed=0)\n"
        "study = optuna.load_study(storage=storage, study_name='study', sampler=sampler)\n"
        "study.optimize(objective, n_trials=8)\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", script, REGISTRY_ROOT, storage]) for _ in range(3)
    ]
    assert [process.wait() for process in workers] == [0, 0, 0]
    assert len({(t.params["x"], t.params["y"]) for t in study.trials}) == 25
