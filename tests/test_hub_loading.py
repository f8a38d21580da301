"""The repository as a registry of OptunaHub packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import shutil
import socket
import subprocess
import sys
import time

import pytest


ROOT = Path(__file__).parents[1]
SCRIPT = """
import sys
import optuna, optunahub
port, = sys.argv[1:]
module = optunahub.load_module(
    "samplers/lattice_gp", repo_owner="owner", repo_name="registry",
    base_url=f"git://127.0.0.1:{port}",
)
assert "torch" not in sys.modules
study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
study.optimize(lambda t: t.suggest_int("x", 0, 20) ** 2 + t.suggest_float("y", -1, 1) ** 2, 15)
assert study.best_value < 0.1, study.best_value

problem = optunahub.load_module(
    "benchmarks/perceiver_mnist", repo_owner="owner", repo_name="registry",
    base_url=f"git://127.0.0.1:{port}",
).Problem()
study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
study.optimize(problem, n_trials=6)
assert "torch" not in sys.modules
print("loaded and optimised")
"""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@pytest.fixture
def served_registry(tmp_path: Path) -> Iterator[int]:
    """A git repository with this checkout's packages, served on the loopback interface."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    repository = tmp_path / "served" / "owner" / "registry"
    shutil.copytree(
        ROOT / "package", repository / "package", ignore=shutil.ignore_patterns("__pycache__")
    )
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        [*identity, "commit", "-q", "-m", "packages"],
    ):
        subprocess.run(["git", "-C", str(repository), *command], check=True)
    port = _free_port()
    daemon = subprocess.Popen(
        [
            "git",
            "daemon",
            "--listen=127.0.0.1",
            f"--port={port}",
            "--export-all",
            f"--base-path={tmp_path / 'served'}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield port
    finally:
        daemon.terminate()
        daemon.wait()


def test_load_module_from_a_served_repository(served_registry: int, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(served_registry)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin:/usr/local/bin",
            "HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "OPTUNAHUB_CACHE_HOME": str(tmp_path / "cache"),
            "OPTUNAHUB_NO_ANALYTICS": "1",
        },
    )
    assert finished.returncode == 0, finished.stderr
    assert "loaded and optimised" in finished.stdout
