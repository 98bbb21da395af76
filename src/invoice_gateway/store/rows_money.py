"""Between entities and rows, as in `rows`: sources, allocations, memos, reversals."""

from collections.abc import Iterable
from typing import Any, Final

from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.ledger import (
    Allocation,
    AllocationState,
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

from .rows import NO_CARRY, NOT_CARRIED, Row, carry

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
    "accounting_currency",
    "rate",
    "carrying",
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
    "held_for",
    "spent",
    "carry_open",
    "carry_settled",
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
        *(source.carry[:3] if source.carry else NO_CARRY),
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
        source.held_for,
        source.spent,
        *(source.carry[3:] if source.carry else NOT_CARRIED),
    )


def source(row: Any, intents: Iterable[Intent]) -> Source:  # noqa: ANN401 - a row of either driver
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
        held_for=row.held_for,
        spent=row.spent,
        carry=carry(row),
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
    "carry",
    "source_carry",
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
        allocation.carry,
        allocation.source_carry,
        allocation.state,
        allocation.version,
    )


def allocation(row: Any, parts: Iterable[Part]) -> Allocation:  # noqa: ANN401 - a row of either driver
    """Return the allocation that `row` holds beside the natural keys of both its ends."""
    return Allocation(
        source=SourceKey(row.source_account, row.source_type, row.source_reference),
        number=row.number,
        invoice=InvoiceKey(row.invoice_issuer, row.invoice_number),
        currency=row.currency,
        amount=row.amount,
        parts=tuple(parts),
        mode=Mode(row.mode),
        posted_on=row.posted_on,
        carry=row.carry,
        source_carry=row.source_carry,
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
    "carrying",
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
        memo.carry,
    )


def memo_state_row(memo: Memo) -> Row:
    """Return the values of `MEMO_STATE_ROW`."""
    return (memo.reversed_by, memo.applied, memo.open_credit, memo.refunded, memo.version)


def memo(row: Any, parts: Iterable[MemoPart]) -> Memo:  # noqa: ANN401 - a row of either driver
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
        carry=row.carrying,
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
    "carry",
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
        reversal.carry,
    )


def reversal(row: Any) -> Reversal:  # noqa: ANN401 - a row of either driver
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
        carry=row.carry,
        content_hash=row.content_hash,
        cause=row.cause,
    )
