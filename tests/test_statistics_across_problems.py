"""Statistics across problems and seeds, against closed forms, other libraries and counting."""

from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy import stats

from benchmarks.analysis.comparisons import critical_difference
from benchmarks.analysis.curves import ecdf
from benchmarks.analysis.curves import ert
from benchmarks.analysis.curves import hitting
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.analysis.curves.hitting import Hits
from benchmarks.analysis.curves.regret import Scale
from benchmarks.analysis.numerics import improvement_probability
from benchmarks.analysis.numerics import paired
from benchmarks.analysis.numerics import resampling
from benchmarks.analysis.numerics import running_times
from benchmarks.analysis.numerics import sign_flips
from benchmarks.arrays import FloatArray


def _flip_p(differences: FloatArray, blocks: list[int]) -> float:
    ranks = sign_flips.signed_ranks(differences[:, None])
    return float(sign_flips.sign_flip_p_values(sign_flips.sum_blocks(ranks, blocks))[0])


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9))
@settings(max_examples=60, deadline=None)
def test_signed_ranks_alone_in_their_blocks_are_wilcoxons_test(values: list[int]) -> None:
    differences = np.array(values, dtype=float)
    found = _flip_p(differences, list(range(len(values))))
    if not differences.any():
        assert found == 1.0
        return
    # All exchanges, one by one, with the statistic that SciPy has for the same differences.
    rest = differences[differences != 0]
    ranks = stats.rankdata(np.abs(rest))
    positive = ranks[rest > 0].sum()
    sums = [
        sum(rank for rank, sign in zip(ranks, signs) if sign)
        for signs in itertools.product((0, 1), repeat=len(rest))
    ]
    middle = ranks.sum() / 2
    expected = np.mean([abs(s - middle) >= abs(positive - middle) - 1e-9 for s in sums])
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(("n", "shift"), [(8, 0.4), (16, 0.4), (24, 0.0), (40, 0.4)])
def test_signed_ranks_against_scipy(n: int, shift: float) -> None:
    differences = np.random.default_rng(n).normal(shift, 1.0, size=n)
    expected = stats.wilcoxon(differences, method="exact").pvalue
    # Up to 16 blocks all exchanges are tried, beyond 50,000 of them.
    tolerance = 1e-9 if n <= 16 else 4 * math.sqrt(expected / 50_000)
    assert _flip_p(differences, list(range(n))) == pytest.approx(expected, abs=tolerance)


def test_what_is_in_one_block_is_exchanged_at_once() -> None:
    # Six seeds that are better on all of five problems say no more than six differences.
    differences = np.arange(1.0, 31.0)
    blocks = list(range(6)) * 5
    assert _flip_p(differences, blocks) == sign_flips.smallest_p_value(6) == 2 / 64
    assert _flip_p(differences, list(range(30))) < 1e-4
    assert math.isnan(sign_flips.sign_flip_p_values(np.empty((0, 1)))[0])
    assert sign_flips.smallest_p_value(100) == pytest.approx(1 / 50_001)


def test_signed_ranks_leave_out_what_does_not_differ() -> None:
    ranks = sign_flips.signed_ranks(np.array([[0.0], [-3.0], [1.0], [1e-14], [1.0]]))
    assert ranks[:, 0].tolist() == [0.0, -3.0, 1.5, 0.0, 1.5]


def test_expected_running_time_of_a_restarted_lottery() -> None:
    """A study that hits with probability p at each trial takes 1 / p of them, of any budget."""
    rng = np.random.default_rng(0)
    first = rng.geometric(0.05, size=20_000).astype(float)
    for budget in (5.0, 30.0):
        cut = np.where(first <= budget, first, np.inf)
        found = running_times.expected_running_time(cut, np.full(len(cut), budget))
        assert float(found) == pytest.approx(20.0, rel=0.04)


def test_expected_running_times_by_hand() -> None:
    first = np.array([[2.0, np.inf], [np.inf, np.inf], [4.0, np.inf]])
    easy, never = running_times.running_times(first, np.full(3, 10.0))
    assert easy.mean == (2 + 10 + 4) / 2
    # One resample in 27 has no success, so that the upper end is infinite.
    assert 2.0 <= easy.lower < easy.mean and easy.upper == np.inf
    assert never.mean == np.inf and math.isnan(never.lower) and math.isnan(never.upper)
    (alike,) = running_times.running_times(np.full((4, 1), 3.0), np.full(4, 10.0))
    assert (alike.mean, alike.lower, alike.upper) == (3.0, 3.0, 3.0)


