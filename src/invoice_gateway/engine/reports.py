"""Turning what was decided into outbox rows: ids that never change, heads, rendered XML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from invoice_gateway.engine.ports import EventRow, Record
from invoice_gateway.model.blocks import FindingBlock
from invoice_gateway.model.decision import Decision
from invoice_gateway.model.errors import Parked, Rejected
from invoice_gateway.model.event import Event, Stamped
from invoice_gateway.model.events import (
    MessageAccepted,
    MessageDuplicate,
    MessageParked,
    MessageRejected,
)
from invoice_gateway.model.evolve import changer
from invoice_gateway.xml.render import Stamp, cloud_events, render

if TYPE_CHECKING:
    from invoice_gateway.engine.judge import Case

EVENT_IDS = UUID("6a0f0c3e-5d0b-5a55-9a60-1f1f7c1d8e7b")
"""Namespace of event ids: the same message always gives the same ids (P-07)."""
_VARIANTS = dict(zip("0123456789abcdef", 4 * "89ab", strict=True))
_NAMESPACE = sha1(EVENT_IDS.bytes, usedforsecurity=False)


@dataclass(frozen=True, slots=True)
class Announcer:
    """Makes outbox rows; `source` is the CloudEvents source of this deployment."""

    source: str

    def derived(self, case: "Case", decision: Decision, now: datetime) -> list[EventRow]:
        """Return the events that follow from an accepted message, in order."""
        shared = _shared(case, now)
        return [self._row(shared, stamped, str(at)) for at, stamped in enumerate(decision.events)]

    def accepted(self, case: "Case", now: datetime, version: int) -> EventRow:
        """Return the receipt for an accepted message."""
        incoming = case.incoming
        event = MessageAccepted(
            sender=incoming.sender, message_id=incoming.message_id, message_type=incoming.type
        )
        return self._about_message(case, event, now, version)

    def duplicate(
        self, case: "Case", now: datetime, first: str, times: int, version: int
    ) -> EventRow:
        """Return the receipt for a duplicate, the `times`-th, pointing at the first."""
        incoming = case.incoming
        event = MessageDuplicate(
            sender=incoming.sender,
            message_id=incoming.message_id,
            message_type=incoming.type,
            first_message=first,
            times=times,
        )
        return self._about_message(case, event, now, version)

    def parked(self, case: "Case", now: datetime, parked: Parked, record: Record) -> EventRow:
        """Return the notice that a message waits."""
        assert record.deadline is not None
        event = MessageParked(
            sender=record.sender,
            message_id=record.message_id,
            message_type=record.type,
            code=parked.code,
            text=parked.message,
            waits_for=" ".join(parked.waits_for),
            deadline=record.deadline,
        )
        return self._about_message(case, event, now, record.events)

    def rejected(self, case: "Case", now: datetime, record: Record) -> EventRow:
        """Return the report on a refused submission."""
        assert record.dead_letter is not None
        event = MessageRejected(
            sender=record.sender or None,
            message_id=record.message_id,
            message_type=record.type or None,
            code=record.code or "",
            text=record.text or "",
            finding=tuple(
                FindingBlock(each.line, each.path, each.message, each.expected)
                for each in record.findings
            ),
            business_key=record.business_keys,
            dead_letter=record.dead_letter,
        )
        if case.was_parked:
            return self._about_message(case, event, now, record.events)
        stamped = Stamped(event, f"dead-letter/{record.dead_letter}", 1)
        return self._row(_shared(case, now), stamped, f"rejected\0{record.dead_letter}")

    def told(
        self, case: "Case", now: datetime, refusal: Rejected, record: Record
    ) -> list[EventRow]:
        """Return what the world is told of a refusal beside its report: mostly nothing."""
        event = refusal.event
        if event is None:
            return []
        assert record.dead_letter is not None
        stamped = Stamped(event, f"dead-letter/{record.dead_letter}", 1)
        return [self._row(_shared(case, now), stamped, f"told\0{record.dead_letter}")]

    def _about_message(self, case: "Case", event: Event, now: datetime, version: int) -> EventRow:
        """Return an event about a message; its version names it, as there may be many lives.

        A parked message that is refused in the end may be sent again, and parked again.
        """
        shared = _shared(case, now)
        stamped = Stamped(event, shared.cause, version)
        return self._row(shared, stamped, f"message\0{version}")

    def _row(self, shared: "_Shared", stamped: Stamped, name: str) -> EventRow:
        event, aggregate_id, version = stamped
        kind = type(event)
        cause, account, stamp, trace = shared
        stamp = _named(stamp, event_id(f"{cause}\0{name}"))
        headers = cloud_events(stamped, stamp, self.source)
        headers.update(trace)
        return EventRow(
            stamp.event_id,
            kind.name,
            kind.__name__,
            kind.aggregate,
            aggregate_id,
            version,
            cause,
            account,
            render(stamped, stamp),
            headers,
        )


_named = changer(Stamp, "event_id")


class _Shared(NamedTuple):
    """What all events of one message have in common; the stamp lacks the id."""

    cause: str
    account: str | None
    stamp: Stamp
    trace: dict[str, str]


def _shared(case: "Case", now: datetime) -> _Shared:
    incoming, context, actor = case.incoming, case.context, case.actor
    stamp = Stamp(
        event_id="",
        occurred_at=now,
        effective_date=context.today if context else now.date(),
        correlation_id=context.correlation_id if context else None,
        causation_id=incoming.message_id,
        causation_sender=incoming.sender or None,
        actor_party=actor.party if actor else None,
        actor_role=actor.role if actor else None,
        acting_for=context.acting_for if context else None,
    )
    return _Shared(
        cause=f"{incoming.sender}/{incoming.message_id}",
        account=case.scope.accounts[0] if case.scope.accounts else None,
        stamp=stamp,
        trace=_passed_through(incoming.delivery.headers),
    )


def event_id(name: str) -> str:
    """Return `uuid5(EVENT_IDS, name)` as text."""
    found = _NAMESPACE.copy()
    found.update(name.encode())
    digest = found.hexdigest()
    variant = _VARIANTS[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def _passed_through(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the trace context a message came with (W3C Trace Context)."""
    if not headers:
        return {}
    return {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
