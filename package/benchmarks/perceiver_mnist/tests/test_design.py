"""The design of a campaign: which runs it has, and in what order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import math
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]
PlannedRuns = Callable[[str], list[Any]]


def test_design_covers_the_whole_lattice_once(
    submodule: Submodule, planned_runs: PlannedRuns
) -> None:
    preset, design = submodule("presets").get_preset("small"), submodule("measuring.design")
    runs = planned_runs("small")
    assert Counter(run.role for run in runs) == {
        "lattice": 343 * design.N_LEARNING_RATES,
        "repeat": design.N_REPEATS,
        "held_out": design.N_HELD_OUT,
    }
    assert len(runs) >= 2000
    points = Counter((run.cell, run.learning_rate) for run in runs if run.role == "lattice")
    assert len(points) == 343 * design.N_LEARNING_RATES
    rates = sorted({point[-1] for point in points})
    assert (rates[0], rates[-1]) == (preset.learning_rate.low, preset.learning_rate.high)
    for role in ("repeat", "held_out"):
        cells = Counter(run.cell for run in runs if run.role == role)
        assert set(cells.values()) == {1}
    assert all(run.learning_rate in rates for run in runs if run.role == "repeat")
    assert all(rates[0] < run.learning_rate < rates[-1] for run in runs if run.role == "held_out")


def test_scattered_design_has_every_cell_at_rates_of_its_own(
    submodule: Submodule, planned_runs: PlannedRuns
) -> None:
    preset, design = submodule("presets").get_preset("full"), submodule("measuring.design")
    runs = planned_runs("full")
    assert len(runs) >= 1500
    once = [run for run in runs if run.role != "repeat"]
    repeats = [run for run in runs if run.role == "repeat"]
    assert len(repeats) >= 150
    assert Counter(Counter(run.cell for run in once).values()) == {design.N_RATES_A_CELL: 343}
    known = {(run.cell, run.learning_rate) for run in once}
    assert len(known) == len(once)
    assert all((run.cell, run.learning_rate) in known for run in repeats)
    low, high = preset.learning_rate.low, preset.learning_rate.high
    for cell in {run.cell for run in once}:
        positions = sorted(
            math.log(run.learning_rate / low) / math.log(high / low)
            for run in once
            if run.cell == cell
        )
        parts = [int(design.N_RATES_A_CELL * position + 1e-6) for position in positions]
        assert parts == list(range(design.N_RATES_A_CELL))
    held_out = {run.cell for run in once if run.role == "held_out"}
    assert len(held_out) == 343 // design.HELD_OUT_EVERY
    assert not held_out & {run.cell for run in once if run.role == "design"}


def test_groups_of_the_scattered_design_can_be_trained_side_by_side(submodule: Submodule) -> None:
    groups = submodule("measuring.design").design(submodule("presets").get_preset("full"))
    assert all(len({run.cell for run in group}) == 1 for group in groups)
    alone = [group[0] for group in groups if len(group) == 1]
    assert {run.role for run in alone} == {"repeat"}
    assert len(alone) >= 80  # these tell what a run costs
    for name in ("depth", "latent_dim", "num_latents"):
        assert len({getattr(run, name) for run in alone}) == 7


@pytest.mark.parametrize("preset_name", ["small", "full"])
def test_every_run_has_its_own_training_seed(planned_runs: PlannedRuns, preset_name: str) -> None:
    runs = planned_runs(preset_name)
    assert [run.training_seed for run in runs] == list(range(len(runs)))


@pytest.mark.parametrize("preset_name", ["small", "full"])
def test_design_is_always_the_same(planned_runs: PlannedRuns, preset_name: str) -> None:
    # A campaign that was interrupted goes by the training seeds: they must mean the same runs.
    assert planned_runs(preset_name) == planned_runs(preset_name)


@pytest.mark.parametrize("preset_name", ["small", "full"])
def test_every_beginning_of_the_design_covers_the_space(
    planned_runs: PlannedRuns, preset_name: str
) -> None:
    runs = planned_runs(preset_name)[:343]
    for name in ("depth", "latent_dim", "num_latents"):
        counts = Counter(getattr(run, name) for run in runs)
        assert len(counts) == 7 and min(counts.values()) > 20
