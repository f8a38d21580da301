"""The statistics against values computed by hand and by scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.analysis.numerics import paired
from benchmarks.analysis.numerics import resampling
from benchmarks.analysis.numerics.losses import best_at_seconds
from benchmarks.analysis.numerics.losses import incumbents
from benchmarks.analysis.numerics.losses import normalised_regret
from benchmarks.analysis.numerics.losses import running_best
from benchmarks.analysis.numerics.losses import times_to_targets
from benchmarks.analysis.numerics.resampling import draw_counts
from benchmarks.analysis.numerics.resampling import remembered_counts
from benchmarks.arrays import FloatArray


NAN = float("nan")


def test_running_best_ignores_missing_values() -> None:
    losses = np.array([[NAN, 3.0, NAN, 2.0, 5.0], [1.0, 2.0, 0.5, NAN, NAN]])
    expected = [[NAN, 3.0, 3.0, 2.0, 2.0], [1.0, 1.0, 0.5, 0.5, 0.5]]
    np.testing.assert_array_equal(running_best(losses), expected)


def test_incumbents() -> None:
    losses = np.array([[NAN, 3.0, NAN, 2.0, 2.0, 5.0], [1.0, 2.0, 0.5, NAN, NAN, 0.4]])
    expected = [[-1, 1, 1, 3, 3, 3], [0, 0, 2, 2, 2, 5]]
    np.testing.assert_array_equal(incumbents(losses), expected)


def test_incumbents_hold_the_running_best() -> None:
    rng = np.random.default_rng(0)
    losses = rng.normal(size=(20, 30))
    losses[rng.random(losses.shape) < 0.3] = NAN
    index = incumbents(losses)
    best = np.take_along_axis(losses, np.maximum(index, 0), axis=1)
    best[index < 0] = NAN
    np.testing.assert_array_equal(best, running_best(losses))


def test_best_at_seconds() -> None:
    losses = np.array([[3.0, 1.0, 2.0], [5.0, NAN, NAN]])
    seconds = np.array([[1.0, 3.0, 4.0], [2.0, NAN, NAN]])
    grid = np.array([0.5, 1.0, 2.5, 3.0, 9.0])
    expected = [[NAN, 3.0, 3.0, 1.0, 1.0], [NAN, NAN, 5.0, 5.0, 5.0]]
    np.testing.assert_array_equal(best_at_seconds(losses, seconds, grid), expected)


def test_times_to_targets() -> None:
    losses = np.array([[3.0, 1.0, 0.5], [NAN, NAN, 1.0], [3.0, 3.0, 3.0]])
    seconds = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 2.0, 3.0]])
    times = times_to_targets(losses, seconds, np.array([1.0, 0.5]))
    np.testing.assert_array_equal(times, [[2.0, 3.0], [6.0, np.inf], [np.inf, np.inf]])
    # A study that has found nothing.
    nothing = times_to_targets(np.array([]), np.array([]), np.array([1.0]))
    np.testing.assert_array_equal(nothing, [np.inf])


def test_bootstrap_interval_agrees_with_scipy() -> None:
    sample = np.random.default_rng(1).gamma(2.0, size=(15, 2))
    lower, upper = resampling.bootstrap_interval(sample, np.random.default_rng(2))
    for column in range(2):
        reference = stats.bootstrap(
            (sample[:, column],),
            np.mean,
            method="percentile",
            n_resamples=10_000,
            rng=np.random.default_rng(3),
        ).confidence_interval
        assert lower[column] == pytest.approx(reference.low, abs=0.03)
        assert upper[column] == pytest.approx(reference.high, abs=0.03)


def test_bootstrap_interval_covers_the_mean() -> None:
    # Each column is an experiment of 30 seeds; the intervals of 95% of them hold the true mean,
    # and somewhat fewer at this size.
    sample = np.random.default_rng(4).normal(size=(30, 2_000))
    lower, upper = resampling.bootstrap_interval(sample, np.random.default_rng(5), n_resamples=500)
    assert 0.90 < np.mean((lower < 0) & (upper > 0)) < 0.97


def test_bootstrap_interval_depends_on_its_generator_only() -> None:
    sample = np.random.default_rng(6).normal(size=20)
    first = _ends(sample, seed=0)
    np.random.seed(1)
    assert first == _ends(sample, seed=0)
    assert first != _ends(sample, seed=1)


def _ends(sample: FloatArray, seed: int) -> tuple[float, float]:
    lower, upper = resampling.bootstrap_interval(sample, np.random.default_rng(seed))
    return float(lower), float(upper)


def test_bootstrap_interval_of_little() -> None:
    rng = np.random.default_rng(0)
    assert _ends(np.array([2.0]), seed=0) == (2.0, 2.0)
    lower, upper = resampling.bootstrap_interval(np.array([[1.0, NAN], [3.0, 1.0]]), rng)
    assert np.isnan(lower[1]) and np.isnan(upper[1]) and lower[0] <= upper[0]
    with pytest.raises(ValueError, match="sample"):
        resampling.bootstrap_interval(np.empty((0, 3)), rng)
    with pytest.raises(ValueError, match="level"):
        resampling.bootstrap_interval(np.array([1.0]), rng, level=95)


def test_pairs_that_differ_by_rounding_are_ties() -> None:
    ours = np.array([0.1 + 0.2, 0.3, 0.3, 0.0, 0.7, 1e-13])
    theirs = np.array([0.3, 0.4, 0.2, 0.0, 0.7 + 1e-13, 0.0])
    assert paired.win_tie_loss(ours, theirs) == (1, 4, 1)
    settled = paired.without_ties(ours, theirs)
    np.testing.assert_array_equal(settled == ours, [True, False, False, True, True, True])
    np.testing.assert_array_equal(settled[1:3], theirs[1:3])
    assert paired.mean_ranks(np.column_stack([ours, theirs])) == pytest.approx([1.5, 1.5])


def test_ratio_of_nothing_to_nothing_is_1() -> None:
    ours, theirs = np.array([0.0, 1.0, 0.0, 3.0]), np.array([0.0, 0.0, 2.0, 2.0])
    np.testing.assert_array_equal(paired.ratio(ours, theirs), [1.0, np.inf, 0.0, 1.5])


def test_paired_wilcoxon() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=12), rng.normal(0.5, size=12)
    assert paired.wilcoxon_of_losses(ours, theirs) == stats.wilcoxon(ours, theirs).pvalue
    # All of n differences have the same sign: two of 2^n cases.
    assert paired.wilcoxon_of_losses(np.arange(6.0), np.arange(6.0) * 2 + 1) == 2 / 2**6
    assert paired.wilcoxon_of_losses(ours, ours) == 1.0
    rng = np.random.default_rng(0)
    for n_seeds in (1, 2, 5, 10, 13, 14, 60):
        tied = rng.integers(-2, 4, size=n_seeds) / 4
        expected = stats.wilcoxon(tied).pvalue if tied.any() else 1.0
        assert paired.wilcoxon_of_losses(tied, np.zeros(n_seeds)) == pytest.approx(expected)
    assert np.isnan(paired.wilcoxon_of_losses(np.array([NAN]), np.array([1.0])))
    assert np.isnan(paired.wilcoxon_of_losses(np.array([]), np.array([])))


@pytest.mark.parametrize("n_seeds", [6, 24, 60])
@pytest.mark.parametrize("unit", [0.01, 1 / 30, 1e-14, 1e9])
def test_rounding_errors_do_not_decide_on_the_ranks_of_losses(n_seeds: int, unit: float) -> None:
    rng = np.random.default_rng(n_seeds)
    # Counts of errors, say: many differences are as large as others, whatever the counts.
    ours, theirs = rng.integers(0, 9, size=(2, n_seeds))
    expected = paired.wilcoxon_of_losses(ours.astype(float), theirs.astype(float))
    assert expected == pytest.approx(stats.wilcoxon(ours - theirs).pvalue)
    assert paired.wilcoxon_of_losses(ours * unit, theirs * unit) == expected


def test_rounding_errors_do_not_decide_on_the_ranks_of_regrets() -> None:
    rng = np.random.default_rng(0)
    for best, median in [(0.0, 10.0), (-0.1, 0.2), (3.0, 10.0)]:
        ours, theirs = rng.integers(0, 9, size=(2, 40)) / 10 * (median - best) + best
        regrets = [normalised_regret(values, best, median) for values in (ours, theirs)]
        tenths = [np.round(10 * values) for values in regrets]
        assert paired.wilcoxon_of_regrets(*regrets) == stats.wilcoxon(*tenths).pvalue


def test_infinite_losses_are_further_apart_than_others() -> None:
    ours, theirs = (
        np.array([np.inf, np.inf, 1.0, 2.0, 1e300]),
        np.array([np.inf, 1.0, 3.0, 3.0, 0.0]),
    )
    as_finite = np.array([0.0, 9.0, -2.0, -1.0, 8.0])
    expected = paired.wilcoxon_of_losses(as_finite, np.zeros(5))
    assert paired.wilcoxon_of_losses(ours, theirs) == expected


def test_resamples_draw_as_many_rows_as_there_are() -> None:
    counts = draw_counts(7, 200, np.random.default_rng(0))
    assert counts.shape == (200, 7)
    assert (counts.sum(axis=1) == 7).all()
    # With replacement: hardly any takes every row once.
    assert (counts.max(axis=1) > 1).mean() > 0.9


def test_remembered_resamples_are_those_of_the_seed_and_stay_so() -> None:
    counts = remembered_counts(5, 100, (3, 5))
    assert (counts == draw_counts(5, 100, np.random.default_rng([3, 5]))).all()
    with pytest.raises(ValueError, match="read-only"):
        counts[0, 0] = 9


def test_normalised_regret() -> None:
    values = np.array([math.nan, math.inf, 9.0, 5.0, 3.0, 1.0, 0.0])
    found = normalised_regret(values, best=1.0, median=5.0)
    assert found.tolist() == [1, 1, 1, 1, 0.5, 0, 0]
    # All points are as good as the best.
    flat = normalised_regret(np.array([1.0, 2.0]), best=1.0, median=1.0)
    assert flat.tolist() == [0, 1]


def test_mean_gives_every_problem_the_same_weight() -> None:
    groups = [np.array([[0.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.5]])]
    assert resampling.mean_of_groups(groups).tolist() == [0.5, 0.75]


def test_bootstrap_within_problems_has_the_right_width() -> None:
    rng = np.random.default_rng(1)
    groups = [rng.normal(offset, 1.0, size=(40, 1)) for offset in (0.0, 100.0)]
    resampled = resampling.resampled_means(groups)
    # Seeds vary within their problem; that the problems differ makes no uncertainty.
    variance = sum(group.var() / len(group) for group in groups) / 4
    assert resampled.std() == pytest.approx(math.sqrt(variance), rel=0.03)
    lower, upper = resampling.interval(resampled)
    half = 1.96 * math.sqrt(variance)
    assert (upper - lower)[0] == pytest.approx(2 * half, rel=0.03)


def test_bootstrap_keeps_pairs_together() -> None:
    noise = np.random.default_rng(2).normal(size=20)
    resampled = resampling.resampled_means([np.stack([noise, noise + 1], axis=1)], 200)
    np.testing.assert_allclose(resampled[:, 1] - resampled[:, 0], 1.0)


def test_bootstrap_needs_rows() -> None:
    for groups in ([], [np.empty((0, 1))]):
        with pytest.raises(ValueError, match="needs a row"):
            resampling.resampled_means(groups)
    with pytest.raises(ValueError, match="level is 1"):
        resampling.interval(np.zeros((3, 1)), level=1.0)


def test_holm() -> None:
    p_values = np.array([0.01, 0.04, math.nan, 0.03, 0.005])
    # Of four: 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1 is less than its predecessor.
    expected = [0.03, 0.06, math.nan, 0.06, 0.02]
    np.testing.assert_allclose(paired.holm(p_values), expected)
    assert paired.holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]


def test_win_tie_loss_and_ranks() -> None:
    ours = np.array([1.0, 2.0, 3.0, 0.1 + 0.2])
    theirs = np.array([2.0, 2.0, 1.0, 0.3])
    assert paired.win_tie_loss(ours, theirs) == (1, 2, 1)
    ranks = paired.mean_ranks(np.array([[1.0, 2.0, 2.0], [3.0, 1.0, 2.0]]))
    assert ranks.tolist() == [2.0, 1.75, 2.25]
    assert np.isnan(paired.mean_ranks(np.empty((0, 2)))).all()
