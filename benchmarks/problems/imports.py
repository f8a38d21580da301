"""Problems from elsewhere: a hub registry, COCO's suites, and whatever can be imported."""

from __future__ import annotations

from collections.abc import Callable
import importlib
import inspect
from pathlib import Path
from typing import Any
from typing import cast

from optuna.study import StudyDirection

from .. import hub
from ..calls import Call
from ..calls import parse_call
from ..calls import show_call
from ..errors import in_one_line
from ..errors import unknown_name
from ..errors import UsageError
from ..suite import coco_suites
from .plain_objective import PlainObjective
from .spec import Options
from .spec import Problem
from .spec import ProblemSpec
from .wrappers import split_wrappings


_PROBLEMS = "a problem class, a problem, or a function of a trial"
_COCO_INSTALL = "pip install 'coco-experiment>=2.8'"
_DIRECTIONS = {
    direction.name.lower(): direction
    for direction in (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
}


def imported_problem(call: Call, argument: str) -> ProblemSpec:
    """A problem that is named by where it is.

    Args:
        call: ``hub:benchmarks/NAME[:Class]``, ``coco:SUITE`` or ``module:NAME``, with arguments.
        argument: The option that it was given to.

    Raises:
        UsageError: If it cannot be imported, or is nothing that can be optimised.
    """
    scheme, _, rest = call.name.partition(":")
    if scheme == "hub":
        return _hub_problem(call, rest, argument)
    if scheme == "coco":
        return _coco_problem(call, rest, argument)
    return _module_problem(call, scheme, rest, argument)


def _hub_problem(call: Call, rest: str, argument: str) -> ProblemSpec:
    package, _, class_name = rest.partition(":")

    def load(options: Options) -> Any:
        try:
            module = hub.load_registry_package(package, options.registry)
        except Exception as error:  # Of the network, of git, or of any library that it imports.
            where = options.registry or "OptunaHub (--registry DIR takes it from a local copy)"
            reason = in_one_line(error)[:300]
            raise UsageError(
                f"{argument} {show_call(call)}: cannot load {package} from {where}: {reason}"
            ) from error
        found = getattr(module, class_name or "Problem", None)
        if found is None:
            offered = [name for name in getattr(module, "__all__", ()) if name != "Problem"]
            raise UsageError(
                f"{argument}: got {show_call(call)!r}, but {package} has no "
                f"{class_name or 'Problem'!r}; accepts hub:{package}:CLASS with one of "
                f"{', '.join(offered) or 'its classes'}."
            )
        return found

    def build(options: Options, seed: int) -> Problem:
        return _construct(load(options), call, seed, argument)

    def identity(options: Options) -> dict[str, str]:
        init = hub.load_registry_package(package, options.registry).__file__
        assert init is not None
        folder = Path(init).parent
        return {"problem": show_call(call), "code": hub.digest_folder(folder, ("**/*.py",))}

    return ProblemSpec(call.name, f"{package} of a hub registry", build, identity=identity)


def expanded(text: str, argument: str) -> list[str]:
    """A whole suite of COCO as its functions: ``coco:SUITE(dimension=5)``; else the text itself.

    Raises:
        UsageError: If there is no such suite.
    """
    base, _ = split_wrappings(text, argument)
    call = parse_call(base, argument)
    scheme, _, suite = call.name.partition(":")
    if scheme != "coco" or isinstance(call.arguments.get("function"), int):
        return [text]
    if suite not in coco_suites.FUNCTIONS:
        raise unknown_name(argument, call.name, [f"coco:{s}" for s in coco_suites.FUNCTIONS])
    functions = call.arguments.get("function", coco_suites.FUNCTIONS[suite])
    tail = text[len(base) :]
    return [
        show_call(Call(call.name, {"function": function} | _without_function(call))) + tail
        for function in functions
    ]


def _without_function(call: Call) -> dict[str, Any]:
    return {key: value for key, value in call.arguments.items() if key != "function"}


def _coco_problem(call: Call, suite: str, argument: str) -> ProblemSpec:
    def build(options: Options, seed: int) -> Problem:
        from ..suite.coco_suites import CocoProblem

        return _construct(
            CocoProblem, Call(call.name, {"suite": suite} | call.arguments), seed, argument
        )

    return ProblemSpec(
        call.name,
        f"a function of COCO's suite {suite}",
        build,
        requires=("cocoex",),
        install=_COCO_INSTALL,
        identity=lambda options: {"problem": show_call(call)},
    )


def _module_problem(call: Call, module_name: str, name: str, argument: str) -> ProblemSpec:
    found, source = import_named(module_name, name, argument)
    build: Callable[[Options, int], Problem]
    if _is_objective(found):
        direction = _direction(call, argument)
        description = f"the objective {name} of {module_name}"

        def build(options: Options, seed: int) -> Problem:
            return PlainObjective(found, direction)

    elif hasattr(found, "search_space") and hasattr(found, "directions") or callable(found):
        description = f"the problem {name} of {module_name}"

        def build(options: Options, seed: int) -> Problem:
            return _construct(found, call, seed, argument)

    else:
        raise UsageError(
            f"{argument}: got {call.name!r}, but {name} is a {type(found).__name__}; accepts "
            f"{_PROBLEMS}."
        )

    def identity(options: Options) -> dict[str, str]:
        digest = hub.digest_folder(source.parent, (source.name,)) if source else ""
        return {"problem": show_call(call), "code": digest}

    return ProblemSpec(call.name, description, build, identity=identity)


def import_named(module_name: str, name: str, argument: str) -> tuple[Any, Path | None]:
    """Import something that the user names.

    Args:
        module_name: A module in the current folder or on ``PYTHONPATH``.
        name: What to take from it, dotted if need be.
        argument: The option that it was given to.

    Returns:
        What it is, and the module's file if it has one.

    Raises:
        UsageError: If there is no such module or no such thing in it, or importing it fails.
    """

    def wrong(reason: str) -> UsageError:
        return UsageError(
            f"{argument}: got '{module_name}:{name}', {reason}; accepts module:NAME of something "
            "that can be imported here."
        )

    if module_name.endswith(".py") or "/" in module_name:
        stem = module_name.removesuffix(".py").replace("/", ".")
        raise wrong(f"which names a file and not a module (meant {stem}:{name}?)")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and error.name in (module_name, module_name.partition(".")[0]):
            raise wrong(f"but there is no module {error.name!r} on the path") from error
        raise wrong(f"whose module needs {error.name}") from error
    except Exception as error:
        raise wrong(f"whose module raises {type(error).__name__}: {error}") from error
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            there = [
                key
                for key, member in vars(found).items()
                if not key.startswith("_") and not inspect.ismodule(member)
            ]
            raise unknown_name(f"{argument} {module_name}", part, there)
        found = getattr(found, part)
    return found, None if module.__file__ is None else Path(module.__file__)


def _is_objective(found: Any) -> bool:
    """Whether this is a function whose first and only required argument is a trial."""
    if inspect.isclass(found) or not callable(found) or hasattr(found, "search_space"):
        return False
    parameters = list(inspect.signature(found).parameters.values())
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return len(required) == 1 and required[0].name in ("trial", "_trial")


def _direction(call: Call, argument: str) -> StudyDirection:
    arguments = dict(call.arguments)
    direction = arguments.pop("direction", "minimize")
    if arguments or direction not in _DIRECTIONS:
        raise UsageError(
            f"{argument}: got {show_call(call)!r}; an objective accepts direction="
            f"{' or '.join(map(repr, _DIRECTIONS))} and nothing else."
        )
    return _DIRECTIONS[direction]


def _construct(found: Any, call: Call, seed: int, argument: str) -> Problem:
    """Build a problem, with the seed of its noise if it takes one.

    Raises:
        UsageError: If it does not take the arguments, or makes something else.
    """
    if not inspect.isclass(found) and hasattr(found, "search_space"):
        return cast(Problem, found)
    problem = found(**_arguments(found, call, seed, argument))
    if not (hasattr(problem, "search_space") and hasattr(problem, "directions")):
        raise UsageError(
            f"{argument}: got {show_call(call)!r}, which makes a {type(problem).__name__} without "
            f"search_space and directions; accepts {_PROBLEMS}."
        )
    return cast(Problem, problem)


def _arguments(found: Any, call: Call, seed: int, argument: str) -> dict[str, Any]:
    """What to call a class, or a function that makes a problem, with.

    Raises:
        UsageError: If it does not take the arguments.
    """
    arguments = dict(call.arguments)
    try:
        signature = inspect.signature(found)
    except ValueError:  # Some built-in classes have none.
        return arguments
    if "seed" in signature.parameters:
        arguments.setdefault("seed", seed)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        accepted = ", ".join(str(p) for p in signature.parameters.values()) or "no arguments"
        shown = show_call(call)
        if inspect.isclass(found):
            wrong = f"but {error}; accepts {accepted}"
        else:
            wrong = (
                "which is not a function of a trial (one whose only required parameter is called "
                f"trial), nor does it make a problem of what it is given: {error}; "
                f"accepts {accepted}"
            )
        raise UsageError(f"{argument}: got {shown!r}, {wrong}.") from error
    return arguments
