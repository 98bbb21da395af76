"""What somebody knows who hears the events and nothing else, folded as they come.

What contradicts what was heard before is noted at once; what contradicts the tables is for the
invariants to find.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from invoice_gateway.audit.event import EventFact

DISPUTED: Final = "Disputed"
RECEIVED: Final = "Payment Received"

MOVES: Final = {
    "customer": {("New", "Paid"), ("Paid", "New")},
    "enterprise": {("New", RECEIVED), (RECEIVED, "New")},
}
"""Moves of an axis outside a dispute; into one and back out of it every status may."""

SPENT: Final = {
    *("credit.refunded", "payment.refunded", "payment.bounced", "payment.charged-back"),
    "wallet.debited",
}
MADE: Final = {"payment.received", "credit.created", "wallet.credited"}

ORDER: Final = ("fact", "line", "status", "consequence", "message")
PLACES: Final = {
    "invoice.line-status-changed": "line",
    "invoice.status-changed": "status",
    **dict.fromkeys(
        (
            f"invoice.{each}"
            for each in ("cancelled", "converted", "overdue", "overdue-cleared", "reminder-due")
        ),
        "consequence",
    ),
}
FAMILIES: Final = {
    "dispute": "consequence",
    "order": "consequence",
    "request": "consequence",
    "task": "consequence",
    "message": "message",
}
"""Where the events of a kind of thing stand, but for those named above; all others are facts."""


class LetGo(NamedTuple):
    """An order on terms that went into process, with what the credit check said."""

    order: str
    cause: str
    past_due: bool
    exposure: int | None
    limit: int | None


@dataclass(slots=True)
class Heard:
    """What the events up to `last` say together."""

    last: int = -1
    names: Counter[str] = field(default_factory=Counter)
    status: dict[str, dict[str, str]] = field(default_factory=dict)
    """The published state of each invoice."""
    amounts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What is pending of invoices, and what remains of sources, by kind and name."""
    numbers: dict[str, str | None] = field(default_factory=dict)
    """The issued invoices, with the number each was announced with if the gateway gave it one."""
    offers: dict[str, int] = field(default_factory=dict)
    """What drafts and offers were over last, before they were issued."""
    ended: set[str] = field(default_factory=set)
    """The invoices that were withdrawn: nothing happens to their lines any more."""
    axes: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Where each axis of each line is, by invoice, line and axis; one that never moved is New."""
    moved_lines: dict[str, set[str]] = field(default_factory=dict)
    """The lines of each invoice of which an axis has moved."""
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    """The version of the last event of each aggregate."""
    causes: dict[str, str] = field(default_factory=dict)
    """The messages that caused events of the books, each with the name of the first."""
    places: dict[str, int] = field(default_factory=dict)
    """How far in the order of events each cause has come."""
    gains: Counter[str] = field(default_factory=Counter)
    """What was gained (or, below zero, lost) by each allocation in another currency."""
    let_go: list["LetGo"] = field(default_factory=list)
    """Orders on terms that went into process."""
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """What contradicted what was heard before: the topic, and what it is."""

    def now(self) -> "Heard":
        """Return what is known now; what is heard later does not change it."""
        copied = copy(self)
        for name in KEPT:
            setattr(copied, name, getattr(self, name).copy())
        return copied

    def of(self, topic: str) -> Iterator[str]:
        """Yield what was wrong about a topic."""
        return (what for about, what in self.wrong if about == topic)

    def hear(self, event: EventFact, invalid: str | None) -> None:
        """Take one more event in, the next one; `invalid` is what its schema says against it."""
        self.last = event.seq
        self.names[event.name] += 1
        if invalid is not None:
            self.wrong.append(("schema", f"{event.type} {event.event_id}: {invalid}"))
        self._count(event)
        self._place(event)
        for kind, key, amount in amounts(event):
            self.amounts[kind, key] += amount
        if event.name == "writeoff.posted" and self.amounts["invoice", event.invoice()]:
            left = self.amounts["invoice", event.invoice()]
            self.wrong.append(("write-offs", f"{event.invoice()}: {left} are pending after one"))
        if event.name in HEAR:
            HEAR[event.name](self, event)

    def _count(self, event: EventFact) -> None:
        key = (event.aggregate, event.aggregate_id)
        last = self.versions.get(key, 0)
        if event.version != last + 1:
            self.wrong.append(("versions", f"{key}: version {event.version} follows {last}"))
        self.versions[key] = event.version

    def _place(self, event: EventFact) -> None:
        place = ORDER.index(PLACES.get(event.name) or _family(event.name))
        if place == ORDER.index("message"):
            return
        if event.name != "provision.rejected":  # which comes of a refusal
            self.causes.setdefault(event.cause, event.name)
        if place < self.places.get(event.cause, 0):
            self.wrong.append(("order", f"{event.cause}: {event.name} comes late"))
        self.places[event.cause] = place

    def offered(self, event: EventFact) -> None:
        """Note what an offer is over now; a line that is gone comes back as a new one."""
        name, amount = event.aggregate_id, event.amount("Amount")
        self.amounts["invoice", name] += amount - self.offers.get(name, 0)
        self.offers[name] = amount
        kept = {each["LineNo"] for each in event.all("Offered")}
        for line in self.moved_lines.get(name, set()) - kept:
            for axis in MOVES:
                self.axes.pop((name, line, axis), None)

    def sent(self, event: EventFact) -> None:
        """Note how the published state of an invoice begins, or that it stays as it was."""
        state = event.block("State")
        if state != self.status.setdefault(event.aggregate_id, state):
            self.wrong.append(
                ("status", f"{event.aggregate_id}: {event.name} changed its status silently")
            )

    def issued(self, event: EventFact) -> None:
        """Note how an invoice begins, unless it was an offer before."""
        name = event.aggregate_id
        self.sent(event)
        self.numbers[name] = event.text("TransactionNo")
        if name not in self.offers:
            asked = event.amount("Totals/Amount") + event.amount("Totals/DebitMemos")
            self.amounts["invoice", name] += asked

    def changed(self, event: EventFact) -> None:
        """Note how the published state of an invoice changes."""
        name, old, new = event.aggregate_id, event.block("Old"), event.block("New")
        if old != self.status.get(name):
            was = self.status.get(name)
            self.wrong.append(("status", f"{name}: was {was}, announced {old}"))
        if old == new:
            self.wrong.append(("status", f"{name}: announced a change from {old} to the same"))
        self.status[name] = new

    def moved(self, event: EventFact) -> None:
        """Note how one axis of a line moves."""
        axis, old, new = (event.text(name) or "" for name in ("Axis", "Old", "New"))
        key = (event.aggregate_id, event.text("LineNo") or "", axis)
        was = self.axes.get(key, "New")
        self.moved_lines.setdefault(event.aggregate_id, set()).add(key[1])
        if event.aggregate_id in self.ended:
            self.wrong.append(("moves", f"{key}: moves after it was withdrawn"))
        if was != old:
            self.wrong.append(("moves", f"{key}: moves from {old}, it was {was}"))
        if old == new or (DISPUTED not in (old, new) and (old, new) not in MOVES[axis]):
            self.wrong.append(("moves", f"{key}: moves from {old} to {new}"))
        self.axes[key] = new

    def gained(self, event: EventFact) -> None:
        """Note what an allocation gained."""
        self.gains[event.aggregate_id] += event.amount("Gain")

    def order_moved(self, event: EventFact) -> None:
        """Note that an order on terms went into process, and what the credit check said."""
        if event.text("Method") != "terms" or event.text("New") != "InProcess":
            return
        self.let_go.append(
            LetGo(
                order=event.text("OrderReference") or "",
                cause=event.cause,
                past_due=bool(event.text("PastDue")),
                exposure=event.maybe_amount("Exposure"),
                limit=event.maybe_amount("CreditLimit"),
            )
        )

    def withdrawn(self, event: EventFact) -> None:
        """Note that an invoice has come to its end."""
        self.ended.add(event.aggregate_id)


KEPT: Final = (
    *("names", "status", "amounts", "numbers", "offers", "ended", "axes"),
    *("versions", "causes", "places", "gains", "let_go", "wrong"),
)
"""What a copy has for itself."""


HEAR: Final[Mapping[str, Callable[[Heard, EventFact], None]]] = {
    "invoice.drafted": Heard.offered,
    "invoice.edited": Heard.offered,
    "invoice.sent": Heard.sent,
    "invoice.issued": Heard.issued,
    "invoice.status-changed": Heard.changed,
    "invoice.line-status-changed": Heard.moved,
    "forex.recorded": Heard.gained,
    "order.status-changed": Heard.order_moved,
    "invoice.cancelled": Heard.withdrawn,
    "invoice.voided": Heard.withdrawn,
    "invoice.deleted": Heard.withdrawn,
}
"""What is noted of some events beside that they came, and in which order."""


def amounts(event: EventFact) -> Iterator[tuple[str, str, int]]:
    """Yield what an event changes: of which invoice or source, by how much."""
    name = event.name
    if name in MADE | SPENT:
        amount = event.amount("Amount")
        yield "source", event.aggregate_id, amount if name in MADE else -amount
    if name in ("allocation.posted", "allocation.removed"):
        amount = event.amount("Amount") * (-1 if name == "allocation.posted" else 1)
        names = [event.text(each) for each in ("Customer", "SourceType", "SourceReference")]
        yield "source", "/".join(map(str, names)), amount
        yield "invoice", event.invoice(), amount
    if name == "writeoff.posted":
        yield "invoice", event.invoice(), -event.amount("Amount")
    if name == "discount.posted":
        yield "invoice", event.invoice(), -event.amount("Applied")
    if name == "memo.posted" and event.text("DocType") != "credit-note":
        sign = 1 if event.text("DocType") == "debit-memo" else -1
        yield "invoice", event.invoice(), sign * event.amount("Applied")


def _family(name: str) -> str:
    return FAMILIES.get(name.partition(".")[0], "fact")
