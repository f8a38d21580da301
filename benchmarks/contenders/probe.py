"""Whether a contender can work on a search space: built and asked once, before the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import traceback
import warnings

import optuna
from optuna.study import StudyDirection

from ..errors import message_of
from .contender import Contender
from .contender import Setup


def cannot_work(
    contender: Contender,
    setup: Setup,
    directions: Sequence[StudyDirection] = (StudyDirection.MINIMIZE,),
) -> str:
    """Why a contender cannot be built for a problem or suggest a trial; empty if it can.

    What goes wrong later in a study is found there. Imports what the sampler imports.

    Args:
        contender: The sampler.
        setup: What it is to be built for.
        directions: The problem's.
    """
    if contender.unfit is not None:
        reason = contender.unfit(setup.space)
        if reason:
            return reason
    if not setup.space and contender.limit is not None:
        return "needs the search space, which a function of a trial does not tell before it runs"
    doing = "be built"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sampler = contender.build(setup)
            doing = "suggest a trial"
            study = optuna.create_study(directions=directions, sampler=sampler)
            study.ask(fixed_distributions=setup.space)
    # Whatever a library raises, and it may even exit.
    except (Exception, SystemExit) as error:
        return f"cannot {doing}: {describe(error)}{_hint(contender, setup, error)}"
    return ""


def describe(error: BaseException) -> str:
    """An error in one line of at most 300 characters; without a message, where it was raised."""
    text = message_of(error)
    if not text and error.__traceback__ is not None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{last.line} ({Path(last.filename).name}, line {last.lineno})"
    return " ".join(f"{type(error).__name__}: {text}".split())[:300]


def _hint(contender: Contender, setup: Setup, error: BaseException) -> str:
    command = contender.install_command(setup.registry) if isinstance(error, ImportError) else ""
    return f" (to install what it needs: {command})" if command else ""
