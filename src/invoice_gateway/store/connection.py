"""Connections to the two databases: how they are set up, and what one transaction can do."""

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import sqlalchemy as sa

from invoice_gateway.engine.ports import StoreUnavailable

from .encoders import Blobs, BlobsDumper, Texts, TextsDumper
from .errors import GaveWay, place, translated
from .lending import LendingConnection
from .query import Query
from .sql import Bulk, Columns
from .sql import Row as Values
from .tables import BATCHES, counter

# psycopg warns about every pipeline that ends in an error; the error itself is raised anyway.
logging.getLogger("psycopg").setLevel(logging.ERROR)

IDS_PER_BATCH = 1 << 20
COPY_FROM = 7_500
"""From so many values on, a COPY is worth its two round trips; all else shares one."""

NAMES_KEPT = 10_000
"""The hashes of so many names are remembered: the same accounts come again and again."""

BUSY_PAUSE_S = 0.01
"""How long to wait before asking for the write-ahead log again."""

READ_ONLY = "invoice_gateway_read_only"

PLANS_FIRST_S, PLANS_MOST_S = 0.25, 60.0
"""How long a new connection to PostgreSQL keeps its plans before it makes them anew, and how long
it does in the end; twice as long each time."""
PLANS = "invoice_gateway_plans"
"""Where a connection notes when that is due, and after what time again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How patient the store is, and how many connections it keeps.

    `lease_s` is how long one relay keeps others away from the events it has claimed. `waiting` is
    entered while the database is waited for: time in which somebody else may compute.
    """

    connect_timeout_s: int = 5
    lock_timeout_s: float = 10
    statement_timeout_s: float = 60
    idle_timeout_s: float = 60
    lease_s: float = 60
    pool_size: int = 5
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext


def parse(url: str) -> sa.URL:
    """Return `url` with the driver this project uses.

    Raises:
        ValueError: it is no URL, or names another database.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ValueError(
            f"database URL {url!r} cannot be read: write sqlite:///gateway.db or "
            "postgresql://user:password@host/database"
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(
                f"database URL names {other!r}: this program keeps its data in SQLite "
                "(sqlite:///gateway.db) or PostgreSQL (postgresql://user:password@host/database)"
            )


def engine(url: sa.URL, options: Options) -> sa.Engine:
    """Return the engine for `url`; it connects when it is first used."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, options)
    return _postgresql(url, options)


