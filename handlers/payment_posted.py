"""PaymentPosted: money came in; it pays what it names, then the oldest invoices."""

from dataclasses import dataclass, replace
from datetime import date

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Intent,
    Invoice,
    InvoiceKey,
    InvoiceKind,
    Lifecycle,
    Money,
    Order,
    PaymentReceived,
    Reach,
    Rejected,
    Role,
    Scope,
    Source,
    SourceKey,
    SourceType,
    WaitsFor,
    allocations,
    known_before,
    memos,
    orders,
    own_number,
    rate_at,
)

NOT_PROVIDED = "NOTPROVIDED"
"""What banks pass on as end-to-end id where the payer gave none (ISO 20022)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPosted:
    """A payment as posted; `references` are the invoices it is meant for, in order.

    What pays none of them is meant for the order, where one is named.
    """

    key: SourceKey
    method: str
    amount: Money
    value_date: date
    bank_reference: str | None
    end_to_end_id: str | None
    final: bool
    order: str | None
    references: tuple[tuple[InvoiceKey, Money | None], ...]


def read(document: Document) -> PaymentPosted:
    """Read a payment.

    Raises:
        Rejected: `amount-not-positive` or `currency-mismatch`.
    """
    amount = document.money("Amount")
    references = tuple(
        (each.invoice("Invoice"), each.maybe_money("Amount"))
        for each in document.all("InvoiceReferences/InvoiceReference")
    )
    for money in (amount, *(part for _, part in references if part is not None)):
        if money.minor <= 0:
            raise Rejected(Code.AMOUNT_NOT_POSITIVE, "a payment and its parts must be positive")
        if money.currency != amount.currency:
            raise Rejected(
                Code.CURRENCY_MISMATCH,
                f"a reference is in {money.currency}, the payment in {amount.currency} (T-07)",
            )
    return PaymentPosted(
        key=SourceKey(
            document.text("Payer"), SourceType.PAYMENT, own_number(document, "PaymentId")
        ),
        method=document.text("Method"),
        amount=amount,
        value_date=document.day("ValueDate"),
        bank_reference=document.maybe("BankReference"),
        end_to_end_id=document.maybe("EndToEndId"),
        final=document.flag("Final", default=False),
        order=document.maybe("OrderReference"),
        references=references,
    )


def scope(message: PaymentPosted, context: Context) -> Scope:
    """Ask for the payer, the payment under any of its names, what it is for, and the auto run."""
    payer = message.key.account
    bank, end_to_end = message.bank_reference, message.end_to_end_id
    return Scope(
        accounts=(payer,),
        sources=(message.key,),
        bank_references=((payer, bank),) if bank else (),
        end_to_end_ids=((payer, end_to_end),) if end_to_end else (),
        invoices=tuple(invoice for invoice, _ in message.references),
        others=((Order, message.order),) if message.order else (),
        auto=True,
        money=message.amount.minor,
        rates=(
            rate_at(message.value_date, message.amount.currency),
            rate_at(context.today, message.amount.currency),
        ),
        provides=((WaitsFor.SOURCE, str(message.key)),),
    )


def decide(message: PaymentPosted, book: Book, context: Context) -> Decision:
    """Book the money, pay what it names, let the rest pay the oldest, report what is left."""
    draft = Draft(book, context)
    draft.account(message.key.account)
    known_before(
        draft.get(Source, message.key),
        context,
        Code.NUMBER_TAKEN,
        f"payment {message.key.reference!r} of {message.key.account}",
    )
    _refuse_second_name(draft, message)
    source = Source(
        key=message.key,
        currency=message.amount.currency,
        amount=message.amount.minor,
        value_date=message.value_date,
        method=message.method,
        bank_reference=message.bank_reference,
        end_to_end_id=message.end_to_end_id,
        intents=_intents(message),
        held_for=message.order,
        content_hash=context.content_hash,
        cause=context.cause,
    )
    source = draft.fund(source)
    draft.announce(
        PaymentReceived(
            payer=source.account,
            payment_id=source.key.reference,
            method=message.method,
            amount=message.amount,
            value_date=message.value_date,
            asserted_by_erp=False,
        ),
        source,
    )
    allocations.apply_intents(draft, source)
    reported = message.order is not None and _serve(draft, message)
    allocations.auto_run(draft, source.account)
    if message.final:
        _write_off_rest(draft, message)
    if not reported:
        allocations.report_unallocated(draft, source.key)
    return draft.decision()


def _serve(draft: Draft, message: PaymentPosted) -> bool:
    """Let the order do what its money allows now; return whether it set this free, and said so.

    An order that is not there yet is waited for (P-05); one whose money this never can be is not.
    """
    order = draft.get(Order, message.order)
    if order is None:
        return False
    theirs = order.account == message.key.account and order.currency == message.amount.currency
    if theirs:
        orders.follow_money(draft, order)
    source = draft.get(Source, message.key)
    assert source is not None
    if not theirs:
        draft.put(replace(source, held_for=None))
    return theirs and source.held_for is None


def _intents(message: PaymentPosted) -> tuple[Intent, ...]:
    """Return what is wished, in order, as far as the payment goes.

    Amounts that add up to more than the payment are cut from the last one on, so that each invoice
    gets the same whichever of them comes first (I-29).
    """
    left = message.amount.minor
    intents = []
    for invoice, money in message.references:
        amount = None if money is None else min(money.minor, left)
        intents.append(Intent(invoice, amount or None, waiting=amount != 0))
        left -= amount or 0
    return tuple(intents)


def _refuse_second_name(draft: Draft, message: PaymentPosted) -> None:
    """Refuse money that is here already under another id (P-02).

    Two bank references that differ are two bookings; else the end-to-end id tells, with amount and
    date, unless its giver left it out.

    Raises:
        Rejected: `number-taken`.
    """
    bank, end_to_end = message.bank_reference, message.end_to_end_id
    named = end_to_end not in (None, NOT_PROVIDED)
    mine = (message.amount, message.value_date)
    for other in draft.of(Source, message.key.account):
        if bank and other.bank_reference:
            same = bank == other.bank_reference
        elif named and end_to_end == other.end_to_end_id:
            same = mine == (Money(other.amount, other.currency), other.value_date)
        else:
            same = False
        if same:
            raise Rejected(
                Code.NUMBER_TAKEN,
                f"this money is booked already as payment {other.key.reference!r} "
                f"(posted by {other.cause})",
            )


def _write_off_rest(draft: Draft, message: PaymentPosted) -> None:
    """Write off what a final payment leaves open on its invoices, within the tolerance (A-11)."""
    tolerance = draft.context.policy.settlement_tolerance_minor
    for key, _ in message.references:
        invoice = draft.get(Invoice, key)
        if invoice is None or invoice.account != message.key.account:
            continue
        if invoice.lifecycle is not Lifecycle.ISSUED or invoice.kind is InvoiceKind.TOPUP:
            continue
        if 0 < invoice.pending <= tolerance:
            document = memos.Document(
                number=_write_off_number(key, message.key.reference),
                issued_on=message.value_date,
                reason_code="ROUNDING",
            )
            memos.write_off(draft, invoice, document)


def _write_off_number(key: InvoiceKey, reference: str) -> InvoiceKey:
    """Return the number of the write-off that `reference` causes on the invoice `key`."""
    return InvoiceKey(key.issuer, f"WO:{key.number}:{reference}")


HANDLER = Handler(
    message="PaymentPosted",
    rights={Role.ERP: Reach.ANY, Role.FINANCIALS: Reach.ANY, Role.BANK: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
