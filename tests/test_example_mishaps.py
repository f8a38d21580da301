"""What the sampler's ``examples`` do where something is wrong, missing or interrupted."""

from __future__ import annotations

import argparse
import multiprocessing
from pathlib import Path
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import Any

import optuna
import pytest

from tests.example_files import EXAMPLES
from tests.example_files import NEEDS


pytestmark = pytest.mark.usefixtures("hub_has_this_checkout")


def test_continue_a_study_without_the_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copied alone, it says what is missing."""
    copied = str(shutil.copy(EXAMPLES / "continue_a_study.py", tmp_path))
    monkeypatch.setattr(sys, "argv", [copied])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(copied, run_name="__main__")
    missing = tmp_path / "perceiver_trials.csv"
    assert str(caught.value) == f"{missing} is not there: copy it from where this example is from"


@pytest.mark.slow
def test_pytorch_perceiver_that_diverges_and_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a number or enough memory, trials fail; Ctrl-C fails none and ends the study."""
    pytest.importorskip("sklearn")
    torch = pytest.importorskip("torch")
    example = runpy.run_path(str(EXAMPLES / "pytorch_perceiver.py"))
    no_memory = torch.cuda.OutOfMemoryError("too large")
    outcomes = iter([float("nan"), 1.5, no_memory, 1.0, KeyboardInterrupt()])

    def validate(*_: Any) -> float:
        outcome = next(outcomes)
        if isinstance(outcome, BaseException):
            raise outcome
        return float(outcome)

    monkeypatch.setattr(example["Objective"], "validate", validate)
    command = ["example", "--trials", "9", "--epochs", "1", "--images", "60"]
    monkeypatch.setattr(sys, "argv", command)
    example["main"]()
    out = capsys.readouterr().out
    assert "interrupted\n5 trials: 2 complete, 1 pruned, 2 fail" in out and "loss 1.0000" in out


def test_pytorch_perceiver_without_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    report = runpy.run_path(str(EXAMPLES / "pytorch_perceiver.py"))["report"]
    report(optuna.create_study())
    assert capsys.readouterr().out == "no trial was begun\n"


@pytest.mark.parametrize("name", sorted(NEEDS))
@pytest.mark.parametrize("value", ["0", "many"])
def test_wrong_arguments(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and a usage, before any work."""
    for library in NEEDS[name]:
        pytest.importorskip(library)
    option = {"ask_and_tell": "--batches", "continue_a_study": "--suggestions"}.get(
        name, "--trials"
    )
    monkeypatch.setattr(sys, "argv", [name, option, value])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    out, err = capsys.readouterr()
    assert caught.value.code == 2 and not out
    assert f"argument {option}: " in err.splitlines()[-1] and value in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("resume", "--seconds", "-1"),
        ("many_workers", "--seconds", "nan"),
        ("pytorch_perceiver", "--images", "5"),
        ("pytorch_perceiver", "--timeout", "nan"),
        ("lightgbm_pruning", "--timeout", "-1"),
        ("scikit_learn", "--timeout", "inf"),
    ],
)
def test_numbers_out_of_range(
    name: str,
    option: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line and a usage, before any work."""
    for library in NEEDS[name]:
        pytest.importorskip(library)
    monkeypatch.setattr(sys, "argv", [name, option, value])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    out, err = capsys.readouterr()
    assert caught.value.code == 2 and not out
    assert re.search(rf"error: argument {option}: {value} is not \d or more$", err.strip())


@pytest.mark.parametrize(
    ("name", "storage"),
    [
        ("resume", "study.db"),
        ("resume", "sqlite:////no/such/folder/study.db"),
        ("many_workers", "/no/such/folder/study.log"),
        ("many_workers", "nosql://host/database"),
        ("pytorch_perceiver", "study.db"),
    ],
)
def test_storages_that_cannot_be_opened(
    name: str, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that names the option, what it got and what is wrong."""
    for library in NEEDS[name]:
        pytest.importorskip(library)
    monkeypatch.setattr(sys, "argv", [name, "--storage", storage])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    message = str(caught.value)
    assert message.startswith(f"--storage {storage}: ") and "\n" not in message


def test_ctrl_c_ends_the_demonstration_of_resume(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In one line, with its processes and its files."""

    def interrupted(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "call", interrupted)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["resume"])
    with pytest.raises(SystemExit, match="^interrupted$"):
        runpy.run_path(str(EXAMPLES / "resume.py"), run_name="__main__")
    assert not list(tmp_path.iterdir())


def test_workers_are_started_deaf_to_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which reaches them too, before they have loaded what ignores it."""
    example = runpy.run_path(str(EXAMPLES / "many_workers.py"))
    answers = []

    class Process:
        def __init__(self, **_: Any) -> None:
            self.exitcode = 0

        def start(self) -> None:
            answers.append(signal.getsignal(signal.SIGINT))

        def is_alive(self) -> bool:
            return False

        terminate = join = is_alive

    class Context:
        def __init__(self, _: str) -> None:
            self.Process = Process

    monkeypatch.setattr(multiprocessing, "get_context", Context)
    before = signal.getsignal(signal.SIGINT)
    options = argparse.Namespace(storage="", trials=1, seconds=0.0, workers=2, kill=0)
    example["supervise"](options, optuna.create_study())
    assert answers == [signal.SIG_IGN] * 2
    assert signal.getsignal(signal.SIGINT) is before


def test_many_workers_that_have_done_enough_do_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    example = runpy.run_path(str(EXAMPLES / "many_workers.py"))
    # What a worker does in a process of its own.
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    storage = str(tmp_path / "study.log")
    for _ in range(2):
        example["work"](storage, 2, 0.0)
        assert len(example["open_study"](storage).trials) == 2


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_missing_library(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what to install."""
    for library in NEEDS[name]:
        pytest.importorskip(library)
    missing = [*NEEDS[name], "optunahub"][0]
    for module in list(sys.modules):
        if module.startswith(f"{missing}."):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(EXAMPLES / f"{name}.py"))
    message = str(caught.value)
    assert missing in message and "\n" not in message
    packages = message.partition("pip install ")[2]
    # What the docstring says, word for word.
    assert f"pip install {packages}" in (EXAMPLES / f"{name}.py").read_text().partition('"""\n')[0]
