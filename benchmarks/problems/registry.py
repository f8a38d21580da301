"""The problems to compare samplers on: a registry of factories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from dataclasses import replace

from .. import hub
from ..calls import Call
from ..calls import parse_call
from ..calls import show_call
from ..calls import split_names
from ..errors import unknown_name
from ..errors import UsageError
from ..suite import SUITES
from ..suite.catalog import CATALOG
from ..suite.catalog import Entry
from .imports import expanded
from .imports import imported_problem
from .spec import Options
from .spec import Problem
from .spec import ProblemSpec
from .wrappers import split_wrappings
from .wrappers import WRAPPINGS


def _perceiver(options: Options, seed: int) -> Problem:
    problem: Problem = hub.load_package("benchmarks/perceiver_mnist").Problem(
        preset=options.preset,
        mode=options.mode,
        device=options.device,
        data_root=options.data_root,
        download=options.download,
        training_seed=seed,
    )
    return problem


def _toy(name: str, class_name: str, description: str) -> ProblemSpec:
    def build(options: Options, seed: int) -> Problem:
        # Imported here, so that a missing extra is reported and not raised at start-up.
        from . import toy_problems

        problem: Problem = getattr(toy_problems, class_name)()
        return problem

    return ProblemSpec(name, description, build)


def _from_suite(entry: Entry) -> ProblemSpec:
    return ProblemSpec(
        entry.name,
        f"{entry.suite}: {entry.description}",
        lambda options, seed: entry.build(seed),
        requires=entry.requires,
        install=entry.install,
    )


PROBLEMS: dict[str, ProblemSpec] = {
    spec.name: spec
    for spec in (
        ProblemSpec(
            "perceiver",
            "tune a Perceiver on MNIST (--preset small|full, --mode table|train)",
            _perceiver,
            has_options=True,
            package="benchmarks/perceiver_mnist",
        ),
        _toy("quadratic", "Quadratic", "toy: int, log float and category, a part diverges"),
        _toy("lattice", "Lattice", "toy: a rippled lattice of 8 x 6 x 8 points"),
        _toy("sleepy", "Sleepy", "toy: quadratic at 20 ms a trial"),
        _toy("faulty", "Faulty", "toy: quadratic where some trials raise and some return NaN"),
        # The Perceiver is above: it has options.
        *(_from_suite(entry) for entry in CATALOG.values() if entry.name != "perceiver"),
    )
}


def get_problem(text: str, argument: str = "--problems", *, name: str = "") -> ProblemSpec:
    """Look a problem up.

    Args:
        text: A name of the registry, ``hub:benchmarks/NAME``, ``coco:SUITE`` or ``module:NAME``;
            each with keyword arguments in parentheses and wrappers after it, as in
            ``perceiver(preset="full")+noise=0.1``.
        argument: The option that it was given to.
        name: What to call it; ``text`` if empty.

    Raises:
        UsageError: If there is none of that name, or it does not take the arguments.
    """
    base, wrappings = split_wrappings(text, argument)
    call = parse_call(base, argument)
    if ":" in call.name:
        spec = imported_problem(call, argument)
    elif call.name not in PROBLEMS:
        forms = ["hub:benchmarks/NAME", "coco:SUITE", "module:NAME"]
        shown_by = "python -m benchmarks list"
        raise unknown_name(argument, call.name, list(PROBLEMS), forms=forms, shown_by=shown_by)
    else:
        spec = _with_overrides(PROBLEMS[call.name], call, argument)
    return _named(_wrapped(spec, wrappings), name or text, text)


def _named(spec: ProblemSpec, name: str, text: str) -> ProblemSpec:
    """The problem under a name of the user's, which may stand for something else tomorrow."""
    if name == text:
        return replace(spec, name=name)

    def identity(options: Options) -> dict[str, str]:
        return spec.identity(options) | {"use": text}

    return replace(spec, name=name, identity=identity)


