"""When samplers reach the loss at which another one ends, against sums by hand and brute force."""

from __future__ import annotations

from dataclasses import replace
import itertools
import math

import numpy as np
import pytest

from benchmarks.analysis.studies import time_to_target
from benchmarks.analysis.studies.time_to_target import find_target
from benchmarks.analysis.studies.time_to_target import Interval
from benchmarks.analysis.studies.time_to_target import Target
from benchmarks.analysis.studies.time_to_target import times_to_target
from benchmarks.arrays import FloatArray
from benchmarks.reporting.time_to_target import csv_columns
from benchmarks.reporting.time_to_target import time_table
from tests.samples import NAN
from tests.samples import sample_of


def test_target_survives_seeds_and_samplers_that_fail() -> None:
    nothing, failing = [NAN, NAN, NAN], sample_of("first", [[1.0, NAN, NAN]], [1])
    tpe = sample_of("tpe", [[4.0, 2.0, 3.0], nothing, [5.0, 4.0, 4.0]], [3, 3, 3])
    target = find_target([failing, tpe])
    # A seed without a value counts as the worst.
    assert target is not None and (target.sampler, target.loss) == ("tpe", 4.0)
    hopeless = sample_of("tpe", [nothing, nothing, [1.0, 1.0, 1.0]], [3, 3, 3])
    random = sample_of("random", [[3.0, 3.0, 2.5]], [3])
    target = find_target([failing, hopeless, random])
    assert target is not None and (target.sampler, target.loss) == ("random", 2.5)
    assert (
        find_target([failing, hopeless, sample_of("lattice_gp", [[1.0, 1.0, 1.0]], [3])]) is None
    )


# TPE's third seed is not complete and does not count. Of the others, the first gets to 1.5 never.
_TPE = sample_of("tpe", [[4.0, 2.0, 3.0], [NAN, 4.0, 1.0], [1.0, NAN, NAN]], [3, 3, 1])
_OURS = sample_of("lattice_gp", [[1.0, 2.0, 3.0], [3.0, 1.5, 0.5]], [3, 3])


def test_target_is_the_median_final_loss_of_the_complete_seeds() -> None:
    assert find_target([_OURS, _TPE]) == Target("tpe", 1.5)


def test_times_by_hand() -> None:
    ours, tpe = times_to_target([_OURS, _TPE], Target("tpe", 1.5))
    assert [(its.sampler, its.n_reached, its.n_seeds) for its in (ours, tpe)] == [
        ("lattice_gp", 2, 2),
        ("tpe", 1, 2),
    ]
    assert (ours.trials.half.value, ours.seconds.half.value) == (1.0, 1.5)
    assert (tpe.trials.half.value, tpe.seconds.half.value) == (3.0, 4.5)
    # Three trials in vain and three more for the one success; one and two for ours.
    assert (tpe.trials.expected.value, tpe.seconds.expected.value) == (6.0, 9.0)
    assert (ours.trials.expected.value, ours.seconds.expected.value) == (1.5, 2.25)
    assert (ours.trials.ratio.value, ours.seconds.ratio.value) == (0.25, 0.25)
    assert tpe.trials.ratio == Interval(1.0, 1.0, 1.0)


def test_intervals_are_those_of_all_resamples() -> None:
    # All resamples of four seeds can be counted: 256, each as likely.
    losses = [[5.0, 5.0, 5.0, 1.0], [5.0, 1.0, 5.0, 5.0], [1.0, 5.0, 5.0, 5.0], [5.0] * 4]
    theirs = [[5.0, 5.0, 1.0, 5.0], [5.0] * 4, [5.0, 1.0, 5.0, 5.0], [5.0, 5.0, 5.0, 1.0]]
    samples = [
        sample_of(name, its, [4] * 4, planned=4) for name, its in (("a", losses), ("tpe", theirs))
    ]
    ours, _ = times_to_target(samples, Target("tpe", 1.0))
    first = np.array([[4.0, 2.0, 1.0, math.inf], [3.0, math.inf, 2.0, 4.0]])

    def expected(rows: FloatArray) -> float:
        reached = np.isfinite(rows)
        spent = float(np.where(reached, rows, 4.0).sum())
        return spent / reached.sum() if reached.any() else math.inf

    every = [list(rows) for rows in itertools.product(range(4), repeat=4)]
    halves = [float(np.sort(first[0, rows])[1]) for rows in every]
    times = [(expected(first[0, rows]), expected(first[1, rows])) for rows in every]
    ratios = [1.0 if a == b else a / b for a, b in times]
    for found, resampled in (
        (ours.trials.half, halves),
        (ours.trials.expected, [a for a, _ in times]),
        (ours.trials.ratio, ratios),
    ):
        # Drawn, not counted: the ends lie where the counted tail is within their error of 2.5%.
        for end, tail in (
            (found.lower, np.mean(np.array(resampled) < found.lower)),
            (found.upper, np.mean(np.array(resampled) > found.upper)),
        ):
            assert end in resampled
            assert tail <= 0.035
        inside = [found.lower <= value <= found.upper for value in resampled]
        assert np.mean(inside) >= 0.93


