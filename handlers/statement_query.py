"""StatementQuery: somebody asks what an account owed on a day, and how it came about or how old."""

from dataclasses import dataclass
from datetime import date, datetime

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    History,
    Period,
    Reach,
    Role,
    Scope,
    answers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementQuery:
    """A question; without `as_of` it is about the day it counts from."""

    customer: str
    aging: bool
    begins: date | None
    as_of: date | None
    known_at: datetime | None


def read(document: Document) -> StatementQuery:
    """Read a question.

    Raises:
        Rejected: `date-range`, when the period ends before it begins.
    """
    begins, as_of = document.maybe_day("From"), document.maybe_day("AsOf")
    if begins is not None and as_of is not None and begins > as_of:
        raise document.refuse(
            Code.DATE_RANGE, "From", f"{begins} is after AsOf {as_of}", "a day not after AsOf"
        )
    return StatementQuery(
        customer=document.text("Customer"),
        aging=document.text("Kind") == "aging",
        begins=begins,
        as_of=as_of,
        known_at=document.moment("KnownAt") if document.has("KnownAt") else None,
    )


def scope(message: StatementQuery, _: Context) -> Scope:
    """Ask for the account and all its history."""
    return Scope(accounts=(message.customer,), history=(message.customer,))


def decide(message: StatementQuery, book: Book, context: Context) -> Decision:
    """Report the statement or the aging of the account; nothing changes (§5.3).

    Raises:
        Parked: `unknown-party`.
        Rejected: `forbidden` or `report-too-large`.
    """
    draft = Draft(book, context)
    account = draft.account(message.customer)
    history = draft.get(History, account.party)
    assert history is not None
    period = Period(message.as_of or context.today, message.begins, message.known_at)
    answer = answers.aging if message.aging else answers.statement
    return answers.answered(context, [answer(history, period, context.now)])


HANDLER = Handler(
    message="StatementQuery",
    rights={
        Role.PARTNER: Reach.BENEATH,
        Role.OWNER: Reach.OWN,
        Role.ERP: Reach.ANY,
        Role.FINANCIALS: Reach.ANY,
    },
    read=read,
    scope=scope,
    decide=decide,
    reads_history=True,
)
