"""Which packages a checkout has, by which versions, and files that cannot be published."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import cli
from publishing import packages
from publishing import versions
from publishing.errors import UsageError
from tests.broken_copies import append
from tests.broken_copies import write


def test_names_of_packages_may_be_paths(copy: Path) -> None:
    root = copy.parents[2]
    names = ["package/samplers/lattice_gp/", "samplers/lattice_gp"]
    assert [package.title for package in packages.find(root, names)] == ["samplers/lattice_gp"]
    shutil.rmtree(copy)
    with pytest.raises(UsageError, match="has no package; run from the root of the checkout"):
        packages.find(root)


def test_what_another_branch_left_behind_is_no_package(copy: Path) -> None:
    write("../left/__pycache__/a.pyc", b"")(copy)
    write("../left/tests/__pycache__/b.pyc", b"")(copy)
    assert [package.name for package in packages.find(copy.parents[2])] == ["lattice_gp"]
    write("../left/tests/test_it.py", "")(copy)
    found = [package.name for package in packages.find(copy.parents[2])]
    assert found == ["lattice_gp", "left"]


def test_an_unknown_package_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "samplers/latice_gp"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: PACKAGE: got 'samplers/latice_gp', accepts ")
    assert "samplers/lattice_gp" in error


@pytest.mark.parametrize(
    "name, words",
    [
        (b"a\nb.txt", "has a file of the name 'a\\nb.txt', which other systems cannot hold"),
        (b"\xff.txt", "has a file of the name '\\udcff.txt', which"),
        (b"sub/.git/HEAD", "lattice_gp/sub: is a git repository of its own"),
    ],
)
def test_files_that_cannot_be_published_are_told(
    copy: Path, name: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy.parents[2]
    subprocess.run(["git", "init", "-q", root], check=True)
    if name.startswith(b"sub/"):
        subprocess.run(["git", "init", "-q", copy / "sub"], check=True)
    else:
        try:
            open(os.fsencode(copy) + b"/" + name, "w").close()
        except OSError:
            pytest.skip("this system cannot hold it")
    assert cli.main(["check"], root=root) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: package/samplers/lattice_gp") and words in error


def test_a_repository_that_git_does_not_read_is_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without git's word all caches would be findings."""
    root = copy.parents[2]
    (root / ".git").mkdir()
    assert cli.main(["check"], root=root) == 2
    assert f"error: git ls-files in {root}: fatal: " in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(root))
    assert cli.main(["check"], root=root) == 2
    assert capsys.readouterr().err.startswith("error: git: not found on PATH")


def test_versions_of_optuna_are_those_of_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    with pytest.raises(UsageError, match="pyproject.toml: not found; run from the root"):
        versions.supported(tmp_path)
    path.write_text("[project]\n")
    with pytest.raises(UsageError, match="must have newest-optuna"):
        versions.supported(tmp_path)
    newest = "[tool.publishing]\nnewest-optuna = '5.0.0'\n"
    path.write_text(f"[project]\ndependencies = ['numpy >= 1.24', 'optuna < 6']\n{newest}")
    with pytest.raises(UsageError, match="dependencies must have a lower bound"):
        versions.supported(tmp_path)
    path.write_text(path.read_text().replace("< 6", "< 6, != 4.9, >= 4.8"))
    assert versions.supported(tmp_path) == versions.Supported("4.8.0", "5.0.0")
    assert [versions.full_version(v) for v in ("4", "4.8", "4.8.1")] == ["4.0.0", "4.8.0", "4.8.1"]


def test_a_damaged_pyproject_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append("../../../pyproject.toml", "\nx = = 3\n")(copy)
    assert cli.main(["check"], root=copy.parents[2]) == 2
    assert "pyproject.toml: no TOML: Invalid value" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, words",
    [
        (b"# \xe9\n", "not in UTF-8"),
        (b"project = 3\n", "project is 3, but must be a table"),
        (b"tool = 3\n", "tool is 3, but must be a table"),
        (b"[tool]\npublishing = 3\n", "tool.publishing is 3, but must be a table"),
        (b"[project]\ndependencies = 'optuna'\n", "dependencies is 'optuna', but must be a list"),
        (b"[project]\ndependencies = [3]\n", "dependencies has 3, which is no requirement"),
        (b"[project]\ndependencies = ['>> x']\n", "has '>> x', which is no requirement"),
        (b"[project]\nrequires-python = 'new'\n", "requires-python is 'new', but must be such as"),
        (b"[project]\nrequires-python = 3\n", "requires-python is 3, but must be such as"),
    ],
)
def test_an_odd_pyproject_is_told(
    tmp_path: Path, text: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text)
    assert cli.main(["check"], root=tmp_path) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {tmp_path / 'pyproject.toml'}: ") and words in error
