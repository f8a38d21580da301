"""Trends, as which earlier studies enter the model: where their points are, and the numerics."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
import math
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import optunahub
import pytest
from scipy import optimize
from scipy import stats


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
alignment = import_module(f"{PACKAGE}.earlier.alignment")
gp = import_module(f"{PACKAGE}.surrogates.gp")
hyperparameters = import_module(f"{PACKAGE}.surrogates.hyperparameters")
kernels = import_module(f"{PACKAGE}.surrogates.kernels")
likelihood = import_module(f"{PACKAGE}.surrogates.likelihood")
PriorStudy = import_module(f"{PACKAGE}.earlier.prior_studies").PriorStudy
Recipe = import_module(f"{PACKAGE}.recipe").Recipe
SearchSpace = import_module(f"{PACKAGE}.space.search_space").SearchSpace
Transfer = import_module(f"{PACKAGE}.earlier.transfer").Transfer


def test_alignment_of_ranges_scales_and_choices() -> None:
    space = SearchSpace(
        {
            "rate": FloatDistribution(1e-3, 1e-1, log=True),
            "n": IntDistribution(0, 10, step=5),
            "kind": CategoricalDistribution(["a", "b"]),
            "new": FloatDistribution(0.0, 1.0),
        }
    )
    trials = [
        {"rate": 1e-5, "n": 20, "kind": "z", "old": 1},
        {"rate": 1e-3, "kind": "b"},
        {"rate": -1.0, "n": "ten"},
    ]
    aligned = alignment.Alignment(space, trials)
    assert aligned.space.names == ["rate", "n", "kind"]
    # At the centre: 5 of 0 to 20, and the first choice of three.
    expected = [[0.0, 1.0, 1.0], [0.5, 0.25, 0.5], [0.0, 0.25, 0.0]]
    assert aligned.points == pytest.approx(np.array(expected))
    # The search space's own ends: 1e-3 to 1e-1 of 1e-5 to 1e-1, and 0 to 10 of 0 to 20.
    ends = aligned(np.array([[0.0, 0.0, 0.0, 0.3], [1.0, 1.0, 1.0, 0.3]]))
    assert ends == pytest.approx(np.array([[0.5, 0.0, 0.0], [1.0, 0.5, 0.5]]))
    # What is beyond a range is at the centre.
    nearest = alignment.nearest_point(space, {"rate": 1e-5, "n": 8, "kind": "b"})
    assert nearest == pytest.approx([0.5, 1.0, 1.0, 0.5])
    # Numbers among choices lie between those of the search space, or one place beyond.
    listed = SearchSpace({"batch": CategoricalDistribution([64, 16, 32])})
    batches = [{"batch": b} for b in (16, 24, 64, 1024, "all")]
    in_both = alignment.Alignment(listed, batches)
    assert in_both.points[:, 0] == pytest.approx([0.0, 0.5 / 3, 2 / 3, 1.0, 1 / 3])
    assert in_both(np.array([[0.0], [1.0]])) == pytest.approx(np.array([[0.0], [2 / 3]]))
    limits = SearchSpace({"depth": CategoricalDistribution([None, 5, 10, 20])})
    depths = alignment.Alignment(limits, [{"depth": d} for d in (5, 15, None, 40, "auto")])
    assert depths.points[:, 0] == pytest.approx([0.0, 1.5 / 4, 3 / 4, 1.0, 2 / 4])
    assert alignment.nearest_point(limits, {"depth": None}) == pytest.approx([1.0])
    fewer = alignment.Alignment(listed, [{"batch": b} for b in (1, 16, 64)])
    assert fewer.points[:, 0] == pytest.approx([0.0, 1 / 3, 1.0])
    for batch, place in ((16, 0.0), (30, 0.5), (64, 1.0), (1024, 0.5), ("all", 0.5)):
        assert alignment.nearest_point(listed, {"batch": batch}) == pytest.approx([place])
    choices = SearchSpace({"kind": CategoricalDistribution(["a", "b", "c", "d", "e"])})
    for place, kind in enumerate("abcde"):
        assert alignment.nearest_point(choices, {"kind": kind}) == pytest.approx([place / 4])


@pytest.mark.parametrize(("offset", "unit"), [(0.0, 1.0), (1e4, 1e-3), (-5.0, 1e5)])
def test_trends_are_of_mean_0_and_deviation_1_over_the_space(offset: float, unit: float) -> None:
    space = SearchSpace({"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)})
    rng = np.random.default_rng(1)
    x, y = rng.random((2, 40))
    # Two earlier studies of two objectives.
    values = np.stack([x**2, 3.0 - y], axis=1)
    studies = [
        PriorStudy(
            name,
            tuple({"x": a, "y": b} for a, b in zip(x.tolist(), y.tolist())),
            offset + unit * sign * values,
            values[:, :0],
        )
        for name, sign in (("same", 1.0), ("negated", -1.0))
    ]
    trends, complaints = Transfer(studies, Recipe()).trends(space, 2)
    assert not complaints and trends.n_per_objective == 2
    points = rng.random((2000, 2))
    found = trends(points)
    assert found.shape == (2000, 4)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=0.15)
    np.testing.assert_allclose(found.std(axis=0), 1.0, atol=0.1)
    # Those of the first objective, then those of the second.
    rising = [np.corrcoef(column, points[:, i // 2])[0, 1] for i, column in enumerate(found.T)]
    np.testing.assert_allclose(rising, [1.0, -1.0, -1.0, 1.0], atol=0.1)


def trending(n: int = 9, d: int = 2) -> tuple[Any, np.ndarray]:
    """Inputs of n points with two trends; scores (n,)."""
    rng = np.random.default_rng(0)
    features = rng.random((n, d))
    effects, trends = rng.standard_normal((n, 3)), rng.standard_normal((n, 2))
    scores = rng.standard_normal(n) + trends[:, 0]
    inputs = kernels.Inputs(features, np.arange(d), effects, trends)
    return inputs, (scores - scores.mean()) / scores.std()


def test_posterior_with_trends_is_the_textbooks() -> None:
    inputs, scores = trending()
    theta = hyperparameters.Prior().mode(2)
    observed, others = inputs[np.arange(6)], inputs[np.arange(6, 9)]
    posterior = gp.Posterior(kernels.MATERN32, theta, observed, scores[:6])
    mean, deviation = posterior.predict(others)

    # A sum of independent processes: without trends, and coefficients of N(1 / sqrt(2), 1).
    plain = replace(inputs, trends=inputs.trends[:, :0])
    everywhere = gp.Posterior(kernels.MATERN32, theta, plain, scores)._covariance(plain)
    everywhere += inputs.trends @ inputs.trends.T
    expected = inputs.trends.sum(axis=1) / math.sqrt(2)
    known = everywhere[:6, :6] + theta.noise_variance * np.eye(6)
    gain = np.linalg.solve(known, everywhere[:6, 6:]).T
    assert mean == pytest.approx(expected[6:] + gain @ (scores[:6] - expected[:6]))
    variance = np.diag(everywhere[6:, 6:] - gain @ everywhere[:6, 6:])
    assert deviation == pytest.approx(np.sqrt(variance))
    assert posterior.mean(others) == pytest.approx(mean)


def test_likelihood_with_trends_and_its_gradient() -> None:
    inputs, scores = trending()
    prior = hyperparameters.Prior()
    target = likelihood.MarginalLikelihood(inputs, scores, kernels.MATERN32, prior)
    theta = prior.moments(2)[0] + 0.3
    numeric = optimize.approx_fprime(theta, lambda t: target(t)[0], 1e-6)
    assert target(theta)[1] == pytest.approx(numeric, rel=1e-3, abs=1e-4)

    # Power 1 leaves the scores as they are; the prior's mode adds nothing to the density.
    mode = prior.moments(2)[0]
    theta_mode = prior.mode(2)
    plain = replace(inputs, trends=inputs.trends[:, :0])
    covariance = gp.Posterior(kernels.MATERN32, theta_mode, plain, scores)._covariance(plain)
    covariance += inputs.trends @ inputs.trends.T + theta_mode.noise_variance * np.eye(9)
    normal = stats.multivariate_normal(inputs.trends.sum(axis=1) / math.sqrt(2), covariance)
    constant = 4.5 * math.log(2 * math.pi)
    assert target(mode)[0] == pytest.approx(-normal.logpdf(scores) - constant)
