"""RabbitMQ and PostgreSQL from docker-compose.yml, on free ports and under a name of their own."""

import atexit
import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.postgresql import PostgreSQL, accepts
from tests.services.power import ROOT, ServiceUnavailable, free_port, run, wait_until
from tests.services.rabbitmq import RabbitMQ, greets

SIGNALS = {
    "kill": "SIGKILL",
    "term": "SIGTERM",
    "immediate": "SIGQUIT",
    "fast": "SIGINT",
    "smart": "SIGTERM",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One service of docker-compose.yml in a project of our own."""

    service: str
    project: str
    answers: Callable[[], bool]
    ports: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Create or start it, and wait until it is healthy and answers."""
        self.compose("up", "--detach", "--wait", self.service)
        if not wait_until(self.answers, 30):
            raise ServiceUnavailable(f"the container {self.service} is up but does not answer")

    def stop(self, mode: str) -> None:
        """Send it the signal of `mode` and wait for its end."""
        self.compose("kill", "--signal", SIGNALS[mode], self.service)
        wait_until(lambda: not self.compose("ps", "--quiet", self.service).strip(), 60)

    def pause(self) -> None:
        """Freeze it."""
        self.compose("pause", self.service)

    def resume(self) -> None:
        """Thaw it."""
        self.compose("unpause", self.service)

    def remove(self) -> None:
        """Remove it with its volumes."""
        self.compose("down", "--volumes", "--timeout", "1")

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `docker compose` for this project."""
        file = str(ROOT / "docker-compose.yml")
        settings = [f"{name}={value}" for name, value in self.ports.items()]
        compose = ["docker", "compose", "--project-name", self.project, "--file", file]
        return ["env", *settings, *compose, *arguments]

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` for this project and return what it printed."""
        return run(*self.command(*arguments), timeout_s=600)


def docker_rabbitmq(folder: Path | None = None) -> RabbitMQ:
    """Start the broker of docker-compose.yml; its password is the one written there.

    Raises:
        ServiceUnavailable: no Docker engine answers, or the container does not come up.
    """
    require_engine()
    port = free_port()
    ports = {
        "INVOICE_GATEWAY_AMQP_PORT": str(port),
        "INVOICE_GATEWAY_MANAGEMENT_PORT": str(free_port()),
    }
    power = Container(
        service="rabbitmq",
        project=_project("rabbitmq", port),
        ports=ports,
        answers=lambda: greets("127.0.0.1", port),
    )
    _bring_up(power, temporary=folder is None)
    command = power.command("exec", "-T", "rabbitmq", "rabbitmqctl")
    url = f"amqp://gateway:gateway@127.0.0.1:{port}/"
    return RabbitMQ(url=url, command=command, power=power)


def docker_postgresql(folder: Path | None = None) -> PostgreSQL:
    """Start the database of docker-compose.yml.

    Raises:
        ServiceUnavailable: no Docker engine answers, or the container does not come up.
    """
    require_engine()
    port = free_port()
    url = f"postgresql://gateway:gateway@127.0.0.1:{port}/postgres"
    power = Container(
        service="postgresql",
        project=_project("postgresql", port),
        ports={"INVOICE_GATEWAY_POSTGRES_PORT": str(port)},
        answers=lambda: accepts(url),
    )
    _bring_up(power, temporary=folder is None)
    return PostgreSQL(url=url, power=power)


def require_engine() -> None:
    """Ask the Docker engine, not only its command, and its compose plugin.

    Raises:
        ServiceUnavailable: one of the three is missing.
    """
    if shutil.which("docker") is None:
        raise ServiceUnavailable("no docker command on the PATH")
    for question in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            done = subprocess.run(question, capture_output=True, timeout=20, check=False)
        except subprocess.TimeoutExpired:
            raise ServiceUnavailable(f"{' '.join(question)} does not answer") from None
        if done.returncode != 0:
            raise ServiceUnavailable(f"{' '.join(question)} says no")


def _bring_up(power: Container, *, temporary: bool) -> None:
    try:
        power.start()
    except ServiceUnavailable:
        with contextlib.suppress(ServiceUnavailable):
            power.remove()
        raise
    if temporary:
        atexit.register(power.remove)


def _project(service: str, port: int) -> str:
    return f"invoice-gateway-test-{service}-{os.getpid()}-{port}"
