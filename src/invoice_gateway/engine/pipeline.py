"""The way of a batch: understand, resolve, lock, load, decide, save, commit. The caller acks after.

Straight down, straight up: no query inside the loop over messages, one round of I/O per batch. The
one exception is bounded: parked messages that this batch may release are loaded before the lock.
A batch is cut where a question about the past comes: it sees all that came before it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from invoice_gateway.engine.cutting import asking, parts
from invoice_gateway.engine.intake import Incoming, Intake, fingerprint_of, nothing
from invoice_gateway.engine.judge import Case, Judge, Verdict
from invoice_gateway.engine.ports import (
    Clock,
    Delivery,
    Meter,
    Outcome,
    Outgoing,
    Store,
    Waiter,
    Work,
)
from invoice_gateway.engine.reports import Announcer
from invoice_gateway.model.decision import Actor, Context, Policy, Role, zone
from invoice_gateway.model.errors import Code, Rejected

log = structlog.get_logger()

BUG = "bug"
TIMER: Final = "timer"
"""Where messages come from that time sends."""
TIMER_SENDER: Final = "scheduler"
"""Who sends them; nobody can register under this name."""
LOGGED = {
    "duplicate": "message.duplicated",
    "parked": "message.parked",
    "rejected": "message.rejected",
    BUG: "message.bug_met",
}
WAITERS_MAX = 1_000
"""How many parked messages one batch may release; the tick releases the rest."""


@dataclass(slots=True, kw_only=True)
class Processed:
    """A committed batch: what became of each delivery, in order, and what is to be published."""

    verdicts: list[Verdict]
    outgoing: list[Outgoing] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Takes batches from bytes to committed facts."""

    store: Store
    intake: Intake
    announcer: Announcer
    policy: Policy
    clock: Clock
    meter: Meter
    park_ttl: timedelta

    def understand(
        self, deliveries: Sequence[Delivery], between: Callable[[], None] = nothing
    ) -> list[Incoming]:
        """Return what each delivery says, in order; no I/O, and in any thread.

        Calls `between` from time to time.
        """
        started = time.perf_counter()
        understood = self.intake.understand_all(deliveries, between)
        self.meter.stage("understand", time.perf_counter() - started)
        return understood

    def process(
        self,
        deliveries: Sequence[Delivery],
        *,
        understood: Sequence[Incoming] | None = None,
        condemned: Mapping[int, Rejected] | None = None,
        published: Iterable[str] = (),
        attempts: Mapping[int, str] | None = None,
        releasing: bool = True,
    ) -> Processed:
        """Commit one batch and return what became of it; nothing is acked or published here.

        Args:
            deliveries: In order of arrival.
            understood: What they say, where `understand` has been asked already.
            condemned: Deliveries (by place in `deliveries`) to refuse whatever they say.
            published: Event ids confirmed since the last batch; their outbox rows go.
            attempts: Hashes of deliveries (by place) whose attempts are counted; the counter goes
                when the delivery is decided.
            releasing: Whether parked messages are released now; else the tick does it.

        Raises:
            StoreUnavailable: not now; nothing was committed, or the inbox will tell.
            Conflict: somebody else took a key meanwhile; run the batch again. What came before a
                question may be committed: the inbox will tell.
        """
        if understood is None:
            understood = self.understand(deliveries)
        cases = [Case(incoming=incoming) for incoming in understood]
        for at, refusal in (condemned or {}).items():
            cases[at].refusal = refusal
        counted = {id(cases[at].incoming): name for at, name in (attempts or {}).items()}
        return self._commit(cases, published, counted, releasing=releasing)

    def settle_parked(
        self,
        waiters: Sequence[Waiter],
        *,
        expired: bool,
        refusal: Rejected | None = None,
        attempt: str | None = None,
    ) -> Processed:
        """Judge parked messages again, or refuse them because their deadline has passed.

        Those that somebody else has settled since they were read are left out.

        Args:
            waiters: In the order in which to judge them.
            expired: Refuse them with the code of what is missing.
            refusal: Refuse them with this instead.
            attempt: Name of the counter of attempts that goes with them.

        Raises:
            StoreUnavailable: not now.
            Conflict: run it again.
        """
        cases = [self._case_of(waiter, expired=expired) for waiter in waiters]
        for case in cases:
            case.refusal = refusal
        counted = {id(case.incoming): attempt for case in cases} if attempt else {}
        return self._commit(cases, (), counted, releasing=refusal is None)

    def _commit(
        self,
        cases: list[Case],
        published: Iterable[str],
        counted: Mapping[int, str],
        *,
        releasing: bool,
    ) -> Processed:
        """Commit all cases: together, but for questions about the past (`Handler.reads_history`).

        Those are cut off from what comes before and after them, and decided by themselves.
        """
        if not asking(cases):
            return self._commit_part(cases, published, counted, releasing=releasing)
        done = Processed(verdicts=[])
        for part in parts(cases):
            own = [id(case.incoming) for case in part] if counted else ()
            mine = {each: counted[each] for each in own if each in counted}
            found = self._commit_part(part, published, mine, releasing=releasing)
            done.verdicts += found.verdicts
            done.outgoing += found.outgoing
            published = ()
        return done

    def _commit_part(
        self,
        cases: list[Case],
        published: Iterable[str],
        counted: Mapping[int, str],
        *,
        releasing: bool,
    ) -> Processed:
        started = time.perf_counter()
        now = self.clock()
        today = now.astimezone(zone(self.policy.timezone)).date()
        with self.store.work() as work:
            waiting = self._prepare(work, cases, now, releasing=releasing)
            scopes = [case.scope for case in [*cases, *waiting] if case.context is not None]
            work.lock(work.accounts_of(scopes))
            cases, waiting = _unsettled(work, cases, waiting)
            everyone = [*cases, *waiting]
            seen = work.seen({_id(case.incoming) for case in everyone if case.context is not None})
            days = {case.context.today for case in everyone if case.context is not None}
            book = work.load(scopes, today, days)
            loaded = time.perf_counter()
            judge = Judge(book, seen, self.announcer, now, now + self.park_ttl)
            judge.expect(waiting)
            verdicts = [judge.judge(case) for case in cases]
            saving = judge.close()
            saving.published = list(published)
            undecided = {
                id(case.incoming)
                for case, verdict in zip(cases, verdicts, strict=True)
                if verdict.outcome is None
            }
            saving.attempts_done = [name for case, name in counted.items() if case not in undecided]
            decided = time.perf_counter()
            work.save(saving)
            work.commit()
        self._measure(cases, verdicts, (loaded - started, decided - loaded, decided))
        outgoing = [
            Outgoing(each.event_id, each.name, each.type, each.body, each.headers)
            for each in saving.events
        ]
        return Processed(verdicts=verdicts, outgoing=outgoing)

    def _prepare(
        self, work: Work, cases: Sequence[Case], now: datetime, *, releasing: bool
    ) -> list[Case]:
        """Give every case its actor and scope; return the parked ones this batch may release.

        Not questions about the past: they come with a batch of their own (the tick).
        """
        self._introduce(work, cases, now)
        waiting: list[Case] = []
        if not releasing:
            return waiting
        known = {case.waiter.record for case in cases if case.waiter}
        asked: set[tuple[str, str]] = set()
        fresh = list(cases)
        while len(waiting) < WAITERS_MAX:
            keys = {key for case in fresh for key in case.scope.provides} - asked
            asked |= keys
            found = work.waiters(keys, WAITERS_MAX - len(waiting)) if keys else []
            found = [each for each in found if not self._reads_history(each)]
            fresh = [self._case_of(each) for each in found if each.record not in known]
            if not fresh:
                break
            known |= {case.waiter.record for case in fresh if case.waiter}
            self._introduce(work, fresh, now)
            waiting += fresh
        return waiting

    def _introduce(self, work: Work, cases: Sequence[Case], now: datetime) -> None:
        """Map senders to actors, check their rights, and ask handlers what they need."""
        names = {case.incoming.sender for case in cases if case.incoming.sender}
        actors = work.senders(names) if names else {}
        for case in cases:
            case.actor = actors.get(case.incoming.sender)
            case.refusal = case.refusal or case.incoming.refusal
            if case.refusal is None and case.incoming.bug is None:
                try:
                    case.refusal = self._authorise(case, now)
                except Exception as error:  # noqa: BLE001 - a bug must not stop its neighbours
                    case.context, case.incoming.bug = None, fingerprint_of(error)

    def _authorise(self, case: Case, now: datetime) -> Rejected | None:
        """Give the case its context and scope, or return why its sender may not (DOMAIN §3.16)."""
        incoming, actor = case.incoming, case.actor
        if incoming.delivery.origin == TIMER:
            actor = case.actor = self._time
        header, handler = incoming.header, incoming.handler
        assert header is not None
        assert handler is not None
        if actor is None:
            return Rejected(
                Code.FORBIDDEN,
                f"sender {incoming.sender!r} is not registered (invoice-gateway parties add)",
            )
        reach = handler.rights.get(actor.role)
        if reach is None:
            return Rejected(Code.FORBIDDEN, f"role {actor.role} may not send {incoming.type}")
        case.context = Context(
            actor=actor,
            message_id=header.message_id,
            content_hash=incoming.content_hash,
            now=now,
            today=header.effective_date or (case.received_at or now).date(),
            sent_at=header.sent_at,
            reach=reach,
            acting_for=header.acting_for,
            correlation_id=header.correlation_id,
            policy=self.policy,
        )
        try:
            ask = handler.needs if self.policy.recheck_in_process else handler.scope
            case.scope = ask(incoming.message, case.context)
        except Rejected as refusal:
            return refusal
        return None

    @property
    def _time(self) -> Actor:
        """Return who acts when time has brought something about."""
        return Actor(sender=TIMER_SENDER, party=self.policy.enterprise, role=Role.SYSTEM)

    def _reads_history(self, waiter: Waiter) -> bool:
        handler = self.intake.handlers.get(waiter.type)
        return handler is not None and handler.reads_history

    def _case_of(self, waiter: Waiter, *, expired: bool = False) -> Case:
        delivery = Delivery(
            body=waiter.body,
            sender=waiter.sender,
            message_id=waiter.message_id,
            type=waiter.type,
            content_type=None,
            headers=waiter.headers,
        )
        incoming = self.intake.understand(delivery)
        return Case(incoming=incoming, waiter=waiter, expired=expired)

    def _measure(
        self,
        cases: Sequence[Case],
        verdicts: Sequence[Verdict],
        spent: tuple[float, float, float],
    ) -> None:
        load_s, decide_s, decided = spent
        self.meter.batch(len(cases))
        self.meter.stage("load", load_s)
        self.meter.stage("decide", decide_s)
        self.meter.stage("save", time.perf_counter() - decided)
        kinds: Counter[tuple[str, str]] = Counter()
        for case, verdict in zip(cases, verdicts, strict=True):
            kinds[case.incoming.type, verdict.outcome or BUG] += 1
            if verdict.outcome is not Outcome.ACCEPTED:
                log.info(
                    LOGGED[verdict.outcome or BUG],
                    message_id=case.incoming.message_id,
                    sender=case.incoming.sender,
                    type=case.incoming.type,
                    code=verdict.code,
                )
        for (kind, outcome), count in kinds.items():  # what strangers write is one kind
            self.meter.messages(
                kind if kind in self.intake.handlers else "unknown", str(outcome), count
            )
        log.info("batch.committed", messages=len(cases))


def _unsettled(work: Work, cases: list[Case], waiting: list[Case]) -> tuple[list[Case], list[Case]]:
    """Return both without the parked messages that a neighbour settled before we had the locks."""
    parked = {case.waiter.record for case in [*cases, *waiting] if case.waiter}
    if not parked:
        return cases, waiting
    still = work.still_parked(parked)

    def stands(case: Case) -> bool:
        return case.waiter is None or case.waiter.record in still

    return [*filter(stands, cases)], [*filter(stands, waiting)]


def _id(incoming: Incoming) -> tuple[str, str]:
    return (incoming.sender, incoming.message_id)
