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
def model_file(submodule: Submodule) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        submodule("replay.table").data_paths("full")[1].read_text()
    )
    return content


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


def test_readme_tables_are_put_into_their_section(submodule: Submodule) -> None:
    update = submodule("replay.quality_markdown").update_readme
    text = "### One\n\n| A | b |\n| - | - |\n\n### Two\n\n| A | b |\n| - | - |\n| 1 | 2 |\n"
    table = ["| A | c |", "| - | - |", "| 3 | 4 |"]
    first, second = text.split("### Two")
    assert update(text, [table], "Two") == f"{first}### Two\n\n" + "\n".join(table) + "\n"
    assert "| A | c |" in update(text, [table], "One").split("### Two")[0]
    with pytest.raises(ValueError, match="'Three'"):
        update(text, [table], "Three")


# The surface.


@pytest.fixture
def hyper(submodule: Submodule) -> Any:
    return submodule("replay.scattered_surface").ScatteredHyperparameters(
        mean=0.3,
        length_scales=[0.7, 1.5],
        signal_variance=2.0,
        log_noise_variances=[[-2.0, -1.0, -1.5], [0.0, 0.5]],
    )


def test_scattered_surface_equals_the_lattice_surface_on_a_lattice(submodule: Submodule) -> None:
    lattice, scattered = submodule("replay.surface"), submodule("replay.scattered_surface")
    rng = np.random.default_rng(1)
    levels = [np.linspace(0.0, 1.0, n) for n in (3, 4)]
    values = rng.normal(size=(3, 4))
    factors = [[0.1, 0.2, 0.3], [0.5, 1.0, 1.5, 4.0]]
    shared = {"mean": 0.3, "length_scales": [0.7, 0.4], "signal_variance": 2.0}
    complete = lattice.Surface(
        levels, values, lattice.Hyperparameters(**shared, level_noise_variances=factors)
    )
    points = np.array(list(itertools.product(*levels)))
    logs = [np.log(factor).tolist() for factor in factors]
    model = scattered.ScatteredSurface(
        points,
        values.ravel(),
        levels[:1],
        scattered.ScatteredHyperparameters(**shared, log_noise_variances=logs),
    )
    for cell, position in itertools.product(range(3), (0.0, 0.4, 1.0)):
        assert model.mean_at((cell,), position) == pytest.approx(
            complete.mean_at((cell,), position), rel=1e-5
        )
    for cell, position in itertools.product(range(3), levels[1]):
        assert model.noise_sd_at((cell,), position) == pytest.approx(
            complete.noise_sd_at((cell,), position)
        )
    for found, expected in zip(model.leave_one_out_residuals, complete.leave_one_out_residuals):
        assert found == pytest.approx(expected.ravel(), rel=1e-5)


def test_gradients_are_those_of_finite_differences(submodule: Submodule, hyper: Any) -> None:
    import dataclasses

    scattered = submodule("replay.scattered_surface")
    rng = np.random.default_rng(0)
    points, values = rng.random((12, 2)), rng.normal(size=12)

    def likelihood(changed: Any) -> float:
        return float(scattered._Posterior(points, values, changed).log_likelihood())

    def slope(change: Callable[[float], Any], step: float = 1e-5) -> float:
        return (likelihood(change(step)) - likelihood(change(-step))) / (2.0 * step)

    by_length, by_signal, by_noise = scattered._Posterior(points, values, hyper).gradients()
    for axis in range(2):

        def longer(step: float, axis: int = axis) -> Any:
            scales = list(hyper.length_scales)
            scales[axis] *= math.exp(step)
            return dataclasses.replace(hyper, length_scales=scales)

        assert by_length[axis] == pytest.approx(slope(longer), rel=1e-4)
    assert by_signal == pytest.approx(
        slope(lambda step: dataclasses.replace(hyper, signal_variance=2.0 * math.exp(step))),
        rel=1e-4,
    )
    noisier = slope(
        lambda step: dataclasses.replace(
            hyper,
            log_noise_variances=[
                [level + step for level in hyper.log_noise_variances[0]],
                hyper.log_noise_variances[1],
            ],
        )
    )
    assert by_noise.sum() == pytest.approx(noisier, rel=1e-4)


@pytest.mark.slow
def test_fit_recovers_noise_that_grows_along_an_axis(submodule: Submodule) -> None:
    pytest.importorskip("scipy")
    scattered = submodule("replay.scattered_surface")
    rng = np.random.default_rng(2)
    points = rng.random((400, 2))
    truth = np.sin(3.0 * points[:, 0]) + points[:, 1]
    sd = 0.05 * 4.0 ** points[:, 1]
    values = truth + sd * rng.normal(size=400)
    hyper, likelihood = scattered.fit(points, values, (2, 4))
    levels = [np.linspace(0.0, 1.0, 5)]
    model = scattered.ScatteredSurface(points, values, levels, hyper)
    for position in (0.1, 0.5, 0.9):
        assert model.noise_sd_at((2,), position) == pytest.approx(0.05 * 4.0**position, rel=0.3)
        assert model.mean_at((2,), position) == pytest.approx(math.sin(1.5) + position, abs=0.1)
    assert math.isfinite(likelihood)


def test_fit_survives_values_without_noise(submodule: Submodule) -> None:
    pytest.importorskip("scipy")
    points = np.random.default_rng(3).random((40, 2))
    hyper, _ = submodule("replay.scattered_surface").fit(points, points.sum(axis=1), (3, 3))
    assert all(math.isfinite(scale) for scale in hyper.length_scales)


# The build step.