def _sqlite(url: sa.URL, options: Options) -> sa.Engine:
    made = sa.create_engine(
        url,
        pool_size=options.pool_size,
        hide_parameters=True,  # errors are logged, what people wrote is not
        connect_args={"timeout": options.lock_timeout_s, "check_same_thread": False},
    )

    @sa.event.listens_for(made, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401
        connection.isolation_level = None  # transactions begin where we say, see below
        _write_ahead(connection, options.lock_timeout_s)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(made, "begin")
    def begin(connection: sa.Connection) -> None:
        # One writer: taking the lock at once means that no later statement can find it taken.
        reading = connection.get_execution_options().get(READ_ONLY)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return made


def _write_ahead(connection: sqlite3.Connection, patience_s: float) -> None:
    """Turn on the write-ahead log: once for a file, and the only statement SQLite does not wait in.

    Raises:
        sqlite3.OperationalError: others were using a new file all the time.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(BUSY_PAUSE_S)
        else:
            return


def _postgresql(url: sa.URL, options: Options) -> sa.Engine:
    settings = {
        "TimeZone": "UTC",
        "lock_timeout": f"{int(options.lock_timeout_s * 1000)}",
        "statement_timeout": f"{int(options.statement_timeout_s * 1000)}",
        "idle_in_transaction_session_timeout": f"{int(options.idle_timeout_s * 1000)}",
        # Every look-up is by keys through an index. Say so, then one plan will do for a while, and
        # one made while a table was small does not scan it when it has grown.
        "plan_cache_mode": "force_generic_plan",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "enable_seqscan": "off",
        "jit": "off",
    }
    made = sa.create_engine(
        url,
        pool_size=options.pool_size,
        pool_timeout=options.connect_timeout_s,
        hide_parameters=True,  # as above
        connect_args={
            "connect_timeout": options.connect_timeout_s,
            "application_name": "invoice-gateway",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": int(options.statement_timeout_s * 1000),
        },
    )
    listed = ", ".join(
        f"set_config('{name}', '{value}', false)" for name, value in settings.items()
    )

    @sa.event.listens_for(made, "do_connect")
    def open_one(_: object, __: object, given: Sequence[Any], named: Mapping[str, Any]) -> Any:  # noqa: ANN401
        connection = LendingConnection.connect(*given, **named)
        connection.waiting = options.waiting
        return connection

    @sa.event.listens_for(made, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401
        connection.adapters.register_dumper(Blobs, BlobsDumper)
        connection.adapters.register_dumper(Texts, TextsDumper)
        connection.execute(f"SELECT {listed}")
        connection.commit()

    return made


class Session:
    """One connection in one transaction: reads at once, writes gathered and sent together."""

    __slots__ = (
        "_cursor",
        "_driver",
        "_ids",
        "_transaction",
        "_waiting",
        "_writes",
        "connection",
        "postgresql",
        "where",
    )

    def __init__(
        self,
        connection: sa.Connection,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.connection = connection
        self._waiting = waiting
        self.postgresql = connection.dialect.name == "postgresql"
        self.where = place(connection.engine.url)
        self._transaction = connection.begin()
        driver: Any = connection.connection.driver_connection
        self._driver, self._cursor = driver, driver.cursor()
        self._writes: list[tuple[Bulk, Columns]] = []
        self._ids: Iterator[int] = iter(())
        if self.postgresql:
            with translated(self.where):
                self._plan_anew()

    def _plan_anew(self) -> None:
        """Let go of plans now and then: those made while a table was empty may read all of it.

        The planner looks at the size of each table; that is the present one only when it plans.
        """
        now, noted = time.monotonic(), self.connection.info
        due, pause_s = noted.setdefault(PLANS, (now + PLANS_FIRST_S, PLANS_FIRST_S))
        if now >= due:
            self._cursor.execute("DISCARD PLANS", prepare=False)
            pause_s = min(2 * pause_s, PLANS_MOST_S)
            noted[PLANS] = (now + pause_s, pause_s)

    def read(
        self, statement: Query | sa.Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Any]:
        """Return all rows of `statement`; what was written before is visible."""
        self.flush()
        if self.postgresql and isinstance(statement, Query):
            with translated(self.where):
                written = statement.written
                cursor = self._carry_out(written.text, {**written.given, **(parameters or {})})
                return statement.rows(cursor.fetchall())
        plain = statement.statement if isinstance(statement, Query) else statement
        with translated(self.where), self._waiting():
            return self.connection.execute(plain, parameters or {}).fetchall()

    def _carry_out(self, text: str, parameters: Any) -> Any:  # noqa: ANN401 - as the driver does
        """Hand a statement to the driver of PostgreSQL; who listens to SQLAlchemy hears of it.

        It comes again and again, so it is prepared at once; the driver forgets at every rollback.
        """
        for hear in self.connection.dispatch.before_cursor_execute:
            hear(self.connection, self._cursor, text, parameters, None, False)  # noqa: FBT003 - its signature
        return self._cursor.execute(text, parameters, prepare=True)

    def run(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> int:
        """Carry out one statement that changes something; return how many rows it touched."""
        self.flush()
        with translated(self.where), self._waiting():
            return int(self.connection.execute(statement, parameters or {}).rowcount)

    def write(self, bulk: Bulk, rows: Sequence[Values]) -> None:
        """Gather a write for the next `flush`; nothing happens when there are no rows."""
        self.put(bulk, [*zip(*rows, strict=True)])

    def put(self, bulk: Bulk, columns: Columns) -> None:
        """Gather a write of rows given as columns of one length; nothing happens without rows."""
        if columns and columns[0]:
            self._writes.append((bulk, columns))

    def flush(self) -> None:
        """Send what was gathered, in order; on PostgreSQL in one round trip.

        Raises:
            Conflict: a unique key was taken.
        """
        if not self._writes:
            return
        writes, self._writes = self._writes, []
        with translated(self.where):
            if self.postgresql:
                self._send(writes)
            else:
                for bulk, columns in writes:
                    rows = [*zip(*columns, strict=True)]
                    with self._waiting():
                        self.connection.exec_driver_sql(bulk.sqlite, rows)

    def _send(self, writes: Sequence[tuple[Bulk, Columns]]) -> None:
        """Send writes to PostgreSQL: many rows by COPY, all else between two of those in one go."""
        together = []
        for bulk, columns in writes:
            if bulk.copy is None or len(columns[0]) * len(columns) < COPY_FROM:
                together.append((bulk, columns))
                continue
            self._pipeline(together)
            together = []
            chunks = [*bulk.chunks(columns)]
            with self._cursor.copy(bulk.copy) as copy:
                for chunk in chunks:
                    copy.write(chunk)
        self._pipeline(together)

    def _pipeline(self, writes: Sequence[tuple[Bulk, Columns]]) -> None:
        if writes:
            arrays = [bulk.arrays(columns) for bulk, columns in writes]
            with self._driver.pipeline():
                for (bulk, _), each in zip(writes, arrays, strict=True):
                    self._carry_out(bulk.postgresql, each)

    def lock(self, names: Iterable[str]) -> None:
        """Lock `names` until the transaction ends, sorted by what is locked: no deadlock.

        SQLite has one writer, and we are it. The first ids come along, drawn after the last lock:
        whoever locks a name later gets higher ids.
        """
        hashes = sorted({_hash(name) for name in names})
        if hashes and self.postgresql:
            literal = "{" + ",".join(map(str, hashes)) + "}"
            [(batch,)] = self.read(_LOCK, {"hashes": literal})
            self._ids = _block(batch)

    def id(self) -> int:
        """Return an id that nobody else has; later ones are higher."""
        [number] = self.ids(1)
        return number

    def ids(self, count: int) -> list[int]:
        """Return so many ids that nobody else has, ascending; later ones are higher."""
        found = [*islice(self._ids, count)]
        while len(found) < count:
            [(batch,)] = self.read(_NEXT_POSTGRESQL if self.postgresql else _NEXT_SQLITE)
            self._ids = _block(batch)
            found += islice(self._ids, count - len(found))
        return found

    def commit(self) -> None:
        """Send what was gathered and make it durable."""
        self.flush()
        with translated(self.where), self._waiting():
            self._transaction.commit()


@contextmanager
def session(source: sa.Engine, options: Options, *, read_only: bool = False) -> Iterator[Session]:
    """Begin a transaction; leaving without `commit` rolls back.

    A `read_only` one keeps nobody waiting and sees one state of affairs throughout.
    When the database turns out to be away, this connection and all idle ones are thrown away.
    """
    with translated(place(source.url)):
        connection = source.connect()
        if read_only:
            connection.execution_options(**{READ_ONLY: True, **_SNAPSHOT[connection.dialect.name]})
    try:
        with translated(place(source.url)):
            lending = connection.dialect.name == "postgresql"  # by itself
            opened = Session(connection, nullcontext if lending else options.waiting)
        yield opened
        if read_only:  # a rollback would make the driver forget what it has prepared
            opened.commit()
    except GaveWay:
        raise  # the connection is as good as before
    except StoreUnavailable:
        connection.invalidate()
        source.dispose()
        raise
    finally:
        connection.close()


@lru_cache(maxsize=NAMES_KEPT)
def _hash(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8, person=b"ig-account")
    return int.from_bytes(digest.digest(), "big", signed=True)


def _block(batch: int) -> Iterator[int]:
    return iter(range(batch * IDS_PER_BATCH, (batch + 1) * IDS_PER_BATCH))


_SNAPSHOT: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "sqlite": {},  # one BEGIN is one state of affairs
}
_NEXT_POSTGRESQL = Query(sa.select(BATCHES.next_value()))
_NEXT_SQLITE = sa.text(
    f"INSERT INTO {counter.name} (name, value) VALUES ('batch', 1) "  # noqa: S608
    "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
)
_LOCK = Query(
    sa.text(
        # The count needs every lock, and the next batch number comes after the count.
        "SELECT nextval('batch_seq') FROM (SELECT count(got) FROM "
        "(SELECT pg_advisory_xact_lock(hash) IS NULL AS got "
        "FROM unnest(CAST(:hashes AS bigint[])) AS hash OFFSET 0) AS locks) AS done"
    ).columns(sa.column("batch", sa.BigInteger()))
)
