"""Columns arrive as they were given, whatever is in them and however they travel."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from invoice_gateway.model.decision import Scope
from invoice_gateway.model.invoice import Invoice, Kind, Line
from invoice_gateway.model.status import Axis, Status
from invoice_gateway.store import SqlStore, packing, rows, sql
from invoice_gateway.store.tables import metadata

from .build import invoice, key, put

ODD = ("", "a", "NULL", "None", "\\N", "\\", '"', "{}", ",", "a\tb", "a\nb", "a\rb", "\u20ac", "%s")
TEXTS: dict[str, list[str | None]] = {
    "plain": ["a", "b", "c"],
    "odd": [*ODD],
    "some missing": ["a", None, 'b"', None],
    "none there": [None, None],
    "all the same": ["x"] * 5,
    "all the same and odd": ['\\"'] * 5,
    "one": ["x"],
    "one missing": [None],
}
NUMBERS: dict[str, list[int | None]] = {
    "different": [*range(-3, 90), 1 << 60],
    "repeating": [7, 7, 7, 8, 8, 1 << 40] * 20,
    "the same": [5] * 9,
    "some missing": [*range(40), None, 7],
    "none there": [None] * 3,
    "one": [-1],
}
VALUES = TEXTS | {f"numbers {name}": found for name, found in NUMBERS.items()}


@pytest.fixture
def table(postgres_store: SqlStore) -> sa.Table:
    """A table that takes a number and, before and after it, what may be missing."""
    made = sa.Table(
        "odd",
        sa.MetaData(),
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("number", sa.BigInteger),
        sa.Column("amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("text", sa.Text),
        sa.Column("flag", sa.Boolean, nullable=False),
    )
    made.create(postgres_store.engine)
    return made


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("way", ["array", "copy"])
def test_what_is_written_is_read(
    postgres_store: SqlStore, table: sa.Table, values: list[Any], way: str
):
    """As an array and by COPY, beside columns that say the same in every row and others."""
    number = "amount" if None not in values else "number"
    named = number if any(isinstance(each, int) for each in values) else "text"
    bulk = sql.inserting(table, ("flag", "id", named))
    columns = [[True] * len(values), [*range(len(values))], values]
    with postgres_store.engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        if way == "copy":
            with driver.cursor() as cursor, cursor.copy(bulk.copy) as copy:
                for chunk in bulk.chunks(columns):
                    copy.write(chunk)
        else:
            connection.exec_driver_sql(bulk.postgresql, bulk.arrays(columns))
        found = connection.execute(
            sa.select(table.c.flag, table.c[named]).order_by(table.c.id)
        ).fetchall()

    assert [tuple(row) for row in found] == [(True, value) for value in values]


def test_rows_that_say_the_same_are_as_many(table: sa.Table):
    """A COPY of rows without any difference."""
    bulk = sql.inserting(table, ("flag", "text"))
    [chunk] = bulk.chunks([[True] * 3, ["\\"] * 3])

    assert chunk == "True\t\\\\\n" * 3


@pytest.mark.parametrize("odd", [*ODD, "\0", "\x1f", "\x7f", "\xff", "\ud800"])
def test_headers_are_json(odd: str):
    """Compact, in the order given, also beside ordinary ones."""
    many = [{"a": "b", "c": "d"}, {}, {"a": odd, odd: "%"}, {"%": "a"}]

    texts = packing.headers_texts(many)

    assert texts == [json.dumps(each, separators=(",", ":")) for each in many]
    assert [packing.headers_text(each) for each in many] == texts


def test_a_new_line_that_is_not_as_posted_keeps_its_state(store: SqlStore):
    """Beside one of the same invoice, and other invoices, whose lines are."""
    moved = Line("2", Kind.ITEM, 50, settled=20, customer=Axis(Status.PAID, Status.NEW))
    mixed = invoice("B", lines=(Line("1", Kind.ITEM, 950), moved))
    put(store, invoice("A", 100, 200), mixed, invoice("C", 300))

    with store.work() as work:
        book = work.load([Scope(invoices=(key("A"), key("B"), key("C")))])

    for expected in (invoice("A", 100, 200), mixed, invoice("C", 300)):
        found = book.get(Invoice, expected.key)
        assert found is not None
        assert found.lines == tuple(each._replace(terms=None) for each in expected.lines)


def test_an_equal_row_is_an_equal_account():
    """Nothing of a row is overlooked when an account is remembered."""
    row = ("C1", *(f"{name}" for name in rows.ACCOUNT_ROW))
    first = rows.account(row, ("R1",))

    assert rows.account(row, ("R1",)) is first
    assert rows.account(row, ("R1", "R2")).ancestors == ("R1", "R2")
    for at, name in enumerate(("party", *rows.ACCOUNT_ROW)):
        other = rows.account((*row[:at], "other", *row[at + 1 :]), ("R1",))
        assert getattr(other, name) == "other"
        assert other != first


def test_every_table_has_columns_that_can_be_written():
    """Each has its encoders, for arrays and for COPY."""
    for each in metadata.tables.values():
        bulk = sql.inserting(each, [column.name for column in each.columns])
        assert len(bulk.encoders) == len(bulk.copy_encoders) == len(each.columns)
