"""PaymentNotice: a customer says it has paid; its axis moves, no money does."""

from dataclasses import dataclass
from itertools import accumulate

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    Money,
    Move,
    Notice,
    Reach,
    Rejected,
    Role,
    Scope,
    Side,
    known_before,
)

KIND = "payment-notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is said to be paid of one invoice: lines, an amount, both, or (neither) all of it."""

    invoice: InvoiceKey
    amount: Money | None
    line_nos: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNotice:
    """A notice as sent."""

    notice_id: str
    declared: tuple[Declared, ...]


def read(document: Document) -> PaymentNotice:
    """Read a notice.

    Raises:
        Rejected: `amount-not-positive`.
    """
    declared = tuple(
        Declared(
            invoice=each.invoice("Number"),
            amount=each.maybe_money("Amount"),
            line_nos=tuple(line.text() for line in each.all("LineNo")),
        )
        for each in document.all("Invoices/Invoice")
    )
    if any(each.amount is not None and each.amount.minor <= 0 for each in declared):
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "a declared amount must be positive")
    return PaymentNotice(notice_id=document.text("NoticeId"), declared=declared)


def scope(message: PaymentNotice, context: Context) -> Scope:
    """Ask for the invoices and the notice."""
    return Scope(
        invoices=tuple(each.invoice for each in message.declared),
        notices=((KIND, context.actor.party, message.notice_id),),
    )


def decide(message: PaymentNotice, book: Book, context: Context) -> Decision:
    """Declare the lines paid that the notice covers."""
    draft = Draft(book, context)
    invoices = [draft.living(each.invoice) for each in message.declared]
    key = (KIND, context.actor.party, message.notice_id)
    known_before(
        draft.get(Notice, key), context, Code.IDEMPOTENCY_CONFLICT, f"notice {message.notice_id!r}"
    )
    covered = [
        _covered(invoice, each) for invoice, each in zip(invoices, message.declared, strict=True)
    ]
    draft.put(
        Notice(
            kind=KIND,
            party=context.actor.party,
            notice_id=message.notice_id,
            content_hash=context.content_hash,
            cause=context.cause,
        )
    )
    for invoice, line_nos in zip(invoices, covered, strict=True):
        for line_no in line_nos:
            draft.move(
                invoice.key,
                line_no,
                Side.CUSTOMER,
                Move.DECLARE_PAID,
                role=context.actor.role,
                reason=message.notice_id,
            )
    return draft.decision()


def _covered(invoice: Invoice, declared: Declared) -> tuple[str, ...]:
    """Return the lines a declaration covers, in document order.

    Without an amount: the lines named, or all live ones. With one: of those, the lines whose open
    amount it covers one after the other (§7.6); an amount over all that is pending covers them all.

    Raises:
        Rejected: `unknown-line` or `currency-mismatch`.
    """
    known = {line.line_no for line in invoice.lines} if declared.line_nos else set()
    for line_no in declared.line_nos:
        if line_no not in known:
            raise Rejected(Code.UNKNOWN_LINE, f"{invoice.key} has no line {line_no!r}")
    named = set(declared.line_nos)
    lines = [line for line in invoice.lines if (line.line_no in named if named else line.live)]
    if declared.amount is None:
        return tuple(line.line_no for line in lines)
    if declared.amount.currency != invoice.currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH,
            f"the notice is in {declared.amount.currency}, {invoice.key} in {invoice.currency}",
        )
    left = declared.amount.minor
    if left >= sum(line.open for line in lines):
        return tuple(line.line_no for line in lines)
    needed = accumulate(line.open for line in lines)
    return tuple(
        line.line_no
        for line, so_far in zip(lines, needed, strict=True)
        if line.open and so_far <= left
    )


HANDLER = Handler(
    message="PaymentNotice",
    rights={Role.PARTNER: Reach.OWN, Role.OWNER: Reach.OWN},
    read=read,
    scope=scope,
    decide=decide,
)