def test_seeds_that_only_one_has_do_not_count_in_the_ratio() -> None:
    more = replace(_OURS, seeds=[1, 7])
    ours, _ = times_to_target([more, _TPE], Target("tpe", 1.5))
    # Seed 1 alone: one trial of ours, three of TPE.
    assert ours.trials.ratio.value == pytest.approx(1 / 3)
    none = replace(_OURS, seeds=[6, 7])
    ours, _ = times_to_target([none, _TPE], Target("tpe", 1.5))
    assert math.isnan(ours.trials.ratio.value) and ours.trials.expected.value == 1.5


def test_sampler_that_never_gets_there_and_one_without_a_complete_seed() -> None:
    bad = sample_of("random", [[9.0, 8.0, NAN], [9.0, NAN, 7.0]], [3, 3])
    begun = sample_of("gp", [[1.0, NAN, NAN]], [1])
    times = times_to_target([bad, _TPE, begun], Target("tpe", 1.5))
    assert [its.sampler for its in times] == ["random", "tpe"]
    random = times[0]
    assert random.n_reached == 0
    assert random.trials.half.value == random.trials.expected.value == math.inf
    assert random.trials.ratio.value == math.inf
    table = time_table(times, Target("tpe", 1.5), 1)
    assert table.rows[0] == ["random", "0 of 2", *["∞"] * 6]


def test_exhausted_grid_has_spent_what_it_has_run() -> None:
    grid = sample_of("grid", [[3.0, 2.0, NAN], [1.0, 2.0, NAN]], [2, 2], planned=2)
    (found, _) = times_to_target([grid, _TPE], Target("tpe", 1.5))
    assert (found.trials.expected.value, found.seconds.expected.value) == (3.0, 4.5)


def test_last_trial_to_end_is_not_the_last_to_begin() -> None:
    # Two at a time: the second trial ends after the third.
    clock = np.array([[1.0, 5.0, 3.0]])
    sample = replace(sample_of("tpe", [[3.0, 2.0, 2.5]], [3]), clock=clock)
    (found,) = times_to_target([sample], Target("tpe", 1.0))
    assert time_to_target._Seeds.of(sample, Target("tpe", 1.0)).total.tolist() == [[3.0, 5.0]]
    assert found.seconds.expected.value == math.inf


def test_table_and_columns_tell_the_same() -> None:
    times = times_to_target([_OURS, _TPE], Target("tpe", 1.5))
    table = time_table(times, Target("tpe", 1.5), -1)
    assert table.title.startswith("Until tpe's median final loss, -1.5: ")
    assert table.columns[:4] == ["sampler", "reached by", "half, trials", "half, s"]
    assert table.columns[-2:] == ["of tpe's, trials", "of tpe's, s"]
    ours = table.rows[0]
    assert ours[:2] == ["lattice_gp", "2 of 2"]
    columns = csv_columns(times[0])
    assert columns["reached_share"] == 1.0
    for cell, name, form in (
        (2, "trials_to_target", ".3g"),
        (3, "seconds_to_target", ".3g"),
        (4, "expected_trials_to_target", ".3g"),
        (5, "expected_seconds_to_target", ".3g"),
        (6, "expected_trials_ratio", ".2f"),
        (7, "expected_seconds_ratio", ".2f"),
    ):
        value, low, high = (format(columns[name + end], form) for end in ("", "_low", "_high"))
        assert ours[cell] == f"{value} [{low}, {high}]"
