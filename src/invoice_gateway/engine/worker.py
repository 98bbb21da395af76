"""The worker: receive, process, ack, publish, and a small tick for parked messages and the outbox.

The next batch is understood while this one is committed (`ahead`).

*Not now* (database away, lock timeout) is not a failure of any message: the worker stops consuming,
hands everything back, and tries again later with jitter. An exception nobody expected is a bug: the
message is tried again alone, and after a few attempts refused as `internal-error`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from threading import Event

import structlog

from invoice_gateway.engine.ahead import Ahead, Batch, Turns
from invoice_gateway.engine.backoff import BACKOFF_MOST_S, HAND_BACK_MOST_S, backoff_s
from invoice_gateway.engine.intake import Incoming, portions
from invoice_gateway.engine.judge import Verdict
from invoice_gateway.engine.pipeline import Pipeline, Processed
from invoice_gateway.engine.ports import (
    Conflict,
    Delivery,
    Outcome,
    Publisher,
    Receiver,
    StoreUnavailable,
    Waiter,
)
from invoice_gateway.engine.relay import Relay, tell
from invoice_gateway.model.errors import Code, Rejected

log = structlog.get_logger()

CONFLICTS_MAX = 3
VALUE_MAX = 200
"""How much of an error is logged, in characters."""
CONNECT_S = 5.0
"""How long to wait for the publisher at the start; without it events go to the relay."""
PORTION_BYTES = 16 * 1024 * 1024
"""How much of a batch is parsed at a time; a tree takes several times its bytes."""
SETTLE_S = 0.02
"""How long to wait for more while events are in flight: whoever is busy marks with the batch."""
REASONS = {"delivery_limit": Code.DELIVERY_LIMIT, "unroutable": Code.UNROUTABLE}
"""Codes for what the broker set aside; any other reason is `dead-lettered`."""


def nothing(_: str) -> None:
    """Do nothing at a checkpoint."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """One consumer. `checkpoint` is called with the name of each boundary of a batch's way.

    The store lends `turns` while it waits.
    """

    pipeline: Pipeline
    receiver: Receiver
    publisher: Publisher
    relay: Relay
    batch_size: int = 200
    poll_s: float = 0.5
    tick_s: float = 2.0
    attempts_max: int = 3
    checkpoint: Callable[[str], None] = nothing
    turns: Turns = field(default_factory=Turns)
    chores: Sequence[Callable[[], None]] = ()
    _again: list[Delivery] = field(default_factory=list)
    _confirmed: list[str] = field(default_factory=list)
    _failed: dict[str, str] = field(default_factory=dict)
    _excused: list[str] = field(default_factory=list)
    _outages: int = 0
    _draining: bool = False
    _next_tick: float = 0.0
    _ahead: Ahead = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to look ahead."""
        self._ahead = Ahead(
            self.receiver,
            self.pipeline.understand,
            batch_size=self.batch_size,
            most_bytes=PORTION_BYTES,
            turns=self.turns,
        )

    def run(self, stop: Event, *, once: bool = False) -> None:
        """Work until `stop` is set, or (`once`) until nothing has come for one poll."""
        self.publisher.wait_connected(CONNECT_S)
        while not stop.is_set():
            connected = self.receiver.connected
            try:
                busy = self.step(patient=once)
            except StoreUnavailable as away:
                self._not_now(stop, away)
                continue
            if once and connected and self.receiver.connected and not busy and not self._again:
                break
        self.finish()

    def step(self, *, patient: bool = False) -> bool:
        """Do one round; return whether anything came.

        Confirmed events are marked with the next batch, or here when nothing comes for a moment.
        `patient`: wait a whole poll for it, also while events are in flight.

        Raises:
            StoreUnavailable: not now.
        """
        self._collect()
        if time.monotonic() >= self._next_tick:
            self._tick()
        if self._draining:
            self._resend()
        if self._again:
            again, self._again = self._again, []
            for delivery in again:
                self._alone(delivery)
            return True
        moment = self.publisher.in_flight and not patient
        batch = self._ahead.next(min(SETTLE_S, self.poll_s) if moment else self.poll_s)
        if not batch.deliveries:
            self._mark()
            return False
        self._deal_with(batch)
        return True

    def _deal_with(self, batch: Batch) -> None:
        """Process a batch in order: what came for the first time together, all else by itself.

        What a dead neighbour left comes again before what is fresh, and takes effect before it.
        """
        for fresh, run in batch.runs():
            if fresh:
                for portion in [run] if batch.understood else _portions(run):
                    self._together(portion, batch.understood)
                continue
            for delivery in run:
                if delivery.origin == "in":
                    self._alone(delivery)
                else:
                    self._set_aside(delivery)

    def finish(self) -> None:
        """Wait for what is in flight and mark it; what is not confirmed is left to the relay."""
        self.publisher.wait(5.0)
        self._collect()
        try:
            self._mark()
            self._excuse()
        except StoreUnavailable as away:
            log.warning("outbox.unmarked", reason=str(away))

    # -- ways of a delivery ----------------------------------------------------------------------

    def _together(
        self, deliveries: Sequence[Delivery], ahead: Future[list[Incoming]] | None
    ) -> None:
        """Process a batch; a conflict runs it again, anything worse message by message."""
        for _ in range(CONFLICTS_MAX):
            try:
                understood = ahead.result() if ahead else self.pipeline.understand(deliveries)
                self._ahead.look()
                processed = self._process(deliveries, understood=understood)
            except Conflict as conflict:
                log.info("batch.conflicted", reason=str(conflict), messages=len(deliveries))
                continue
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("batch.failed", messages=len(deliveries))
                break
            self._settle(deliveries, processed)
            return
        for delivery in deliveries:
            self._alone(delivery)

    def _alone(self, delivery: Delivery) -> None:
        """Process one message by itself, with a durable count of attempts (crash and bug guard)."""
        name = sha256(delivery.body).hexdigest()
        attempts = self.pipeline.store.attempt(name, None)
        try:
            if attempts > self.attempts_max:
                self._refuse(delivery, _given_up(attempts), {0: name})
                return
            # What failed may be a parked message that this one releases: then leave it to the tick.
            processed = self._insistently(delivery, name, releasing=attempts == 1)
        except StoreUnavailable:
            self._excused.append(name)
            raise
        except Exception as error:  # noqa: BLE001 - a bug; the attempts are counted
            log.warning("message.failed", error=repr(error)[:VALUE_MAX], attempts=attempts)
            self._again.append(delivery)
            return
        self._settle([delivery], processed)

    def _insistently(self, delivery: Delivery, name: str, *, releasing: bool) -> Processed:
        """Process one message, and again where a neighbour was in its way: no failure of its own.

        Raises:
            Conflict: it was in its way every time, or it is no neighbour.
        """
        for _ in range(CONFLICTS_MAX - 1):
            try:
                return self._process([delivery], None, {0: name}, releasing=releasing)
            except Conflict as conflict:
                log.info("batch.conflicted", reason=str(conflict), messages=1)
        return self._process([delivery], None, {0: name}, releasing=releasing)

    def _refuse(
        self, delivery: Delivery, refusal: Rejected, attempts: Mapping[int, str] | None = None
    ) -> None:
        """File a message as refused, whatever it says; if even that fails, the broker keeps it."""
        reason = "conflict"
        for _ in range(CONFLICTS_MAX):
            try:
                processed = self._process([delivery], {0: refusal}, attempts)
            except Conflict:
                continue
            except StoreUnavailable:
                raise
            except Exception as error:
                log.exception("message.stuck", type=delivery.type, error=repr(error)[:VALUE_MAX])
                return
            if processed.verdicts[0].outcome is not None:
                self._settle([delivery], processed)
                return
            reason = str(processed.verdicts[0].bug)
            break
        log.error("message.stuck", type=delivery.type, error=reason)

    def _set_aside(self, delivery: Delivery) -> None:
        """File what the broker dead-lettered or could not route with our own dead letters."""
        reason = delivery.reason or delivery.origin
        code = REASONS.get(reason, Code.DEAD_LETTERED)
        if delivery.origin == "unrouted":
            code = Code.UNROUTABLE
        self._refuse(delivery, Rejected(code, f"the broker set this message aside: {reason}"))

    def _process(
        self,
        deliveries: Sequence[Delivery],
        condemned: dict[int, Rejected] | None = None,
        attempts: Mapping[int, str] | None = None,
        *,
        understood: Sequence[Incoming] | None = None,
        releasing: bool = True,
    ) -> Processed:
        published, self._confirmed = self._confirmed, []
        self.checkpoint("before-commit")
        try:
            processed = self.pipeline.process(
                deliveries,
                understood=understood,
                condemned=condemned,
                published=published,
                attempts=attempts,
                releasing=releasing,
            )
        except Exception:
            self._confirmed = published + self._confirmed
            raise
        self._outages = 0
        self.checkpoint("after-commit")
        return processed

    def _settle(self, deliveries: Sequence[Delivery], processed: Processed) -> None:
        """Ack what was decided, keep what met a bug, publish the events."""
        decided: list[Delivery] = []
        rejected: set[object] = set()
        for delivery, verdict in zip(deliveries, processed.verdicts, strict=True):
            if verdict.outcome is None:
                self._note_bug(delivery, verdict)
                continue
            decided.append(delivery)
            if verdict.outcome is Outcome.REJECTED:
                rejected.add(delivery.tag)
        self.receiver.ack(decided, rejected=rejected)
        self.checkpoint("after-ack")
        self.publisher.submit(processed.outgoing)
        self.checkpoint("after-publish")

    def _note_bug(self, delivery: Delivery, verdict: Verdict) -> None:
        log.error("message.bug_met", fingerprint=verdict.bug, type=delivery.type)
        self._again.append(delivery)

    # -- what happens beside the batches ---------------------------------------------------------

    def _collect(self) -> None:
        settled = self.publisher.settled()
        self._confirmed += [each.id for each in settled if each.error is None]
        failed = {each.id: each.error for each in settled if each.error is not None}
        tell(failed)
        self._failed |= failed

    def _mark(self) -> None:
        if not self._confirmed and not self._failed:
            return
        self.checkpoint("before-mark")
        self.pipeline.store.mark(self._confirmed, self._failed)
        self._confirmed, self._failed = [], {}

    def _tick(self) -> None:
        """Release forgotten parked messages, refuse those that are overdue, resend old events."""
        self._next_tick = time.monotonic() + self.tick_s
        store = self.pipeline.store
        self._settle_parked(store.releasable(self.batch_size), expired=False)
        due = store.due_parked(self.pipeline.clock(), self.batch_size)
        self._settle_parked(due, expired=True)
        self._resend()
        for chore in self.chores:
            chore()
        self.pipeline.meter.waiting(store.counts(), self.publisher.blocked_s)

    def _resend(self) -> None:
        """Send what is left in the outbox; go on with the next step where there was plenty.

        What is confirmed is marked first: with large messages that waits long for the next batch.
        """
        self._mark()
        self._draining = self.relay.step() >= self.relay.limit

    def _settle_parked(self, waiters: Sequence[Waiter], *, expired: bool) -> None:
        """Judge parked messages; one that fails is tried alone, and holds up no other."""
        if not waiters:
            return
        try:
            processed = self.pipeline.settle_parked(waiters, expired=expired)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a conflict, or a bug of one of them
            log.warning("parked.failed", error=repr(error)[:VALUE_MAX], messages=len(waiters))
            for each in waiters:
                self._settle_alone(each, expired=expired)
            return
        self.publisher.submit(processed.outgoing)

    def _settle_alone(self, waiter: Waiter, *, expired: bool) -> None:
        """Judge one parked message, counting attempts as with deliveries."""
        name = sha256(waiter.body).hexdigest()
        attempts = self.pipeline.store.attempt(name, None)
        refusal = _given_up(attempts) if attempts > self.attempts_max else None
        try:
            processed = self.pipeline.settle_parked(
                [waiter], expired=expired, refusal=refusal, attempt=name
            )
        except StoreUnavailable:
            self._excused.append(name)
            raise
        except Exception:
            log.exception("parked.stuck", message_id=waiter.message_id, attempts=attempts)
            return
        self.publisher.submit(processed.outgoing)

    def _not_now(self, stop: Event, away: StoreUnavailable) -> None:
        """Hand everything back once, and come back when the database answers.

        Waits longer each time, with jitter. Nothing is received in between: on older brokers every
        hand-back counts as a delivery. So the wait grows, too, while a database answers but lets no
        batch through: locked, full, or fit for reading only.
        """
        self.receiver.pause()
        self._again.clear()
        self._ahead.forget()
        self._outages += 1
        delay_s = backoff_s(self._outages, HAND_BACK_MOST_S)
        for failures in count(1):
            log.warning("store.unavailable", reason=str(away), retry_in_s=round(delay_s, 2))
            if stop.wait(delay_s):
                return
            try:
                self._excuse()
            except StoreUnavailable as still:
                away = still
                delay_s = backoff_s(failures, BACKOFF_MOST_S)
            else:
                log.info("store.returned", failures=failures)
                return

    def _excuse(self) -> None:
        """Take back the attempts that met an outage; fails while the database takes no writes."""
        self.pipeline.store.excuse(self._excused)
        self._excused.clear()


def _portions(deliveries: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    """Yield consecutive deliveries, each time as many as may be in memory as trees together."""
    return portions(deliveries, len(deliveries), PORTION_BYTES)


def _given_up(attempts: int) -> Rejected:
    text = f"given up after {attempts - 1} attempts that met a bug or killed the worker"
    return Rejected(Code.INTERNAL_ERROR, text)
