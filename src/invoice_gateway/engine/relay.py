"""The relay: publish what a crash, a blocked broker or a missing binding left in the outbox."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from invoice_gateway.engine.ports import Publisher, Store

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Relay:
    """Resends outbox rows nobody confirmed within `patience_s`; ids never change."""

    store: Store
    publisher: Publisher
    limit: int = 500
    patience_s: float = 10.0

    def step(self) -> int:
        """Submit the oldest unconfirmed events; return how many.

        None while the broker is away or blocks us: each try that fails puts off the next one.

        Raises:
            StoreUnavailable: not now.
        """
        if self.publisher.blocked_s > 0 or self.publisher.in_flight > self.limit:
            return 0
        if not self.publisher.wait_connected(0):
            return 0
        claimed = self.store.unpublished(self.limit, self.patience_s)
        if claimed:
            self.publisher.submit([event for _, event in claimed])
            log.info("outbox.resent", events=len(claimed))
        return len(claimed)


def tell(failed: Mapping[str, str]) -> None:
    """Log events that could not be published, in one line per reason."""
    for reason, events in Counter(failed.values()).items():
        first = next(name for name, said in failed.items() if said == reason)
        log.warning("event.unpublished", reason=reason, events=events, event_id=first)
