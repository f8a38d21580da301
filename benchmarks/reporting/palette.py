"""Colours of the samplers, the same in every picture."""

from __future__ import annotations

from ..contenders.registry import OURS


# Okabe and Ito's colours, which colour-blind readers can tell apart; ours is the strongest.
_COLORS = {
    OURS: "#D55E00",
    "tpe": "#0072B2",
    "random": "#7F7F7F",
    "gp": "#009E73",
    "grid": "#CC79A7",
    "tpe_univariate": "#56B4E9",
    "cmaes": "#E69F00",
    "auto": "#8C6BB1",
    "smac": "#8B5A2B",
    "hebo": "#000000",
}
_MORE_COLORS = ("#C2185B", "#808000", "#17BECF", "#B59B00")
_STYLES = ("-", "--", ":", "-.")
# Those that cannot be seen on a dark ground.
_ON_DARK = {
    "#0072B2": "#4DA3DB",
    "#7F7F7F": "#A6A6A6",
    "#8B5A2B": "#C08A57",
    "#000000": "#F0F0F0",
    "#C2185B": "#EF6A9E",
    "#808000": "#B5B53C",
    "#8C6BB1": "#B497D6",
}


def color_of(sampler: str, index: int) -> str:
    """Colour of a sampler, the ``index``-th in the picture if it has none of its own."""
    return _COLORS.get(sampler, _MORE_COLORS[index % len(_MORE_COLORS)])


def style_of(sampler: str, index: int) -> str:
    """Style of its line where lines have no markers: many samplers share a colour."""
    return "-" if sampler in _COLORS else _STYLES[index // len(_MORE_COLORS) % len(_STYLES)]


def dark_color_of(sampler: str, index: int) -> str:
    """The same for a picture on a dark ground."""
    color = color_of(sampler, index)
    return _ON_DARK.get(color, color)
