"""Events of every class, made up from their type hints: as the rules make them, and worse."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from invoice_gateway.model.decision import Role
from invoice_gateway.model.detail import Fulfilment
from invoice_gateway.model.errors import Code
from invoice_gateway.model.event import Event, Stamped
from invoice_gateway.model.exposure import Hold
from invoice_gateway.model.invoice import (
    Closure,
    Confirmation,
    InvoiceKind,
    InvoiceStatus,
    Lifecycle,
    Settlement,
)
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.ledger import (
    DisputeState,
    DocType,
    Mode,
    Origin,
    ReversalKind,
    SourceType,
)
from invoice_gateway.model.money import Money
from invoice_gateway.model.offer import EXTENSION, PURCHASE
from invoice_gateway.model.offers import Command
from invoice_gateway.model.order import Method, OrderStatus
from invoice_gateway.model.status import CUSTOMER, ENTERPRISE, Side
from invoice_gateway.xml.render import Stamp

OUTCOMES = set(DisputeState) - {DisputeState.OPEN, DisputeState.WITHDRAWN}
SHIPS = {*Fulfilment} - {Fulfilment.NOT_APPLICABLE}
METHODS = {
    "credit-card",
    "wire-transfer",
    "check",
    "cash",
    "direct-debit",
    "account-funds",
    "other",
}
MEANS = {Command.SEND, Command.MARK_SENT, Command.RESEND}
STAGES = {"check", "outcome", "expiry"}
DEBITS = {ReversalKind.USAGE, ReversalKind.WITHDRAWAL}
ITEM_TYPES = {PURCHASE, EXTENSION}

ENTRIES = {"invoice", "payment", *DocType, *ReversalKind} - {ReversalKind.WITHDRAWAL}
"""What the lines of a statement are."""

# What people and machines put into text: markup, quotes, line ends, controls, half an emoji, a byte
# order mark, text that runs the other way, and what looks like a reference or the end of CDATA.
NASTY = st.sampled_from(
    [*"<>&\"' \t\n\r\0\x1b\x7f\x85\u202e\u2028\ufeff\ufffe\ufffd\ud83d", "😀", "]]>", "&#0;"]
)
anything = st.lists(NASTY | st.characters(), max_size=30).map("".join)
said = st.lists(
    NASTY.filter(lambda each: each.isprintable()) | st.sampled_from("aé😀"), min_size=1, max_size=20
).map(lambda parts: " ".join("".join(parts).split()) or "-")
number = st.text(st.sampled_from("AZ09-/ &<>\"'éü😀#"), min_size=1, max_size=64).map(
    lambda each: " ".join(each.split()) or "1"
)
party = st.from_regex(r"[A-Za-z0-9._:\-]{1,64}", fullmatch=True)
moment = st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
day = st.dates(date(1900, 1, 1), date(2999, 12, 31))
money = st.builds(
    Money,
    st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-1000, 1000),
    st.sampled_from(["EUR", "JPY", "BHD", "CLF", "USD"]),
)


def one_of(words) -> st.SearchStrategy[str]:
    """One of the words, sometimes still as the StrEnum it came from."""
    ordered = sorted(words)
    return st.sampled_from([*ordered, *map(str, ordered)])


# What the rules put into the fields of that name. All other text fields hold what somebody said.
FIELDS: Mapping[str, st.SearchStrategy[str]] = {
    "sender": party,
    "customer": party,
    "payer": party,
    "raiser": party,
    "message_id": number,
    "order_reference": number,
    "request": number,
    "request_type": number,
    "reason": said,
    "message_type": st.sampled_from(["InvoicePosted", "PaymentPosted"]),
    "code": one_of(Code),
    "kind": one_of(InvoiceKind),
    "lifecycle": one_of(Lifecycle),
    "entry_type": one_of(ENTRIES),
    "document": number,
    "currency": st.sampled_from(["EUR", "JPY", "BHD"]),
    "status": one_of(InvoiceStatus),
    "settlement_state": one_of(Settlement),
    "confirmation": one_of(Confirmation),
    "closure_reason": one_of(Closure),
    "axis": one_of(Side),
    "raised_by": one_of(Side),
    "joined_by": one_of(Side),
    "old": one_of({*CUSTOMER, *ENTERPRISE}),
    "new": one_of({*CUSTOMER, *ENTERPRISE}),
    "customer_status": one_of(CUSTOMER),
    "enterprise_status": one_of(ENTERPRISE),
    "role": one_of(Role),
    "acting_for": st.just("customer"),
    "requested_action": st.sampled_from(["NOA", "CNF", "OTH"]),
    "reason_code": st.sampled_from(["PRI", "OTH", "DUP"]),
    "outcome": one_of(OUTCOMES),
    "doc_type": one_of(DocType),
    "origin": one_of({*Origin} - {Origin.PAYMENT}),
    "mode": one_of(Mode),
    "source_type": one_of(SourceType),
    "method": one_of(METHODS),
    "line_no": number,
    "dispute_id": number,
    "reference": number,
    "source_reference": number,
    "payment_id": number,
    "reversal_id": number,
    "allocation_id": number,
    "first_message": number,
    "dead_letter": number,
    "memo": number,
    "means": one_of(MEANS),
    "stage": one_of(STAGES),
    "purpose": one_of(DEBITS),
    "type": one_of(ITEM_TYPES),
    "product": number,
    "subscription": number,
    "quantity": number,
    "period": number,
    "reverses": number,
    "reopens": number,
    "rate": st.decimals("0.000000000001", "9999999", places=12).map(lambda each: format(each, "f")),
}
# Where a field of that name holds other words in one event.
OWN_FIELDS: Mapping[str, st.SearchStrategy[str]] = {
    "OrderStatusChanged.method": one_of(Method),
    "OrderStatusChanged.old": one_of(OrderStatus),
    "OrderStatusChanged.new": one_of(OrderStatus),
    "OrderStatusChanged.hold_reason": one_of(Hold),
    "InvoiceFulfilmentChanged.old": one_of(SHIPS),
    "InvoiceFulfilmentChanged.new": one_of(SHIPS),
    "InvoiceFulfilmentChanged.facility": party,
    "InvoiceFulfilmentChanged.shipment": number,
    "InvoiceFulfilmentChanged.tracking": number,
    "OrderPaymentFailed.capture_reference": number,
}
# A refused message may say anything about itself.
RECEIVED = {"sender", "message_id", "message_type", "business_key", "path", "expected"}


@cache
def instances(kind: type, *, wild: bool) -> st.SearchStrategy[Any]:
    """Instances of a dataclass; with `wild`, any text in every field."""
    refused = kind.__name__ in {"MessageRejected", "FindingBlock"}
    return st.builds(
        kind,
        **{
            name: _value(_own(kind, name), hint, wild=wild or (refused and name in RECEIVED))
            for name, hint in get_type_hints(kind).items()
            if name not in {"name", "aggregate"}
        },
    )


def _own(kind: type, name: str) -> str:
    """The name under which the words of a field are listed."""
    own = f"{kind.__name__}.{name}"
    return own if own in OWN_FIELDS else name


def _value(name: str, hint: Any, *, wild: bool) -> st.SearchStrategy[Any]:
    inner = get_args(hint)[0] if get_args(hint) else hint
    if get_origin(hint) is tuple:
        return st.lists(_value(name, inner, wild=wild), max_size=3).map(tuple)
    if NoneType in get_args(hint):
        return st.none() | _value(name, inner, wild=wild)
    if hint is InvoiceKey:
        return (
            st.builds(InvoiceKey, *[anything] * 2) if wild else st.builds(InvoiceKey, party, number)
        )
    leaves = {
        str: anything if wild else {**FIELDS, **OWN_FIELDS}.get(name, said),
        int: st.integers(1, 2**63 - 1),
        bool: st.booleans(),
        date: day,
        datetime: moment,
        Money: money,
    }
    return leaves[hint] if hint in leaves else instances(hint, wild=wild)


@cache
def stamped(kind: type[Event], *, wild: bool = False) -> st.SearchStrategy[Stamped]:
    """Events of one class with their place; built once, for building takes longer than drawing."""
    return st.builds(Stamped, instances(kind, wild=wild), anything, st.integers(1, 2**63 - 1))


def stamps() -> st.SearchStrategy[Stamp]:
    """Heads of events; a refused message says anything or nothing about itself."""
    return st.builds(
        Stamp,
        event_id=st.uuids().map(str),
        occurred_at=moment,
        effective_date=day,
        correlation_id=st.none() | number,
        causation_id=st.none() | anything,
        causation_sender=st.none() | anything,
        actor_party=st.none() | party,
        actor_role=st.none() | one_of(Role),
        acting_for=st.none() | st.just("customer"),
    )
