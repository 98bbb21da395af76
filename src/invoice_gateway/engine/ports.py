"""What the engine asks of the outside: a bus, a store, a clock, a meter."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from invoice_gateway.model.decision import Actor, Book, Scope, Waiting
from invoice_gateway.model.errors import Finding

# -- the bus -------------------------------------------------------------------------------------


class BusUnavailable(Exception):
    """The bus cannot be reached or refuses us: one line that names host, port and cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message as the bus hands it over; `tag` is the adapter's own handle."""

    body: bytes
    sender: str | None
    message_id: str | None
    type: str | None
    content_type: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    redelivered: bool = False
    origin: str = "in"
    reason: str | None = None
    tag: object = None


class Outgoing(NamedTuple):
    """One event (or message) on its way to the bus; receivers deduplicate on `id`."""

    id: str
    key: str
    type: str
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})


class Settled(NamedTuple):
    """What became of one published event; `error` None means confirmed and routed."""

    id: str
    error: str | None = None


class Receiver(Protocol):
    """Where messages come from."""

    def receive(self, limit: int, timeout_s: float) -> list[Delivery]:
        """Return what has arrived, at most `limit`, in order; wait for the first only."""
        ...

    def ack(
        self, deliveries: Sequence[Delivery], rejected: Collection[object] = frozenset()
    ) -> None:
        """Settle deliveries after the commit; `rejected` are the tags of those refused."""
        ...

    def pause(self) -> None:
        """Stop consuming and hand back everything not acked; the next `receive` resumes."""
        ...

    def close(self) -> None:
        """Flush acks and leave."""
        ...

    @property
    def connected(self) -> bool:
        """Return whether the bus is there."""
        ...


class Publisher(Protocol):
    """Where events go to."""

    def wait_connected(self, timeout_s: float) -> bool:
        """Return whether the bus is there, waiting at most `timeout_s` for it."""
        ...

    def submit(self, events: Sequence[Outgoing]) -> None:
        """Send events in order, all in flight together; do not wait."""
        ...

    def settled(self) -> list[Settled]:
        """Return what was settled since the last call; never blocks."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Return whether nothing is in flight any more, waiting at most `timeout_s`."""
        ...

    @property
    def in_flight(self) -> int:
        """Return how many events are neither confirmed nor failed."""
        ...

    @property
    def blocked_s(self) -> float:
        """Return how long the broker has been blocking us, in seconds (0.0: it does not)."""
        ...

    def close(self) -> None:
        """Leave; what is in flight is sent again by the relay."""
        ...


# -- time and numbers ----------------------------------------------------------------------------


class Clock(Protocol):
    """Where "now" comes from."""

    def __call__(self) -> datetime:
        """Return the current time, in UTC."""
        ...


class Meter(Protocol):
    """Where the engine counts."""

    def messages(self, message_type: str, outcome: str, count: int) -> None:
        """Count messages of one type that came to the same outcome."""
        ...

    def batch(self, size: int) -> None:
        """Count one batch."""
        ...

    def stage(self, name: str, seconds: float) -> None:
        """Add time spent in a stage of the way of a batch."""
        ...

    def waiting(self, counts: "Counts", blocked_s: float) -> None:
        """Note what waits."""
        ...


# -- the store -----------------------------------------------------------------------------------


class StoreUnavailable(Exception):
    """Not now: the database is away, locked, restarting or asks to try again.

    Nothing was committed (or the inbox will tell). Must never count against a message.
    """


class Conflict(Exception):
    """A unique key was taken by somebody else meanwhile: roll back and run the batch again."""


class Outcome(StrEnum):
    """What became of a message (ARCHITECTURE §4); *not now* leaves no record."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the inbox knows of a message id: the message that owns it, whose row is `record`.

    Or, where nothing owns it, the last message under it that was parked and then refused.
    """

    record: int
    hash: str
    outcome: Outcome
    duplicates: int
    events: int = 0
    """How many `message.*` events it has had: the version of the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A parked message that waits for one of the keys asked about, in order of arrival.

    `received_at` is UTC. `headers` are those it arrived with.
    """

    record: int
    sender: str
    message_id: str
    type: str
    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    waits_for: Waiting
    deadline: datetime
    code: str
    text: str
    hash: str
    events: int = 0


class Record(NamedTuple):
    """One message as it will stand in the `message` table, with its satellite where it has one.

    `replaces` is the row of a parked message that this decision settles (no new row then).
    `dead_letter` is the id of a rejected submission (a digest of sender, id, content and code): the
    same submission refused again counts on that row. `origin` tells messages the broker set aside.
    """

    sender: str
    message_id: str
    type: str
    hash: str
    outcome: Outcome
    received_at: datetime
    body: bytes
    headers: Mapping[str, str]
    accounts: tuple[str, ...] = ()
    replaces: int | None = None
    duplicate_of: str | None = None
    code: str | None = None
    text: str | None = None
    findings: tuple[Finding, ...] = ()
    business_keys: tuple[str, ...] = ()
    fingerprint: str | None = None
    traceback: str | None = None
    waits_for: Waiting | None = None
    deadline: datetime | None = None
    dead_letter: str | None = None
    origin: str = "in"
    events: int = 0
    duplicates: int = 0
    """Further arrivals of the same message, or of the same refused submission, in this batch."""
    parked_before: bool = False
    """Whether a refused message was parked before: it has a row, here or from an earlier batch."""