def test_interval_of_a_running_time_covers_it() -> None:
    rng = np.random.default_rng(1)
    n_covered = 0
    for _ in range(200):
        first = rng.geometric(0.1, size=(40, 1)).astype(float)
        first[first > 20] = np.inf
        (found,) = running_times.running_times(first, np.full(40, 20.0))
        n_covered += found.lower <= 10.0 <= found.upper
    # Binomial: fewer than 90% of 200 have a chance below one in a hundred at 95%.
    assert 180 <= n_covered < 200


def _curve_set() -> CurveSet:
    times = np.array([0.5, 2.0])
    return CurveSet(
        {
            ("p", "random", 0): Curve(np.array([1, 3]), np.array([8.0, 2.0]), 4, times, 4.0),
            ("p", "random", 1): Curve(np.array([1, 2]), np.array([9.0, 0.0]), 4, times, 4.0),
            # Its second incumbent is worse without noise.
            ("p", "tpe", 0): Curve(np.array([1, 2]), np.array([1.0, 3.0]), 8, times, 8.0),
            ("p", "tpe", 1): Curve(np.array([6]), np.array([0.0]), 8, np.array([6.0]), 8.0),
            ("p", "late", 0): Curve(np.array([1]), np.array([0.0]), 3),
        },
        Facts(),
    )


def test_hits() -> None:
    hits = hitting.find_hits(_curve_set(), {"p": Scale(0.0, 10.0)}, [0.5, 0.1, 0.0], 4)
    assert set(hits) == {("p", "random"), ("p", "tpe")}, "a study of three trials does not count"
    inf = np.inf
    assert hits["p", "random"].trials.tolist() == [[3, inf, inf], [2, 2, 2]]
    assert hits["p", "random"].seconds.tolist() == [[2, inf, inf], [2, 2, 2]]
    # What came after the fourth trial does not count.
    assert hits["p", "tpe"].trials.tolist() == [[1, 1, inf], [inf, inf, inf]]
    assert hits["p", "tpe"].spent_trials.tolist() == [4, 4]
    # Between the second trial, at 2 seconds, and the eighth, at 8; before the sixth, at 6.
    assert hits["p", "tpe"].spent_seconds.tolist() == pytest.approx([4.0, 4.0])
    found = {(e.sampler, e.target): e for e in ert.expected_running_times(hits, [0.5, 0.1, 0.0])}
    assert found["random", 0.1].trials.mean == (4 + 2) / 1
    seconds = found["random", 0.5].seconds
    assert seconds is not None and seconds.mean == (2 + 2) / 2
    assert (found["tpe", 0.1].n_reached, found["tpe", 0.1].n_seeds) == (1, 2)


def test_share_of_targets_is_a_count() -> None:
    rng = np.random.default_rng(2)
    first = rng.integers(0, 12, size=(7, 5)).astype(float)
    first[rng.random((7, 5)) < 0.3] = np.inf
    x, y = ecdf.share_reached([first])
    line = ecdf.Ecdf("a", "trials", tuple(x), tuple(y), 1)
    for spent in np.arange(0.0, 14.0, 0.5):
        assert ecdf.share_at(line, spent) == pytest.approx(np.mean(first <= spent))
    none = ecdf.share_reached([np.full((2, 2), np.inf)])
    assert [part.tolist() for part in none] == [[0.0], [0.0]]


def test_share_of_targets_gives_every_problem_the_same_weight() -> None:
    easy, hard = np.ones((10, 1)), np.array([[2.0], [np.inf]])
    hits = {
        (problem, "a"): Hits(first, np.full(len(first), 9.0), first, np.full(len(first), 9.0))
        for problem, first in (("easy", easy), ("hard", hard))
    }
    (line,) = ecdf.ecdf(hits, ["a"], ecdf.TRIALS, {})
    assert line.x == (0.0, 1.0, 2.0) and line.y == (0.0, 0.5, 0.75)


def test_lines_are_over_problems_that_all_have() -> None:
    def hits(trials: list[float], seconds: list[float]) -> Hits:
        n = len(trials)
        column = np.array(trials)[:, None], np.full(n, 9.0)
        return Hits(*column, np.array(seconds)[:, None], np.full(n, 9.0))

    both = {
        ("p", "a"): hits([2.0, np.inf], [4.0, np.inf]),
        ("p", "b"): hits([1.0], [6.0]),
        ("q", "a"): hits([1.0], [1.0]),
    }
    lines = ecdf.ecdf(both, ["a", "b", "c"], ecdf.TRIALS, {})
    assert [(line.sampler, line.n_problems) for line in lines] == [("a", 1), ("b", 1)]
    assert lines[0].x == (0.0, 2.0) and lines[0].y == (0.0, 0.5)
    seconds = ecdf.ecdf(both, ["a", "b"], ecdf.SECONDS, {"p": 2.0})
    assert [line.x[-1] for line in seconds] == [2.0, 3.0]
    assert ecdf.ecdf(both, ["a", "b"], ecdf.SECONDS, {}) == []


