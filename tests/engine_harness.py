"""A gateway from bytes to committed facts: the real pipeline over a real database, without a bus.

`Engine.send` is what a worker does with a batch; `Engine.settle` is its tick. `Story` is one of the
journeys in `fixtures/journeys`.
"""

import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from invoice_gateway.app import App, assemble
from invoice_gateway.bus.folder import FolderPublisher
from invoice_gateway.engine.judge import Verdict
from invoice_gateway.engine.pipeline import TIMER, TIMER_SENDER, Pipeline, Processed
from invoice_gateway.engine.ports import Delivery
from invoice_gateway.engine.scheduler import Scheduler
from invoice_gateway.settings import Settings
from invoice_gateway.store import SqlStore, connect, tables, upgrade

JOURNEYS = Path(__file__).resolve().parents[1] / "fixtures" / "journeys"
START = datetime(2026, 11, 20, 10, tzinfo=UTC)
LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may send, as `senders.txt` and the table have it."""

    name: str
    party: str
    role: str
    receipts: bool = False


ENTERPRISE = (
    Sender("erp", "ENTERPRISE", "erp"),
    Sender("financials", "ENTERPRISE", "financials"),
    Sender("bank", "ENTERPRISE", "bank"),
    Sender("portal", "ENTERPRISE", "portal"),
    Sender("warehouse", "ENTERPRISE", "fulfilment"),
    Sender("provisioning", "ENTERPRISE", "provisioning"),
    Sender("usage", "ENTERPRISE", "usage"),
)
"""The senders that every journey can count on."""


@dataclass(slots=True)
class Ticking:
    """A clock that every look moves on by a millisecond."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the next moment."""
        self.now += timedelta(milliseconds=1)
        return self.now


@cache
def app(**settings: Any) -> App:
    """Return the application as `settings` say; handlers and schemas are loaded once."""
    if not settings:
        return assemble(Settings(database_url="sqlite:///unused.db", bus_url="folder:unused"))
    made = app()
    return App(
        settings=Settings(**settings),
        handlers=made.handlers,
        schemas=made.schemas,
        metrics=made.metrics,
    )


@dataclass(slots=True)
class Engine:
    """A gateway over one database."""

    store: SqlStore
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: Ticking = field(default_factory=Ticking)

    @property
    def pipeline(self) -> Pipeline:
        """Return the way of a batch."""
        return app(**self.settings).pipeline(self.store, self.clock)

    def register(self, senders: Iterable[Sender]) -> None:
        """Let `senders` send."""
        rows = [
            {
                "name": each.name,
                "party": each.party,
                "role": each.role,
                "receipts": each.receipts,
                "active": True,
            }
            for each in senders
        ]
        with self.store.engine.begin() as connection:
            connection.execute(tables.sender.insert(), rows)

    def send(self, *bodies: bytes) -> list[str]:
        """Process `bodies` as one batch; return what became of each, as in `rejected forbidden`.

        Raises:
            AssertionError: a handler met a bug.
        """
        processed: Processed = self.pipeline.process([delivery(each) for each in bodies])
        return [said(each) for each in processed.verdicts]

    def settle(self) -> int:
        """Judge parked messages whose reference is there until none is left; return how many."""
        released = 0
        while waiters := self.store.releasable(LIMIT):
            processed: Processed = self.pipeline.settle_parked(waiters, expired=False)
            outcomes = [said(each) for each in processed.verdicts]
            released += len(outcomes)
            assert released < LIMIT, f"parked messages go round in circles: {outcomes[:5]}"
        return released

    def pass_time(self, until: datetime) -> list[str]:
        """Let the scheduler fire all that is due until then; return what became of it.

        Nobody publishes what follows: it stays in the outbox, as with `send`.
        """
        self.clock.now = max(self.clock.now, until)
        scheduler = Scheduler(
            pipeline=self.pipeline,
            store=self.store,
            publisher=FolderPublisher(Path(tempfile.mkdtemp())),
            batch_size=LIMIT,
        )
        before = self.fired
        while scheduler.fire(until)[0]:
            pass
        return self.fired[len(before) :]

    @property
    def fired(self) -> list[str]:
        """Return the outcomes of all messages that time has sent, in order."""
        with self.store.engine.connect() as connection:
            query = (
                sa.select(tables.message.c.outcome)
                .where(tables.message.c.origin == TIMER)
                .order_by(tables.message.c.id)
            )
            return list(connection.scalars(query))

    def give_up(self) -> list[str]:
        """Let the deadline of everything parked pass; return what became of it."""
        self.clock.now += timedelta(days=30)
        waiters = self.store.due_parked(self.clock(), LIMIT)
        if not waiters:
            return []
        processed: Processed = self.pipeline.settle_parked(waiters, expired=True)
        return [said(each) for each in processed.verdicts]


