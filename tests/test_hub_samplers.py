"""Samplers of a hub registry: what they are given, and those that fail."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
import warnings

import optuna
import pytest

from benchmarks import hub
from benchmarks.cli import main
from benchmarks.contenders import probe_contender
from benchmarks.contenders.contender import Setup
from benchmarks.contenders.probe import cannot_work
from benchmarks.contenders.registry import get_contender
from benchmarks.engines.attempt import quieten
from benchmarks.errors import UsageError
from benchmarks.problems.toy_problems import Quadratic


_HEAD = """
import optuna
from optuna.samplers import RandomSampler
"""
_PACKAGES = {
    "fine": """
class FineSampler(RandomSampler):
    def __init__(self, search_space, *, seed=None, n_trials=3, speed=1.0):
        super().__init__(seed)
        self.given = search_space, seed, n_trials, speed
""",
    "needy": "import no_such_library",
    "synetune_sampler": """
class SyneTuneSampler(RandomSampler):
    def __init__(self, metric, search_space, searcher_method="CQR", searcher_kwargs=None):
        super().__init__()
        self.given = metric, search_space, searcher_method, searcher_kwargs
""",
    "leaving": "raise SystemExit(3)",
    "raising": """
class RaisingSampler(RandomSampler):
    def __init__(self, seed=None):
        raise ValueError("takes no such space")
""",
    "lazy": """
class LazySampler(RandomSampler):
    def __init__(self):
        super().__init__()
    def sample_independent(self, *arguments):
        import no_such_library
""",
    "late": """
class LateSampler(RandomSampler):
    n_asked = 0
    def before_trial(self, study, trial):
        self.n_asked += 1
        if self.n_asked == 5:
            raise RuntimeError("the fifth is too much")
""",
    "exiting": """
class ExitingSampler(RandomSampler):
    def after_trial(self, *arguments):
        raise SystemExit(0)
""",
    "twins": "class A(RandomSampler): ...\nclass B(RandomSampler): ...",
    "mixed_up": """
class MixedUpSampler(RandomSampler):
    def infer_relative_search_space(self, study, trial):
        return optuna.search_space.intersection_search_space(study.trials)
    def sample_relative(self, study, trial, search_space):
        return {"kind": "a", "width": 9} if search_space else {}
