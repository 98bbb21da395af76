"""Asking for less, giving up or giving back once an invoice is issued: which document may do it.

Discounts and money-backs reduce what is owed first and give the rest back as open credit; a bad
debt and a cancellation are about exactly what is pending (DOMAIN §3.7, §3.8). A document that was
posted by mistake is taken back by its opposite (M-01).
"""

from collections.abc import Sequence
from datetime import timedelta

from . import allocation as allocations
from . import memo as memos
from .decision import Context, Role
from .detail import Execution
from .draft import Draft
from .errors import Code, Rejected
from .evolve import evolve
from .invoice import Invoice, InvoiceKind, Kind, Line
from .keys import InvoiceKey
from .ledger import Account, DocType, Memo, Mode, Part, Source
from .memo import Document
from .money import shown
from .order import Order, ServiceState

CREDITS = frozenset({DocType.CREDIT_MEMO, DocType.DISCOUNT, DocType.MONEY_BACK})
"""Documents that lowered what is owed by crediting: a debit memo takes them back."""
WRITE_OFFS = frozenset({DocType.WRITE_OFF, DocType.BAD_DEBT})
"""Documents that gave something up: a debit memo asks for it again."""


def must_be_seller(context: Context, invoice: Invoice) -> None:
    """Refuse a reseller that meddles with what another party charges, or with what it owes itself.

    It sells what it charges in its own name, and what its customers request, for which the system
    raises the invoice (S4-22).

    Raises:
        Rejected: `forbidden` (DOMAIN §3.16).
    """
    actor = context.actor
    if actor.role is not Role.RESELLER:
        return
    sold = invoice.key.issuer == actor.party or invoice.kind is InvoiceKind.REQUEST
    if not sold or invoice.account == actor.party:
        raise Rejected(
            Code.FORBIDDEN,
            f"reseller {actor.party} reverses only what it sells to its own customers, "
            f"not {invoice.key}",
        )


def given_number(context: Context, doc_type: str) -> str:
    """Return the number that a document gets whose sender gives it none."""
    return f"{doc_type.upper()}:{context.actor.sender}:{context.message_id}"


def lay(invoice: Invoice, lines: Sequence[Line], amount: int) -> tuple[Part, ...]:
    """Return `amount` laid over `lines`: what is open first, then what is settled (S4-34).

    Both in document order, each line within what can still be credited of it.

    Raises:
        Rejected: `amount-not-positive` or `exceeds-creditable`.
    """
    rest = sum(line.creditable for line in lines)
    if amount <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, f"there is nothing to take off {invoice.key}")
    if amount > rest:
        raise Rejected(
            Code.EXCEEDS_CREDITABLE,
            f"{invoice.key} has {shown(rest, invoice.currency)} left to reverse, "
            f"not {shown(amount, invoice.currency)}",
        )
    owed = [min(line.open, line.creditable) for line in lines]
    paid = [line.creditable - open_ for line, open_ in zip(lines, owed, strict=True)]
    shares = [0] * len(lines)
    for rooms in (owed, paid):
        for at, room in enumerate(rooms):
            part = min(room, amount)
            shares[at] += part
            amount -= part
    return tuple(
        Part(line.line_no, share) for line, share in zip(lines, shares, strict=True) if share
    )


def all_pending(invoice: Invoice) -> tuple[Part, ...]:
    """Return what is open, line by line.

    Raises:
        Rejected: `amount-not-positive`, when nothing is.
    """
    if invoice.pending <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, f"nothing is pending on {invoice.key}")
    return tuple(Part(line.line_no, line.open) for line in invoice.lines if line.open)


def discount(
    draft: Draft, invoice: Invoice, document: Document, parts: Sequence[Part], *, refund: bool
) -> Memo:
    """Post a discount over `parts`, before or after payment; return it (S4-34).

    Raises:
        Rejected: `bad-transition`, `unknown-line`, `amount-not-positive` or `exceeds-creditable`.
    """
    memos.must_be_issued(invoice)
    memos.check_credit(invoice, parts)
    return memos.credit(draft, invoice, document, parts, refund=refund, doc_type=DocType.DISCOUNT)


def bad_debt(draft: Draft, invoice: Invoice, document: Document, amount: int | None) -> Memo:
    """Write off exactly what is pending, for it will never be paid; return the document (S4-33).

    Raises:
        Rejected: `bad-transition` (not Issued, a request is pending, or `amount` is only a part),
            `amount-not-positive` or `exceeds-pending`.
    """
    memos.must_be_issued(invoice)
    _must_not_hang_on_request(invoice)
    pending = invoice.pending
    said = pending if amount is None else amount
    if said <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, f"nothing is to be written off {invoice.key}")
    if said != pending:
        raise Rejected(
            Code.EXCEEDS_PENDING if said > pending else Code.BAD_TRANSITION,
            f"{invoice.key} has {shown(pending, invoice.currency)} pending, a bad debt is about "
            f"all of it, not {shown(said, invoice.currency)}",
        )
    return memos.write_off(draft, invoice, document, DocType.BAD_DEBT)


def _must_not_hang_on_request(invoice: Invoice) -> None:
    """Refuse to give up, or give back, what a request that was not executed is to be paid by."""
    executed = invoice.detail.execution is Execution.EXECUTED
    if invoice.kind is InvoiceKind.REQUEST and not executed:
        raise Rejected(
            Code.BAD_TRANSITION, f"{invoice.key} hangs on a request: cancel that instead (X-04)"
        )


