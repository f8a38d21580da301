"""A TOML file that gives names to samplers and problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.definitions import read_definitions
from benchmarks.errors import UsageError


def _file(folder: Path, text: str) -> Path:
    path = folder / "names.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_stand_for_calls(tmp_path: Path) -> None:
    text = """
        [samplers.eager]
        use = "tpe"
        n_startup_trials = 3
        multivariate = true
        [samplers.seldom]
        use = "hub:samplers/hebo(num_obs=4)"
        [problems.noisy]
        use = "perceiver+noise=0.1+levels=4"
        preset = "full"
    """
    found = read_definitions(_file(tmp_path, text))
    assert found.samplers == {
        "eager": "tpe(n_startup_trials=3, multivariate=True)",
        "seldom": "hub:samplers/hebo(num_obs=4)",
    }
    assert found.problems == {"noisy": "perceiver(preset='full')+noise=0.1+levels=4"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[samplers", ["is no TOML"]),
        ("[sampler.a]\nuse = 'tpe'", ["'sampler'", "Did you mean 'samplers'"]),
        ("[samplers.a]\nseed = 3", ["samplers.a", 'use = "NAME"']),
        ("samplers = 3", ["samplers is no table"]),
        ("[samplers.a]\nuse = 'tpe(x=1)'\nx = 2", ["samplers.a", "x is given twice"]),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        read_definitions(_file(tmp_path, text))
    message = str(raised.value)
    assert all(word in message for word in words), message
    assert "names.toml" in message and "\n" not in message


def test_a_missing_file_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read .*No such file"):
        read_definitions(tmp_path / "nowhere.toml")
