"""Disputes: one open dispute per line at most, on the axis of whoever says so (D-01…D-10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .collection import midnight
from .decision import Role
from .draft import Draft
from .errors import Code, Rejected
from .events import (
    DisputeAmended,
    DisputeJoined,
    DisputeOpened,
    DisputeResolved,
    DisputeWithdrawn,
)
from .evolve import evolve
from .invoice import Invoice, Lifecycle, Line
from .ledger import Dispute, DisputeState, Part
from .money import Money, shown, spread
from .status import Move, Side, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a dispute says, apart from line and amount."""

    notice_id: str
    reason_code: str
    requested_action: str
    reason_text: str | None = None
    evidence: str | None = None
    reopens: str | None = None


def limit(line: Line) -> int:
    """Return how much of `line` can be disputed: min(due, amount - credited - excess) (D-01)."""
    return min(line.due, line.creditable)


def spread_claim(invoice: Invoice, amount: int | None) -> tuple[Part, ...]:
    """Return a header-level dispute as parts per live line (D-03): whole, or pro rata.

    Raises:
        Rejected: `bad-transition` (no live line) or `dispute-amount`.
    """
    lines = [line for line in invoice.lines if line.live and limit(line) > 0]
    if not lines:
        raise Rejected(Code.BAD_TRANSITION, f"{invoice.key} has no live line to dispute")
    rests = [limit(line) for line in lines]
    if amount is None:
        shares: Sequence[int] = rests
    elif 0 < amount <= sum(rests):
        shares = spread(amount, rests)
    else:
        raise Rejected(
            Code.DISPUTE_AMOUNT,
            f"{invoice.key} can be disputed for up to {shown(sum(rests), invoice.currency)}, "
            f"not {shown(amount, invoice.currency)}",
        )
    return tuple(
        Part(line.line_no, share) for line, share in zip(lines, shares, strict=True) if share
    )


def all_open(draft: Draft, invoice: Invoice) -> list[Dispute]:
    """Return the open disputes of an invoice, in the order in which they came."""
    return [each for each in draft.open(Dispute, invoice.account) if each.invoice == invoice.key]


def open_on(draft: Draft, invoice: Invoice, line_no: str) -> Dispute | None:
    """Return the open dispute of a line, or None."""
    return draft.open_dispute(invoice, line_no)


def raise_claim(
    draft: Draft, invoice: Invoice, line_no: str, amount: int | None, claim: Claim
) -> None:
    """Open a dispute on a line, or join the one the other side has open there (D-01, D-04).

    Raises:
        Rejected: `unknown-line`, `bad-transition`, `dispute-amount` or `dispute-already-open`.
    """
    line = _disputable(draft, invoice, line_no)
    present = open_on(draft, invoice, line_no) if line.disputed else None
    if present is not None:
        _meet(draft, present, line, amount, claim)
        return
    most = limit(line)
    amount = most if amount is None else amount
    if not 0 < amount <= most:
        raise Rejected(
            Code.DISPUTE_AMOUNT,
            f"line {line_no} of {invoice.key} can be disputed for up to "
            f"{shown(most, invoice.currency)}, "
            f"not {shown(amount, invoice.currency)}",
        )
    side = draft.context.side
    sender = draft.context.actor.party
    raiser = sender if draft.context.acting_for is None else invoice.account
    dispute = Dispute(
        id=f"{sender}/{claim.notice_id}/{line_no}",
        account=invoice.account,
        invoice=invoice.key,
        line_no=line_no,
        notice_id=claim.notice_id,
        currency=invoice.currency,
        amount=amount,
        reason_code=claim.reason_code,
        reason_text=claim.reason_text,
        requested_action=claim.requested_action,
        evidence=claim.evidence,
        raised_by=side,
        raiser=raiser,
        opened_at=draft.context.now,
        respond_by=_respond_by(draft),
        reopens=claim.reopens,
        cause=draft.context.cause,
    )
    draft.put(dispute)
    _mark(draft, dispute, amount)
    draft.move(
        invoice.key,
        line_no,
        side,
        Move.OPEN_DISPUTE,
        role=draft.context.actor.role,
        reason=claim.reason_code,
    )
    draft.conclude(_opened(dispute), dispute)


