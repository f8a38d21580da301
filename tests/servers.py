"""PostgreSQL and Dask servers for tests: on the loopback interface, in folders of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

import sqlalchemy


ROOT = Path(__file__).resolve().parent.parent


class Port:
    """A port of the loopback interface, for a server to listen to.

    It is kept bound, though not listened to: otherwise the system could give it to somebody else
    before the server has started, or while it is stopped. A server with the option SO_REUSEADDR
    can listen all the same.

    Attributes:
        number: Of the port.
    """

    def __init__(self) -> None:
        self._bound = socket.socket()
        self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bound.bind(("127.0.0.1", 0))
        self.number = int(self._bound.getsockname()[1])
        if sys.platform != "linux":
            # Elsewhere the server would be kept out, too.
            self._bound.close()

    def wait_for(self, server: subprocess.Popen[Any]) -> None:
        """Wait until a server listens."""

        def listens() -> bool:
            assert server.poll() is None, f"ended with {server.returncode}: {server.args!r}"
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", self.number)) == 0

        wait_until(listens, f"a server at port {self.number}")

    def close(self) -> None:
        """Give it back."""
        self._bound.close()


def postgres_bin() -> Path | None:
    """Folder of PostgreSQL's programs; None if it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((f for f in reversed(folders) if (f / "initdb").is_file()), None)


def _other_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return None


class Postgres:
    """A PostgreSQL server.

    Attributes:
        url: URL of its only database.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._user = _other_user()
        self._n_databases = 0
        self._port = Port()
        port = self._port.number
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8")
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        (folder / "options").write_text(f"{settings} -c fsync=off -c max_connections=50")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = (self._folder / "options").read_text()
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def new_database(self) -> str:
        """URL of a database of its own, empty."""
        self._n_databases += 1
        name = f"test{self._n_databases}"
        engine = sqlalchemy.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url.rpartition("/")[0] + f"/{name}"

    def stop(self) -> None:
        """Stop it; open connections are cut."""
        self._run("pg_ctl", "-w", "-m", "fast", "stop")

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self._port.close()

    def cut_connections(self) -> int:
        """Terminate all connections of others; returns how many."""
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(self.scalar(query))

    def scalar(self, query: str, url: str = "") -> int:
        """The one number that a query gives."""
        engine = sqlalchemy.create_engine(url or self.url, poolclass=sqlalchemy.pool.NullPool)
        with engine.connect() as connection:
            return int(connection.scalar(sqlalchemy.text(query)) or 0)

    def _run(self, program: str, *arguments: str) -> None:
        # A file and not a pipe: the server would keep the pipe open.
        with (self._folder.parent / f"{self._folder.name}.out").open("ab") as out:
            subprocess.run(
                [self._programs / program, "-D", self._folder / "data", *arguments],
                check=True,
                stdout=out,
                stderr=out,
                cwd=self._folder,
                user=self._user,
                # The locale of messages, not of this machine. A busy one takes its time.
                env={"LC_ALL": "C", "PATH": os.environ["PATH"], "PGCTLTIMEOUT": "600"},
            )


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server with an empty database, gone afterwards."""
    programs = postgres_bin()
    assert programs is not None
    # Not in pytest's folder, which other users cannot enter.
    with tempfile.TemporaryDirectory(prefix="postgres-") as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / "server"
        folder.mkdir()
        server = Postgres(folder, programs)
        try:
            yield server
        finally:
            server.close()


class Dask:
    """A scheduler and workers, each a process of its own.

    Attributes:
        address: Where the scheduler listens.
        workers: The worker processes.
    """

    def __init__(self, folder: Path, n_workers: int, *arguments: str) -> None:
        self._folder = folder
        self._port = Port()
        self.address = f"tcp://127.0.0.1:{self._port.number}"
        # Not in the checkout: a scheduler need not know the harness.
        self.scheduler = self._start(
            folder,
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            str(self._port.number),
            "--no-dashboard",
            "--no-show",
        )
        # A run gives up on one that takes long to answer.
        self._port.wait_for(self.scheduler)
        self.workers = [self.add_worker(*arguments) for _ in range(n_workers)]

    def add_worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one more worker, without the nanny that would restart it."""
        return self._start(
            ROOT,
            *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
            # Should the tests be killed.
            *("--death-timeout", "60"),
            *("--host", "127.0.0.1", "--local-directory", str(self._folder), *arguments),
        )

    def stop(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        self._port.close()

    def _start(self, where: Path, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "dask.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
                cwd=where,
                stdout=log,
                stderr=log,
            )


def wait_until(condition: object, what: str, seconds: float = 600.0) -> None:
    """Wait until a function returns True.

    Raises:
        AssertionError: If that takes longer than on any machine, however slow or busy.
    """
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)
