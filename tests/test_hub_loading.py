"""The repository as a registry of OptunaHub packages, at any tag."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from tests.servers import Port


ROOT = Path(__file__).parents[1]
PACKAGES = sorted(
    str(init.parent.relative_to(ROOT / "package"))
    for init in (ROOT / "package").glob("*/*/__init__.py")
)
TAGS = ("v0.1.0", "v0.2.0")
# Loads from the served repository; what it loads says of which tag it is.
LOAD = """
import importlib, json, os, sys
import optuna, optunahub

port, packages = int(sys.argv[1]), json.loads(sys.argv[2])


def load(package, ref):
    return optunahub.load_module(
        package, repo_owner="owner", repo_name="registry", ref=ref,
        base_url=f"git://127.0.0.1:{port}",
    )

"""
OPTIMISE = """
module = load("samplers/lattice_gp", "v0.2.0")
assert "torch" not in sys.modules
study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
study.optimize(lambda t: t.suggest_int("x", 0, 20) ** 2 + t.suggest_float("y", -1, 1) ** 2, 15)
assert study.best_value < 0.1, study.best_value

problem = load("benchmarks/perceiver_mnist", "v0.1.0").Problem()
study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
study.optimize(problem, n_trials=6)
assert "torch" not in sys.modules
print("loaded and optimised")
"""
ALL_AT_REF = """
loaded = [load(package, REF) for package in packages]
for module in loaded:
    # A part that is imported late is of the same tag.
    late = importlib.import_module(module.__name__ + ".late")
    print(module.TAG, late.TAG)
"""
CONTINUE = """
import sys
import optuna, optunahub

module = optunahub.load_local_module("samplers/lattice_gp", registry_root=sys.argv[1])
study = optuna.create_study(sampler=module.LatticeGPSampler(seed=0))
x = optuna.distributions.FloatDistribution(0, 1)
for value in (0.1, 0.3, 0.5, 0.7, 0.9):
    study.add_trial(optuna.create_trial(params={"x": value}, distributions={"x": x}, value=value))
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
assert module.prediction_of(study.trials[-1]) is not None
assert "scipy.stats" not in sys.modules
"""
MAIN = """
for package in packages:
    try:
        load(package, "main")
    except RuntimeError as error:
        print(error)
"""
EVERY_MODULE = """
package, = packages
module = load(package, "v0.2.0")
root = os.path.dirname(module.__file__)
print(os.path.relpath(root, os.environ["OPTUNAHUB_CACHE_HOME"]))
for folder, folders, files in os.walk(root):
    # Tests and examples are scripts.
    folders[:] = [name for name in folders if name not in ("tests", "examples", "__pycache__")]
    for file in files:
        if not file.endswith(".py") or file in ("__init__.py", "example.py"):
            continue
        parts = os.path.relpath(os.path.join(folder, file[:-3]), root).split(os.sep)
        try:
            importlib.import_module(".".join([module.__name__, *parts]))
        except ModuleNotFoundError as error:
            print("lacks", error.name.partition(".")[0])
"""
# What packages may need beyond Optuna, and a test machine need not have.
OPTIONAL = {"torch", "torchvision", "triton", "matplotlib", "plotly"}


def _git(repository: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    # Neither a repository that git was told of nor settings, of signatures and hooks, say.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-C", str(repository), *identity, *arguments]
    subprocess.run(command, check=True, env=environment)


def _repository(folder: Path) -> None:
    """This checkout's packages, tagged twice, and after that broken on ``main``."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "package", folder / "package", ignore=ignore)
    _git(folder, "init", "-q", "-b", "main")
    inits = [folder / "package" / package / "__init__.py" for package in PACKAGES]
    code = {init: init.read_text(encoding="utf-8") for init in inits}
    for tag in TAGS:
        for init in inits:
            init.write_text(f"{code[init]}\nTAG = {tag!r}\n", encoding="utf-8")
            (init.parent / "late.py").write_text(f"TAG = {tag!r}\n")
        _git(folder, "add", "-A")
        _git(folder, "commit", "-q", "-m", tag)
        _git(folder, "tag", "-a", tag, "-m", tag)
    for init in inits:
        init.write_text("raise RuntimeError('broken on main')\n")
    _git(folder, "commit", "-q", "-a", "-m", "break all")


@pytest.fixture(scope="module")
def served_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of the loopback interface where git serves such a repository."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    served = tmp_path_factory.mktemp("served")
    _repository(served / "owner" / "registry")
    port = Port()
    daemon = subprocess.Popen(
        [
            "git",
            "daemon",
            "--listen=127.0.0.1",
            f"--port={port.number}",
            "--reuseaddr",
            "--export-all",
            f"--base-path={served}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port.wait_for(daemon)
        yield port.number
    finally:
        daemon.terminate()
        daemon.wait()
        port.close()


def _output(script: str, port: int, packages: list[str], tmp_path: Path) -> str:
    """What a script prints that knows nothing of this checkout."""
    finished = subprocess.run(
        [sys.executable, "-c", LOAD + script, str(port), json.dumps(packages)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "OPTUNAHUB_CACHE_HOME": str(tmp_path / "cache"),
            "OPTUNAHUB_NO_ANALYTICS": "1",
        },
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_all_packages_are_found() -> None:
    assert {"samplers/lattice_gp", "benchmarks/perceiver_mnist"} <= set(PACKAGES)


@pytest.mark.slow
def test_sampler_and_problem_of_two_tags_work_side_by_side(
    served_registry: int, tmp_path: Path
) -> None:
    assert "loaded and optimised" in _output(OPTIMISE, served_registry, PACKAGES, tmp_path)


# One tag a process: OptunaHub keeps the parts of a package that Python has imported.
@pytest.mark.parametrize("tag", [pytest.param(TAGS[0], marks=pytest.mark.slow), *TAGS[1:]])
def test_a_tag_loads_every_package_as_it_was(
    tag: str, served_registry: int, tmp_path: Path
) -> None:
    script = f"REF = {tag!r}\n{ALL_AT_REF}"
    told = _output(script, served_registry, PACKAGES, tmp_path).splitlines()
    assert told == [f"{tag} {tag}"] * len(PACKAGES)


def test_without_a_tag_the_latest_commit_is_loaded(served_registry: int, tmp_path: Path) -> None:
    told = _output(MAIN, served_registry, PACKAGES, tmp_path).splitlines()
    assert told == ["broken on main"] * len(PACKAGES)


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_all_that_a_package_needs_lies_in_its_folder(
    package: str, served_registry: int, tmp_path: Path
) -> None:
    where, *lacking = _output(EVERY_MODULE, served_registry, [package], tmp_path).splitlines()
    assert where == f"127.0.0.1/owner/registry/v0.2.0/package/{package}"
    brought = (tmp_path / "cache" / "127.0.0.1" / "owner" / "registry" / "v0.2.0").rglob("*.py")
    assert all(f"/package/{package}/" in str(path) for path in brought)
    assert {line.removeprefix("lacks ") for line in lacking} <= OPTIONAL


def test_who_goes_on_with_a_study_does_not_wait_for_the_library_of_its_start() -> None:
    """Loading SciPy's statistics takes longer than loading all else that the sampler needs."""
    subprocess.run([sys.executable, "-c", CONTINUE, str(ROOT / "package")], check=True)
