"""The parts of the sampler that are compared, each from a module of its own."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

import optuna

from ..errors import unknown_name
from ..errors import UsageError
from ..modules import absent
from .compared import conditional
from .compared import constraints
from .compared import cost
from .compared import objectives
from .compared import parallel
from .compared import prior
from .compared import pruning
from .task import Entrant
from .task import Part
from .task import Task


# A new part is one module with a ``PART``, imported above and named here.
_ALL: tuple[Part, ...] = (
    conditional.PART,
    constraints.PART,
    objectives.PART,
    pruning.PART,
    parallel.PART,
    cost.PART,
    prior.PART,
)
PARTS: dict[str, Part] = {part.name: part for part in _ALL}

KINDS: dict[str, Callable[[Task], bool]] = {
    "dev": lambda task: task.is_dev,
    "report": lambda task: not task.is_dev,
    "all": lambda task: True,
}


@dataclass(frozen=True)
class Choice:
    """Some of a part's tasks and entrants.

    Attributes:
        part: The part.
        tasks: Of it.
        entrants: Of it.
    """

    part: Part
    tasks: tuple[Task, ...]
    entrants: tuple[Entrant, ...]


def choose(
    parts: Sequence[str] | None,
    tasks: Sequence[str] | None,
    entrants: Sequence[str] | None,
    kind: str,
) -> list[Choice]:
    """What is asked for, part by part; parts of which nothing is left are left out.

    Args:
        parts: Names of the parts; None for all, or those of the tasks that are named.
        tasks: Names of the tasks; None for all.
        entrants: Names of the entrants; None for all. Parts need not have each of them.
        kind: Key of :data:`KINDS`; tasks that are named must be of it, too.

    Raises:
        UsageError: If there is none of a name, or nothing is left.
    """
    if kind not in KINDS:
        raise unknown_name("--kind", kind, list(KINDS))
    for name in parts or ():
        if name not in PARTS:
            raise unknown_name("--parts", name, list(PARTS))
    some = [part for part in PARTS.values() if parts is None or part.name in parts]
    known_tasks = [task.name for part in some for task in part.tasks]
    for name in tasks or ():
        if name not in known_tasks:
            raise unknown_name("--tasks", name, known_tasks)
    known = list(dict.fromkeys(entrant.name for part in some for entrant in part.entrants))
    for name in entrants or ():
        if name not in known:
            raise unknown_name("--entrants", name, known)
    choices = []
    for part in some:
        its_tasks = [t for t in part.tasks if tasks is None or t.name in tasks]
        its_entrants = [e for e in part.entrants if entrants is None or e.name in entrants]
        of_kind = tuple(task for task in its_tasks if KINDS[kind](task))
        if of_kind and its_entrants:
            choices.append(Choice(part, of_kind, tuple(its_entrants)))
    if not choices:
        raise UsageError("--parts/--tasks/--entrants/--kind: nothing is left; accepts other ones.")
    return choices


def missing(choices: Sequence[Choice]) -> dict[str, str]:
    """Modules that entrants need and that are not installed, separated by commas, by entrant.

    Entrants that lack nothing are left out.
    """
    lacking = {
        e.name: ", ".join(absent(e.requires)) for choice in choices for e in choice.entrants
    }
    return {name: modules for name, modules in lacking.items() if modules}


def check_entrants(choices: Sequence[Choice]) -> None:
    """Somebody has to be there to take part.

    Raises:
        UsageError: If every entrant needs a module that is not installed.
    """
    lacking = missing(choices)
    if all(entrant.name in lacking for choice in choices for entrant in choice.entrants):
        needs = "; ".join(f"{name} needs {modules}" for name, modules in lacking.items())
        raise UsageError(f"--entrants: none of them can run here: {needs}.")


def check_constraints(choices: Sequence[Choice]) -> None:
    """Tasks with constraints can be run only where Optuna takes them from the objective.

    Raises:
        UsageError: If it does not, and there is such a task.
    """
    names = [task.name for choice in choices for task in choice.tasks if task.constrained]
    if names and not hasattr(optuna.Trial, "set_constraint"):
        raise UsageError(
            f"--parts/--tasks: {', '.join(names)} need Trial.set_constraint of optuna >= 5, and "
            f"{optuna.__version__} is installed; accepts other ones."
        )
