"""Every file of the sampler's ``examples`` runs as written, small, and does what it promises.

They run in processes of their own, as a user runs them, and load the package as a user does: from
OptunaHub's cache, in which it is a link to this checkout.
"""

from __future__ import annotations

from pathlib import Path
import re
import runpy
import signal
import subprocess
import sys
from typing import Any

import optuna
import pytest

from . import servers


PACKAGE = Path(__file__).parents[1] / "package"
EXAMPLES = PACKAGE / "samplers" / "lattice_gp" / "examples"
NEEDS = {
    "ask_and_tell": [],
    "lightgbm_pruning": ["lightgbm", "sklearn"],
    "many_workers": [],
    "pytorch_perceiver": ["sklearn", "torch"],
    "resume": [],
    "scikit_learn": ["sklearn"],
    "warm_start": ["sklearn"],
}


@pytest.fixture(scope="module", autouse=True)
def hub_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """OptunaHub's cache, for this process and its children."""
    cache = tmp_path_factory.mktemp("cache")
    registry = cache / "github.com" / "optuna" / "optunahub-registry" / "main"
    registry.mkdir(parents=True)
    (registry / "package").symlink_to(PACKAGE, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPTUNAHUB_CACHE_HOME", str(cache))
        # Storages in files are experimental in some versions: nothing to fail for.
        patch.setenv("PYTHONWARNINGS", "ignore")
        yield


def start(name: str, *arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start an example in a folder."""
    for library in NEEDS[name]:
        pytest.importorskip(library)
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )


def run(name: str, *arguments: str, folder: Path) -> str:
    """Run an example to its end; returns what it printed."""
    process = start(name, *arguments, folder=folder)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert not list(folder.iterdir()), "an example left files behind"
    return out


def number(pattern: str, out: str) -> float:
    """The number that a pattern's only group matches."""
    found = re.search(pattern, out)
    assert found, f"{pattern!r} is not in:\n{out}"
    return float(found[1])


def test_every_example_is_tested_here() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.py")} - {"continue_a_study"}
    assert files == set(NEEDS)
    for name in NEEDS:
        assert f"def test_{name}" in Path(__file__).read_text(), name


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell that a process is gone")
def test_resume(tmp_path: Path) -> None:
    out = run("resume", "--trials", "10", "--seconds", "0.1", folder=tmp_path)
    assert "killed, exit status -9" in out
    assert "trials that were cut off: 1\n10 of 10 trials are the same" in out


def test_resume_by_hand_after_ctrl_c(tmp_path: Path) -> None:
    """Interrupted, it says what is there, and the same command continues."""
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    arguments = ("--storage", storage, "--trials", "8", "--seconds", "0.2")
    study = optuna.create_study(storage=storage, study_name="resume")
    process = start("resume", *arguments, folder=tmp_path)
    servers.wait_until(
        lambda: sum(trial.state.is_finished() for trial in study.trials) >= 2, "two trials"
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "the same command continues" in out and "Traceback" not in err
    n_done = int(number(r"best of (\d+) trials", out))
    assert 2 <= n_done < 8
    process = start("resume", *arguments, folder=tmp_path)
    out, _ = process.communicate(timeout=60)
    assert f"{n_done} trials are there, {8 - n_done} to go" in out and "best of 8 trials" in out


@pytest.mark.parametrize("kind", ["journal", "sqlite", "postgres"])
def test_many_workers(kind: str, tmp_path: Path) -> None:
    arguments = ["--workers", "2", "--trials", "12", "--seconds", "0.2"]
    if kind == "postgres":
        if servers.postgres_bin() is None:
            pytest.skip("needs PostgreSQL")
        pytest.importorskip("psycopg")
        with servers.running_postgres() as server:
            out = run("many_workers", *arguments, "--storage", server.url, folder=tmp_path)
    elif kind == "sqlite":
        storage = f"sqlite:///{tmp_path.parent / (tmp_path.name + '.db')}"
        out = run("many_workers", *arguments, "--storage", storage, folder=tmp_path)
    else:
        out = run("many_workers", *arguments, folder=tmp_path)
    assert out.count("killing worker") == 1
    n_trials = number(r"(\d+) trials completed", out)
    # Each of the others may be in the middle of a trial when the last one is told.
    assert 12 <= n_trials <= 13
    assert number(r"(\d+) different points", out) == n_trials
    assert number(r"(\d+) cut off", out) == 1
    assert 2 <= len(re.findall(r"worker \d+: [1-9]\d* trials", out)) <= 3


def test_ask_and_tell(tmp_path: Path) -> None:
    out = run("ask_and_tell", "--batches", "3", "--batch-size", "6", folder=tmp_path)
    assert "18 trials, 18 different points" in out
    assert len(re.findall(r"batch \d: \d of 6 failed", out)) == 3
    assert "batch 1: 0" not in out, "no job failed: nothing is shown"
    assert "trial 0 came late" in out
    assert number(r"\nbest: (\S+)", out) < 0.27


def test_warm_start(tmp_path: Path) -> None:
    arguments = ("--trials", "3", "--earlier", "6", "--epochs", "4")
    out = run("warm_start", *arguments, folder=tmp_path)
    rows = [line.split() for line in out.splitlines() if re.match(r" +\d", line)]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    for column in (1, 2):
        losses = [float(row[column]) for row in rows]
        assert losses == sorted(losses, reverse=True) and losses[-1] < 2.3
    assert rows[0][1] != rows[0][2], "the warm study begins like the cold one"


def test_scikit_learn(tmp_path: Path) -> None:
    out = run("scikit_learn", "--trials", "10", "--folds", "2", folder=tmp_path)
    rows = {
        name: (default, tuned, int(n))
        for name, default, tuned, n in re.findall(r"(\w+) +(\S+) +(\S+) +(\d+)\n", out)
    }
    assert set(rows) == {"svm", "neighbours", "trees"}
    # Every choice is tried.
    assert sum(n for _, _, n in rows.values()) == 10 and all(n for _, _, n in rows.values())
    best = min(float(tuned) for _, tuned, _ in rows.values())
    assert best == number(r"best: (\S+)", out) < 5.0


def test_lightgbm_pruning(tmp_path: Path) -> None:
    out = run("lightgbm_pruning", "--trials", "12", "--rounds", "60", folder=tmp_path)
    n_done, n_pruned = number(r"(\d+) trials completed", out), number(r", (\d+) pruned", out)
    assert n_done + n_pruned == 12 and n_pruned >= 1
    assert number(r"validation loss (\S+)", out) < 0.3
    assert number(r"in (\d+) rounds", out) <= 60
    assert number(r"test images: (\S+)", out) < 0.3


def test_pytorch_perceiver(tmp_path: Path) -> None:
    arguments = ("--trials", "6", "--epochs", "3", "--images", "120")
    out = run("pytorch_perceiver", *arguments, folder=tmp_path)
    assert "6 trials: " in out
    assert number(r"best validation loss (\S+)", out) < 2.5


def test_pytorch_perceiver_that_diverges(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trials of which the loss is no number, and those that run out of memory, fail."""
    pytest.importorskip("sklearn")
    torch = pytest.importorskip("torch")
    example = runpy.run_path(str(EXAMPLES / "pytorch_perceiver.py"))
    outcomes = iter([float("nan"), 1.5, None, 1.0])

    def validate(*_: Any) -> float:
        outcome = next(outcomes)
        if outcome is None:
            raise torch.cuda.OutOfMemoryError("too large")
        return outcome

    monkeypatch.setattr(example["Objective"], "validate", validate)
    command = ["example", "--trials", "4", "--epochs", "1", "--images", "60"]
    monkeypatch.setattr(sys, "argv", command)
    example["main"]()
    out = capsys.readouterr().out
    assert "4 trials: 2 complete, 2 fail" in out and "loss 1.0000" in out


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_wrong_arguments(name: str, tmp_path: Path) -> None:
    """One line and a usage, before any work."""
    option = "--batches" if name == "ask_and_tell" else "--trials"
    process = start(name, option, "0", folder=tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and not out
    assert err.splitlines()[-1].endswith(f"argument {option}: 0 is not 1 or more")


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_missing_library(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what to install."""
    for library in NEEDS[name]:
        pytest.importorskip(library)
    missing = [*NEEDS[name], "optunahub"][0]
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(EXAMPLES / f"{name}.py"))
    message = str(caught.value)
    assert missing in message and "\n" not in message
    packages = message.partition("pip install ")[2]
    # What the docstring says, word for word.
    assert f"pip install {packages}" in (EXAMPLES / f"{name}.py").read_text().partition('"""\n')[0]


def test_perceiver_on_mnist(tmp_path: Path) -> None:
    """A folder without MNIST is told in one line."""
    pytest.importorskip("torchvision")
    process = start("pytorch_perceiver", "--data-root", "nowhere", folder=tmp_path)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("--data-root nowhere: ")
    assert "Traceback" not in err
