"""Every problem of the parts by name: their own, and those of the suites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import hub
from ...suite import functions
from ...suite.catalog import CATALOG
from ...suite.imitations import LadderNetwork
from ...suite.tables import MeasuredTable
from ...suite.wrappers import Shape
from ...suite.wrappers import Wrapped
from . import curve_problems
from . import live_curves
from . import priced
from .curve_problems import CurveProblem
from .logarithms import LogProblem
from .logarithms import LogQuadratic
from .logarithms import LogWrapped
from .priced import Priced


# No noise of their own: what wraps them may add it. The first two are for development.
LEVY = Wrapped(functions.LEVY, Shape(5, instance=51, first_kind=1))
GRIEWANK = Wrapped(functions.GRIEWANK, Shape(4, instance=52, first_kind=2))
# In the space of Levy, with the best point elsewhere; one of Hartmann's space below.
GRIEWANK_5 = Wrapped(functions.GRIEWANK, Shape(5, instance=53, first_kind=1))
ALPINE = Wrapped(functions.ALPINE, Shape(6, instance=61, first_kind=3))
HARTMANN = Wrapped(functions.HARTMANN, Shape(6, instance=62))
ZAKHAROV = LogWrapped(functions.ZAKHAROV, Shape(5, instance=63, n_edges=1, first_kind=2))
DIXON_PRICE = LogWrapped(functions.DIXON_PRICE, Shape(5, instance=64, first_kind=4))
ZAKHAROV_6 = LogWrapped(functions.ZAKHAROV, Shape(6, instance=65))

# From the seed of its noise to a problem that tells curves.
CURVES: dict[str, Callable[[int], CurveProblem]] = {
    "ladder_curves": curve_problems.ladder_curves,
    "levy_curves": lambda seed: curve_problems.tilted_curves(LEVY, 120.0, 0.5, seed),
    "perceiver_small_curves": lambda seed: curve_problems.PerceiverCurves("small", seed),
    "digits_curves": lambda seed: live_curves.MlpDigitsCurves(),
    "ladder_flat": lambda seed: curve_problems.Uninformative(LadderNetwork(), 27, 1.9, 0.5, seed),
    "quadratic_curves": lambda seed: curve_problems.QuadraticCurves(27, seed),
    "alpine_curves": lambda seed: curve_problems.tilted_curves(ALPINE, 30.0, 0.1, seed),
    "perceiver_full_curves": lambda seed: curve_problems.PerceiverCurves("full", seed),
    "cancer_curves": lambda seed: live_curves.SgdCancerCurves(),
    "alpine_flat": lambda seed: curve_problems.Uninformative(ALPINE, 27, 12.0, 3.0, seed),
}

# From the seed of its noise to a problem that tells what a trial costs.
PRICED: dict[str, Callable[[int], Priced]] = {
    "perceiver_small_priced": lambda seed: priced.perceiver("small", seed),
    "vehicle_priced": lambda seed: priced.measured("hpobench", "vehicle", seed),
    "ladder_priced": lambda seed: Priced(LadderNetwork(seed), priced.size_of_network),
    "griewank_flat_rate": lambda seed: Priced(GRIEWANK, priced.flat_rate),
    "perceiver_full_priced": lambda seed: priced.perceiver("full", seed),
    "naval_priced": lambda seed: priced.log_measured("hpolib", "naval_propulsion", seed),
    "alpine_dear": lambda seed: Priced(ALPINE, priced.near(ALPINE, dear=True)),
    "zakharov_cheap": lambda seed: Priced(ZAKHAROV, priced.near(ZAKHAROV, dear=False)),
    "hartmann_unrelated": lambda seed: Priced(
        HARTMANN, priced.along_direction(HARTMANN.search_space, 2)
    ),
    "dixon_price_flat_rate": lambda seed: Priced(DIXON_PRICE, priced.flat_rate),
}

# Where the reference is that of a problem of the suites, of which this has value and space.
SAME_AS = {
    "ladder_curves": "ladder_network",
    "perceiver_small_curves": "perceiver",
    "ladder_flat": "ladder_network",
    "quadratic_curves": "log_quadratic",
    "perceiver_small_priced": "perceiver",
    "vehicle_priced": "hpobench_nn_vehicle",
    "ladder_priced": "ladder_network",
    "naval_priced": "log_naval",
    "alpine_curves": "alpine",
    "alpine_flat": "alpine",
    "alpine_dear": "alpine",
    "levy_curves": "levy",
    "griewank_flat_rate": "griewank",
    "perceiver_full_curves": "perceiver_full",
    "perceiver_full_priced": "perceiver_full",
    "zakharov_cheap": "zakharov",
    "hartmann_unrelated": "hartmann",
    "dixon_price_flat_rate": "dixon_price",
}

# What needs a reference of its own, which `references` computes.
OWN: dict[str, Callable[[], Any]] = {
    "levy": lambda: LEVY,
    "griewank": lambda: GRIEWANK,
    "alpine": lambda: ALPINE,
    "hartmann": lambda: HARTMANN,
    "zakharov": lambda: ZAKHAROV,
    "dixon_price": lambda: DIXON_PRICE,
    "log_quadratic": LogQuadratic,
    "log_naval": lambda: LogProblem(MeasuredTable("hpolib", "naval_propulsion")),
    "perceiver_full": lambda: hub.load_package("benchmarks/perceiver_mnist").Problem("full"),
    "digits_curves": live_curves.MlpDigitsCurves,
    "cancer_curves": live_curves.SgdCancerCurves,
}


def of_suite(name: str, seed: int) -> Any:
    """A problem of the suites, with the seed of its noise."""
    return CATALOG[name].build(seed)
