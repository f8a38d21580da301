"""Odd input and odd outcomes: one clear line, or figures that still can be believed."""

from __future__ import annotations

import errno
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.study import StudyDirection
import pytest
from rich.console import Console

from benchmarks import cli
from benchmarks.analysis.curves import regret
from benchmarks.analysis.curves import run_curves
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.analysis.studies.failures import failure_note
from benchmarks.analysis.studies.results import load_runs
from benchmarks.analysis.studies.results import objective_seconds
from benchmarks.analysis.studies.results import Run
from benchmarks.analysis.studies.run_arrays import run_arrays
from benchmarks.analysis.studies.samples import to_samples
from benchmarks.definitions import read_definitions
from benchmarks.engines.jobs import Board
from benchmarks.engines.jobs import Job
from benchmarks.errors import unknown_name
from benchmarks.errors import UsageError
from benchmarks.problems.registry import get_problem
from benchmarks.problems.registry import wanted_problems
from benchmarks.problems.spec import Options
from benchmarks.running.campaign import Campaign
from benchmarks.running.progress import Display
from benchmarks.storage import opening
from benchmarks.storage.study_spec import StudySpec
from benchmarks.study.reevaluation import reevaluate


# With the same search space, and nothing else to tell them apart by.
_TWINS = ("quadratic", "sleepy")
_PROBLEMS = """
import math
import optuna

def endless(trial):
    x = trial.suggest_float("x", -5.0, 5.0)
    return math.inf if x > 0 else -math.inf if x < -4 else x * x

def broken(trial):
    trial.suggest_float("x", -5.0, 5.0)
    return undefined_name

def confused(trial):
    x = trial.suggest_float("x", 1.0, 5.0)
    odd = [math.nan, None, math.inf, "abc", -3.0][trial.number]
    for key in ("seconds", "expected_loss"):
        if key == "seconds" or trial.number < 4:
            trial.set_user_attr(key, odd)
    return x

def wordy(trial):
    trial.suggest_float("x", -5.0, 5.0)
    return "low"
"""


