"""The scheduler of a Dask cluster: whether its address is one, and whether it answers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from ..errors import UsageError


ACCEPTS = "accepts the address of a Dask scheduler, such as tcp://127.0.0.1:8786"


def is_this_machine(address: str) -> bool:
    """Whether a scheduler's address is one of this machine's own."""
    host = address.rpartition("://")[2].rpartition(":")[0].strip("[]")
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, where in found:
            with socket.socket(family, kind, protocol) as probe:
                # Only an address of one's own can be listened at.
                probe.bind(where)
                return True
    except OSError:
        pass
    return False


def check_address(address: str, storage: str | None) -> None:
    """Check what can be checked before anything is connected to.

    Args:
        address: Address of the scheduler.
        storage: URL of the storage; None for SQLite in the output folder.

    Raises:
        UsageError: If the address is none, Dask is missing, or the storage would be a file that
            other machines do not see.
    """
    scheme, _, rest = address.rpartition("://")
    port = rest.rpartition(":")[2]
    if scheme not in ("", "tcp", "tls") or ":" not in rest or not port.isdecimal():
        raise UsageError(f"--scheduler: got {address!r}, {ACCEPTS}.")
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"--scheduler: needs Dask ({error}): pip install 'distributed>=2024.1'"
        ) from error
    if storage is None and not is_this_machine(address):
        raise UsageError(
            f"--scheduler: {address} is another machine, so the results need a storage that all "
            "workers reach: give --storage, such as postgresql+psycopg://USER@HOST/DATABASE."
        )


def knock(address: str, timeout: float) -> None:
    """Exchange a greeting with a scheduler: a client waits for a silent peer without an end.

    Args:
        address: Its address.
        timeout: How long it may take, in seconds.

    Raises:
        Exception: Whatever comes of an address where no scheduler answers in time.
    """
    asyncio.run(asyncio.wait_for(_greet(address, timeout), timeout))


async def _greet(address: str, timeout: float) -> None:
    import distributed
    from distributed.comm import core

    # Neither is typed.
    dask: Any = distributed
    comms: Any = core
    arguments = dask.Security().get_connection_args("client")
    comm = await comms.connect(address, timeout=timeout, **arguments)
    comm.abort()
