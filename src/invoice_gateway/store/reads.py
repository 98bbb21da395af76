"""The statements that load a book: one per table, each built once per database and kept.

Every function takes `postgresql` and returns a statement whose parameters are filled by `sql.keys`
or `sql.numbers`. Unions take the names of their parts: nothing is looked up that nobody asked for.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from . import rows, tables
from .columns import ID
from .query import Query
from .rows_detail import DETAIL_ROW
from .shelf import BY_NAME, ORDERS, OWNED
from .sql import among, keyset, keyset_query
from .tables import (
    account,
    dispute,
    event,
    invoice,
    invoice_detail,
    invoice_line,
    line_state,
    memo,
    memo_part,
    notice,
    reversal,
    source,
)

BY_ONE_KEY: Final[Mapping[str, sa.Column[Any]]] = {
    "dispute": dispute.c.id,
    **{name: each.table.c[each.keys[0]] for name, each in OWNED.items()},
}
"""What is named by one key, without its account."""
DEEPEST = 32
"""How many resellers may stand above an account: bounds the walk if parents ever form a circle."""

STANDING: Final = ("exposure", "past_due", "past_due_clear")
"""What `standings` counts."""

Ids = sa.Select[tuple[int]]
Part = Callable[[bool], Ids]


@cache
def owners(parts: tuple[str, ...], postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return (kind, key, key or "", account) of what is named without its account."""
    found = []
    for part in parts:
        if part in BY_ONE_KEY:
            one = BY_ONE_KEY[part]
            wanted = keyset(part, "key", postgresql=postgresql)
            columns: list[Any] = [wanted.c.key, sa.literal("")]
            join = one.table.join(wanted, one == wanted.c.key)
            owner: Any = one.table.c.account
        else:
            table = tables.metadata.tables[part]
            wanted = keyset(part, "issuer", "number", postgresql=postgresql)
            columns = [wanted.c.issuer, wanted.c.number]
            join = table.join(wanted, same(table, wanted, "issuer", "number"))
            owner = table.c.account
        found.append(sa.select(sa.literal(part), *columns, owner).select_from(join))
    return Query(sa.union_all(*found))


def same(table: sa.FromClause, other: sa.FromClause, *names: str) -> sa.ColumnElement[bool]:
    """Return the condition that both tables agree in the columns `names`."""
    return sa.and_(*(table.c[name] == other.c[name] for name in names))


