"""DisputeResolution: Financials uphold a dispute, wholly or in part, or reject it."""

from dataclasses import dataclass
from datetime import date

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Dispute,
    DisputeState,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    Memo,
    Money,
    Part,
    Reach,
    Rejected,
    Role,
    Scope,
    WaitsFor,
    allocations,
    disputes,
    memos,
    rate_at,
    shown,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeResolution:
    """A resolution as sent."""

    dispute_id: str
    outcome: DisputeState
    amount: Money | None
    reason_text: str | None
    resolved_on: date | None


def read(document: Document) -> DisputeResolution:
    """Read a resolution."""
    return DisputeResolution(
        dispute_id=document.text("DisputeId"),
        outcome=DisputeState(document.text("Outcome")),
        amount=document.maybe_money("Amount"),
        reason_text=document.maybe("ReasonText"),
        resolved_on=document.maybe_day("ResolvedOn"),
    )


def scope(message: DisputeResolution, context: Context) -> Scope:
    """Ask for the dispute with its invoice, the memo's number, and what the auto run may touch."""
    memo = _memo_number(message.dispute_id, context.policy.enterprise)
    return Scope(
        disputes=(message.dispute_id,),
        auto=True,
        money=None,
        rates=(rate_at(message.resolved_on or context.today),),
        provides=((WaitsFor.MEMO, str(memo)),),
    )


def _memo_number(dispute_id: str, issuer: str) -> InvoiceKey:
    return InvoiceKey(issuer, f"CM:{dispute_id}")


def decide(message: DisputeResolution, book: Book, context: Context) -> Decision:
    """Credit what is upheld, close the dispute, and let idle money pay what is open (D-05)."""
    draft = Draft(book, context)
    dispute = draft.dispute(message.dispute_id)
    disputes.must_be_open(dispute)
    credited = _credited(draft, message, dispute)
    memo = _credit(draft, message, dispute, credited) if credited else None
    disputes.close(
        draft,
        dispute,
        message.outcome,
        amount=credited,
        memo=memo.key.number if memo else None,
        reason=message.reason_text,
    )
    allocations.auto_run(draft, dispute.account)
    return draft.decision()


def _credited(draft: Draft, message: DisputeResolution, dispute: Dispute) -> int:
    """Return what is to be credited: the disputed amount, the part given, or nothing.

    Raises:
        Rejected: `currency-mismatch`, `dispute-amount` or `exceeds-creditable`; `bad-transition`
            on an offer, which is edited instead (M-03).
    """
    if message.amount is not None and message.amount.currency != dispute.currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH,
            f"the amount is in {message.amount.currency}, the dispute in {dispute.currency}",
        )
    given = message.amount.minor if message.amount else None
    rules = {
        DisputeState.REJECTED: given in (None, 0),
        DisputeState.UPHELD: given in (None, dispute.amount),
        DisputeState.UPHELD_PARTIAL: given is not None and 0 < given < dispute.amount,
    }
    if not rules[message.outcome]:
        raise Rejected(
            Code.DISPUTE_AMOUNT,
            f"{message.outcome} with amount {given} does not fit a dispute over {dispute.amount}",
        )
    if message.outcome is DisputeState.REJECTED:
        return 0
    invoice = draft.get(Invoice, dispute.invoice)
    assert invoice is not None
    memos.must_be_issued(invoice)
    line = invoice.line(dispute.line_no)
    assert line is not None
    wanted = dispute.amount if given is None else given
    if message.outcome is DisputeState.UPHELD:
        return min(wanted, line.creditable)
    if wanted > line.creditable:
        raise Rejected(
            Code.EXCEEDS_CREDITABLE,
            f"line {line.line_no} has {shown(line.creditable, dispute.currency)} left to credit, "
            f"not {shown(wanted, dispute.currency)}",
        )
    return wanted


def _credit(draft: Draft, message: DisputeResolution, dispute: Dispute, amount: int) -> Memo:
    invoice = draft.get(Invoice, dispute.invoice)
    assert invoice is not None
    number = _memo_number(dispute.id, draft.context.policy.enterprise)
    document = memos.Document(
        number=number,
        issued_on=message.resolved_on or draft.context.today,
        reason_code=dispute.reason_code,
        reason_text=message.reason_text,
        dispute_id=dispute.id,
    )
    parts = (Part(dispute.line_no, amount),)
    return memos.credit(draft, invoice, document, parts, refund=False)


HANDLER = Handler(
    message="DisputeResolution",
    rights={Role.FINANCIALS: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
