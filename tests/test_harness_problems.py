"""Problems named on the command line: from a hub, from COCO, from any module, and wrapped."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
import textwrap
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.distributions import IntDistribution
import pytest

from benchmarks import hub
from benchmarks.errors import UsageError
from benchmarks.problems.fixed_trial import fixed_trial
from benchmarks.problems.registry import build_problem
from benchmarks.problems.registry import get_problem
from benchmarks.problems.registry import wanted_problems
from benchmarks.problems.spec import Options
from benchmarks.problems.spec import Problem
from benchmarks.problems.wrappers import split_wrappings
from benchmarks.problems.wrappers import WRAPPINGS


_MODULE = """
    import optuna
    from optuna.distributions import FloatDistribution
    from optuna.study import StudyDirection

    class Bowl:
        def __init__(self, centre=0.5, seed=0):
            self.centre, self.seed = centre, seed

        @property
        def search_space(self):
            return {"x": FloatDistribution(0, 1)}

        @property
        def directions(self):
            return [StudyDirection.MINIMIZE]

        def __call__(self, trial):
            return (trial.suggest_float("x", 0, 1) - self.centre) ** 2

    bowl = Bowl()

    def make_bowl(centre):
        return Bowl(centre)

    def objective(trial):
        return trial.suggest_float("x", 0, 1)

    number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"problems_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(_MODULE), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return name


def _build(text: str, options: Options = Options(), seed: int = 0) -> Problem:
    return build_problem(get_problem(text), options, seed)


def _values(problem: Problem, n_trials: int) -> tuple[list[float], list[dict[str, Any]]]:
    study = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0), directions=problem.directions
    )
    for _ in range(n_trials):
        trial = study.ask(fixed_distributions=problem.search_space)
        try:
            study.tell(trial, problem(trial))
        except RuntimeError:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
    values = [math.nan if t.values is None else t.values[0] for t in study.trials]
    return values, [trial.user_attrs for trial in study.trials]


def test_a_class_of_a_module_gets_arguments_and_seed(module: str) -> None:
    problem: Any = _build(f"{module}:Bowl(centre=0.25)", seed=7)
    assert (problem.centre, problem.seed) == (0.25, 7)
    assert _values(problem, 3)[0][0] >= 0


def test_a_problem_and_a_function_that_makes_one_can_be_named(module: str) -> None:
    made: Any = _build(f"{module}:make_bowl(centre=0.75)")
    there: Any = _build(f"{module}:bowl")
    assert (made.centre, there.centre) == (0.75, 0.5)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_plain_objective_is_a_problem(module: str, direction: str) -> None:
    problem = _build(f"{module}:objective(direction={direction!r})")
    assert problem.search_space == {}
    assert [d.name.lower() for d in problem.directions] == [direction]
    assert all(0 <= value <= 1 for value in _values(problem, 3)[0])


