"""The composition root: settings become a store, a bus, handlers, schemas, and a worker."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from invoice_gateway.bus import rabbit
from invoice_gateway.bus.folder import FolderPublisher, FolderReceiver
from invoice_gateway.bus.topology import Topology, topology
from invoice_gateway.engine.ahead import Turns
from invoice_gateway.engine.discover import bundled, discover
from invoice_gateway.engine.intake import Intake
from invoice_gateway.engine.pipeline import Pipeline
from invoice_gateway.engine.ports import Publisher, Receiver, Store
from invoice_gateway.engine.relay import Relay
from invoice_gateway.engine.reports import Announcer
from invoice_gateway.engine.scheduler import Scheduler
from invoice_gateway.engine.worker import Worker, nothing
from invoice_gateway.handler import Handler
from invoice_gateway.metrics import Metrics
from invoice_gateway.model.decision import Policy
from invoice_gateway.settings import PREFIX, Settings, SettingsError
from invoice_gateway.store import SqlStore, connect
from invoice_gateway.xml.forms import Forms
from invoice_gateway.xml.safe import Limits
from invoice_gateway.xml.schemas import Schemas

FOLDER = "folder:"
RABBIT = ("amqp://", "amqps://")
BATCHES = 3
"""Batches at a worker: one is being committed, one understood ahead, one on its way."""


def now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What every face works with."""

    settings: Settings
    handlers: dict[str, Handler[Any]]
    schemas: Schemas
    metrics: Metrics

    @property
    def limits(self) -> Limits:
        """Return how much of a document is looked at."""
        chosen = self.settings
        return Limits(
            max_bytes=chosen.xml_max_bytes,
            max_depth=chosen.xml_max_depth,
            max_nodes=chosen.xml_max_nodes,
            max_names=chosen.xml_max_names,
        )

    @property
    def intake(self) -> Intake:
        """Return what understands messages."""
        return Intake(
            handlers=self.handlers,
            schemas=self.schemas,
            forms=Forms(self.schemas, self.limits, self.settings.enterprise),
            limits=self.limits,
            enterprise=self.settings.enterprise,
            trust_header=self.settings.trust_header_sender,
        )

    @property
    def policy(self) -> Policy:
        """Return the flags that rules read: settings of the same names."""
        chosen = self.settings.model_dump()
        return Policy(**{each.name: chosen[each.name] for each in fields(Policy)})

    @property
    def topology(self) -> Topology:
        """Return the exchanges and queues of this deployment."""
        return topology(
            self.settings.prefix,
            partitions=self.settings.partitions,
            delivery_limit=self.settings.delivery_limit,
        )

    @property
    def spool(self) -> Path | None:
        """Return the folder of the folder bus, or None on RabbitMQ."""
        url = self.settings.bus_url
        return Path(url.removeprefix(FOLDER)) if url.startswith(FOLDER) else None

    def pipeline(self, store: Store, clock: Callable[[], datetime] = now) -> Pipeline:
        """Return the way of a batch over `store`."""
        chosen = self.settings
        return Pipeline(
            store=store,
            intake=self.intake,
            announcer=Announcer(f"/{chosen.prefix}/{chosen.enterprise}"),
            policy=self.policy,
            clock=clock,
            meter=self.metrics,
            park_ttl=timedelta(hours=chosen.park_ttl_hours),
        )

    def receiver(self) -> Receiver:
        """Return where messages come from."""
        spool = self.spool
        if spool is not None:
            return FolderReceiver(spool)
        return rabbit.RabbitReceiver(
            self.settings.bus_url,
            self.topology,
            batch_size=self.settings.batch_size,
            batches=BATCHES,
        )

    def publisher(self) -> FolderPublisher | rabbit.RabbitPublisher:
        """Return where events go to."""
        spool = self.spool
        if spool is not None:
            return FolderPublisher(spool)
        return rabbit.RabbitPublisher(self.settings.bus_url, self.topology.events)

    def sender(self, sender: str) -> FolderPublisher | rabbit.RabbitPublisher:
        """Return what puts messages of `sender` onto the bus, as a partner would."""
        spool = self.spool
        if spool is not None:
            return FolderPublisher(spool, sender=sender)
        return rabbit.RabbitPublisher(self.settings.bus_url, self.topology.incoming, user_id=sender)

    @contextmanager
    def store(
        self, waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> Iterator[SqlStore]:
        """Open the database; it must be migrated (`invoice-gateway db upgrade`).

        `waiting` is entered while the database is waited for.

        Raises:
            StoreUnavailable: it cannot be reached.
            SchemaOutdated: it is not migrated.
        """
        store = connect(self.settings.database_url, waiting=waiting)
        try:
            yield store
        finally:
            store.close()

    def scheduler(
        self, store: Store, publisher: Publisher, clock: Callable[[], datetime] = now
    ) -> Scheduler:
        """Return what minds the time over `store`."""
        return Scheduler(
            pipeline=self.pipeline(store, clock),
            store=store,
            publisher=publisher,
            batch_size=self.settings.batch_size,
        )

    @contextmanager
    def worker(self, checkpoint: Callable[[str], None] = nothing) -> Iterator[Worker]:
        """Put a worker together and take it apart afterwards."""
        chosen, turns = self.settings, Turns()
        with self.store(waiting=turns.lend) as store:
            receiver, publisher = self.receiver(), self.publisher()
            try:
                yield Worker(
                    pipeline=self.pipeline(store),
                    receiver=receiver,
                    publisher=publisher,
                    relay=Relay(
                        store=store, publisher=publisher, patience_s=chosen.relay_patience_s
                    ),
                    batch_size=chosen.batch_size,
                    poll_s=chosen.poll_s,
                    tick_s=chosen.tick_s,
                    attempts_max=chosen.attempts_max,
                    checkpoint=checkpoint,
                    turns=turns,
                )
            finally:
                receiver.close()
                publisher.close()


def assemble(settings: Settings) -> App:
    """Return the application for `settings`.

    Raises:
        SettingsError: the bus URL has no known form.
        HandlerSetError: handlers or schemas do not fit together.
    """
    if not settings.bus_url.startswith((FOLDER, *RABBIT)):
        raise SettingsError(
            f"{PREFIX}BUS_URL={settings.bus_url.partition(':')[0]}:...: "
            "use folder:PATH, amqp://... or amqps://..."
        )
    handlers = [bundled("handlers"), *([settings.handlers] if settings.handlers else [])]
    schemas = [bundled("schemas"), *([settings.schemas] if settings.schemas else [])]
    return App(
        settings=settings,
        handlers=discover(handlers),
        schemas=Schemas(*schemas),
        metrics=Metrics(),
    )
