"""The table of preset full: runs scattered over the space, and the model between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import itertools
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest


Submodule = Callable[[str], ModuleType]
CELLS = ((2, 128, 64), (5, 320, 160), (8, 512, 256))


@pytest.fixture(scope="module")
def table(submodule: Submodule) -> Any:
    return submodule("replay.table").load_table("full")


@pytest.fixture(scope="module")
def model_file(read_model_file: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return read_model_file("full")


def point(run: Any) -> tuple[int, int, int, float]:
    return (*run.cell, run.learning_rate)


# What was measured.


def test_runs_are_those_of_the_design(submodule: Submodule, table: Any) -> None:
    groups = submodule("measuring.design").design(submodule("presets").get_preset("full"))
    planned = {(run.role, *point(run), run.training_seed) for group in groups for run in group}
    measured = Counter((run.role, *point(run), run.training_seed) for run in table.runs)
    assert set(measured) <= planned
    assert set(measured.values()) == {1}


def test_measured_runs_are_consistent(table: Any, submodule: Submodule) -> None:
    diverged_loss = submodule("record").DIVERGED_LOSS
    n_steps = np.diff([round(i * 938 / 8) for i in range(9)])  # in each part of the curve
    for run in table.runs:
        assert math.isclose(np.average(run.curve, weights=n_steps), run.loss, rel_tol=1e-3)
        assert 0.0 <= run.test_accuracy <= 1.0
        assert run.seconds > 0.0
        assert run.diverged == (run.curve[-1] > diverged_loss)
    # Two or one where the campaign went on with what an interruption had left of a group.
    assert {run.side_by_side for run in table.runs} == {1, 2, 4, 5}


def test_package_is_small_text(submodule: Submodule) -> None:
    runs_path, model_path = submodule("replay.table").data_paths("full")
    assert runs_path.stat().st_size < 360_000
    assert model_path.stat().st_size < 10_000


# What the table says.


def test_study_on_the_table_is_complete(package: ModuleType) -> None:
    problem = package.Problem("full")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(problem, n_trials=20)
    assert len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == 20
    for trial in study.trials:
        assert trial.value == problem.evaluate(trial.params)
        assert trial.user_attrs["expected_loss"] == problem.expected_loss(trial.params)
        json.dumps(trial.user_attrs)


@pytest.mark.parametrize("rate", [1e-4, 3e-4, 1e-3, 4e-3, 1e-2])
def test_replayed_curve_belongs_to_the_loss(table: Any, submodule: Submodule, rate: float) -> None:
    for cell, seed in itertools.product(CELLS, range(20)):
        record = table.replay(*cell, rate, seed)
        assert len(record.loss_curve) == 8
        assert math.isclose(np.mean(record.loss_curve), record.loss, rel_tol=1e-12)
        assert record.diverged == (record.loss_curve[-1] > submodule("record").DIVERGED_LOSS)
        assert 0.0 <= record.test_accuracy <= 1.0
        assert record == table.replay(*cell, rate, seed)


def test_seeds_have_different_noise_around_the_expected_loss(table: Any) -> None:
    for cell in CELLS:
        expected = table.expected_loss(*cell, 5e-4)
        replayed = [table.replay(*cell, 5e-4, seed).loss for seed in range(300)]
        assert len(set(replayed)) > 150  # each of the measured residuals, as chance has it
        assert 0.35 < np.mean(np.array(replayed) < expected) < 0.65


def test_cost_grows_with_every_size(submodule: Submodule, table: Any) -> None:
    assert table.seconds.shape == (7, 7, 7)
    for axis in range(3):
        assert (np.diff(table.seconds, axis=axis) > 0.0).all()
    planned = submodule("measuring.design").seeds_alone(table.preset)
    alone = [run for run in table.runs if run.training_seed in planned]
    assert all(run.side_by_side == 1 for run in alone) and len(alone) > 15
    ratios = [run.seconds / table.seconds[table.cell(*run.cell)] for run in alone]
    assert 0.7 < min(ratios) and max(ratios) < 1.4


def test_replayed_curve_at_a_measured_run_is_its_own(table: Any) -> None:
    pairs = {point(run) for run in table.runs if run.role == "repeat"}
    once = [run for run in table.runs if run.role == "design" and point(run) not in pairs]
    for run in once[::50]:
        record = table.replay(*point(run), training_seed=3)
        ratio = np.array(record.loss_curve) / np.array(run.curve)
        assert ratio == pytest.approx(ratio[0], rel=1e-9)


def test_divergence_is_replayed_about_as_often_as_measured(table: Any) -> None:
    runs = [run for run in table.runs if run.role == "design"]
    for low, high in ((1e-4, 2e-3), (2e-3, 1.1e-2)):
        part = [run for run in runs if low <= run.learning_rate < high]
        measured = np.mean([run.diverged for run in part])
        replayed = np.mean([table.replay(*point(run), 7).diverged for run in part])
        assert abs(replayed - measured) < 0.12
    assert any(run.diverged for run in runs)


# What the README says of it.


def test_held_out_error_is_what_the_readme_says(table: Any, model_file: dict[str, Any]) -> None:
    figures = model_file["quality"]
    errors = [
        math.log(run.loss / table.expected_loss(*point(run)))
        for run in table.runs
        if run.role == "held_out" and run.learning_rate < figures["edge_from"]
    ]
    stated = figures["held_out"]["surface"]["below"]
    assert len(errors) == figures["n_held_out"]["below"] > 10
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(stated["rms"], rel=0.01)
    assert stated["rms"] < figures["held_out"]["nearest"]["below"]["rms"]
    # Within reach of the noise, below which nothing can come.
    assert stated["median"] < 1.5 * figures["noise"]["measured_pairs"]["below"]["median"]


def test_cost_is_what_the_readme_says(
    submodule: Submodule, table: Any, model_file: dict[str, Any]
) -> None:
    assert submodule("replay.quality")._cost(table) == pytest.approx(
        model_file["quality"]["cost"], rel=1e-3
    )


@pytest.mark.slow
def test_figures_are_what_the_table_gives(
    submodule: Submodule, table: Any, model_file: dict[str, Any]
) -> None:
    figures = submodule("replay.quality").quality(table)
    assert figures.keys() == model_file["quality"].keys()
    for name in ("held_out", "noise"):
        for key, by_part in figures[name].items():
            for part, values in by_part.items():
                assert values == pytest.approx(model_file["quality"][name][key][part], rel=0.01)
    for name in ("standardised", "n_repeats", "n_held_out", "edge_from", "diverged"):
        assert figures[name] == pytest.approx(model_file["quality"][name], rel=0.01)


def test_held_out_cells_have_no_part_in_the_model(submodule: Submodule, table: Any) -> None:
    held_out = {run.cell for run in table.runs if run.role == "held_out"}
    kept = [run for run in table.runs if run.cell not in held_out]
    model = json.loads(submodule("replay.table").data_paths("full")[1].read_text())["model"]
    without = submodule("replay.table").Table(table.preset, kept, model)
    for cell in (*CELLS, *held_out):
        assert without.expected_loss(*cell, 7e-4) == table.expected_loss(*cell, 7e-4)


def test_readme_shows_the_figures_of_the_table(
    submodule: Submodule, model_file: dict[str, Any]
) -> None:
    def cells(line: str) -> list[str]:
        return [cell.strip() for cell in line.split("|")]

    text = (Path(__file__).parents[1] / "README.md").read_text()
    section = text[text.index("### The Table of `full`") :]
    readme = [cells(line) for line in section.splitlines()]
    for lines in submodule("replay.quality_markdown").markdown(model_file):
        for line in lines[:1] + lines[2:]:  # without the rule, whose length is mdformat's
            assert cells(line) in readme
