"""The interpreters of a machine: which are found, and which are none."""

from __future__ import annotations

from pathlib import Path
import sys

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import interpreters
from publishing.errors import UsageError


def test_interpreters_that_are_too_old_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = sys.version_info[:2]
    versions = {"nine": (3, 9), "ten": (3, 10), "ours": ours, "soon": (3, 98), "later": (3, 99)}
    monkeypatch.setattr(interpreters, "version_of", versions.get)
    names = ["shim", "later", "soon", "ten", "nine"]
    monkeypatch.setattr(interpreters, "_on_path", lambda: iter(names))
    monkeypatch.setattr(interpreters, "_of_pyenv", lambda: iter(["ours"]))
    expected = {(3, 10): "ten", ours: sys.executable, (3, 98): "soon", (3, 99): "later"}
    assert list(interpreters.found_interpreters().items()) == list(expected.items())


def _executable(path: Path, script: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_interpreters_are_looked_for_on_the_path_and_in_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    paths = {n: _executable(tmp_path / "bin" / f"python3.{n}") for n in (9, 10, 13)}
    assert list(interpreters._on_path()) == [str(paths[n]) for n in (10, 13)]
    assert list(interpreters._of_pyenv()) == []
    # One that is there, one whose folder is empty, and one that is no Python 3.
    listed = 'case $1 in versions) echo 3.12.1 3.11.0 2.7.18;; prefix) echo "$ROOT/$2";; esac'
    _executable(tmp_path / "bin" / "pyenv", listed)
    monkeypatch.setenv("ROOT", str(tmp_path / "versions"))
    twelve, _ = (
        _executable(tmp_path / "versions" / version / "bin" / "python")
        for version in ("3.12.1", "2.7.18")
    )
    assert list(interpreters._of_pyenv()) == [str(twelve)]


def test_an_interpreter_may_be_a_path(tmp_path: Path) -> None:
    assert interpreters.interpreter(sys.executable) == sys.executable
    no_python = _executable(tmp_path / "python", "echo 3 and 12")
    with pytest.raises(UsageError, match="which does not run; accepts current, oldest"):
        interpreters.interpreter(str(no_python))


@pytest.mark.slow
def test_interpreters_of_this_machine_run() -> None:
    found = interpreters.found_interpreters()
    assert sys.version_info[:2] in found
    assert all(version >= (3, 10) for version in found)
    for version, path in found.items():
        assert interpreters.version_of(path) == version


@pytest.mark.parametrize("name", ["no-such-python", "/no/such/python"])
def test_an_interpreter_that_does_not_run_is_told(name: str) -> None:
    with pytest.raises(UsageError, match="does not run; accepts current, oldest, newest"):
        interpreters.interpreter(name)


def test_a_shim_that_is_switched_off_is_no_interpreter(tmp_path: Path) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert interpreters.version_of(str(shim)) is None
