"""Contenders, problems and the way that one study is run."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState
import pytest

from benchmarks import hub
from benchmarks.contenders import grid
from benchmarks.contenders import hub_samplers
from benchmarks.contenders import registry as contenders
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.contender import Setup
from benchmarks.contenders.seeding import OWN
from benchmarks.contenders.seeding import sampler_seed
from benchmarks.contenders.seeding import SHARED
from benchmarks.errors import UsageError
from benchmarks.problems.spec import Options
from benchmarks.problems.toy_problems import Faulty
from benchmarks.problems.toy_problems import Lattice
from benchmarks.problems.toy_problems import Quadratic
from benchmarks.problems.toy_problems import ToyProblem
from benchmarks.storage import opening
from benchmarks.storage import store
from benchmarks.storage import study_spec
from benchmarks.storage.study_spec import StudySpec
from benchmarks.study import runner


def test_grid_levels() -> None:
    assert grid.grid_levels(IntDistribution(2, 8)) == [2, 5, 8]
    assert grid.grid_levels(IntDistribution(8, 32, step=8)) == [8, 16, 24, 32]
    assert grid.grid_levels(FloatDistribution(0.0, 1.0)) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert grid.grid_levels(FloatDistribution(0.0, 1.0, step=0.5)) == [0.0, 0.5, 1.0]
    assert grid.grid_levels(IntDistribution(1, 10_000, log=True)) == [
        1,
        10,
        100,
        1000,
        10_000,
    ]
    assert grid.grid_levels(CategoricalDistribution(("b", "a"))) == ["b", "a"]
    logarithmic = FloatDistribution(1e-4, 1e-2, log=True)
    levels = grid.grid_levels(logarithmic)
    assert levels == pytest.approx([1e-4, 10**-3.5, 1e-3, 10**-2.5, 1e-2])
    assert all(logarithmic.low <= level <= logarithmic.high for level in levels)


def test_grid_visits_every_point_once(tmp_path: Path) -> None:
    space = Lattice().search_space
    size = grid.grid_size(space)
    assert size == 3 * 3 * 3
    contender = contenders.get_contender("grid")
    assert contender.n_trials(10, space) == 10
    assert contender.n_trials(100, space) == size
    spec = _prepare(tmp_path, "grid", size)
    # To the last point: there GridSampler by itself would call `study.stop`, which raises.
    runner.run_study(spec, problem=Lattice())
    points = {tuple(trial.params.values()) for trial in _stored(spec)}
    assert len(points) == size


@pytest.mark.parametrize("name", ["tpe", "random", "grid"])
def test_continued_study_equals_undisturbed_one(tmp_path: Path, name: str) -> None:
    # TPE asks for 10 random points first: stop before and after.
    whole = _prepare(tmp_path / "whole", name, 20)
    runner.run_study(whole, problem=Quadratic())
    parts = _prepare(tmp_path / "parts", name, 20)
    for n_trials in (4, 13, 20):
        runner.run_study(dataclasses.replace(parts, n_trials=n_trials), problem=Quadratic())
    assert [t.params for t in _stored(whole)] == [t.params for t in _stored(parts)]
    assert [t.value for t in _stored(whole)] == [t.value for t in _stored(parts)]
    assert [t.number for t in _stored(parts)] == list(range(20))


def test_sampler_that_does_not_reproduce_itself_goes_on_without_repeats(tmp_path: Path) -> None:
    seeds = []

    def build(setup: Setup) -> optuna.samplers.BaseSampler:
        seeds.append(setup.seed)
        return optuna.samplers.RandomSampler(seed=setup.seed + 100 * len(seeds))

    contender = Contender("moody", "", build)
    spec = _prepare(tmp_path, "random", 8)
    runner.run_study(
        dataclasses.replace(spec, n_trials=4), contender=contender, problem=Quadratic()
    )
    runner.run_study(spec, contender=contender, problem=Quadratic())
    assert len({trial.params["rate"] for trial in _stored(spec)}) == 8
    assert seeds[0] == seeds[1] == spec.sampler_seed
    assert seeds[2] != seeds[0]


def test_seeds_of_samplers_differ_and_are_such_as_all_of_them_take() -> None:
    seeds = [sampler_seed(name, seed, OWN) for name in ("a", "b") for seed in range(50)]
    assert len(set(seeds)) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert sampler_seed("a", 7, SHARED) == sampler_seed("b", 7, SHARED) == 7


class Stubborn(optuna.samplers.RandomSampler):
    """Takes nothing but complete trials, as some hub samplers do."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)
        self.told: list[tuple[TrialState, float]] = []

    def after_trial(self, study: Any, trial: Any, state: TrialState, values: Any) -> None:
        self.told.append((state, values[0]))


