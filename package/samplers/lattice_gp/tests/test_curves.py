"""What pruned trials would have ended at, estimated from what others reported."""

from __future__ import annotations

from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
curves = import_module(f"{lattice_gp.__name__}.trials.curves")


def curve(*values: float) -> Any:
    return curves.Curve.of(dict(enumerate(values, start=1)))


def test_a_known_map_is_recovered() -> None:
    rng = np.random.default_rng(0)
    early = rng.uniform(0.0, 4.0, 60)
    finals = 1.0 + 0.5 * early + 0.01 * rng.normal(size=60)
    told = np.where(early < 3.0, finals, math.nan)
    paths = [curve(e, f) if e < 3.0 else curve(e) for e, f in zip(early, finals)]
    estimated = curves.estimate_finals(paths, told)
    assert estimated.values[early < 3.0] == pytest.approx(finals[early < 3.0])
    assert estimated.values[early >= 3.0] == pytest.approx(finals[early >= 3.0], abs=0.1)
    assert (estimated.noise[early < 3.0] == 0.0).all()
    assert (estimated.noise[early >= 3.0] < 0.1).all()


def test_early_values_that_tell_nothing_are_trusted_little() -> None:
    rng = np.random.default_rng(0)
    early, finals = rng.normal(size=60), rng.normal(size=60)
    told = np.where(early < 1.0, finals, math.nan)
    paths = [curve(e, f) if e < 1.0 else curve(e) for e, f in zip(early, finals)]
    estimated = curves.estimate_finals(paths, told)
    assert (estimated.noise[early >= 1.0] > 2.0).all()
    assert estimated.values[early >= 1.0] == pytest.approx(0.0, abs=1.0)


def test_the_earlier_a_trial_was_pruned_the_less_is_known_of_it() -> None:
    rng = np.random.default_rng(1)
    walks = np.cumsum(rng.normal(size=(400, 6)), axis=1)
    lengths = np.array([6] * 300 + [1, 2, 3, 4, 5] * 20)
    paths = [curve(*walk[:n]) for walk, n in zip(walks, lengths)]
    told = np.where(lengths == 6, walks[:, -1], math.nan)
    noise = curves.estimate_finals(paths, told).noise
    means = [noise[lengths == n].mean() for n in (1, 2, 3, 4, 5)]
    assert means == sorted(means, reverse=True)
    assert means[-1] < 0.5 * means[0]


def test_the_farther_from_what_was_seen_the_less_is_known() -> None:
    rng = np.random.default_rng(0)
    early = np.append(rng.uniform(0.0, 1.0, 12), [0.5, 2.5])
    finals = early + 0.3 * rng.normal(size=14)
    told = np.append(finals[:12], [math.nan, math.nan])
    paths = [curve(e, f) for e, f in zip(early[:12], finals)] + [curve(e) for e in early[12:]]
    near, far = curves.estimate_finals(paths, told).noise[12:]
    assert far > 1.3 * near


def test_a_final_value_that_is_hardly_known_teaches_little() -> None:
    rng = np.random.default_rng(0)
    now, finals = rng.normal(size=(2, 40))
    variances = np.full(40, 100.0)
    finals[:20], variances[:20] = now[:20], 0.0
    line = curves._fit_line(now, finals, variances, 1.0)
    alone = curves._fit_line(now[:20], finals[:20], variances[:20], 1.0)
    assert line.at(np.array([1.5]))[0] == pytest.approx(alone.at(np.array([1.5]))[0], abs=0.05)


def test_uncertainty_is_that_of_the_estimates_down_to_the_first_rung() -> None:
    """What is not known of a later rung's trials adds to what they tell an earlier rung."""
    claimed, squares = np.zeros(3), np.zeros(3)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        finals = rng.normal(size=300)
        second = finals + rng.normal(size=300)
        walks = np.stack([second + 0.3 * rng.normal(size=300), second, finals], axis=1)
        lengths = rng.choice([1, 2, 3], 300, p=[0.5, 0.25, 0.25])
        paths = [curve(*walk[:n]) for walk, n in zip(walks, lengths)]
        estimated = curves.estimate_finals(paths, np.where(lengths == 3, finals, math.nan))
        # Noise is the odds of the share of the variance that is not known.
        shares = estimated.noise / (1.0 + estimated.noise)
        variances = shares * estimated.values.var() / (1.0 - shares.mean())
        errors = estimated.values - finals
        for n in (1, 2):
            claimed[n] += variances[lengths == n].mean()
            squares[n] += (errors[lengths == n] ** 2).mean()
    assert squares[1:] == pytest.approx(claimed[1:], rel=0.2)


