"""The append-only rows as entries, and the whole history of some accounts."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from invoice_gateway.model import history as model
from invoice_gateway.model.history import Bill, Disputed, Entry, History, Move, Paper, Purse
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.safe import parse

from . import reads_history as reads
from . import sql
from .connection import Session
from .tables import account

TABLES: Final = ("invoice", "memo", "source", "allocation", "reversal")


def load(session: Session, accounts: Collection[str]) -> list[History]:
    """Return the history of each of `accounts`, in order; one statement per table for all.

    An account without entries, or without a row of its own, has an empty one.
    """
    if not accounts:
        return []
    pg = session.postgresql
    named = [(account,) for account in dict.fromkeys(accounts)]
    parameters = sql.keys("history", "account", rows=named, postgresql=pg)
    found: dict[str, list[Entry]] = defaultdict(list)
    recorded: dict[Any, datetime | None] = {}
    for name, statement in reads.of_accounts(pg).items():
        for row in session.read(statement, parameters):
            for each in entries(name, row, recorded):
                found[each.account].append(each)
    disputed = _disputed(session, parameters)
    return [
        History(party=account, entries=tuple(found[account]), disputed=tuple(disputed[account]))
        for (account,) in named
    ]


def entries(name: str, row: Any, recorded: dict[Any, datetime | None]) -> Iterator[Entry]:  # noqa: ANN401 - a row of either driver
    """Yield the entries that a row is, if it counts.

    `recorded` collects when invoices and sources were recorded, which come first: what is about
    them was not known before.
    """
    at = getattr(row, "at", None)
    entry: Entry | None
    match name:
        case "invoice":
            recorded[_invoice(row)] = at
            entry = model.billed(row.id, _bill(row, recorded), row.amount)
        case "memo":
            paper = Paper(
                row.doc_type, row.number, row.amount, row.applied, row.issued_on, row.cause, at
            )
            entry = model.adjusted(row.id, _bill(row, recorded), paper)
        case "source":
            recorded[_source(row)] = at
            entry = model.received(row.id, _purse(row, recorded), row.amount)
        case "allocation":
            yield from _allocation(row, recorded)
            return
        case _:
            move = Move(row.reversed_on, row.cause, None, at)
            entry = model.given_back(
                row.id, _purse(row, recorded), row.kind, row.reference, row.amount, move
            )
    if entry is not None:
        yield entry


def _allocation(row: Any, recorded: dict[Any, datetime | None]) -> Iterator[Entry]:  # noqa: ANN401 - a row of either driver
    move = Move(row.posted_on, row.cause, row.reversed_on, getattr(row, "at", None))
    entry = model.allocated(row.id, _bill(row, recorded), _purse(row, recorded), row.amount, move)
    if entry is None:
        return
    yield entry
    if row.removed_on is not None:
        taken = Move(
            row.removed_on,
            row.removed_by or "",
            row.removed_by_reversal_on,
            getattr(row, "removed_at", None),
        )
        yield model.removed(entry, taken)


def _invoice(row: Any) -> InvoiceKey:  # noqa: ANN401 - a row of either driver
    return InvoiceKey(row.bill_issuer, row.bill_number)


def _source(row: Any) -> SourceKey:  # noqa: ANN401 - a row of either driver
    return SourceKey(row.purse_account, row.purse_type, row.purse_reference)


def _bill(row: Any, recorded: dict[Any, datetime | None]) -> Bill:  # noqa: ANN401 - a row of either driver
    key = _invoice(row)
    return Bill(
        key,
        row.bill_account,
        row.bill_currency,
        row.bill_kind,
        row.bill_lifecycle,
        row.bill_issue_date,
        row.bill_due_date,
        row.bill_cause,
        recorded.get(key),
    )


def _purse(row: Any, recorded: dict[Any, datetime | None]) -> Purse:  # noqa: ANN401 - a row of either driver
    key = _source(row)
    return Purse(
        key,
        row.purse_currency,
        row.purse_origin,
        row.purse_value_date,
        row.purse_cause,
        recorded.get(key),
    )


# -- disputes ---------------------------------------------------------------------------------


def _disputed(session: Session, parameters: dict[str, str]) -> dict[str, list[Disputed]]:
    """Return the disputes of the accounts that `parameters` name, by account."""
    pg = session.postgresql
    rows = {row.id: row for row in session.read(reads.disputes(pg), parameters)}
    found: dict[str, list[Disputed]] = defaultdict(list)
    if not rows:
        return found
    named = sql.keys("dispute", "id", rows=[(each,) for each in rows], postgresql=pg)
    amounts: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for dispute, at, body in session.read(reads.dispute_events(pg), named):
        amounts[dispute].append((at, Document(parse(body), "").money("Amount").minor))
    parts: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for invoice, line_no, entry, amount in session.read(reads.disputed_parts(pg), named):
        parts[invoice, line_no][entry] = amount
    for row in rows.values():
        found[row.bill_account].append(
            Disputed(
                _invoice(row),
                row.line_amount,
                row.opened_at,
                row.closed_at,
                tuple(amounts[row.id]) or ((row.opened_at, row.amount),),
                parts[row.invoice_id, row.line_no],
            )
        )
    return found


# -- who has a history ------------------------------------------------------------------------


def parties(session: Session, party: str | None = None) -> list[str]:
    """Return the ids of all accounts in order, or of this one if there is such an account."""
    statement = sa.select(account.c.party).order_by(account.c.party)
    if party is not None:
        statement = statement.where(account.c.party == party)
    return [row.party for row in session.read(statement)]
