"""Pairs of samplers: what is compared, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
import itertools
import math

import numpy as np
import pytest

from benchmarks.analysis.comparisons import pairwise
from benchmarks.analysis.comparisons import sentences
from benchmarks.analysis.comparisons.pairwise import Pair
from benchmarks.analysis.curves.curve_set import Key
from benchmarks.arrays import FloatArray


def _regrets(values: dict[str, FloatArray]) -> dict[Key, FloatArray]:
    """Regrets of shape (n_problems, n_seeds) by sampler; NaN is left out."""
    return {
        (f"p{problem}", sampler, seed): its[problem, seed : seed + 1]
        for sampler, its in values.items()
        for problem, seed in itertools.product(*map(range, its.shape))
        if not np.isnan(its[problem, seed])
    }


_N_PARAMS = {f"p{problem}": problem + 1 for problem in range(20)}


def _pairs(values: dict[str, FloatArray]) -> list[Pair]:
    return pairwise.compare_pairs(_regrets(values), ["30"], _N_PARAMS)


def test_all_pairs_are_tested_and_corrected_together() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(0.2, 0.4, size=(7, 5))
    values = {"a": base, "b": base + 0.1, "c": base + 0.1 + rng.normal(0, 0.05, size=(7, 5))}
    pairs = _pairs(values)
    assert [(pair.reference, pair.other) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    first = pairs[0]
    assert (first.wins, first.ties, first.losses, first.advantage) == (35, 0, 0, 1.0)
    assert (first.n_problems, first.problems_won, first.problems_lost) == (7, 7, 0)
    assert first.n_blocks == 35
    assert first.ours == pytest.approx(base.mean()) and first.ratio < 1
    assert first.ratio_lower <= first.ratio <= first.ratio_upper
    # Three pairs were tested; both smallest p values are the smallest there can be.
    assert first.p == pytest.approx(1 / 50_001) and first.p_holm == pytest.approx(3 * first.p)
    assert first.p_problems == pytest.approx(2 / 2**7)
    assert pairs[2].p_holm == pytest.approx(pairs[2].p) and pairs[2].p > 0.05


def test_problems_of_as_many_parameters_are_one_block_a_seed() -> None:
    values = {"a": np.full((4, 6), 0.1), "b": np.full((4, 6), 0.2)}
    alike = pairwise.compare_pairs(_regrets(values), ["30"], {"p0": 2, "p1": 2, "p2": 3, "p3": 3})
    assert alike[0].n_blocks == 12
    # Where it is not known, they may be alike.
    many = {"a": np.full((4, 12), 0.1), "b": np.full((4, 12), 0.2)}
    whole = pairwise.compare_pairs(_regrets(many), ["30"], {"p0": 2, "p1": 2, "p2": 3, "p3": 3})
    assert whole[0].n_blocks == 12, "twelve seeds are enough to exchange whole ones"
    unknown = pairwise.compare_pairs(_regrets(values), ["30"], {})
    assert unknown[0].n_blocks == 6 and unknown[0].p == 2 / 2**6


def test_only_pairs_that_both_have() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = rng.random((3, 4)), rng.random((3, 4))
    theirs[2] = theirs[0, 1:] = math.nan
    other = np.full((3, 4), math.nan)
    other[2, 0] = 0.5
    pairs = _pairs({"a": ours, "b": theirs, "c": other})
    assert [(p.reference, p.other, p.n_pairs, p.n_problems) for p in pairs] == [
        ("a", "b", 5, 2),
        ("a", "c", 1, 1),
    ]
    assert pairs[0].ours == pytest.approx((ours[0, 0] + ours[1].mean()) / 2)
    improvement = pairs[0].improvement
    expected = [np.mean(ours[0, 0] < theirs[0, 0]), np.mean(ours[1][:, None] < theirs[1])]
    np.testing.assert_allclose(improvement.by_problem, expected)


def _pair(**changes: object) -> Pair:
    rng = np.random.default_rng(2)
    base = rng.uniform(0.2, 0.4, size=(8, 5))
    (pair,) = _pairs({"a": base, "b": base + 0.1 + rng.normal(0, 0.01, size=(8, 5))})
    return replace(pair, **changes)  # type: ignore[arg-type]


def test_better() -> None:
    pair = _pair(ours=0.135, theirs=0.177, ratio=0.763, ratio_lower=0.7, ratio_upper=0.83)
    pair = replace(pair, wins=31, ties=0, losses=9, p_holm=0.0002, p_problems_holm=0.01)
    assert sentences.sentence(pair) == (
        "a is better than b after 30 trials: mean regret 0.135 against 0.177 (ratio 0.76 [0.70, "
        "0.83]), better in 31 of 40 pairs, p < 0.001 after Holm's correction."
    )
    area = sentences.sentence(replace(pair, column="area", ties=2, p_holm=0.02), n_tests=1)
    assert area.startswith("a is better than b over all trials: ")
    assert area.endswith("better in 31 of 42 pairs, equal in 2, p = 0.02.")


def test_the_other_one_is_better() -> None:
    pair = _pair(ours=0.2, theirs=0.1, ratio=2.0, ratio_lower=1.25, ratio_upper=math.inf)
    pair = replace(pair, wins=5, ties=0, losses=35, advantage=-0.9, p_holm=0.01)
    assert sentences.better(pair) == "b"
    assert sentences.sentence(pair) == (
        "b is better than a after 30 trials: mean regret 0.100 against 0.200 (ratio 0.50 [0.00, "
        "0.80]), better in 35 of 40 pairs, p = 0.01 after Holm's correction."
    )


def test_not_better() -> None:
    pair = _pair(p_holm=0.05)
    assert sentences.better(pair) == ""
    assert sentences.sentence(pair).startswith(
        "No significant difference between a and b after 30 trials: mean regret "
    )
    both = replace(pair, p_holm=0.001, advantage=-0.5)
    assert sentences.better(both) == "", "b in most pairs, a on average"
    assert "a and b differ, but not in one direction, after 30" in sentences.sentence(both)
    nothing = sentences.sentence(replace(pair, p_holm=math.nan))
    assert nothing == "No test of a against b after 30 trials."


def test_what_cannot_be_said_of_other_problems() -> None:
    few = _pair(problems_won=5, problems_lost=3, p_holm=0.001, p_problems_holm=0.2)
    assert sentences.sentence(few).endswith(
        " On these 8 problems, that is: it is better on 5 of them, too few to say it of others "
        "like them (p = 0.2 after the correction)."
    )
    one = sentences.sentence(replace(few, n_problems=1))
    assert one.endswith(" This is about one problem.")


def test_statements_are_those_of_a_column() -> None:
    pair = _pair()
    (only,) = sentences.statements([pair, replace(pair, column="60")], "60")
    assert "after 60 trials" in only.sentence and "Holm" not in only.sentence
    assert only.better == "a" and only.p == pair.p
    assert only.interval == (pair.improvement.lower, pair.improvement.upper)
    assert only.probability_of_improvement > 0.5
