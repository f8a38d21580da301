"""Ablations: the sampler with one ingredient left out, and the table of what each is worth."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.samplers import RandomSampler
from optuna.trial import create_trial
from optuna.trial import TrialState
import pytest

from benchmarks import cli
from benchmarks import hub
from benchmarks.ablation import table as ablation_table
from benchmarks.analysis.comparisons import comparison
from benchmarks.analysis.curves import curve_files
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.contenders.contender import Setup
from benchmarks.contenders.random_start import RandomStart
from benchmarks.contenders.registry import get_contender
from benchmarks.contenders.registry import OURS
from benchmarks.contenders.variants import ABLATIONS
from benchmarks.contenders.variants import PREFIX
from benchmarks.contenders.variants import Variant
from benchmarks.contenders.variants import VARIANTS
from benchmarks.running.command import with_ablations


_SPACE = {
    "x": FloatDistribution(0.0, 1.0),
    "y": FloatDistribution(1e-4, 1.0, log=True),
    "z": FloatDistribution(-1.0, 1.0),
}
# Finished trials at which a variant must suggest something else than the sampler does, where 12 do
# not suffice; up to the number before, it must suggest the same.
_DIFFERS_AFTER = {
    "no_local": (59, 60),
    "early_local": (19, 20),
    "full_model": (119, 341),
    "startup_10": (3, 5),
    "random_start": (None, 5),
    "refit_always": (2, 13),
}


def _suggestion(name: str, n_finished: int) -> dict[str, Any]:
    """What a sampler suggests after random trials of a bowl with a tail and noise."""
    rng = np.random.default_rng(7)
    study = optuna.create_study(sampler=get_contender(name).build(Setup(0, dict(_SPACE), 400)))
    for _ in range(n_finished):
        x, y, z = rng.random(), 10 ** rng.uniform(-4, 0), rng.uniform(-1, 1)
        squares = 4 * (x - 0.6) ** 2 + (np.log10(y) + 2) ** 2 + (z - 0.2) ** 2
        loss = np.exp(squares + x * z) + 0.3 * rng.random()
        params = {"x": x, "y": y, "z": z}
        study.add_trial(create_trial(params=params, distributions=dict(_SPACE), value=loss))
    failed = {"x": 0.6, "y": 0.01, "z": 0.2}  # close to the best
    study.add_trial(create_trial(params=failed, distributions=dict(_SPACE), state=TrialState.FAIL))
    return study.ask(fixed_distributions=dict(_SPACE)).params


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_differs_from_the_sampler_where_it_should(name: str) -> None:
    assert VARIANTS[name].differs(), "the default recipe has become this variant"
    before, after = _DIFFERS_AFTER.get(name, (None, 12))
    assert _suggestion(PREFIX + name, after) != _suggestion(OURS, after)
    if before is not None:
        assert _suggestion(PREFIX + name, before) == _suggestion(OURS, before)


def test_variant_that_has_become_the_default_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = hub.load_package("samplers/lattice_gp").__name__
    default = importlib.import_module(f"{package}.recipe").Recipe().tries_edges
    unchanged = Variant("the same edges", lambda: {"tries_edges": default})
    assert not unchanged.differs()
    assert not Variant("the same start", arguments={"n_startup_trials": 4}).differs()
    monkeypatch.setitem(VARIANTS, "no_edges", unchanged)
    assert cli.main(["ablate", "--variants", "no_edges", "--out", str(tmp_path / "new")]) == 2
    assert "no_edges (the same edges) is no variant any more" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    with pytest.raises(TypeError, match="no_such_field"):
        Variant("gone", lambda: {"no_such_field": 1}).differs()


def test_length_scales_of_the_dimension_scaled_prior() -> None:
    prior = VARIANTS["long_scales"].recipe().prior
    means, deviations = prior.moments(9)
    np.testing.assert_allclose(means[:9], np.sqrt(2) + np.log(3))
    np.testing.assert_allclose(deviations[:9], np.sqrt(3))
    default_means, default_deviations = type(prior).__mro__[1]().moments(9)
    np.testing.assert_array_equal(means[9:], default_means[9:])
    np.testing.assert_array_equal(deviations[9:], default_deviations[9:])


def test_random_start_is_random_and_repeatable_then_gives_way() -> None:
    def params(seed: int) -> list[dict[str, Any]]:
        then = optuna.samplers.PartialFixedSampler({"x": 0.125}, RandomSampler())
        study = optuna.create_study(sampler=RandomStart(then, 3, seed))
        study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=4)
        return [trial.params for trial in study.trials]

    values = [row["x"] for row in params(0)]
    assert len(set(values)) == 4 and values[3] == 0.125 and 0.5 not in values
    assert params(0) == params(0) != params(1)


def test_names_are_expanded_once() -> None:
    wanted = with_ablations([OURS, "ablations", next(iter(ABLATIONS))])
    assert wanted == [OURS, *ABLATIONS]


def _made_up() -> CurveSet:
    """Two problems, five seeds, two trials; random points are at 1, and the best is 0."""
    found = {}
    for problem, weight in (("p", 1.0), ("q", 3.0)):
        for seed in range(5):
            ours = 0.1 * (1 + 0.1 * seed)
            lost = {OURS: 0.0, "no_local": 0.0, "no_edges": weight * (0.02 + 0.001 * seed)}
            for name, extra in (lost | {"of_old": -0.05}).items():
                sampler = name if name == OURS else PREFIX + name
                values = np.array([0.5, ours + extra])
                found[problem, sampler, seed] = Curve(np.array([1, 2]), values, 2)
        found[problem, "random", 0] = Curve(np.array([1]), np.array([0.0]), 1)
    facts = Facts(random_medians={"p": (1.0, 9), "q": (1.0, 9)}, ask_seconds={OURS: (0.3, 100)})
    return CurveSet(found, facts)


def test_table_of_made_up_curves() -> None:
    curve_set = _made_up()
    found = comparison.compare(curve_set, [1, 2], OURS)
    rows = {row["variant"]: row for row in ablation_table.csv_rows(found, curve_set)}
    # As listed, then what is listed no more (and another sampler, had it been left in).
    assert list(rows)[:3] == [OURS, "no_edges", "no_local"]
    assert rows[OURS]["regret_2"] == pytest.approx(0.12)
    assert rows[OURS]["milliseconds"] == pytest.approx(3.0)
    edges = rows["no_edges"]
    # The area is the mean over two trials, of which the first is the same.
    assert edges["area_lost"] == pytest.approx(0.5 * np.mean([1, 3]) * 0.022)
    assert edges["area_lost_lower"] < edges["area_lost"] < edges["area_lost_upper"]
    # Pairs vary by less than seeds do: 0.001 times the weight, within each problem.
    assert edges["area_lost_upper"] - edges["area_lost_lower"] < 0.5 * 2 * 0.004
    assert (edges["better"], edges["same"], edges["worse"]) == (0, 0, 10)
    assert edges["p_value"] == pytest.approx(2 / 2**10)
    assert rows["of_old"]["area_lost"] == pytest.approx(-0.025)
    assert rows["of_old"]["what"] == "" and edges["what"] == VARIANTS["no_edges"].description
    same = rows["no_local"]
    assert (same["area_lost"], same["p_value"], same["same"]) == (0.0, 1.0, 10)
    heading = "\n".join(ablation_table.heading_lines(found, curve_set))
    assert "No difference to the sampler in any pair: no_local." in heading
    table = ablation_table.ablation_table(found, curve_set)
    cells = dict(zip(table.columns, table.rows[1]))
    assert cells["area lost without"].startswith("+0.0220 [+0.02")
    assert (cells["variant"], cells["pairs"], cells["after 2"]) == ("no_edges", "10", "0.164")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All variants, on two problems of the development suites."""
    out = tmp_path_factory.mktemp("ablation")
    assert cli.main([*_arguments(out), "--trials", "6"]) == 0
    return out


