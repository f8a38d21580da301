"""The campaign's command: its arguments, and the file of records that it goes on with."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
from datetime import date
from datetime import datetime
from datetime import timezone
import json
from pathlib import Path
import re
import sys
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]
PlannedRuns = Callable[[str], list[Any]]


def test_cut_last_line_is_left_out_and_spoils_no_later_one(
    submodule: Submodule, tmp_path: Path
) -> None:
    files = submodule("measuring.record_file")
    path = tmp_path / "folder" / "records.jsonl"
    assert files.read_records(path) == []
    with files.locked(path):
        files.end_last_line(path)
    assert path.read_bytes() == b""
    path.write_bytes(b'{"training_seed": 0}\n{"training_seed": 1, "lo\0\0')
    assert [record["training_seed"] for record in files.read_records(path)] == [0]
    files.end_last_line(path)
    files.append_record(path, {"training_seed": 1})
    assert [record["training_seed"] for record in files.read_records(path)] == [0, 1]
    before = path.read_bytes()
    files.end_last_line(path)
    assert path.read_bytes() == before


def _records(runs: list[Any]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(run) | {"device": "cpu"} for run in runs[:3]]


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("other preset", "no run of the design of preset 'small': {'depth': "),
        ("other learning rate", "no run of the design of preset 'small'.*'learning_rate': 0.5"),
        ("other seed", "no run of the design of preset 'small'.*'training_seed': 99999"),
        ("other device", "runs on NVIDIA H200, with whose seconds those on cpu do not compare"),
        ("other trainer", "runs of --trainer fast.*go on with --trainer fast, or give a new file"),
        ("side by side", "runs of --trainer fast, with whose seconds those of --trainer plain do"),
        ("no record", "no run of the design of preset 'small'"),
        ("no JSON", "line 1 is '5', but must be a JSON object"),
        ("no text", "line 1 is .*, but must be a JSON object"),
        ("folder", "Is a directory"),
    ],
)
def test_file_of_something_else_is_an_error_and_stays_as_it_is(
    submodule: Submodule,
    planned_runs: PlannedRuns,
    preset_of_256: None,
    small_mnist: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    message: str,
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    records = _records(planned_runs("full" if content == "other preset" else "small"))
    if content == "other learning rate":
        records[1]["learning_rate"] = 0.5
    elif content == "other seed":
        records[1]["training_seed"] = 99999
    elif content == "other device":
        records[1]["device"] = "NVIDIA H200"
    elif content == "other trainer":
        records[1]["trainer"] = "fast"
    elif content == "side by side":
        records[1]["side_by_side"] = 4
    elif content == "no record":
        records[1] = {"matrix_rate": 1.0}
    _write(out, records)
    if content == "no JSON":
        out.write_text("5\n")
    elif content == "no text":
        out.write_bytes(b"\xff\xfe\x00")
    elif content == "folder":
        out.unlink()
        out.mkdir()
    before = out.read_bytes() if out.is_file() else None
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--out", str(out), "--data-root", str(small_mnist)])
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.search(f"--out {re.escape(str(out))}: .*{message}", last)
    assert before is None or out.read_bytes() == before


@pytest.mark.parametrize("recorded", ["1.0", "this", None])
def test_campaign_says_that_it_goes_on_with_another_torch(
    submodule: Submodule,
    planned_runs: PlannedRuns,
    preset_of_256: None,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recorded: str | None,
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    monkeypatch.setattr(submodule("campaign"), "plain_records", lambda *_, **__: iter([]))
    out = tmp_path / "records.jsonl"
    records = _records(planned_runs("small"))
    if recorded is not None:
        version = torch.__version__ if recorded == "this" else recorded
        records = [record | {"torch": version} for record in records]
    _write(out, records)
    arguments = ["--out", str(out), "--data-root", str(small_mnist)]
    assert submodule("campaign").main(arguments) == 0
    told = capsys.readouterr().err.splitlines()
    if recorded == "1.0":
        expected = f"--out {out} holds runs made with torch 1.0, and goes on with torch "
        assert len(told) == 1 and told[0].startswith(expected + torch.__version__)
    else:
        assert told == []


def test_campaign_goes_on_with_what_is_left_until_a_time_counted_from_its_start(
    submodule: Submodule,
    planned_runs: PlannedRuns,
    preset_of_256: None,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torchvision")
    campaign, data = submodule("campaign"), submodule("training.data")
    now = [1000.0]
    monkeypatch.setattr(campaign.time, "monotonic", lambda: now[0])
    load = data.load_images

    def load_slowly(*arguments: Any) -> Any:
        now[0] += 50.0
        return load(*arguments)

    asked: dict[str, Any] = {}

    def fast_records(groups: Any, **more: Any) -> Any:
        asked.update(more, groups=groups)
        yield from (dataclasses.asdict(run) | {"loss": 0.5} for run in groups[0])

    monkeypatch.setattr(data, "load_images", load_slowly)
    monkeypatch.setattr(campaign, "fast_records", fast_records)
    out = tmp_path / "records.jsonl"
    _write(out, _records(planned_runs("full")))
    arguments = ["--preset", "full", "--trainer", "fast", "--data-root", str(small_mnist)]
    assert campaign.main([*arguments, "--out", str(out), "--minutes", "2"]) == 0
    assert asked["deadline"] == 1000.0 + 120.0
    left = [run for group in asked["groups"] for run in group]
    assert left == planned_runs("full")[3:]
    made = [json.loads(line) for line in out.read_text().splitlines()[3:]]
    assert [record["training_seed"] for record in made] == [3]
    assert all(made[0][name] for name in ("python", "torch", "torchvision", "machine"))
    assert made[0]["trainer"] == "fast"
    today = datetime.now(timezone.utc).date()
    assert (today - date.fromisoformat(made[0]["date"])).days in (0, 1)
    assert f"3 of {len(left) + 3} runs done" in capsys.readouterr().out


def test_file_that_cannot_be_written_ends_the_campaign_in_a_line(
    submodule: Submodule, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = submodule("campaign")
    out = tmp_path / "folder" / "records.jsonl"  # as if it were gone all of a sudden
    assert campaign._write(iter([{"training_seed": 0}]), out, {}, n_left=1) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(out) in line and "The same command continues." in line


@pytest.mark.parametrize("arguments", [["--minutes", "nan"], ["--minutes", "-1"]])
def test_time_box_is_a_number_from_0(
    submodule: Submodule,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--out", str(tmp_path / "records.jsonl"), *arguments])
    assert f"is {arguments[1]}, but must be a number from 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "MNIST is not at data_root"), (["--workers", "0"], "--workers is 0")],
)
def test_wrong_arguments_end_before_any_run(
    submodule: Submodule,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    arguments = ["--out", str(out), "--data-root", str(tmp_path), *arguments]
    with pytest.raises(SystemExit):
        submodule("campaign").main(arguments)
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_campaign_without_torchvision_says_what_to_install(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    out = str(tmp_path / "out.jsonl")
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--data-root", str(small_mnist), "--out", out])
    assert "pip install torch torchvision" in capsys.readouterr().err


def test_campaign_does_not_measure_the_seconds_of_other_kernels(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    cuda = torch.device("cuda")
    monkeypatch.setattr(submodule("training.devices"), "resolve_device", lambda name: cuda)
    monkeypatch.setattr(submodule("training.fused"), "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--trainer", "fast", "--out", str(tmp_path / "out.jsonl")])
    assert "The fast trainer needs triton on CUDA" in capsys.readouterr().err