def test_a_trial_takes_what_it_takes_random_search_or_else_all_of_them() -> None:
    def curve(seconds: float) -> Curve:
        return Curve(np.array([1]), np.array([0.0]), 4, np.array([1.0]), seconds)

    studies = {
        ("p", "random", 0): curve(4.0),
        ("p", "random", 1): curve(12.0),
        ("p", "tpe", 0): curve(40.0),
        ("q", "tpe", 0): curve(8.0),
        ("q", "late", 0): curve(16.0),
        ("free", "random", 0): curve(0.0),
    }
    assert ecdf.trial_seconds(CurveSet(studies, Facts())) == {"p": 2.0, "q": 3.0}


def test_long_lines_keep_their_first_and_last_steps() -> None:
    x = np.arange(1.0, 10_001.0)
    kept, shares = ecdf._thinned(x, x / 10_000)
    assert len(kept) == ecdf._MAX_POINTS
    assert (kept[0], kept[-1]) == (1.0, 10_000.0)
    np.testing.assert_array_equal(shares, kept / 10_000)
    steps = np.diff(kept)
    assert steps.max() - steps.min() <= 1.0


def test_probability_of_improvement_is_mann_whitneys() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = rng.integers(0, 5, size=9) / 1.0, rng.integers(0, 6, size=11) / 1.0
    found = improvement_probability.probability_of_improvement([ours], [theirs])
    u = stats.mannwhitneyu(theirs, ours).statistic
    assert found.mean == pytest.approx(u / 99)
    reverse = improvement_probability.probability_of_improvement([theirs], [ours])
    assert found.mean + reverse.mean == pytest.approx(1.0)
    same = improvement_probability.probability_of_improvement([ours], [ours])
    assert same.mean == pytest.approx(0.5)


def test_probability_of_improvement_of_two_normals() -> None:
    rng = np.random.default_rng(4)
    true = float(stats.norm.cdf(0.5 / math.sqrt(2)))
    n_covered, means = 0, []
    for _ in range(150):
        ours = [rng.normal(0.0, 1.0, size=15) for _ in range(4)]
        theirs = [rng.normal(0.5, 1.0, size=15) for _ in range(4)]
        found = improvement_probability.probability_of_improvement(ours, theirs)
        means.append(found.mean)
        n_covered += found.lower <= true <= found.upper
    assert np.mean(means) == pytest.approx(true, abs=0.02)
    assert 132 <= n_covered < 150


def test_bootstrap_covers_a_normal_mean() -> None:
    rng = np.random.default_rng(5)
    n_covered = 0
    for _ in range(150):
        groups = [rng.normal(offset, 1.0, size=20) for offset in (0.0, 3.0, 30.0)]
        lower, upper = resampling.interval(resampling.resampled_means(groups))
        n_covered += int(lower <= 11.0 <= upper)
    assert 132 <= n_covered < 150


# Demsar 2006, table 5: critical values of Nemenyi's test at 0.05 for 2 to 10 classifiers.
@pytest.mark.parametrize(
    "n_samplers, published",
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031)]
    + [(9, 3.102), (10, 3.164)],
)
def test_critical_difference_is_the_published_one(n_samplers: int, published: float) -> None:
    found = critical_difference.nemenyi_difference(n_samplers, 30)
    expected = published * math.sqrt(n_samplers * (n_samplers + 1) / 180)
    # The published values are rounded to three digits.
    assert found == pytest.approx(expected, rel=5e-4)


# Demsar 2006, table 6: AUC of C4.5, with m, with cf and with both, on 14 data sets.
_AUC = """
0.763 0.768 0.771 0.798  0.599 0.591 0.590 0.569  0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657  0.882 0.888 0.886 0.898  0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685  0.583 0.583 0.563 0.625  0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000  0.940 0.962 0.965 0.962  0.619 0.666 0.614 0.669
0.972 0.981 0.9751 0.975  0.957 0.978 0.946 0.970
"""


