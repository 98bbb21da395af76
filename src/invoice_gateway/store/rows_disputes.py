"""Between disputes and rows, as `rows` does for invoices and accounts."""

from typing import Any, Final

from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.ledger import Dispute, DisputeState
from invoice_gateway.model.status import Side

from .columns import instant
from .rows import Row

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
    "respond_by",
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
        dispute.respond_by and instant(dispute.respond_by),
    )


def dispute(row: Any) -> Dispute:  # noqa: ANN401 - a row of either driver
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
        respond_by=row.respond_by,
        cause=row.cause,
        version=row.version,
    )
