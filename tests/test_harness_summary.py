"""What the report says, on runs whose figures are known."""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np
from optuna.trial import create_trial
import pytest
from scipy import stats

from benchmarks.analysis.studies.mean_curves import curve_over_seconds
from benchmarks.analysis.studies.mean_curves import curve_over_trials
from benchmarks.analysis.studies.results import Run
from benchmarks.analysis.studies.summary import checkpoints
from benchmarks.analysis.studies.summary import summarise
from benchmarks.analysis.studies.summary import wasted_share
from benchmarks.reporting import report
from benchmarks.reporting.analysed import analyse
from benchmarks.reporting.limits import y_limits
from benchmarks.reporting.seeds import seeds_differ
from tests.samples import sample_of


NAN = float("nan")


def test_summary_of_a_half_finished_run() -> None:
    tpe = sample_of("tpe", [[4.0, 2.0, 3.0], [NAN, 4.0, 1.0], [9.0, NAN, NAN]], [3, 3, 1])
    ours = sample_of("lattice_gp", [[1.0, 2.0, 3.0], [3.0, 2.0, 0.5]], [3, 3])
    first, second = summarise([ours, tpe])
    assert (second.n_seeds, second.n_complete) == (3, 2)
    assert second.best[3].mean == 1.5 and second.best[3].n_seeds == 2
    assert second.best[2].mean == 3.0
    assert second.expected is not None and second.expected.mean == 2.0
    assert second.objective_seconds == 3.0 and second.sampler_seconds == 1.5
    assert second.bad_share == pytest.approx(1 / 7)
    assert np.isnan(first.p_value)
    assert second.n_pairs == 2 and second.p_value == 0.5


def test_p_value_is_of_the_final_losses_of_the_seeds_that_both_have_completed() -> None:
    rng = np.random.default_rng(0)
    planned, n_seeds = 5, 9
    # After two trials ours is ahead with every seed, at the end with some.
    theirs = np.sort(rng.random((n_seeds, planned)), axis=1)[:, ::-1]
    ours = theirs - 0.5
    ours[:, 2:], theirs[:, -1] = np.inf, ours[:, 1] - rng.normal(0.1, 0.3, n_seeds)
    ours[7, :] = np.nan
    samples = [
        sample_of("lattice_gp", ours.tolist(), [5] * 7 + [1, 5], planned),
        sample_of("tpe", theirs.tolist(), [5] * 8 + [3], planned),
    ]
    row = summarise(samples)[1]
    assert row.n_pairs == 7
    finals = [losses[:7].min(axis=1) for losses in (ours, theirs)]
    assert row.p_value == pytest.approx(stats.wilcoxon(*finals).pvalue)
    assert row.p_value > 2 / 2**7, "what separates them after two trials does not count"


def test_wasted_trials_are_late_and_no_better_than_the_median_of_random() -> None:
    random = sample_of("random", [[1.0, 2.0, 3.0, 4.0], [5.0, NAN, 2.0, NAN]], [4, 3], planned=4)
    ours = sample_of("lattice_gp", [[9.0, 9.0, 1.0, NAN], [9.0, 9.0, 2.4, 2.5]], [4, 4], planned=4)
    rows = summarise([ours, random])
    # Random's median is 2.5. The failed trial of ours counts, the one that random has not run does
    # not, nor what was tried in the first half.
    assert [row.wasted_share for row in rows] == pytest.approx([2 / 4, 2 / 3])
    assert np.isnan(summarise([ours])[0].wasted_share)


def test_trials_are_judged_without_their_noise_where_it_is_known() -> None:
    sample = sample_of("random", [[1.0, 2.0]], [2], planned=2)
    assert wasted_share(sample, 2.4) == 1.0
    assert wasted_share(replace(sample, expected=np.full((1, 2), NAN)), 2.4) == 0.0
    # What a failed trial would have been worth does not count.
    assert wasted_share(replace(sample, losses=np.full((1, 2), NAN)), 2.6) == 1.0


def test_exhausted_grid_keeps_its_best() -> None:
    grid = sample_of("grid", [[3.0, 2.0, NAN, NAN]], [2], planned=2)
    np.testing.assert_array_equal(grid.filled, [[3.0, 2.0, 2.0, 2.0]])
    assert summarise([grid])[0].best[4].mean == 2.0


def test_checkpoints() -> None:
    assert checkpoints(30) == [10, 20, 30]
    assert checkpoints(2) == [1, 2]
    assert checkpoints(1) == [1]


def test_curves_and_limits() -> None:
    sample = sample_of("random", [[500.0, 2.0, 1.0], [NAN, 4.0, 3.0]], [3, 3])
    by_trials = curve_over_trials(sample)
    np.testing.assert_array_equal(by_trials.mean, [NAN, 3.0, 2.0])
    by_seconds = curve_over_seconds(sample)
    # From the time at which both have a value to the end.
    assert (by_seconds.x[0], by_seconds.x[-1]) == (3.0, 4.5)
    assert by_seconds.mean[0] == 3.0 and by_seconds.mean[-1] == 2.0
    limits = y_limits([by_trials])
    assert limits is not None and limits[0] < 1.0 and limits[1] < 5.0
    nothing = sample_of("random", [[NAN, NAN, NAN]], [3])
    assert y_limits([curve_over_trials(nothing)]) is None
    assert not len(curve_over_seconds(nothing).x)


