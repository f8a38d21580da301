"""The noise of the table of preset small: whose it is, and how large."""

from __future__ import annotations

from collections.abc import Callable
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest


Submodule = Callable[[str], ModuleType]
PARAMS = {"depth": 3, "latent_dim": 20, "num_latents": 10, "learning_rate": 0.004}


@pytest.fixture(scope="module")
def table(small_table: Any) -> Any:
    return small_table


def point(run: Any) -> tuple[int, int, int, float]:
    return run.depth, run.latent_dim, run.num_latents, run.learning_rate


def pair_differences(table: Any) -> tuple[np.ndarray, np.ndarray]:
    """Repeats minus first runs, on the model's scale, over root two; and the modelled sd."""
    first = {point(run): run.loss for run in table.runs if run.role == "lattice"}
    repeats = [run for run in table.runs if run.role == "repeat"]
    z = table.loss_scale.to_z(np.array([[run.loss, first[point(run)]] for run in repeats]))
    sd = [
        table.loss_surface.noise_sd_at(table.cell(*point(run)[:3]), table.position(point(run)[3]))
        for run in repeats
    ]
    return (z[:, 0] - z[:, 1]) / math.sqrt(2.0), np.array(sd)


def test_same_seed_replays_the_same_run_and_another_seed_another(
    package: ModuleType, table: Any
) -> None:
    first, again, other = (package.Problem(training_seed=seed).run(PARAMS) for seed in (1, 1, 2))
    assert first == again
    assert first.loss != other.loss
    assert first.seconds == other.seconds


def test_configurations_do_not_share_their_noise(table: Any) -> None:
    ratios = {
        table.replay(3, 20, 10, rate).loss / table.expected_loss(3, 20, 10, rate)
        for rate in (0.004, 0.004000001, 0.0040001)
    }
    assert len(ratios) == 3
    assert max(ratios) - min(ratios) > 1e-3


def test_cells_do_not_share_their_noise(table: Any) -> None:
    def noise(*cell: int) -> float:
        at, position = table.cell(*cell), table.position(0.004)
        z = float(table.loss_scale.to_z(np.array(table.replay(*cell, 0.004).loss)))
        surface = table.loss_surface
        return float((z - surface.mean_at(at, position)) / surface.noise_sd_at(at, position))

    cells = [(depth, dim, 10) for depth in (2, 5, 8) for dim in (8, 20, 32)]
    assert len({round(noise(*cell), 6) for cell in cells}) == len(cells)


def test_replayed_noise_has_the_modelled_size_and_its_median_is_expected_loss(table: Any) -> None:
    rate = 0.0011
    cell, position = table.cell(5, 16, 8), table.position(rate)
    z = table.loss_scale.to_z(
        np.array([table.replay(5, 16, 8, rate, seed).loss for seed in range(4000)])
    )
    sd = table.loss_surface.noise_sd_at(cell, position)
    expected = float(table.loss_scale.to_z(np.array(table.expected_loss(5, 16, 8, rate))))
    assert abs(np.median(z) - expected) < 5 * 1.2533 * sd / math.sqrt(4000)
    assert abs(z.std() / sd - 1.0) < 0.06  # five standard errors
    assert abs(np.mean(np.abs(z - z.mean()) < sd) - 0.683) < 0.04


def test_replayed_noise_has_the_measured_size(table: Any) -> None:
    differences, sd = pair_differences(table)
    standardised = differences / sd
    # The standard error of 250 pairs of normal noise is 4.5%.
    assert abs(np.sqrt(np.mean(standardised**2)) - 1.0) < 0.15
    highest = max(run.learning_rate for run in table.runs)
    edge = np.array([r.learning_rate == highest for r in table.runs if r.role == "repeat"])
    assert abs(np.sqrt(np.mean(standardised[~edge] ** 2)) - 1.0) < 0.15
    assert abs(np.sqrt(np.mean(standardised[edge] ** 2)) - 1.0) < 0.5


def test_half_of_the_replayed_losses_lie_above_the_expected_one(submodule: Submodule) -> None:
    class Skewed:
        """Residuals whose median is far from 0."""

        residuals = np.random.default_rng(0).exponential(size=(30, 7))
        leave_one_out_residuals = residuals, np.full((30, 7), 2.0)

    noise = submodule("replay.table")._standardised_noise(Skewed())
    assert np.median(noise) == pytest.approx(0.0, abs=1e-12)
    assert np.mean(noise**2) == pytest.approx(1.0)


def test_accuracy_has_the_modelled_noise_and_its_share_of_the_losss(table: Any) -> None:
    rate, n = 0.0011, 2000
    cell, position = table.cell(5, 16, 8), table.position(rate)
    records = [table.replay(5, 16, 8, rate, seed) for seed in range(n)]
    accuracies = np.array([record.test_accuracy for record in records])
    z = np.log(accuracies / (1.0 - accuracies))
    surface = table.accuracy_surface
    assert abs(z.std() / surface.noise_sd_at(cell, position) - 1.0) < 0.08  # five standard errors
    assert abs(z.mean() - surface.mean_at(cell, position)) < 0.15 * z.std()
    losses = table.loss_scale.to_z(np.array([record.loss for record in records]))
    correlation = np.corrcoef(losses, z)[0, 1]
    assert abs(correlation - table._parts.accuracy_correlation) < 5.0 / math.sqrt(n)
