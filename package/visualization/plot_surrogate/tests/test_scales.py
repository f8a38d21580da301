"""Axes: the values they hold, and their labels."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import optunahub
import pytest


pytest.importorskip("plotly")

ROOT = str(Path(__file__).parents[3])
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)
scales = import_module(f"{plots.__name__}.scales")

Traces = Callable[[Any, str], list[Any]]


@given(
    strategies.one_of(
        strategies.tuples(
            strategies.integers(-50, 50), strategies.integers(0, 200), strategies.integers(1, 70)
        ).map(lambda t: IntDistribution(t[0], t[0] + t[1] * t[2], step=t[2])),
        strategies.tuples(strategies.integers(1, 50), strategies.integers(0, 5000)).map(
            lambda t: IntDistribution(t[0], t[0] + t[1], log=True)
        ),
        strategies.tuples(strategies.floats(-10, 10), strategies.floats(0.1, 10)).map(
            lambda t: FloatDistribution(t[0], t[0] + t[1])
        ),
        strategies.integers(0, 300).map(lambda n: FloatDistribution(0.0, n / 10, step=0.1)),
        strategies.floats(1.1, 1e9).map(lambda f: FloatDistribution(1e-5, 1e-5 * f, log=True)),
    ),
    strategies.integers(2, 90),
)
@settings(max_examples=200, deadline=None)
def test_scales_hold_only_values_of_the_parameter(distribution: Any, limit: int) -> None:
    scale = scales.Scale.of("p", distribution, limit)
    assert len(scale.values) <= max(limit, 2)
    assert scale.values[0] == distribution.low
    assert scale.values[-1] == pytest.approx(distribution.high)
    assert (np.diff(scale.positions) > 0).all()
    assert len(scale.edges) == len(scale.values) + 1
    assert (scale.edges[:-1] < scale.positions).all() and (scale.positions < scale.edges[1:]).all()
    for value in scale.values:
        assert distribution._contains(distribution.to_internal_repr(value))
    trial_axis = scale.axis
    assert trial_axis["range"][0] < trial_axis["range"][1]


@pytest.mark.parametrize(
    "distribution",
    [
        IntDistribution(0, 2**63 - 1),
        IntDistribution(-(2**62), 2**62, step=2**40),
        IntDistribution(1, 2**63 - 1, log=True),
        FloatDistribution(1e-300, 1e300, log=True),
        FloatDistribution(1e-323, 1.7e308, log=True),
        FloatDistribution(-1.7e308, 1.7e308),
    ],
)
def test_the_longest_ranges_are_shown(distribution: Any, traces: Traces) -> None:
    for limit in (33, 81):
        scale = scales.Scale.of("p", distribution, limit)
        assert (scale.values[0], scale.values[-1]) == (distribution.low, distribution.high)
        assert all(distribution.low <= value <= distribution.high for value in scale.values)
        assert np.isfinite(scale.axis["range"]).all()
    study = optuna.create_study()
    for i, value in enumerate(scale.values[:40:8]):
        trial = optuna.create_trial(
            value=float(i), params={"p": value}, distributions={"p": distribution}
        )
        study.add_trial(trial)
    for plot in (plots.plot_posterior_slice, plots.plot_posterior_pairs):
        curve = traces(plot(study), "expected value")[0]
        assert len(curve.x) > 20 and np.isfinite(curve.y).all()


@pytest.mark.parametrize(
    "distribution, limit, is_lattice, values",
    [
        (IntDistribution(0, 100), 5, True, [0, 25, 50, 75, 100]),
        (IntDistribution(1, 1000, log=True), 4, True, [1, 10, 100, 1000]),
        (IntDistribution(1, 4, log=True), 4, True, [1, 2, 3, 4]),
        (FloatDistribution(0.1, 0.9, step=0.2), 9, True, [0.1, 0.3, 0.5, 0.7, 0.9]),
        (FloatDistribution(-1.0, 1.0), 5, False, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (FloatDistribution(0.01, 1.0, log=True), 3, False, [0.01, 0.1, 1.0]),
    ],
)
def test_values_are_spread_over_the_range(
    distribution: Any, limit: int, is_lattice: bool, values: list[float]
) -> None:
    scale = scales.Scale.of("p", distribution, limit)
    assert scale.is_lattice == is_lattice
    assert scale.values == pytest.approx(values)


@pytest.mark.parametrize(
    "distribution, edges",
    [
        (IntDistribution(2, 8, step=3), [0.5, 3.5, 6.5, 9.5]),
        (IntDistribution(4, 4), [3.5, 4.5]),
        (FloatDistribution(1e-4, 1e-2, log=True), [10**-4.5, 10**-3.5, 10**-2.5, 10**-1.5]),
    ],
)
def test_cells_meet_halfway(distribution: Any, edges: list[float]) -> None:
    np.testing.assert_allclose(scales.Scale.of("p", distribution, 3).edges, edges)


def test_things_of_one_value_lie_side_by_side() -> None:
    lattice = scales.Scale.of("p", IntDistribution(2, 8, step=3), 9)
    # Within seven tenths of the cell, of which each has a third.
    np.testing.assert_allclose([lattice.beside(5, i, 3) for i in range(3)], [4.3, 5.0, 5.7])
    logarithmic = scales.Scale.of("p", IntDistribution(1, 2, log=True), 9)
    np.testing.assert_allclose(
        [logarithmic.beside(2, i, 3) for i in range(3)],
        [2 * 2 ** (0.7 * k / 3) for k in (-1, 0, 1)],
    )
    for alone in (IntDistribution(4, 4), FloatDistribution(0.0, 9.0)):
        assert scales.Scale.of("p", alone, 9).beside(4, 0, 3) == 4.0


def test_few_decades_are_labelled() -> None:
    axis = scales.Scale.of("p", FloatDistribution(1e-12, 1.0, log=True), 9).axis
    np.testing.assert_allclose(axis["tickvals"], [1e-12, 1e-9, 1e-6, 1e-3, 1.0])


def test_choices_lie_at_their_places() -> None:
    scale = scales.Scale.of(
        "p", CategoricalDistribution([None, True, 1, "a long name of a choice"]), 5
    )
    assert scale.places([None, True, 1, "a long name of a choice"]) == [0.0, 1.0, 2.0, 3.0]
    assert math.isnan(scale.place("other"))
    # A choice may have been read from a storage: as large, but another object.
    numbers = scales.Scale.of("p", CategoricalDistribution([math.nan, 0.25]), 5)
    assert numbers.places([float("0.25"), numbers.choices[1]]) == [0.0, 1.0]
    assert scale.axis["ticktext"] == ["None", "True", "1", "a long name…"]
    beside = [scale.beside(True, i, 4) for i in range(4)]
    assert beside == sorted(beside) and 0.5 < beside[0] and beside[-1] < 1.5
    # Numbers in their order.
    listed = scales.Scale.of("p", CategoricalDistribution([64, 16, 32.5]), 5)
    assert listed.values == [16, 32.5, 64] and listed.axis["ticktext"] == ["16", "32.5", "64"]
    assert listed.places([64, 16, 32.5]) == [2.0, 0.0, 1.0]
    orders: list[tuple[list[Any], list[Any]]] = [
        ([2, None, 1, "a"], [1, 2, None, "a"]),
        ([2, math.nan, 1], [1, 2, math.nan]),
        ([10**400, 2.5, math.inf], [2.5, 10**400, math.inf]),
        ([2, True, 1], [2, True, 1]),
    ]
    for choices, expected in orders:
        assert scales.Scale.of("p", CategoricalDistribution(choices), 5).values == expected


@pytest.mark.parametrize(
    ("distribution", "value", "expected"),
    [
        (IntDistribution(2, 8), 3.4, 3),
        (IntDistribution(2, 8), np.float32(4.0), 4),
        (IntDistribution(2, 8), np.int64(4), 4),
        (IntDistribution(128, 512, step=64), 500, 512),
        (IntDistribution(1, 100, log=True), 2.6, 3),
        (FloatDistribution(0.1, 0.9, step=0.2), 0.55, 0.5),
        (FloatDistribution(0.1, 0.9, step=0.2), 0.30000000000000004, 0.30000000000000004),
        (FloatDistribution(0.0, 1.0), 0.123456789, 0.123456789),
        (IntDistribution(0, 2**63 - 1), 2**62 + 1, 2**62 + 1),
        (CategoricalDistribution([1, True, "a"]), True, True),
    ],
)
def test_values_to_pass_through_are_of_the_lattice(
    distribution: Any, value: Any, expected: Any
) -> None:
    got = scales.nearest(distribution, value)
    assert got == pytest.approx(expected) and type(got) is type(expected)


@pytest.mark.parametrize(
    "values, expected",
    [
        ([0.1, 0.1 + 0.2], ["0.1", "0.3"]),
        ([0.9990, 0.9994, 0.9999], ["0.999", "0.9994", "0.9999"]),
        ([1000.0, 1005.0], ["1000", "1005"]),
        (["resnet50_on_imagenet", "resnet50_on_places"], ["resnet50_on_ima…", "resnet50_on_pla…"]),
        ([True, 1, "1", None, 1.0], ["True", "1", "'1'", "None", "1.0"]),
        (["<s>", "a&b"], ["&lt;s&gt;", "a&amp;b"]),
    ],
)
def test_labels_are_told_apart(values: list[Any], expected: list[str]) -> None:
    assert scales.labels(values) == expected


@pytest.mark.parametrize(
    "values, expected",
    [
        # Paths differ at their ends.
        (["/" + "d" * 200 + name for name in ("a.pt", "b.pt")], ["a.pt'", "b.pt'"]),
        (["p" * 200 + middle + "s" * 200 for middle in "ab"], ["1: 'ppp", "2: 'ppp"]),
        (["y" * 400, "y" * 400 + "z"], ["yyyy", "yyyz'"]),
    ],
)
def test_labels_of_long_names_stay_short(values: list[str], expected: list[str]) -> None:
    got = scales.labels(values)
    assert len(set(got)) == len(got) and max(map(len, got)) < 80
    assert all(part in label for part, label in zip(expected, got))
