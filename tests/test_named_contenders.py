"""Contenders by a short name or of any module: their arguments, and what they suggest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import pytest

from benchmarks.contenders import grid
from benchmarks.contenders import registry as contenders
from benchmarks.contenders.attributes import storable
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.contender import Setup
from benchmarks.contenders.factory import signature_of
from benchmarks.contenders.optuna_samplers import SHORT
from benchmarks.contenders.probe import cannot_work
from benchmarks.contenders.registry import get_contender
from benchmarks.contenders.suggestions import replaced
from benchmarks.errors import UsageError
from benchmarks.problems.toy_problems import Quadratic


def _setup() -> Setup:
    return Setup(3, Quadratic().search_space, 7, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tpe(n_startup=5)", "Did you mean 'n_startup_trials'"),
        ("lattice_gp(colour=1)", "lattice_gp has no argument 'colour'"),
        ("lattice_gp-no_edges(x=1)", "takes no arguments"),
        ("hub:fine", "accepts hub:samplers/NAME"),
        ("hub:samplers/../x", "accepts hub:samplers/NAME"),
        ("optuna.nothing:X", "no module 'optuna.nothing'"),
        ("optuna.samplers:Nothing", "no sampler class or function 'Nothing'"),
        ("optuna.trial:Trial", "no sampler class or function 'Trial'"),
        ("tpi", "Did you mean 'tpe'"),
    ],
)
def test_wrong_name_or_argument_is_one_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        get_contender(text)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_short_names_of_optuna(name: str) -> None:
    contender = get_contender(name)
    if contender.missing():
        pytest.skip(contender.missing())
    space: dict[str, BaseDistribution] = {
        "units": IntDistribution(1, 5),
        "kind": CategoricalDistribution(["a", "b"]),
    }
    found = []
    for _ in range(2):
        sampler = contender.build(Setup(1, space, 4))
        study = optuna.create_study(sampler=sampler)
        for _ in range(4):
            trial = study.ask(fixed_distributions=space)
            study.tell(trial, float(trial.params["units"]))
        found.append([trial.params for trial in study.trials])
    assert found[0] == found[1]
    # The same by way of its class.
    other = get_contender(f"optuna.samplers:{SHORT[name][0]}")
    assert (other.requires, other.install) == (contender.requires, contender.install)


def test_arguments_reach_optunas_samplers() -> None:
    sampler: Any = get_contender("tpe_univariate(n_startup_trials=3)").build(_setup())
    assert sampler._n_startup_trials == 3
    assert not sampler._multivariate
    assert get_contender("tpe_univariate(multivariate=True)").build(_setup())._multivariate  # type: ignore[attr-defined]


def test_brute_force_visits_every_point_once_and_no_continuous_space() -> None:
    space: dict[str, BaseDistribution] = {
        "a": IntDistribution(0, 4, step=2),
        "b": CategoricalDistribution(["x", "y"]),
        "c": FloatDistribution(0.0, 0.5, step=0.25),
        "d": IntDistribution(1, 1),
    }
    contender = get_contender("brute_force")
    assert grid.n_points(space) == contender.n_trials(100, space) == 3 * 2 * 3
    study = optuna.create_study(sampler=contender.build(Setup(0, space, 18)))
    for _ in range(18):
        study.tell(study.ask(fixed_distributions=space), 0.0)
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 18
    assert cannot_work(contender, _setup()) == "takes no continuous parameter, such as rate"


def test_function_that_returns_a_sampler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "makers.py").write_text(
        "import optuna\ndef make(seed, kind='tpe'):\n"
        "    return optuna.samplers.RandomSampler(seed) if kind == 'random' else kind\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    built = get_contender("makers:make(kind='random')").build(_setup())
    assert isinstance(built, optuna.samplers.RandomSampler)
    assert "it returned a str and no sampler" in cannot_work(
        get_contender("makers:make"), _setup()
    )


def test_signature_follows_keywords_into_base_classes() -> None:
    class Base(optuna.samplers.RandomSampler):
        def __init__(self, width: int, seed: int | None = None) -> None: ...

    class Middle(Base):
        def __init__(self, height: int = 1, **keywords: Any) -> None: ...

    class Plain(Middle):
        pass

    signature = signature_of(Plain)
    assert signature.names == ("height", "width", "seed")
    assert signature.required == ("width",)
    assert not signature.is_open
    assert signature.seed_name == "seed"


def test_what_samplers_note_is_stored_as_lists() -> None:
    noted = {"x": np.array([1.0, 2.0]), "n": np.int64(3), "text": "a", "odd": object()}
    assert storable(noted) == {"x": [1.0, 2.0], "n": 3, "text": "a"}


def test_suggestions_outside_of_the_space_are_found() -> None:
    class Suggesting(optuna.samplers.RandomSampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return dict(space)

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            return {"units": 3, "kind": "a"}

    space = {
        "units": IntDistribution(0, 4, step=2),
        "kind": CategoricalDistribution(["a", "b"]),
        "rate": FloatDistribution(0.0, 1.0),
    }
    study = optuna.create_study(sampler=Suggesting(0))
    assert replaced(study.ask(fixed_distributions=space)) == ["units", "rate"]
    study.enqueue_trial({"units": 2, "rate": 0.5})
    assert replaced(study.ask(fixed_distributions=space)) == []
    random = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    assert replaced(random.ask(fixed_distributions=space)) == []


def test_every_short_name_has_what_list_shows() -> None:
    for contender in contenders.CONTENDERS.values():
        assert isinstance(contender, Contender) and contender.description
        assert not contender.requires or contender.install
