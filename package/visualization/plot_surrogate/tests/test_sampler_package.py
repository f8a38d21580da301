"""Where the sampler's package comes from."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import optuna
import optunahub
import pytest


pytest.importorskip("plotly")

ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=ROOT)
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)
sampler_package = import_module(f"{plots.__name__}.sampler_package")

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]


def test_the_registry_is_read_off_the_cache() -> None:
    end = Path("package/visualization/plot_surrogate/sampler_package.py")
    cache = Path("/cache/optunahub/github.com")
    assert sampler_package.origin_of(cache / "me" / "hub" / "v1.0" / end) == {
        "repo_owner": "me",
        "repo_name": "hub",
        "ref": "v1.0",
    }
    assert sampler_package.origin_of(cache / "me" / "hub" / "feature" / "x" / end)["ref"] == (
        "feature/x"
    )
    assert sampler_package.origin_of(Path("/data/me") / end) == {}
    # A checkout by host, owner and name, as some keep theirs: no cache, and no ref.
    assert sampler_package.origin_of(cache / "me" / "hub" / end) == {}


def test_the_sampler_is_found(
    study_of: StudyOf, smooth: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(smooth, 5)
    own = lattice_gp.LatticeGPSampler(seed=7)
    assert sampler_package.choose_sampler(study, own) is own
    study.sampler = own
    assert sampler_package.choose_sampler(study, None) is own
    study.sampler = optuna.samplers.RandomSampler()
    assert hasattr(sampler_package.choose_sampler(study, None), "explain")
    name = "optunahub_registry.package.samplers.lattice_gp"
    # Not loaded yet: it lies beside this package.
    monkeypatch.delitem(sampler_package.sys.modules, name)
    assert hasattr(sampler_package.choose_sampler(study, None), "explain")
    # Neither: it is asked for, and an old one is no use.
    monkeypatch.delitem(sampler_package.sys.modules, name)
    monkeypatch.setattr(
        sampler_package, "__file__", "/cache/github.com/me/hub/v1/package/a/b/c.py"
    )
    asked: dict[str, Any] = {}

    class Old:
        __file__ = "old.py"
        LatticeGPSampler = optuna.samplers.RandomSampler

    def load_module(package: str, **origin: Any) -> Any:
        asked.update(origin, package=package)
        return Old

    monkeypatch.setattr(optunahub, "load_module", load_module)
    with pytest.raises(ImportError, match="old.py is too old to explain"):
        sampler_package.choose_sampler(study, None)
    assert asked == {
        "package": "samplers/lattice_gp",
        "repo_owner": "me",
        "repo_name": "hub",
        "ref": "v1",
    }