""",
}


@pytest.fixture
def registry(tmp_path: Path) -> str:
    """A registry whose packages have all that can be wrong with one."""
    for name, code in _PACKAGES.items():
        folder = tmp_path / "registry" / "samplers" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(_HEAD + code)
    needy = tmp_path / "registry" / "samplers" / "needy"
    (needy / "requirements.txt").write_text("no-such-library>=2\n# why\nnumpy\n")
    hub.load_registry_package.cache_clear()
    return str(tmp_path / "registry")


def _setup(registry: str = "", n_trials: int = 7) -> Setup:
    return Setup(3, Quadratic().search_space, n_trials, registry)


def test_hub_sampler_gets_seed_space_and_budget(registry: str) -> None:
    contender = get_contender("hub:samplers/fine(speed=2.5)")
    assert contender.cannot_load(registry) == ""
    sampler: Any = contender.build(_setup(registry))
    assert sampler.given == (Quadratic().search_space, 3, 7, 2.5)
    longer: Any = get_contender("hub:samplers/fine(n_trials=50)").build(_setup(registry))
    assert longer.given[2] == 50


def test_packages_of_the_hub_are_as_quiet_as_optuna(registry: str) -> None:
    name = hub.load_registry_package("samplers/fine", registry).__name__
    above = logging.getLogger(name.partition(".")[0])
    before = optuna.logging.get_verbosity(), above.level
    try:
        with warnings.catch_warnings():
            quieten()
        # They log as Optuna's samplers do: once a trial, where a parameter is none of theirs.
        assert not logging.getLogger(f"{name}.sampler").isEnabledFor(logging.WARNING)
    finally:
        optuna.logging.set_verbosity(before[0])
        above.setLevel(before[1])


def test_synetune_is_seeded_and_needs_no_more_than_its_name(registry: str) -> None:
    contender = get_contender("synetune(searcher_method='BORE')")
    assert contender.check is not None and contender.note is not None
    contender.check(registry)
    assert contender.note(registry) == ""
    sampler: Any = contender.build(_setup(registry))
    space = Quadratic().search_space
    assert sampler._inner.given == ("value", space, "BORE", {"random_seed": 3})
    text = "hub:samplers/synetune_sampler(metric='loss', searcher_kwargs={'num_init_random': 4})"
    other: Any = get_contender(text).build(_setup(registry))
    assert other._inner.given == ("loss", space, "CQR", {"random_seed": 3, "num_init_random": 4})


def test_worker_makes_the_same_contender_from_its_call(registry: str) -> None:
    contender = get_contender("hub:samplers/fine( speed=2.5 )", name="quick/one: fine")
    again = get_contender(contender.text, name=contender.name)
    assert contender.name == again.name == "quick/one: fine"
    ours: Any = contender.build(_setup(registry))
    theirs: Any = again.build(_setup(registry))
    assert ours.given == theirs.given
    # The name alone does not say what ran.
    assert "hub:samplers/fine(speed=2.5)" in contender.version(registry)
    assert get_contender("tpe").text == get_contender("tpe").name == "tpe"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hub:samplers/fine(sped=2)", r"no argument 'sped'; accepts n_trials, speed. Did you"),
        ("hub:samplers/fine(seed=2)", "seed is given by the harness"),
        ("hub:samplers/twins", r"exports A, B \(name one: hub:samplers/twins:A\)"),
        ("hub:samplers/fine:Fin", "has no 'Fin', only FineSampler"),
        ("hub:samplers/fin", "Did you mean hub:samplers/fine"),
    ],
)
def test_wrong_hub_sampler_is_one_line_before_any_work(
    registry: str, text: str, message: str
) -> None:
    contender = get_contender(text)
    with pytest.raises(UsageError, match=message) as caught:
        contender.cannot_load(registry)
    assert "\n" not in str(caught.value)


def test_one_of_two_classes(registry: str) -> None:
    sampler = get_contender("hub:samplers/twins:B").build(_setup(registry))
    assert type(sampler).__name__ == "B"


def test_broken_package_is_told_with_what_to_do(registry: str) -> None:
    reason = get_contender("hub:samplers/needy").cannot_load(registry)
    assert "No module named 'no_such_library'" in reason
    assert "pip install 'no-such-library>=2' numpy" in reason
    assert "SystemExit" in get_contender("hub:samplers/leaving").cannot_load(registry)


def test_package_that_says_nothing_of_what_it_needs_is_told_without_a_command(
    registry: str,
) -> None:
    (Path(registry) / "samplers" / "needy" / "requirements.txt").write_text("# nothing\n")
    reason = get_contender("hub:samplers/needy").cannot_load(registry)
    assert "No module named 'no_such_library'" in reason and "pip install" not in reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raising", "cannot be built: ValueError: takes no such space"),
        ("lazy", "cannot suggest a trial: ModuleNotFoundError: No module named 'no_such_library'"),
        ("fine", ""),
        ("late", ""),
    ],
)
def test_sampler_is_tried_on_each_space(registry: str, name: str, reason: str) -> None:
    assert cannot_work(get_contender(f"hub:samplers/{name}"), _setup(registry)) == reason


def test_sampler_without_a_seed_is_noted(registry: str) -> None:
    lazy, fine = get_contender("hub:samplers/lazy"), get_contender("hub:samplers/fine")
    assert lazy.note is not None and fine.note is not None
    assert lazy.note(registry) == "takes no seed: its runs cannot be repeated"
    assert fine.note(registry) == ""


@pytest.mark.slow
def test_run_goes_on_whatever_a_sampler_does(
    registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    names = ("exiting", "random", "fine", "needy", "leaving", "raising", "late", "mixed_up")
    samplers = ",".join(n if n == "random" else f"hub:samplers/{n}" for n in names)
    status = main(
        ["run", "--problems", "quadratic", "--seeds", "1", "--trials", "6", "--jobs", "1"]
        + ["--samplers", samplers, "--registry", registry, "--out", str(out)]
    )
    printed = capsys.readouterr()
    assert status == 1
    assert "skipped: hub:samplers/needy: cannot load" in printed.out
    assert "skipped: hub:samplers/leaving: cannot load" in printed.out
    assert "skipped: hub:samplers/raising on quadratic: cannot be built" in printed.out
    assert "hub:samplers/late/seed-0: RuntimeError: the fifth is too much" in printed.err
    assert "hub:samplers/exiting/seed-0: SystemExit: 0" in printed.err
    assert "mixed_up on quadratic: values of rate, width are not what it sug" in printed.out
    from benchmarks.analysis.studies.results import load_runs
    from benchmarks.storage.opening import default_url
    from benchmarks.storage.opening import open_storage

    n_trials = {run.sampler: len(run.trials) for run in load_runs(open_storage(default_url(out)))}
    assert n_trials == {
        "random": 6,
        "hub:samplers/exiting": 0,
        "hub:samplers/fine": 6,
        "hub:samplers/late": 4,
        "hub:samplers/mixed_up": 6,
    }


def test_probe_says_whether_an_interpreter_can(
    registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for name in ("fine", "needy", "fine(colour=1)"):
        assert probe_contender.main([f"hub:samplers/{name}", "--registry", registry]) == 0
        found[name] = json.loads(capsys.readouterr().out)
    assert found["fine"]["runs"] and found["fine"]["version"].startswith("sha256:")
    assert not found["needy"]["runs"] and not found["needy"]["wrong"]
    assert "no_such_library" in found["needy"]["reason"]
    assert found["fine(colour=1)"]["wrong"]
