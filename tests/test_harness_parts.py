"""What parts of the sampler are worth: studies, the file they are kept in, and the tables."""

from __future__ import annotations

from dataclasses import replace
import functools
import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState
import pytest
from scipy import stats

from benchmarks import cli
from benchmarks.analysis.comparisons.versus import against_reference
from benchmarks.parts import catalog
from benchmarks.parts import records
from benchmarks.parts import report
from benchmarks.parts import scales
from benchmarks.parts import scores
from benchmarks.parts.compared import constraints
from benchmarks.parts.compared import objectives
from benchmarks.parts.entrants import ours
from benchmarks.parts.entrants import random_search
from benchmarks.parts.hypervolume import hypervolume
from benchmarks.parts.hypervolume import non_dominated
from benchmarks.parts.incumbent import progress_of
from benchmarks.parts.progress import dominated_volume
from benchmarks.parts.progress import is_feasible
from benchmarks.parts.records import Record
from benchmarks.parts.simulate import finished_trials
from benchmarks.parts.simulate import run_study
from benchmarks.parts.task import Entrant
from benchmarks.parts.task import Objective
from benchmarks.parts.task import Part
from benchmarks.parts.task import Task
from benchmarks.parts.unit_trial import UnitSpace
from benchmarks.study.clock import finished_at
from benchmarks.suite.references import Reference


_SETS_CONSTRAINTS = hasattr(Trial, "set_constraint")
_NEEDS = "Optuna 4 has no Trial.set_constraint"
needs_set_constraint = pytest.mark.skipif(not _SETS_CONSTRAINTS, reason=_NEEDS)


def _square(trial: Trial) -> float:
    return trial.suggest_float("x", -1.0, 1.0) ** 2


def _task(name: str, objective: Objective = _square, **changes: Any) -> Task:
    task = Task(
        name=name,
        description="a square",
        is_dev=True,
        n_trials=6,
        checkpoints=(2, 6),
        objective=lambda seed: objective,
        progress=functools.partial(progress_of, reference=Reference(0.0, 0.5)),
    )
    return replace(task, **changes)


_ON = Entrant("on", lambda seed, task: RandomSampler(seed=seed + 100))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Part:
    """A part in place of all others."""
    tasks = (_task("square"), _task("reported", is_dev=False), _task("idle", offers=False))
    part = Part("toy", "a toy", "trials", tasks, (_ON, random_search()))
    monkeypatch.setattr(catalog, "PARTS", {"toy": part})
    return part


# Studies on a simulated clock.


class _Watching(RandomSampler):
    """Notes how many other trials run whenever it is asked, and how many results it knows."""

    def __init__(self) -> None:
        super().__init__(seed=0)
        self.running: list[int] = []
        self.told: list[int] = []

    def before_trial(self, study: Study, trial: optuna.trial.FrozenTrial) -> None:
        states = [t.state for t in study.get_trials(deepcopy=False) if t.number != trial.number]
        self.running.append(states.count(TrialState.RUNNING))
        self.told.append(states.count(TrialState.COMPLETE))
        assert all(
            t.values is None
            for t in study.get_trials(deepcopy=False)
            if t.state == TrialState.RUNNING
        )


def test_simulated_workers_run_at_the_same_time() -> None:
    sampler = _Watching()
    # The first trial takes longer than all others together.
    task = _task("t", n_workers=3, duration=lambda trial: 100.0 if trial.number == 0 else 2.0)
    study, _ = run_study(task, Entrant("watching", lambda seed, task: sampler), 0)
    assert sampler.running == [0, 1, 2, 2, 2, 2]
    assert sampler.told == [0, 0, 0, 1, 2, 3]
    ended = [(trial.number, finished_at(trial)) for trial in finished_trials(study)]
    assert ended == [(1, 2.0), (2, 2.0), (3, 4.0), (4, 4.0), (5, 6.0), (0, 100.0)]