def _respond_by(draft: Draft) -> datetime | None:
    """Return when a dispute opened now is to be answered (D-09), in UTC."""
    policy, context = draft.context.policy, draft.context
    if policy.dispute_response_days is None:
        return None
    last = context.recorded_on + timedelta(days=policy.dispute_response_days)
    return midnight(last, policy.timezone)


def _disputable(draft: Draft, invoice: Invoice, line_no: str) -> Line:
    line = draft.line(invoice.key, line_no)
    if line is None:
        raise Rejected(Code.UNKNOWN_LINE, f"{invoice.key} has no line {line_no!r}")
    if invoice.lifecycle not in (Lifecycle.SENT, Lifecycle.ISSUED) or not line.live:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"line {line_no} of {invoice.key} asks for nothing: there is nothing to dispute",
        )
    return line


def _meet(draft: Draft, present: Dispute, line: Line, amount: int | None, claim: Claim) -> None:
    """Join the other side's dispute; one's own cannot be opened twice (amend it)."""
    side = draft.context.side
    if line.axis(side).status is not Status.DISPUTED:
        join(draft, present)
        return
    said = (claim.reason_code, claim.reason_text, claim.requested_action)
    same = said == (present.reason_code, present.reason_text, present.requested_action)
    if side is Side.ENTERPRISE and same and amount in (None, present.amount):
        return
    raise Rejected(
        Code.DISPUTE_ALREADY_OPEN,
        f"line {present.line_no} of {present.invoice} is under dispute {present.id!r}: amend it",
    )


def join(draft: Draft, dispute: Dispute) -> None:
    """Acknowledge the other side's dispute: one's own axis becomes Disputed too (D-04).

    Raises:
        Rejected: `dispute-not-open`, or `dispute-already-open` when the customer is in it already.
    """
    must_be_open(dispute)
    side = draft.context.side
    line = draft.line(dispute.invoice, dispute.line_no)
    assert line is not None
    if line.axis(side).status is Status.DISPUTED:
        if side is Side.ENTERPRISE:
            return
        raise Rejected(
            Code.DISPUTE_ALREADY_OPEN, f"the customer is in dispute {dispute.id!r} already"
        )
    draft.move(
        dispute.invoice,
        dispute.line_no,
        side,
        Move.JOIN_DISPUTE,
        role=draft.context.actor.role,
        reason=dispute.reason_code,
    )
    joined = evolve(dispute, joined=True)
    draft.put(joined)
    event = DisputeJoined(
        dispute_id=dispute.id, invoice=dispute.invoice, line_no=dispute.line_no, joined_by=side
    )
    draft.conclude(event, joined)


def amend(draft: Draft, dispute: Dispute, amount: int | None, said: dict[str, str | None]) -> None:
    """Change amount, reason or evidence of one's own open dispute (D-05); None leaves a value.

    Raises:
        Rejected: `dispute-not-open`, `forbidden` or `dispute-amount`.
    """
    must_be_open(dispute)
    _must_be_raiser(draft, dispute)
    invoice = draft.get(Invoice, dispute.invoice)
    assert invoice is not None
    line = invoice.line(dispute.line_no)
    assert line is not None
    if amount is not None and not 0 < amount <= limit(line):
        raise Rejected(
            Code.DISPUTE_AMOUNT,
            f"line {line.line_no} can be disputed for up to "
            f"{shown(limit(line), invoice.currency)}, not {shown(amount, invoice.currency)}",
        )
    changed = evolve(
        dispute,
        amount=dispute.amount if amount is None else amount,
        reason_code=said.get("reason_code") or dispute.reason_code,
        reason_text=said.get("reason_text") or dispute.reason_text,
        requested_action=said.get("requested_action") or dispute.requested_action,
        evidence=said.get("evidence") or dispute.evidence,
    )
    if changed == dispute:
        return
    draft.put(changed)
    _mark(draft, changed, changed.amount)
    event = DisputeAmended(
        dispute_id=changed.id,
        invoice=changed.invoice,
        line_no=changed.line_no,
        amount=Money(changed.amount, changed.currency),
        reason_code=changed.reason_code,
        reason_text=changed.reason_text,
        requested_action=changed.requested_action,
    )
    draft.conclude(event, changed)


