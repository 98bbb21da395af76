"""What is measured: the gateway, today's or an older one, and its peers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pika
import psycopg

from benchmarks.generator import ERP, Message, accounts, party
from benchmarks.harness.bus import Bus, Wire
from benchmarks.harness.places import ROOT
from benchmarks.harness.services import Bench
from benchmarks.peers import common
from invoice_gateway.model.decision import Actor, Role
from invoice_gateway.store import connect, views

PREFIX = "INVOICE_GATEWAY_"
XML = "application/xml"
WATCH = "benchmark.watch"
"""The queue that gets every event of the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where one run takes place: a virtual host and a database of its own."""

    bench: Bench
    amqp_url: str
    database_url: str
    logs: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What is recorded in the database."""

    accepted: int
    rejected: int
    events: int
    invoices: int
    lines: int
    outbox: int

    @property
    def settled(self) -> int:
        """Return how many messages are done with."""
        return self.accepted + self.rejected


class Subject(Protocol):
    """Something that takes messages from a queue and does the job."""

    name: str
    workers: int
    incoming: str
    outgoing: tuple[str, ...]

    def prepare(self, stage: Stage, bus: Bus, customers: int) -> list[Message]:
        """Make tables, exchanges and queues; return messages that must come first."""

    def command(self, stage: Stage) -> tuple[Sequence[str], Mapping[str, str], Path]:
        """Return what starts one worker: command, environment, folder."""

    def wire(self, message: Message) -> Wire:
        """Return how `message` goes to the broker."""

    def tally(self, stage: Stage, bus: Bus) -> Tally:
        """Count what is recorded."""