def test_infinite_value_is_no_best_value_of_a_trial() -> None:
    trials = [create_trial(value=value) for value in (-math.inf, 2.0, math.inf, 1.0)]
    for sign, expected in ((1, [NAN, 2.0, 2.0, 1.0]), (-1, [NAN, 2.0, 2.0, 2.0])):
        rows = report._trial_rows(Run("p", "tpe", 0, 4, sign, {}, trials))
        np.testing.assert_array_equal([row["best_value"] for row in rows], expected)
        assert [row["value"] for row in rows] == [-math.inf, 2.0, math.inf, 1.0]


def _made(sampler: str, seed: int, **settings: object) -> Run:
    how = {"sampler_version": "1", "command": "run --seeds 2", "versions": {"python": "3.11"}}
    return Run(
        "p",
        sampler,
        seed,
        1,
        1,
        how | {"jobs": 2, "threads": 1} | settings,
        [create_trial(value=1)],
    )


def test_notes_say_once_what_all_studies_share() -> None:
    notes = report._notes([_made(name, seed) for name in ("tpe", "random") for seed in (0, 1)], "")
    assert "- All samplers had the same seeds, and the problem the same noise seeds." in notes
    for line in (
        "- Command: `run --seeds 2`",
        "- Versions: python 3.11",
        "- Worker processes: 2, threads each: 1",
    ):
        assert notes.count(line) == 1


def test_notes_tell_seeds_and_commands_that_differ() -> None:
    runs = [_made("tpe", seed) for seed in (0, 1)]
    runs += [_made("random", seed, command="run --seeds 4", jobs=8) for seed in (0, 1, 2, 4)]
    # A study without a trial had no seed yet.
    runs.append(replace(_made("tpe", 3), trials=[]))
    notes = report._notes(runs, "")
    assert not any("All samplers had the same seeds" in line for line in notes)
    assert any("same seeds: tpe 2 (0-1), random 4 (0-2, 4)." in line for line in notes)
    assert "- Command: `run --seeds 2` (tpe)" in notes
    assert "- Command: `run --seeds 4` (random)" in notes
    assert "- Versions: python 3.11" in notes
    assert "- Worker processes: 8, threads each: 1 (random)" in notes
    # Samplers that were not run on all problems had the same seeds where they were.
    other = [replace(_made("tpe", seed), problem="q") for seed in (5, 6)]
    assert seeds_differ([*runs[:2], *other]) == ""


def test_studies_with_a_smaller_budget_are_named_and_not_tested() -> None:
    def made(sampler: str, seed: int, n_trials: int, planned: int) -> Run:
        attrs = {"seconds": 1.0, "ask_seconds": 0.0, "tell_seconds": 0.0}
        trials = [create_trial(value=float(seed + k), user_attrs=attrs) for k in range(n_trials)]
        return replace(_made(sampler, seed, problem={}), planned=planned, trials=trials)

    runs = [made("lattice_gp", seed, 6, 6) for seed in range(3)]
    runs += [made("tpe", seed, 3, 3) for seed in range(3)] + [made("random", 0, 2, 6)]
    (found,) = analyse(runs)
    assert found.state.endswith("tests: studies of tpe 3.")
    tpe = next(row for row in found.summaries if row.sampler == "tpe")
    assert [tpe.best[k].n_seeds for k in (2, 4, 6)] == [3, 0, 0]
    assert tpe.n_pairs == 0 and np.isnan(tpe.p_value) and found.target is None
    assert "fewer" not in analyse(runs[:3])[0].state


def test_what_was_measured_again_is_in_every_table() -> None:
    def made(sampler: str, seed: int, *again: float) -> Run:
        attrs = {"seconds": 1.0, "ask_seconds": 0.0, "tell_seconds": 0.0}
        trials = [create_trial(value=4.0, user_attrs=attrs)]
        run = _made(sampler, seed, problem={})
        return replace(run, sign=-1, trials=trials, reevaluated=again)

    runs = [made("tpe", 0, 3.0, 5.0), made("tpe", 1, 5.0, 6.0), made("random", 0)]
    (found,) = analyse(runs)
    tpe, random = found.summaries
    assert tpe.measured_again is not None and tpe.measured_again.mean == -4.75
    assert random.measured_again is None
    table = report._quality_table(found.summaries, found.sign)
    column = table.columns.index("measured again")
    assert [row[column] for row in table.rows] == ["4.75 [4, 5.5]", "–"]
    row = report._summary_row("p", found.sign, tpe, None)
    assert [row[f"measured_again{end}"] for end in ("", "_low", "_high")] == [4.75, 4.0, 5.5]
    notes = report._notes(runs, "")
    assert any(line.startswith("- Measured again: ") for line in notes)
    # Nobody asked for it.
    runs = [replace(run, reevaluated=()) for run in runs]
    (found,) = analyse(runs)
    assert "measured again" not in report._quality_table(found.summaries, found.sign).columns
    assert not any(line.startswith("- Measured again: ") for line in report._notes(runs, ""))
