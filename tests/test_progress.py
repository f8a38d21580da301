"""What a run says of itself while it runs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.engines.jobs import Board
from benchmarks.engines.jobs import Job
from benchmarks.problems.spec import Options
from benchmarks.running.progress import Display
from benchmarks.running.progress import seconds_left
from benchmarks.storage.study_spec import StudySpec
from benchmarks.study.runner import Outcome


def _jobs(*samplers: str) -> list[Job]:
    """One waiting study of ten trials each."""
    return [
        Job(StudySpec("toy", sampler, seed, 10, Options(), ""), seed)
        for seed, sampler in enumerate(samplers)
    ]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock as the display reads it, to be set by hand."""
    now = [100.0]
    monkeypatch.setattr("benchmarks.running.progress.time.monotonic", lambda: now[0])
    return now


def test_nothing_is_said_of_the_end_before_a_trial_has_finished() -> None:
    jobs = _jobs("tpe", "random")
    board = Board(2)
    jobs[0].state, jobs[0].started = "running", 1.0
    assert seconds_left(jobs, board, 1, now=9.0) is None


def test_each_sampler_goes_on_at_its_own_pace() -> None:
    jobs = _jobs("slow", "fast", "slow", "fast", "unknown")
    board = Board(5)
    jobs[0].state, jobs[0].seconds, board.finished[0] = "finished", 80.0, 10
    # Four of its trials were there before; six seconds of an earlier start count, too.
    jobs[1].state, jobs[1].started, jobs[1].seconds = "running", 50.0, 6.0
    jobs[1].n_begin, board.finished[1] = 4, 7
    slow, fast = 80.0 / 10, (6.0 + 9.0) / 3
    # The mean over all trials of this run goes for a sampler that has finished none.
    unknown = (80.0 + 15.0) / 13
    expected = 10 * slow + (3 + 10) * fast + 10 * unknown
    assert seconds_left(jobs, board, 2, now=59.0) == pytest.approx(expected / 2)


def test_studies_that_have_ended_are_no_work_left() -> None:
    jobs = _jobs("tpe", "tpe", "random")
    board = Board(3)
    jobs[0].state, jobs[0].seconds, board.finished[0] = "finished", 5.0, 10
    jobs[1].state, jobs[1].error = "failed", "ValueError"
    assert seconds_left(jobs, board, 1, now=5.0) == pytest.approx(10 * 0.5)
    jobs[2].state, board.finished[2] = "finished", 10
    assert seconds_left(jobs, board, 1, now=5.0) == 0.0


def test_lines_tell_how_studies_ended_once(clock: list[float]) -> None:
    text = io.StringIO()
    jobs = _jobs("tpe", "random", "gp")
    board = Board(3)
    with Display(Console(file=text, width=200), board, n_workers=1, n_before=2) as display:
        clock[0] += 8.0
        jobs[0].state, jobs[0].seconds, board.finished[0] = "finished", 8.0, 10
        jobs[0].outcome = Outcome(n_trials=10, n_failed=3, best=0.12345)
        display.tick(jobs)
        display.tick(jobs)
        jobs[1].state, jobs[1].error = "failed", "ValueError: no such thing\nmore of it"
        display.tick(jobs)
    assert text.getvalue().splitlines() == [
        f"[3/5 studies, 8 s, about 16 s left] {jobs[0].spec.study_name}: "
        "10 trials, 3 failed, best 0.1235, 8.0 s",
        f"[4/5 studies, 8 s, about 8 s left] {jobs[1].spec.study_name}: "
        "FAILED: ValueError: no such thing",
    ]


def test_a_long_study_gives_signs_of_life(clock: list[float]) -> None:
    text = io.StringIO()
    jobs = _jobs("tpe", "gp")
    board = Board(2)
    with Display(Console(file=text, width=200), board, n_workers=1, n_before=0) as display:
        jobs[0].state, jobs[0].started, board.finished[0] = "running", 100.0, 3
        for _ in range(7):
            clock[0] += 15.0
            display.tick(jobs)
    running = f"; running: {jobs[0].spec.study_name} 3/10"
    # The next one after as long a silence again.
    assert text.getvalue().splitlines() == [
        f"0/2 studies, 45 s, about 4 min 15 s left{running}",
        f"0/2 studies, 1 min 30 s, about 8 min 30 s left{running}",
    ]


def test_a_terminal_shows_what_runs_and_lines_for_failures_alone(clock: list[float]) -> None:
    text = io.StringIO()
    jobs = _jobs("tpe", "random", "gp")
    board = Board(3)
    console = Console(file=text, width=120, force_terminal=True, color_system=None)
    with Display(console, board, n_workers=2, n_before=0) as display:
        jobs[0].state, board.finished[0] = "finished", 10
        jobs[0].outcome = Outcome(n_trials=10, n_failed=0, best=0.5)
        jobs[1].state, board.finished[1] = "running", 4
        jobs[2].state, jobs[2].error = "failed", "OSError"
        display.tick(jobs)
    assert "FAILED: OSError" in text.getvalue()
    assert "10 trials" not in text.getvalue()
    assert "trial 4/10" in text.getvalue() and "all studies" in text.getvalue()
    assert jobs[0].spec.study_name not in text.getvalue()
