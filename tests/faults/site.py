"""A deployment on RabbitMQ and PostgreSQL to break: senders, load, workers, and what remains."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika
import sqlalchemy as sa

from invoice_gateway.app import App, assemble
from invoice_gateway.bus import rabbit
from invoice_gateway.engine.ports import Outgoing
from invoice_gateway.model.decision import Actor, Role
from invoice_gateway.settings import load
from invoice_gateway.store import canonical, tables, upgrade, views
from invoice_gateway.xml.safe import parse
from tests import messages
from tests.services import RabbitMQ, as_user

ROOT = Path(__file__).parents[2]
OBSERVER = "observer"
PASSWORD = "secret"
SENDERS = (
    ("erp", "ENTERPRISE", Role.ERP),
    ("financials", "ENTERPRISE", Role.FINANCIALS),
    ("acme", "ACME", Role.PARTNER),
)
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One virtual host and one database with everything declared and registered."""

    app: App
    amqp_url: str
    environment: dict[str, str]
    broker: RabbitMQ

    def add_user(self, name: str) -> None:
        """Let `name` connect to the broker; the gateway does not know it yet."""
        self.broker.add_user(name, PASSWORD)

    def register(self, name: str, party: str, role: Role) -> None:
        """Make a sender known to the gateway."""
        _register(self.app, ((name, party, role),))

    def cli(self, *arguments: str) -> str:
        """Run `invoice-gateway` with `arguments`; return what it printed."""
        command = [sys.executable, "-m", "invoice_gateway", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def send(self, sender: str, bodies: Sequence[bytes]) -> None:
        """Put messages on the bus as `sender`, confirmed."""
        publisher = rabbit.RabbitPublisher(
            as_user(self.amqp_url, sender, PASSWORD), self.app.topology.incoming, user_id=sender
        )
        try:
            assert publisher.wait_connected(10)
            publisher.submit([_outgoing(body) for body in bodies])
            assert publisher.wait(30)
            assert [each.error for each in publisher.settled() if each.error] == []
        finally:
            publisher.close()

    @contextmanager
    def worker(self, boundary: str = "never", hit: int = 1) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker in a process of its own; it is killed in the end if it still lives."""
        command = [sys.executable, "-m", "tests.faults.dying_worker", boundary, str(hit)]
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

    def outcomes(self) -> dict[tuple[str, str], str]:
        """Return the outcome of every message on record, by sender and message id."""
        with self.app.store() as store, store.engine.connect() as connection:
            chosen = sa.select(
                tables.message.c.sender, tables.message.c.message_id, tables.message.c.outcome
            )
            return {(row[0], row[1]): row[2] for row in connection.execute(chosen)}

    def dead(self) -> dict[str, str]:
        """Return message id to code of every dead letter."""
        with self.app.store() as store, store.engine.connect() as connection:
            chosen = sa.select(tables.dead_letter.c.message_id, tables.dead_letter.c.code)
            return {row[0]: row[1] for row in connection.execute(chosen)}

    def dead_ids(self) -> list[str]:
        """Return the ids of all dead letters."""
        with self.app.store() as store, store.engine.connect() as connection:
            return [row[0] for row in connection.execute(sa.select(tables.dead_letter.c.id))]

    def recorded_events(self) -> set[str]:
        """Return the ids of all events on record."""
        with self.app.store() as store, store.engine.connect() as connection:
            return {str(row[0]) for row in connection.execute(sa.select(tables.event.c.event_id))}

    def state(self) -> str:
        """Return the hash of every business fact."""
        with self.app.store() as store:
            return canonical.state_hash(store)

    def outbox(self) -> int:
        """Return how many events are not confirmed."""
        with self.app.store() as store:
            return store.counts().outbox

    def wait_for(self, count: int) -> None:
        """Wait until `count` messages have a record and every event is confirmed."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if len(self.outcomes()) + len(self.dead()) >= count and self.outbox() == 0:
                return
            time.sleep(0.1)
        raise AssertionError(
            f"{len(self.outcomes())} messages and {len(self.dead())} dead letters of {count}, "
            f"{self.outbox()} events unconfirmed after {PATIENCE_S} s"
        )

    def observed(self) -> list[str]:
        """Return the event ids that reached a bound queue, in order, with repeats."""
        return [properties.message_id for properties, _ in self.heard()]

    def heard(self) -> list[tuple[pika.BasicProperties, bytes]]:
        """Return what reached the observer's queue, and empty it."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        try:
            channel = connection.channel()
            found = []
            while True:
                method, properties, body = channel.basic_get(OBSERVER, auto_ack=True)
                if method is None:
                    return found
                found.append((properties, body))
        finally:
            connection.close()


def _outgoing(body: bytes) -> Outgoing:
    root = parse(body)
    kind = str(root.tag).partition("}")[2]
    message_id = root[0][0].text or ""
    return Outgoing(id=message_id, key=kind, type=kind, body=body, headers={})


def build(broker: RabbitMQ, amqp_url: str, postgres_url: str, **settings: object) -> Site:
    """Return a site on a fresh virtual host and database."""
    for name, _, _ in SENDERS:
        broker.add_user(name, PASSWORD)
    app = assemble(load(database_url=postgres_url, bus_url=amqp_url, **settings))
    upgrade(postgres_url)
    rabbit.declare(amqp_url, app.topology)
    _observe(app, amqp_url)
    _register(app, SENDERS)
    chosen = {f"INVOICE_GATEWAY_{name.upper()}": str(value) for name, value in settings.items()}
    environment = {
        **os.environ,
        "INVOICE_GATEWAY_DATABASE_URL": postgres_url,
        "INVOICE_GATEWAY_BUS_URL": amqp_url,
        "INVOICE_GATEWAY_LOG_LEVEL": "error",
        **chosen,
    }
    return Site(app=app, amqp_url=amqp_url, environment=environment, broker=broker)


def _register(app: App, senders: Sequence[tuple[str, str, Role]]) -> None:
    with app.store() as store, store.session(read_only=False) as session:
        for name, party, role in senders:
            views.put_sender(session, Actor(sender=name, party=party, role=role))
        session.commit()


def _observe(app: App, amqp_url: str) -> None:
    """Bind a queue to every event before the first one is published."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_declare(OBSERVER, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(OBSERVER, app.topology.events, "#")
    connection.close()


def load_of(count: int) -> list[tuple[str, bytes]]:
    """Return about `count` messages as (sender, bytes): accounts, invoices, payments, disputes.

    Payments name their invoices, so the final state does not depend on the order of processing.
    """
    found = [("erp", messages.customer_account("ACME"))]
    for at in range(count // 3):
        number = f"INV-{at:04}"
        found.append(("erp", messages.invoice_posted(number, lines=("60.00", "40.00"))))
        found.append(
            ("erp", messages.payment_posted(f"PAY-{at}", amount="70.00", invoices=[number]))
        )
        dispute = messages.dispute_opened(
            f"DN-{at}", invoice=number, lines={"2": "10.00"}, sender="acme"
        )
        found.append(("acme", dispute))
    return found
