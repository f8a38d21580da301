"""The samplers to compare, as specifications: a name and how to build one in a worker.

A sampler object is never sent to another process (samplers loaded from a hub folder cannot be
unpickled there): a worker makes its contender anew from the text that the user wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import functools
import importlib
import importlib.metadata
import inspect
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from .. import hub
from ..calls import Call
from ..calls import parse_call
from ..calls import show_call
from ..errors import in_one_line
from ..errors import unknown_name
from ..errors import UsageError
from . import hub_samplers
from . import optuna_samplers
from .contender import Contender
from .contender import Setup
from .factory import check_arguments
from .factory import Factory
from .factory import signature_of
from .known import Known
from .variants import ABLATIONS


_HUB = "hub:"
_UNREPEATABLE = "takes no seed: its runs cannot be repeated"
OURS = "lattice_gp"


@dataclass(frozen=True)
class Blueprint:
    """How a contender is built.

    Attributes:
        find: Finds the class or function, given the registry.
        known: What is known of it.
        arguments: What the user gives it.
    """

    find: Callable[[str], Factory]
    known: Known
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def build(self, setup: Setup) -> BaseSampler:
        """Make the sampler."""
        arguments = {**dict(self.known.defaults), **self.arguments}
        return self.known.make(self.find(setup.registry), arguments, setup)

    def check(self, call: Call, argument: str, registry: str) -> None:
        """Make sure that it takes its arguments; see :func:`factory.check_arguments`."""
        given = [name for name, _ in self.known.defaults]
        check_arguments(self.find(registry), call, argument, given)

    def note(self, registry: str) -> str:
        """What a reader of its results has to know; empty for nothing."""
        is_seeded = self.known.is_seeded or signature_of(self.find(registry)).seed_name
        unseeded = "" if is_seeded else _UNREPEATABLE
        return "; ".join(note for note in (self.known.note, unseeded) if note)


def _blueprints() -> dict[str, Blueprint]:
    ours = Known("this project's sampler: a Gaussian process that knows lattices", stateless=True)
    found = {
        OURS: Blueprint(lambda _: hub.load_package("samplers/lattice_gp").LatticeGPSampler, ours)
    }
    for name, (class_name, known) in optuna_samplers.SHORT.items():
        found[name] = Blueprint(functools.partial(_optunas, class_name), known)
    for name, package in hub_samplers.SHORT.items():
        found[name] = _hub_blueprint(package, "", name, "--samplers")
    return found


def _optunas(class_name: str, registry: str) -> Factory:
    found: Factory = getattr(optuna.samplers, class_name)
    return found


def _contender(name: str, blueprint: Blueprint, **more: Any) -> Contender:
    known = blueprint.known
    return Contender(
        name,
        more.pop("description", known.description),
        blueprint.build,
        requires=known.requires,
        install=known.install,
        libraries=more.pop("libraries", known.libraries),
        stateless=known.stateless,
        learns_when_told=known.learns_when_told,
        takes_history=known.takes_history,
        limit=known.limit,
        unfit=known.unfit,
        note=blueprint.note,
        **more,
    )


def _hub_blueprint(package: str, class_name: str, text: str, argument: str) -> Blueprint:
    def wrong(reason: str) -> UsageError:
        return UsageError(f"{argument}: got {text!r}, {reason}; accepts hub:samplers/NAME:CLASS.")

    def find(registry: str) -> Factory:
        return hub_samplers.find_class(package, class_name, registry, wrong)

    return Blueprint(find, hub_samplers.PACKAGES.get(package, Known()))


_BLUEPRINTS = _blueprints()
CONTENDERS: dict[str, Contender] = {
    name: _contender(
        name,
        blueprint,
        package="samplers/lattice_gp" if name == OURS else "",
        hub_package=hub_samplers.SHORT.get(name, ""),
    )
    for name, blueprint in _BLUEPRINTS.items()
}


def in_order(names: Iterable[str]) -> list[str]:
    """Names of samplers, each once: those of the registry in its order, then the others."""
    there = dict.fromkeys(names)
    known = [name for name in CONTENDERS if name in there]
    return known + [name for name in there if name not in CONTENDERS]


def get_contender(text: str, argument: str = "--samplers", *, name: str = "") -> Contender:
    """Look a contender up.

    Args:
        text: A name of the registry, ``hub:samplers/NAME`` or ``hub:samplers/NAME:CLASS`` for a
            hub package, or ``module:Class`` for a class, or a function that returns a sampler,
            that can be imported; each with keyword arguments if need be, as in
            ``tpe(n_startup_trials=5)``.
        argument: The option that it was given to.
        name: What the user calls it; empty for the text itself.

    Returns:
        The contender. One that comes from a hub is not loaded yet: its arguments are checked by
        :meth:`Contender.cannot_load`.

    Raises:
        UsageError: If there is none of that name, or it does not take its arguments.
    """
    call = parse_call(text, argument)
    shown = show_call(call)
    if call.name in ABLATIONS:
        if call.arguments:
            raise UsageError(f"{argument}: got {shown!r}, but an ablation takes no arguments.")
        found = ABLATIONS[call.name]
    elif call.name in CONTENDERS:
        found = CONTENDERS[call.name]
        if call.arguments:
            found = _with_arguments(found, _BLUEPRINTS[call.name], call, argument)
    elif call.name.startswith(_HUB):
        found = _hub_contender(call, argument)
    elif ":" in call.name:
        found = _class_contender(call, argument)
    else:
        forms = ["ablations", "hub:samplers/NAME", "module:Class"]
        shown_by = "python -m benchmarks list"
        raise unknown_name(argument, call.name, list(CONTENDERS), forms=forms, shown_by=shown_by)
    return replace(found, name=name or shown, call=shown if name or call.arguments else "")


def _with_arguments(
    found: Contender, blueprint: Blueprint, call: Call, argument: str
) -> Contender:
    blueprint = replace(blueprint, arguments=call.arguments)
    check: Callable[[str], None] = functools.partial(blueprint.check, call, argument)
    if not found.hub_package and not found.missing():
        check("")
    return replace(found, build=blueprint.build, check=check)


def _hub_contender(call: Call, argument: str) -> Contender:
    package, _, class_name = call.name[len(_HUB) :].partition(":")
    parts = package.split("/")
    if len(parts) != 2 or parts[0] != "samplers" or not parts[1].isidentifier():
        raise UsageError(
            f"{argument}: got {call.name!r}, accepts hub:samplers/NAME for a package of OptunaHub "
            "or of the --registry, hub:samplers/NAME:CLASS for one of several classes."
        )
    blueprint = _hub_blueprint(package, class_name, call.name, argument)
    found = _contender(
        call.name,
        blueprint,
        description=blueprint.known.description or f"the hub package {package}",
        hub_package=package,
    )
    return _with_arguments(found, blueprint, call, argument)


def _class_contender(call: Call, argument: str) -> Contender:
    module_name, _, class_name = call.name.partition(":")
    description = f"{class_name} of {module_name}"

    def wrong(reason: str) -> UsageError:
        return UsageError(
            f"{argument}: got {call.name!r}, {reason}; accepts module:Class for a sampler class, or "
            "a function that returns a sampler, that can be imported here."
        )

    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name:
            if error.name == module_name or module_name.startswith(f"{error.name}."):
                raise wrong(f"but there is no module {error.name!r} on the path") from error
        reason = in_one_line(error)[:300]
        broken = f"cannot import {module_name}: {reason}"
        return Contender(call.name, description, _unbuildable, broken=broken)
    factory: Any = getattr(module, class_name, None)
    is_sampler = isinstance(factory, type) and issubclass(factory, BaseSampler)
    if not is_sampler and not inspect.isfunction(factory):
        raise wrong(f"but {module_name} has no sampler class or function {class_name!r}")
    blueprint = Blueprint(lambda _: factory, optuna_samplers.known_class(factory))
    source, libraries = _origin(factory, module_name)
    found = _contender(
        call.name,
        blueprint,
        description=description,
        source=source,
        libraries=tuple(dict.fromkeys((*libraries, *blueprint.known.libraries))),
    )
    return _with_arguments(found, blueprint, call, argument)


def _unbuildable(setup: Setup) -> BaseSampler:
    raise ImportError("it cannot be imported")


def _origin(factory: Factory, module_name: str) -> tuple[str, tuple[str, ...]]:
    """What tells its version: the file of its code, or the distribution it was installed with."""
    try:
        source = inspect.getsourcefile(factory) or ""
    except TypeError:
        source = ""
    top = module_name.partition(".")[0]
    is_installed = "site-packages" in Path(source).parts or not source
    distributions = (
        importlib.metadata.packages_distributions().get(top, []) if is_installed else []
    )
    if distributions:
        return "", tuple(name for name in dict.fromkeys(distributions) if name != "optuna")
    return source, ()
