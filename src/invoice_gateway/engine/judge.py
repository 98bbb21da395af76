"""Deciding about a batch, message by message in order of arrival, on the book in memory. No I/O.

A judge collects what the batch will commit: records, events, changes on the book. A message that is
refused changes nothing; one that is accepted is applied to the book, so the next one sees it, and
releases the parked messages that waited for what it brings.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from invoice_gateway.engine.intake import Incoming, fingerprint_of
from invoice_gateway.engine.ports import EventRow, Outcome, Record, Saving, Seen, Waiter
from invoice_gateway.engine.reports import Announcer
from invoice_gateway.model.decision import (
    Actor,
    AlreadyApplied,
    Book,
    Context,
    Decision,
    Scope,
    Waiting,
    WaitsFor,
)
from invoice_gateway.model.errors import Code, Finding, Parked, Rejected
from invoice_gateway.model.rates import serves

NO_SCOPE = Scope()
FINDINGS_MAX = 20
FINGERPRINT_MAX = 500
"""In characters: what strangers write must fit into an index."""


@dataclass(slots=True, kw_only=True)
class Case:
    """One message before the judge: a fresh delivery, or (`waiter`) a parked one.

    `place` is where its record stands in this batch once it was parked here.
    """

    incoming: Incoming
    actor: Actor | None = None
    context: Context | None = None
    scope: Scope = NO_SCOPE
    refusal: Rejected | None = None
    waiter: Waiter | None = None
    expired: bool = False
    place: int | None = None

    @property
    def was_parked(self) -> bool:
        """Return whether it has been parked, before this batch or in it."""
        return self.waiter is not None or self.place is not None

    @property
    def received_at(self) -> datetime | None:
        """Return when a parked message first came, or None for a fresh one."""
        return self.waiter.received_at if self.waiter else None


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What became of one delivery; `bug` is an unexpected exception: nothing was decided."""

    outcome: Outcome | None
    code: str | None = None
    text: str | None = None
    bug: str | None = None


@dataclass(slots=True)
class _Known:
    """A (sender, message id) that is owned: by a row of the inbox, or by a record of this batch.

    `events` are those of the message without the repeats of this batch.
    """

    hash: str
    events: int
    row: int | None = None
    record: int | None = None
    duplicates: int = 0
    new_duplicates: int = 0
    new_events: int = 0


