"""Studies whose names would break a page that does not escape them."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from benchmarks.analysis.studies.results import Run
from benchmarks.reporting.html_report import CriticalDifference
from benchmarks.reporting.html_report import Ecdf
from benchmarks.reporting.html_report import Ert
from benchmarks.reporting.html_report import Extras
from benchmarks.reporting.html_report import Pair
from benchmarks.storage import store


EVIL = 'module:Class(x="</script><img src=http://example.org/x onerror=alert(1)>")'
EVIL_PROBLEM = "a&b <b>'#problem=%41\"</b> <!--DATA-->"
_SPACE: dict[str, Any] = {
    "x": FloatDistribution(-5, 5),
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "n": IntDistribution(8, 64, step=8),
    "<i>kind": CategoricalDistribution(["a", "</script>"]),
}


def made_run(problem: str, sampler: str, seed: int, n_trials: int = 6, planned: int = 6) -> Run:
    """A study whose fourth trial has failed."""
    rng = np.random.default_rng([seed, len(problem), len(sampler)])
    trials = []
    for number in range(n_trials):
        params = {"x": float(rng.uniform(-5, 5)), "rate": 0.01, "n": 8, "<i>kind": "</script>"}
        failed = number == 3
        attrs = {"ask_seconds": 0.001, "tell_seconds": 0.002, "seconds": 1.5}
        trials.append(
            FrozenTrial(
                number=number,
                trial_id=number,
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                value=None if failed else float(rng.normal(2.0, 1.0)) + len(sampler) / 50,
                datetime_start=datetime.datetime(2026, 1, 1),
                datetime_complete=datetime.datetime(2026, 1, 1),
                params=params,
                distributions=_SPACE,
                user_attrs=attrs,
                system_attrs={},
                intermediate_values={},
            )
        )
    settings = {
        "problem": {"preset": "<small>"},
        "space": store.space_to_json(_SPACE),
        "sampler_version": "optuna 5",
        "command": "python -m benchmarks run --samplers '" + sampler + "'",
        "versions": {"python": "3.11"},
        "jobs": 2,
        "threads": 1,
    }
    return Run(problem, sampler, seed, planned, 1, settings, trials, 120.0, (1.0, 2.0))


def all_runs() -> list[Run]:
    """Three seeds of three samplers on two problems, of which the last study has ended early."""
    names = ["lattice_gp", "tpe", EVIL]
    found = [
        made_run(problem, name, seed)
        for problem in ("plain", EVIL_PROBLEM)
        for name in names
        for seed in range(3)
    ]
    return [*found[:-1], made_run(EVIL_PROBLEM, EVIL, 2, n_trials=4)]


EXTRAS = Extras(
    ecdf=[
        Ecdf(name, axis, [1, 3, 6], [0.1, 0.5, height], problem)
        for name, height in (("lattice_gp", 0.9), ("tpe", 0.7), (EVIL, 0.6))
        for axis in ("trials", "seconds")
        for problem in ("plain", EVIL_PROBLEM)
    ],
    pairs=[Pair("lattice_gp", EVIL, f"ours beats {EVIL}.", 0.01, 0.02, 0.8, (0.6, 0.9))],
    critical_difference=CriticalDifference(
        {"lattice_gp": 1.2, "tpe": 2.1, EVIL: 2.7}, [["tpe", EVIL]], "By a test."
    ),
    ert=[Ert("plain", name, "regret 0.1", math.inf, 0.0) for name in ("tpe", EVIL)],
)