def money_back(
    draft: Draft,
    invoice: Invoice,
    order: Order,
    document: Document,
    *,
    amount: int | None,
    refund: bool,
) -> Memo:
    """Give back what is refundable, or `amount` of it, after the order was deleted; return it.

    All but application fees is refundable (S4-06, S4-07), as long as the money-back days of the
    account have not passed since the issue; the effective date of the message counts.

    Raises:
        Rejected: `bad-transition`, `amount-not-positive` or `exceeds-creditable`.
    """
    memos.must_be_issued(invoice)
    _must_not_hang_on_request(invoice)
    _must_be_within_days(draft, invoice, order)
    lines = [line for line in invoice.lines if line.kind is not Kind.APPLICATION_FEE]
    if amount is None:
        amount = sum(line.creditable for line in lines)
    parts = lay(invoice, lines, amount)
    return memos.credit(draft, invoice, document, parts, refund=refund, doc_type=DocType.MONEY_BACK)


def _must_be_within_days(draft: Draft, invoice: Invoice, order: Order) -> None:
    if invoice.order_ref != order.reference or invoice.account != order.account:
        raise Rejected(
            Code.BAD_TRANSITION, f"{invoice.key} is not an invoice of order {order.reference!r}"
        )
    if order.service_state is not ServiceState.DELETED:
        raise Rejected(
            Code.BAD_TRANSITION, f"order {order.reference!r} is not deleted: nothing goes back"
        )
    account = draft.get(Account, invoice.account)
    assert account is not None
    days = account.money_back_days
    if days is None or draft.context.today > invoice.issue_date + timedelta(days=days):
        raise Rejected(
            Code.BAD_TRANSITION,
            f"the money-back days of {invoice.account} ({days or 'none'}) have passed since "
            f"{invoice.issue_date}",
        )


def cancellation(draft: Draft, invoice: Invoice, document: Document) -> Memo:
    """Credit all that is pending on an invoice that goes with its request; return the document.

    The caller has set free what was paid, and sets the lifecycle (S4-31, X-11, I-20).
    """
    assert not invoice.settled
    return _take_off_pending(draft, invoice, document, DocType.CANCELLATION)


def discount_pending(draft: Draft, invoice: Invoice, document: Document) -> Memo:
    """Discount all that is pending on `invoice`; return the document (S4-27)."""
    return _take_off_pending(draft, invoice, document, DocType.DISCOUNT)


def _take_off_pending(
    draft: Draft, invoice: Invoice, document: Document, doc_type: DocType
) -> Memo:
    """Credit what is open; what was given back before, and is owed again, is written off (M-05)."""
    parts = [
        Part(line.line_no, min(line.open, line.creditable))
        for line in invoice.lines
        if line.open and line.creditable
    ]
    made = memos.credit(draft, invoice, document, parts, refund=False, doc_type=doc_type)
    left = draft.get(Invoice, invoice.key)
    assert left is not None
    if left.pending:
        number = document.number._replace(number=f"WO:{document.number.number}")
        memos.write_off(draft, left, evolve(document, number=number), DocType.BAD_DEBT)
    return made


def opposite(draft: Draft, invoice: Invoice, document: Document, memo: Memo) -> Memo:
    """Post the document that takes `memo` back, line by line; return it (M-01).

    What lowered the debt is asked for again by a debit memo, which the open credit that came of it
    pays; a debit memo is credited on the lines it added.

    Raises:
        Rejected: `bad-transition`, `already-reversed`, `funds-spent` or `exceeds-creditable`.
    """
    memos.must_be_issued(invoice)
    _must_be_reversible(invoice, memo)
    if memo.doc_type is DocType.DEBIT_MEMO:
        parts = [Part(part.line_no, part.amount) for part in memo.parts]
        memos.check_credit(invoice, parts)
        made = memos.credit(draft, invoice, document, parts, refund=False)
    else:
        text = document.reason_text or f"{memo.doc_type.value} {memo.key.number} taken back"
        again = [(f"{text} (line {part.line_no})", part.amount) for part in memo.parts]
        made = memos.debit(draft, invoice, document, again)
        if memo.open_credit:
            take_back_credit(draft, memo, made)
    draft.put(evolve(memo, reversed_by=made.key.number))
    return made


def _must_be_reversible(invoice: Invoice, memo: Memo) -> None:
    if memo.reversed_by is not None:
        raise Rejected(Code.ALREADY_REVERSED, f"{memo.key} was reversed by {memo.reversed_by}")
    reversible = memo.doc_type is DocType.DEBIT_MEMO or memo.doc_type in CREDITS | WRITE_OFFS
    if memo.invoice != invoice.key or not reversible:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{memo.key} ({memo.doc_type} on {memo.invoice}) cannot be taken back on {invoice.key}",
        )
    if memo.refunded:
        raise Rejected(Code.FUNDS_SPENT, f"the excess of {memo.key} was refunded")


def take_back_credit(draft: Draft, reversed_memo: Memo, memo: Memo) -> None:
    """Let the open credit of a reversed document pay the debit lines that take it back (M-01).

    Raises:
        Rejected: `funds-spent`.
    """
    source = draft.get(Source, memos.source_of(draft, reversed_memo))
    invoice = draft.get(Invoice, reversed_memo.invoice)
    assert invoice is not None
    if source is None or source.remaining != source.amount:
        raise Rejected(
            Code.FUNDS_SPENT,
            f"the open credit of memo {reversed_memo.key.number} is partly used: free it first",
        )
    lines = [line for line in invoice.lines if line.line_no in {p.line_no for p in memo.parts}]
    parts = allocations.waterfall(lines, source.remaining, disputed=True)
    allocations.post(draft, source, invoice, parts, Mode.MANUAL)


def key_of(context: Context, number: str) -> InvoiceKey:
    """Return the key of a document: those of the enterprise are its own, a reseller's are its."""
    actor = context.actor
    issuer = actor.party if actor.role is Role.RESELLER else context.policy.enterprise
    return InvoiceKey(issuer, number)