def withdraw(draft: Draft, dispute: Dispute, reason: str | None) -> None:
    """Take one's own open dispute back; both axes return to their shadows (D-05).

    Raises:
        Rejected: `dispute-not-open` or `forbidden`.
    """
    must_be_open(dispute)
    _must_be_raiser(draft, dispute)
    close(draft, dispute, DisputeState.WITHDRAWN, reason=reason)


def close(
    draft: Draft,
    dispute: Dispute,
    state: DisputeState,
    *,
    reason: str | None = None,
    amount: int = 0,
    memo: str | None = None,
) -> None:
    """Close an open dispute as `state`: every disputed axis returns to its shadow.

    Closing a joined dispute is two moves (I-18). `amount` is what was credited, by `memo`.
    """
    line = draft.line(dispute.invoice, dispute.line_no)
    assert line is not None
    _mark(draft, dispute, 0)
    role = Role.SYSTEM if state is DisputeState.AUTO_CLOSED else draft.context.actor.role
    for side in Side:
        if line.axis(side).status is Status.DISPUTED:
            draft.move(
                dispute.invoice, dispute.line_no, side, Move.CLOSE_DISPUTE, role=role, reason=state
            )
    closed = evolve(dispute, state=state, closed_at=draft.context.now, memo=memo, respond_by=None)
    draft.put(closed)
    if state is DisputeState.WITHDRAWN:
        withdrawn = DisputeWithdrawn(
            dispute_id=closed.id,
            invoice=closed.invoice,
            line_no=closed.line_no,
            reason_text=reason,
        )
        draft.conclude(withdrawn, closed)
        return
    resolved = DisputeResolved(
        dispute_id=closed.id,
        invoice=closed.invoice,
        line_no=closed.line_no,
        outcome=state,
        amount=Money(amount, closed.currency),
        memo=memo,
        reason_text=reason,
    )
    draft.conclude(resolved, closed)


def must_be_open(dispute: Dispute) -> None:
    """Refuse to act on a closed dispute.

    Raises:
        Rejected: `dispute-not-open`.
    """
    if dispute.state is not DisputeState.OPEN:
        raise Rejected(Code.DISPUTE_NOT_OPEN, f"dispute {dispute.id!r} is closed ({dispute.state})")


def _must_be_raiser(draft: Draft, dispute: Dispute) -> None:
    if draft.context.side is not dispute.raised_by:
        raise Rejected(
            Code.FORBIDDEN, f"dispute {dispute.id!r} was raised by the {dispute.raised_by}"
        )


def _mark(draft: Draft, dispute: Dispute, amount: int) -> None:
    """Note on the line how much of it is under dispute (0: nothing)."""
    line = draft.line(dispute.invoice, dispute.line_no)
    assert line is not None
    draft.put_line(dispute.invoice, line._replace(disputed=amount))


def _opened(dispute: Dispute) -> DisputeOpened:
    return DisputeOpened(
        dispute_id=dispute.id,
        invoice=dispute.invoice,
        line_no=dispute.line_no,
        amount=Money(dispute.amount, dispute.currency),
        reason_code=dispute.reason_code,
        reason_text=dispute.reason_text,
        requested_action=dispute.requested_action,
        raised_by=dispute.raised_by,
        raiser=dispute.raiser,
        reopens=dispute.reopens,
    )
