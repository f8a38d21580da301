"""The same sampler under several names: how often it is called different from itself.

``python -m benchmarks.analysis.null_comparison`` compares, over and over, made-up results and
those of a real sampler with other seeds, by the very test that a report's sentences use, and says
in what share of comparisons any two names were called different. That should be 5% or less. Beside
it stands what Wilcoxon's test over all pairs of problem and seed would have said.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import itertools
import sys

import numpy as np

from ..arguments import AtLeast
from ..arrays import FloatArray
from ..calls import split_names
from ..contenders.seeding import OWN
from ..contenders.seeding import SHARED
from ..errors import UsageError
from ..tables import Table
from ..tables import to_rich
from ..terminal import Terminal
from .comparisons.pairwise import compare_pairs
from .comparisons.sentences import is_different
from .curves.curve_set import CurveSet
from .curves.curve_set import Key
from .null_pool import final_regrets
from .null_pool import run_pool
from .numerics import paired
from .numerics.paired import LEVEL


_COLUMN = "n"
# Enough to tell 5% from more; a report takes more, for p values below 0.001.
_N_EXCHANGES = 2_000
_PROBLEMS = (
    "quadratic,lattice,discrete_125,discrete_1200,hpobench_nn_vehicle,hpobench_nn_kc1,"
    "hpobench_nn_phoneme,hpobench_nn_segment,levy_noisy_d6,griewank_idle_d8"
)


@dataclass(frozen=True)
class Made:
    """Made-up results of one sampler, as those of several.

    Attributes:
        title: What is special about them.
        n_problems: Number of problems.
        n_seeds: Number of seeds.
        n_samplers: Number of names.
        digits: To how many digits results are rounded, which makes ties.
        shared: Share of the variance of a seed's luck that problems of as many parameters have in
            common, 0 to 1.
        n_kinds: How many numbers of parameters there are.
    """

    title: str
    n_problems: int
    n_seeds: int
    n_samplers: int = 2
    digits: int = 12
    shared: float = 0.0
    n_kinds: int = 5

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Regrets between 0 and 1, shape (n_problems, n_samplers, n_seeds).

        Problems differ in their mean, their spread (a hundredfold) and how skewed they are.
        """
        shape = (self.n_problems, self.n_samplers, self.n_seeds)
        common = rng.normal(size=(self.n_kinds, *shape[1:]))[self.kinds]
        own = rng.normal(size=shape)
        luck = np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own
        spread = 10 ** rng.uniform(-2, 0, size=(self.n_problems, 1, 1))
        level = rng.uniform(0.02, 0.5, size=(self.n_problems, 1, 1))
        regrets = np.clip(level * np.exp(spread * luck), 0.0, 1.0)
        return np.asarray(np.round(regrets, self.digits))

    @property
    def kinds(self) -> list[int]:
        """The kind of each problem: those of a kind have as many parameters."""
        return [problem % self.n_kinds for problem in range(self.n_problems)]


MADE = (
    Made("20 problems, 10 seeds", 20, 10),
    Made("20 problems, 3 seeds", 20, 3),
    Made("3 problems, 50 seeds", 3, 50),
    Made("1 problem, 20 seeds", 1, 20),
    Made("10 problems, 10 seeds, ties", 10, 10, digits=1),
    Made("20 problems, 10 seeds, shared luck", 20, 10, shared=0.5),
    Made("20 problems, 10 seeds, shared luck, 5 names", 20, 10, 5, shared=0.5),
    Made("20 problems, 10 seeds, 5 names", 20, 10, 5),
)


@dataclass(frozen=True)
class Rates:
    """In what share of comparisons two names of one sampler were called different, 0 to 1.

    Attributes:
        sentences: By the test that the sentences use.
        wilcoxon: By Wilcoxon's test over pairs of problem and seed, with Holm's correction.
    """

    sentences: float
    wilcoxon: float


def rates(
    draw: Callable[[np.random.Generator], FloatArray],
    kinds: Sequence[int] | None,
    n_repetitions: int,
    seed: int = 0,
) -> Rates:
    """Compare one sampler with itself, over and over.

    Args:
        draw: Makes the results of one comparison: regrets of shape (n_problems, n_samplers,
            n_seeds), those of all samplers from one distribution.
        kinds: Kind of each problem, those of a kind sharing their luck; None if none does.
        n_repetitions: How often.
        seed: Seed of what ``draw`` is given.
    """
    rng = np.random.default_rng(seed)
    known = None if kinds is None else {str(p): kind for p, kind in enumerate(kinds)}
    found = np.zeros((n_repetitions, 2))
    for repetition in range(n_repetitions):
        values = draw(rng)
        regrets: dict[Key, FloatArray] = {
            (str(problem), str(sampler), its): values[problem, sampler, its : its + 1]
            for problem, sampler, its in itertools.product(*map(range, values.shape))
        }
        pairs = compare_pairs(regrets, [_COLUMN], known, _N_EXCHANGES)
        found[repetition] = any(map(is_different, pairs)), _by_wilcoxon(values)
    return Rates(*map(float, found.mean(axis=0)))


