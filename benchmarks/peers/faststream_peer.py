"""FastStream with SQLAlchemy Core async on asyncpg and uvloop: what a good developer writes today.

One handler per message, up to `PREFETCH` at a time over a pool of connections; `publish` waits for
the confirm; the ack follows when the handler returns. With `--tuned`, no SQLAlchemy: lean reading
and one asyncpg statement per message, still one transaction and one confirm for each.
"""

import asyncio
import contextlib
import logging
import sys
from typing import Protocol

import asyncpg
import uvloop
from faststream import FastStream
from faststream.middlewares import AckPolicy
from faststream.rabbit import (
    Channel,
    ExchangeType,
    QueueType,
    RabbitBroker,
    RabbitExchange,
    RabbitQueue,
)
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.peers import common, core_sql, lean
from benchmarks.peers.codec import Codec, Rejected

POOL = 10
SWEEP_S = 0.25
XML = "application/xml"


class Store(Protocol):
    """Where invoices go."""

    async def open(self) -> None:
        """Connect."""

    async def add(self, body: bytes) -> tuple[str, bytes] | None:
        """Store the invoice in `body` durably; return its event, None for a duplicate."""

    async def drop(self, event_ids: list[str]) -> None:
        """Remove confirmed events."""


class Core:
    """SQLAlchemy Core on asyncpg."""

    def __init__(self) -> None:
        """Prepare the pool and the codec."""
        self._codec = Codec()
        self._engine = create_async_engine(
            common.database_url("asyncpg"), pool_size=POOL, max_overflow=0
        )

    async def open(self) -> None:
        """Open every connection of the pool."""

        async def touch() -> None:
            async with self._engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
                await asyncio.sleep(0.2)

        await asyncio.gather(*(touch() for _ in range(POOL)))

    async def add(self, body: bytes) -> tuple[str, bytes] | None:
        """Store one invoice in a transaction of its own."""
        found = self._codec.decode(body)
        async with self._engine.begin() as connection:
            return await core_sql.store_async(connection, found)

    async def drop(self, event_ids: list[str]) -> None:
        """Remove confirmed events."""
        async with self._engine.begin() as connection:
            await connection.execute(core_sql.drop_sent(event_ids))


class Tuned:
    """One asyncpg statement per message."""

    def __init__(self) -> None:
        """Prepare the codec."""
        self._codec = lean.LeanCodec()
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Open every connection of the pool."""
        self._pool = await asyncpg.create_pool(
            common.database_url(""), min_size=POOL, max_size=POOL
        )

    async def add(self, body: bytes) -> tuple[str, bytes] | None:
        """Store one invoice in one statement, which is its own transaction."""
        found = self._codec.read(body)
        rows = await self._pool.fetch(lean.STORE, *found.parameters)
        return (found.event_id, found.event) if rows else None

    async def drop(self, event_ids: list[str]) -> None:
        """Remove confirmed events."""
        await self._pool.execute(lean.DROP, event_ids)


def application(store: Store) -> FastStream:
    """Return the application that takes invoices to `store`."""
    broker = RabbitBroker(
        common.amqp_url(),
        logger=None,
        default_channel=Channel(publisher_confirms=True, on_return_raises=True),
    )
    app = FastStream(broker, logger=None)
    events = RabbitExchange(common.EVENTS, type=ExchangeType.TOPIC, durable=True)
    rejected = RabbitExchange(common.REJECTED, type=ExchangeType.TOPIC, durable=True)
    queue = RabbitQueue(common.IN_QUEUE, durable=True, queue_type=QueueType.QUORUM)
    sent: list[str] = []
    tasks: list[asyncio.Task[None]] = []
    over = asyncio.Event()

    async def sweep() -> None:
        if sent:
            confirmed, sent[:] = list(sent), []
            await store.drop(confirmed)

    async def sweep_often() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), SWEEP_S)
            await sweep()

    @broker.subscriber(
        queue,
        channel=Channel(prefetch_count=common.PREFETCH),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
    )
    async def handle(body: bytes) -> None:
        to, key = events, common.ISSUED
        try:
            event = await store.add(body)
        except Rejected:
            event, to, key = ("", body), rejected, common.INVALID
        if event:
            await broker.publish(
                event[1], exchange=to, routing_key=key, persist=True, content_type=XML
            )
            sent.extend(filter(None, [event[0]]))

    app.on_startup(store.open)

    @app.after_startup
    async def started() -> None:
        tasks.append(asyncio.create_task(sweep_often()))

    @app.after_shutdown
    async def stopped() -> None:
        over.set()
        await asyncio.gather(*tasks)

    return app


def main() -> None:
    """Consume until told to stop."""
    logging.disable(logging.WARNING)
    store = Tuned() if "--tuned" in sys.argv else Core()
    uvloop.run(application(store).run())


if __name__ == "__main__":
    main()
