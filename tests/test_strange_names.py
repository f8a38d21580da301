"""Odd names of samplers and problems: told, understood or refused, and shown as they are."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import cli
from benchmarks.definitions import read_definitions
from benchmarks.engines.jobs import Board
from benchmarks.engines.jobs import Job
from benchmarks.errors import unknown_name
from benchmarks.errors import UsageError
from benchmarks.problems.registry import get_problem
from benchmarks.problems.registry import wanted_problems
from benchmarks.problems.spec import Options
from benchmarks.running.progress import Display
from benchmarks.storage.study_spec import StudySpec
from tests.commands import run_one_seed


# With the same search space, and nothing else to tell them apart by.
_TWINS = ("quadratic", "sleepy")


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
        assert run_one_seed(tmp_path / "out", *arguments) == status
    assert "was begun with other settings" in capsys.readouterr().err


def test_a_misspelt_name_gets_its_hint_before_what_else_is_accepted() -> None:
    told = str(unknown_name("--x", "tow", ["one", "two"], forms=["module:NAME"], shown_by="ls"))
    assert told == "--x: got 'tow'. Did you mean 'two'? Accepts one, two, module:NAME."
    assert str(unknown_name("--x", "?", ["one", "two"])) == "--x: got '?', accepts one, two."
    many = [f"name_{number}" for number in range(30)]
    told = str(unknown_name("--x", "?", many, forms=["module:NAME"], shown_by="ls"))
    assert told == "--x: got '?', accepts the 30 names that `ls` shows, module:NAME."
    assert "name_29." in str(unknown_name("--x", "?", many))


@pytest.mark.slow
def test_compare_takes_names_with_commas(tmp_path: Path) -> None:
    sampler = "tpe(n_startup_trials=1, multivariate=True)"
    out = tmp_path / "out"
    named = ["--samplers", f"random,{sampler}"]
    assert run_one_seed(out, *named, "--problems", "lattice", "--trials", "2") == 0
    assert cli.main(["compare", "--out", str(out), "--samplers", sampler]) == 0
    text = (out / "compare.md").read_text(encoding="utf-8")
    assert f"| {sampler} |" in text and "| random |" not in text


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
    assert run_one_seed(tmp_path / "out", *words) == 0
    assert "1 studies, 3 trials" in capsys.readouterr().out


def test_problems_that_differ_all_stay() -> None:
    text = "quadratic,quadratic+noise=0.1,perceiver(preset='small'),perceiver(preset=\"full\")"
    assert ",".join(wanted_problems(text, None)) == text


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_run_of_nothing_is_an_error(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--samplers", "brute_force", "--problems", "quadratic", *more]
    assert run_one_seed(tmp_path / "out", *words) == 2
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
    assert run_one_seed(tmp_path / "out", "--dry-run", "--config", str(config)) == 0
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
