"""What the one-message-at-a-time peers (kombu, Celery, pika) do with a message."""

import time
from collections.abc import Callable

from sqlalchemy import create_engine

from benchmarks.peers import common, core_sql
from benchmarks.peers.codec import Codec, Rejected

SWEEP_S = 0.5
Publish = Callable[[str, str, bytes], object]
"""Publish to (exchange, routing key, body), return when it is confirmed."""


class Job:
    """Stores one invoice per transaction on one connection and publishes its event."""

    def __init__(self) -> None:
        """Connect to the database."""
        self._codec = Codec()
        self._connection = create_engine(common.database_url("psycopg")).connect()
        self._connection.rollback()
        self._sent: list[str] = []
        self._swept = time.monotonic()

    def do(self, body: bytes, publish: Publish) -> None:
        """Store `body` and publish what follows; afterwards it may be acknowledged."""
        try:
            found = self._codec.decode(body)
        except Rejected:
            publish(common.REJECTED, common.INVALID, body)
            return
        with self._connection.begin():
            event = core_sql.store(self._connection, found)
        if event:
            publish(common.EVENTS, common.ISSUED, event[1])
            self._sent.append(event[0])
        late = time.monotonic() - self._swept > SWEEP_S
        if len(self._sent) >= common.SWEEP_EVERY or late:
            self.sweep()

    def sweep(self) -> None:
        """Remove confirmed events from the outbox."""
        if self._sent:
            with self._connection.begin():
                self._connection.execute(core_sql.drop_sent(self._sent))
            self._sent.clear()
        self._swept = time.monotonic()
