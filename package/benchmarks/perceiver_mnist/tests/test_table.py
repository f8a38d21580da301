"""The table of preset small: what was measured, and what is replayed of it."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import math
from pathlib import Path
import sys
import tracemalloc
from types import ModuleType
from typing import Any

import numpy as np
import pytest


Submodule = Callable[[str], ModuleType]
PACKAGE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def table(small_table: Any) -> Any:
    return small_table


def point(run: Any) -> tuple[int, int, int, float]:
    return run.depth, run.latent_dim, run.num_latents, run.learning_rate


# What was measured.


def test_table_holds_the_whole_design(submodule: Submodule, table: Any) -> None:
    design, presets = submodule("measuring.design"), submodule("presets")
    planned = {
        (run.role, *point(run), run.training_seed)
        for group in design.design(presets.get_preset("small"))
        for run in group
    }
    measured = {(run.role, *point(run), run.training_seed) for run in table.runs}
    assert measured == planned
    assert len(table.runs) == len(planned)


def test_measured_runs_are_consistent(table: Any, submodule: Submodule) -> None:
    diverged_loss = submodule("record").DIVERGED_LOSS
    for run in table.runs:
        assert math.isclose(np.mean(run.curve), run.loss, rel_tol=1e-3)
        assert 0.0 <= run.test_accuracy <= 1.0
        assert run.seconds > 0.0
        assert math.isclose(run.curve[-1], diverged_loss, rel_tol=1e-3) or (
            run.diverged == (run.curve[-1] > diverged_loss)
        )


def test_table_agrees_with_measured_runs_within_their_noise(table: Any) -> None:
    lattice = [run for run in table.runs if run.role == "lattice"]
    residuals = np.array(
        [
            (
                float(table.loss_scale.to_z(np.array(run.loss)))
                - table.loss_surface.mean_at(
                    table.cell(*point(run)[:3]), table.position(run.learning_rate)
                )
            )
            / table.loss_surface.noise_sd_at(
                table.cell(*point(run)[:3]), table.position(run.learning_rate)
            )
            for run in lattice
        ]
    )
    assert abs(residuals.mean()) < 0.1
    # Below one because every run had a part in its own prediction.
    assert 0.75 < residuals.std() < 1.05
    assert np.mean(np.abs(residuals) > 4.0) < 0.01


def test_cost_grows_with_every_size_and_not_with_the_learning_rate(table: Any) -> None:
    for axis in range(3):
        sizes = [
            np.mean([run.seconds for run in table.runs if point(run)[axis] == value])
            for value in sorted({point(run)[axis] for run in table.runs})
        ]
        assert sizes[-1] > 1.2 * sizes[0]
    by_rate = [
        np.mean(
            [
                run.seconds
                for run in table.runs
                if run.role == "lattice" and run.learning_rate == rate
            ]
        )
        for rate in sorted({run.learning_rate for run in table.runs if run.role == "lattice"})
    ]
    assert max(by_rate) < 1.05 * min(by_rate)


def test_odd_run_does_not_move_the_cost_of_its_cell(submodule: Submodule, table: Any) -> None:
    medians = submodule("replay.measured").cell_medians
    first = table.runs[0]
    odd = [dataclasses.replace(run, seconds=1e6) if run is first else run for run in table.runs]
    before, after = (medians(table.preset, runs, "seconds") for runs in (table.runs, odd))
    assert before.shape == (7, 7, 7)
    assert after == pytest.approx(before, rel=0.2)
    cell = [run.seconds for run in table.runs if run.cell == (3, 8, 16)]
    assert before[1, 0, 6] == np.median(cell)


def test_incomplete_lattice_is_an_error(submodule: Submodule, table: Any) -> None:
    n = sum(run.role == "lattice" for run in table.runs)
    with pytest.raises(ValueError, match=f"{n - 1} different runs.*{n} points"):
        submodule("replay.measured").Lattice(table.preset, table.runs[1:])


# What is replayed.


def test_expected_loss_is_continuous_in_the_learning_rate(table: Any) -> None:
    rates = np.geomspace(5e-4, 5e-2, 1000)
    for cell in ((2, 8, 4), (5, 20, 10), (8, 32, 16)):
        losses = np.log([table.expected_loss(*cell, rate) for rate in rates])
        assert np.isfinite(losses).all()
        assert np.abs(np.diff(losses)).max() < 0.05


@pytest.mark.parametrize("rate", [5e-4, 0.001, 0.01, 0.03, 5e-2])
def test_replayed_curve_belongs_to_the_loss(table: Any, submodule: Submodule, rate: float) -> None:
    for cell in ((2, 8, 4), (5, 20, 10), (8, 32, 16)):
        for seed in range(20):
            record = table.replay(*cell, rate, seed)
            assert len(record.loss_curve) == 8
            assert math.isclose(np.mean(record.loss_curve), record.loss, rel_tol=1e-12)
            assert record.diverged == (record.loss_curve[-1] > submodule("record").DIVERGED_LOSS)
            assert 0.0 <= record.test_accuracy <= 1.0


def test_replayed_curve_is_that_of_a_neighbouring_run_the_closer_the_likelier(table: Any) -> None:
    cell = (5, 20, 10)
    measured = {
        run.learning_rate: np.array(run.curve) / np.mean(run.curve)
        for run in table.runs
        if run.role == "lattice" and run.cell == cell
    }
    rates = sorted(measured)
    lower, upper = measured[rates[3]], measured[rates[4]]
    for share in (0.0, 0.25, 0.9):
        rate = rates[3] ** (1.0 - share) * rates[4] ** share
        records = [table.replay(*cell, rate, seed) for seed in range(400)]
        shapes = np.array([np.array(record.loss_curve) / record.loss for record in records])
        is_upper = np.isclose(shapes, upper).all(axis=1)
        assert (is_upper | np.isclose(shapes, lower).all(axis=1)).all()
        assert abs(is_upper.mean() - share) < 0.08  # over three standard errors


def test_divergence_is_replayed_as_often_as_measured(table: Any) -> None:
    lattice = [run for run in table.runs if run.role == "lattice"]
    for rate in sorted({run.learning_rate for run in lattice}):
        runs = [run for run in lattice if run.learning_rate == rate]
        measured = np.mean([run.diverged for run in runs])
        replayed = np.mean([table.replay(*point(run), 7).diverged for run in runs])
        assert abs(replayed - measured) < 0.06, rate
    assert any(run.diverged for run in lattice)


def test_accuracy_falls_as_the_loss_rises(table: Any) -> None:
    runs = [table.replay(*point(run), 3) for run in table.runs if run.role == "lattice"]
    replayed = np.corrcoef([math.log(r.loss) for r in runs], [r.test_accuracy for r in runs])
    measured = np.corrcoef(
        [math.log(r.loss) for r in table.runs], [r.test_accuracy for r in table.runs]
    )
    assert replayed[0, 1] < -0.5
    assert abs(replayed[0, 1] - measured[0, 1]) < 0.1


# Files, and what a query costs.


def test_preset_without_table_says_how_to_measure_one(
    submodule: Submodule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = submodule("replay.table")
    monkeypatch.setattr(table, "_DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="'full'.*measured yet.*campaign --preset full"):
        table.load_table.__wrapped__("full")


@pytest.mark.parametrize(
    ("damaged", "n_lines", "reason"),
    [
        ("full.csv", 300, "299 runs, but the model is of 755"),
        ("full.csv", 299.5, "IndexError"),
        ("full.json", 20, "JSONDecodeError"),
    ],
)
def test_damaged_table_is_an_error_that_names_its_files(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damaged: str,
    n_lines: float,
    reason: str,
) -> None:
    table = submodule("replay.table")
    for path in table.data_paths("full"):
        lines = path.read_text().splitlines(keepends=True)
        if path.name == damaged:
            half = lines[int(n_lines)][:20] if n_lines % 1 else ""
            lines = [*lines[: int(n_lines)], half]
        (tmp_path / path.name).write_text("".join(lines))
    monkeypatch.setattr(table, "_DATA", tmp_path)
    with pytest.raises(ValueError, match=f"'full'.*{reason}.*data/full.csv and data/full.json"):
        table.load_table.__wrapped__("full")


def test_package_is_small_text(submodule: Submodule) -> None:
    runs_path, model_path = submodule("replay.table").data_paths("small")
    assert runs_path.stat().st_size < 360_000
    assert model_path.stat().st_size < 10_000
    for image in (PACKAGE / "images").iterdir():
        assert image.stat().st_size < 100_000


def test_query_takes_microseconds(table: Any) -> None:
    """As many as some dozens of calls on a few numbers take: no machine's clock is asked."""
    table.replay(5, 20, 10, 0.003, 0)
    n_calls = 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal n_calls
        n_calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        table.replay(5, 20, 10, 0.003, 1)
    finally:
        sys.setprofile(None)
    assert 0 < n_calls < 300
    # Nothing of the size of the table is made, of whose runs there are thousands.
    tracemalloc.start()
    try:
        table.replay(5, 20, 10, 0.003, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0 < peak < 10_000