@pytest.fixture
def problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a module with problems, on the path also of worker processes."""
    name = "strange_" + tmp_path.name.replace("-", "_")
    (tmp_path / f"{name}.py").write_text(_PROBLEMS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return name


def _run(out: Path, *arguments: str) -> int:
    base = ["run", "--jobs", "1", "--seeds", "1", "--out", str(out)]
    return cli.main([*base, *arguments])


def _runs(out: Path) -> list[Run]:
    return load_runs(opening.open_storage(opening.default_url(out)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--parallel", "0"], ["--parallel", "'0'", "integer of 1 or more"]),
        (["run", "--seed", "3"], ["got --seed,", "mean --seeds?", "run --help"]),
        (["run", "--device", "cuda:1"], ["--device", "'cuda:1'", "CUDA_VISIBLE_DEVICES=1"]),
        (["run", "--trails=3"], ["got --trails,", "mean --trials?"]),
        (["report", "--wholly-unknown"], ["got --wholly-unknown, which is no option."]),
        (["report", "there"], ["got 'there'", "report --help"]),
        (["merge", "--out", "o"], ["DIR|URL"]),
        (["copmare"], ["copmare", "compare"]),
    ],
)
def test_what_the_parser_refuses_is_one_line(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("error: ")
    assert all(word in said for word in words), said


@pytest.mark.parametrize("command", ["run", "speed"])
def test_help_tells_defaults_that_there_are(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "(default: 1)" in said
    for nothing in ("None", "False", ""):
        assert f"(default: {nothing})" not in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[samplers.tpe]\nuse = 'random'", ["'tpe'", "has already"]),
        ("[samplers.ablations]\nuse = 'random'", ["'ablations'", "has already"]),
        ("[problems.quadratic]\nuse = 'lattice'", ["'quadratic'", "has already"]),
        ("[samplers.' ']\nuse = 'random'", ["empty name"]),
    ],
)
def test_a_file_gives_no_name_a_second_meaning(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "names.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_definitions(path)
    assert all(word in str(raised.value) for word in words)


@pytest.mark.slow
def test_a_name_that_stands_for_another_problem_cannot_continue_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spaces = [get_problem(name).build(Options(), 0).search_space for name in _TWINS]
    assert spaces[0] == spaces[1]
    config = tmp_path / "names.toml"
    for name, status in zip(_TWINS, (0, 2)):
        config.write_text(f"[problems.mine]\nuse = '{name}'", encoding="utf-8")
        arguments = ["--config", str(config), "--samplers", "random", "--trials", "2"]
        assert _run(tmp_path / "out", *arguments) == status
    assert "was begun with other settings" in capsys.readouterr().err


@pytest.mark.slow
def test_infinite_values_are_no_values(
    tmp_path: Path, problems: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--problems", f"{problems}:endless", "--samplers", "random", "--trials", "30"]
    assert _run(tmp_path / "out", *arguments) == 0
    stored = [trial.values for run in _runs(tmp_path / "out") for trial in run.trials]
    assert {math.inf, -math.inf} <= {values[0] for values in stored if values is not None}
    found = run_curves.from_runs(_runs(tmp_path / "out"))
    scale = regret.find_scales(found)[f"{problems}:endless"]
    assert 0 <= scale.best < scale.median < 16
    assert cli.main(["compare", "--out", str(tmp_path / "out")]) == 0
    assert "Warning" not in capsys.readouterr().err


def test_files_with_infinite_values_still_have_a_scale() -> None:
    changes = np.array([1, 2, 3])
    curve = Curve(changes, np.array([math.inf, 4.0, 1.0]), 3)
    other = Curve(changes[:2], np.array([3.0, -math.inf]), 3)
    curve_set = CurveSet({("p", "a", 0): curve, ("p", "b", 0): other}, Facts())
    assert regret.find_scales(curve_set)["p"].best == 1.0
    assert regret.find_scales(curve_set)["p"].median == 3.0


def test_an_infinite_incumbent_is_not_measured_again() -> None:
    seen = []

    class Noted:
        search_space: dict[str, Any] = {}
        directions = [StudyDirection.MINIMIZE]

        def __call__(self, trial: Any) -> float:
            seen.append(trial.suggest_float("x", 0.0, 9.0))
            return -math.inf

    space: dict[str, Any] = {"x": optuna.distributions.FloatDistribution(0.0, 9.0)}
    trials = [
        optuna.trial.create_trial(params={"x": x}, distributions=space, value=value)
        for x, value in ((1.0, -math.inf), (2.0, 5.0), (3.0, 7.0))
    ]
    values = reevaluate(trials, StudyDirection.MINIMIZE, lambda seed: Noted(), 0, range(1))
    assert (seen, values) == ([2.0], [math.inf])


@pytest.mark.slow
def test_a_report_says_why_nothing_has_a_value(
    tmp_path: Path, problems: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = f"{problems}:broken,{problems}:wordy,quadratic"
    arguments = ["--problems", named, "--samplers", "random,tpe", "--trials", "2"]
    assert _run(tmp_path / "out", *arguments) == 0
    said = capsys.readouterr().out
    assert said.count("No trial of any sampler has a value; the last error: ") == 2
    assert "NameError: name 'undefined_name' is not defined" in said
    assert "the objective returned 'low', which is not one number" in said
    broken = [run for run in _runs(tmp_path / "out") if run.problem.endswith("broken")]
    fine = [run for run in _runs(tmp_path / "out") if run.problem == "quadratic"]
    assert failure_note(fine) == ""
    random_runs = [run for run in fine if run.sampler == "random"]
    only_tpe = [*[run for run in broken if run.sampler == "tpe"], *random_runs]
    assert failure_note(only_tpe).startswith("No trial of tpe has a value; the last error: Name")


def test_a_misspelt_problem_is_compared_with_no_modules(problems: str) -> None:
    with pytest.raises(UsageError) as raised:
        get_problem(f"{problems}:brokne")
    told = "got 'brokne'. Did you mean 'broken'? Accepts endless, broken, confused, wordy."
    assert told in str(raised.value)


def test_a_misspelt_name_gets_its_hint_before_what_else_is_accepted() -> None:
    told = str(unknown_name("--x", "tow", ["one", "two"], forms=["module:NAME"], shown_by="ls"))
    assert told == "--x: got 'tow'. Did you mean 'two'? Accepts one, two, module:NAME."
    assert str(unknown_name("--x", "?", ["one", "two"])) == "--x: got '?', accepts one, two."
    many = [f"name_{number}" for number in range(30)]
    told = str(unknown_name("--x", "?", many, forms=["module:NAME"], shown_by="ls"))
    assert told == "--x: got '?', accepts the 30 names that `ls` shows, module:NAME."
    assert "name_29." in str(unknown_name("--x", "?", many))


@pytest.mark.slow
def test_what_was_measured_again_stays_with_its_incumbent(tmp_path: Path) -> None:
    base = ["--samplers", "random", "--problems", "noisy_quadratic"]
    assert _run(tmp_path / "short", *base, "--trials", "2", "--reevaluate", "2") == 0
    assert _run(tmp_path / "long", *base, "--trials", "4") == 0
    orders = (("short", "long"), ("long", "short"))
    for index, order in enumerate(orders):
        out = tmp_path / f"merged-{index}"
        sources = [str(tmp_path / name) for name in order]
        assert cli.main(["merge", *sources, "--out", str(out)]) == 0
        (run,) = _runs(out)
        assert (len(run.trials), run.reevaluated) == (4, ())
    # The same study, measured again more often, is the better source.
    assert cli.main(["merge", str(tmp_path / "short"), "--out", str(tmp_path / "m")]) == 0
    assert _run(tmp_path / "short", *base, "--trials", "2", "--reevaluate", "3") == 0
    assert cli.main(["merge", str(tmp_path / "short"), "--out", str(tmp_path / "m")]) == 0
    assert len(_runs(tmp_path / "m")[0].reevaluated) == 3


@pytest.mark.parametrize("command", ["merge", "report", "compare"])
def test_a_storage_that_is_not_there_is_not_made(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere.db'}"
    source = [url] if command == "merge" else ["--storage", url]
    assert cli.main([command, *source, "--out", str(tmp_path / "out")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["report"],
        ["compare"],
        ["merge", "OUT"],
        ["run", "--problems", "quadratic"],
        ["run", "--problems", "quadratic", "--dry-run"],
    ],
)
def test_a_broken_file_is_told_with_its_folder(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "studies.db"
    file.write_bytes(b"no database" * 500)
    arguments = [str(tmp_path) if word == "OUT" else word for word in words]
    assert cli.main([*arguments, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    where = "merge" if words[0] == "merge" else "--out"
    assert said.startswith(
        f"error: {where}: cannot read {file} (file is not a database); move it "
    )
    assert said.count("\n") == 1
    assert cli.main(["report", "--storage", f"sqlite:///{file}", "--out", str(tmp_path)]) == 2
    assert "--storage: cannot open sqlite:///" in capsys.readouterr().err


def test_a_dry_run_leaves_no_storage_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.db"
    assert _run(tmp_path / "out", "--dry-run", "--storage", f"sqlite:///{file}") == 0
    assert "3 studies, 90 trials" in capsys.readouterr().out
    assert not file.exists() and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_run_lets_others_in_as_soon_as_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    prepare = Campaign.prepare

    def prepare_and_keep(self: Campaign, console: Console) -> None:
        kept.append(self)
        prepare(self, console)

    monkeypatch.setattr(Campaign, "prepare", prepare_and_keep)
    arguments = ["--samplers", "random", "--problems", "lattice", "--trials", "1"]
    # The second has nothing to do but to get in; the first is still in memory.
    assert [_run(tmp_path / "out", *arguments) for _ in range(2)] == [0, 0]
    assert len(kept) == 2


def test_ctrl_c_during_set_up_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Campaign, "prepare", interrupted)
    assert _run(tmp_path / "out", "--samplers", "random") == 130
    assert "To continue:" in capsys.readouterr().err
    monkeypatch.setattr("benchmarks.running.command._campaign", interrupted)
    assert _run(tmp_path / "out", "--samplers", "random") == 130
    assert capsys.readouterr().err == "\nstopped\n"


@pytest.mark.slow
def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("benchmarks.reporting.report.write_report", full)
    out = tmp_path / "out"
    assert _run(out, "--samplers", "random", "--problems", "lattice", "--trials", "1") == 2
    said = capsys.readouterr().err
    assert said == f"error: --out: cannot write to {out} (No space left on device)\n"


@pytest.mark.slow
def test_compare_takes_names_with_commas(tmp_path: Path) -> None:
    sampler = "tpe(n_startup_trials=1, multivariate=True)"
    out = tmp_path / "out"
    named = ["--samplers", f"random,{sampler}"]
    assert _run(out, *named, "--problems", "lattice", "--trials", "2") == 0
    assert cli.main(["compare", "--out", str(out), "--samplers", sampler]) == 0
    text = (out / "compare.md").read_text(encoding="utf-8")
    assert f"| {sampler} |" in text and "| random |" not in text


@pytest.mark.slow
def test_other_settings_are_told_as_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--samplers", "random", "--problems", "lattice", "--trials", "1"]
    old = [*base, "--sampler-seeds", "shared"]
    assert _run(tmp_path / "out", *old) == 0
    assert _run(tmp_path / "out", *base, "--start-points", "3", "--parallel", "2") == 2
    said = capsys.readouterr().err
    for words in (
        "--sampler-seeds: shared, now own",
        "--start-points: 0, now 3",
        "--parallel: 1, now 2",
    ):
        assert words in said


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["1", "2"])
def test_numbers_that_a_problem_gets_wrong_are_not_told(
    tmp_path: Path, problems: str, parallel: str
) -> None:
    arguments = ["--problems", f"{problems}:confused", "--samplers", "random", "--trials", "5"]
    assert _run(tmp_path / "out", *arguments, "--parallel", parallel) == 0
    (run,) = _runs(tmp_path / "out")
    attrs = [trial.user_attrs for trial in run.trials]
    assert [objective_seconds(trial) for trial in run.trials] == [
        a["objective_seconds"] for a in attrs
    ]
    arrays = run_arrays(run)
    assert np.array_equal(arrays.losses, arrays.noise_free) and np.isfinite(arrays.losses).all()
    (sample,) = to_samples([run])
    assert np.isnan(sample.expected).all()


@pytest.mark.parametrize(
    ("samplers", "problems"),
    [
        ("random,random(),random( )", "quadratic"),
        ("tpe(n_startup_trials=3),tpe(n_startup_trials=3 )", "quadratic"),
        ("random", "quadratic(),quadratic,quadratic( )"),
        ("random", "quadratic+noise=0.1,quadratic()+noise=0.1"),
    ],
)
def test_what_is_written_in_two_ways_is_run_once(
    samplers: str, problems: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--dry-run", "--samplers", samplers, "--problems", problems, "--trials", "3"]
    assert _run(tmp_path / "out", *words) == 0
    assert "1 studies, 3 trials" in capsys.readouterr().out


def test_problems_that_differ_all_stay() -> None:
    text = "quadratic,quadratic+noise=0.1,perceiver(preset='small'),perceiver(preset=\"full\")"
    assert ",".join(wanted_problems(text, None)) == text


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_run_of_nothing_is_an_error(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--samplers", "brute_force", "--problems", "quadratic", *more]
    assert _run(tmp_path / "out", *words) == 2
    said = capsys.readouterr()
    assert "skipped: brute_force on quadratic: " in said.out
    assert said.err == "error: --samplers: none of brute_force can work on any of quadratic.\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a:star:b", "a[b]c", "[/b]"])
def test_names_are_shown_as_they_are(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "names.toml"
    config.write_text(f"[problems.'{name}']\nuse = 'quadratic'", encoding="utf-8")
    assert _run(tmp_path / "out", "--dry-run", "--config", str(config)) == 0
    assert f"{name} " in capsys.readouterr().out


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_shows_names_as_they_are(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.running.progress._HEARTBEAT", -1.0)
    file = io.StringIO()
    console = Console(file=file, force_terminal=is_terminal, width=170, emoji=False)
    job = Job(StudySpec("a[b]c", "[/b]", 0, 1, Options(), ""), 0)
    job.state = "running"
    with Display(console, Board(1), 1, 0) as display:
        display.tick([job])
    assert "a[b]c/[/b]/seed-0" in file.getvalue()