def test_one_worker_knows_everything_before_it_asks() -> None:
    sampler = _Watching()
    study, seconds = run_study(_task("t"), Entrant("w", lambda seed, task: sampler), 0)
    assert sampler.running == [0] * 6
    assert sampler.told == list(range(6))
    assert [finished_at(trial) for trial in study.trials] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert seconds > 0


def test_duration_knows_the_finished_trial() -> None:
    seen = []

    def duration(trial: optuna.trial.FrozenTrial) -> float:
        seen.append((trial.state, trial.value == trial.params["x"] ** 2))
        return 1.0

    run_study(_task("t", duration=duration), random_search(), 0)
    assert seen == [(TrialState.COMPLETE, True)] * 6


def _eventful(trial: Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    if trial.number % 3 == 1:
        raise ValueError("out of memory")
    trial.report(x, 0)
    if trial.number % 3 == 2:
        raise optuna.TrialPruned
    return x


def test_failed_and_pruned_trials_are_told_as_such() -> None:
    study, _ = run_study(_task("t", _eventful), random_search(), 0)
    expected = [TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED] * 2
    assert [trial.state for trial in study.trials] == expected
    progress = progress_of(study, Reference(0.0, 1.0))
    assert progress.spent.tolist() == [1, 2, 3, 4, 5, 6]
    # Neither of them counts.
    first, fourth = (study.trials[i].values[0] for i in (0, 3))
    assert progress.regret.tolist() == [first] * 3 + [min(first, fourth)] * 3


@needs_set_constraint
def test_only_feasible_trials_count() -> None:
    def objective(trial: Trial) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        trial.set_constraint("c", 1.0 if trial.number < 2 else -1.0)
        return float(trial.number)

    study, _ = run_study(_task("t", objective), random_search(), 0)
    assert progress_of(study, Reference(0.0, 4.0)).regret.tolist() == [
        1.0,
        1.0,
        0.5,
        0.5,
        0.5,
        0.5,
    ]


class _OfOptuna4(FrozenTrial):
    """Without the attribute that came with Optuna 5."""

    @property
    def constraints(self) -> dict[str, float]:
        raise AttributeError("constraints")


@pytest.mark.parametrize("limits, kept", [((), True), ((-1.0, 0.0), True), ((-1.0, 0.5), False)])
def test_constraints_are_found_where_optuna_4_puts_them(
    limits: tuple[float, ...], kept: bool
) -> None:
    system = {"constraints": limits} if limits else {}
    trial = create_trial(value=1.0, system_attrs=system)
    trial.__class__ = _OfOptuna4
    assert not hasattr(trial, "constraints")
    assert is_feasible(trial) is kept


def test_tasks_with_constraints_are_refused_before_any_work(
    toy: Part,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = (*toy.tasks, _task("limited", constrained=True))
    monkeypatch.setattr(catalog, "PARTS", {"toy": replace(toy, tasks=tasks)})
    for kind in Trial.__mro__:
        if "set_constraint" in vars(kind):
            monkeypatch.delattr(kind, "set_constraint")
    assert _run(tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert "limited need Trial.set_constraint of optuna >= 5" in error
    assert not (tmp_path / "out").exists()
    assert _run(tmp_path / "out", "--tasks", "square", "--entrants", "random") == 0


def test_several_objectives_count_by_what_they_dominate() -> None:
    points = [(3.0, 3.0), (1.0, 1.0), (0.0, 1.5), (1.5, 1.5), (0.0, 0.0), (9.0, 9.0)]

    def objective(trial: Trial) -> tuple[float, float]:
        trial.suggest_float("x", 0.0, 1.0)
        return points[trial.number]

    task = _task("t", objective, directions=("minimize",) * 2)
    study, _ = run_study(task, random_search(), 0)
    # Volumes up to (2, 2): 0, 1, 1.5, 1.5, 4, 4.
    regret = dominated_volume((2.0, 2.0), 4.0, 0.5)(study).regret
    np.testing.assert_allclose(regret, [1, 6 / 7, 5 / 7, 5 / 7, 0, 0])


def test_hypervolume_of_points_beyond_the_reference_point() -> None:
    assert hypervolume([], (1.0, 1.0)) == 0.0
    assert hypervolume([(2.0, 0.0)], (1.0, 1.0)) == 0.0
    assert hypervolume([(2.0, 0.0), (0.5, 0.5), (0.5, 0.5)], (1.0, 1.0)) == 0.25


def test_non_dominated_points() -> None:
    points = np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0], [0.0, 9.0], [1.5, 1.5]])
    kept = non_dominated(points, (5.0, 5.0))
    assert kept.tolist() == [[1.0, 2.0], [1.5, 1.5], [2.0, 1.0]]


