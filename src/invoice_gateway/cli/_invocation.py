"""One call of the command: its global flags, and what they lead to (settings, app, store, bus)."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import typer

from invoice_gateway import log
from invoice_gateway.app import App, assemble
from invoice_gateway.bus import rabbit
from invoice_gateway.engine.ports import BusUnavailable
from invoice_gateway.settings import FILE_VARIABLE, Settings, SettingsError, load, masked
from invoice_gateway.store import SqlStore, connection, schema

NEGATIVE, WRONG = 1, 2
"""Exit codes: the answer is no; the question or the installation is wrong."""

SQLITE = "sqlite:///"
URL = re.compile(r"\w[\w+]*://[^\s'\"]+")


class UsageFault(Exception):
    """What a person asked for cannot be done: one line that says why, and what to do."""


class NothingFound(Exception):
    """What was asked for is not there: an answer, told in one line with exit code 1."""


@dataclass(slots=True, kw_only=True)
class Invocation:
    """The global flags as given; None is not given."""

    flags: dict[str, str | None] = field(default_factory=dict)
    config: Path | None = None
    quiet: bool = True
    """Whether log lines below `warning` are chatter here; `run` and its kin set it to False."""

    def settings(self, **more: object) -> Settings:
        """Return the settings, and log the way they say.

        Raises:
            SettingsError: one of them is wrong.
        """
        with _named(self.config):
            chosen = load(**(self.flags | more))
        level = chosen.log_level
        if self.quiet and level == "info":
            level = "warning"
        log.configure(chosen.log_format, level)
        return chosen

    def app(self, **more: object) -> App:
        """Return the application for these settings; nothing is connected yet."""
        return assemble(self.settings(**more))


def invocation(context: typer.Context) -> Invocation:
    """Return what belongs to this call."""
    found = context.obj
    assert isinstance(found, Invocation)
    return found


def app_of(context: typer.Context, **more: object) -> App:
    """Return the application for this call."""
    return invocation(context).app(**more)


@contextmanager
def opened(app: App) -> Iterator[SqlStore]:
    """Open the database, which must be there and migrated.

    Raises:
        SettingsError: the URL names no database this program knows.
        StoreUnavailable: it cannot be reached.
        SchemaOutdated: it is not migrated.
    """
    check_database(app.settings)
    with app.store() as store:
        yield store


def check_database(settings: Settings) -> None:
    """Make sure that the database is there and migrated; creates nothing."""
    url = settings.database_url
    file = sqlite_file(url)
    if file is not None and not file.exists():
        raise schema.SchemaOutdated(f"there is no {file} yet; run: invoice-gateway db upgrade")
    with readable_url(url):
        schema.check(url)


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL, or None for another kind of URL."""
    if not url.startswith(SQLITE):
        return None
    return Path(unquote(url.removeprefix(SQLITE).partition("?")[0]))


def check_url(url: str) -> None:
    """Make sure that `url` names a database this program knows; connects to nothing.

    Raises:
        SettingsError: it does not.
    """
    with readable_url(url):
        connection.parse(url)


@contextmanager
def readable_url(url: str) -> Iterator[None]:
    """Say which setting it was when the URL of the database cannot be read."""
    try:
        yield
    except ValueError as error:
        said = str(error).replace(url, masked(url))
        raise SettingsError(f"INVOICE_GATEWAY_DATABASE_URL (--database-url): {said}") from None


def check_bus(app: App) -> str:
    """Return where the bus is, after making sure that it is there; creates nothing.

    Raises:
        BusUnavailable: one line with place and cause.
    """
    spool = app.spool
    if spool is None:
        rabbit.check(app.settings.bus_url)
        return masked(app.settings.bus_url)
    near = spool
    while not near.exists() and near != near.parent:
        near = near.parent
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        reason = "not writable" if near.is_dir() else f"{near} is no folder"
        raise BusUnavailable(f"cannot use folder {spool}: {reason}")
    return f"folder {spool}"


def unhidden(text: str) -> str:
    """Return `text` with the passwords of the URLs in it hidden."""
    return URL.sub(lambda found: masked(found[0]), text)


@contextmanager
def _named(config: Path | None) -> Iterator[None]:
    """Name the configuration file for as long as the settings are read."""
    before = os.environ.get(FILE_VARIABLE)
    if config is not None:
        os.environ[FILE_VARIABLE] = str(config)
    try:
        yield
    finally:
        if config is not None:
            os.environ.pop(FILE_VARIABLE)
            if before is not None:
                os.environ[FILE_VARIABLE] = before