def _arguments(out: Path) -> list[str]:
    problems = ["ablate", "--problems", "levy_noisy_d6,discrete_125", "--seeds", "2"]
    return [*problems, "--jobs", "1", "--out", str(out)]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_command(results: Path) -> None:
    rows = _rows(results / "ablation.csv")
    assert [row["variant"] for row in rows] == [OURS, *VARIANTS]
    assert {row["pairs"] for row in rows} == {"4"}
    assert all(float(row["milliseconds"]) > 0 for row in rows)
    by_name = {row["variant"]: row for row in rows}
    # No trust region this early: the same studies. Ten random trials: others.
    assert by_name["no_local"]["same"] == "4"
    assert by_name["random_start"]["same"] != "4"
    text = (results / "ablation.md").read_text()
    assert "| after 6 |" in text
    assert all(f"`{name}`: {variant.description}." in text for name, variant in VARIANTS.items())


def test_command_with_one_variant(tmp_path: Path) -> None:
    arguments = ["ablate", "--problems", "discrete_125", "--variants", "startup_10"]
    arguments += ["--seeds", "1", "--trials", "6", "--jobs", "1", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    assert [row["variant"] for row in _rows(tmp_path / "ablation.csv")] == [OURS, "startup_10"]
    assert "| after 6 |" in (tmp_path / "ablation.md").read_text()


@pytest.mark.slow
def test_command_goes_on_where_it_stopped_and_curves_say_the_same(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*_arguments(tmp_path), "--variants", "no_edges", "--trials", "4"]) == 0
    capsys.readouterr()
    assert cli.main([*_arguments(tmp_path), "--variants", "no_edges", "--trials", "6"]) == 0
    assert "0 of 8 studies are complete, 16 trials to go" in capsys.readouterr().out
    extended = _rows(tmp_path / "ablation.csv")
    columns = ["variant", "area_lost", "area_lost_lower", "p_value", "regret_6"]
    at_once = [row for row in _rows(results / "ablation.csv") if row["variant"] != "no_local"]
    expected = {row["variant"]: [row[c] for c in columns] for row in at_once}
    for row in extended:
        assert [row[c] for c in columns] == expected[row["variant"]]
    again = tmp_path / "again"
    arguments = ["ablate", "--curves", str(results / "curves.csv.gz"), "--out", str(again)]
    assert cli.main(arguments) == 0
    assert _rows(again / "ablation.csv") == _rows(results / "ablation.csv")
    assert cli.main([*arguments, "--variants", "no_edges", "--min-dims", "4"]) == 0
    rows = _rows(again / "ablation.csv")
    assert [(row["variant"], row["pairs"]) for row in rows] == [(OURS, "2"), ("no_edges", "2")]
    assert set(curve_files.read(again / "curves.csv.gz").problems) == {"levy_noisy_d6"}


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--variants", "no_edge"], ["--variants", "'no_edge'", "mean 'no_edges'"]),
        (["--variants", ","], ["--variants", "','"]),
        (["--suite", "deb"], ["--suite", "'deb'", "mean 'dev'"]),
        (["--problems", "levy"], ["--problems", "'levy'"]),
        (["--tag", "noisi"], ["--tag", "'noisi'", "mean 'noisy'"]),
        (["--min-dims", "99"], ["--min-dims", "no problem is left"]),
        (["--trials", "20", "--at", "30"], ["--at", "30", "20 trials"]),
        (["--curves", "no-such-file"], ["--curves", "no-such-file"]),
    ],
)
def test_wrong_argument(
    arguments: list[str], words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(["ablate", *arguments, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert all(word in error for word in words) and error.count("\n") == 1
    assert not (out / "studies.db").exists()
