"""Both buses behind one face, so that one suite can say what is true of each."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pika

from invoice_gateway.bus._headers import own_headers
from invoice_gateway.bus.folder import FolderPublisher, FolderReceiver
from invoice_gateway.bus.rabbit import RabbitPublisher, RabbitReceiver, declare
from invoice_gateway.bus.topology import Topology, topology
from invoice_gateway.engine.ports import Delivery, Outgoing, Settled

SOON_S = 15.0


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as somebody outside reads it."""

    id: str
    key: str
    type: str
    body: bytes
    headers: dict[str, str]


class Bus(Protocol):
    """A bus under test: its two ends, and what a stranger at the far side sees."""

    name: str

    def receiver(self) -> Any:
        """A receiver, connected."""

    def sender(self) -> Any:
        """A publisher of incoming messages, connected."""

    def publisher(self) -> Any:
        """A publisher of events, connected."""

    def heard(self) -> list[Heard]:
        """Every event published so far."""

    def address(self) -> str:
        """What the crashing reader needs to find this bus."""


@dataclass(slots=True)
class FolderBus:
    """Folders in a temporary place."""

    root: Path
    name: str = "folder"
    opened: list[Any] = field(default_factory=list)

    def receiver(self) -> FolderReceiver:
        return self._keep(FolderReceiver(self.root, poll_s=0.01))

    def sender(self) -> FolderPublisher:
        return self._keep(FolderPublisher(self.root, sender="ACME"))

    def publisher(self) -> FolderPublisher:
        return self._keep(FolderPublisher(self.root))

    def heard(self) -> list[Heard]:
        found = []
        for path in sorted((self.root / "outbox").glob("*.xml")):
            beside = json.loads(path.with_suffix(".json").read_text())
            found.append(Heard(body=path.read_bytes(), **beside))
        return found

    def address(self) -> str:
        return f"folder:{self.root}"

    def _keep(self, end: Any) -> Any:
        self.opened.append(end)
        return end


@dataclass(slots=True)
class RabbitBus:
    """A virtual host with the topology declared."""

    url: str
    wanted: Topology = field(default_factory=topology)
    name: str = "rabbit"
    opened: list[Any] = field(default_factory=list)

    def declare(self) -> list[str]:
        return declare(self.url, self.wanted)

    def receiver(self, **options: Any) -> RabbitReceiver:
        return self._keep(RabbitReceiver(self.url, self.wanted, **options))

    def sender(self, **options: Any) -> RabbitPublisher:
        return self._keep(RabbitPublisher(self.url, self.wanted.incoming, **options))

    def publisher(self, **options: Any) -> RabbitPublisher:
        return self._keep(RabbitPublisher(self.url, self.wanted.events, **options))

    def heard(self) -> list[Heard]:
        """Nobody is bound in these tests, so the broker keeps events where the unheard go."""
        found = []
        with self.channel() as channel:
            while (got := channel.basic_get(f"{self.wanted.events}.unrouted", auto_ack=True))[0]:
                method, properties, body = got
                found.append(
                    Heard(
                        id=properties.message_id,
                        key=method.routing_key,
                        type=properties.type,
                        body=body,
                        headers=own_headers(properties.headers),
                    )
                )
        return found

    def address(self) -> str:
        return self.url

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A plain channel, for what a stranger or an operator would do."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def _keep(self, end: Any) -> Any:
        self.opened.append(end)
        assert end.wait_connected(SOON_S)
        return end


def message(number: int, **changes: Any) -> Outgoing:
    """Message number `number`."""
    plain = {
        "id": f"m{number}",
        "key": "Invoice",
        "type": "Invoice",
        "body": b"<Invoice>%d</Invoice>" % number,
        "headers": {"account": "A1"},
    }
    return Outgoing(**{**plain, **changes})


def send(sender: Any, *messages: Outgoing) -> list[Settled]:
    """Submit and wait; return how each settled."""
    sender.submit(messages)
    assert sender.wait(SOON_S)
    return sender.settled()


def collect(receiver: Any, count: int, limit: int = 100) -> list[Delivery]:
    """Receive until `count` deliveries are there."""
    found: list[Delivery] = []
    until = time.monotonic() + SOON_S
    while len(found) < count and time.monotonic() < until:
        found += receiver.receive(min(limit, count - len(found)), 0.5)
    assert len(found) == count, f"{len(found)} of {count} deliveries came"
    return found


def ids(deliveries: list[Delivery]) -> list[str | None]:
    """The message ids, in order."""
    return [each.message_id for each in deliveries]


def eventually(holds: Callable[[], object]) -> bool:
    """Whether `holds` becomes true soon."""
    until = time.monotonic() + SOON_S
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


def crash_after_receiving(bus: Bus, count: int) -> list[str]:
    """Have another process receive `count` messages and die without a word; return their ids."""
    reader = Path(__file__).with_name("crashing_reader.py")
    done = subprocess.run(
        [sys.executable, str(reader), bus.address(), str(count)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    [said] = [line for line in done.stdout.splitlines() if line.startswith("received ")]
    return said.split()[1:]
