"""The history of accounts from the entities of a book, as a store makes it from its rows."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count

from invoice_gateway.model import history as model
from invoice_gateway.model.decision import Book
from invoice_gateway.model.history import Bill, Entry, History, Move, Paper, Purse
from invoice_gateway.model.invoice import RECOVERY, Invoice
from invoice_gateway.model.ledger import (
    Account,
    Allocation,
    AllocationState,
    Memo,
    Reversal,
    Source,
)


def histories(book: Book, at: datetime) -> list[History]:
    """Return the history of every account, all of it recorded at `at`; without disputes."""
    entries = [each for each in _entries(book, at) if each is not None]
    return [
        History(
            party=account.party,
            entries=tuple(each for each in entries if each.account == account.party),
        )
        for account in book.all(Account)
    ]


def bill(invoice: Invoice, at: datetime | None = None) -> Bill:
    """Return an invoice as entries see it."""
    return Bill(
        invoice.key,
        invoice.account,
        invoice.currency,
        invoice.kind,
        invoice.lifecycle,
        invoice.issue_date,
        invoice.due_date,
        invoice.cause,
        at,
    )


def purse(source: Source, at: datetime | None = None) -> Purse:
    """Return a source as entries see it."""
    return Purse(source.key, source.currency, source.origin, source.value_date, source.cause, at)


def _entries(book: Book, at: datetime) -> Iterator[Entry | None]:
    number = count(1)
    bills = {each.key: bill(each, at) for each in book.all(Invoice)}
    purses = {each.key: purse(each, at) for each in book.all(Source)}
    reversed_on = {(each.source, each.cause): each.reversed_on for each in book.all(Reversal)}
    for invoice in book.all(Invoice):
        recovers = invoice.key.number.startswith(RECOVERY)
        amount = invoice.lines[0].amount if recovers else invoice.amount
        yield model.billed(next(number), bills[invoice.key], amount)
    for memo in book.all(Memo):
        if memo.invoice is not None:
            said = (memo.doc_type, memo.key.number, memo.amount, memo.applied, memo.issued_on)
            yield model.adjusted(next(number), bills[memo.invoice], Paper(*said, memo.cause, at))
    for source in book.all(Source):
        yield model.received(next(number), purses[source.key], source.amount)
    for each in book.all(Allocation):
        if each.state is AllocationState.RESERVED or not each.version:
            continue
        ends = bills[each.invoice], purses[each.source]
        day = reversed_on.get((each.source, each.cause))
        move = Move(each.posted_on, each.cause, day, at)
        entry = model.allocated(next(number), *ends, each.amount, move)
        yield entry
        if entry is not None and each.removed_on is not None:
            day = reversed_on.get((each.source, each.removed_by or ""))
            yield model.removed(entry, Move(each.removed_on, each.removed_by or "", day, at))
    for one in book.all(Reversal):
        move = Move(one.reversed_on, one.cause, None, at)
        yield model.given_back(
            next(number), purses[one.source], one.kind, one.reference, one.amount, move
        )
