"""Whether outcomes fall where they were expected: the numbers, and the command."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from benchmarks import jsonlines
from benchmarks.calibration import coverage as calibration
from benchmarks.cli import main
from benchmarks.folders import own_folder


def test_place_counts_the_quantiles_below() -> None:
    quantiles = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert [calibration.place(v, quantiles) for v in (0.5, 1.0, 3.5, 7.5)] == [0.0, 0.5, 3.0, 7.0]
    # A prediction that is certain holds what it predicts.
    assert calibration.held(np.array([calibration.place(2.0, [2.0] * 7)])).all()


def test_intervals_lie_between_their_quantiles() -> None:
    places = np.arange(8.0)
    np.testing.assert_array_equal(
        calibration.held(places).T,
        [[0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0], [0, 1, 1, 1, 1, 1, 1, 0]],
    )


def test_outcomes_drawn_as_predicted_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    levels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
    studies = [
        np.array([calibration.place(value, levels) for value in rng.random(50)])
        for _ in range(100)
    ]
    coverage = calibration.coverage(studies)
    np.testing.assert_allclose(coverage, calibration.SHARES, atol=0.02)
    low, high = calibration.coverage_interval(studies, rng)
    assert (low < coverage).all() and (coverage < high).all()
    np.testing.assert_allclose(high - low, [0.028, 0.022, 0.012], atol=0.008)
    assert np.isnan(calibration.coverage([])).all()


def test_line_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert jsonlines.whole_lines(path) == []
    jsonlines.append(path, {"a": 1})
    with path.open("a") as file:
        file.write('{"a": 2')
    assert jsonlines.whole_lines(path) == ['{"a": 1}']
    jsonlines.append(path, {"a": 3})
    assert jsonlines.whole_lines(path) == ['{"a": 1}', '{"a": 3}']


def test_command_continues_and_reads_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "calibration"
    words = ["calibrate", "--suite", "discrete", "--trials", "8", "--out", str(out)]
    assert main([*words, "--seeds", "1"]) == 0
    log = out / "calibration.jsonl"
    first = log.read_text()
    assert main([*words, "--seeds", "2"]) == 0
    assert log.read_text().startswith(first)
    table = (out / "calibration.md").read_text()
    assert len(log.read_text().splitlines()) == 8 and "| all" in table
    again = tmp_path / "again"
    assert main(["calibrate", "--records", str(log), "--out", str(again)]) == 0
    assert (again / "calibration.md").read_text() == table
    capsys.readouterr()
    assert main([*words[:4], "9", "--out", str(out)]) == 2
    assert "other versions or --trials" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--suite", "nope"], "--suite: got 'nope'"),
        (["--records", "no/such/file"], "--records: cannot read no/such/file"),
        (["--trials", "4"], "--trials: got 4, but the sampler predicts only after 4 start-up"),
    ],
)
def test_wrong_arguments(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["calibrate", *words, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_predictions_there_is_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, out = tmp_path / "log.jsonl", tmp_path / "out"
    words = ["calibrate", "--records", str(log), "--out", str(out)]
    jsonlines.append(log, {"problem": "a", "seed": 0, "predicted": [], "places": []})
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: --records: {log} has no value for which")
    # One problem without any is no reason to leave the others out.
    jsonlines.append(log, {"problem": "b", "seed": 0, "predicted": [5], "places": [3.0]})
    assert main(words) == 0
    table = (out / "calibration.md").read_text(encoding="utf-8")
    assert "| a | 0 | – | – | – |" in table and "nan" not in table


_GOOD = '{"problem": "a", "seed": 0, "predicted": [5], "places": [3.0]}'


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        '{"problem": "a", "seed": 0}',
        "[1]",
        "3",
        '{"problem": "a", "seed": 0, "predicted": [5], "places": ["b"]}',
        '{"problem": "a", "seed": 0, "predicted": [5], "places": []}',
        '{"problem": "a", "seed": null, "predicted": [5], "places": [3.0]}',
    ],
)
def test_a_line_that_is_no_record_is_told_in_one_line(
    bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "calibration.jsonl"
    log.write_text(f"{_GOOD}\n{bad}\n", encoding="utf-8")
    again = str(tmp_path / "again")
    assert main(["calibrate", "--records", str(log), "--out", again]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: --records: line 2 of {log} is no record (")
    assert "accepts the calibration.jsonl that `calibrate` has written" in said
    log.write_text(f"{bad}\n", encoding="utf-8")
    words = ["calibrate", "--suite", "discrete", "--seeds", "1", "--trials", "8"]
    assert main([*words, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: --out: line 1 of {log} is no record (")
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["calibration.jsonl", "calibration.jsonl.gz"])
def test_a_file_that_is_no_text_is_told_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / name
    # The beginning of a compressed file, which is no text either.
    log.write_bytes(gzip.compress(_GOOD.encode())[:20] + b"\n")
    assert main(["calibrate", "--records", str(log), "--out", str(tmp_path / "again")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: --records: cannot read {log} (") and "; accepts the" in said
    if not name.endswith(".gz"):
        assert main(["calibrate", "--suite", "discrete", "--out", str(tmp_path)]) == 2
        assert capsys.readouterr().err.startswith(f"error: --out: cannot read {log} (")


@pytest.mark.skipif(importlib.util.find_spec("fcntl") is None, reason="needs file locks")
def test_one_run_at_a_time_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with own_folder(tmp_path):
        assert main(["calibrate", "--trials", "5", "--out", str(tmp_path)]) == 2
    assert f"--out: another run is at work in {tmp_path}" in capsys.readouterr().err
    with own_folder(tmp_path):
        pass
