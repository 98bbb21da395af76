"""Events to XML, and to CloudEvents attributes.

An event is one element of the name of its class: first the head `Event` (id, name, when, about
what, why, by whom), then the fields of the class in order of declaration. `schemas/events/` has it
in full.
"""

import re
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from invoice_gateway.model.event import Event, Stamped
from invoice_gateway.model.events import EVENTS

from .elements import Children, children_of, escaped, instant, text

NAMESPACE = "urn:invoice-gateway:1"
HEADER_BYTES_MAX = 256
"""No subject is longer: brokers bound the size of all headers together."""

_PLAIN = re.compile(rf"[A-Za-z0-9._:/#-]{{1,{HEADER_BYTES_MAX}}}").fullmatch


class Stamp(NamedTuple):
    """The id of one event, and what all events of one command share: when, why and by whom.

    `occurred_at` is aware. The message (`causation_id`), its sender and the actor are None where a
    refused message does not tell.
    """

    event_id: str
    occurred_at: datetime
    effective_date: date
    correlation_id: str | None
    causation_id: str | None
    causation_sender: str | None
    actor_party: str | None
    actor_role: str | None
    acting_for: str | None = None


def render(stamped: Stamped, stamp: Stamp) -> bytes:
    """Return the event as a UTF-8 document: the root element, the head, its fields in order.

    Text is kept as it is; only what XML 1.0 cannot carry (control characters, lone surrogates,
    U+FFFE, U+FFFF) becomes U+FFFD. A field that is None and an empty tuple leave no element. Equal
    arguments give equal bytes. Nothing is validated.

    Raises:
        UnknownCurrency: an amount in a currency that ISO 4217 does not have.
    """
    event, aggregate_id, version = stamped
    event_id, occurred_at, effective_date, *why = stamp
    start, named, about, children, end, _ = _ROOTS[type(event)]
    return (
        f"{start}{escaped(event_id)}{named}{_when(occurred_at, effective_date)}"
        f"{about}{text(aggregate_id)}</AggregateId>"
        f"<AggregateVersion>{version}</AggregateVersion>{_why(*why)}</Event>"
        f"{children(event)}{end}"
    ).encode()


def cloud_events(stamped: Stamped, stamp: Stamp, source: str) -> dict[str, str]:
    """Return the CloudEvents 1.0 attributes of the event as AMQP headers (binary content mode).

    `subject` is the aggregate id, percent-encoded; one of over 256 bytes is cut and ends in `~` and
    the SHA-256 of the whole, so that different ids never share a subject. The content type is a
    property of the AMQP message, not a header.

    Args:
        stamped: The event.
        stamp: Its id (ASCII, as the gateway makes them) and moment.
        source: Who says so: a URI reference, for example `/invoice-gateway/ENTERPRISE`.
    """
    kind = type(stamped.event)
    return {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": stamp.event_id,
        "cloudEvents_source": source,
        "cloudEvents_type": kind.name,
        "cloudEvents_subject": _subject(stamped.aggregate_id),
        "cloudEvents_time": instant(stamp.occurred_at),
        "cloudEvents_dataschema": _ROOTS[kind].schema,
    }


def schema_path(kind: type[Event]) -> str:
    """Return where the schema of an event lies below `schemas`: `events/invoice_issued.xsd`."""
    return f"events/{re.sub('(?<!^)(?=[A-Z])', '_', kind.__name__).lower()}.xsd"


@lru_cache(maxsize=1024)
def _subject(aggregate_id: str) -> str:
    if _PLAIN(aggregate_id):
        return aggregate_id
    encoded = quote(aggregate_id, safe="/:#", errors="replace")
    if len(encoded) <= HEADER_BYTES_MAX:
        return encoded
    digest = sha256(encoded.encode()).hexdigest()
    return f"{encoded[: HEADER_BYTES_MAX - len(digest) - 1]}~{digest}"


class _Root(NamedTuple):
    """What an event class gives to each of its documents."""

    start: str
    """Up to the event id."""
    named: str
    """From there up to the moment."""
    about: str
    """From the effective date up to the aggregate id."""
    children: Children
    end: str
    schema: str


def _root(kind: type[Event]) -> _Root:
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return _Root(
        f'{declaration}<{kind.__name__} xmlns="{NAMESPACE}"><Event><EventId>',
        f"</EventId><Name>{kind.name}</Name>",
        f"<AggregateType>{kind.aggregate}</AggregateType><AggregateId>",
        children_of(kind),
        f"</{kind.__name__}>",
        f"{NAMESPACE}:{schema_path(kind)}",
    )


_ROOTS = {kind: _root(kind) for kind in EVENTS}


# The events of one command follow each other, so the last few answers serve them all.
@lru_cache(maxsize=64)
def _when(occurred_at: datetime, effective_date: date) -> str:
    return (
        f"<OccurredAt>{instant(occurred_at)}</OccurredAt>"
        f"<EffectiveDate>{effective_date.isoformat()}</EffectiveDate>"
    )


@lru_cache(maxsize=64)
def _why(
    correlation: str | None, causation: str | None, sender: str | None, *actor: str | None
) -> str:
    return (
        f"{_element('CorrelationId', correlation)}{_element('CausationId', causation)}"
        f"{_element('CausationSender', sender)}{_by(*actor)}"
    )


@lru_cache(maxsize=1024)
def _by(party: str | None, role: str | None, acting_for: str | None) -> str:
    actor = f"{_element('Party', party)}{_element('Role', role)}{_element('ActingFor', acting_for)}"
    return f"<Actor>{actor}</Actor>" if actor else ""


def _element(tag: str, value: str | None) -> str:
    return "" if value is None else f"<{tag}>{escaped(value)}</{tag}>"