@cache
def accounts(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the accounts named `account`, once per ancestor, nearest first.

    The last column tells whether the account has orders under review.
    """
    wanted = keyset("account", "party", postgresql=postgresql)
    up = (
        sa.select(account.c.party, account.c.parent.label("ancestor"), sa.literal(1).label("depth"))
        .join(wanted, wanted.c.party == account.c.party)
        .where(account.c.parent.is_not(None))
        .cte("up", recursive=True)
    )
    up = up.union_all(
        sa.select(up.c.party, account.c.parent, up.c.depth + 1)
        .join(account, account.c.party == up.c.ancestor)
        .where(account.c.parent.is_not(None), up.c.depth < DEEPEST)
    )
    order = tables.customer_order
    reviewed = sa.exists().where(
        order.c.account == account.c.party,
        sa.text(f"customer_order.{tables.OPEN_ORDER}"),
        order.c.status == "UnderReview",
    )
    return Query(
        sa.select(account, up.c.ancestor, reviewed)
        .join(wanted, wanted.c.party == account.c.party)
        .outerjoin(up, up.c.party == account.c.party)
        .order_by(account.c.party, up.c.depth)
    )


def invoice_ends() -> list[Any]:
    """Return the natural key of a joined invoice as columns."""
    return [invoice.c.issuer.label("invoice_issuer"), invoice.c.number.label("invoice_number")]


def source_ends() -> list[Any]:
    """Return the natural key of a joined source as columns."""
    return [
        source.c.account.label("source_account"),
        source.c.type.label("source_type"),
        source.c.reference.label("source_reference"),
    ]


# -- invoices ---------------------------------------------------------------------------------


def _invoices_named(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
    wanted = keyset("invoice", "issuer", "number", postgresql=postgresql)
    return sa.select(invoice.c.id).join(wanted, same(invoice, wanted, "issuer", "number"))


def _invoices_open(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
    wanted = keyset("open", "account", postgresql=postgresql)
    return (
        sa.select(invoice.c.id)
        .join(wanted, invoice.c.account == wanted.c.account)
        .where(sa.text(tables.OPEN_AUTO))
    )


_OPEN = "n.payable > 0 AND n.auto_allocate"
_WALK = f"""
    WITH RECURSIVE
    currencies (account, currency, bound) AS (
        SELECT b.account, (SELECT min(n.currency) FROM invoice n
                           WHERE n.account = b.account AND {_OPEN}), b.bound
        FROM ({{any_currency}}) b
        UNION ALL
        SELECT c.account, (SELECT min(n.currency) FROM invoice n
                           WHERE n.account = c.account AND n.currency > c.currency AND {_OPEN}),
               c.bound
        FROM currencies c WHERE c.currency IS NOT NULL
    ),
    bounds (account, currency, bound) AS (
        SELECT account, currency, CAST(sum(CAST(bound AS BIGINT)) AS BIGINT) FROM (
            SELECT account, currency, bound FROM currencies WHERE currency IS NOT NULL
            UNION ALL
            SELECT account, currency, bound FROM ({{one_currency}}) o
        ) every GROUP BY account, currency
    ),
    walk (account, currency, bound, id, issue_date, issuer, number, running) AS (
        SELECT b.account, b.currency, b.bound, i.id, i.issue_date, i.issuer, i.number, i.payable
        FROM bounds b JOIN invoice i ON i.id = (
            SELECT n.id FROM invoice n
            WHERE n.account = b.account AND n.currency = b.currency AND {_OPEN}
            ORDER BY n.issue_date, n.issuer, n.number LIMIT 1)
        UNION ALL
        SELECT w.account, w.currency, w.bound, i.id, i.issue_date, i.issuer, i.number,
               w.running + i.payable
        FROM walk w JOIN invoice i ON i.id = (
            SELECT n.id FROM invoice n
            WHERE n.account = w.account AND n.currency = w.currency AND {_OPEN}
              AND (n.issue_date, n.issuer, n.number) > (w.issue_date, w.issuer, w.number)
            ORDER BY n.issue_date, n.issuer, n.number LIMIT 1)
        WHERE w.running <= w.bound
    )
    SELECT id FROM walk
"""  # noqa: S608


def _invoices_reached(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
    """Walk the index of open invoices, oldest first, per account and currency, up to the money.

    One step of the index per invoice: what else is open, or settled, costs nothing. One invoice
    more than the money needs is loaded where the sums meet exactly.
    """
    one = keyset_query("one_currency", "account", "currency", "bound", postgresql=postgresql)
    every = keyset_query("any_currency", "account", "bound", postgresql=postgresql)
    query = sa.text(_WALK.format(one_currency=one, any_currency=every))
    walk = query.columns(sa.column("id", ID)).subquery("walk")
    return sa.select(walk.c.id)


def _invoices_ordered(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
    wanted = keyset("ordered", "order_ref", postgresql=postgresql)
    return (
        sa.select(invoice.c.id)
        .join(wanted, invoice.c.order_ref == wanted.c.order_ref)
        .where(sa.text("invoice.order_ref IS NOT NULL AND invoice.pending > 0"))
    )


INVOICE_PARTS: dict[str, Part] = {
    "invoice": _invoices_named,
    "ordered": _invoices_ordered,
    "open": _invoices_open,
    "reached": _invoices_reached,
}


@cache
def invoices(parts: tuple[str, ...], postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the invoices found by any of `parts` (`INVOICE_PARTS`), oldest first."""
    ids = sa.union(*(INVOICE_PARTS[part](postgresql) for part in parts)).subquery("ids")
    detail = [invoice_detail.c[name].label(f"detail_{name}") for name in DETAIL_ROW]
    return Query(
        sa.select(invoice, *detail)
        .join(ids, invoice.c.id == ids.c.id)
        .outerjoin(invoice_detail, invoice_detail.c.invoice_id == invoice.c.id)
        .order_by(invoice.c.issue_date, invoice.c.issuer, invoice.c.number)
    )


@cache
def lines(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the lines of the invoices numbered `invoices`, in document order."""
    state = line_state.c
    return Query(
        sa.select(
            invoice_line.c.invoice_id,
            invoice_line.c.line_no,
            invoice_line.c.kind,
            invoice_line.c.amount,
            *(state[name] for name in rows.LINE_STATE_ROW),
        )
        .outerjoin(line_state, same(line_state, invoice_line, "invoice_id", "position"))
        .where(among(invoice_line.c.invoice_id, "invoices", postgresql=postgresql))
        .order_by(invoice_line.c.invoice_id, invoice_line.c.position)
    )


@cache
def rates(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the rates that count on the days wanted, by base and quote: one row at most for each.

    Each is found through the key of the table, however many days are known.
    """
    wanted = keyset("rate", "base", "quote", "day", postgresql=postgresql)
    rate = tables.rate
    day: Any = sa.cast(wanted.c.day, sa.Date) if postgresql else wanted.c.day
    newest = (
        sa.select(rate.c.day)
        .where(same(rate, wanted, "base", "quote"), rate.c.day <= day)
        .order_by(rate.c.day.desc())
        .limit(sa.literal_column("1"))
        .correlate(wanted)
        .scalar_subquery()
    )
    its = tables.rate.alias("its")
    found = sa.and_(same(its, wanted, "base", "quote"), its.c.day == newest)
    return Query(sa.select(its).distinct().select_from(wanted.join(its, found)))


# -- orders and what else is kept one row each -----------------------------------------------


@cache
def shelved(name: str, postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return what is on this shelf under the keys named."""
    return BY_NAME[name].find(postgresql)


@cache
def shelved_lines(name: str, postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return (key, *line) of what is on this shelf."""
    return BY_NAME[name].find_lines(postgresql)


@cache
def open_orders(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the orders on terms of the accounts `credit` that are not done with, oldest first."""
    table = tables.customer_order
    found = ORDERS.found_by("credit", ("account",), postgresql=postgresql)
    return Query(
        found.where(sa.text(f"customer_order.{tables.OPEN_ORDER}"), table.c.method == "terms")
        .order_by(None)
        .order_by(table.c.placed_at, table.c.reference)
    )


@cache
def standings(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the `STANDING` of the accounts `credit` that owe something, each after its name.

    Through the index of invoices with something pending: what is settled costs nothing.
    """
    wanted = keyset("credit", "account", postgresql=postgresql)
    waits = sa.and_(
        invoice.c.kind == "request", sa.func.coalesce(invoice_detail.c.execution, "") == "pending"
    )
    late = invoice.c.due_date < sa.cast(sa.bindparam("today", type_=sa.Text), sa.Date)
    if not postgresql:
        late = invoice.c.due_date < sa.bindparam("today", type_=sa.Text)
    counted = sa.case(
        (invoice.c.currency == account.c.selling_currency, invoice.c.pending), else_=0
    )
    past = sa.case((late, 1), else_=0)
    clear = sa.case((sa.and_(late, invoice.c.payable > 0), 1), else_=0)
    return Query(
        sa.select(
            account.c.party,
            *(
                sa.cast(sa.func.sum(each), sa.BigInteger).label(name)
                for name, each in zip(STANDING, (counted, past, clear), strict=True)
            ),
        )
        .select_from(account)
        .join(wanted, account.c.party == wanted.c.account)
        .join(invoice, invoice.c.account == account.c.party)
        .outerjoin(invoice_detail, invoice_detail.c.invoice_id == invoice.c.id)
        .where(sa.text("invoice.pending > 0"), invoice.c.lifecycle == "Issued", sa.not_(waits))
        .group_by(account.c.party)
    )


# -- events -----------------------------------------------------------------------------------


def events() -> sa.Select[Any]:
    """Return the select of events, with `stored`: what holds both body and headers."""
    return sa.select(event, sa.type_coerce(event.c.body, sa.LargeBinary).label("stored"))


# -- disputes and documents -------------------------------------------------------------------


@cache
def disputes(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the disputes named `dispute`."""
    wanted = keyset("dispute", "id", postgresql=postgresql)
    return Query(_disputes().join(wanted, dispute.c.id == wanted.c.id))


@cache
def open_disputes(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the open disputes of the invoices numbered `invoices`."""
    found = _disputes().where(
        sa.text("dispute.state = 'open'"),
        among(dispute.c.invoice_id, "invoices", postgresql=postgresql),
    )
    return Query(found)


def _disputes() -> sa.Select[Any]:
    return (
        sa.select(dispute, *invoice_ends())
        .join(invoice, dispute.c.invoice_id == invoice.c.id)
        .order_by(dispute.c.opened_at, dispute.c.id)
    )


@cache
def memos(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the memos named `memo`."""
    wanted = keyset("memo", "issuer", "number", postgresql=postgresql)
    return Query(
        sa.select(memo, *invoice_ends())
        .join(wanted, same(memo, wanted, "issuer", "number"))
        .outerjoin(invoice, memo.c.invoice_id == invoice.c.id)
    )


@cache
def memo_parts(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return (memo, line, amount, applied, excess) of the memos numbered `memos`."""
    part = memo_part.c
    return Query(
        sa.select(part.memo_id, part.line_no, part.amount, part.applied, part.excess)
        .where(among(part.memo_id, "memos", postgresql=postgresql))
        .order_by(part.memo_id, part.position)
    )


@cache
def reversals(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the reversals named `reversal`."""
    wanted = keyset("reversal", "account", "reference", postgresql=postgresql)
    return Query(
        sa.select(reversal, *source_ends())
        .join(wanted, same(reversal, wanted, "account", "reference"))
        .join(source, reversal.c.source_id == source.c.id)
    )


@cache
def notices(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the notices named `notice`."""
    wanted = keyset("notice", "kind", "party", "notice_id", postgresql=postgresql)
    found = sa.select(notice)
    return Query(found.join(wanted, same(notice, wanted, "kind", "party", "notice_id")))
