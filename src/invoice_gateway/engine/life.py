"""Running on and on: the relay by itself, until it is told to stop."""

import random
from threading import Event

import structlog

from invoice_gateway.engine.ports import Publisher, Store, StoreUnavailable
from invoice_gateway.engine.relay import Relay, tell

log = structlog.get_logger()

CONFIRM_S = 10.0
"""How long to wait for the confirms of one round, in seconds."""


def resend(relay: Relay, stop: Event, *, pause_s: float, once: bool = False) -> int:
    """Publish what is in the outbox until `stop` is set; return how many events were confirmed.

    Args:
        relay: Which claims and submits.
        stop: Ends the loop between two rounds.
        pause_s: How long to wait when there was nothing to do, in seconds.
        once: End at the first round that confirms nothing.
    """
    total = 0
    while not stop.is_set():
        try:
            sent = _round(relay)
        except StoreUnavailable as away:
            log.warning("store.unavailable", reason=str(away))
            sent = 0
        total += sent
        if sent:
            continue
        if once:
            break
        stop.wait(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
    return total


def _round(relay: Relay) -> int:
    """Submit one claim, wait for its confirms, and note what became of each event."""
    relay.step()
    return confirmed(relay.publisher, relay.store)


def confirmed(publisher: Publisher, store: Store) -> int:
    """Wait for what is in flight, and note what became of it; return how many were confirmed."""
    if publisher.in_flight:
        publisher.wait(CONFIRM_S)
    settled = publisher.settled()
    failed = {each.id: each.error for each in settled if each.error is not None}
    done = [each.id for each in settled if each.error is None]
    if settled:
        store.mark(done, failed)
    tell(failed)
    return len(done)
