"""Between entities and rows: what each entity writes to its tables, and how it is read back.

The `*_ROW` tuples name the columns in the order in which the function beside them gives the values;
values are what both databases take as they are (numbers, texts, ISO dates and instants).
"""

from collections.abc import Iterable, Sequence
from datetime import date
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
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.ledger import (
    Account,
    Allocation,
    AllocationState,
    Dispute,
    DisputeState,
    DocType,
    FundsState,
    Intent,
    Memo,
    MemoPart,
    Mode,
    Origin,
    Part,
    Reversal,
    ReversalKind,
    Source,
)
from invoice_gateway.model.status import Axis, Side, Status

from .tables import instant

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
    "cause",
)


def account_row(account: Account) -> Row:
    """Return the party, then the values of `ACCOUNT_ROW`."""
    return (account.party, *(getattr(account, name) for name in ACCOUNT_ROW))


def account(row: Any, ancestors: Iterable[str]) -> Account:  # noqa: ANN401
    """Return the account that `row` holds, as (party, *ACCOUNT_ROW, ...)."""
    party, *values = row[: len(ACCOUNT_ROW) + 1]
    fields = dict(zip(ACCOUNT_ROW, values, strict=True))
    return Account(party=party, ancestors=tuple(ancestors), **fields)


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


def line_row(number: int, position: int, line: Line) -> Row:
    """Return the values of `LINE_ROW`."""
    line_no, kind, amount, terms = line[:4]
    return (number, position, line_no, kind, amount, *(terms or NO_TERMS))


def line_state_row(line: Line) -> Row:
    """Return the values of `LINE_STATE_ROW`."""
    return (*line[4:9], *line.customer, *line.enterprise, line.receipt_manual)


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


# -- money ------------------------------------------------------------------------------------

SOURCE_ROW: Final = (
    "id",
    "account",
    "type",
    "reference",
    "currency",
    "amount",
    "value_date",
    "origin",
    "origin_document",
    "method",
    "bank_reference",
    "end_to_end_id",
    "asserted_by_erp",
    "content_hash",
    "cause",
)
SOURCE_STATE_ROW: Final = (
    "funds_state",
    "allocated",
    "reserved",
    "refunded",
    "charged_back",
    "remaining",
    "allocations",
    "version",
)


def source_row(number: int, source: Source) -> Row:
    """Return the values of `SOURCE_ROW`."""
    return (
        number,
        *source.key,
        source.currency,
        source.amount,
        source.value_date.isoformat(),
        source.origin,
        source.origin_document,
        source.method,
        source.bank_reference,
        source.end_to_end_id,
        source.asserted_by_erp,
        source.content_hash,
        source.cause,
    )


def source_state_row(source: Source) -> Row:
    """Return the values of `SOURCE_STATE_ROW`."""
    return (
        source.funds_state,
        source.allocated,
        source.reserved,
        source.refunded,
        source.charged_back,
        source.remaining,
        source.allocations,
        source.version,
    )


def source(row: Any, intents: Iterable[Intent]) -> Source:  # noqa: ANN401
    """Return the source that `row` holds."""
    return Source(
        key=SourceKey(row.account, row.type, row.reference),
        currency=row.currency,
        amount=row.amount,
        value_date=row.value_date,
        origin=Origin(row.origin),
        origin_document=row.origin_document,
        method=row.method,
        bank_reference=row.bank_reference,
        end_to_end_id=row.end_to_end_id,
        asserted_by_erp=row.asserted_by_erp,
        funds_state=FundsState(row.funds_state),
        intents=tuple(intents),
        allocated=row.allocated,
        reserved=row.reserved,
        refunded=row.refunded,
        charged_back=row.charged_back,
        allocations=row.allocations,
        content_hash=row.content_hash,
        cause=row.cause,
        version=row.version,
    )


ALLOCATION_ROW: Final = (
    "id",
    "source_id",
    "number",
    "invoice_id",
    "currency",
    "amount",
    "mode",
    "posted_on",
    "cause",
    "state",
    "version",
)


def allocation_row(number: int, source_id: int, invoice_id: int, allocation: Allocation) -> Row:
    """Return the values of `ALLOCATION_ROW`."""
    return (
        number,
        source_id,
        allocation.number,
        invoice_id,
        allocation.currency,
        allocation.amount,
        allocation.mode,
        allocation.posted_on.isoformat(),
        allocation.cause,
        allocation.state,
        allocation.version,
    )


def allocation(row: Any, parts: Iterable[Part]) -> Allocation:  # noqa: ANN401
    """Return the posted allocation that `row` holds beside the natural keys of both its ends."""
    return Allocation(
        source=SourceKey(row.source_account, row.source_type, row.source_reference),
        number=row.number,
        invoice=InvoiceKey(row.invoice_issuer, row.invoice_number),
        currency=row.currency,
        amount=row.amount,
        parts=tuple(parts),
        mode=Mode(row.mode),
        posted_on=row.posted_on,
        state=AllocationState(row.state),
        cause=row.cause,
        version=row.version,
    )


MEMO_ROW: Final = (
    "id",
    "issuer",
    "number",
    "doc_type",
    "account",
    "currency",
    "amount",
    "issued_on",
    "invoice_id",
    "reason_code",
    "reason_text",
    "dispute_id",
    "reverses_issuer",
    "reverses_number",
    "content_hash",
    "cause",
)
MEMO_STATE_ROW: Final = ("reversed_by", "applied", "open_credit", "refunded", "version")


