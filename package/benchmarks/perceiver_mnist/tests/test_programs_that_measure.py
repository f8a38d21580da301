"""What the campaign and the comparison of trainers have in common."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]
PROGRAMS = pytest.mark.parametrize("program", ["campaign", "compare_trainers"])


def _main(submodule: Submodule, program: str, out: Path, data_root: Path) -> int:
    arguments = ["--out", str(out), "--data-root", str(data_root), "--device", "cpu"]
    return int(submodule(program).main([*arguments, "--preset", "small"]))


@PROGRAMS
def test_ctrl_c_ends_it_in_a_line_at_any_time(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    pytest.importorskip("torchvision")

    def load_images(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(submodule("training.data"), "load_images", load_images)
    assert _main(submodule, program, tmp_path / "out.jsonl", small_mnist) == 130
    assert capsys.readouterr().err == "Interrupted. The same command continues.\n"


@PROGRAMS
def test_folder_that_may_not_be_read_is_told_in_a_line(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    pytest.importorskip("torchvision")

    def is_file(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", is_file)
    with pytest.raises(SystemExit):
        _main(submodule, program, tmp_path / "out.jsonl", tmp_path)
    assert "Permission denied" in capsys.readouterr().err.splitlines()[-1]


@PROGRAMS
def test_without_torch_it_says_what_to_install(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    called = submodule(program)
    for name in ("torch", "torchvision.datasets"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(SystemExit):
            _main(lambda _: called, program, tmp_path / "out.jsonl", small_mnist)
        assert "pip install torch torchvision" in capsys.readouterr().err
        monkeypatch.undo()


def test_comparison_is_reported_without_torch(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"matrix_rate": 1.0}\n')
    program = (
        "import sys; sys.modules['torch'] = None; "
        f"sys.path.insert(0, {str(Path(__file__).parents[4])!r}); "
        "from package.benchmarks.perceiver_mnist import compare_trainers; "
        f"compare_trainers.main(['--report', '--out', {str(out)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith("| depth, channels, latents |"), done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs locks")
@PROGRAMS
def test_second_program_is_kept_out_of_a_file_of_records(
    submodule: Submodule,
    preset_of_256: None,
    small_mnist: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "folder" / "out.jsonl"
    with submodule("measuring.record_file").locked(out), pytest.raises(SystemExit):
        _main(submodule, program, out, small_mnist)
    assert f"--out {out}: another program is adding runs" in capsys.readouterr().err
    assert out.read_bytes() == b""
    with submodule("measuring.record_file").locked(out):  # It was given back.
        pass