def test_a_changed_module_is_another_problem(module: str, tmp_path: Path) -> None:
    spec = get_problem(f"{module}:Bowl")
    before = spec.settings(Options())
    path = tmp_path / f"{module}.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    hub.digest_folder.cache_clear()
    assert spec.settings(Options()) != before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MODULE:Bowl(center=1)", ["center", "centre=0.5"]),
        ("MODULE:Bow", ["'Bow'", "Did you mean 'Bowl'"]),
        ("MODULE:number", ["is a int", "a function of a trial"]),
        (
            "math:sqrt",
            ["'math:sqrt', which is not a function of a trial", "required argument: 'x'"],
        ),
        ("MODULE:make_bowl", ["not a function of a trial", "required argument: 'centre'"]),
        ("json:dumps(obj=1)", ["makes a str without search_space", "a problem class"]),
        ("json:JSONDecoder", ["makes a JSONDecoder without search_space"]),
        ("MODULE:objective(direction='up')", ["direction", "'maximize'"]),
        ("no_such_module:Bowl", ["no module 'no_such_module'"]),
        ("bowl.py:Bowl", ["names a file", "bowl:Bowl"]),
        ("quadratic(x=1)", ["quadratic has no argument 'x'"]),
        ("quadrati", ["Did you mean 'quadratic'"]),
        ("perceiver(presett='full')", ["no argument 'presett'", "preset, mode, device"]),
        ("quadratic+nois=1", ["Did you mean 'noise'"]),
        ("quadratic+levels=1", ["+levels is '1'", "2 or more"]),
        ("quadratic+choices=2.5", ["+choices is '2.5'", "2 or more"]),
        ("quadratic+failures=2", ["below 1"]),
        ("quadratic+noise=much", ["above 0"]),
        ("coco:bbo(dimension=5)", ["Did you mean 'coco:bbob'"]),
    ],
)
def test_a_wrong_problem_is_told_in_one_line(module: str, text: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        for name in wanted_problems(text.replace("MODULE", module), None):
            _build(name)
    message = str(raised.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("perceiver", Options(preset="huge"), ["--preset: got 'huge'", "'small'"]),
        ("perceiver", Options(mode="tabel"), ["--mode: got 'tabel'", "'table'"]),
        ("perceiver", Options(device="tpu"), ["--device: got 'tpu'", "'cuda'"]),
        ("perceiver(preset='huge')", Options(), ["--problems perceiver(preset='huge'): preset"]),
    ],
)
def test_a_wrong_option_is_told_by_its_name(text: str, options: Options, words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        _build(text, options)
    assert all(word in str(raised.value) for word in words), raised.value


def test_a_missing_folder_is_told_with_the_options_that_help() -> None:
    def build(options: Options, seed: int) -> Problem:
        raise FileNotFoundError("It is not at data_root='x'. Give another, or download=True.")

    spec = dataclasses.replace(get_problem("perceiver"), build=build)
    with pytest.raises(UsageError) as raised:
        build_problem(spec, Options(), 0)
    told = "--data-root: It is not at --data-root 'x'. Give another, or --download."
    assert str(raised.value) == told


@pytest.mark.slow
def test_missing_images_are_told_with_the_options_that_help(tmp_path: Path) -> None:
    pytest.importorskip("torchvision")
    with pytest.raises(UsageError) as raised:
        _build("perceiver", Options(mode="train", data_root=str(tmp_path)))
    message = str(raised.value)
    assert message.startswith("--data-root: MNIST is not at --data-root ")
    assert "or --download to have" in message and "=" not in message


def _registry(folder: Path) -> str:
    package = folder / "package" / "benchmarks" / "hills"
    package.mkdir(parents=True)
    (folder / "package" / "samplers").mkdir()
    text = (
        textwrap.dedent(_MODULE).replace("Bowl", "Hill") + "\n\nclass Problem(Hill):\n    pass\n"
    )
    (package / "__init__.py").write_text(text + '\n__all__ = ["Problem", "Hill"]\n')
    return str(folder / "package")


def test_a_package_of_a_hub_can_be_named(tmp_path: Path) -> None:
    options = Options(registry=_registry(tmp_path))
    default: Any = _build("hub:benchmarks/hills", options)
    named: Any = _build("hub:benchmarks/hills:Hill(centre=0.1)", options, seed=3)
    assert type(default).__name__ == "Problem"
    assert (named.centre, named.seed) == (0.1, 3)
    with pytest.raises(UsageError, match="has no 'Hil'; accepts .* Hill"):
        _build("hub:benchmarks/hills:Hil", options)
    with pytest.raises(UsageError, match="cannot load benchmarks/nothing"):
        _build("hub:benchmarks/nothing", options)


def test_a_suite_of_coco_is_all_its_functions() -> None:
    names = wanted_problems("coco:bbob(dimension=5)+noise=1,lattice", None)
    assert len(names) == 25 and names[-1] == "lattice"
    assert names[2] == "coco:bbob(function=3, dimension=5)+noise=1"
    some = wanted_problems("coco:bbob-mixint(function=[2, 4], dimension=5)", None)
    assert some == [f"coco:bbob-mixint(function={f}, dimension=5)" for f in (2, 4)]


def test_problems_of_a_suite_can_be_changed_all_at_once() -> None:
    plain = wanted_problems("", "discrete_dev")
    assert len(plain) == 3
    changed = wanted_problems("", "discrete_dev+levels=3+noise=0.1")
    assert changed == [f"{name}+levels=3+noise=0.1" for name in plain]
    for text, words in (
        ("dew", "--suite: got 'dew'. Did you mean 'dev'"),
        ("dev+nois=1", "noise"),
    ):
        with pytest.raises(UsageError, match=words):
            wanted_problems("", text)


@pytest.mark.parametrize(
    "text",
    [
        "coco:bbob(function=25, dimension=5)",
        "coco:bbob(function=1, dimension=7)",
        "coco:bbob(function=1, dimension=5, instance=99)",
    ],
)
def test_what_coco_does_not_have_is_not_replaced_by_something_else(text: str) -> None:
    pytest.importorskip("cocoex")
    with pytest.raises(UsageError, match="function"):
        _build(text)


def test_functions_of_coco_have_their_own_numbers() -> None:
    pytest.importorskip("cocoex")
    for text in (
        "coco:bbob(function=24, dimension=5)",
        "coco:bbob-noisy(function=130, dimension=5)",
    ):
        assert len(_build(text).search_space) == 5


def test_noise_is_that_of_seed_and_configuration_and_its_truth_is_told() -> None:
    exact, _ = _values(_build("lattice"), 200)
    noisy, attrs = _values(_build("lattice+noise=0.5"), 200)
    again, _ = _values(_build("lattice+noise=0.5"), 200)
    other, _ = _values(_build("lattice+noise=0.5", seed=1), 200)
    assert [a["expected_loss"] for a in attrs] == exact
    assert noisy == again and noisy != other
    noise = np.array(noisy) - exact
    # Four standard errors of the deviation of 200 draws, and of their mean.
    assert abs(noise.std() - 0.5) < 0.1 and abs(noise.mean()) < 0.15


def test_failures_are_a_share_and_always_the_same() -> None:
    values, _ = _values(_build("lattice+failures=0.3"), 200)
    again, _ = _values(_build("lattice+failures=0.3"), 200)
    failed = np.isnan(values)
    assert 0.17 < failed.mean() < 0.43
    assert np.array_equal(values, again, equal_nan=True)


def test_delay_is_slept_and_told_where_the_problem_tells_its_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("benchmarks.problems.wrappers.time.sleep", slept.append)
    _, attrs = _values(_build("lattice+delay=0.25"), 2)
    assert slept == [0.25, 0.25] and "seconds" not in attrs[0]
    _, plain = _values(_build("perceiver"), 1)
    _, delayed = _values(_build("perceiver+delay=10"), 1)
    assert delayed[0]["seconds"] == pytest.approx(plain[0]["seconds"] + 10)


def test_levels_are_some_of_the_values_that_were_there() -> None:
    fine, coarse = _build("quadratic"), _build("quadratic+levels=3")
    assert coarse.search_space["rate"] == IntDistribution(0, 2)
    assert coarse.search_space["kind"] == fine.search_space["kind"]
    for width, rate, fine_width, fine_rate in ((0, 0, 8, 1e-5), (0, 1, 8, 1e-3), (2, 2, 64, 1e-1)):
        found, direct = (
            problem(fixed_trial({"width": w, "rate": r, "kind": "b"}))
            for problem, w, r in ((coarse, width, rate), (fine, fine_width, fine_rate))
        )
        assert found == pytest.approx(direct)


def test_choices_are_the_values_that_were_there() -> None:
    fine, listed = _build("quadratic"), _build("quadratic+choices=3")
    space: dict[str, Any] = listed.search_space
    assert space["width"] == CategoricalDistribution([8, 40, 64])
    assert space["rate"].choices == pytest.approx([1e-5, 1e-3, 1e-1])
    assert space["kind"] == fine.search_space["kind"]
    # Of which there are few anyway, all are listed.
    fewer = _build("quadratic+levels=2+choices=3").search_space
    assert fewer["width"] == CategoricalDistribution([0, 1])
    params = {"width": 40, "rate": space["rate"].choices[1], "kind": "b"}
    assert listed(fixed_trial(params)) == fine(fixed_trial(params))
    # The same as text.
    named = _build("quadratic+names=3")
    for name in ("width", "rate"):
        its: Any = named.search_space[name]
        assert list(its.choices) == [repr(choice) for choice in space[name].choices]
    assert named.search_space["kind"] == fine.search_space["kind"]
    as_text = {name: repr(params[name]) for name in ("width", "rate")} | {"kind": "b"}
    assert named(fixed_trial(as_text)) == fine(fixed_trial(params))


def test_what_a_problem_says_of_a_trial_is_kept_where_its_values_are_listed() -> None:
    _, attrs = _values(_build("perceiver+choices=4"), 1)
    assert {"seconds", "expected_loss"} <= set(attrs[0])


_AMOUNTS = {
    "noise": 0.5,
    "failures": 0.25,
    "delay": 2.0,
    "levels": 4.0,
    "choices": 6.0,
    "names": 6.0,
}


@settings(max_examples=30)
@given(st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=4))
def test_wrappers_are_taken_apart_in_their_order(names: list[str]) -> None:
    base = "module:Thing(text='a+b=1')"
    text = base + "".join(f"+{name}={_AMOUNTS[name]:g}" for name in names)
    assert split_wrappings(text, "--problems") == (base, [(n, _AMOUNTS[n]) for n in names])
