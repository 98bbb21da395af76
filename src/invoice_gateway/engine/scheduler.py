"""Time as messages: what is due is turned into messages and goes the way of all others.

A round takes what is due at the earliest moment and nothing later, so that one jump of the clock
gives what day by day would have given. Each message is named after its subject, its moment and the
version it was seen in: however many schedulers run, it counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Event

import structlog

from invoice_gateway.engine.life import confirmed
from invoice_gateway.engine.pipeline import TIMER, TIMER_SENDER, Pipeline
from invoice_gateway.engine.ports import (
    Conflict,
    Delivery,
    Due,
    Outcome,
    Outgoing,
    Publisher,
    Store,
    StoreUnavailable,
)
from invoice_gateway.model.decision import zone
from invoice_gateway.xml.elements import escaped, instant

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Scheduler:
    """Fires what is due, in batches of `batch_size`."""

    pipeline: Pipeline
    store: Store
    publisher: Publisher
    batch_size: int
    _stuck: set[str] = field(default_factory=set)

    def run(self, stop: Event, *, pause_s: float, until: datetime | None = None) -> int:
        """Fire until `stop` is set, or until nothing is due at `until`; return how many fired."""
        fired = 0
        while not stop.is_set():
            try:
                found = self.step(until or self.pipeline.clock())
            except StoreUnavailable as away:
                log.warning("store.unavailable", reason=str(away))
                stop.wait(pause_s)
                continue
            fired += found
            if found:
                continue
            if until is not None:
                break
            stop.wait(pause_s)
        return fired

    def chore(self) -> None:
        """Fire a round of what is due by now, and publish with whoever marks what is confirmed."""
        self.publisher.submit(self.fire(self.pipeline.clock())[1])

    def step(self, now: datetime) -> int:
        """Fire what is due at the earliest moment up to `now`, a batch of it; return how many.

        Raises:
            StoreUnavailable: not now; what was committed is not due any more.
        """
        fired, outgoing = self.fire(now)
        self.publisher.submit(outgoing)
        confirmed(self.publisher, self.store)
        return fired

    def fire(self, now: datetime) -> tuple[int, list[Outgoing]]:
        """Fire a batch of what is due first; return how many were due, and what is to be published.

        Raises:
            StoreUnavailable: not now; what was committed is not due any more.
        """
        due = self._due(now)
        if not due:
            return 0, []
        try:
            processed = self.pipeline.process([self._delivery(each) for each in due])
        except Conflict as conflict:
            log.info("batch.repeated", reason=str(conflict))
            return len(due), []
        for each, verdict in zip(due, processed.verdicts, strict=True):
            if verdict.outcome is not Outcome.ACCEPTED:
                self._note(each, verdict.code or verdict.bug or str(verdict.outcome))
        return len(due), processed.outgoing

    def _due(self, now: datetime) -> Sequence[Due]:
        """Return what is due at the earliest moment, at most a batch of it."""
        found = self.store.due(now, self.batch_size + len(self._stuck))
        fresh = [each for each in found if self._name(each) not in self._stuck]
        return [each for each in fresh if each.at == fresh[0].at][: self.batch_size]

    def _note(self, due: Due, why: str) -> None:
        """Leave alone what cannot fire, or has been fired by a neighbour meanwhile."""
        self._stuck.add(self._name(due))
        log.warning("timer.not_fired", subject=due.key, due_at=due.at.isoformat(), reason=why)

    def _name(self, due: Due) -> str:
        """Return the id of the message about this subject, moment and version."""
        told = f"{due.subject}\0{due.key}\0{instant(due.at)}\0{due.version}"
        return f"T-{sha256(told.encode()).hexdigest()[:40]}"

    def _delivery(self, due: Due) -> Delivery:
        """Return what is due as a message, effective on the day on which it was due."""
        policy = self.pipeline.policy
        day = due.at.astimezone(zone(policy.timezone)).date()
        if policy.period_lock_date is not None:  # what comes late counts in the open period
            day = max(day, policy.period_lock_date + timedelta(days=1))
        about = f"<DisputeId>{escaped(due.key)}</DisputeId>"
        if due.subject == "invoice":
            issuer, number = due.issuer, due.key
            about = (
                f'<Invoice issuer="{escaped(issuer)}">{escaped(number)}</Invoice>'
                f"<Kind>{due.kind}</Kind>"
            )
        body = (
            '<TimerDue xmlns="urn:invoice-gateway:1"><Header>'
            f"<MessageId>{self._name(due)}</MessageId><Sender>{TIMER_SENDER}</Sender>"
            f"<SentAt>{instant(due.at)}</SentAt><EffectiveDate>{day.isoformat()}</EffectiveDate>"
            "<SchemaVersion>1</SchemaVersion>"
            f"</Header>{about}<DueAt>{instant(due.at)}</DueAt></TimerDue>"
        )
        return Delivery(
            body=body.encode(),
            sender=TIMER_SENDER,
            message_id=None,
            type=None,
            content_type="application/xml",
            origin=TIMER,
        )
