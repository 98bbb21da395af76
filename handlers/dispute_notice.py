"""DisputeNotice: one side disputes lines, changes or takes back its claim, or joins in."""

from dataclasses import dataclass
from typing import assert_never

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
    Money,
    Notice,
    Reach,
    Rejected,
    Role,
    Scope,
    WaitsFor,
    allocations,
    disputes,
    known_before,
)

KIND = "dispute-notice"
OTHER = "OTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Dispute lines, or (no line) the whole invoice, or `amount` of it pro rata."""

    invoice: InvoiceKey
    lines: tuple[tuple[str, Money | None], ...]
    amount: Money | None
    claim: disputes.Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Change one's own dispute; what is None stays."""

    dispute_id: str
    amount: Money | None
    reason_code: str | None
    reason_text: str | None
    requested_action: str | None
    evidence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take one's own dispute back."""

    dispute_id: str
    reason_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Acknowledge the other side's dispute."""

    dispute_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeNotice:
    """A notice as sent."""

    notice_id: str
    command: Open | Amend | Withdraw | Join


def read(document: Document) -> DisputeNotice:
    """Read a notice.

    Raises:
        Rejected: `text-required` (D-02: OTH needs a text).
    """
    notice_id = document.text("NoticeId")
    command: Open | Amend | Withdraw | Join
    if opened := document.all("Open"):
        command = _read_open(opened[0], notice_id)
    elif amended := document.all("Amend"):
        command = _read_amend(amended[0])
    elif withdrawn := document.all("Withdraw"):
        command = Withdraw(
            dispute_id=withdrawn[0].text("DisputeId"), reason_text=withdrawn[0].maybe("ReasonText")
        )
    else:
        command = Join(dispute_id=document.text("Join/DisputeId"))
    return DisputeNotice(notice_id=notice_id, command=command)


def _read_open(document: Document, notice_id: str) -> Open:
    claim = disputes.Claim(
        notice_id=notice_id,
        reason_code=document.text("ReasonCode"),
        reason_text=document.maybe("ReasonText"),
        requested_action=document.text("RequestedAction"),
        evidence=document.maybe("EvidenceReference"),
        reopens=document.maybe("Reopens"),
    )
    _check_text(claim.reason_text, claim.reason_code, claim.requested_action)
    lines = tuple(
        (each.text("LineNo"), each.maybe_money("Amount")) for each in document.all("Line")
    )
    return Open(
        invoice=document.invoice("Invoice"),
        lines=lines,
        amount=document.maybe_money("Amount"),
        claim=claim,
    )


def _read_amend(document: Document) -> Amend:
    amend = Amend(
        dispute_id=document.text("DisputeId"),
        amount=document.maybe_money("Amount"),
        reason_code=document.maybe("ReasonCode"),
        reason_text=document.maybe("ReasonText"),
        requested_action=document.maybe("RequestedAction"),
        evidence=document.maybe("EvidenceReference"),
    )
    _check_text(amend.reason_text, amend.reason_code, amend.requested_action)
    return amend


def _check_text(text: str | None, *codes: str | None) -> None:
    if OTHER in codes and not text:
        raise Rejected(Code.TEXT_REQUIRED, "reason or action OTH needs a ReasonText (D-02)")


def scope(message: DisputeNotice, context: Context) -> Scope:
    """Ask for the invoice or dispute, the notice, and what the auto run may touch."""
    command = message.command
    notices = ((KIND, context.actor.party, message.notice_id),)
    if not isinstance(command, Open):
        return Scope(disputes=(command.dispute_id,), notices=notices, auto=True, money=None)
    reopens = command.claim.reopens
    return Scope(
        invoices=(command.invoice,),
        disputes=(reopens,) if reopens else (),
        notices=notices,
        auto=True,
        money=None,
        provides=tuple(
            (WaitsFor.DISPUTE, f"{context.actor.party}/{message.notice_id}/{line_no}")
            for line_no, _ in command.lines
        ),
    )


def decide(message: DisputeNotice, book: Book, context: Context) -> Decision:
    """Carry out the command, then let idle money pay what is no longer disputed."""
    draft = Draft(book, context)
    command = message.command
    if isinstance(command, Open):
        invoice = draft.invoice(command.invoice)
        _check_reopened(draft, command)
        _count_once(draft, message)
        _open(draft, invoice, command)
        allocations.auto_run(draft, invoice.account)
        return draft.decision()
    dispute = draft.dispute(command.dispute_id)
    _count_once(draft, message)
    match command:
        case Amend():
            _amend(draft, dispute, command)
        case Withdraw():
            disputes.withdraw(draft, dispute, command.reason_text)
        case Join():
            _join(draft, dispute)
        case _:
            assert_never(command)
    allocations.auto_run(draft, dispute.account)
    return draft.decision()


def _count_once(draft: Draft, message: DisputeNotice) -> None:
    """Remember the notice, and refuse or recognise one that was seen before (P-02)."""
    context = draft.context
    notice = Notice(
        kind=KIND,
        party=context.actor.party,
        notice_id=message.notice_id,
        content_hash=context.content_hash,
        cause=context.cause,
    )
    known_before(
        draft.get(Notice, notice.key),
        context,
        Code.IDEMPOTENCY_CONFLICT,
        f"notice {message.notice_id!r}",
    )
    draft.put(notice)


def _check_reopened(draft: Draft, command: Open) -> None:
    """Refuse to reopen what is not there, not theirs, still open or of another invoice (D-06)."""
    reopens = command.claim.reopens
    if reopens is None:
        return
    old = draft.dispute(reopens)
    if old.invoice != command.invoice:
        raise Rejected(Code.BAD_TRANSITION, f"dispute {reopens!r} is about {old.invoice}")
    if old.state is DisputeState.OPEN:
        raise Rejected(Code.DISPUTE_ALREADY_OPEN, f"dispute {reopens!r} is still open: amend it")


def _open(draft: Draft, invoice: Invoice, command: Open) -> None:
    for money in (command.amount, *(money for _, money in command.lines)):
        _check_currency(money, invoice.currency)
    if command.lines:
        wanted = [(line_no, money.minor if money else None) for line_no, money in command.lines]
    else:
        amount = command.amount.minor if command.amount else None
        wanted = [(part.line_no, part.amount) for part in disputes.spread_claim(invoice, amount)]
    for line_no, minor in wanted:
        disputes.raise_claim(draft, invoice, line_no, minor, command.claim)


def _amend(draft: Draft, dispute: Dispute, command: Amend) -> None:
    _check_currency(command.amount, dispute.currency)
    said = {
        "reason_code": command.reason_code,
        "reason_text": command.reason_text,
        "requested_action": command.requested_action,
        "evidence": command.evidence,
    }
    disputes.amend(draft, dispute, command.amount.minor if command.amount else None, said)


def _join(draft: Draft, dispute: Dispute) -> None:
    if draft.context.side is dispute.raised_by:
        raise Rejected(
            Code.DISPUTE_ALREADY_OPEN, f"dispute {dispute.id!r} was raised by the same side"
        )
    disputes.join(draft, dispute)


def _check_currency(money: Money | None, currency: str) -> None:
    if money is not None and money.currency != currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH, f"the notice is in {money.currency}, the invoice in {currency}"
        )


HANDLER = Handler(
    message="DisputeNotice",
    rights={Role.FINANCIALS: Reach.ANY, Role.PARTNER: Reach.OWN, Role.OWNER: Reach.OWN},
    read=read,
    scope=scope,
    decide=decide,
)
