"""What every test may ask for: a clean virtual host, a clean database, or a service of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from invoice_gateway.store import upgrade
from tests.engine_harness import Databases
from tests.services import PostgreSQL, RabbitMQ, Services, open_postgresql, open_rabbitmq
from tests.services.find import SOURCES

SERVICES = Services()
PRIVATE = {name: os.environ[name] for name in [SOURCES] if name in os.environ}
NEEDS = {"rabbitmq_server": "rabbitmq", "postgresql_server": "postgresql"}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start what the chosen tests need while the ones that need nothing already run."""
    if session.config.option.collectonly:
        return
    names = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if "database_url" in names:
        names.add("postgresql_server")
    SERVICES.begin(NEEDS[name] for name in names & NEEDS.keys())


def pytest_sessionfinish() -> None:
    """End the services, whatever happened in between."""
    SERVICES.close()


@pytest.fixture(scope="session")
def rabbitmq_server() -> RabbitMQ:
    """The broker that all tests share. Leave it running: to stop one, take `own_rabbitmq`."""
    return SERVICES.rabbitmq()


@pytest.fixture(scope="session")
def postgresql_server() -> PostgreSQL:
    """The database server that all tests share. To stop one, take `own_postgresql`."""
    return SERVICES.postgresql()


@pytest.fixture
def amqp_url(rabbitmq_server: RabbitMQ) -> Iterator[str]:
    """The URL of a virtual host that no other test sees."""
    url = rabbitmq_server.new_vhost()
    yield url
    rabbitmq_server.release(url)


@pytest.fixture
def postgres_url(postgresql_server: PostgreSQL) -> Iterator[str]:
    """The SQLAlchemy URL of a database that no other test sees."""
    url = postgresql_server.new_database()
    yield url
    postgresql_server.release(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The SQLAlchemy URL of a clean database: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="module")
def own_rabbitmq() -> Iterator[RabbitMQ]:
    """A broker for this module alone, to be killed, paused and started at will."""
    broker = open_rabbitmq(environ=PRIVATE)
    yield broker
    broker.kill(settle_s=0)


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[PostgreSQL]:
    """A database server for this module alone, with real fsync, to be stopped at will."""
    server = open_postgresql(environ=PRIVATE)
    yield server
    server.stop("kill")


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