class Judge:
    """The judge of one batch; `saving` is what it commits, `outgoing` what it then publishes."""

    def __init__(
        self,
        book: Book,
        seen: dict[tuple[str, str], Seen],
        announcer: Announcer,
        now: datetime,
        park_until: datetime,
    ) -> None:
        self.saving = Saving(book=book, now=now)
        self._announcer = announcer
        self._now = now
        self._park_until = park_until
        self._known = {
            key: _Known(each.hash, each.events, row=each.record, duplicates=each.duplicates)
            for key, each in seen.items()
            if each.outcome is not Outcome.REJECTED
        }
        self._past = {
            key: each.events for key, each in seen.items() if each.outcome is Outcome.REJECTED
        }
        """How many `message.*` events an id has had whose message was parked, then refused."""
        self._waiting: dict[Waiting, list[Case]] = defaultdict(list)
        self._dead: dict[str, int] = {}
        self._events: dict[str, EventRow] = {}

    def expect(self, cases: Iterable[Case]) -> None:
        """Take in parked messages that this batch may release."""
        for case in cases:
            assert case.waiter is not None
            self._waiting[case.waiter.waits_for].append(case)

    def judge(self, case: Case) -> Verdict:
        """Decide about one message, and about those it releases; return what became of it.

        What is released comes right after what released it. A chain may be long: no recursion.
        """
        verdict = self._verdict(case)
        if not self._waiting:
            return verdict
        released = [self._released(case, verdict)]
        while released:
            each = next(released[-1], None)
            if each is None:
                released.pop()
            else:
                released.append(self._released(each, self._verdict(each)))
        return verdict

    def _verdict(self, case: Case) -> Verdict:
        bug = case.incoming.bug if case.refusal is None else None
        if bug is None:
            try:
                return self._decide(case)
            except Exception as error:  # noqa: BLE001 - a bug must not stop its neighbours
                bug = fingerprint_of(error)
        if not case.was_parked:
            return Verdict(outcome=None, bug=bug)
        return self._reject(case, Rejected(Code.INTERNAL_ERROR, f"a bug was met: {bug}"))

    def _released(self, case: Case, verdict: Verdict) -> Iterator[Case]:
        """Yield what waits for what an accepted message brings, in order of arrival."""
        if verdict.outcome is Outcome.ACCEPTED:
            for key in case.scope.provides:
                yield from sorted(self._served(key), key=_arrival)

    def _served(self, brought: Waiting) -> Sequence[Case]:
        """Take out and return who waits for what is brought: a rate is good for later days too."""
        if brought[0] != WaitsFor.RATE:
            return self._waiting.pop(brought, ())
        met = [each for each in self._waiting if serves(brought, each)]
        return [case for each in met for case in self._waiting.pop(each)]

    def close(self) -> Saving:
        """Return what the batch commits; call it once, last."""
        for known in self._known.values():
            if not known.new_duplicates:
                continue
            if known.record is None:
                assert known.row is not None
                self.saving.repeats[known.row] = (known.new_duplicates, known.new_events)
                continue
            record = self.saving.records[known.record]
            record = record._replace(events=known.events + known.new_events)
            if known.row is None:
                record = record._replace(duplicates=known.new_duplicates)
            else:
                self.saving.repeats[known.row] = (known.new_duplicates, 0)
            self.saving.records[known.record] = record
        self.saving.events = list(self._events.values())
        return self.saving

    # -- one message -----------------------------------------------------------------------------

    def _decide(self, case: Case) -> Verdict:
        incoming = case.incoming
        if case.refusal is not None:
            return self._reject(case, case.refusal)
        if case.expired:
            assert case.waiter is not None
            return self._reject(case, Rejected(case.waiter.code, _overdue(case.waiter)))
        known = self._known.get((incoming.sender, incoming.message_id))
        if known is not None and not case.was_parked:
            if known.hash == incoming.hash:
                return self._repeat(case, known)
            text = f"MessageId {incoming.message_id!r} was used before with other content"
            return self._reject(case, Rejected(Code.IDEMPOTENCY_CONFLICT, text))
        assert case.context is not None
        assert incoming.handler is not None
        try:
            decision = incoming.handler.decide(incoming.message, self.saving.book, case.context)
        except Parked as parked:
            return self._park(case, parked)
        except Rejected as refusal:
            return self._reject(case, refusal)
        except AlreadyApplied as already:
            return self._duplicate(case, already.first)
        return self._accept(case, decision)

    def _accept(self, case: Case, decision: Decision) -> Verdict:
        events = self._announcer.derived(case, decision, self._now)
        record = self._record(case, Outcome.ACCEPTED)
        if case.actor is not None and case.actor.receipts:
            record = record._replace(events=record.events + 1)
            events.append(self._announcer.accepted(case, self._now, record.events))
        self.saving.book.apply(decision.changes)  # after all that could fail: all or nothing
        self._keep(case, record, events)
        return Verdict(outcome=Outcome.ACCEPTED)

    def _duplicate(self, case: Case, first: str) -> Verdict:
        """Record a message whose content took effect before under another id (P-02)."""
        record = self._record(case, Outcome.DUPLICATE)._replace(duplicate_of=first)
        events = []
        if case.actor is not None and case.actor.receipts:
            record = record._replace(events=record.events + 1)
            events.append(self._announcer.duplicate(case, self._now, first, 1, record.events))
        self._keep(case, record, events)
        return Verdict(outcome=Outcome.DUPLICATE)

    def _repeat(self, case: Case, known: _Known) -> Verdict:
        """Count one more arrival of a message that owns its id (P-01)."""
        known.new_duplicates += 1
        if case.actor is not None and case.actor.receipts:
            known.new_events += 1
            times = known.duplicates + known.new_duplicates
            version = known.events + known.new_events
            first = f"{case.incoming.sender}/{case.incoming.message_id}"
            self._take(self._announcer.duplicate(case, self._now, first, times, version))
        return Verdict(outcome=Outcome.DUPLICATE)

    def _park(self, case: Case, parked: Parked) -> Verdict:
        waiter = case.waiter
        record = self._record(case, Outcome.PARKED)._replace(
            code=parked.code,
            text=parked.message,
            waits_for=parked.waits_for,
            deadline=waiter.deadline if waiter else self._park_until,
        )
        events = []
        if not case.was_parked:
            record = record._replace(events=record.events + 1)
            events.append(self._announcer.parked(case, self._now, parked, record))
        case.place = self._keep(case, record, events)
        self._waiting[parked.waits_for].append(case)
        return Verdict(outcome=Outcome.PARKED, code=parked.code, text=parked.message)

    def _reject(self, case: Case, refusal: Rejected) -> Verdict:
        """Set a submission aside as a dead letter and tell its sender; it owns no message id."""
        incoming = case.incoming
        dead = _dead_letter_id(incoming, refusal)
        verdict = Verdict(outcome=Outcome.REJECTED, code=refusal.code, text=refusal.message)
        if dead in self._dead and not case.was_parked:
            at = self._dead[dead]
            record = self.saving.records[at]
            self.saving.records[at] = record._replace(duplicates=record.duplicates + 1)
            return verdict
        findings = refusal.findings[:FINDINGS_MAX]
        record = self._record(case, Outcome.REJECTED)._replace(
            code=refusal.code,
            text=refusal.message,
            findings=findings,
            business_keys=incoming.business_keys,
            fingerprint=_group(incoming, refusal.code, findings),
            traceback=str(refusal.details.get("traceback", "")) or None,
            dead_letter=dead,
            parked_before=case.was_parked,
        )
        record = record._replace(events=record.events + 1 if case.was_parked else 1)
        events = [
            *self._announcer.told(case, self._now, refusal, record),
            self._announcer.rejected(case, self._now, record),
        ]
        self._dead[dead] = self._keep(case, record, events)
        return verdict

    # -- records ---------------------------------------------------------------------------------

    def _record(self, case: Case, outcome: Outcome) -> Record:
        incoming, waiter = case.incoming, case.waiter
        return Record(
            sender=incoming.sender,
            message_id=incoming.message_id,
            type=incoming.type,
            hash=incoming.hash,
            outcome=outcome,
            received_at=waiter.received_at if waiter else self._now,
            body=incoming.delivery.body,
            headers=incoming.delivery.headers,
            accounts=case.scope.accounts,
            replaces=waiter.record if waiter else None,
            origin=incoming.delivery.origin,
            events=self._events_of(case),
        )

    def _events_of(self, case: Case) -> int:
        """Return how many `message.*` events there have been under the id of a message."""
        key = (case.incoming.sender, case.incoming.message_id)
        known = self._known.get(key)
        if known is not None and case.was_parked:
            return known.events + known.new_events
        return case.waiter.events if case.waiter else self._past.get(key, 0)

    def _keep(self, case: Case, record: Record, events: Iterable[EventRow]) -> int:
        """Note the record, in the place it has already if there is one; return its place."""
        place = len(self.saving.records) if case.place is None else case.place
        self.saving.records[place : place + 1] = [record]
        key = (record.sender, record.message_id)
        known = self._known.get(key)
        if record.outcome is not Outcome.REJECTED:
            if known is None or not case.was_parked:
                known = _Known(record.hash, record.events, row=record.replaces)
                self._known[key] = known
            known.record, known.events = place, record.events - known.new_events
        elif case.was_parked:
            self._known.pop(key, None)
            self._past[key] = record.events
        self._events.update([(event.event_id, event) for event in events])
        return place

    def _take(self, event: EventRow) -> None:
        self._events[event.event_id] = event


def _arrival(case: Case) -> tuple[bool, int]:
    """Return what orders parked messages: those of earlier batches by row, then those of this."""
    if case.waiter is not None:
        return (False, case.waiter.record)
    assert case.place is not None
    return (True, case.place)


def _dead_letter_id(incoming: Incoming, refusal: Rejected) -> str:
    parts = (incoming.sender, incoming.message_id, incoming.hash, refusal.code)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _group(incoming: Incoming, code: str, findings: tuple[Finding, ...]) -> str:
    """Return what groups dead letters: code, message, first path without indices, sender."""
    path = findings[0].path if findings else ""
    bare = "".join(
        part.partition("]")[2] if at else part for at, part in enumerate(path.split("["))
    )
    return f"{code}|{incoming.type}|{bare}|{incoming.sender}"[:FINGERPRINT_MAX]


def _overdue(waiter: Waiter) -> str:
    return f"{waiter.text}; it did not come until {waiter.deadline:%Y-%m-%dT%H:%M:%SZ}"