@dataclass(slots=True)
class EventRow:
    """One rendered event for the outbox. `cause` is `sender/message id` of what caused it."""

    event_id: str
    name: str
    type: str
    aggregate: str
    aggregate_id: str
    version: int
    cause: str
    account: str | None
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Saving:
    """Everything a batch commits.

    `repeats` maps the row of a known message to (further arrivals, further `message.*` events).
    `published` are event ids confirmed since the last batch: their outbox rows go.
    `attempts_done` are delivery hashes whose attempt counters are no longer needed.
    """

    book: Book
    now: datetime
    records: list[Record] = field(default_factory=list)
    repeats: dict[int, tuple[int, int]] = field(default_factory=dict)
    events: list[EventRow] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    attempts_done: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What waits in the database; `outbox_age_s` is the age of the oldest event not confirmed."""

    parked: int
    dead: int
    outbox: int
    outbox_age_s: float


class Due(NamedTuple):
    """Something that is due on an invoice or a dispute, as it was when somebody looked.

    `key` is the number of an invoice (with its issuer and kind) or a dispute id; `version` counts
    the events of the subject; `at` is when it was due, in UTC.
    """

    subject: str
    issuer: str
    key: str
    kind: str
    version: int
    at: datetime


class Work(Protocol):
    """One transaction. Leaving the context without `commit` rolls back."""

    def senders(self, names: Collection[str]) -> dict[str, Actor]:
        """Return the known, active senders among `names`."""
        ...

    def waiters(self, keys: Collection[Waiting], limit: int) -> list[Waiter]:
        """Return parked messages that wait for one of `keys`, in order of arrival."""
        ...

    def accounts_of(self, scopes: Sequence[Scope]) -> set[str]:
        """Return every account concerned: named, or owning a named invoice, dispute or memo."""
        ...

    def lock(self, accounts: Collection[str]) -> None:
        """Lock the keys of the accounts, sorted, until the transaction ends; creates no row."""
        ...

    def still_parked(self, records: Collection[int]) -> set[int]:
        """Lock these rows of parked messages; return those that nobody has settled meanwhile."""
        ...

    def seen(self, ids: Collection[tuple[str, str]]) -> dict[tuple[str, str], Seen]:
        """Return what is known of these (sender, message id).

        Accepted, parked and duplicate messages own theirs. One that was parked and then refused
        does not, but it has had events: the next message of this id counts on from there.
        """
        ...

    def load(
        self, scopes: Sequence[Scope], today: date | None = None, days: Collection[date] = ()
    ) -> Book:
        """Return the union of all scopes: one statement per table, none when nothing is asked.

        Due dates before `today` have passed; None: none has. For `days` exchange rates are there.
        """
        ...

    def save(self, saving: Saving) -> list[int]:
        """Write the batch as multi-row statements; return the row id of each record, in order."""
        ...

    def commit(self) -> None:
        """Make it durable."""
        ...


class Store(Protocol):
    """The database."""

    def work(self) -> AbstractContextManager[Work]:
        """Begin a transaction.

        Raises:
            StoreUnavailable: from here, or from any call on the work.
            Conflict: from `save` or `commit`.
        """
        ...

    def attempt(self, delivery_hash: str, fingerprint: str | None) -> int:
        """Count one more attempt at a delivery, durably and at once; return how many that makes."""
        ...

    def excuse(self, delivery_hashes: Collection[str]) -> None:
        """Take back one attempt at each: it was not now. Fails while nothing can be written."""
        ...

    def due_parked(self, now: datetime, limit: int) -> list[Waiter]:
        """Return parked messages whose deadline has passed, oldest deadline first."""
        ...

    def releasable(self, limit: int) -> list[Waiter]:
        """Return parked messages whose reference exists by now, in order of arrival.

        Normally the batch that makes a reference appear releases its waiters; this finds those that
        two workers let slip between them.
        """
        ...

    def due(self, now: datetime, limit: int) -> list[Due]:
        """Return what is due up to `now`, at most `limit`, the longest due first."""
        ...

    def counts(self) -> "Counts":
        """Return what waits: for health and metrics."""
        ...

    def unpublished(self, limit: int, older_than_s: float) -> list[tuple[str, Outgoing]]:
        """Claim events nobody confirmed, oldest first, as (event id, event)."""
        ...

    def mark(self, published: Collection[str], failed: Mapping[str, str]) -> None:
        """Remove confirmed events from the outbox and note why others failed, at once."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
