"""Tables of what parts are worth: means and tests by hand, and what they tell apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.analysis.comparisons.versus import against_reference
from benchmarks.parts import catalog
from benchmarks.parts import report
from benchmarks.parts import scores
from benchmarks.parts.task import Part
from tests.toy_parts import toy_record
from tests.toy_parts import toy_task


def test_means_and_tests_by_hand() -> None:
    a = toy_task("a", checkpoints=(1, 2))
    b = toy_task("b", checkpoints=(2, 4))
    on = [[0.6, 0.2, 0.2, 0.2], [0.4, 0.0, 0.0, 0.0], [0.9, 0.5, 0.4, 0.1]]
    off = [[0.6, 0.4, 0.2, 0.2], [0.8, 0.1, 0.0, 0.0], [0.9, 0.5, 0.4, 0.1]]
    kept = [
        toy_record(entrant, task, seed, curve)
        for entrant, curves in (("on", on), ("off", off))
        for (task, seed), curve in zip((("a", 0), ("a", 1), ("b", 0)), curves)
    ]
    rows = scores.rows_of(kept, [a, b])
    # Seeds within a task first: task a has two, task b one.
    mean = scores.mean_regret(rows["on"])
    np.testing.assert_allclose(mean.mean, [(0.5 + 0.5) / 2, (0.1 + 0.1) / 2])
    assert mean.n_pairs == 3
    # Resampling the two seeds of task a: from both the lower to both the higher.
    np.testing.assert_allclose(mean.lower, [(0.4 + 0.5) / 2, (0.0 + 0.1) / 2])
    np.testing.assert_allclose(mean.upper, [(0.6 + 0.5) / 2, (0.2 + 0.1) / 2])
    found = against_reference(rows, ["first", "second"], "on")
    first, second = found["off", "first"], found["off", "second"]
    assert (first.wins, first.ties, first.losses) == (1, 2, 0)
    assert math.isclose(first.difference, (0.2 + 0.0) / 2)
    assert (second.wins, second.ties, second.losses) == (2, 1, 0)
    assert math.isclose(second.difference, (0.15 + 0.0) / 2)
    assert second.p_value == stats.wilcoxon([0.2, 0.1, 0.0]).pvalue
    assert scores.task_means(kept, a) == pytest.approx({"on": 0.1, "off": 0.25})


def test_section_tells_tasks_apart(toy: Part) -> None:
    kept = {
        record.key: record
        for record in (
            toy_record(entrant, task.name, 0, [regret] * 6, sampler_seconds=0.06, n_failed=2)
            for entrant, regret in (("on", 0.25), ("random", 0.75))
            for task in toy.tasks
        )
    }
    (choice,) = catalog.choose(None, None, None, "all")
    section = report.section(choice, kept)
    assert section.lines == [
        "Tasks: 3 (2 for development, 1 only for the report). Seeds: 1. Studies: 6. Trials pruned: "
        "0; failed: 12."
    ]
    with_offers, lost, without_offers, _, by_task = section.tables
    interval = "0.250 [0.250, 0.250]"
    assert with_offers.columns == ["entrant", "pairs", "1: 2 trials", "2: 6 trials", "ms a trial"]
    assert with_offers.rows[0] == ["on", "2", interval, interval, "10.0"]
    assert set(with_offers.bold) == {(0, 2), (0, 3)}
    assert lost.rows == [["random", "2", *["+0.500 [+0.500, +0.500]", "2/0/0", "0.5"] * 2]]
    assert without_offers.rows[0][1] == "1"
    assert by_task.rows[2] == ["idle", "dev, nothing to offer", "0.250", "0.750"]
