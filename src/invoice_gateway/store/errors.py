"""What databases complain about, sorted into not now, taken by somebody else, and bugs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from invoice_gateway.engine.ports import Conflict, StoreUnavailable

MIGRATE = "its tables are missing or older than this program; run: invoice-gateway db upgrade"

# SQLSTATE classes and codes that say something about the moment, nothing about the message.
NOT_NOW_CLASSES = ("08", "28", "3D", "53", "58")
NOT_NOW = {
    "25006": "",  # read only: a standby
    "25P03": "",  # idle in transaction for too long
    "42501": "",  # not granted (yet)
    "42P01": MIGRATE,
    "55P03": "",  # lock timeout
    "57014": "",  # statement timeout
    "57P01": "",  # being shut down
    "57P02": "",  # a crash of a neighbour
    "57P03": "",  # starting up
    "57P04": "",  # database dropped
    "57P05": "",  # idle for too long
}
GAVE_WAY = {
    "40001",  # serialization failure
    "40P01",  # deadlock
}
"""What a transaction is ended with for the sake of another one."""
SQLITE_NOT_NOW = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


class GaveWay(Conflict, StoreUnavailable):
    """The database ended this transaction for the sake of a neighbour's, and is well.

    A batch may run again at once, as after any `Conflict`; what does not know how: not now.
    """


def place(url: sa.URL) -> str:
    """Return which database `url` names, without user and password."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {url.database}"
    return f"PostgreSQL at {url.host or 'localhost'}:{url.port or 5432}/{url.database}"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what the drivers raise into the two errors that the engine knows.

    Raises:
        StoreUnavailable: the database is away, locked, full, read-only or wants a retry.
        Conflict: a unique key was taken; names the constraint.
        GaveWay: both at once: there was a deadlock, or a transaction that cannot be one of a row.
    """
    try:
        yield
    except (sa.exc.DBAPIError, psycopg.Error, sqlite3.Error) as error:
        orig = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(orig, psycopg.Error) and orig.sqlstate in GAVE_WAY:
            raise GaveWay(f"{where}: {_line(orig)}") from error
        cause = _not_now(orig)
        if cause is not None:
            raise StoreUnavailable(f"{where}: {cause}") from error
        taken = _taken(orig)
        if taken is not None:
            raise Conflict(f"{where}: {taken} was taken meanwhile") from error
        raise
    except sa.exc.TimeoutError as error:
        raise StoreUnavailable(f"{where}: no free connection in the pool") from error


def _not_now(error: BaseException | None) -> str | None:
    """Return why the database cannot serve now, or None when it could."""
    if isinstance(error, psycopg.Error):
        return _postgresql_not_now(error)
    if isinstance(error, sqlite3.Error):
        return _sqlite_not_now(error)
    return None


def _postgresql_not_now(error: psycopg.Error) -> str | None:
    state = error.sqlstate
    if state is None:  # libpq itself: no connection, or it went away
        away = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return _line(error) if away else None
    if state.startswith(NOT_NOW_CLASSES):
        return _line(error)
    if state in NOT_NOW:
        return NOT_NOW[state] or _line(error)
    return None


def _sqlite_not_now(error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in SQLITE_NOT_NOW:
        return _line(error)
    return MIGRATE if str(error).startswith("no such table") else None


def _taken(error: BaseException | None) -> str | None:
    """Return the unique constraint that `error` names, or None for any other error."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return error.diag.constraint_name or "a unique key"
    if isinstance(error, sqlite3.IntegrityError):
        name, found, columns = str(error).partition(" constraint failed: ")
        return columns if found and name == "UNIQUE" else None
    return None


def _line(error: BaseException) -> str:
    """Return the first line of what the driver says; drivers leave passwords out."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
