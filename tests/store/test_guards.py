"""What was posted stays as it was posted, even for somebody with a database shell."""

import pytest
import sqlalchemy as sa

from invoice_gateway.model.ledger import AllocationState, MemoPart, Part, Reversal, ReversalKind
from invoice_gateway.store import SqlStore, tables

from .build import (
    ACME,
    NOW,
    account,
    allocation,
    event,
    invoice,
    memo,
    paid_by,
    payment,
    put,
    saving,
)
from .guarded import IMMUTABLE, INSERT_ONLY, ISSUED, POSTED

LATER = {"invoice": ISSUED, "allocation": POSTED}


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    """A store with a row in every guarded table."""
    put(
        store,
        account(),
        invoice("I-1"),
        payment("P-1"),
        allocation("P-1", 1, "I-1", Part("1", 1), state=AllocationState.REMOVED),
        memo("CM-1", "I-1", MemoPart("1", 1, 1, 0)),
        Reversal(
            account=ACME,
            reference="R",
            source=paid_by("P-1"),
            kind=ReversalKind.REFUND,
            currency="EUR",
            amount=1,
            reversed_on=NOW.date(),
        ),
    )
    with store.work() as work:
        work.save(saving(events=[event("e-1")]))
        work.commit()
    return store


def refused(store: SqlStore, statement: str) -> bool:
    """Whether the database refuses a statement, saying why."""
    with store.engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement)
        except sa.exc.DBAPIError as error:
            return "refused: what was posted stays as it was posted" in str(error.orig)
    return False


def test_insert_only_tables_refuse_everything_else(filled: SqlStore):
    """No update of any column, no deletion."""
    for name in INSERT_ONLY:
        column = next(iter(tables.metadata.tables[name].c)).name
        assert refused(filled, f"UPDATE {name} SET {column} = {column}"), name
        assert refused(filled, f"DELETE FROM {name}"), name


def test_immutable_columns_refuse_updates(filled: SqlStore):
    """Each of them; the others may change."""
    for name, columns in IMMUTABLE.items():
        assert refused(filled, f"DELETE FROM {name}"), name
        for column in tables.metadata.tables[name].c:
            expected = column.name in (*columns, *LATER.get(name, ()))
            change = f"UPDATE {name} SET {column.name} = {column.name}"
            assert refused(filled, change) is expected, change
