"""Between entities and rows: what each entity writes to its tables, and how it is read back.

The `*_ROW` tuples name the columns in the order in which the function beside them gives the values;
values are what both databases take as they are (numbers, texts, ISO dates and instants).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, repeat
from operator import attrgetter, ne
from typing import Any, Final

from invoice_gateway.model.allocation import payable
from invoice_gateway.model.detail import PLAIN, Detail
from invoice_gateway.model.forex import Carry
from invoice_gateway.model.invoice import (
    Closure,
    Confirmation,
    Derived,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Kind,
    Lifecycle,
    Line,
    LineTerms,
    Settlement,
)
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.ledger import Account
from invoice_gateway.model.status import Axis, Status

from .columns import instant

Row = tuple[Any, ...]

DAYS_KEPT: Final = 1_000
"""So many dates are remembered as texts: most are near today."""


@lru_cache(maxsize=DAYS_KEPT)
def day(value: date | None) -> str | None:
    """Return a date as both databases take it."""
    return None if value is None else value.isoformat()


@lru_cache(maxsize=DAYS_KEPT)
def moment(value: datetime) -> str:
    """Return a moment at which something wakes, as both databases take it: mostly midnights."""
    return instant(value)


NO_CARRY: Final = (None, None, None)
NOT_CARRIED: Final = (None, None)


def carry(row: Any) -> Carry | None:  # noqa: ANN401 - a row of either driver
    """Return the value in the accounting currency that a row of an invoice or source holds."""
    if row.carrying is None:
        return None
    return Carry(row.accounting_currency, row.rate, row.carrying, row.carry_open, row.carry_settled)


# -- accounts ---------------------------------------------------------------------------------

ACCOUNT_ROW: Final = (
    "party_class",
    "name",
    "parent",
    "address",
    "tax_ids",
    "selling_currency",
    "accounting_currency",
    "timezone",
    "terms_approved",
    "terms_days",
    "credit_limit",
    "auto_allocate",
    "request_cancellation_days",
    "reminder_days",
    "suspension_days",
    "deletion_days",
    "money_back_days",
    "as_of",
    "cause",
)
ACCOUNTS_KEPT: Final = 5_000
"""So many are remembered: rows that are read again and again, and seldom change."""


def account_row(account: Account) -> Row:
    """Return the party, then the values of `ACCOUNT_ROW`."""
    *values, as_of, cause = attrgetter(*ACCOUNT_ROW)(account)
    return (account.party, *values, as_of and instant(as_of), cause)


@lru_cache(maxsize=ACCOUNTS_KEPT)
def account(row: Row, ancestors: tuple[str, ...]) -> Account:
    """Return the account that `row` holds, as (party, *ACCOUNT_ROW); the same for an equal row."""
    (
        party,
        party_class,
        name,
        parent,
        address,
        tax_ids,
        selling_currency,
        accounting_currency,
        timezone,
        terms_approved,
        terms_days,
        credit_limit,
        auto_allocate,
        request_cancellation_days,
        reminder_days,
        suspension_days,
        deletion_days,
        money_back_days,
        as_of,
        cause,
    ) = row
    return Account(
        party=party,
        party_class=party_class,
        name=name,
        parent=parent,
        ancestors=ancestors,
        address=address,
        tax_ids=tax_ids,
        selling_currency=selling_currency,
        accounting_currency=accounting_currency,
        timezone=timezone,
        terms_approved=terms_approved,
        terms_days=terms_days,
        credit_limit=credit_limit,
        auto_allocate=auto_allocate,
        request_cancellation_days=request_cancellation_days,
        reminder_days=reminder_days,
        suspension_days=suspension_days,
        deletion_days=deletion_days,
        money_back_days=money_back_days,
        as_of=as_of,
        cause=cause,
    )


# -- invoices ---------------------------------------------------------------------------------

INVOICE_ROW: Final = (
    "id",
    "issuer",
    "number",
    "account",
    "currency",
    "amount",
    "issue_date",
    "due_date",
    "kind",
    "order_ref",
    "payment_reference",
    "description",
    "content_hash",
    "cause",
    "accounting_currency",
    "rate",
    "carrying",
)
INVOICE_STATE_ROW: Final = (
    "lifecycle",
    "auto_allocate",
    "debit_memos",
    "credits",
    "written_off",
    "settled",
    "settled_by_credit",
    "pending",
    "payable",
    "status",
    "settlement_state",
    "contested",
    "confirmation",
    "closure_reason",
    "version",
    "discounts",
    "reserved",
    "carry_open",
    "carry_settled",
    "wake_at",
)
OFFER_ROW: Final = (
    "amount",
    "issue_date",
    "due_date",
    "description",
    "accounting_currency",
    "rate",
    "carrying",
)
"""What of an invoice may change until it is issued."""
LINE_ROW: Final = (
    "invoice_id",
    "position",
    "line_no",
    "kind",
    "amount",
    "description",
    "item_code",
    "quantity",
    "unit",
    "unit_price",
    "net",
    "tax_category",
    "tax_rate",
    "tax",
    "order_line",
)
LINE_STATE_ROW: Final = (
    "credited",
    "excess",
    "written_off",
    "settled",
    "disputed",
    "customer",
    "customer_shadow",
    "enterprise",
    "enterprise_shadow",
    "receipt_manual",
)
NO_TERMS: Final = LineTerms("")

KINDS: Final = {kind.value: kind for kind in Kind}
STATUSES: Final = {status.value: status for status in Status}
CLOSURES: Final[dict[str | None, Closure | None]] = {None: None} | {
    closure.value: closure for closure in Closure
}


def invoice_row(number: int, invoice: Invoice) -> Row:
    """Return the values of `INVOICE_ROW`."""
    return (
        number,
        *invoice.key,
        invoice.account,
        invoice.currency,
        invoice.amount,
        day(invoice.issue_date),
        day(invoice.due_date),
        invoice.kind,
        invoice.order_ref,
        invoice.payment_reference,
        invoice.description,
        invoice.content_hash,
        invoice.cause,
        *(invoice.carry[:3] if invoice.carry else NO_CARRY),
    )


def offer_row(invoice: Invoice) -> Row:
    """Return the values of `OFFER_ROW`."""
    return (
        invoice.amount,
        day(invoice.issue_date),
        day(invoice.due_date),
        invoice.description,
        *(invoice.carry[:3] if invoice.carry else NO_CARRY),
    )


def invoice_state_row(invoice: Invoice) -> Row:
    """Return the values of `INVOICE_STATE_ROW`."""
    pending = invoice.pending
    return (
        invoice.lifecycle,
        invoice.auto_allocate,
        invoice.debit_memos,
        invoice.credits,
        invoice.written_off,
        invoice.settled,
        invoice.settled_by_credit,
        pending,
        # most have no detail: those are Issued, and nothing of them is reserved
        pending - invoice.disputed_amount if invoice.detail is PLAIN else payable(invoice),
        *invoice.derived,
        invoice.version,
        invoice.discounts,
        invoice.reserved,
        *(invoice.carry[3:] if invoice.carry else NOT_CARRIED),
        invoice.wake_at and moment(invoice.wake_at),
    )


def new_lines(
    new: Sequence[tuple[int, int, Sequence[Line]]],
) -> tuple[list[Sequence[Any]], list[Row]]:
    """Return the columns of `LINE_ROW`, and (invoice, position, *LINE_STATE_ROW) if not as posted.

    The new lines are given as (invoice, position of the first, lines).
    """
    lines = [*chain.from_iterable(added for _, _, added in new)]
    if not lines:
        return [], []
    numbers = [*chain.from_iterable(repeat(number, len(added)) for number, _, added in new)]
    positions = [*chain.from_iterable(range(at, at + len(added)) for _, at, added in new)]
    line_no, kind, amount, terms, *state = zip(*lines, strict=True)
    sold = zip(*(terms if all(terms) else [each or NO_TERMS for each in terms]), strict=True)
    states = []
    if any(map(ne, map(tuple.count, state, UNCHANGED), repeat(len(lines)))):
        placed = zip(numbers, positions, lines, strict=True)
        states = [(*at, *_line_state(line)) for *at, line in placed if line[4:] != UNCHANGED]
    return [numbers, positions, line_no, kind, amount, *sold], states


def line_state_rows(
    number: int, lines: Sequence[Line], known: Sequence[Line], first: int = 0
) -> list[Row]:
    """Return (invoice, position, *LINE_STATE_ROW) of lines that are not as `known`.

    The first of them has the position `first`.
    """
    return [
        (number, at, *_line_state(line))
        for at, (line, old) in enumerate(zip(lines, known, strict=False), first)
        if line != old
    ]


def _line_state(line: Line) -> Row:
    return (*line[4:9], *line.customer, *line.enterprise, line.receipt_manual)


UNCHANGED: Final = Line("", Kind.ITEM, 0)[4:]
"""The state of a line as it was posted: `line[4:]`."""


def line(row: Any) -> Line:  # noqa: ANN401 - a row of either driver
    """Return the line that `row` holds, as (line_no, kind, amount, *LINE_STATE_ROW)."""
    line_no, kind, amount, credited, *rest = row
    if credited is None:
        return Line(line_no, KINDS[kind], amount)
    excess, written_off, settled, disputed, *axes, manual = rest
    statuses = [STATUSES[axis] for axis in axes]
    return Line(
        line_no,
        KINDS[kind],
        amount,
        None,
        credited,
        excess,
        written_off,
        settled,
        disputed,
        Axis(statuses[0], statuses[1]),
        Axis(statuses[2], statuses[3]),
        manual,
    )


def invoice(row: Any, lines: Iterable[Line], detail: Detail = PLAIN) -> Invoice:  # noqa: ANN401 - a row of either driver
    """Return the invoice that `row` holds, without snapshot and terms."""
    return Invoice(
        key=InvoiceKey(row.issuer, row.number),
        account=row.account,
        currency=row.currency,
        amount=row.amount,
        issue_date=row.issue_date,
        due_date=row.due_date,
        lines=tuple(lines),
        derived=Derived(
            InvoiceStatus(row.status),
            Settlement(row.settlement_state),
            row.contested,
            Confirmation(row.confirmation),
            CLOSURES[row.closure_reason],
        ),
        kind=InvoiceKind(row.kind),
        lifecycle=Lifecycle(row.lifecycle),
        order_ref=row.order_ref,
        payment_reference=row.payment_reference,
        description=row.description,
        auto_allocate=row.auto_allocate,
        content_hash=row.content_hash,
        cause=row.cause,
        debit_memos=row.debit_memos,
        credits=row.credits,
        written_off=row.written_off,
        settled=row.settled,
        settled_by_credit=row.settled_by_credit,
        version=row.version,
        discounts=row.discounts,
        reserved=row.reserved,
        carry=carry(row) if row.carrying is not None else None,
        wake_at=row.wake_at,
        detail=detail,
    )
