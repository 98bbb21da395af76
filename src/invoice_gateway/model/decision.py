"""What a message needs to know, what it knows, and what follows from it: Scope, Book, Decision.

A decision is pure: it reads the book, refuses first, computes second and returns the new versions
of the entities it touched together with the events. The engine applies it to the book, so that the
next message of the batch sees it, and the store writes the last version of each touched entity.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from .errors import GatewayError
from .event import Stamped
from .history import History
from .invoice import Invoice
from .keys import InvoiceKey, SourceKey
from .ledger import (
    Account,
    Allocation,
    Dispute,
    DisputeState,
    Memo,
    Notice,
    Pair,
    Reversal,
    Source,
)
from .offer import Offer
from .order import Order, Request, Serial, Standing
from .rates import Rate, RateAt
from .status import Side

Entity = (
    Account
    | Invoice
    | Source
    | Allocation
    | Memo
    | Reversal
    | Dispute
    | Pair
    | Notice
    | Order
    | Request
    | Serial
    | Rate
    | Standing
    | History
    | Offer
)
ENTITIES: tuple[type[Entity], ...] = (
    Account,
    Invoice,
    Source,
    Allocation,
    Memo,
    Reversal,
    Dispute,
    Pair,
    Notice,
    Order,
    Request,
    Serial,
    Rate,
    Standing,
    History,
    Offer,
)
E = TypeVar("E", bound=Entity)

OPEN: Final[Mapping[type, Callable[[Any], bool]]] = {
    Invoice: lambda invoice: invoice.pending > 0,
    Source: lambda source: source.remaining > 0 or any(each.waiting for each in source.intents),
    Pair: lambda pair: pair.blocked,
    Dispute: lambda dispute: dispute.state is DisputeState.OPEN,
    Order: lambda order: order.open,
}
"""What rules about a whole account look at; the rest of its history stays out of their way."""


class Role(StrEnum):
    """What a sender may be (DOMAIN §3.16)."""

    ERP = "erp"
    FINANCIALS = "financials"
    BANK = "bank"
    PARTNER = "partner"
    OWNER = "owner"
    ADMIN = "admin"
    PORTAL = "portal"
    RESELLER = "reseller"
    FULFILMENT = "fulfilment"
    PROVISIONING = "provisioning"
    USAGE = "usage"
    SYSTEM = "system"
    """The gateway itself, when time brings something about; nobody is registered as this."""


ENTERPRISE_ROLES = frozenset({*Role} - {Role.PARTNER, Role.OWNER, Role.RESELLER, Role.PORTAL})
"""Roles that speak for the enterprise."""


class Reach(StrEnum):
    """Whose accounts a right extends to: everybody's, its own and those beneath it, or its own."""

    ANY = "any"
    BENEATH = "beneath"
    OWN = "own"


class WaitsFor(StrEnum):
    """The kinds of things a parked message can wait for; with a key they name one."""

    INVOICE = "invoice"
    PARTY = "party"
    DISPUTE = "dispute"
    PAYMENT = "payment"
    SOURCE = "source"
    MEMO = "memo"
    ORDER = "order"
    REQUEST = "request"
    ANSWER = "answer"
    """That the provisioning system has answered about the request of this key."""
    RATE = "rate"


