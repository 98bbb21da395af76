"""Adjustment documents: credits first reduce what is owed, the rest becomes open credit.

A debit memo is a new line; original lines and old allocations are never disturbed. Documents are
immutable: an error is reversed by the opposite document (M-01). Which document does what, and when
it may, is in `reversals`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from . import dispute as disputes
from . import memo_events, valuation
from .draft import Draft
from .errors import Code, Rejected
from .events import (
    CreditCreated,
    CreditRefunded,
    WriteoffPosted,
)
from .evolve import evolve
from .invoice import Invoice, Kind, Lifecycle, Line, LineTerms
from .keys import InvoiceKey, SourceKey
from .ledger import (
    DisputeState,
    DocType,
    Memo,
    MemoPart,
    Origin,
    Part,
    Reversal,
    ReversalKind,
    Source,
    SourceType,
)
from .money import MAX_MINOR, Money, shown, spread

GIVEN = ("DISCOUNT:", "BAD-DEBT:", "MONEY-BACK:", "REVERSAL:")
"""How the numbers of documents begin that the gateway numbers for their sender (docs/adr/0010)."""
DISCOUNTS = frozenset({DocType.DISCOUNT, DocType.MONEY_BACK})
"""Documents that `Invoice.discounts` sums; `Invoice.credits` sums all others that credit."""
WRITE_OFF_REASON = {DocType.WRITE_OFF: "ROUNDING", DocType.BAD_DEBT: "BAD-DEBT"}
"""Why something is written off, when nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a document says about itself, whoever it is about."""

    number: InvoiceKey
    issued_on: date
    reason_code: str | None = None
    reason_text: str | None = None
    dispute_id: str | None = None
    reverses: InvoiceKey | None = None
    content_hash: str = ""


def spread_credit(invoice: Invoice, amount: int) -> tuple[Part, ...]:
    """Return a header-level credit laid over the lines pro rata to their creditable rest (M-02).

    Largest remainder, ties by line order; parts are positive and add up to `amount` (I-33).

    Raises:
        Rejected: `amount-not-positive` or `exceeds-creditable`.
    """
    rests = [line.creditable for line in invoice.lines]
    if amount <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "a credit must be positive")
    if amount > sum(rests):
        raise Rejected(
            Code.EXCEEDS_CREDITABLE,
            f"{invoice.key} has {shown(sum(rests), invoice.currency)} left to credit, "
            f"the memo is over {shown(amount, invoice.currency)}",
        )
    shares = spread(amount, rests)
    return tuple(
        Part(line.line_no, share)
        for line, share in zip(invoice.lines, shares, strict=True)
        if share
    )


def check_credit(invoice: Invoice, parts: Sequence[Part]) -> None:
    """Refuse credits by line that are not possible.

    Raises:
        Rejected: `unknown-line`, `amount-not-positive` or `exceeds-creditable`.
    """
    by_number = {line.line_no: line for line in invoice.lines}
    for part in parts:
        line = by_number.get(part.line_no)
        if line is None:
            raise Rejected(Code.UNKNOWN_LINE, f"{invoice.key} has no line {part.line_no!r}")
        if part.amount <= 0:
            raise Rejected(
                Code.AMOUNT_NOT_POSITIVE, f"the credit on line {part.line_no} is not positive"
            )
        if part.amount > line.creditable:
            raise Rejected(
                Code.EXCEEDS_CREDITABLE,
                f"line {part.line_no} has {shown(line.creditable, invoice.currency)} left "
                f"to credit, the memo takes {shown(part.amount, invoice.currency)}",
            )


def credit(
    draft: Draft,
    invoice: Invoice,
    document: Document,
    parts: Sequence[Part],
    *,
    refund: bool,
    doc_type: DocType = DocType.CREDIT_MEMO,
) -> Memo:
    """Post a credit memo, or another document that credits, over checked `parts`; return it.

    Per line what is open is reduced, never below zero; the excess becomes one open credit of the
    customer, paid out at once when `refund` (X-05, I-07). A line that comes to zero closes its
    dispute (D-07), unless the memo is that dispute's own: the caller closes that one.
    """
    by_line = {part.line_no: part.amount for part in parts}
    done, lines = [], []
    for line in invoice.lines:
        amount = by_line.get(line.line_no, 0)
        applied = min(amount, line.open)
        lines.append(
            line._replace(credited=line.credited + applied, excess=line.excess + amount - applied)
            if amount
            else line
        )
        if amount:
            done.append(MemoPart(line.line_no, amount, applied, amount - applied))
    applied = sum(part.applied for part in done)
    excess = sum(part.excess for part in done)
    reverses = draft.get(Memo, document.reverses)
    relieved, carry = valuation.credited(invoice, applied, reverses)
    sums = "discounts" if doc_type in DISCOUNTS else "credits"
    more = {sums: getattr(invoice, sums) + applied}
    draft.put(evolve(relieved, lines=tuple(lines), **more))
    memo = _memo(draft, document, doc_type, invoice, tuple(done))
    memo = evolve(
        memo,
        applied=applied,
        open_credit=0 if refund else excess,
        refunded=excess if refund else 0,
        carry=carry,
    )
    draft.put(memo)
    told = memo_events.discounted if doc_type in DISCOUNTS else memo_events.posted
    draft.announce(told(memo), memo)
    if excess:
        _open_credit(draft, memo, excess, Origin.EXCESS, refund=refund)
    _close_dead_disputes(draft, invoice.key, document.dispute_id)
    return memo


def debit(
    draft: Draft, invoice: Invoice, document: Document, additions: Sequence[tuple[str, int]]
) -> Memo:
    """Post a debit memo: one new line New/New per (description, minor units); return it.

    Raises:
        Rejected: `amount-not-positive`, or `amount-too-large` when the invoice would exceed what
            any amount may be.
        Parked: `unknown-rate`.
    """
    if any(amount <= 0 for _, amount in additions):
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "a debit memo must be positive")
    whole = invoice.amount + invoice.debit_memos + sum(amount for _, amount in additions)
    if whole > MAX_MINOR:
        raise Rejected(
            Code.AMOUNT_TOO_LARGE,
            f"{invoice.key} would come to {shown(whole, invoice.currency)}, "
            f"at most {shown(MAX_MINOR, invoice.currency)} are possible",
        )
    name = reference(draft, document.number)
    new = tuple(
        Line(
            line_no=f"DM:{name}:{at}",
            kind=Kind.DEBIT_MEMO,
            amount=amount,
            terms=LineTerms(description=text, net=amount),
        )
        for at, (text, amount) in enumerate(additions, start=1)
    )
    total = sum(line.amount for line in new)
    invoice, carry = _valued(draft, invoice, document, total)
    draft.put(evolve(invoice, lines=invoice.lines + new, debit_memos=invoice.debit_memos + total))
    parts = tuple(MemoPart(line.line_no, line.amount, line.amount, 0) for line in new)
    memo = _memo(draft, document, DocType.DEBIT_MEMO, invoice, parts)
    memo = evolve(memo, applied=total, carry=carry)
    draft.put(memo)
    draft.announce(memo_events.posted(memo), memo)
    return memo


def _valued(
    draft: Draft, invoice: Invoice, document: Document, total: int
) -> tuple[Invoice, int | None]:
    """Return `invoice` with what a debit memo adds to its carrying value, and how much that is."""
    reverses = draft.get(Memo, document.reverses)
    credit = draft.get(Source, source_of(draft, reverses)) if reverses else None
    taken = credit.carry.open if credit is not None and credit.carry is not None else 0
    return valuation.debited(draft, invoice, total, document.issued_on, reverses, taken)


def credit_note(draft: Draft, account: str, document: Document, money: Money) -> Memo:
    """Post a credit note: open credit of the customer, tied to no invoice; return it (S1-19)."""
    memo = Memo(
        key=document.number,
        doc_type=DocType.CREDIT_NOTE,
        account=account,
        currency=money.currency,
        amount=money.minor,
        issued_on=document.issued_on,
        reason_code=document.reason_code,
        reason_text=document.reason_text,
        open_credit=money.minor,
        content_hash=document.content_hash,
        cause=draft.context.cause,
    )
    draft.put(memo)
    draft.announce(memo_events.posted(memo), memo)
    _open_credit(draft, memo, money.minor, Origin.CREDIT_NOTE, refund=False)
    return memo


def write_off(
    draft: Draft, invoice: Invoice, document: Document, doc_type: DocType = DocType.WRITE_OFF
) -> Memo:
    """Write off all that is pending on `invoice`, a small difference or a bad debt; return it."""
    parts = tuple(
        MemoPart(line.line_no, line.open, line.open, 0) for line in invoice.lines if line.open
    )
    amount = sum(part.amount for part in parts)
    lines = tuple(line._replace(written_off=line.written_off + line.open) for line in invoice.lines)
    relieved, carry = valuation.credited(invoice, amount)
    draft.put(evolve(relieved, lines=lines, written_off=invoice.written_off + amount))
    memo = _memo(draft, document, doc_type, invoice, parts)
    memo = evolve(memo, applied=amount, carry=carry)
    draft.put(memo)
    event = WriteoffPosted(
        memo=memo.key,
        customer=memo.account,
        invoice=invoice.key,
        amount=Money(amount, invoice.currency),
        reason_code=document.reason_code or WRITE_OFF_REASON[doc_type],
    )
    draft.announce(event, memo)
    _close_dead_disputes(draft, invoice.key, None)
    return memo


def must_be_issued(invoice: Invoice) -> None:
    """Refuse memos on anything but an Issued invoice (M-03).

    Raises:
        Rejected: `bad-transition`.
    """
    if invoice.lifecycle is not Lifecycle.ISSUED:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{invoice.key} is {invoice.lifecycle}: memos need an Issued invoice",
        )


def reference(draft: Draft, number: InvoiceKey) -> str:
    """Return what is named after a document: its number, with its issuer where others have such.

    The enterprise numbers its documents, and the gateway gives no number twice.
    """
    alone = number.issuer == draft.context.policy.enterprise or number.number.startswith(GIVEN)
    return number.number if alone else str(number)


def source_of(draft: Draft, memo: Memo) -> SourceKey:
    """Return the key of the open credit that `memo` created."""
    return SourceKey(memo.account, SourceType.OPEN_CREDIT, reference(draft, memo.key))


def _memo(
    draft: Draft,
    document: Document,
    doc_type: DocType,
    invoice: Invoice,
    parts: tuple[MemoPart, ...],
) -> Memo:
    return Memo(
        key=document.number,
        doc_type=doc_type,
        account=invoice.account,
        currency=invoice.currency,
        amount=sum(part.amount for part in parts),
        issued_on=document.issued_on,
        invoice=invoice.key,
        parts=parts,
        reason_code=document.reason_code,
        reason_text=document.reason_text,
        dispute_id=document.dispute_id,
        reverses=document.reverses,
        content_hash=document.content_hash,
        cause=draft.context.cause,
    )


def _open_credit(draft: Draft, memo: Memo, amount: int, origin: Origin, *, refund: bool) -> None:
    source = Source(
        key=source_of(draft, memo),
        currency=memo.currency,
        amount=amount,
        value_date=memo.issued_on,
        origin=origin,
        origin_document=memo.key.number,
        content_hash=memo.content_hash,
        cause=draft.context.cause,
    )
    source = draft.fund(source)
    money = Money(amount, memo.currency)
    name = source.key.reference
    created = CreditCreated(customer=memo.account, reference=name, origin=origin, amount=money)
    draft.announce(created, source)
    if not refund:
        return
    source, carry = valuation.paid_out(source, amount)
    source = evolve(source, refunded=amount)
    draft.put(source)
    draft.put(
        Reversal(
            account=memo.account,
            reference=f"memo/{name}",
            source=source.key,
            kind=ReversalKind.REFUND,
            currency=memo.currency,
            amount=amount,
            reversed_on=memo.issued_on,
            carry=carry,
            cause=draft.context.cause,
        )
    )
    refunded = CreditRefunded(
        customer=memo.account, reference=name, amount=money, remaining=Money(0, memo.currency)
    )
    draft.announce(refunded, source)


def _close_dead_disputes(draft: Draft, key: InvoiceKey, except_id: str | None) -> None:
    """Auto-close the disputes of lines that ask for nothing any more (D-07)."""
    invoice = draft.get(Invoice, key)
    assert invoice is not None
    dead = {line.line_no for line in invoice.lines if line.disputed and not line.live}
    if not dead:
        return
    found = {
        each.line_no: each for each in disputes.all_open(draft, invoice) if each.id != except_id
    }
    for line in invoice.lines:
        if line.line_no in dead and line.line_no in found:
            dispute = found[line.line_no]
            disputes.close(draft, dispute, DisputeState.AUTO_CLOSED, reason="nothing is due")
