"""The examples run as written, and say what they promise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import runpy
import sys
from types import ModuleType
from typing import Any

import optuna
import optunahub
import pytest


REGISTRY_ROOT = Path(__file__).parents[1] / "package"
SAMPLER = REGISTRY_ROOT / "samplers" / "lattice_gp"


@pytest.fixture(autouse=True)
def load_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples load from the hub; here they get what is in this checkout."""

    def load_module(package: str, **_: Any) -> ModuleType:
        return optunahub.load_local_module(package, registry_root=str(REGISTRY_ROOT))

    monkeypatch.setattr(optunahub, "load_module", load_module)


def test_sampler_example(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(SAMPLER / "example.py"), run_name="__main__")
    out = capsys.readouterr().out
    best = {
        line.partition(":")[0]: float(line.rpartition(" ")[2])
        for line in out.splitlines()
        if "best of" in line
    }
    # What each can reach is known; constraints allow for less, the last study's losses are others.
    for name in ("plain", "failures", "pruned_trials", "cost", "batches", "stop_and_explain"):
        assert best[name] == pytest.approx(0.25, abs=0.002), name
    assert best["conditional_parameters"] == pytest.approx(0.2, abs=0.02)
    assert best["constraints"] == pytest.approx(0.251, abs=0.002)
    assert best["earlier_studies"] == pytest.approx(0.6, abs=0.002)
    eight = [float(line.split()[2]) for line in out.splitlines() if line.startswith("eight")]
    assert min(eight) == pytest.approx(0.268, abs=0.002)
    assert "(80%), got" in out
    front = next(line for line in out.splitlines() if line.startswith("several_objectives"))
    assert front.count(" in ") >= 4


def test_example_that_continues_a_study(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["continue_a_study.py"])
    runpy.run_path(str(SAMPLER / "examples" / "continue_a_study.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("best of 30 trials: 0.2528") and len(lines) == 11


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("batch", [True, False])
def test_next_ten_suggestions_after_the_blog_posts_trials(seed: int, batch: bool) -> None:
    """Legal, distinct, and none where deep models diverge; in a batch or one after the other."""
    example = runpy.run_path(str(SAMPLER / "examples" / "continue_a_study.py"))
    load_study: Callable[[optuna.samplers.BaseSampler], optuna.Study] = example["load_study"]
    sampler = optunahub.load_module("samplers/lattice_gp").LatticeGPSampler(seed=seed)
    study = load_study(sampler)
    for _ in range(10):
        trial = study.ask(example["SPACE"])
        if not batch:
            # As good as the best so far: a disappointment would be an easier test.
            study.tell(trial, study.best_value)
    suggested = [trial.params for trial in study.trials[30:]]
    for params in suggested:
        for name, distribution in example["SPACE"].items():
            assert distribution._contains(distribution.to_internal_repr(params[name]))
        assert not (params["learning_rate"] > 2e-3 and params["depth"] >= 5)
    assert len({tuple(params.values()) for params in suggested}) == 10
