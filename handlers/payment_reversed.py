"""PaymentReversed: money of a payment leaves again, by bounce, chargeback or refund."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from invoice_gateway.handler import (
    Allocation,
    AllocationState,
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    FundsState,
    Handler,
    Invoice,
    InvoiceKey,
    Money,
    Move,
    Pair,
    Part,
    PaymentBounced,
    PaymentChargedBack,
    PaymentRefunded,
    Reach,
    Rejected,
    Reversal,
    ReversalKind,
    Role,
    Scope,
    Side,
    Source,
    SourceKey,
    SourceType,
    allocations,
    known_before,
    own_number,
    rate_at,
    reservation,
    shown,
    valuation,
    wallet,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReversed:
    """A reversal as posted; no amount means all that is left to take."""

    reference: str
    payment: SourceKey
    kind: ReversalKind
    amount: Money | None
    invoice: InvoiceKey | None
    reversed_on: date
    reason_code: str | None
    reason_text: str | None


def read(document: Document) -> PaymentReversed:
    """Read a reversal.

    Raises:
        Rejected: `amount-not-positive`.
    """
    amount = document.maybe_money("Amount")
    if amount is not None and amount.minor <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "a reversal must be positive")
    payer, kind = document.text("Payer"), ReversalKind(document.text("Kind"))
    if document.has("Invoice") and kind is not ReversalKind.REFUND:
        raise document.refuse(
            Code.BAD_TRANSITION,
            "Invoice",
            f"a {kind} takes the newest allocations, not an invoice's",
        )
    return PaymentReversed(
        reference=own_number(document, "ReversalId"),
        payment=SourceKey(payer, SourceType.PAYMENT, document.text("PaymentId")),
        kind=kind,
        amount=amount,
        invoice=document.maybe_invoice("Invoice"),
        reversed_on=document.day("ReversedOn"),
        reason_code=document.maybe("ReasonCode"),
        reason_text=document.maybe("ReasonText"),
    )


def scope(message: PaymentReversed, context: Context) -> Scope:
    """Ask for the payment with its allocations, and what the auto run may touch."""
    return Scope(
        accounts=(message.payment.account,),
        sources=(message.payment,),
        invoices=(message.invoice,) if message.invoice else (),
        reversals=((message.payment.account, message.reference),),
        allocations=True,
        auto=True,
        money=None,
        rates=(rate_at(context.today),),
    )


def decide(message: PaymentReversed, book: Book, context: Context) -> Decision:
    """Take the money out, free what it had paid as far as needed, let other money step in."""
    draft = Draft(book, context)
    source = draft.source(message.payment, Code.UNKNOWN_PAYMENT)
    known_before(
        draft.get(Reversal, (message.payment.account, message.reference)),
        context,
        Code.NUMBER_TAKEN,
        f"reversal {message.reference!r}",
    )
    if message.amount is not None and message.amount.currency != source.currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH,
            f"the reversal is in {message.amount.currency}, the payment in {source.currency}",
        )
    take = _refund if message.kind is ReversalKind.REFUND else _take_back
    amount, carry = take(draft, source, message)
    draft.put(
        Reversal(
            account=source.account,
            reference=message.reference,
            source=source.key,
            kind=message.kind,
            currency=source.currency,
            amount=amount,
            reversed_on=message.reversed_on,
            reason_code=message.reason_code,
            reason_text=message.reason_text,
            carry=carry,
            content_hash=context.content_hash,
            cause=context.cause,
        )
    )
    allocations.auto_run(draft, source.account)
    return draft.decision()


def _refund(draft: Draft, source: Source, message: PaymentReversed) -> tuple[int, int | None]:
    """Pay out unapplied money, after taking it off an invoice when one is named (A-09).

    Return how much, and its value in the accounting currency.
    """
    removed = 0
    if message.invoice is not None:
        draft.invoice(message.invoice)
        found = [
            each
            for each in allocations.posted(draft, source.key)
            if each.invoice == message.invoice
        ]
        if not found:
            raise Rejected(
                Code.NOTHING_ALLOCATED,
                f"payment {source.key.reference!r} pays nothing on {message.invoice}",
            )
        for allocation in found:
            allocations.remove(draft, allocation, "refund")
            removed += allocation.amount
        draft.put(Pair(source=source.key, invoice=message.invoice))
    source = _newest(draft, source.key)
    amount = message.amount.minor if message.amount else (removed or source.remaining)
    if not 0 < amount <= source.remaining:
        raise Rejected(
            Code.EXCEEDS_SOURCE,
            f"payment {source.key.reference!r} has "
            f"{shown(source.remaining, source.currency)} unapplied, "
            f"the refund is over {shown(amount, source.currency)}",
        )
    source, carry = valuation.paid_out(source, amount)
    source = replace(source, refunded=source.refunded + amount)
    draft.put(source)
    draft.announce(
        PaymentRefunded(
            payer=source.account,
            payment_id=source.key.reference,
            reversal_id=message.reference,
            amount=Money(amount, source.currency),
            remaining=Money(source.remaining, source.currency),
        ),
        source,
    )
    return amount, carry


def _take_back(draft: Draft, source: Source, message: PaymentReversed) -> tuple[int, int | None]:
    """Let the bank take money back: unapplied first, then allocations, newest first (A-10).

    Return how much, and its value in the accounting currency.
    """
    left = source.amount - source.refunded - source.charged_back
    amount = message.amount.minor if message.amount else left
    if not 0 < amount <= left:
        raise Rejected(
            Code.EXCEEDS_SOURCE,
            f"payment {source.key.reference!r} has "
            f"{shown(left, source.currency)} left to take back, "
            f"the {message.kind} is over {shown(amount, source.currency)}",
        )
    kind = PaymentBounced if message.kind is ReversalKind.BOUNCE else PaymentChargedBack
    draft.announce(
        kind(
            payer=source.account,
            payment_id=source.key.reference,
            reversal_id=message.reference,
            amount=Money(amount, source.currency),
            reason_code=message.reason_code,
        ),
        source,
    )
    for allocation in allocations.standing(draft, source.key):
        missing = amount - _newest(draft, source.key).remaining
        if missing <= 0:
            break
        if allocation.state is AllocationState.RESERVED:
            _give_up(draft, allocation, missing, message.kind)
        else:
            _free(draft, allocation, missing, message)
    source, carry = valuation.paid_out(_newest(draft, source.key), amount)
    bounced = message.kind is ReversalKind.BOUNCE
    draft.put(
        replace(
            source,
            charged_back=source.charged_back + amount,
            funds_state=FundsState.BOUNCED if bounced else source.funds_state,
        )
    )
    return amount, carry


def _give_up(draft: Draft, reserved: Allocation, missing: int, kind: ReversalKind) -> None:
    """Let go of reserved money as far as it is gone; others may pay what it is for (A-08)."""
    reservation.release(draft, reserved, kind)
    kept = _first(reserved.parts, reserved.amount - missing)
    if kept:
        reservation.reserve(draft, _newest(draft, reserved.source), _invoice(draft, reserved), kept)


def _free(draft: Draft, allocation: Allocation, missing: int, message: PaymentReversed) -> None:
    """Remove an allocation, post again what stays, retract "paid" where money is gone.

    What a wallet had spent of it is asked for by an invoice; what stays tops the wallet up again.
    """
    kind = message.kind
    spent = allocations.take_back(draft, allocation, kind)
    if spent:
        wallet.recover(draft, allocation, spent, message.reference)
    kept = _first(allocation.parts, allocation.amount - missing)
    if kept:
        source, invoice = _newest(draft, allocation.source), _invoice(draft, allocation)
        allocations.post(draft, source, invoice, kept, allocation.mode)
    untouched = {(part.line_no, part.amount) for part in kept}
    for part in allocation.parts:
        if (part.line_no, part.amount) not in untouched:
            draft.move(
                allocation.invoice,
                part.line_no,
                Side.CUSTOMER,
                Move.RETRACT_PAID,
                role=Role.SYSTEM,
                reason=kind,
            )


def _first(parts: Sequence[Part], amount: int) -> tuple[Part, ...]:
    """Return the first `amount` minor units of `parts`, in order."""
    kept = []
    for part in parts:
        if amount <= 0:
            break
        kept.append(Part(part.line_no, min(part.amount, amount)))
        amount -= part.amount
    return tuple(kept)


def _invoice(draft: Draft, allocation: Allocation) -> Invoice:
    invoice = draft.get(Invoice, allocation.invoice)
    assert invoice is not None
    return invoice


def _newest(draft: Draft, key: SourceKey) -> Source:
    source = draft.get(Source, key)
    assert source is not None
    return source


HANDLER = Handler(
    message="PaymentReversed",
    rights={Role.FINANCIALS: Reach.ANY, Role.BANK: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
