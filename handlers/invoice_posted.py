"""InvoicePosted: an invoice is issued at once and waits for money.

An ERP posts commercial ones; resellers and financials charge for something in particular (misc).
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from invoice_gateway.handler import (
    ISSUED_NEW,
    PLAIN,
    RESERVED,
    Account,
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Invoice,
    InvoiceKey,
    InvoiceKind,
    Item,
    Line,
    Memo,
    Money,
    Order,
    OrderStatus,
    Reach,
    Rejected,
    Role,
    Scope,
    SourceKey,
    SourceType,
    Sums,
    Tax,
    WaitsFor,
    allocations,
    billing,
    bills,
    check_totals,
    issuing,
    known_before,
    memos,
    number_taken,
    rate_at,
    tabled,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePosted:
    """An invoice as posted; a total below zero makes it a credit (T-05).

    With `numbered` the gateway gives it its number, `key` and all.
    """

    key: InvoiceKey
    kind: InvoiceKind
    numbered: bool
    customer: str
    currency: str
    issue_date: date
    due_date: date | None
    order_ref: str | None
    description: str | None
    payment_reference: str | None
    preceding: InvoiceKey | None
    days: issuing.Days
    lines: tuple[Line, ...]
    total: int
    prepaid: int
    snapshot: str

    @property
    def prepaid_key(self) -> SourceKey:
        """Return the key of the payment that stands for what was prepaid."""
        return issuing.prepaid_key(self.customer, self.key.number)


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
AS_THE_ACCOUNT = issuing.Days()


def read(document: Document) -> InvoicePosted:
    """Read an invoice and check that it adds up (T-01 to T-03).

    Raises:
        Rejected: `totals-mismatch`, `decimals`, `unknown-currency`, `amount-not-positive`, and
            `text-required` or `bad-transition` where something does not go with its kind.
    """
    currency = document.currency("Currency")
    lines = document.rows("Lines/Line")
    extras = bills.extras(document.rows("AllowanceCharge"), currency)
    nets = lines.amounts("NetAmount", currency)
    items = [*tabled(Item, nets, bills.tax_keys(lines, "TaxCategory", "TaxRate"))]
    added = [extra.item for extra in extras]
    taxes = bills.taxes(document.rows("Taxes/Tax"), currency)
    totals = bills.totals(document, currency)
    sums = Sums(
        sum(nets),
        -sum([item.net for item in added if item.allowance]),
        sum([item.net for item in added if not item.allowance]),
    )
    items += added
    check_totals(sums, items, taxes, totals)
    if totals.prepaid < 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "Totals/Prepaid must not be negative")
    total = totals.tax_inclusive + totals.rounding
    if total < 0 and totals.prepaid:
        raise Rejected(
            Code.AMOUNT_NOT_POSITIVE,
            "a document below zero cannot have been prepaid (Totals/Prepaid)",
        )
    kind, number = _kind(document, total, totals.prepaid), document.maybe("Number")
    return InvoicePosted(
        key=_key(document, kind, number),
        kind=kind,
        numbered=number is None,
        customer=document.text("Customer"),
        currency=currency,
        issue_date=document.day("IssueDate"),
        due_date=document.maybe_day("DueDate"),
        order_ref=document.maybe("OrderReference"),
        description=document.maybe("Description"),
        payment_reference=document.maybe("PaymentReference"),
        preceding=document.maybe_invoice("PrecedingInvoice"),
        days=_days(document) if kind is InvoiceKind.MISC else AS_THE_ACCOUNT,
        lines=bills.gross_lines(lines, extras, items, taxes, totals) if total >= 0 else (),
        total=total,
        prepaid=totals.prepaid,
        snapshot=_snapshot(document, taxes),
    )


def _kind(document: Document, total: int, prepaid: int) -> InvoiceKind:
    """Return what kind it is, once it is clear that everything goes with that (X-14, T-04)."""
    if document.maybe("Kind") != InvoiceKind.MISC:
        if document.maybe("CollectionPolicy") is not None:
            raise document.refuse(
                Code.BAD_TRANSITION, "CollectionPolicy", "only a misc invoice has one of its own"
            )
        return InvoiceKind.COMMERCIAL
    if not document.has("OrderReference"):
        raise document.refuse(
            Code.TEXT_REQUIRED, "Kind", "a misc invoice charges for an order", "an OrderReference"
        )
    if prepaid or total <= 0:
        raise Rejected(
            Code.AMOUNT_NOT_POSITIVE, "a misc invoice asks for money, none of which was prepaid"
        )
    return InvoiceKind.MISC


def _key(document: Document, kind: InvoiceKind, number: str | None) -> InvoiceKey:
    """Return issuer and number; what the gateway is to number is named after its message."""
    issuer = document.maybe("Issuer") or document.enterprise
    if number is not None:
        if number.startswith(RESERVED):
            raise number_taken(document, "Number")
        return InvoiceKey(issuer, number)
    if kind is not InvoiceKind.MISC:
        raise document.refuse(
            Code.TEXT_REQUIRED, ".", "a commercial invoice has the number of its issuer", "a Number"
        )
    sender, message_id = document.text("Header/Sender"), document.text("Header/MessageId")
    return issuing.given_key(issuer, sender, message_id)


def _days(document: Document) -> issuing.Days:
    return issuing.Days(
        reminder_days=document.maybe_integer("CollectionPolicy/ReminderDays"),
        suspension_days=document.maybe_integer("CollectionPolicy/SuspensionDays"),
        deletion_days=document.maybe_integer("CollectionPolicy/DeletionDays"),
    )


def _snapshot(document: Document, taxes: list[Tax]) -> str:
    """Return what was said about seller, buyer and taxes, as JSON, kept as it is (§3.15)."""
    blocks: dict[str, object] = {
        name: [[child.name, child.text()] for child in block.all("*")]
        for name in ("Seller", "Buyer")
        if (block := document.one(name))
    }
    blocks["Taxes"] = [[*tax.key, tax.taxable, tax.amount] for tax in taxes]
    return _JSON.encode(blocks)


def scope(message: InvoicePosted, _: Context) -> Scope:
    """Ask for the account, the number, its order, money that waits for it, and idle money."""
    if message.total < 0:
        return _credit_scope(message)
    provides = [(WaitsFor.INVOICE.value, str(message.key))]
    if message.prepaid:
        provides.append((WaitsFor.SOURCE.value, str(message.prepaid_key)))
    return Scope(
        accounts=(message.customer,),
        invoices=(message.key,),
        sources=(message.prepaid_key,) if message.prepaid else (),
        others=((Order, message.order_ref),) if message.order_ref else (),
        auto=True,
        money=message.prepaid,
        rates=(rate_at(message.issue_date, message.currency),),
        provides=tuple(provides),
    )


def _credit_scope(message: InvoicePosted) -> Scope:
    """Return the scope of a document below zero: it brings a memo and perhaps open credit."""
    credit = SourceKey(message.customer, SourceType.OPEN_CREDIT, message.key.number)
    return Scope(
        accounts=(message.customer,),
        invoices=(message.key, message.preceding) if message.preceding else (message.key,),
        memos=(message.key,),
        auto=True,
        money=-message.total,
        rates=(rate_at(message.issue_date, message.currency),),
        provides=((WaitsFor.MEMO, str(message.key)), (WaitsFor.SOURCE, str(credit))),
    )


def decide(message: InvoicePosted, book: Book, context: Context) -> Decision:
    """Issue the invoice, give it the money that waited for it, then idle money."""
    draft = Draft(book, context)
    issuing.must_be_allowed(context, message.kind, message.key.issuer, message.customer)
    account = draft.account(message.customer)
    known_before(draft.get(Invoice, message.key), context, Code.INVOICE_IMMUTABLE, message.key)
    if message.total < 0:
        _credit(draft, message)
    else:
        invoice = _invoice(message, account, context)
        if invoice.kind is InvoiceKind.MISC and invoice.order_ref:
            issuing.must_be_its_order(draft, invoice.order_ref, invoice.account)
        draft.issue(invoice)
        prepaid = message.prepaid
        if message.order_ref:
            prepaid -= _from_order(draft, invoice)
        if prepaid > 0:
            issuing.assert_prepayment(draft, invoice, prepaid)
        allocations.welcome(draft, invoice)
    allocations.auto_run(draft, message.customer)
    if message.prepaid:
        allocations.report_unallocated(draft, message.prepaid_key)
    return draft.decision()


def _invoice(message: InvoicePosted, account: Account, context: Context) -> Invoice:
    due = message.due_date or message.issue_date + timedelta(days=account.terms_days)
    kind, detail = message.kind, PLAIN
    if kind is InvoiceKind.MISC or account.reminder_days is not None:  # few are
        detail = issuing.detail(kind, account, message.days, numbered=message.numbered)
    return Invoice(
        key=message.key,
        account=message.customer,
        currency=message.currency,
        amount=message.total,
        issue_date=message.issue_date,
        due_date=due,
        lines=message.lines,
        derived=ISSUED_NEW,
        kind=kind,
        order_ref=message.order_ref,
        payment_reference=message.payment_reference,
        description=message.description,
        content_hash=context.content_hash,
        cause=context.cause,
        detail=detail,
        snapshot=message.snapshot,
    )


def _from_order(draft: Draft, invoice: Invoice) -> int:
    """Return how much the money held for the order of an invoice has paid of it (X-14, T-04).

    An order that waits for its payment keeps what it has until all is there.
    """
    order = draft.get(Order, invoice.order_ref)
    if order is None or order.account != invoice.account:
        return 0
    if order.status is not OrderStatus.IN_PROCESS:
        return 0
    return billing.pay_one(draft, invoice, billing.sources(draft, order))


def _credit(draft: Draft, message: InvoicePosted) -> None:
    """Post a document below zero as a memo on the invoice it names, or as open credit (T-05)."""
    known_before(draft.get(Memo, message.key), draft.context, Code.INVOICE_IMMUTABLE, message.key)
    document = memos.Document(
        number=message.key,
        issued_on=message.issue_date,
        reason_text=message.description,
        content_hash=draft.context.content_hash,
    )
    money = Money(-message.total, message.currency)
    issuing.post_credit(draft, document, message.customer, message.preceding, money)


HANDLER = Handler(
    message="InvoicePosted",
    rights={Role.ERP: Reach.ANY, Role.FINANCIALS: Reach.ANY, Role.RESELLER: Reach.BENEATH},
    read=read,
    scope=scope,
    decide=decide,
)