def _records(table: Any, n: int) -> list[dict[str, Any]]:
    """The campaign's records of those runs whose training seed is less than ``n``."""
    environment = dict.fromkeys(("device", "machine", "python", "torch", "torchvision"), "x")
    return [
        {name: getattr(run, name) for name in ("role", "learning_rate", "training_seed", "loss")}
        | dict(zip(("depth", "latent_dim", "num_latents"), run.cell))
        | {"test_accuracy": run.test_accuracy, "seconds": run.seconds}
        | {"peak_memory_mb": run.peak_memory_mb, "diverged": run.diverged}
        | {"loss_curve": run.curve, "side_by_side": run.side_by_side}
        | environment
        for run in table.runs
        if run.training_seed < n
    ]


def _write(folder: Path, records: list[dict[str, Any]]) -> Path:
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def _redirect(
    build_table: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """Have the table written to a folder, and return where."""
    paths = folder / "full.csv", folder / "full.json"
    monkeypatch.setattr(build_table, "data_paths", lambda name: paths)
    return paths


def test_table_is_built_from_records(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    table: Any,
) -> None:
    pytest.importorskip("scipy")
    build_table = submodule("build_table")
    records = _records(table, 100)
    paths = _redirect(build_table, tmp_path, monkeypatch)
    records_path = _write(tmp_path, records)
    assert build_table.main(["--preset", "full", "--records", str(records_path)]) == 0
    runs = submodule("replay.measured").read_runs(paths[0])
    assert [run.training_seed for run in sorted(runs, key=lambda run: run.training_seed)] == [
        record["training_seed"]
        for record in sorted(records, key=lambda record: record["training_seed"])
    ]
    with pytest.raises(SystemExit):
        build_table.main(["--preset", "small", "--records", str(records_path)])
    assert "no run of the design of preset 'small'" in capsys.readouterr().err
    content = json.loads(paths[1].read_text())
    built = submodule("replay.table").Table(table.preset, runs, content["model"])
    assert 0.3 < built.expected_loss(5, 320, 160, 5e-4) < 0.6
    # Costs are those of the runs that the design has alone, not a share of several.
    planned = submodule("measuring.design").seeds_alone(table.preset)
    alone = [run for run in runs if run.training_seed in planned]
    ratios = [run.seconds / built.seconds[built.cell(*run.cell)] for run in alone]
    assert len(alone) > 3 and ratios == pytest.approx([1.0] * len(alone), abs=0.2)
    assert content["provenance"]["n_planned"] > len(runs)


@pytest.mark.parametrize(
    ("n", "missing"),
    [
        (
            15,
            "no held-out run up to it, no held-out run above it, no repeated run above it",
        ),
        (48, "0.00215: no held-out run above it. Go on with the campaign."),
    ],
)
def test_table_of_too_few_runs_to_tell_its_errors_is_not_written(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    table: Any,
    n: int,
    missing: str,
) -> None:
    pytest.importorskip("scipy")
    build_table = submodule("build_table")
    paths = _redirect(build_table, tmp_path, monkeypatch)
    records_path = _write(tmp_path, _records(table, n))
    with pytest.raises(SystemExit):
        build_table.main(["--preset", "full", "--records", str(records_path)])
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"--records {records_path}: " in last and missing in last
    assert not any(path.exists() for path in paths)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("no file", "records.jsonl: there is no such file."),
        ("no scipy", "scipy is needed: pip install scipy. (No module named 'scipy')"),
        ("no folder", "the table cannot be written: "),
        ("devices", "several devices, NVIDIA H100, NVIDIA H200, whose seconds do not compare"),
        ("trainers", "several trainers, fast, plain, whose seconds do not compare"),
    ],
)
def test_build_says_in_a_line_what_is_wrong(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    table: Any,
    wrong: str,
    message: str,
) -> None:
    build_table = submodule("build_table")
    in_the_way, records_path = tmp_path / "data", tmp_path / "records.jsonl"
    in_the_way.touch()
    records = _records(table, 5)
    if wrong == "devices":
        records[0]["device"], records[1]["device"] = "NVIDIA H100", "NVIDIA H200"
        records = records[:2]
    elif wrong == "trainers":
        records[0] |= {"trainer": "plain", "side_by_side": 1}
    if wrong != "no file":
        _write(tmp_path, records)

    def fit_model(*_: Any) -> dict[str, Any]:
        if wrong == "no scipy":
            raise ModuleNotFoundError("No module named 'scipy'")
        return {}

    monkeypatch.setattr(build_table, "data_paths", lambda name: [in_the_way / "full.csv"] * 2)
    monkeypatch.setattr(build_table, "fit_model", fit_model)
    monkeypatch.setattr(build_table, "Table", lambda *_: None)
    monkeypatch.setattr(build_table, "quality", lambda _: {})
    with pytest.raises(SystemExit):
        build_table.main(["--preset", "full", "--records", str(records_path)])
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ModuleNotFoundError("No module named 'matplotlib'"), "pip install matplotlib. (No mod"),
        (PermissionError(13, "Permission denied"), "the picture cannot be written: [Errno 13]"),
    ],
)
def test_picture_says_in_a_line_what_is_wrong(
    submodule: Submodule,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    message: str,
) -> None:
    plot_landscape = submodule("plot_landscape")

    def save(*_: Any) -> None:
        raise error

    monkeypatch.setattr(plot_landscape, "plot", lambda table: None)
    monkeypatch.setattr(plot_landscape, "_save", save)
    with pytest.raises(SystemExit):
        plot_landscape.main(["--preset", "full"])
    assert message in capsys.readouterr().err.splitlines()[-1]