def test_sampler_that_learns_when_told_learns_stored_trials(tmp_path: Path) -> None:
    built: list[Stubborn] = []

    def build(setup: Setup) -> optuna.samplers.BaseSampler:
        # Another seed each time: it cannot be replayed.
        built.append(Stubborn(setup.seed + 1000 * len(built)))
        return built[-1]

    contender = Contender("stubborn", "", build, learns_when_told=True)
    spec = _prepare(tmp_path, "random", 7)
    runner.run_study(
        dataclasses.replace(spec, n_trials=4), contender=contender, problem=Quadratic()
    )
    runner.run_study(spec, contender=contender, problem=Quadratic())
    values = [trial.value for trial in _stored(spec)]
    assert [value for _, value in built[-1].told] == values
    assert len(values) == 7


def test_worst_value_stands_for_a_failed_trial() -> None:
    inner = Stubborn(0)
    study = optuna.create_study(sampler=hub_samplers.WorstForFailed(inner))
    space = Quadratic().search_space
    for value in (None, 2.0, 3.0, 1.0, None):
        trial = study.ask(fixed_distributions=space)
        study.tell(trial, value, state=TrialState.FAIL if value is None else TrialState.COMPLETE)
    # Nothing is said of a failure before there is a value.
    assert inner.told == [(TrialState.COMPLETE, value) for value in (2.0, 3.0, 1.0, 3.0)]
    assert [trial.value for trial in study.trials] == [None, 2.0, 3.0, 1.0, None]


@pytest.mark.parametrize(
    "name, is_code",
    [
        ("sampler.py", True),
        ("values/transform.py", True),
        ("requirements.txt", True),
        ("tests/test_values.py", False),
        ("examples/resume.py", False),
    ],
)
def test_version_of_our_sampler_is_of_all_its_code(
    name: str, is_code: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = []
    for text in ("one", "other"):
        package = tmp_path / text / "samplers" / "lattice_gp"
        for file in ("__init__.py", "values/__init__.py", name):
            (package / file).parent.mkdir(parents=True, exist_ok=True)
            (package / file).write_text("")
        (package / name).write_text(text)
        monkeypatch.setattr(hub, "REGISTRY_ROOT", tmp_path / text)
        versions.append(contenders.CONTENDERS["lattice_gp"].version())
    assert (versions[0] != versions[1]) == is_code


def test_any_sampler_class_is_a_contender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import optuna\nclass Mine(optuna.samplers.RandomSampler):\n    pass\n"
    (tmp_path / "my_samplers.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    contender = contenders.get_contender("my_samplers:Mine")
    assert contender.name == "my_samplers:Mine"
    assert contender.version().startswith("sha256:")
    sampler = contender.build(Setup(3, {}, 1))
    assert type(sampler).__name__ == "Mine"
    spec = StudySpec("toy", contender.name, 2, 1, Options(), "")
    assert study_spec.parse_study_name(spec.study_name) == ("toy", "my_samplers:Mine", 2)
    with pytest.raises(UsageError, match="no sampler class or function 'Yours'"):
        contenders.get_contender("my_samplers:Yours")
    (tmp_path / "needy_samplers.py").write_text("import no_such_library")
    # It is left out, with the reason, and the others run.
    assert "No module named 'no_such_library'" in (
        contenders.get_contender("needy_samplers:Mine").missing()
    )
    (tmp_path / "odd_samplers.py").write_text(
        "import optuna\nclass Odd(optuna.samplers.RandomSampler):\n"
        "    def __init__(self, colour): ..."
    )
    with pytest.raises(UsageError, match=r"needs colour; accepts odd_samplers:Odd\(colour=...\)"):
        contenders.get_contender("odd_samplers:Odd")


@pytest.mark.parametrize("with_root", [True, False])
def test_hub_package_comes_from_a_local_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_root: bool
) -> None:
    package = tmp_path / "package" / "samplers" / "auto_sampler"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import optuna\nclass AutoSampler(optuna.samplers.RandomSampler):\n    pass\n"
    )
    root = hub.registry_root(str(tmp_path if with_root else tmp_path / "package"))
    monkeypatch.setitem(
        contenders.CONTENDERS,
        "auto",
        dataclasses.replace(contenders.CONTENDERS["auto"], requires=()),
    )
    auto = contenders.get_contender("auto")
    assert auto.cannot_load(root) == ""
    assert auto.version(root).startswith("sha256:")
    assert type(auto.build(Setup(0, {}, 1, root))).__name__ == "AutoSampler"
    hebo = contenders.get_contender("hebo")
    assert "there is no samplers/hebo in" in hebo.cannot_load(root)


