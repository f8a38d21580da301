"""Copies of the checkout, and what READMEs say to run in one."""

from __future__ import annotations

from contextlib import redirect_stderr
from contextlib import redirect_stdout
import io
import os
from pathlib import Path
import re
import runpy
import shlex
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from tests.readme_blocks import ROOT


_LIMIT_SECONDS = 1200


def copy_of_checkout(folder: Path) -> Path:
    """A copy in which commands can write what they like; ``python`` is this interpreter."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "results", "data", "build", "dist")

    def ignore(path: str, names: list[str]) -> set[str]:
        # The folder `data` of a package is its measured table.
        return left_out(path, names) - ({"data", "build", "dist"} if Path(path) != ROOT else set())

    shutil.copytree(ROOT, folder, ignore=ignore)
    for path in ("bin/python", ".venv/bin/python"):
        python = folder / path
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        python.chmod(0o755)
    _write_made_up_mnist(folder / "data")
    return folder


def _write_made_up_mnist(root: Path) -> None:
    """As many random images as preset ``small`` trains on, in MNIST's own format."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, n in (("train", 4096), ("t10k", 1024)):
        images, labels = rng.bytes(n * 28 * 28), bytes(i % 10 for i in range(n))
        header = struct.pack(">IIII", 0x803, n, 28, 28)
        (raw / f"{split}-images-idx3-ubyte").write_bytes(header + images)
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, n) + labels)


def _run(command: str, checkout: Path) -> tuple[int, str]:
    """The exit status of a command in a copy of the checkout, and what it printed."""
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    return done.returncode, done.stdout


def run_harness(command: str, checkout: Path) -> tuple[int, str]:
    """The same of ``python -m benchmarks``, in here: it spends most of its time on imports.

    The shell takes the words apart, and the module runs as ``python -m`` runs it.
    """
    shell = ["bash", "-c", f"printf '%s\\0' {command}"]
    split = subprocess.run(shell, cwd=checkout, check=True, capture_output=True, text=True)
    python, option, module, *arguments = split.stdout.split("\0")[:-1]
    assert (Path(python).name, option, module) == ("python", "-m", "benchmarks"), command
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
        patch.chdir(checkout)
        patch.syspath_prepend(str(checkout))
        patch.setattr(sys, "argv", [module, *arguments])
        for file in checkout.glob("my_*.py"):
            # Another test's module of this name may be loaded.
            patch.delitem(sys.modules, file.stem, raising=False)
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code
    _forget_modules_of(checkout)
    assert isinstance(status, int)
    return status, printed.getvalue()


def _forget_modules_of(checkout: Path) -> None:
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(f"{checkout}{os.sep}"):
            del sys.modules[name]


def failure_of(command: str, checkout: Path) -> str:
    """What went wrong with a command, or nothing."""
    run = run_harness if re.match(r"\S*python -m benchmarks ", command) else _run
    status, printed = run(command, checkout)
    return "" if status == 0 else f"{command}\n{printed[-2000:]}\nended with {status}"