def test_what_is_believed_before_there_is_data_counts_as_trials_would() -> None:
    rng = np.random.default_rng(0)
    now = rng.normal(size=10)
    # The order is turned round, against the belief.
    finals = 0.2 * rng.normal(size=10) - now
    line = curves._fit_line(now, finals, np.zeros(10), 1.0)
    x, y = (now - line.now) / line.now_unit, (finals - line.final) / line.final_unit
    # Three trials of a correlation of 0.8.
    x, y = (
        np.append(x, math.sqrt(3.0) * np.array([1.0, 0.0])),
        np.append(y, math.sqrt(3.0) * np.array([0.8, 0.6])),
    )
    assert line.correlation == pytest.approx(x @ y / (x @ x))
    assert line.residual == pytest.approx(((y - line.correlation * x) ** 2).sum() / 13)


def test_rungs_are_chained() -> None:
    """One trial of three goes on; the values of a rung tell of the next, hardly any of the end."""
    rng = np.random.default_rng(2)
    quality = rng.normal(size=81)
    lengths = np.ones(81, dtype=int)
    lengths[np.argsort(quality)[:27]] = 2
    lengths[np.argsort(quality)[:9]] = 3
    lengths[np.argsort(quality)[:1]] = 4
    levels = np.array([8.0, 4.0, 2.0, 1.0])
    paths = [curve(*(levels[:n] * (3.0 + q))) for q, n in zip(quality, lengths)]
    told = np.where(lengths == 4, 3.0 + quality, math.nan)
    estimated = curves.estimate_finals(paths, told).values
    assert np.corrcoef(estimated, 3.0 + quality)[0, 1] > 0.95


def test_the_order_at_a_step_is_believed_before_there_is_data() -> None:
    paths = [curve(1.0, 0.5), curve(2.0), curve(3.0)]
    estimated = curves.estimate_finals(paths, np.array([0.5, math.nan, math.nan]))
    assert estimated.values[0] < estimated.values[1] < estimated.values[2]


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300])
def test_a_diverged_trial_is_a_bad_one_and_spoils_no_other(bad: float) -> None:
    rng = np.random.default_rng(0)
    early = rng.uniform(0.0, 1.0, 20)
    paths = [curve(e, 0.5 * e) if e < 0.7 else curve(e) for e in early]
    told = np.where(early < 0.7, 0.5 * early, math.nan)
    estimated = curves.estimate_finals([*paths, curve(bad)], np.append(told, math.nan))
    assert estimated.values[-1] >= estimated.values[:-1].max()
    assert estimated.values[:-1] == pytest.approx(0.5 * early, abs=0.1)


def test_steps_may_be_irregular() -> None:
    full = [curves.Curve.of({10: 2.0 + i, 35: 1.0 + i, 90: float(i)}) for i in range(6)]
    others = [curves.Curve.of({20: 2.0 + i}) for i in range(3)]
    told = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, math.nan, math.nan, math.nan])
    estimated = curves.estimate_finals([*full, *others], told).values
    assert estimated[6:] == pytest.approx([0.0, 1.0, 2.0], abs=0.7)


def test_steps_may_be_of_any_size() -> None:
    def estimated(last: int) -> Any:
        full = [curves.Curve.of({1: 2.0 + i, last: float(i)}) for i in range(6)]
        told = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, math.nan])
        return curves.estimate_finals([*full, curves.Curve.of({1: 2.5})], told).values

    assert np.array_equal(estimated(10**30), estimated(2))


def test_nothing_is_known_where_no_other_trial_reported() -> None:
    late = [curves.Curve.of({9: float(i)}) for i in range(5)]
    told = np.array([0.0, 1.0, 2.0, 3.0, 4.0, math.nan])
    estimated = curves.estimate_finals([*late, curves.Curve.of({1: 7.0})], told)
    assert estimated.values[-1] == pytest.approx(2.0)
    assert estimated.noise[-1] > 5.0


values = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.integers(0, 20), values, min_size=1, max_size=5),
            st.one_of(st.just(math.nan), st.floats(allow_nan=False)),
        ),
        max_size=12,
    ),
    st.floats(allow_nan=False),
    st.dictionaries(st.integers(0, 20), values, max_size=5),
)
@example(
    [({0: 0.0}, math.nan), ({0: 0.0, 2: 8e68}, math.nan), ({0: 6e-87, 1: 0.0}, math.nan)],
    0.0,
    {1: 0.0},
)
@settings(max_examples=100, deadline=None)
def test_estimates_are_finite_whatever_was_reported(
    trials: list[tuple[dict[int, float], float]], final: float, reported: dict[int, float]
) -> None:
    paths = [curves.Curve.of(r) for r, _ in trials] + [curves.Curve.of(reported)]
    told = np.array([value for _, value in trials] + [final])
    estimated = curves.estimate_finals(paths, told)
    assert np.isfinite(estimated.values[np.isnan(told)]).all()
    assert np.isfinite(estimated.noise).all()
    assert (estimated.noise[np.isnan(told)] > 0.0).all()
    assert (estimated.noise < 100.0).all()
