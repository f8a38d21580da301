"""The data of the report's HTML page: means, ranks, what is missing, and how it is written."""

from __future__ import annotations

import dataclasses
import json
import math

from hypothesis import given
from hypothesis import strategies
import numpy as np
import pytest

from benchmarks.analysis.studies.mean_curves import MeanCurve
from benchmarks.analysis.studies.results import Run
from benchmarks.reporting.analysed import analyse
from benchmarks.reporting.html_report import Extras
from benchmarks.reporting.html_report import thin
from benchmarks.reporting.html_report.build import build
from benchmarks.reporting.html_report.jsonable import to_json
from tests.evil_runs import all_runs
from tests.evil_runs import EVIL
from tests.evil_runs import EVIL_PROBLEM
from tests.evil_runs import made_run


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return all_runs()


def test_means_over_problems_are_those_of_the_comparison(runs: list[Run]) -> None:
    data = build(runs, analyse(runs), "")
    at = data.overview.grid.index(6)
    for row in data.overview.overall:
        if row.column != "6":
            continue
        its = [entry for entry in data.overview.regrets if entry.sampler == row.sampler]
        means = [np.nanmean([regrets[at] for regrets in entry.rows]) for entry in its]
        assert row.mean == pytest.approx(np.mean(means))
        assert row.n_pairs == (5 if row.sampler == EVIL else 6)


def test_samplers_are_ranked_where_the_first_of_them_ends() -> None:
    runs = [made_run("plain", "lattice_gp", seed, 12, 12) for seed in range(3)]
    runs += [made_run("plain", "tpe", seed) for seed in range(3)]
    data = build(runs, analyse(runs), "", Extras())
    assert data.overview.columns == ["6", "10", "12", "area"]
    assert data.critical_difference is not None
    assert "after 6 trials, over the 3 pairs" in data.critical_difference.note


def test_missing_studies_are_named(runs: list[Run]) -> None:
    some = [run for run in runs if (run.problem, run.sampler, run.seed) != ("plain", "tpe", 1)]
    some = [run for run in some if (run.problem, run.sampler) != (EVIL_PROBLEM, "lattice_gp")]
    counts = build(some, analyse(some), "").counts
    assert counts.missing == [
        "plain, tpe: no study with seed 1",
        f"{EVIL_PROBLEM}, lattice_gp: no study",
    ]
    assert counts.seeds_differ == f"lattice_gp 3 (0-2), tpe 2 to 3 a problem (0-2), {EVIL} 3 (0-2)"
    assert build(runs, analyse(runs), "").counts.seeds_differ == ""


def test_values_of_a_problem_that_is_maximised_keep_their_sign() -> None:
    runs = [dataclasses.replace(made_run("plain", "tpe", seed), sign=-1) for seed in range(2)]
    problem = build(runs, analyse(runs), "").problems[0]
    best = [max(t.values[0] for t in run.trials if t.values) for run in runs]
    row = problem.rows[0]
    assert row.best[-1].mean == pytest.approx(np.mean(best))
    assert row.best[-1].lower <= row.best[-1].mean <= row.best[-1].upper
    assert [value for _, value in row.finals] == pytest.approx(best)
    assert row.by_trials.mean == sorted(row.by_trials.mean)
    assert all(low <= high for low, high in zip(row.by_trials.lower, row.by_trials.upper))


@given(strategies.text())
def test_any_text_survives_and_ends_no_script(text: str) -> None:
    written = to_json({"name": text})
    assert json.loads(written) == {"name": text}
    assert not set(written) & set("<>&") and written.isascii()


@given(strategies.floats())
def test_any_number_is_json(value: float) -> None:
    read = json.loads(to_json([value]))[0]
    if math.isnan(value):
        assert read is None
    elif math.isinf(value):
        assert read == ("inf" if value > 0 else "-inf")
    else:
        assert read == pytest.approx(value, rel=1e-5, abs=0)


@given(strategies.integers(0, 500), strategies.integers(2, 60))
def test_evenly_keeps_the_ends(n_items: int, n_kept: int) -> None:
    kept = thin.evenly(n_items, n_kept)
    assert len(kept) == min(n_items, n_kept)
    assert (np.diff(kept) > 0).all()
    if n_items:
        assert kept[0] == 0 and kept[-1] == n_items - 1


def test_band_keeps_the_points_where_something_changes() -> None:
    mean = np.array([3.0, 3.0, 2.0, 2.0, 2.0])
    upper = np.array([4.0, 4.0, 4.0, 3.0, 3.0])
    band = thin.band(MeanCurve(np.arange(1.0, 6.0), mean, mean - 1, upper), -1, 10)
    assert band.x == [1, 3, 4, 5]
    assert band.mean == [-3, -2, -2, -2]
    assert band.lower == [-4, -4, -3, -3] and band.upper == [-2, -1, -1, -1]
