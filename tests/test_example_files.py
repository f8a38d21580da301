"""Every file of the sampler's ``examples`` runs as written, small, and does what it promises.

They run in processes of their own, as a user runs them, and load the package as a user does: from
OptunaHub's cache, in which it is a link to this checkout.
"""

from __future__ import annotations

from pathlib import Path
import re
import runpy
import signal
import struct
import subprocess
import sys

import numpy as np
import optuna
import pytest

from tests import servers
from tests.example_files import EXAMPLES
from tests.example_files import NEEDS


pytestmark = pytest.mark.usefixtures("hub_has_this_checkout")


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
    out, err = process.communicate(timeout=600)
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
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(NEEDS)
    for name in NEEDS:
        assert f"def test_{name}" in Path(__file__).read_text(), name


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell that a process is gone")
def test_resume(tmp_path: Path) -> None:
    out = run("resume", "--trials", "6", "--seconds", "1.5", folder=tmp_path)
    assert "killed, exit status -9" in out
    assert "trials that were cut off: 1\n6 of 6 trials are the same" in out


@pytest.mark.slow
def test_resume_by_hand_after_ctrl_c(tmp_path: Path) -> None:
    """Interrupted, it says what is there, and the same command continues."""
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    # Long trials: a busy machine may notice late that there are two.
    arguments = ("--storage", storage, "--trials", "6", "--seconds")
    study = optuna.create_study(storage=storage, study_name="resume")
    process = start("resume", *arguments, "3", folder=tmp_path)
    servers.wait_until(
        lambda: sum(trial.state.is_finished() for trial in study.trials) >= 2, "two trials"
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0 and "the same command continues" in out, err
    assert "Traceback" not in err
    n_done = int(number(r"best of (\d+) trials", out))
    assert 2 <= n_done < 6
    process = start("resume", *arguments, "0", folder=tmp_path)
    out, _ = process.communicate(timeout=600)
    assert f"{n_done} trials are there, {6 - n_done} to go" in out and "best of 6 trials" in out


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["journal", "postgres"])
def test_many_workers(kind: str, tmp_path: Path) -> None:
    # Long trials: on a busy machine a worker may begin seconds after the other.
    arguments = ["--workers", "2", "--trials", "10", "--seconds", "1.5"]
    if kind == "postgres":
        if servers.postgres_bin() is None:
            pytest.skip("needs PostgreSQL")
        pytest.importorskip("psycopg")
        with servers.running_postgres() as server:
            out = run("many_workers", *arguments, "--storage", server.url, folder=tmp_path)
    else:
        out = run("many_workers", *arguments, folder=tmp_path)
    assert out.count("killing worker") == 1
    n_trials = number(r"(\d+) trials completed", out)
    # Each of the others may be in the middle of a trial when the last one is told.
    assert 10 <= n_trials <= 11
    assert number(r"(\d+) different points", out) == n_trials
    assert number(r"(\d+) cut off", out) == 1
    assert 2 <= len(re.findall(r"worker \d+: [1-9]\d* trials", out)) <= 3


@pytest.mark.slow
def test_ask_and_tell(tmp_path: Path) -> None:
    out = run("ask_and_tell", "--batches", "3", "--batch-size", "6", folder=tmp_path)
    assert "18 trials, 18 different points" in out
    assert len(re.findall(r"batch \d: \d of 6 failed", out)) == 3
    assert "batch 1: 0" not in out, "no job failed: nothing is shown"
    assert "trial 0 came late" in out
    assert number(r"\nbest: (\S+)", out) < 0.27


@pytest.mark.slow
def test_continue_a_study(tmp_path: Path) -> None:
    out = run("continue_a_study", folder=tmp_path)
    first, *suggestions = out.splitlines()
    assert first.startswith("best of 30 trials: ")
    assert len(set(suggestions)) == 10


@pytest.mark.slow
def test_warm_start(tmp_path: Path) -> None:
    arguments = ("--trials", "3", "--earlier", "5", "--epochs", "3")
    out = run("warm_start", *arguments, folder=tmp_path)
    rows = [line.split() for line in out.splitlines() if re.match(r" +\d", line)]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    for column in (1, 2):
        losses = [float(row[column]) for row in rows]
        assert losses == sorted(losses, reverse=True) and losses[-1] < 2.3
    assert rows[0][1] != rows[0][2], "the warm study begins like the cold one"


@pytest.mark.slow
def test_scikit_learn(tmp_path: Path) -> None:
    out = run("scikit_learn", "--trials", "8", "--folds", "2", folder=tmp_path)
    rows = {
        name: (default, tuned, int(n))
        for name, default, tuned, n in re.findall(r"(\w+) +(\S+) +(\S+) +(\d+)\n", out)
    }
    assert set(rows) == {"svm", "neighbours", "trees"}
    # Every choice is tried.
    assert sum(n for _, _, n in rows.values()) == 8 and all(n for _, _, n in rows.values())
    best = min(float(tuned) for _, tuned, _ in rows.values())
    assert best == number(r"best: (\S+)", out) < 5.0


@pytest.mark.slow
def test_lightgbm_pruning(tmp_path: Path) -> None:
    out = run("lightgbm_pruning", "--trials", "12", "--rounds", "60", folder=tmp_path)
    n_done, n_pruned = number(r"(\d+) trials completed", out), number(r", (\d+) pruned", out)
    assert n_done + n_pruned == 12 and n_pruned >= 1
    assert number(r"validation loss (\S+)", out) < 0.3
    assert number(r"in (\d+) rounds", out) <= 60
    assert number(r"test images: (\S+)", out) < 0.3


@pytest.mark.slow
def test_pytorch_perceiver(tmp_path: Path) -> None:
    arguments = ("--trials", "5", "--epochs", "2", "--images", "120")
    out = run("pytorch_perceiver", *arguments, folder=tmp_path)
    assert "5 trials: " in out
    assert number(r"best validation loss (\S+)", out) < 2.5


def write_mnist(raw: Path, n_images: int) -> None:
    """Random images, in files as torchvision lays them out."""
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    pixels = rng.integers(256, size=n_images * 28 * 28, dtype=np.uint8).tobytes()
    labels = rng.integers(10, size=n_images, dtype=np.uint8).tobytes()
    for part in ("train", "t10k"):
        images_head = struct.pack(">4i", 0x803, n_images, 28, 28)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(images_head + pixels)
        labels_head = struct.pack(">2i", 0x801, n_images)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(labels_head + labels)


@pytest.mark.slow
@pytest.mark.parametrize("is_there", [True, False])
def test_pytorch_perceiver_on_mnist(
    is_there: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Networks of real size on MNIST, of which the lack is told in one line."""
    pytest.importorskip("torchvision")
    example = runpy.run_path(str(EXAMPLES / "pytorch_perceiver.py"))
    command = ["example", "--trials", "1", "--epochs", "1", "--data-root", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    if is_there:
        write_mnist(tmp_path / "MNIST" / "raw", n_images=12)
        example["main"]()
        out = capsys.readouterr().out
        # The centre of the space of the blog post's size.
        assert "1 trials: 1 complete" in out and "'latent_dim': 320" in out
    else:
        with pytest.raises(SystemExit) as caught:
            example["main"]()
        assert str(caught.value).startswith(f"--data-root {tmp_path}: there is no MNIST")
        assert "\n" not in str(caught.value)