def _with_overrides(spec: ProblemSpec, call: Call, argument: str) -> ProblemSpec:
    accepted = ["preset", "mode", "device"] if spec.has_options else []
    for keyword in call.arguments:
        if keyword not in accepted:
            listed = ", ".join(accepted) if accepted else "no arguments"
            raise UsageError(
                f"{argument}: got {show_call(call)!r}, but {spec.name} has no argument "
                f"{keyword!r}; accepts {listed}."
            )
    return replace(spec, overrides=call.arguments)


def _wrapped(spec: ProblemSpec, wrappings: Sequence[tuple[str, float]]) -> ProblemSpec:
    if not wrappings:
        return spec

    def build(options: Options, seed: int) -> Problem:
        problem = spec.build(options, seed)
        for wrapping, amount in wrappings:
            problem = WRAPPINGS[wrapping].build(problem, amount, seed)
        return problem

    def identity(options: Options) -> dict[str, str]:
        return spec.identity(options) | {w: f"{amount:g}" for w, amount in wrappings}

    shown = ", ".join(f"{wrapping} {amount:g}" for wrapping, amount in wrappings)
    return replace(
        spec, description=f"{spec.description}, with {shown}", build=build, identity=identity
    )


def wanted_problems(problems: str, suite: str | None) -> list[str]:
    """Names of problems, each once, as two options that exclude each other tell them.

    Args:
        problems: Names separated by commas, given to ``--problems``.
        suite: A suite, given to ``--suite``, whose problems are taken instead; None for none.

    Raises:
        UsageError: If there is no such suite or wrapper, or no name.
    """
    if suite is not None:
        return problems_of_suite(suite)
    texts = [
        one for name in split_names(problems, "--problems") for one in expanded(name, "--problems")
    ]
    # As first written, which is what studies are named after.
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(_normalised(text), text)
    return list(first.values())


def problems_of_suite(suite: str) -> list[str]:
    """Names of a suite's problems, each with the wrappers after its name: ``report+noise=0.1``.

    Raises:
        UsageError: If there is no such suite, given to ``--suite``, or wrapper.
    """
    base, _ = split_wrappings(suite, "--suite")
    if base not in SUITES:
        raise unknown_name("--suite", base, list(SUITES))
    return [name + suite[len(base) :] for name in SUITES[base]]


def _normalised(text: str) -> str:
    """What is the same for all ways to write a problem, whether there is one or not."""
    base, _ = split_wrappings(text, "--problems")
    call = parse_call(base, "--problems")
    return show_call(Call(call.name, dict(sorted(call.arguments.items())))) + text[len(base) :]


def build_problem(spec: ProblemSpec, options: Options, seed: int) -> Problem:
    """Build a problem, with one clear line if that cannot be done.

    Raises:
        UsageError: If an option is wrong, data are missing or a dependency is.
    """
    reason = spec.missing()
    if reason:
        raise UsageError(f"--problems {spec.name}: {reason}.")
    try:
        problem = spec.build(spec.chosen(options), seed)
    except ImportError as error:
        hint = " pip install torch torchvision" if "torch" in str(error) else ""
        message = _as_options(spec, f"cannot be loaded: {error}.{hint}")
        raise UsageError(message) from error
    except (ValueError, RuntimeError, OSError) as error:
        raise UsageError(_as_options(spec, str(error))) from error
    if len(problem.directions) != 1:
        raise UsageError(
            f"--problems {spec.name}: has {len(problem.directions)} objectives; the harness "
            "compares on one."
        )
    return problem


def _as_options(spec: ProblemSpec, message: str) -> str:
    """What a problem says is wrong, with the option that the user gave it by.

    The problem itself knows its arguments only, such as ``preset`` and ``data_root``.
    """
    message = " ".join(message.split())
    chosen = [f.name for f in fields(Options) if f.name not in spec.overrides]
    for keyword in chosen if spec.has_options else ():
        option = f"--{keyword.replace('_', '-')}"
        if message.startswith(f"{keyword} is "):
            return f"{option}: got {message.removeprefix(f'{keyword} is ')}"
        if f"{keyword}=" in message:
            told = message.replace(f"{keyword}=", f"{option} ").replace(
                "download=True", "--download"
            )
            return f"{option}: {told}"
    return f"--problems {spec.name}: {message}"
