"""Bringing a database to the schema of this program, and telling whether it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .connection import Options, engine, parse
from .errors import place, translated

MIGRATIONS = Path(__file__).parent / "migrations"
ONE_AT_A_TIME = 0x1617_0001
"""The advisory lock under which a PostgreSQL database is migrated."""


class SchemaOutdated(Exception):
    """The tables are not those of this program: one line that says what to run."""


def upgrade(url: str) -> list[str]:
    """Bring the database to the newest schema; return the names of the steps taken, oldest first.

    Several programs may try at once: one works, the others find nothing left to do.

    Raises:
        StoreUnavailable: the database cannot be reached.
        SchemaOutdated: a newer program has been here.
    """
    with _connection(url) as connection:
        if connection.dialect.name == "postgresql":
            lock = sa.select(sa.func.pg_advisory_xact_lock(ONE_AT_A_TIME))
            connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
            connection.execute(lock)
        script = _script()
        steps = _missing(connection, script)
        if steps:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return steps


def check(url: str) -> None:
    """Make sure that the database has the schema of this program.

    Raises:
        StoreUnavailable: the database cannot be reached.
        SchemaOutdated: steps are missing, or a newer program has been here.
    """
    with _connection(url) as connection:
        steps = _missing(connection, _script())
    if steps:
        where = place(parse(url))
        raise SchemaOutdated(
            f"{where} lacks {len(steps)} schema step(s), next is {steps[0]}; "
            "run: invoice-gateway db upgrade"
        )


def _missing(connection: sa.Connection, script: ScriptDirectory) -> list[str]:
    """Return the steps between the database and this program, oldest first."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {each.revision for each in script.walk_revisions()}
    if current is not None and current not in known:
        raise SchemaOutdated(
            f"{place(connection.engine.url)} is at schema step {current}, which this program does "
            "not know; run the newer version of invoice-gateway that made it"
        )
    ahead = script.iterate_revisions("head", current or "base")
    return [each.revision for each in ahead if each.revision != current][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


@contextmanager
def _connection(url: str) -> Iterator[sa.Connection]:
    parsed = parse(url)
    made = engine(parsed, Options(statement_timeout_s=0))
    try:
        with translated(place(parsed)), made.begin() as connection:
            yield connection
    finally:
        made.dispose()