def test_univariate_tpe_is_the_default_of_old() -> None:
    space = Lattice().search_space
    setup = Setup(0, space, 30)
    found = []
    for sampler in (
        contenders.get_contender("tpe_univariate").build(setup),
        optuna.samplers.TPESampler(seed=0, multivariate=False, constant_liar=False),
        contenders.get_contender("tpe").build(setup),
    ):
        study = optuna.create_study(sampler=sampler)
        study.optimize(Lattice(), n_trials=20)
        found.append([trial.params for trial in study.trials])
    assert found[0] == found[1]
    if optuna.__version__ >= "5":
        assert found[0] != found[2]


def test_failing_trials_are_counted_and_the_study_goes_on(tmp_path: Path) -> None:
    spec = _prepare(tmp_path, "random", 30)
    outcome = runner.run_study(spec, problem=Faulty())
    trials = _stored(spec)
    failed = [trial for trial in trials if trial.state is TrialState.FAIL]
    assert len(trials) == 30
    assert 0 < outcome.n_failed == len(failed) < 30
    errors = {trial.user_attrs.get("error", "")[:11] for trial in failed}
    assert errors == {"the objecti", "MemoryError"}
    # Their parameters are kept: they are what a sampler may learn from.
    assert all(trial.params for trial in failed)


def test_every_trial_says_how_long_each_part_took(tmp_path: Path) -> None:
    spec = _prepare(tmp_path, "tpe", 3)
    runner.run_study(spec, problem=Quadratic())
    for trial in _stored(spec):
        for part in ("ask_seconds", "objective_seconds", "tell_seconds"):
            assert trial.user_attrs[part] > 0


def test_maximised_problem(tmp_path: Path) -> None:
    class Hill(ToyProblem):
        space = {"x": FloatDistribution(-1.0, 1.0)}

        @property
        def directions(self) -> list[StudyDirection]:
            return [StudyDirection.MAXIMIZE]

        def evaluate(self, params: Mapping[str, Any]) -> float:
            return 1.0 - float(params["x"]) ** 2

    spec = _prepare(tmp_path, "random", 10, StudyDirection.MAXIMIZE)
    outcome = runner.run_study(spec, problem=Hill())
    assert outcome.best == max(trial.values[0] for trial in _stored(spec) if trial.values)


def test_unfinished_trial_of_someone_else_is_refused(tmp_path: Path) -> None:
    spec = _prepare(tmp_path, "random", 3)
    store.load_study(opening.open_storage(spec.storage), spec.study_name).ask()
    with pytest.raises(RuntimeError, match="Trial 0 .* is RUNNING"):
        runner.run_study(spec, problem=Quadratic())


def test_other_settings_are_refused_and_more_trials_are_not(tmp_path: Path) -> None:
    spec = _prepare(tmp_path, "random", 3)
    runner.run_study(spec, problem=Quadratic())
    storage = opening.open_storage(spec.storage)
    longer = dataclasses.replace(spec, n_trials=5)
    assert store.prepare_study(storage, longer, _SETTINGS, StudyDirection.MINIMIZE) == (3, [])
    other = _SETTINGS | {"problem": {"preset": "full"}}
    with pytest.raises(UsageError, match="preset: None, now full"):
        store.prepare_study(storage, spec, other, StudyDirection.MINIMIZE)
    newer = _SETTINGS | {"sampler_version": "2"}
    _, notes = store.prepare_study(storage, spec, newer, StudyDirection.MINIMIZE)
    assert notes and "random was 1" in notes[0]


_SETTINGS: dict[str, Any] = {"problem": {}, "space": {}, "sampler_version": "1"}


def _prepare(
    folder: Path,
    sampler: str,
    n_trials: int,
    direction: StudyDirection = StudyDirection.MINIMIZE,
) -> StudySpec:
    folder.mkdir(exist_ok=True)
    spec = StudySpec("toy", sampler, 0, n_trials, Options(), opening.default_url(folder))
    store.prepare_study(
        opening.open_storage(spec.storage, create=True), spec, _SETTINGS, direction
    )
    return spec


def _stored(spec: StudySpec) -> list[optuna.trial.FrozenTrial]:
    return store.finished_trials(
        store.load_study(opening.open_storage(spec.storage), spec.study_name)
    )