# The file.


def _record(entrant: str, task: str, seed: int, regret: list[float], **changes: Any) -> Record:
    spent = tuple(float(n) for n in range(1, len(regret) + 1))
    record = Record("toy", task, entrant, seed, spent, tuple(regret), len(regret))
    return replace(record, **changes)


def test_compact_record_says_the_same() -> None:
    record = _record("on", "square", 0, [1.0, 1.0, 0.5, 0.5, 0.2, 0.2])
    compact = record.compact()
    assert compact.spent == (1.0, 3.0, 5.0, 6.0)
    at = [0.5, 1, 2, 3, 4.5, 5, 6, 100]
    assert compact.at(at).tolist() == record.at(at).tolist()
    assert record.at(at).tolist() == [1.0, 1.0, 1.0, 0.5, 0.5, 0.2, 0.2, 0.2]
    assert compact.compact() == compact


def test_compact_file_is_reproducible_and_read_again(tmp_path: Path) -> None:
    made = {"versions": {"optuna": "5"}}
    kept = [_record("on", "square", seed, [0.5, 0.25], **made) for seed in range(2)]
    for name in ("a.gz", "b.gz"):
        records.write_compact(kept, tmp_path / name, "a command")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert list(records.read(tmp_path / "a.gz").values()) == kept


def _run(out: Path, *arguments: str) -> int:
    return cli.main(["parts", "--seeds", "2", "--out", str(out), *arguments])