def said(verdict: Verdict) -> str:
    """Return an outcome and, when there is one, its code."""
    assert verdict.outcome is not None, f"a handler met a bug: {verdict.bug}"
    return " ".join(filter(None, (verdict.outcome.value, verdict.code)))


SENDER = re.compile(rb"<Sender>\s*([^<\s]+)\s*</Sender>")
MESSAGE_ID = re.compile(rb"<MessageId>\s*([^<]+?)\s*</MessageId>")


def delivery(body: bytes) -> Delivery:
    """Return `body` as a bus delivers it that vouches for the sender the header names.

    What the scheduler says to its own gateway comes by no bus.
    """
    found = SENDER.search(body)
    return Delivery(
        body=body,
        sender=found.group(1).decode() if found else None,
        message_id=None,
        type=None,
        content_type="application/xml",
        origin=TIMER if found and found.group(1).decode() == TIMER_SENDER else "in",
    )


def identity(body: bytes) -> tuple[str, str]:
    """Return (sender, message id) of a message."""
    sender, message_id = SENDER.search(body), MESSAGE_ID.search(body)
    assert sender is not None
    assert message_id is not None
    return sender.group(1).decode(), message_id.group(1).decode()


@contextmanager
def opened(url: str, senders: Iterable[Sender] = ENTERPRISE, **settings: Any) -> Iterator[Engine]:
    """Open a gateway over the migrated, empty database at `url`."""
    store = connect(url)
    try:
        engine = Engine(store, settings)
        engine.register(senders)
        yield engine
    finally:
        store.close()


class Databases:
    """SQLite databases for many short runs: migrated once, emptied in a moment.

    Nothing is forced to disk: what a crash would do is not asked here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        upgrade(f"sqlite:///{folder / 'template.db'}")
        self._template = sqlite3.connect(folder / "template.db")
        self._store = connect(self.new())
        sa.event.listen(self._store.engine, "connect", _carefree)

    def new(self) -> str:
        """Return the URL of another database; it has its tables, and nothing in them."""
        self._made += 1
        path = self._folder / f"{self._made}.db"
        made = sqlite3.connect(path)
        self._template.backup(made)
        made.close()
        return f"sqlite:///{path}"

    @contextmanager
    def emptied(self, senders: Iterable[Sender] = ENTERPRISE, **settings: Any) -> Iterator[Engine]:
        """Give a gateway over a database with nothing in it; the one given before is gone."""
        connection = self._store.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            self._template.backup(driver)
        finally:
            connection.close()
        engine = Engine(self._store, settings)
        engine.register(senders)
        yield engine

    def close(self) -> None:
        """Release connections."""
        self._store.close()
        self._template.close()


def _carefree(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@dataclass(frozen=True)
class Story:
    """One journey: its messages in order, who sends them, and what is expected in the end."""

    name: str

    @property
    def folder(self) -> Path:
        """Return where it is kept."""
        return JOURNEYS / self.name

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Return the messages by the number in front of their file names, in order."""
        found = sorted(self.folder.glob("[0-9][0-9]-*.xml"))
        return {each.name[:2]: each.read_bytes() for each in found}

    @property
    def bodies(self) -> Sequence[bytes]:
        """Return the messages in order."""
        return tuple(self.files.values())

    @property
    def expect(self) -> str:
        """Return what is expected, as text."""
        return (self.folder / "expect.txt").read_text(encoding="utf-8")

    @property
    def timed(self) -> bool:
        """Return whether time passes in it, by messages that come by no bus."""
        return any(identity(body)[0] == TIMER_SENDER for body in self.bodies)

    @property
    def order_free(self) -> bool:
        """Return whether the order of its messages makes no difference in the end."""
        return "order-free" in self.expect.splitlines()

    @cached_property
    def senders(self) -> tuple[Sender, ...]:
        """Return the senders of this journey beside those of the enterprise."""
        path = self.folder / "senders.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        found = (line.split() for line in lines if line.strip() and not line.startswith("#"))
        return tuple(
            Sender(name, party, role, receipts=rest == ["receipts"])
            for name, party, role, *rest in found
        )


def stories() -> tuple[Story, ...]:
    """Return every journey, by name."""
    return tuple(Story(each.parent.name) for each in sorted(JOURNEYS.glob("*/expect.txt")))


def everyone() -> tuple[Sender, ...]:
    """Return the senders of all journeys and of the enterprise."""
    return (*ENTERPRISE, *(sender for story in stories() for sender in story.senders))
