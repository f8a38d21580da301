"""Files of curves: written, read, damaged and merged."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.analysis.curves import curve_files
from benchmarks.analysis.curves import curve_merging
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.errors import UsageError


_SETTINGS = {
    "command": "x",
    "versions": {"optuna": "5"},
    "threads": 1,
    "sampler": "tpe",
    "sampler_version": "5.0.0",
}


def test_curves_survive_the_file(tmp_path: Path) -> None:
    facts = Facts(
        n_params={"p": 3},
        random_medians={"p": (2.0, 7)},
        ask_seconds={"tpe": (0.5, 6)},
        settings=[_SETTINGS],
    )
    both = {
        ("p", "tpe", 0): Curve(np.array([2, 4]), np.array([1 / 3, -1e-20]), 6),
        # Nothing found.
        ("p", "my.module:Class", 12): Curve(np.array([], dtype=int), np.array([]), 3),
        ("q", "tpe", 0): Curve(np.array([2]), np.array([0.5]), 6, np.array([1.25]), 1234.56),
    }
    for name in ("curves.csv", "curves.csv.gz"):
        curve_files.write(CurveSet(both, facts), tmp_path / name)
        read = curve_files.read(tmp_path / name)
        assert read.facts == facts
        assert list(read.curves) == list(both)
        for key, curve in both.items():
            assert read.curves[key].n_trials == curve.n_trials
            assert read.curves[key].trials.tolist() == curve.trials.tolist()
            np.testing.assert_allclose(read.curves[key].values, curve.values, rtol=1e-9)
        assert read.curves["p", "tpe", 0].seconds is None
        timed = read.curves["q", "tpe", 0]
        assert timed.seconds is not None
        assert (timed.seconds.tolist(), timed.total_seconds) == ([1.25], 1234.56)
    assert np.isnan(read.curves["p", "my.module:Class", 12].at(np.array([3]))).all()
    for text in ("", "problem,sampler\n", "# curves of python -m benchmarks: {}\nx\n1\n"):
        (tmp_path / "wrong.csv").write_text(text)
        with pytest.raises(UsageError, match="cannot read"):
            curve_files.read(tmp_path / "wrong.csv")


@pytest.mark.parametrize(
    "told",
    [
        [],
        {"settings": [{key: value for key, value in _SETTINGS.items() if key != "versions"}]},
        {"settings": [_SETTINGS | {"threads": [1]}]},
        {"settings": [_SETTINGS | {"sampler_seeds": ["own"]}]},
        {"settings": ["x"]},
        {"n_params": {"p": [3]}},
        {"ask_seconds": {"tpe": [0.5, "many"]}},
        {"random_medians": {"p": [2.0]}},
        {"unlike_suite": [{}]},
        {"seeds": 3},
    ],
    ids=str,
)
def test_damaged_facts_are_one_line(tmp_path: Path, told: object) -> None:
    file = tmp_path / "curves.csv"
    curve = Curve(np.array([1]), np.ones(1), 1)
    curve_files.write(CurveSet({("p", "tpe", 0): curve}, Facts()), file)
    first, *rest = file.read_text(encoding="utf-8").splitlines()
    mark, facts = first.split(": ", 1)
    changed = json.loads(facts) | told if isinstance(told, dict) else told
    file.write_text("\n".join([f"{mark}: {json.dumps(changed)}", *rest]), encoding="utf-8")
    with pytest.raises(UsageError, match="--curves: cannot read"):
        curve_files.read(file)


def test_a_file_that_was_cut_or_changed_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "curves.csv.gz"
    curves = {("p", "tpe", s): Curve(np.array([1]), np.array([0.5 * s]), 1) for s in range(40)}
    curve_files.write(CurveSet(curves, Facts()), file)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:20] + b"\xff" * 9 + whole[29:]):
        file.write_bytes(damaged)
        with pytest.raises(UsageError, match="--curves: cannot read"):
            curve_files.read(file)


def test_files_without_times_are_as_they_were(tmp_path: Path) -> None:
    text = '# curves of python -m benchmarks: {"n_params": {}, "random_medians": {}, '
    text += '"ask_seconds": {}, "settings": []}\n'
    text += "problem,sampler,seed,trial,value\np,tpe,0,1,2.5\np,tpe,0,3,\n"
    (tmp_path / "old.csv").write_text(text)
    old = curve_files.read(tmp_path / "old.csv")
    curve = old.curves["p", "tpe", 0]
    assert curve.seconds is None and math.isnan(curve.total_seconds)
    assert math.isnan(curve.seconds_at(2))
    curve_files.write(old, tmp_path / "new.csv")
    assert (tmp_path / "new.csv").read_text() == text


def test_merging_files() -> None:
    one = Curve(np.array([1]), np.array([1.0]), 3)
    other = Curve(np.array([1]), np.array([2.0]), 3)
    first = CurveSet({("p", "tpe", 0): one}, Facts(ask_seconds={"tpe": (1.0, 2)}))
    second = CurveSet({("p", "tpe", 1): other}, Facts(ask_seconds={"tpe": (3.0, 2)}))
    both = curve_merging.merge([first, second, first], ["a", "b", "c"])
    assert list(both.curves) == [("p", "tpe", 0), ("p", "tpe", 1)]
    assert both.facts.ask_seconds["tpe"] == (5.0, 6)
    timed = Curve(one.trials, one.values, 3, np.array([0.5]), 2.0)
    with_times = CurveSet({("p", "tpe", 0): timed}, Facts())
    for order in ([first, with_times], [with_times, first]):
        assert curve_merging.merge(order, ["a", "b"]).curves["p", "tpe", 0].seconds is not None
    conflicting = CurveSet({("p", "tpe", 0): other}, Facts())
    with pytest.raises(UsageError, match="a and b tell different things of sampler tpe on p"):
        curve_merging.merge([first, conflicting], ["a", "b"])