def test_resumed_run_runs_what_is_missing(
    toy: Part,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(tmp_path) == 0
    log = tmp_path / "curves.jsonl"
    lines = log.read_text().splitlines()
    assert len(lines) == 2 * 3 * 2
    tables = (tmp_path / "curves.jsonl.gz").read_bytes()
    # The last line was cut off when the run was killed, two others were never written.
    log.write_text("\n".join(lines[:-3]) + "\n" + lines[-3][:40])
    ran = []

    def build(seed: int, task: Task) -> BaseSampler:
        ran.append((task.name, seed))
        return RandomSampler(seed=seed)

    again = replace(toy, entrants=(_ON, Entrant("random", build)))
    monkeypatch.setattr(catalog, "PARTS", {"toy": again})
    capsys.readouterr()
    assert _run(tmp_path) == 0
    assert "continuing: 9 of 12 studies are there" in capsys.readouterr().out
    assert ran == [("reported", 1), ("idle", 1)]

    def without_seconds(path: Path) -> list[Record]:
        return [replace(r, sampler_seconds=0.0) for r in records.read(path).values()]

    (tmp_path / "before.gz").write_bytes(tables)
    compact = tmp_path / "curves.jsonl.gz"
    assert without_seconds(compact) == without_seconds(tmp_path / "before.gz")
    assert len(log.read_text().splitlines()) == 12


def test_tables_of_a_committed_file_are_those_of_the_run(toy: Part, tmp_path: Path) -> None:
    assert _run(tmp_path / "run") == 0
    curves = str(tmp_path / "run" / "curves.jsonl.gz")
    assert _run(tmp_path / "again", "--curves", curves) == 0

    def tables(folder: str) -> str:
        return (tmp_path / folder / "parts.md").read_text().partition("## How it was made")[0]

    assert tables("run") == tables("again")
    assert "| square | dev |" in tables("run")


@pytest.mark.parametrize("order", ["abcd", "acbd"])
def test_tables_do_not_depend_on_which_study_was_finished_first(
    toy: Part, tmp_path: Path, order: str
) -> None:
    # Added up in these two orders, the same seconds round to 0.2 and to 0.1 ms a trial.
    studies = {
        "a": ("square", 0, 0.0013),
        "b": ("square", 1, 0.0014),
        "c": ("reported", 0, 0.0002),
        "d": ("reported", 1, 0.0007),
    }
    log = records.Log(tmp_path / "curves.jsonl")
    for task, seed, seconds in (studies[name] for name in order):
        log.append(_record("on", task, seed, [0.5] * 6, sampler_seconds=seconds))
    curves = str(tmp_path / "curves.jsonl")
    assert _run(tmp_path / "out", "--curves", curves, "--tasks", "square,reported") == 0
    interval = "**0.500 [0.500, 0.500]**"
    tables = (tmp_path / "out" / "parts.md").read_text()
    assert f"| on | 4 | {interval} | {interval} | 0.1 |" in tables


def test_study_that_fails_leaves_the_others_alone(
    toy: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = replace(toy, entrants=(_ON, ours("off", {"no_such_ingredient": 1})))
    monkeypatch.setattr(catalog, "PARTS", {"toy": broken})
    assert _run(tmp_path) == 1
    assert "toy/square/off/0: TypeError" in capsys.readouterr().err
    assert "no_such_ingredient" in (tmp_path / "errors.log").read_text()
    assert len(records.read(tmp_path / "curves.jsonl")) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--parts", "toi"], ["--parts", "'toi'", "Did you mean 'toy'"]),
        (["--tasks", "sqare"], ["--tasks", "Did you mean 'square'"]),
        (["--entrants", "of"], ["--entrants", "on, random"]),
        (["--kind", "deb"], ["--kind", "dev, report, all"]),
        (["--kind", "report", "--tasks", "square"], ["nothing is left"]),
        (["--curves", "absent.gz"], ["--curves", "absent.gz"]),
    ],
)
def test_wrong_argument_is_one_clear_line(
    toy: Part,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: list[str],
) -> None:
    assert _run(tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert all(word in error for word in words)
    assert not (tmp_path / "out").exists()


def test_damaged_file_is_one_clear_line(
    toy: Part, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "curves.jsonl").write_text('{"part": "toy"}\n')
    assert _run(tmp_path) == 2
    assert "cannot read" in capsys.readouterr().err
    (tmp_path / "curves.jsonl").write_bytes(b"\xff\n")
    assert _run(tmp_path) == 2
    assert "cannot read" in capsys.readouterr().err
    damaged = bytearray(gzip.compress(b"curves" * 100))
    damaged[12:20] = b"\xff" * 8
    path = tmp_path / "curves.jsonl.gz"
    path.write_bytes(damaged)
    assert _run(tmp_path / "tables", "--curves", str(path)) == 2
    assert f"--curves: cannot read {path}" in capsys.readouterr().err


# The tables.


def test_means_and_tests_by_hand() -> None:
    a = _task("a", checkpoints=(1, 2))
    b = _task("b", checkpoints=(2, 4))
    on = [[0.6, 0.2, 0.2, 0.2], [0.4, 0.0, 0.0, 0.0], [0.9, 0.5, 0.4, 0.1]]
    off = [[0.6, 0.4, 0.2, 0.2], [0.8, 0.1, 0.0, 0.0], [0.9, 0.5, 0.4, 0.1]]
    kept = [
        _record(entrant, task, seed, curve)
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
            _record(entrant, task.name, 0, [regret] * 6, sampler_seconds=0.06, n_failed=2)
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


# The catalogue.


def test_parts_are_well_formed() -> None:
    tasks = [task for part in catalog.PARTS.values() for task in part.tasks]
    assert len({task.name for task in tasks}) == len(tasks)
    for part in catalog.PARTS.values():
        assert part.entrants[0].name == "on"
        assert len({len(task.checkpoints) for task in part.tasks}) == 1
        helped = [task for task in part.tasks if task.offers]
        assert sum(task.is_dev for task in helped) >= 2
        assert sum(not task.is_dev for task in helped) >= 4
        assert any(not task.offers for task in part.tasks)
        for task in part.tasks:
            assert list(task.checkpoints) == sorted(task.checkpoints)
            assert task.description


_WITH_SCALE = [
    task
    for name in ("conditional", "constraints", "objectives")
    for task in catalog.PARTS[name].tasks
]


@pytest.mark.parametrize("task", _WITH_SCALE, ids=lambda task: task.name)
def test_scale_holds_for_random_points(task: Task) -> None:
    pytest.importorskip("sklearn")
    if task.constrained and not _SETS_CONSTRAINTS:
        pytest.skip(_NEEDS)
    scale = scales.load()[task.name]
    assert 0 < scale.feasible <= 1
    study, _ = run_study(replace(task, n_trials=12), random_search(), 0)
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
    told = getattr(study.trials[0], "constraints", {})
    assert task.constrained is bool(told)
    progress = task.progress(study)
    assert len(progress.regret) == 12
    assert np.all(np.diff(progress.regret) <= 0)
    assert np.all((progress.regret > 0) & (progress.regret <= 1))
    if len(task.directions) == 1:
        assert scale.best < scale.at_random
        values = [trial.values[0] for trial in study.trials if is_feasible(trial)]
        assert scale.best < min(values, default=math.inf)
    else:
        assert scale.best > scale.at_random


def test_scales_are_no_worse_than_the_literature() -> None:
    for name, published in constraints.PUBLISHED.items():
        assert scales.load()[name].best <= published
    for name, published in objectives.PUBLISHED.items():
        assert scales.load()[name].best == pytest.approx(published, rel=0.01)


def test_published_design_is_feasible() -> None:
    from benchmarks.parts.problems import engineering

    values, limits = engineering.welded_beam(0.205730, 3.470489, 9.036624, 0.205730)
    assert values[0] == pytest.approx(1.724852, rel=1e-4)
    assert max(limits.values()) < 1e-4
    values, limits = engineering.tension_spring(0.051689, 0.356718, 11.28897)
    assert values[0] == pytest.approx(0.012665, rel=1e-3)
    assert max(limits.values()) < 1e-3
    values, limits = engineering.pressure_vessel(0.8125, 0.4375, 42.0984, 176.6366)
    assert values[0] == pytest.approx(6059.714, rel=1e-4)
    assert max(limits.values()) < 1e-3
    values, limits = engineering.speed_reducer(3.5, 0.7, 17, 7.3, 7.71532, 3.35021, 5.28665)
    assert values[0] == pytest.approx(2994.4711, rel=1e-4)
    assert max(limits.values()) < 1e-4


def test_rocket_injector_is_the_published_one() -> None:
    """Values of RE3-4-7 as the code of Tanabe and Ishibuchi computes them."""
    from benchmarks.parts.problems import engineering

    at_ends = engineering.rocket_injector(1.0, 1.0, 1.0, 1.0)
    assert at_ends == pytest.approx([0.20514, 0.8774, 0.2838])
    inside = engineering.rocket_injector(0.2, 0.4, 0.6, 0.8)
    assert inside == pytest.approx([0.4403096, 0.594984, 0.896704])


def test_vector_is_a_point_of_a_conditional_space() -> None:
    def objective(trial: Trial) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_float("x", 0.0, 10.0)
        trial.set_constraint("c", 2.0)
        n = trial.suggest_int("n", 1, 100, log=True)
        return n + trial.suggest_float("step", 0.0, 0.3, step=0.1)

    space = UnitSpace(objective)
    assert space.n_dims == 4
    assert space.evaluate(np.full(4, 0.25)) == ([2.5], 0.0)
    (value,), violation = space.evaluate(np.full(4, 0.999))
    assert value == pytest.approx(100.3)
    assert violation == 2.0
