"""The marker that keeps the common test run short."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest


_SETTINGS = Path(__file__).resolve().parent.parent / "pyproject.toml"


@pytest.mark.slow
@pytest.mark.parametrize(("marker", "is_known"), [("slow", True), ("slwo", False)])
def test_a_misspelt_marker_ends_the_run(tmp_path: Path, marker: str, is_known: bool) -> None:
    """A test that is meant to be left out must not run because of a letter."""
    (tmp_path / "test_two.py").write_text(
        f"import pytest\n\n@pytest.mark.{marker}\ndef test_a(): pass\n\ndef test_b(): pass\n"
    )
    arguments = ["-c", str(_SETTINGS), "--rootdir", str(tmp_path), "-n", "0", "-m", "not slow"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    if is_known:
        assert result.returncode == pytest.ExitCode.OK, result.stdout + result.stderr
        assert "1 passed, 1 deselected" in result.stdout
    else:
        assert result.returncode == pytest.ExitCode.INTERRUPTED
        assert "'slwo' not found in `markers`" in result.stdout
