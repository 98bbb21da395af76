"""PostgreSQL for the tests: a server and clean databases, cloned from a template when asked."""

import itertools
import os
import pwd
import re
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.services.power import (
    Native,
    Power,
    ServiceUnavailable,
    free_port,
    private_folder,
    run,
)

ADMIN = "gateway"
BINARIES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql@*/bin",
)


@dataclass(slots=True, kw_only=True)
class PostgreSQL:
    """A running server.

    Attributes:
        url: `postgresql://` URL of a database that an administrator may connect to.
        power: Switches it on and off.
    """

    url: str
    power: Power
    _templates: dict[str, str] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _token: str = field(default_factory=lambda: os.urandom(3).hex())

    def new_database(self, template: str = "template1") -> str:
        """Return the SQLAlchemy URL of a database that nobody has used.

        Args:
            template: The database to copy, for example one made by `template`.
        """
        name = f"test_{self._token}_{next(self._numbers):04}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.add(name)
        return self._sqlalchemy(name)

    def template(self, key: str, fill: Callable[[str], None]) -> str:
        """Return the name of a database filled once per `key`, for `new_database` to copy.

        Args:
            key: What is in it, for example the migration head.
            fill: Gets the SQLAlchemy URL, fills the database and closes its connections.
        """
        if key not in self._templates:
            url = self.new_database()
            fill(url)
            self._templates[key] = urlsplit(url).path.removeprefix("/")
        return self._templates[key]

    def release(self, url: str) -> None:
        """Drop the database of `url`, whoever is still connected."""
        name = urlsplit(url).path.removeprefix("/")
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.discard(name)

    def forget(self) -> None:
        """Drop every database of the tests: good manners towards a lent server."""
        for name in sorted(self._made):
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.clear()
        self._templates.clear()

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` (as in a crash), `fast`, `smart`, or `kill`."""
        self.power.stop(mode)

    def start(self) -> None:
        """Start it again on the same port with what it had stored."""
        self.power.start()

    def pause(self) -> None:
        """Freeze it, connections open."""
        self.power.pause()

    def resume(self) -> None:
        """Thaw it."""
        self.power.resume()

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement.encode())

    def _sqlalchemy(self, name: str) -> str:
        parts = urlsplit(self.url)
        return parts._replace(scheme="postgresql+psycopg", path=f"/{name}").geturl()


def private_postgresql(
    folder: Path | None = None, binaries: Sequence[str] = BINARIES, *, fsync: bool = True
) -> PostgreSQL:
    """Start a server of our own on a free port, with its data in `folder`.

    Args:
        folder: Where it keeps everything; left behind. None for one that goes with our process.
        binaries: Patterns of folders where its programs may be; the newest version is taken,
            and after these the PATH is tried.
        fsync: Whether a commit waits for the disk. Without, a commit survives the end of the
            server, but not that of the machine.

    Raises:
        ServiceUnavailable: it is not installed, or does not come up.
    """
    programs = _programs(binaries)
    user = _unprivileged()
    folder = folder or private_folder("invoice-gateway-postgresql-", reaped=True)
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    run(
        *[str(programs / "initdb"), "--pgdata", str(data), "--username", ADMIN],
        *["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
        user=user,
        cwd=folder,
    )
    port = free_port()
    url = f"postgresql://{ADMIN}@127.0.0.1:{port}/postgres"
    power = Native(
        name="postgresql",
        command=[str(programs / "postgres"), "-D", str(data), *_options(folder, port, fsync=fsync)],
        folder=folder,
        answers=lambda: accepts(url),
        modes={
            "immediate": signal.SIGQUIT,
            "fast": signal.SIGINT,
            "smart": signal.SIGTERM,
        },
        user=user,
    )
    power.start()
    return PostgreSQL(url=url, power=power)


def accepts(url: str) -> bool:
    """Tell whether a server answers a query there."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def _options(folder: Path, port: int, *, fsync: bool) -> list[str]:
    settings = {
        "fsync": "on" if fsync else "off",
        "listen_addresses": "127.0.0.1",
        "log_min_messages": "warning",
        "max_connections": "100",
        "port": str(port),
        "shared_buffers": "64MB",
        "unix_socket_directories": str(folder),
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _programs(binaries: Sequence[str]) -> Path:
    found = [path for pattern in binaries for path in Path("/").glob(pattern.lstrip("/"))]
    whole = [path for path in found if (path / "initdb").exists() and (path / "postgres").exists()]
    if whole:
        return max(whole, key=_version)
    on_path = shutil.which("initdb") if binaries else None
    if on_path and Path(on_path).resolve().with_name("postgres").exists():
        return Path(on_path).resolve().parent
    raise ServiceUnavailable(
        f"PostgreSQL is not installed (looked in {', '.join([*binaries, 'PATH'])})"
    )


def _version(path: Path) -> int:
    return max((int(digits) for digits in re.findall(r"\d+", str(path))), default=0)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: name a user that it accepts, if we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
