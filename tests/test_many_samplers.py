"""Comparisons of many samplers, and of one that fails: what is told and drawn of the others."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
import itertools
from pathlib import Path
import warnings

from matplotlib import pyplot
from matplotlib.figure import Figure
import numpy as np
from optuna.trial import create_trial
import pytest
from rich.console import Console

from benchmarks.analysis.comparisons import across_problems
from benchmarks.analysis.comparisons import comparison
from benchmarks.analysis.comparisons.across_problems import Analysis
from benchmarks.analysis.comparisons.comparison import Comparison
from benchmarks.analysis.curves import curve_files
from benchmarks.analysis.curves import curve_merging
from benchmarks.analysis.curves import run_curves
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.analysis.studies.mean_curves import MeanCurve
from benchmarks.analysis.studies.results import Run
from benchmarks.reporting import analysis_plots
from benchmarks.reporting import compare_output
from benchmarks.reporting import compare_plot
from benchmarks.reporting import compare_tables
from benchmarks.reporting import plots
from benchmarks.reporting.html_report import overview
from benchmarks.reporting.limits import y_limits


MANY = ["lattice_gp", "tpe", *(f"hub:samplers/sampler_of_a_long_name_{i}" for i in range(28))]


def _set(samplers: list[str], unfinished: list[str] | None = None, n_seeds: int = 6) -> CurveSet:
    """Studies of 20 trials on two problems; those of unfinished ones end after five."""
    rng = np.random.default_rng(0)
    found = {
        (problem, sampler, seed): Curve(
            np.array([1, 2]),
            np.sort(rng.random(2))[::-1],
            5 if sampler in (unfinished or []) else 20,
            np.array([1.0, 2.0]),
            20.0,
        )
        for problem, sampler, seed in itertools.product(("p", "q"), samplers, range(n_seeds))
    }
    medians = {"p": (1.0, 100), "q": (1.0, 100)}
    return CurveSet(found, Facts(random_medians=medians, unfinished=unfinished or []))


def _compared(curve_set: CurveSet, after: Sequence[int] = (5, 20)) -> tuple[Comparison, Analysis]:
    its = comparison.compare(curve_set, after, "lattice_gp")
    return its, across_problems.analyse(curve_set, its)


def test_sampler_that_fails_takes_nothing_from_the_others() -> None:
    its, analysis = _compared(_set(["lattice_gp", "tpe", "failing"], ["failing"]))
    assert analysis.column == its.ranked_column == "20"
    assert [(s.reference, s.other) for s in analysis.statements] == [("lattice_gp", "tpe")]
    assert analysis.critical_difference is not None
    assert set(analysis.critical_difference.ranks) == {"lattice_gp", "tpe"}
    assert {line.sampler for line in analysis.ecdf} == {"lattice_gp", "tpe"}
    ranks = overview.ranks(its)
    assert ranks is not None and set(ranks.ranks) == {"lattice_gp", "tpe"}
    assert sum(ranks.ranks.values()) == pytest.approx(3.0)
    heading = compare_tables.heading_lines(its, _set(["failing"], ["failing"]))
    assert any("No study of failing has all of its trials" in line for line in heading)
    # Where all are such, they are compared as far as they got.
    assert _set(["a", "b"], ["a", "b"]).common_budget == 5


def test_studies_tell_who_has_finished_none(tmp_path: Path) -> None:
    def run(sampler: str, n_trials: int, seed: int = 0) -> Run:
        values = np.random.default_rng(seed).random(n_trials)
        trials = [create_trial(value=value) for value in values]
        settings = {"command": "run", "versions": {}, "threads": 1, "sampler_version": "1"}
        return Run("p", sampler, seed, 4, 1, settings, trials)

    runs = [run("one", 4), run("one", 2, 1), run("other", 3), run("unseen", 0)]
    curve_set = run_curves.from_runs(runs)
    assert curve_set.facts.unfinished == ["other"]
    path = tmp_path / "curves.csv.gz"
    curve_files.write(curve_set, path)
    again = curve_files.read(path)
    assert again.facts.unfinished == ["other"]
    finished = run_curves.from_runs([run("other", 4, 5)])
    assert curve_merging.merge([again, finished], ["a", "b"]).facts.unfinished == []
    assert curve_merging.merge([again, again], ["a", "b"]).facts.unfinished == ["other"]


def test_terminal_tells_of_many_pairs_those_with_the_reference() -> None:
    for samplers, n_told in ((MANY[:4], 6), (MANY[:8], 7)):
        curve_set = _set(samplers)
        its, analysis = _compared(curve_set)
        out = StringIO()
        compare_output.show(its, analysis, curve_set, [], Console(file=out, width=300))
        told = [line for line in out.getvalue().splitlines() if "better in" in line]
        assert len(told) == n_told
        assert ("Sentences on other pairs: 21, in compare.md" in out.getvalue()) == (n_told == 7)
        text = compare_output._text(its, analysis, curve_set, [], "")
        n_pairs = len(samplers) * (len(samplers) - 1) // 2
        assert sum(line.startswith("- ") and "better in" in line for line in text) == n_pairs


@pytest.mark.parametrize("samplers", [MANY[:3], MANY])
def test_pictures_have_room_for_all_names(
    samplers: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []

    def keep(figure: Figure, out: Path, name: str) -> list[Path]:
        figure.canvas.draw()
        figures.append(figure)
        return []

    monkeypatch.setattr(plots, "save", keep)
    curve_set = _set(samplers, n_seeds=2)
    its, analysis = _compared(curve_set, [20])
    with warnings.catch_warnings():
        # Matplotlib warns of a legend that leaves the axes no room.
        warnings.simplefilter("error")
        compare_plot.draw(curve_set, its, 20, tmp_path)
        analysis_plots.draw(analysis, its.samplers, "lattice_gp", tmp_path)
    assert len(figures) == 3
    for figure in figures:
        width, height = figure.get_size_inches() * figure.dpi
        axes = figure.axes[-1]
        box = axes.get_window_extent()
        assert box.width > 0.2 * width and box.height > 0.5 * height
        legend = axes.get_legend()
        texts = axes.texts if legend is None else legend.get_texts()
        assert len(texts) == len(samplers)
        for text in texts:
            extent = text.get_window_extent()
            assert extent.x0 > -1 and extent.x1 < width + 1, text.get_text()
            assert extent.y0 > -1 and extent.y1 < height + 1, text.get_text()
        pyplot.close(figure)


def test_the_worst_of_many_samplers_do_not_flatten_the_others() -> None:
    def curve(level: float) -> MeanCurve:
        x = np.arange(1.0, 31.0)
        return MeanCurve(x, level + 1 / x, level + 0.9 / x, level + 1.1 / x)

    few = y_limits([curve(0.0), curve(0.1), curve(50.0)])
    many = y_limits([curve(0.02 * i) for i in range(10)] + [curve(50.0), curve(70.0)])
    assert few is not None and few[1] > 50
    assert many is not None and many[1] < 1


def test_problems_without_a_reference_are_told_together() -> None:
    def lines(n_problems: int) -> list[str]:
        curve = Curve(np.array([1]), np.array([0.5]), 20)
        found = {(f"p{i}", name, 0): curve for i in range(n_problems) for name in ("a", "random")}
        medians = {f"p{i}": (1.0, 20) for i in range(n_problems)}
        curve_set = CurveSet(found, Facts(random_medians=medians))
        return compare_tables.reference_lines(comparison.compare(curve_set, [20], "a"))

    between = "between the best value seen and the median of 20 trials of random."
    assert lines(2) == [f"p{i} has no reference: its regret is {between}" for i in range(2)]
    assert lines(9) == [f"9 problems have no reference, p0 and others: their regret is {between}"]
