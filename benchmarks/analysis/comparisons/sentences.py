"""What a comparison of two samplers says, in one plain sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from ...tables import show_p
from ..numerics.paired import LEVEL
from .comparison import AREA
from .pairwise import Pair


def is_different(pair: Pair) -> bool:
    """Whether two samplers differ on the problems that were compared on."""
    return pair.p_holm < LEVEL


def better(pair: Pair) -> str:
    """Name of the better one of two samplers that differ.

    Returns:
        Empty if they do not, or if one is better in most pairs and the other one on average.
    """
    if not is_different(pair):
        return ""
    if pair.advantage > 0 and pair.ours < pair.theirs:
        return pair.reference
    return pair.other if pair.advantage < 0 and pair.ours > pair.theirs else ""


def sentence(pair: Pair, n_tests: int = 2) -> str:
    """What a pair says.

    Args:
        pair: The comparison.
        n_tests: Pairs of samplers that were tested, for which its p value is corrected.
    """
    when = "over all trials" if pair.column == AREA else f"after {pair.column} trials"
    if math.isnan(pair.p_holm):
        return f"No test of {pair.reference} against {pair.other} {when}."
    winner = better(pair)
    # The better one first.
    swapped = winner == pair.other
    one, other = (pair.other, pair.reference) if swapped else (pair.reference, pair.other)
    figures = f"{when}: {_figures(pair, swapped)}, p {_equal(pair.p_holm)}"
    if n_tests > 1:
        figures += " after Holm's correction"
    if winner:
        return f"{one} is better than {other} {figures}.{_on_others(pair, swapped)}"
    if is_different(pair):
        return f"{one} and {other} differ, but not in one direction, {figures}."
    return f"No significant difference between {one} and {other} {figures}."


@dataclass(frozen=True)
class Statement:
    """A pair of samplers, as it is told.

    Attributes:
        reference: Name of the one.
        other: Name of the other.
        p: Two-sided p value of the signed-rank test on these problems; NaN without a test.
        p_holm: The same, corrected for all pairs of samplers.
        p_problems_holm: Of Wilcoxon's test over problems, corrected likewise.
        better: Name of the better one; empty if there is no significant difference.
        probability_of_improvement: Of a run of ``reference`` over one of ``other``, 0 to 1.
        interval: Its 95% bootstrap interval.
        sentence: All of it in words.
    """

    reference: str
    other: str
    p: float
    p_holm: float
    p_problems_holm: float
    better: str
    probability_of_improvement: float
    interval: tuple[float, float]
    sentence: str


def statements(pairs: Sequence[Pair], column: str) -> list[Statement]:
    """What is told of each pair of samplers in a column."""
    its = [pair for pair in pairs if pair.column == column]
    return [
        Statement(
            pair.reference,
            pair.other,
            pair.p,
            pair.p_holm,
            pair.p_problems_holm,
            better(pair),
            pair.improvement.mean,
            (pair.improvement.lower, pair.improvement.upper),
            sentence(pair, len(its)),
        )
        for pair in its
    ]


def _figures(pair: Pair, swapped: bool) -> str:
    means = (pair.theirs, pair.ours) if swapped else (pair.ours, pair.theirs)
    ratios = (pair.ratio, pair.ratio_lower, pair.ratio_upper)
    if swapped:
        ratios = (_inverse(pair.ratio), _inverse(pair.ratio_upper), _inverse(pair.ratio_lower))
    n_won = pair.losses if swapped else pair.wins
    equal = f", equal in {pair.ties}" if pair.ties else ""
    return (
        f"mean regret {means[0]:.3f} against {means[1]:.3f} "
        f"(ratio {ratios[0]:.2f} [{ratios[1]:.2f}, {ratios[2]:.2f}]), "
        f"better in {n_won} of {pair.n_pairs} pairs{equal}"
    )


def _inverse(ratio: float) -> float:
    return math.inf if ratio == 0 else 1 / ratio


def _equal(p_value: float) -> str:
    shown = show_p(p_value)
    return shown if shown.startswith("<") else f"= {shown}"


def _on_others(pair: Pair, swapped: bool) -> str:
    """Whether it can be said of other problems, if not."""
    if pair.p_problems_holm < LEVEL:
        return ""
    if pair.n_problems == 1:
        return " This is about one problem."
    n_won = pair.problems_lost if swapped else pair.problems_won
    return (
        f" On these {pair.n_problems} problems, that is: it is better on {n_won} of them, too few "
        f"to say it of others like them (p {_equal(pair.p_problems_holm)} after the correction)."
    )
