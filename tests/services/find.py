"""Where a service comes from: a URL, a Docker engine, native programs, or a fresh installation."""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tests.services.docker import docker_postgresql, docker_rabbitmq
from tests.services.install import install
from tests.services.postgresql import PostgreSQL, private_postgresql
from tests.services.power import Lent, ServiceUnavailable
from tests.services.rabbitmq import RabbitMQ, private_rabbitmq

AMQP = "INVOICE_GATEWAY_TEST_AMQP_URL"
CONTROL = "INVOICE_GATEWAY_TEST_RABBITMQCTL"
POSTGRES = "INVOICE_GATEWAY_TEST_POSTGRES_URL"
SOURCES = "INVOICE_GATEWAY_TEST_SOURCES"
ALL_SOURCES = ("docker", "native", "install")

Service = TypeVar("Service", RabbitMQ, PostgreSQL)


def open_rabbitmq(environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> RabbitMQ:
    """Return a broker that answers, from the first source that has one.

    Args:
        environ: Holds the URL of a broker to use, if any, and may narrow the sources.
        folder: Keep the service after our process, with everything it writes there.

    Raises:
        ServiceUnavailable: no source has one; the message says what was tried and what to do.
    """
    if url := environ.get(AMQP):
        command = shlex.split(environ.get(CONTROL, ""))
        return RabbitMQ(url=url, command=command, power=Lent(variable=AMQP))

    def installed() -> RabbitMQ:
        install("rabbitmq-server")
        return private_rabbitmq(folder)

    return _first(
        "RabbitMQ",
        {
            "docker": lambda: docker_rabbitmq(folder),
            "native": lambda: private_rabbitmq(folder),
            "install": installed,
        },
        _sources(environ),
        advice=f"{AMQP} (and {CONTROL}) to those of a running broker",
        package="rabbitmq-server",
    )


def open_postgresql(
    environ: Mapping[str, str] = os.environ, folder: Path | None = None, *, fsync: bool = True
) -> PostgreSQL:
    """Return a database server that answers, from the first source that has one.

    Args:
        environ: Holds the URL of a server to use, if any, and may narrow the sources.
        folder: Keep the service after our process, with everything it writes there.
        fsync: Whether a private server's commits wait for the disk.

    Raises:
        ServiceUnavailable: no source has one; the message says what was tried and what to do.
    """
    if url := environ.get(POSTGRES):
        plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgreSQL(url=plain, power=Lent(variable=POSTGRES))

    def installed() -> PostgreSQL:
        install("postgresql")
        return private_postgresql(folder, fsync=fsync)

    return _first(
        "PostgreSQL",
        {
            "docker": lambda: docker_postgresql(folder),
            "native": lambda: private_postgresql(folder, fsync=fsync),
            "install": installed,
        },
        _sources(environ),
        advice=f"{POSTGRES} to that of a running server (its user must be allowed to CREATEDB)",
        package="postgresql",
    )


def _sources(environ: Mapping[str, str]) -> list[str]:
    named = environ.get(SOURCES)
    return list(ALL_SOURCES) if named is None else [word for word in named.split(",") if word]


def _first(
    service: str,
    ways: Mapping[str, Callable[[], Service]],
    sources: Sequence[str],
    *,
    advice: str,
    package: str,
) -> Service:
    reasons = []
    for source in sources:
        try:
            return ways[source]()
        except ServiceUnavailable as error:
            reasons.append(f"  {source}: {error}")
        except KeyError:
            known = ", ".join(ALL_SOURCES)
            raise ServiceUnavailable(f"{SOURCES} names {source!r}; known: {known}") from None
    tried = "\n".join(reasons) or f"  nothing: {SOURCES} is empty"
    raise ServiceUnavailable(
        f"the tests need {service}, and none could be had. Tried:\n{tried}\n"
        f"Do one of these: set {advice}; start a Docker engine with its compose plugin; or "
        f"install it (Debian, Ubuntu: apt-get install {package})."
    )
