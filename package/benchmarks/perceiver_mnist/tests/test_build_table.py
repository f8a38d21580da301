"""The command that builds a table from a campaign's records."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def table(submodule: Submodule) -> Any:
    return submodule("replay.table").load_table("full")


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