zone = cache(ZoneInfo)
Waiting = tuple[str, str]
"""A kind of `WaitsFor` and the key as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who sent the message: a name mapped to (party, role); does it want receipts?"""

    sender: str
    party: str
    role: Role
    receipts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The flags of DOMAIN §3.18, as the settings of the same names describe them."""

    enterprise: str = "ENTERPRISE"
    timezone: str = "UTC"
    enterprise_dispute_overrides_paid: bool = False
    settlement_tolerance_minor: int = 0
    completion_trigger: str = "invoiced"
    auto_cancel_partial: str = "release_and_cancel"
    dispute_pauses_collection: bool = True
    past_due_ignores_disputed: bool = False
    exposure_includes_pending_orders: bool = True
    recheck_in_process: bool = False
    declared_paid_grace_days: int = 0
    due_from: str = "send"
    dispute_response_days: int | None = None
    reservation_minutes: int = 60
    period_lock_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a decision may know besides the book; `today` is the effective date (UTC)."""

    actor: Actor
    message_id: str
    content_hash: str
    now: datetime
    today: date
    sent_at: datetime
    reach: Reach = Reach.ANY
    acting_for: str | None = None
    correlation_id: str | None = None
    policy: Policy = field(default_factory=Policy)

    @property
    def cause(self) -> str:
        """Return `sender/message id`, the name of the message in records and events."""
        return f"{self.actor.sender}/{self.message_id}"

    @property
    def recorded_on(self) -> date:
        """Return the day on which the message is judged, in the time zone of the enterprise."""
        return self.now.astimezone(zone(self.policy.timezone)).date()

    @property
    def side(self) -> Side:
        """Return which side the message speaks for (X-21)."""
        if self.actor.role in ENTERPRISE_ROLES and self.acting_for is None:
            return Side.ENTERPRISE
        return Side.CUSTOMER


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one message needs loaded, by natural key. The union of a batch is loaded at once.

    Loading an invoice brings its lines and its open disputes; `allocations` asks for the posted
    allocations of the named invoices and sources too. `auto` asks for what the auto run may touch
    in the accounts concerned: sources with something remaining, blocked pairs, and open invoices
    oldest first as far as money reaches: the idle money plus `money` minor units that this message
    may set free (None: no bound known, load them all). `others` are orders, requests, offers and
    serial numbers by type and key; an order brings the money held for it and the open invoices that
    name it, whether it is there or not; a request brings its order and invoice, an invoice that is
    not issued yet its offer. `credit` asks for the standing of the accounts concerned, and for
    their orders on terms that are open, each with the same. `rates` are wanted where something is
    valued; `books` are accounting currencies that the message gives to accounts. `history` names
    accounts, among `accounts`, whose whole history is loaded: of handlers with `reads_history`
    only.
    """

    accounts: tuple[str, ...] = ()
    invoices: tuple[InvoiceKey, ...] = ()
    disputes: tuple[str, ...] = ()
    sources: tuple[SourceKey, ...] = ()
    bank_references: tuple[tuple[str, str], ...] = ()
    end_to_end_ids: tuple[tuple[str, str], ...] = ()
    memos: tuple[InvoiceKey, ...] = ()
    notices: tuple[tuple[str, str, str], ...] = ()
    reversals: tuple[tuple[str, str], ...] = ()
    pairs: tuple[tuple[SourceKey, InvoiceKey], ...] = ()
    allocations: bool = False
    auto: bool = False
    money: int | None = 0
    others: tuple[tuple[type[Entity], str], ...] = ()
    credit: bool = False
    history: tuple[str, ...] = ()
    rates: tuple[RateAt, ...] = ()
    books: tuple[str, ...] = ()
    provides: tuple[Waiting, ...] = ()


class Book:
    """What the batch knows: `tables` by entity type and key; `touched` are the keys changed since.

    Only `apply` changes it. `rated` are the rates that were looked up, as (base, quote, day in ISO
    text), whether there are any or not; None: every rate there is, is here. `standings` are the
    accounts whose orders on terms may be looked at, by party.
    """

    __slots__ = ("_by_account", "_open", "rated", "standings", "tables", "touched")

    def __init__(
        self,
        entities: Iterable[Entity] = (),
        rated: Collection[tuple[str, str, str]] | None = None,
    ) -> None:
        self.rated = rated
        self.tables: dict[type, dict[object, Entity]] = {each: {} for each in ENTITIES}
        self.standings = self.tables[Standing]
        self._by_account: dict[tuple[type, str], dict[object, None]] = {}
        self._open: dict[tuple[type, str], dict[object, None]] = {}
        self.touched: dict[type, dict[object, None]] = {each: {} for each in ENTITIES}
        for entity in entities:
            self._put(entity)

    def get(self, kind: type[E], key: object) -> E | None:
        """Return the entity of this type and key, or None."""
        return self.tables[kind].get(key)  # type: ignore[return-value] # a table holds one kind

    def of(self, kind: type[E], account: str) -> tuple[E, ...]:
        """Return the known entities of this type that belong to `account`, in order of arrival."""
        table = self.tables[kind]
        keys = self._by_account.get((kind, account), ())
        return tuple([table[key] for key in keys])  # type: ignore[misc] # a table holds one kind

    def open(self, kind: type[E], account: str) -> tuple[E, ...]:
        """Return those of `of` that are `OPEN`, in the order in which they became so."""
        keys = self._open.get((kind, account))
        if not keys:
            return ()
        table = self.tables[kind]
        return tuple([table[key] for key in keys])  # type: ignore[misc] # a table holds one kind

    def all(self, kind: type[E]) -> Iterator[E]:
        """Yield every known entity of this type, in order of arrival."""
        yield from self.tables[kind].values()  # type: ignore[misc] # a table holds one kind

    def apply(self, changes: Iterable[Entity]) -> None:
        """Take over the new versions, in order."""
        for entity in changes:
            self._put(entity)
            self.touched[type(entity)][entity.key] = None

    def _put(self, entity: Entity) -> None:
        kind, key = type(entity), entity.key
        table = self.tables[kind]
        if key not in table:
            self._by_account.setdefault((kind, entity.account), {})[key] = None
        table[key] = entity
        is_open = OPEN.get(kind)
        if is_open is not None:
            known = self._open.setdefault((kind, entity.account), {})
            if is_open(entity):
                known[key] = None
            else:
                known.pop(key, None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a message: last versions of what it touched, and events in order."""

    changes: tuple[Entity, ...]
    events: tuple[Stamped, ...]


class AlreadyApplied(GatewayError):
    """The natural key and the content are known: the message is a duplicate of `first` (P-02)."""

    def __init__(self, first: str) -> None:
        super().__init__(first)
        self.first = first
