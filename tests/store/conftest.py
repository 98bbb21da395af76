"""A store on each database, with its tables in place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from invoice_gateway.store import SqlStore, connect, upgrade
from tests.services import PostgreSQL


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with tables and nothing in them."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path / 'gateway.db'}"
        upgrade(made)
        yield made
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    made = server.new_database(server.template("store", upgrade))
    yield made
    server.release(made)


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    """A store with nothing in it."""
    opened = connect(url, lock_timeout_s=1)
    yield opened
    opened.close()


@pytest.fixture
def other(url: str) -> Iterator[SqlStore]:
    """A second program at the same database."""
    opened = connect(url, lock_timeout_s=1)
    yield opened
    opened.close()


@pytest.fixture
def postgres_url_ready(postgresql_server: PostgreSQL) -> Iterator[str]:
    """The URL of a PostgreSQL database with tables and nothing in them."""
    made = postgresql_server.new_database(postgresql_server.template("store", upgrade))
    yield made
    postgresql_server.release(made)


@pytest.fixture
def postgres_store(postgres_url_ready: str) -> Iterator[SqlStore]:
    """A store on PostgreSQL."""
    opened = connect(postgres_url_ready)
    yield opened
    opened.close()


@pytest.fixture
def postgres_other(postgres_url_ready: str) -> Iterator[SqlStore]:
    """A second program at the same PostgreSQL database."""
    opened = connect(postgres_url_ready)
    yield opened
    opened.close()
