"""Turning what was decided into outbox rows: ids that never change, heads, rendered XML."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from invoice_gateway.engine.ports import EventRow, Record
from invoice_gateway.model.blocks import FindingBlock
from invoice_gateway.model.decision import Decision
from invoice_gateway.model.errors import Parked
from invoice_gateway.model.events import (
    Event,
    MessageAccepted,
    MessageDuplicate,
    MessageParked,
    MessageRejected,
    Stamped,
)
from invoice_gateway.xml.render import Stamp, cloud_events, render

if TYPE_CHECKING:
    from invoice_gateway.engine.judge import Case

EVENT_IDS = UUID("6a0f0c3e-5d0b-5a55-9a60-1f1f7c1d8e7b")
"""Namespace of event ids: the same message always gives the same ids (P-07)."""


@dataclass(frozen=True, slots=True)
class Announcer:
    """Makes outbox rows; `source` is the CloudEvents source of this deployment."""

    source: str

    def derived(self, case: "Case", decision: Decision, now: datetime) -> Iterator[EventRow]:
        """Yield the events that follow from an accepted message, in order."""
        if not decision.events:
            return
        cause = _cause(case)
        for at, stamped in enumerate(decision.events):
            yield self._row(case, stamped, now, f"{cause}\0{at}")

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
        return self._row(case, stamped, now, f"{_cause(case)}\0rejected\0{record.dead_letter}")

    def _about_message(self, case: "Case", event: Event, now: datetime, version: int) -> EventRow:
        """Return an event about a message; its version names it, as there may be many lives.

        A parked message that is refused in the end may be sent again, and parked again.
        """
        cause = _cause(case)
        stamped = Stamped(event, cause, version)
        return self._row(case, stamped, now, f"{cause}\0message\0{version}")

    def _row(self, case: "Case", stamped: Stamped, now: datetime, name: str) -> EventRow:
        event = stamped.event
        stamp = _stamp(case, str(uuid5(EVENT_IDS, name)), now)
        headers = cloud_events(stamped, stamp, self.source)
        headers |= _passed_through(case.incoming.delivery.headers)
        return EventRow(
            event_id=stamp.event_id,
            name=event.name,
            type=type(event).__name__,
            aggregate=event.aggregate,
            aggregate_id=stamped.aggregate_id,
            version=stamped.version,
            cause=_cause(case),
            account=case.scope.accounts[0] if case.scope.accounts else None,
            body=render(stamped, stamp),
            headers=headers,
        )


def _cause(case: "Case") -> str:
    return f"{case.incoming.sender}/{case.incoming.message_id}"


def _stamp(case: "Case", event_id: str, now: datetime) -> Stamp:
    incoming, context = case.incoming, case.context
    effective: date = context.today if context else now.date()
    return Stamp(
        event_id=event_id,
        occurred_at=now,
        effective_date=effective,
        correlation_id=context.correlation_id if context else None,
        causation_id=incoming.message_id,
        causation_sender=incoming.sender or None,
        actor_party=case.actor.party if case.actor else None,
        actor_role=case.actor.role if case.actor else None,
        acting_for=context.acting_for if context else None,
    )


def _passed_through(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the trace context a message came with (W3C Trace Context)."""
    return {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
