"""A sampler that takes part under two names is not called different from itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.analysis import null_comparison
from benchmarks.analysis import null_pool
from benchmarks.analysis.null_comparison import Made
from benchmarks.arrays import FloatArray
from benchmarks.errors import UsageError


_N_REPETITIONS = 100
# Of 100 comparisons that are wrong with a chance of 5%, more have a chance of one in a thousand.
_MOST = 0.13


@pytest.mark.slow
@pytest.mark.parametrize(
    "made",
    [
        Made("independent", 6, 6, n_kinds=6),
        Made("few problems", 2, 12),
        Made("few seeds", 10, 2, n_kinds=10),
        Made("ties", 6, 6, digits=1, n_kinds=3),
        Made("three names", 6, 5, 3),
    ],
    ids=lambda made: str(made.title),
)
def test_made_up_results(made: Made) -> None:
    found = null_comparison.rates(made.draw, made.kinds, _N_REPETITIONS)
    assert found.sentences <= _MOST


def test_luck_that_problems_share_misleads_only_a_test_that_does_not_know_of_it() -> None:
    made = Made("shared luck", 10, 8, shared=0.8, n_kinds=2)
    found = null_comparison.rates(made.draw, made.kinds, _N_REPETITIONS)
    assert found.sentences <= _MOST
    assert found.wilcoxon > 2 * _MOST


def test_a_difference_is_found() -> None:
    made = Made("as many", 8, 6, n_kinds=8)

    def draw(rng: np.random.Generator) -> FloatArray:
        values = made.draw(rng)
        values[:, 1] *= 0.7
        return values

    assert null_comparison.rates(draw, made.kinds, 20).sentences > 0.9


@pytest.mark.slow
def test_real_studies_of_random_search() -> None:
    pool = null_pool.run_pool("random", ["quadratic", "lattice"], 60, 5, "shared")
    regrets = null_pool.final_regrets(pool, 5)
    assert regrets.shape == (2, 60) and (regrets.std(axis=1) > 0).all()
    # Both have three parameters.
    kinds = [pool.facts.n_params[name] for name in pool.problems]
    assert kinds == [3, 3]
    draw = null_comparison.real_draw(regrets, 8, 2)
    drawn = draw(np.random.default_rng(0))
    assert drawn.shape == (2, 2, 8)
    assert len(set(drawn[0].ravel())) > 12, "names have seeds of their own"
    assert null_comparison.rates(draw, kinds, _N_REPETITIONS).sentences <= _MOST


@pytest.mark.slow
def test_real_studies_with_seeds_of_their_own_are_independent_evidence() -> None:
    pool = null_pool.run_pool("random", ["quadratic", "quadratic+noise=0.000001"], 60, 5)
    regrets = null_pool.final_regrets(pool, 5)
    # All but the same problem: with shared seeds the correlation is 1.
    assert abs(np.corrcoef(regrets[0], regrets[1]).ravel()[1]) < 0.5
    draw = null_comparison.real_draw(regrets, 8, 2)
    assert null_comparison.rates(draw, None, _N_REPETITIONS).sentences <= _MOST


def test_arguments_of_a_problem_may_have_commas(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(null_comparison, "MADE", ())
    arguments = ["--repetitions", "3", "--pool", "20", "--trials", "2", "--problems"]
    several = "perceiver(preset='small', mode='table'),quadratic"
    assert null_comparison.main([*arguments, several]) in (0, 1)
    assert "random: 2 problems" in capsys.readouterr().out


@pytest.mark.parametrize(
    "sampler, reason",
    [("broken:Sampler", "cannot import broken"), ("brute_force", "takes no continuous parameter")],
)
def test_sampler_that_cannot_run_is_told_in_one_line(
    sampler: str,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "broken.py").write_text("raise OSError('not here')")
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["--pool", "20", "--trials", "2", "--problems", "ackley_rotated_d10"]
    assert null_comparison.main([*arguments, "--sampler", sampler]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --sampler") and reason in error and error.count("\n") == 1


@pytest.mark.parametrize("share, verdict, status", [(0.05, "yes", 0), (0.2, "no", 1)])
def test_command_fails_if_a_sampler_is_called_different_from_itself_too_often(
    share: float,
    verdict: str,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = null_comparison.Rates(sentences=share, wilcoxon=0.9)
    monkeypatch.setattr(null_comparison, "rates", lambda draw, kinds, n_repetitions: found)
    monkeypatch.setattr(null_comparison, "MADE", (Made("made up", 1, 6),))
    arguments = ["--repetitions", "400", "--pool", "20", "--trials", "1", "--problems", "lattice"]
    assert null_comparison.main(arguments) == status
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "made up" in line]
    assert verdict in row.split()


def test_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(null_comparison, "MADE", (Made("one problem", 1, 6),))
    arguments = ["--repetitions", "5", "--pool", "20", "--trials", "2", "--problems", "lattice"]
    assert null_comparison.main(arguments) in (0, 1)
    shown = capsys.readouterr().out
    assert "one problem" in shown and "random: 1 problems, 10 seeds of each" in shown
    assert "20 seeds" not in shown, "the pool is too small for two times twenty"
    assert null_comparison.main([*arguments[:-1], "latice"]) == 2
    assert "'latice'" in capsys.readouterr().err
    assert null_comparison.main([*arguments[:-1], ","]) == 2
    assert "error: --problems: got ','" in capsys.readouterr().err
    with pytest.raises(UsageError, match="randm"):
        null_pool.run_pool("randm", ["lattice"], 1, 1)
