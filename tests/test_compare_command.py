"""The command `compare`: its tables and files, its filters, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cli
from benchmarks.analysis.curves import curve_files
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.analysis.curves.regret import Scale
from benchmarks.analysis.studies.results import load_runs
from benchmarks.reporting.target_table import target_table
from benchmarks.storage import opening
from tests.commands import exit_status


def test_trials_to_a_target() -> None:
    made_up = {
        # Best value 0, median of the first values 1: the values are their own regret.
        ("p", "a", 0): Curve(np.array([1, 3]), np.array([1.0, 1e-12]), 4),
        ("p", "a", 1): Curve(np.array([1, 2]), np.array([1.0, 0.5]), 4),
        ("p", "b", 0): Curve(np.array([1, 4]), np.array([1.0, 0.0]), 4),
        ("p", "b", 1): Curve(np.array([1]), np.array([1.0]), 2),
    }
    curve_set = CurveSet(made_up, Facts())
    scales = {"p": Scale(0.0, 1.0)}
    # A study of two trials does not count.
    table = target_table(curve_set, scales, 0.0, 4)
    assert table.rows == [["p", "4 (1/2)", "4 (1/1)"], ["mean", "4.0", "4.0"]]
    table = target_table(curve_set, scales, 0.5, 4)
    assert table.rows == [["p", "2 (2/2)", "4 (1/1)"], ["mean", "2.5", "4.0"]]
    # A sampler that has not got so far anywhere.
    table = target_table(curve_set.only(["p"], ["a"]), scales, 0.5, 5)
    assert table.rows == [["p", "–"], ["mean", "–"]]


def test_target_is_looked_for_within_each_number_of_trials(tmp_path: Path) -> None:
    made = {
        ("p", "tpe", 0): Curve(np.array([1, 4]), np.array([1.0, 0.0]), 4),
        ("p", "random", 0): Curve(np.array([1, 2]), np.array([1.0, 0.5]), 2),
    }
    curve_files.write(CurveSet(made, Facts()), tmp_path / "curves.csv")
    base = ["compare", "--curves", str(tmp_path / "curves.csv"), "--out", str(tmp_path)]
    assert cli.main([*base, "--at", "2,4", "--target", "0.5"]) == 0
    text = (tmp_path / "compare.md").read_text(encoding="utf-8")
    titles = [f"**Trials until the regret is at most 0.5 within the first {n}," for n in (2, 4)]
    first, last = text.split(titles[0])[1].split(titles[1])
    assert "| p | 3 (0/1) | 2 (1/1) |" in first
    assert "| p | 4 (1/1) | – |" in last


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run over two problems of the suite and one toy."""
    out = tmp_path_factory.mktemp("results")
    arguments = ["run", "--problems", "discrete_125,levy_idle_d20,quadratic"]
    arguments += ["--samplers", "tpe,random", "--seeds", "2", "--trials", "12", "--jobs", "1"]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert cli.main(["compare", "--out", str(out)]) == 0
    return out


