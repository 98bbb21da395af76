"""The services of a benchmark: a private RabbitMQ and a PostgreSQL whose commits are durable."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import psycopg

from benchmarks.harness.places import say
from tests.services import PostgreSQL, RabbitMQ, ServiceUnavailable, as_user
from tests.services.find import AMQP, CONTROL, POSTGRES, SOURCES, open_postgresql, open_rabbitmq
from tests.services.power import Lent, Native, reap

LOADER = "benchmark-loader"
"""A broker user that may publish in the name of every sender."""

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
ROOMY = {"max_wal_size": "4GB", "checkpoint_timeout": "15min", "wal_buffers": "16MB"}
SHARED_BUFFERS_MB = min(1_024, psutil.virtual_memory().total // 2**22)
"""A server as people set it up for such a load, the same for every subject: at most 1 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Both services and the processes they consist of.

    Attributes:
        foreign_max: A run during which others used a larger share of the machine does not count.
    """

    broker: RabbitMQ
    database: PostgreSQL
    foreign_max: float = 0.10

    @property
    def picky(self) -> bool:
        """Return whether runs that others disturb are repeated."""
        return self.foreign_max < 1

    def new_vhost(self) -> str:
        """Return the URL of a fresh virtual host, as the loader."""
        url = self.broker.new_vhost()
        return as_user(url, LOADER, LOADER)

    def broker_processes(self) -> list[psutil.Process]:
        """Return the broker's virtual machine; empty where it cannot be seen."""
        return _named("beam.smp", _port(self.broker.url))

    def database_processes(self) -> list[psutil.Process]:
        """Return the postmaster; empty where it cannot be seen."""
        return _named("postgres", _port(self.database.url))

    def settings(self) -> dict[str, str]:
        """Return the settings of the database that matter."""
        names = (*DURABLE, *ROOMY, "shared_buffers", "autovacuum", "server_version")
        with psycopg.connect(self.database.url) as connection:
            found = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in names}
        found["rabbitmq_version"] = _broker_version(self.broker)
        return found


@contextmanager
def services(foreign_max: float = 0.10) -> Iterator[Bench]:
    """Start both, privately where that is possible, and end them afterwards.

    Raises:
        ServiceUnavailable: one cannot be had, or its commits are not durable.
    """
    own = {
        name: value for name, value in os.environ.items() if name not in {AMQP, CONTROL, POSTGRES}
    }
    own.setdefault(SOURCES, "native,docker,install")
    say("starting RabbitMQ and PostgreSQL")
    try:
        broker = _private_or_lent(open_rabbitmq, own, AMQP)
        database = _private_or_lent(open_postgresql, own, POSTGRES)
        _prepare(database)
        let_in(broker)
        yield Bench(broker=broker, database=database, foreign_max=foreign_max)
    finally:
        for service in (locals().get("broker"), locals().get("database")):
            if service is not None and isinstance(service.power, Lent):
                service.forget()
        reap()


def let_in(broker: RabbitMQ) -> None:
    """Make the loader's user."""
    broker.add_user(LOADER, LOADER)
    broker.ctl("set_user_tags", LOADER, "impersonator")


def _private_or_lent(opening, own, variable):  # noqa: ANN001, ANN202 - either service
    try:
        return opening(own)
    except ServiceUnavailable:
        if variable not in os.environ:
            raise
        say(f"no private service can be had; using the one that {variable} names")
        return opening(os.environ)


def _prepare(server: PostgreSQL) -> None:
    """Give a server of ours room, and make sure that commits are durable."""
    power = server.power
    if not isinstance(power, Lent):
        with psycopg.connect(server.url, autocommit=True) as connection:
            for name, value in {**DURABLE, **ROOMY}.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    if isinstance(power, Native):  # what stands on its command line wins, the last one
        power.command = [*power.command, "-c", f"shared_buffers={SHARED_BUFFERS_MB}MB"]
        power.stop("fast")
        power.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
        for name in DURABLE:
            [value] = connection.execute(f"SHOW {name}").fetchone()
            if value == "off":
                raise ServiceUnavailable(f"{name} is off: a benchmark of durable work needs it on")


def _broker_version(broker: RabbitMQ) -> str:
    try:
        return broker.ctl("version").strip()
    except ServiceUnavailable:
        return "unknown"


def _port(url: str) -> int:
    return int(url.rpartition("@")[2].partition("/")[0].rpartition(":")[2])


def _named(name: str, port: int) -> list[psutil.Process]:
    """Return the process that listens on `port`, or one called `name` where a proxy listens."""
    listening = {
        each.pid
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid
    }
    found = [psutil.Process(pid) for pid in listening]
    if own := [each for each in found if each.name() == name]:
        return own
    named = [each for each in psutil.process_iter(["name", "create_time"]) if each.name() == name]
    tops = [each for each in named if each.ppid() not in {other.pid for other in named}]
    return sorted(tops, key=lambda each: each.create_time())[-1:]