def _by_wilcoxon(values: FloatArray) -> bool:
    flat = values.swapaxes(0, 1).reshape(values.shape[1], -1)
    p_values = [
        paired.wilcoxon_of_regrets(one, other) for one, other in itertools.combinations(flat, 2)
    ]
    return bool((paired.holm(np.array(p_values)) < LEVEL).any())


def real_draw(
    regrets: FloatArray, n_seeds: int, n_samplers: int
) -> Callable[[np.random.Generator], FloatArray]:
    """Give each name seeds of its own, the same on all problems.

    Args:
        regrets: Shape (n_problems, n_seeds of the pool).
        n_seeds: Seeds a name.
        n_samplers: Number of names; ``n_seeds * n_samplers`` is at most the size of the pool.
    """

    def draw(rng: np.random.Generator) -> FloatArray:
        chosen = rng.permutation(regrets.shape[1])[: n_samplers * n_seeds]
        return regrets[:, chosen].reshape(len(regrets), n_samplers, n_seeds)

    return draw


def _row(title: str, its: Rates, n_repetitions: int) -> list[str]:
    half = 1.96 * np.sqrt(LEVEL * (1 - LEVEL) / n_repetitions)
    verdict = "yes" if its.sentences <= LEVEL + half else "no"
    return [title, f"{its.sentences:.1%}", verdict, f"{its.wilcoxon:.1%}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparisons and print a table.

    Returns:
        Exit status: 0 if all shares are 5% or less, as far as so many repetitions can tell, 1 if
        not, 2 for a wrong argument.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m benchmarks.analysis.null_comparison",
        description=str(__doc__).splitlines()[0],
    )
    add = parser.add_argument
    add("--repetitions", type=AtLeast(1), default=400, metavar="N", help="comparisons a row (400)")
    add("--sampler", default="random", metavar="A", help="the real sampler (random)")
    add("--problems", default=_PROBLEMS, metavar="A[,B]", help="what it is run on")
    add("--pool", type=AtLeast(20), default=400, metavar="N", help="its studies a problem (400)")
    add("--trials", type=AtLeast(1), default=20, metavar="N", help="trials a study (20)")
    args = parser.parse_args(arguments)
    _be_quiet()
    try:
        problems = split_names(args.problems, "--problems")
        pools = {
            seeding: run_pool(args.sampler, problems, args.pool, args.trials, seeding)
            for seeding in (OWN, SHARED)
        }
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    rows = [
        _row(
            made.title,
            rates(made.draw, made.kinds if made.shared else None, args.repetitions),
            args.repetitions,
        )
        for made in MADE
    ]
    for seeding, pool in pools.items():
        rows += _real_rows(pool, seeding, args)
    heads = ["the same sampler under two names or more", "called different", "5% or less"]
    title = f"{args.repetitions} comparisons a row"
    table = Table(title, [*heads, "Wilcoxon over pairs"], rows)
    Terminal(piped_width=110).print(to_rich(table))
    return int(any(row[2] == "no" for row in rows))


def _be_quiet() -> None:
    """Keep Optuna from announcing thousands of studies."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)


def _real_rows(pool: CurveSet, seeding: str, args: argparse.Namespace) -> list[list[str]]:
    regrets = final_regrets(pool, args.trials)
    n_params: Mapping[str, int] = pool.facts.n_params
    kinds = None if seeding == OWN else [n_params[problem] for problem in pool.problems]
    rows = []
    for n_seeds, n_samplers in ((10, 2), (3, 2), (20, 2), (10, 4)):
        if n_seeds * n_samplers <= args.pool:
            title = f"{args.sampler}: {len(regrets)} problems, {n_seeds} seeds"
            title += " of each one's own" if seeding == OWN else " on all"
            title += f", {n_samplers} names" if n_samplers > 2 else ""
            its = rates(real_draw(regrets, n_seeds, n_samplers), kinds, args.repetitions)
            rows.append(_row(title, its, args.repetitions))
    return rows


if __name__ == "__main__":
    sys.exit(main())