@pytest.mark.slow
def test_command_and_its_curves_say_the_same(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--at", "5,12", "--reference", "tpe", "--target", "0.5"]
    assert cli.main(["compare", "--out", str(results), *base]) == 0
    shown = capsys.readouterr().out
    assert "3 problems, 2 samplers, 12 studies; seeds 0-1." in shown
    assert "quadratic has no reference" in shown and "trials of random" in shown
    assert "between tpe and random after 12 trials: mean regret" in shown
    # Samplers have other seeds on every problem: these are six independent pairs.
    assert "Too few seeds" not in shown
    assert "Share of targets reached" in shown and "Mean rank over 3 problems" in shown
    names = ["compare.md", "compare.csv", "curves.csv.gz"]
    pictures = ("compare", "ecdf", "critical_difference")
    names += [f"{name}.{kind}" for name in pictures for kind in ("png", "svg")]
    assert all((results / name).stat().st_size > 0 for name in names)
    rows = _rows(results / "compare.csv")
    kinds = {"overall", "versus", "problem", "scale", "pair", "rank", "ert", "ecdf"}
    assert {row["kind"] for row in rows} == kinds | ({"worse"} & {row["kind"] for row in rows})
    assert {row["against"] for row in rows if row["kind"] == "ert"} == {"trials", "seconds"}
    # The file against the storage.
    stored = load_runs(opening.open_storage(opening.default_url(results)))
    (run,) = [r for r in stored if (r.problem, r.sampler, r.seed) == ("discrete_125", "tpe", 1)]
    found = min(trial.values[0] for trial in run.trials[:5] if trial.values)
    curve = curve_files.read(results / "curves.csv.gz").curves["discrete_125", "tpe", 1]
    assert curve.at(np.array([5]))[0] == pytest.approx(found)
    text = (results / "compare.md").read_text()
    assert "Trials until the regret is at most 0.5" in text
    for words in ("Expected trials to regret 0.2", "Expected seconds to regret 0.05"):
        assert words in text
    assert "optuna" in text and "compare --out" in text and "run --problems" in text
    again = ["compare", "--curves", str(results / "curves.csv.gz"), "--out", str(tmp_path)]
    assert cli.main([*again, *base]) == 0
    assert _rows(tmp_path / "compare.csv") == rows
    before = (results / "curves.csv.gz").read_bytes()
    assert (tmp_path / "curves.csv.gz").read_bytes() == before


@pytest.mark.slow
def test_filters(results: Path, tmp_path: Path) -> None:
    base = ["compare", "--curves", str(results / "curves.csv.gz"), "--out", str(tmp_path)]
    for arguments, problems in (
        (["--tag", "noisy"], {"levy_idle_d20"}),
        (["--min-dims", "4"], {"levy_idle_d20"}),
        (["--max-dims", "3"], {"discrete_125", "quadratic"}),
        (["--problems", "quadratic"], {"quadratic"}),
    ):
        assert cli.main([*base, *arguments]) == 0
        rows = _rows(tmp_path / "compare.csv")
        assert {row["problem"] for row in rows if row["kind"] == "problem"} == problems
    assert cli.main([*base, "--samplers", "random"]) == 0
    assert {row["sampler"] for row in _rows(tmp_path / "compare.csv")} == {"random", ""}


def test_sampler_is_found_however_its_arguments_are_spaced(tmp_path: Path) -> None:
    names = ("tpe(n_startup_trials=5, multivariate=True)", "random", "gp")
    curve = Curve(np.array([1, 2]), np.array([0.5, 0.25]), 2)
    made = {("quadratic", name, seed): curve for name in names for seed in range(2)}
    curve_files.write(CurveSet(made, Facts()), tmp_path / "curves.csv")
    base = ["compare", "--curves", str(tmp_path / "curves.csv"), "--out", str(tmp_path / "out")]
    text = "tpe(n_startup_trials=5,multivariate=True)"
    assert cli.main([*base, "--samplers", f"{text},random", "--reference", text]) == 0
    found = {row["sampler"] for row in _rows(tmp_path / "out" / "compare.csv")}
    assert found - {""} == {names[0], "random"}


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--at", "x"], ["--at", "'x'", "1 or more"]),
        (["--at", "13"], ["--at", "13", "12 trials"]),
        (["--reference", "tpo"], ["--reference", "'tpo'", "mean 'tpe'"]),
        (["--tag", "noisi"], ["--tag", "'noisi'", "mean 'noisy'"]),
        (["--min-dims", "0"], ["--min-dims", "'0'", "1 or more"]),
        (["--target", "-1"], ["--target", "'-1'", "from 0"]),
        (["--target", "nan"], ["--target", "'nan'", "from 0"]),
        (["--target", "1"], ["--target", "'1'", "less than 1"]),
        (["--targets", "0.1,1"], ["--targets", "'0.1,1'", "less than 1"]),
        (["--targets", "0.1,"], ["--targets", "'0.1,'", "separated by commas"]),
        (["--min-dims", "21"], ["--min-dims: nothing to compare"]),
        (["--samplers", "gp"], ["--samplers", "'gp'", "tpe, random"]),
        (["--problems", "lattice"], ["--problems", "'lattice'", "quadratic"]),
        (["--curves", "/no/such/file"], ["--curves", "/no/such/file"]),
    ],
)
def test_wrong_argument_of_compare(
    results: Path,
    tmp_path: Path,
    arguments: list[str],
    words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = ["compare", "--curves", str(results / "curves.csv.gz"), "--out", str(tmp_path / "o")]
    assert exit_status(*base, *arguments) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    for word in words:
        assert word in last
    assert not (tmp_path / "o").exists()


def test_filter_that_leaves_nothing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curve = Curve(np.array([1]), np.array([0.5]), 1)
    made = {("p", "tpe", 0): curve, ("q", "random", 0): curve}
    curve_files.write(CurveSet(made, Facts(n_params={"p": 3, "q": 3})), tmp_path / "some.csv")
    curve_files.write(CurveSet({}, Facts()), tmp_path / "none.csv")
    base = ["compare", "--out", str(tmp_path / "out"), "--curves"]
    for arguments, named in (
        (["--tag", "noisy"], "--tag: "),
        (["--min-dims", "5", "--max-dims", "2"], "--min-dims/--max-dims: "),
        (["--problems", "p", "--samplers", "random"], "--problems/--samplers: "),
    ):
        assert cli.main([*base, str(tmp_path / "some.csv"), *arguments]) == 2
        assert f"error: {named}nothing to compare" in capsys.readouterr().err
    # No filter is to blame for what was never there.
    assert cli.main([*base, str(tmp_path / "none.csv"), "--tag", "noisy"]) == 2
    assert "error: nothing to compare: no study has a finished trial" in capsys.readouterr().err


def test_compare_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare"]) == 2
    assert "--out: missing" in capsys.readouterr().err
    assert cli.main(["compare", "--out", str(tmp_path)]) == 2
    assert "holds no results" in capsys.readouterr().err


@pytest.mark.slow
def test_suite_is_a_list_of_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--samplers", "random", "--seeds", "1", "--trials", "2", "--out", str(tmp_path)]
    assert cli.main(["run", "--suite", "discrete_dev", *out]) == 0
    capsys.readouterr()
    assert cli.main(["compare", "--out", str(tmp_path)]) == 0
    assert "3 problems, 1 sampler," in capsys.readouterr().out
    assert cli.main(["run", "--suite", "devel", *out]) == 2
    assert "--suite: got 'devel'. Did you mean 'dev'? Accepts dev" in capsys.readouterr().err
    assert cli.main(["run", "--suite", "dev", "--problems", "lattice", *out]) == 2
    assert "--suite: not allowed with --problems" in capsys.readouterr().err


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))