def test_demsars_example() -> None:
    values = 1 - np.array(_AUC.split(), dtype=float).reshape(14, 4)
    samplers = ["C4.5", "m", "cf", "both"]
    means = {
        (str(row), name, "n"): float(value)
        for row, its in enumerate(values)
        for name, value in zip(samplers, its)
    }
    found = critical_difference.critical_difference(
        means, [str(row) for row in range(14)], samplers, "n"
    )
    assert found is not None
    published = {"C4.5": 3.143, "m": 2.000, "cf": 2.893, "both": 1.964}
    assert found.ranks == pytest.approx(published, abs=5e-4)
    assert list(found.ranks) == ["both", "m", "cf", "C4.5"]
    assert found.nemenyi == pytest.approx(1.25, abs=5e-3)
    # Its chi-square, before the correction for ties that SciPy makes, is 9.28.
    ranks = np.array(list(found.ranks.values()))
    assert 12 * 14 / 20 * (np.sum(ranks**2) - 25) == pytest.approx(9.28, abs=5e-3)
    assert found.p_friedman == stats.friedmanchisquare(*values.T).pvalue
    assert found.p_friedman < stats.chi2.sf(9.28, 3)


def test_post_hoc_tests_against_scikit_posthocs() -> None:
    posthocs = pytest.importorskip("scikit_posthocs")
    rng = np.random.default_rng(6)
    values = rng.normal(size=(12, 5)) + np.arange(5.0) * 0.6
    nemenyi = np.asarray(posthocs.posthoc_nemenyi_friedman(values))
    ranks = paired.mean_ranks(values)
    difference = critical_difference.nemenyi_difference(5, 12)
    for one, other in itertools.combinations(range(5), 2):
        assert (abs(ranks[one] - ranks[other]) > difference) == (nemenyi[one, other] < 0.05)
    assert critical_difference.friedman(values) == pytest.approx(
        stats.friedmanchisquare(*values.T).pvalue
    )


def test_friedman_needs_three_samplers_and_three_problems() -> None:
    values = np.random.default_rng(7).normal(size=(4, 4))
    assert critical_difference.friedman(values[:3, :3]) == pytest.approx(
        stats.friedmanchisquare(*values[:3, :3].T).pvalue
    )
    assert critical_difference.friedman(np.repeat(values[:, :1], 3, axis=1)) == 1.0
    assert math.isnan(critical_difference.friedman(values[:2]))
    assert math.isnan(critical_difference.friedman(values[:, :2]))


def test_holm_by_hand() -> None:
    # Times 4, 3, 2 and 1 in ascending order; none below the one before it, none above 1.
    corrected = paired.holm(np.array([0.03, 0.01, 0.4, 0.04]))
    np.testing.assert_allclose(corrected, [0.09, 0.04, 0.4, 0.09])
    np.testing.assert_allclose(paired.holm(np.array([0.9, 0.6])), [1.0, 1.0])


@pytest.mark.slow  # Statsmodels takes seconds to import.
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_holm_against_statsmodels(p_values: list[float]) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    expected = multitest.multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(paired.holm(np.array(p_values)), expected)


def test_cliques_are_runs_of_neighbours() -> None:
    different = np.zeros((5, 5), dtype=bool)
    for one, other in ((0, 3), (0, 4), (1, 4)):
        different[one, other] = different[other, one] = True
    assert critical_difference.find_cliques(different) == [(0, 1, 2), (1, 2, 3), (2, 3, 4)]
    # Not a run if its first and last are alike but two within it are not.
    different[1, 2] = different[2, 1] = True
    assert critical_difference.find_cliques(different) == [(0, 1), (2, 3, 4)]
    assert critical_difference.find_cliques(~np.eye(3, dtype=bool)) == []
    assert critical_difference.find_cliques(np.zeros((3, 3), dtype=bool)) == [(0, 1, 2)]


def test_ranks_are_over_problems_that_all_have() -> None:
    rng = np.random.default_rng(7)
    means = {(f"p{p}", s, "n"): rng.random() + i for p in range(9) for i, s in enumerate("abc")}
    del means["p0", "c", "n"]
    problems = [f"p{p}" for p in range(9)]
    found = critical_difference.critical_difference(means, problems, ["c", "a", "b", "x"], "n")
    assert found is not None
    assert found.n_problems == 8 and found.ranks == {"a": 1.0, "b": 2.0, "c": 3.0}
    assert found.cliques == () and max(found.p_holm.values()) == pytest.approx(3 * 2 / 2**8)
    assert critical_difference.critical_difference(means, problems, ["a"], "n") is None
    assert critical_difference.critical_difference(means, ["p0"], ["a", "x"], "n") is None
