"""Which seed a sampler gets in a study."""

from __future__ import annotations

import zlib

from ..errors import unknown_name


# Independent seeds on all problems, or the number of the seed itself on each.
OWN, SHARED = "own", "shared"


def sampler_seed(problem: str, seed: int, seeding: str) -> int:
    """The seed of every sampler in the studies of one problem and seed.

    With the same seed on problems of the same space a sampler begins with the same points, and
    what is luck on one problem is luck on the other: results of different problems are then no
    independent evidence.

    Args:
        problem: Name of the problem.
        seed: Number of the seed, 0 or more.
        seeding: ``"own"`` for seeds that are independent from problem to problem, ``"shared"`` for
            ``seed`` itself.

    Returns:
        0 or more, below 2**31, which all samplers take.
    """
    if seeding == SHARED:
        return seed
    # Imported late: the command line needs the names above, and not this.
    import numpy as np

    sequence = np.random.SeedSequence([zlib.crc32(problem.encode()), seed])
    return int(sequence.generate_state(1)[0] >> 1)


def known_seeding(text: str) -> str:
    """The text itself.

    Raises:
        UsageError: If it is neither ``"own"`` nor ``"shared"``.
    """
    if text not in (OWN, SHARED):
        raise unknown_name("--sampler-seeds", text, [OWN, SHARED])
    return text
