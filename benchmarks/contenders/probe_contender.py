"""What an interpreter can say of a contender: ``python -m benchmarks.contenders.probe_contender CALL``.

Prints one line of JSON, so that a run can ask the interpreters of environments that exclude each
other. Its working folder is the checkout.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
import sys
from typing import Any

from .. import hub
from ..errors import UsageError
from .registry import get_contender


def probe(call: str, registry: str = "") -> dict[str, Any]:
    """What there is to know of a contender before it runs.

    Args:
        call: As for :func:`benchmarks.contenders.registry.get_contender`.
        registry: A local copy of a hub registry; empty for none.

    Returns:
        ``runs`` (whether it can), ``reason`` (why not), ``wrong`` (whether that is the user's
        mistake), ``version``, ``note`` and the flags ``stateless``, ``learns_when_told`` and
        ``takes_history``.
    """
    try:
        root = hub.registry_root(registry)
        contender = get_contender(call)
        reason = contender.missing() or contender.cannot_load(root)
    except UsageError as error:
        return {"runs": False, "reason": str(error), "wrong": True}
    if reason:
        return {"runs": False, "reason": reason, "wrong": False}
    return {
        "runs": True,
        "reason": "",
        "wrong": False,
        "version": contender.version(root),
        "note": contender.note(root) if contender.note is not None else "",
        "stateless": contender.stateless,
        "learns_when_told": contender.learns_when_told,
        "takes_history": contender.takes_history,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is known, whatever it is.

    Returns:
        Exit status 0.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m benchmarks.contenders.probe_contender"
    )
    parser.add_argument("call", help="the contender, as for --samplers")
    parser.add_argument("--registry", default="", metavar="DIR")
    args = parser.parse_args(arguments)
    # What libraries print on the way must not be taken for the answer.
    stdout, sys.stdout = sys.stdout, sys.stderr
    try:
        found = probe(args.call, args.registry)
    finally:
        sys.stdout = stdout
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
