"""The worker: receive, process, ack, publish, and a small tick for parked messages and the outbox.

*Not now* (database away, lock timeout) is not a failure of any message: the worker stops consuming,
hands everything back, and tries again later with jitter. An exception nobody expected is a bug: the
message is tried again alone, and after a few attempts refused as `internal-error`.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from threading import Event

import structlog

from invoice_gateway.engine.judge import Verdict
from invoice_gateway.engine.pipeline import Pipeline, Processed
from invoice_gateway.engine.ports import (
    Conflict,
    Delivery,
    Outcome,
    Publisher,
    Receiver,
    StoreUnavailable,
)
from invoice_gateway.engine.relay import Relay
from invoice_gateway.model.errors import Code, Rejected

log = structlog.get_logger()

CONFLICTS_MAX = 3
CONNECT_S = 5.0
"""How long to wait for the publisher at the start; without it events go to the relay."""
BACKOFF_FIRST_S, BACKOFF_MOST_S = 0.2, 10.0

REASONS = {"delivery_limit": Code.DELIVERY_LIMIT, "unroutable": Code.UNROUTABLE}
"""Codes for what the broker set aside; any other reason is `dead-lettered`."""


def nothing(_: str) -> None:
    """Do nothing at a checkpoint."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """One consumer. `checkpoint` is called with the name of each boundary of a batch's way."""

    pipeline: Pipeline
    receiver: Receiver
    publisher: Publisher
    relay: Relay
    batch_size: int = 200
    poll_s: float = 0.5
    tick_s: float = 2.0
    attempts_max: int = 3
    checkpoint: Callable[[str], None] = nothing
    _again: list[Delivery] = field(default_factory=list)
    _confirmed: list[str] = field(default_factory=list)
    _failed: dict[str, str] = field(default_factory=dict)
    _next_tick: float = 0.0

    def run(self, stop: Event, *, once: bool = False) -> None:
        """Work until `stop` is set, or (`once`) until nothing has come for one poll."""
        self.publisher.wait_connected(CONNECT_S)
        while not stop.is_set():
            try:
                busy = self.step()
            except StoreUnavailable as away:
                self._not_now(stop, away)
                continue
            if once and not busy and not self._again and self.receiver.connected:
                break
        self.finish()

    def step(self) -> bool:
        """Do one round; return whether anything came.

        Raises:
            StoreUnavailable: not now.
        """
        self._collect()
        if time.monotonic() >= self._next_tick:
            self._tick()
        if self._again:
            again, self._again = self._again, []
            for delivery in again:
                self._alone(delivery)
            return True
        timeout_s = 0.0 if self.publisher.in_flight else self.poll_s
        deliveries = self.receiver.receive(self.batch_size, timeout_s)
        if not deliveries and self.publisher.in_flight:
            self.publisher.wait(self.poll_s)
        if not deliveries:
            self._mark()
            return False
        together = [each for each in deliveries if each.origin == "in" and not each.redelivered]
        if together:
            self._together(together)
        for delivery in deliveries:
            if delivery.origin != "in":
                self._set_aside(delivery)
            elif delivery.redelivered:
                self._alone(delivery)
        return True

    def finish(self) -> None:
        """Wait for what is in flight and mark it; what is not confirmed is left to the relay."""
        self.publisher.wait(5.0)
        self._collect()
        try:
            self._mark()
        except StoreUnavailable as away:
            log.warning("outbox.unmarked", reason=str(away))

    # -- ways of a delivery ----------------------------------------------------------------------

    def _together(self, deliveries: Sequence[Delivery]) -> None:
        """Process a batch; a conflict runs it again, anything worse message by message."""
        for _ in range(CONFLICTS_MAX):
            try:
                processed = self._process(deliveries)
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
        condemned = {}
        if attempts > self.attempts_max:
            text = f"given up after {attempts - 1} attempts that met a bug or killed the worker"
            condemned[0] = Rejected(Code.INTERNAL_ERROR, text)
        try:
            processed = self._process([delivery], condemned, {0: name})
        except StoreUnavailable:
            raise
        except Exception as error:
            if condemned:
                raise
            log.warning("message.failed", error=repr(error)[:200], attempts=attempts)
            self._again.append(delivery)
            return
        self._settle([delivery], processed)

    def _set_aside(self, delivery: Delivery) -> None:
        """File what the broker dead-lettered or could not route with our own dead letters."""
        reason = delivery.reason or delivery.origin
        code = REASONS.get(reason, Code.DEAD_LETTERED)
        if delivery.origin == "unrouted":
            code = Code.UNROUTABLE
        refusal = Rejected(code, f"the broker set this message aside: {reason}")
        try:
            self._settle([delivery], self._process([delivery], {0: refusal}))
        except Conflict:
            self._again.append(delivery)

    def _process(
        self,
        deliveries: Sequence[Delivery],
        condemned: dict[int, Rejected] | None = None,
        attempts: Mapping[int, str] | None = None,
    ) -> Processed:
        published, self._confirmed = self._confirmed, []
        self.checkpoint("before-commit")
        try:
            processed = self.pipeline.process(
                deliveries,
                condemned=condemned,
                published=published,
                attempts=attempts,
            )
        except Exception:
            self._confirmed = published + self._confirmed
            raise
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
        for settled in self.publisher.settled():
            if settled.error is None:
                self._confirmed.append(settled.id)
            else:
                self._failed[settled.id] = settled.error
                log.warning("event.unpublished", event_id=settled.id, reason=settled.error)

    def _mark(self) -> None:
        if not self._confirmed and not self._failed:
            return
        self.checkpoint("before-mark")
        self.pipeline.store.mark(self._confirmed, self._failed)
        self._confirmed, self._failed = [], {}

    def _tick(self) -> None:
        """Refuse parked messages that are overdue, release forgotten ones, resend old events."""
        self._next_tick = time.monotonic() + self.tick_s
        store = self.pipeline.store
        now = self.pipeline.clock()
        for waiters, expired in (
            (store.due_parked(now, self.batch_size), True),
            (store.releasable(self.batch_size), False),
        ):
            if not waiters:
                continue
            try:
                processed = self.pipeline.settle_parked(waiters, expired=expired)
            except Conflict as conflict:
                log.info("batch.conflicted", reason=str(conflict), messages=len(waiters))
                continue
            self.publisher.submit(processed.outgoing)
        self.relay.step()
        self.pipeline.meter.waiting(store.counts(), self.publisher.blocked_s)

    def _not_now(self, stop: Event, away: StoreUnavailable) -> None:
        """Hand everything back once, and come back when the database answers.

        Waits longer each time, with full jitter. Nothing is received in between: on older brokers
        every hand-back counts as a delivery.
        """
        self.receiver.pause()
        self._again.clear()
        for failures in count(1):
            most = min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2**failures)
            delay_s = random.uniform(BACKOFF_FIRST_S, most)  # noqa: S311 - jitter, not a secret
            log.warning("store.unavailable", reason=str(away), retry_in_s=round(delay_s, 2))
            if stop.wait(delay_s):
                return
            try:
                self.pipeline.store.counts()
            except StoreUnavailable as still:
                away = still
            else:
                log.info("store.returned", failures=failures)
                return
