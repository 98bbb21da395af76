"""I-09 and the reports of §5.3: journal, statements and agings say what the caches say."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from invoice_gateway.model.journal import Transaction, component
from invoice_gateway.model.statement import BUCKETS, Aging, Period, Statement, agings, statements
from invoice_gateway.store import SqlStore, history, journal, tables
from invoice_gateway.store.connection import Session

Sums = Counter[tuple[str, str]]
"""Amounts by (account of the journal, currency), without zeros."""
FAR = date(2999, 12, 31)
SUMS = {
    "Assets:Receivable": (tables.invoice, "pending", None, 1),
    "Liabilities:Unapplied": (tables.source, "remaining", "payment", -1),
    "Liabilities:OpenCredit": (tables.source, "remaining", "open-credit", -1),
    "Liabilities:Wallet": (tables.source, "remaining", "wallet", -1),
}
"""Where the caches are: table, column, type of source, and the sign in the journal."""
OWED = sa.and_(
    tables.invoice.c.lifecycle.in_(("Issued", "Cancelled")), tables.invoice.c.kind != "topup"
)


def judge(store: SqlStore) -> None:
    """Compare all of it at one moment.

    Raises:
        AssertionError: it does not agree.
    """
    with store.session() as session:
        found = [*journal.transactions(session)]
        for each in found:
            assert sum(posting.amount for posting in each.postings) == 0, each
            assert len({posting.currency for posting in each.postings}) == 1, each
        stands = _caches(session)
        assert _balances(found) == stands
        disputed = _disputed(session)
        for loaded in history.load(session, history.parties(session)):
            assert all(entry.recorded is not None for entry in loaded.entries), loaded
            for aging in agings(loaded, Period(FAR)):
                _judge_aging(aging, stands, disputed)
            for statement in statements(loaded, Period(FAR)):
                _judge_statement(statement, stands)


def _judge_aging(found: Aging, stands: Sums, disputed: Sums) -> None:
    assert sum(getattr(found, name) for name in BUCKETS) == found.holdings.receivable
    party = component(found.account)
    assert found.holdings.receivable == stands[f"Assets:Receivable:{party}", found.currency]
    assert found.disputed == disputed[found.account, found.currency]


def _judge_statement(found: Statement, stands: Sums) -> None:
    party = component(found.account)
    whole = sum(stands[f"{name}:{party}", found.currency] for name in SUMS)
    assert found.opening + sum(line.amount for line in found.lines) == found.closing == whole


def _balances(transactions: Iterable[Transaction]) -> Sums:
    """What the accounts of parties stand at by the journal."""
    found: Sums = Counter()
    for each in transactions:
        for account, amount, currency in each.postings:
            if account.startswith(tuple(SUMS)):
                found[account, currency] += amount
    return _without_zeros(found)


def _caches(session: Session) -> Sums:
    """What they stand at by the caches."""
    found: Sums = Counter()
    for name, (table, column, kind, sign) in SUMS.items():
        wanted = OWED if kind is None else table.c.type == kind
        statement = sa.select(table.c.account, table.c.currency, table.c[column]).where(wanted)
        for party, currency, amount in session.read(statement):
            found[f"{name}:{component(party)}", currency] += sign * amount
    for kind, party, currency, amount in session.read(_put_aside()):
        name = next(name for name, (*_, its, _) in SUMS.items() if its == kind)
        found[f"{name}:{component(party)}", currency] -= amount
    return _without_zeros(found)


def _put_aside() -> sa.Select[tuple[str, str, str, int]]:
    """What is reserved, or put on an offer: it is no income yet, and still the customer's."""
    table, invoice = tables.allocation.c, tables.invoice.c
    return (
        sa.select(tables.source.c.type, tables.source.c.account, table.currency, table.amount)
        .join(tables.source, tables.source.c.id == table.source_id)
        .join(tables.invoice, invoice.id == table.invoice_id)
        .where(
            sa.or_(
                table.state == "reserved",
                sa.and_(table.state == "posted", invoice.lifecycle == "Sent"),
            )
        )
    )


def _disputed(session: Session) -> Sums:
    """What is under dispute by the caches, by party and currency."""
    found: Sums = Counter()
    invoice = tables.invoice.c
    statement = sa.select(invoice.account, invoice.currency, invoice.pending - invoice.payable)
    for party, currency, amount in session.read(statement.where(OWED)):
        found[party, currency] += amount
    return found


def _without_zeros(found: Sums) -> Sums:
    return Counter({key: amount for key, amount in found.items() if amount})
