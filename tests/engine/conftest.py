"""Databases for journeys: empty, migrated, and cheap."""

from collections.abc import Iterator

import pytest

from invoice_gateway.store import upgrade
from tests.engine_harness import Databases
from tests.services import PostgreSQL


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A source of empty SQLite databases."""
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """The URL of a database with tables and nothing in them: the test runs once on each kind."""
    if request.param == "sqlite":
        yield databases.new()
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    made = server.new_database(server.template("store", upgrade))
    yield made
    server.release(made)
