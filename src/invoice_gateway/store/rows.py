"""Between entities and rows: what each entity writes to its tables, and how it is read back.

The `*_ROW` tuples name the columns in the order in which the function beside them gives the values;
values are what both databases take as they are (numbers, texts, ISO dates and instants).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any, Final

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


def day(value: date | None) -> str | None:
    """Return a date as both databases take it."""
    return None if value is None else value.isoformat()


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


def account_row(account: Account) -> Row:
    """Return the party, then the values of `ACCOUNT_ROW`."""
    *values, as_of, cause = attrgetter(*ACCOUNT_ROW)(account)
    return (account.party, *values, as_of and instant(as_of), cause)


def account(row: Any, ancestors: Iterable[str]) -> Account:  # noqa: ANN401
    """Return the account that `row` holds, as (party, *ACCOUNT_ROW, ...)."""
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
        *_,
    ) = row
    return Account(
        party=party,
        party_class=party_class,
        name=name,
        parent=parent,
        ancestors=tuple(ancestors),
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
)
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
        invoice.key.issuer,
        invoice.key.number,
        invoice.account,
        invoice.currency,
        invoice.amount,
        invoice.issue_date.isoformat(),
        invoice.due_date.isoformat(),
        invoice.kind,
        invoice.order_ref,
        invoice.payment_reference,
        invoice.description,
        invoice.content_hash,
        invoice.cause,
    )


def invoice_state_row(invoice: Invoice) -> Row:
    """Return the values of `INVOICE_STATE_ROW`."""
    derived = invoice.derived
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
        pending - invoice.disputed_amount,
        derived.status,
        derived.settlement_state,
        derived.contested,
        derived.confirmation,
        derived.closure_reason,
        invoice.version,
    )


def line_columns(new: Sequence[tuple[int, int, Sequence[Line]]]) -> list[Sequence[Any]]:
    """Return the columns of `LINE_ROW` for new lines, given as (invoice, first position, lines)."""
    lines = [line for _, _, added in new for line in added]
    if not lines:
        return []
    numbers = [number for number, _, added in new for _ in added]
    positions = [at for _, first, added in new for at in range(first, first + len(added))]
    line_no, kind, amount, terms, *_ = zip(*lines, strict=True)
    sold = zip(*[each or NO_TERMS for each in terms], strict=True)
    return [numbers, positions, line_no, kind, amount, *sold]


def line_state_rows(number: int, lines: Sequence[Line], known: Sequence[Line]) -> list[Row]:
    """Return (invoice, position, *LINE_STATE_ROW) of lines that are not as posted or `known`."""
    changed = [at for at, (line, old) in enumerate(zip(lines, known, strict=False)) if line != old]
    states = [*map(_STATE, lines[len(known) :])]
    if states.count(UNCHANGED) != len(states):
        changed += [at for at, state in enumerate(states, len(known)) if state != UNCHANGED]
    return [(number, at, *_line_state(lines[at])) for at in changed]


def _line_state(line: Line) -> Row:
    return (*line[4:9], *line.customer, *line.enterprise, line.receipt_manual)


_STATE: Final = itemgetter(slice(4, None))
UNCHANGED: Final = Line("", Kind.ITEM, 0)[4:]
"""The state of a line as it was posted: `line[4:]`."""


def line(row: Any) -> Line:  # noqa: ANN401
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


def invoice(row: Any, lines: Iterable[Line]) -> Invoice:  # noqa: ANN401
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
    )
