"""Migrations: they make exactly the tables this program works with, and say what is missing."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from invoice_gateway.engine.ports import StoreUnavailable
from invoice_gateway.store import SchemaOutdated, check, connect, upgrade
from invoice_gateway.store.tables import metadata

from .guarded import statements


def described(connection: sa.Connection) -> dict[str, object]:
    """Tables, columns, keys, indexes and triggers, as the database describes them."""
    inspector = sa.inspect(connection)
    found: dict[str, object] = {}
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        found[table] = [
            [{**each, "type": str(each["type"])} for each in inspector.get_columns(table)],
            inspector.get_pk_constraint(table),
            sorted(inspector.get_unique_constraints(table), key=str),
            sorted(inspector.get_foreign_keys(table), key=str),
            sorted(each["name"] for each in inspector.get_indexes(table)),
        ]
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') ORDER BY 1"
    else:
        query = (
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal "
            "UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "AND tablename <> 'alembic_version' ORDER BY 1"
        )
    found["definitions"] = [tuple(row) for row in connection.exec_driver_sql(query)]
    return found


def test_an_empty_database_is_brought_up_once(database_url: str):
    """Before that, it says what to run; afterwards there is nothing to do."""
    with pytest.raises(SchemaOutdated, match="run: invoice-gateway db upgrade"):
        check(database_url)

    steps = upgrade(database_url)

    assert steps[0] == "0001_core"
    check(database_url)
    assert upgrade(database_url) == []


def test_the_steps_lead_to_the_tables_of_the_program(database_url: str):
    """Alembic finds no difference, and neither does the database itself."""
    upgrade(database_url)
    store = connect(database_url)
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        migrated = described(connection)
    with store.engine.begin() as connection:
        metadata.drop_all(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP FUNCTION refuse_change")
        metadata.create_all(connection)
        for statement in statements(connection.dialect.name):
            connection.execute(sa.text(statement))
        created = described(connection)
    store.close()

    assert migrated == created


def test_many_may_upgrade_at_once(database_url: str):
    """One does the work, the others wait and find it done."""
    with ThreadPoolExecutor(3) as pool:
        steps = [each.result(60) for each in [pool.submit(upgrade, database_url) for _ in range(3)]]

    assert sorted(map(len, steps))[:2] == [0, 0]
    assert max(steps, key=len)[0] == "0001_core"


def test_many_may_begin_with_a_new_file_at_once(tmp_path):
    """SQLite does not wait there: who loses the race for the write-ahead log hears "locked"."""
    stores = [connect(f"sqlite:///{tmp_path}/{file}.db") for file in range(30) for _ in range(4)]
    together = threading.Barrier(4)

    def touch(store):
        together.wait(30)
        with store.session() as session:
            return session.read(sa.text("PRAGMA journal_mode"))[0][0]

    with ThreadPoolExecutor(4) as pool:
        assert {*pool.map(touch, stores)} == {"wal"}
    for store in stores:
        store.close()


def test_a_newer_database_is_left_alone(database_url: str):
    """An old program neither works with it nor changes it."""
    upgrade(database_url)
    store = connect(database_url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_future'")
    store.close()

    for act in (check, upgrade):
        with pytest.raises(SchemaOutdated, match=r"9999_future.*newer version"):
            act(database_url)


def test_work_without_tables_says_what_to_run(database_url: str):
    """Not a traceback about a missing relation."""
    store = connect(database_url)

    with pytest.raises(StoreUnavailable, match="run: invoice-gateway db upgrade"):
        store.counts()
    store.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://host/db", "keeps its data in SQLite"),
        ("not a url", "cannot be read"),
    ],
)
def test_other_databases_are_refused(url: str, said: str):
    """With the two that can be had."""
    with pytest.raises(ValueError, match=said):
        connect(url)


def test_the_short_form_of_a_url_will_do():
    """`postgresql://` means the driver that comes along."""
    assert connect("postgresql://u:secret@h/d").place == "PostgreSQL at h:5432/d"
