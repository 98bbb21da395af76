"""The store as the engine sees it: one database, from which transactions begin."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from invoice_gateway.engine.ports import Counts, Due, Outgoing, Waiter

from . import connection, queues
from .connection import Options, Session
from .errors import place
from .work import SqlWork


def connect(url: str, **options: Any) -> "SqlStore":  # noqa: ANN401
    """Return the store at `url`; it connects when it is first used.

    Args:
        url: `sqlite:///file` or `postgresql://user:password@host/database`.
        options: Fields of `Options`.

    Raises:
        ValueError: the URL cannot be read or names another kind of database.
    """
    chosen = Options(**options)
    return SqlStore(connection.engine(connection.parse(url), chosen), chosen)


class SqlStore:
    """A database; safe to share between threads."""

    def __init__(self, engine: sa.Engine, options: Options) -> None:
        self.engine = engine
        self.options = options

    @property
    def place(self) -> str:
        """Return which database this is, without credentials."""
        return place(self.engine.url)

    @contextmanager
    def work(self) -> Iterator[SqlWork]:
        """Begin a transaction; leaving the context without `commit` rolls back.

        Raises:
            StoreUnavailable: from here, or from any call on the work.
            Conflict: from `save` or `commit`.
        """
        with connection.session(self.engine, self.options) as session:
            yield SqlWork(session)

    @contextmanager
    def session(self, *, read_only: bool = True) -> Iterator[Session]:
        """Begin a transaction for the functions of `views`, which show one state of affairs."""
        with connection.session(self.engine, self.options, read_only=read_only) as session:
            yield session

    def attempt(self, delivery_hash: str, fingerprint: str | None) -> int:
        """Count one more attempt at a delivery, durably and at once; return how many that makes."""
        with connection.session(self.engine, self.options) as session:
            return queues.attempt(session, delivery_hash, fingerprint)

    def excuse(self, delivery_hashes: Collection[str]) -> None:
        """Take back one attempt at each: it was not now. Fails while nothing can be written."""
        with connection.session(self.engine, self.options) as session:
            queues.excuse(session, delivery_hashes)

    def unpublished(self, limit: int, older_than_s: float) -> list[tuple[str, Outgoing]]:
        """Claim outbox rows nobody confirmed, oldest first, as (event id, event).

        Nobody else gets them for `Options.lease_s` seconds, or until `mark` says what became of
        them.
        """
        with connection.session(self.engine, self.options) as session:
            return queues.unpublished(session, limit, older_than_s, self.options.lease_s)

    def mark(self, published: Collection[str], failed: Mapping[str, str]) -> None:
        """Remove confirmed events from the outbox and note why others failed, at once."""
        with connection.session(self.engine, self.options) as session:
            queues.mark(session, published, failed)

    def due_parked(self, now: datetime, limit: int) -> list[Waiter]:
        """Return parked messages whose deadline has passed at `now`, the longest overdue first."""
        with self.session() as session:
            return queues.due_parked(session, now, limit)

    def releasable(self, limit: int) -> list[Waiter]:
        """Return parked messages whose reference has appeared meanwhile, in order of arrival."""
        with self.session() as session:
            return queues.releasable(session, limit)

    def due(self, now: datetime, limit: int) -> list[Due]:
        """Return what is due up to `now`, at most `limit`, the longest due first."""
        with self.session() as session:
            return queues.due(session, now, limit)

    def counts(self) -> Counts:
        """Return how much waits: for metrics and health."""
        with self.session() as session:
            return queues.counts(session)

    def close(self) -> None:
        """Release connections."""
        self.engine.dispose()
