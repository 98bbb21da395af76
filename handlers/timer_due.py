"""TimerDue: time has brought something about; the gateway says so to itself (DOMAIN §3.12)."""

from dataclasses import dataclass
from datetime import datetime

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Dispute,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    InvoiceKind,
    Reach,
    Rejected,
    Role,
    Scope,
    timers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDue:
    """What something is due on, an invoice or a dispute, and since when (UTC)."""

    invoice: InvoiceKey | None
    kind: InvoiceKind | None
    dispute: str | None
    due_at: datetime


SETS_MONEY_FREE = {InvoiceKind.REQUEST, InvoiceKind.PROFORMA}
"""The kinds that give back what was paid on them, or kept for them, when time is up."""


def read(document: Document) -> TimerDue:
    """Read what is due."""
    kind = document.maybe("Kind")
    return TimerDue(
        invoice=document.maybe_invoice("Invoice"),
        kind=InvoiceKind(kind) if kind else None,
        dispute=document.maybe("DisputeId"),
        due_at=document.moment("DueAt"),
    )


def scope(message: TimerDue, _: Context) -> Scope:
    """Ask for the invoice with what is allocated to it, or for the dispute."""
    if message.invoice is None:
        assert message.dispute is not None
        return Scope(disputes=(message.dispute,))
    if message.kind not in SETS_MONEY_FREE:
        return Scope(invoices=(message.invoice,))
    return Scope(invoices=(message.invoice,), allocations=True, auto=True, money=None)


def decide(message: TimerDue, book: Book, context: Context) -> Decision:
    """Do what is due and still has its condition; nothing else happens, and nothing is waited for.

    Raises:
        Rejected: `unknown-invoice` or `unknown-dispute`.
    """
    draft = Draft(book, context)
    if message.invoice is None:
        assert message.dispute is not None
        dispute = draft.get(Dispute, message.dispute)
        if dispute is None:
            raise Rejected(Code.UNKNOWN_DISPUTE, f"no dispute {message.dispute!r}")
        timers.response_overdue(draft, dispute)
    else:
        if draft.get(Invoice, message.invoice) is None:
            raise Rejected(Code.UNKNOWN_INVOICE, f"no invoice {message.invoice}")
        timers.fire(draft, message.invoice, message.due_at)
    return draft.decision()


HANDLER = Handler(
    message="TimerDue",
    rights={Role.SYSTEM: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