def product_properties(message: Message) -> pika.BasicProperties:
    """Return the properties of a message as a partner sends it."""
    return pika.BasicProperties(
        delivery_mode=2,
        content_type=XML,
        type=message.type,
        message_id=message.id,
        user_id=message.sender,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """The gateway's `worker` as users run it.

    Attributes:
        tree: The source tree to run, this one or an older one.
        settings: Settings other than the defaults, by the names in docs/configuration.md.
        furnished: The database has tables, senders and accounts already.
    """

    name: str = "product"
    workers: int = 1
    tree: Path = ROOT
    settings: Mapping[str, str] = field(default_factory=dict)
    furnished: bool = False
    incoming: str = "invoice-gateway.in"
    outgoing: tuple[str, ...] = (WATCH,)

    def prepare(self, stage: Stage, bus: Bus, customers: int) -> list[Message]:
        """Migrate, declare and let the senders in; every customer needs its account first."""
        verbs = (("db", "upgrade"), ("topology", "apply"))
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "invoice_gateway", *verb],
                env=self.environment(stage),
                cwd=self.tree,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for verb in verbs
        ]
        said = [each.communicate(timeout=60)[1] for each in running]
        if sum(each.returncode for each in running):
            raise RuntimeError(
                f"{self.name}: the gateway could not prepare itself\n{''.join(said)}"
            )
        bus.bind("invoice-gateway.events", WATCH)
        if self.furnished:
            return []
        introduce(stage.database_url, customers)
        return list(accounts(customers))

    def environment(self, stage: Stage) -> dict[str, str]:
        """Return the environment of every process of the gateway."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        chosen = {
            "DATABASE_URL": stage.database_url,
            "BUS_URL": stage.amqp_url,
            "LOG_LEVEL": "warning",
            **self.settings,
        }
        return {
            **plain,
            "PYTHONPATH": str(self.tree / "src"),
            **{f"{PREFIX}{name}": value for name, value in chosen.items()},
        }

    def command(self, stage: Stage) -> tuple[Sequence[str], Mapping[str, str], Path]:
        """Return `invoice-gateway worker`."""
        command = [sys.executable, "-m", "invoice_gateway", "worker"]
        return command, self.environment(stage), self.tree

    def wire(self, message: Message) -> Wire:
        """Send to the incoming exchange, in the name of the sender."""
        return self.incoming, message.type, product_properties(message), message.body

    def tally(self, stage: Stage, bus: Bus) -> Tally:  # noqa: ARG002 - as of a peer
        """Ask the gateway's own views."""
        script = Path(__file__).with_name("tally.py")
        done = subprocess.run(
            [sys.executable, "-P", str(script), stage.database_url],
            env=self.environment(stage),
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
        outcomes = found.pop("outcomes")
        return Tally(accepted=outcomes["accepted"], rejected=outcomes["rejected"], **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A module of `benchmarks.peers`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    workers: int = 1
    incoming: str = common.IN_QUEUE
    outgoing: tuple[str, ...] = (f"{common.EVENTS}.all", f"{common.REJECTED}.all")

    def prepare(self, stage: Stage, bus: Bus, customers: int) -> list[Message]:  # noqa: ARG002
        """Make the tables and queues; peers know no accounts."""
        with psycopg.connect(plain_url(stage.database_url), autocommit=True) as connection:
            connection.execute(common.DDL.read_bytes())
        bus.channel.queue_declare(self.incoming, durable=True, arguments={"x-queue-type": "quorum"})
        for exchange, queue in zip((common.EVENTS, common.REJECTED), self.outgoing, strict=True):
            bus.channel.exchange_declare(exchange, "topic", durable=True)
            bus.bind(exchange, queue)
        return []

    def command(self, stage: Stage) -> tuple[Sequence[str], Mapping[str, str], Path]:
        """Return the module's command line."""
        places = {common.AMQP: stage.amqp_url, common.DATABASE: stage.database_url}
        command = [sys.executable, "-m", f"benchmarks.peers.{self.module}", *self.arguments]
        return command, {**os.environ, **places}, ROOT

    def wire(self, message: Message) -> Wire:
        """Send straight to the queue; to Celery as one of its task messages."""
        if self.module != "celery_peer":
            properties = pika.BasicProperties(
                delivery_mode=2, content_type=XML, message_id=message.id
            )
            return "", self.incoming, properties, message.body
        from benchmarks.peers.celery_peer import task_message  # noqa: PLC0415 - a heavy import

        headers, number, body = task_message(message.body)
        properties = pika.BasicProperties(
            delivery_mode=2,
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=number,
            headers=headers,
        )
        return "", self.incoming, properties, body

    def tally(self, stage: Stage, bus: Bus) -> Tally:
        """Count the rows, and the messages set aside."""
        rejected = bus.messages(self.outgoing[1:])
        with psycopg.connect(plain_url(stage.database_url)) as connection:

            def rows(table: str) -> int:
                found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
                return int(found[0])

            accepted = rows("inbox")
            return Tally(
                accepted=accepted,
                rejected=rejected,
                events=accepted + rejected,
                invoices=rows("invoice"),
                lines=rows("invoice_line"),
                outbox=rows("outbox"),
            )


def introduce(database_url: str, customers: int) -> None:
    """Let the ERP and every customer send messages."""
    actors = [Actor(sender=ERP, party="ENTERPRISE", role=Role.ERP)]
    actors += [
        Actor(sender=party(at), party=party(at), role=Role.PARTNER) for at in range(customers)
    ]
    store = connect(database_url)
    try:
        with store.session(read_only=False) as session:
            for actor in actors:
                views.put_sender(session, actor)
            session.commit()
    finally:
        store.close()


def peers(names: Iterable[str] | None = None) -> list[Peer]:
    """Return the peers with one worker, those with `names` or all."""
    every = [
        Peer(name="faststream", module="faststream_peer"),
        Peer(name="faststream-tuned", module="faststream_peer", arguments=("--tuned",)),
        Peer(name="kombu", module="kombu_peer"),
        Peer(name="celery", module="celery_peer"),
        Peer(name="pika", module="pika_peer"),
    ]
    return every if names is None else [each for each in every if each.name in set(names)]


def archived(reference: str, folder: Path) -> Path:
    """Unpack the source tree of a commit into `folder` and return where it is."""
    target = folder / f"tree-{uuid4().hex[:8]}"
    target.mkdir()
    packed = subprocess.run(
        ["git", "archive", reference, "src", "handlers", "schemas", "fixtures"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "-x"], cwd=target, input=packed.stdout, check=True)
    return target


def plain_url(url: str) -> str:
    """Return a database URL as psycopg takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