def memo_row(number: int, invoice_id: int | None, memo: Memo) -> Row:
    """Return the values of `MEMO_ROW`."""
    return (
        number,
        *memo.key,
        memo.doc_type,
        memo.account,
        memo.currency,
        memo.amount,
        memo.issued_on.isoformat(),
        invoice_id,
        memo.reason_code,
        memo.reason_text,
        memo.dispute_id,
        memo.reverses and memo.reverses.issuer,
        memo.reverses and memo.reverses.number,
        memo.content_hash,
        memo.cause,
    )


def memo_state_row(memo: Memo) -> Row:
    """Return the values of `MEMO_STATE_ROW`."""
    return (memo.reversed_by, memo.applied, memo.open_credit, memo.refunded, memo.version)


def memo(row: Any, parts: Iterable[MemoPart]) -> Memo:  # noqa: ANN401
    """Return the memo that `row` holds beside the natural key of its invoice."""
    about = row.invoice_issuer is not None
    reverses = row.reverses_issuer is not None
    return Memo(
        key=InvoiceKey(row.issuer, row.number),
        doc_type=DocType(row.doc_type),
        account=row.account,
        currency=row.currency,
        amount=row.amount,
        issued_on=row.issued_on,
        invoice=InvoiceKey(row.invoice_issuer, row.invoice_number) if about else None,
        parts=tuple(parts),
        reason_code=row.reason_code,
        reason_text=row.reason_text,
        dispute_id=row.dispute_id,
        reverses=InvoiceKey(row.reverses_issuer, row.reverses_number) if reverses else None,
        reversed_by=row.reversed_by,
        applied=row.applied,
        open_credit=row.open_credit,
        refunded=row.refunded,
        content_hash=row.content_hash,
        cause=row.cause,
        version=row.version,
    )


REVERSAL_ROW: Final = (
    "id",
    "account",
    "reference",
    "source_id",
    "kind",
    "currency",
    "amount",
    "reversed_on",
    "reason_code",
    "reason_text",
    "content_hash",
    "cause",
)


def reversal_row(number: int, source_id: int, reversal: Reversal) -> Row:
    """Return the values of `REVERSAL_ROW`."""
    return (
        number,
        reversal.account,
        reversal.reference,
        source_id,
        reversal.kind,
        reversal.currency,
        reversal.amount,
        reversal.reversed_on.isoformat(),
        reversal.reason_code,
        reversal.reason_text,
        reversal.content_hash,
        reversal.cause,
    )


def reversal(row: Any) -> Reversal:  # noqa: ANN401
    """Return the reversal that `row` holds beside the natural key of its source."""
    return Reversal(
        account=row.account,
        reference=row.reference,
        source=SourceKey(row.source_account, row.source_type, row.source_reference),
        kind=ReversalKind(row.kind),
        currency=row.currency,
        amount=row.amount,
        reversed_on=row.reversed_on,
        reason_code=row.reason_code,
        reason_text=row.reason_text,
        content_hash=row.content_hash,
        cause=row.cause,
    )


# -- disputes ---------------------------------------------------------------------------------

DISPUTE_ROW: Final = (
    "id",
    "account",
    "invoice_id",
    "line_no",
    "notice_id",
    "currency",
    "requested_action",
    "reason_code",
    "raised_by",
    "raiser",
    "opened_at",
    "reopens",
    "cause",
)
DISPUTE_STATE_ROW: Final = (
    "amount",
    "reason_text",
    "evidence",
    "joined",
    "state",
    "closed_at",
    "memo",
    "version",
)


def dispute_row(invoice_id: int, dispute: Dispute) -> Row:
    """Return the values of `DISPUTE_ROW`."""
    return (
        dispute.id,
        dispute.account,
        invoice_id,
        dispute.line_no,
        dispute.notice_id,
        dispute.currency,
        dispute.requested_action,
        dispute.reason_code,
        dispute.raised_by,
        dispute.raiser,
        instant(dispute.opened_at),
        dispute.reopens,
        dispute.cause,
    )


def dispute_state_row(dispute: Dispute) -> Row:
    """Return the values of `DISPUTE_STATE_ROW`."""
    return (
        dispute.amount,
        dispute.reason_text,
        dispute.evidence,
        dispute.joined,
        dispute.state,
        dispute.closed_at and instant(dispute.closed_at),
        dispute.memo,
        dispute.version,
    )


def dispute(row: Any) -> Dispute:  # noqa: ANN401
    """Return the dispute that `row` holds beside the natural key of its invoice."""
    return Dispute(
        id=row.id,
        account=row.account,
        invoice=InvoiceKey(row.invoice_issuer, row.invoice_number),
        line_no=row.line_no,
        notice_id=row.notice_id,
        currency=row.currency,
        amount=row.amount,
        reason_code=row.reason_code,
        requested_action=row.requested_action,
        raised_by=Side(row.raised_by),
        raiser=row.raiser,
        opened_at=row.opened_at,
        reason_text=row.reason_text,
        evidence=row.evidence,
        joined=row.joined,
        state=DisputeState(row.state),
        closed_at=row.closed_at,
        reopens=row.reopens,
        memo=row.memo,
        cause=row.cause,
        version=row.version,
    )


def concat(*columns: Sequence[str]) -> tuple[str, ...]:
    """Return the column names of several `*_ROW` one after the other."""
    return tuple(name for part in columns for name in part)
