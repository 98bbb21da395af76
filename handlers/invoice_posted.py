"""InvoicePosted: an ERP posts an invoice; it is issued at once and waits for money."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from invoice_gateway.handler import (
    ISSUED_NEW,
    Account,
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
    Item,
    Kind,
    Line,
    LineTerms,
    Memo,
    Money,
    Order,
    OrderStatus,
    Part,
    PaymentReceived,
    Reach,
    Rejected,
    Role,
    Rows,
    Scope,
    Source,
    SourceKey,
    SourceType,
    Sums,
    Tax,
    TaxKey,
    Totals,
    WaitsFor,
    allocations,
    billing,
    check_totals,
    gross_columns,
    known_before,
    memos,
    own_number,
    rate_at,
    tabled,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePosted:
    """An invoice as posted; a total below zero makes it a credit (T-05)."""

    key: InvoiceKey
    customer: str
    currency: str
    issue_date: date
    due_date: date | None
    order_ref: str | None
    description: str | None
    payment_reference: str | None
    preceding: InvoiceKey | None
    lines: tuple[Line, ...]
    total: int
    prepaid: int
    snapshot: str


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
TOTALS = {
    "line_total": "LineTotal",
    "allowance_total": "AllowanceTotal",
    "charge_total": "ChargeTotal",
    "tax_exclusive": "TaxExclusive",
    "tax_total": "TaxTotal",
    "tax_inclusive": "TaxInclusive",
    "prepaid": "Prepaid",
    "rounding": "Rounding",
    "payable": "Payable",
}
"""Where the amounts of `Totals` stand."""
CHARGES = {"charge": Kind.CHARGE, "shipping": Kind.SHIPPING}


def read(document: Document) -> InvoicePosted:
    """Read an invoice and check that it adds up (T-01 to T-03).

    Raises:
        Rejected: `totals-mismatch`, `decimals`, `unknown-currency` or `amount-not-positive`.
    """
    currency = document.currency("Currency")
    lines = document.rows("Lines/Line")
    extras = _extras(document.rows("AllowanceCharge"), currency)
    nets = lines.amounts("NetAmount", currency)
    items = [*tabled(Item, nets, _tax_keys(lines, "TaxCategory", "TaxRate"))]
    added = [extra.item for extra in extras]
    taxes = _taxes(document.rows("Taxes/Tax"), currency)
    totals = _totals(document, currency)
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
    number, issuer = document.invoice("Number"), document.maybe("Issuer")
    own_number(document, "Number")
    return InvoicePosted(
        key=InvoiceKey(issuer or number.issuer, number.number),
        customer=document.text("Customer"),
        currency=currency,
        issue_date=document.day("IssueDate"),
        due_date=document.maybe_day("DueDate"),
        order_ref=document.maybe("OrderReference"),
        description=document.maybe("Description"),
        payment_reference=document.maybe("PaymentReference"),
        preceding=document.maybe_invoice("PrecedingInvoice"),
        lines=_lines(lines, extras, items, taxes, totals) if total >= 0 else (),
        total=total,
        prepaid=totals.prepaid,
        snapshot=_snapshot(document, taxes),
    )


@lru_cache(maxsize=256)
def _tax_key(category: str, rate: str) -> TaxKey:
    """Return a category with its rate in the shortest form, so that 20 and 20.00 are one rate."""
    return TaxKey(category, f"{Decimal(rate).normalize():f}")


def _tax_keys(rows: Rows, category: str, rate: str) -> list[TaxKey]:
    return [*map(_tax_key, rows.texts(category), rows.texts(rate))]


class Extra(NamedTuple):
    """An allowance or charge of the whole document."""

    kind: str
    item: Item
    reason: str | None


def _extras(rows: Rows, currency: str) -> list[Extra]:
    if not rows:
        return []
    kinds, amounts = rows.texts("Kind"), rows.amounts("Amount", currency)
    if min(amounts) < 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "an allowance or charge must not be negative")
    items = [
        Item(-amount, key, allowance=True) if kind == "allowance" else Item(amount, key)
        for kind, amount, key in zip(
            kinds, amounts, _tax_keys(rows, "TaxCategory", "TaxRate"), strict=True
        )
    ]
    return [*map(Extra, kinds, items, rows.maybe("Reason"))]


def _taxes(rows: Rows, currency: str) -> list[Tax]:
    keys = _tax_keys(rows, "Category", "Rate")
    bases, amounts = rows.amounts("TaxableAmount", currency), rows.amounts("TaxAmount", currency)
    return [*tabled(Tax, keys, bases, amounts)]


def _totals(document: Document, currency: str) -> Totals:
    block = document.one("Totals")
    assert block is not None
    amounts = block.amounts(TOTALS.values(), currency)
    return Totals(currency=currency, **dict(zip(TOTALS, amounts, strict=True)))


def _lines(
    lines: Rows, extras: list[Extra], items: list[Item], taxes: list[Tax], totals: Totals
) -> tuple[Line, ...]:
    """Return the lines with their gross amounts, then charges, shipping and rounding (T-03)."""
    nets, keys, _ = zip(*items, strict=True)
    shares, amounts = gross_columns(nets, keys, taxes, totals.rounding)
    sold = slice(0, len(lines))
    terms = _terms(lines, nets[sold], keys[sold], shares[sold])
    kinds = [Kind.ITEM] * len(lines)
    found = [*tabled(Line, lines.texts("LineNo"), kinds, amounts[sold], terms)]
    for at, extra in enumerate(extras, 1):
        if extra.item.allowance:
            continue
        place = len(lines) + at - 1
        detail = LineTerms(
            extra.reason or extra.kind,
            net=extra.item.net,
            tax_category=extra.item.tax.category,
            tax_rate=extra.item.tax.rate,
            tax=shares[place],
        )
        kind = CHARGES[extra.kind]
        found.append(Line(f"{kind.value}:{at}", kind, amounts[place], detail))
    rounded = totals.tax_inclusive + totals.rounding - sum(amounts)
    if rounded:
        detail = LineTerms("Rounding", net=rounded)
        found.append(Line("rounding:1", Kind.ROUNDING, rounded, detail))
    return tuple(found)


def _terms(
    lines: Rows, nets: Sequence[int], keys: Sequence[TaxKey], taxes: Sequence[int]
) -> Iterable[LineTerms]:
    """Return what was sold, line by line."""
    return tabled(
        LineTerms,
        lines.texts("Description"),
        lines.maybe("ItemCode"),
        lines.texts("Quantity"),
        lines.maybe("Quantity/@unit"),
        lines.texts("UnitPrice"),
        nets,
        *zip(*keys, strict=True),
        taxes,
        lines.maybe("OrderLine"),
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
        provides.append((WaitsFor.SOURCE.value, str(_prepaid_key(message))))
    return Scope(
        accounts=(message.customer,),
        invoices=(message.key,),
        sources=(_prepaid_key(message),) if message.prepaid else (),
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
    if message.key.issuer != context.policy.enterprise:
        raise Rejected(
            Code.FORBIDDEN, f"invoices of issuer {message.key.issuer!r} are not posted by the ERP"
        )
    account = draft.account(message.customer)
    known_before(draft.get(Invoice, message.key), context, Code.INVOICE_IMMUTABLE, message.key)
    if message.total < 0:
        _credit(draft, message)
    else:
        invoice = _invoice(message, account, context)
        draft.issue(invoice)
        prepaid = message.prepaid
        if message.order_ref:
            prepaid -= _from_order(draft, invoice)
        if prepaid > 0:
            _assert_prepayment(draft, message, prepaid)
        allocations.welcome(draft, invoice)
    allocations.auto_run(draft, message.customer)
    if message.prepaid:
        allocations.report_unallocated(draft, _prepaid_key(message))
    return draft.decision()


def _invoice(message: InvoicePosted, account: Account, context: Context) -> Invoice:
    due = message.due_date or message.issue_date + timedelta(days=account.terms_days)
    return Invoice(
        key=message.key,
        account=message.customer,
        currency=message.currency,
        amount=message.total,
        issue_date=message.issue_date,
        due_date=due,
        lines=message.lines,
        derived=ISSUED_NEW,
        order_ref=message.order_ref,
        payment_reference=message.payment_reference,
        description=message.description,
        content_hash=context.content_hash,
        cause=context.cause,
        snapshot=message.snapshot,
    )


def _prepaid_key(message: InvoicePosted) -> SourceKey:
    return SourceKey(message.customer, SourceType.PAYMENT, f"prepaid:{message.key.number}")


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


def _assert_prepayment(draft: Draft, message: InvoicePosted, amount: int) -> None:
    """Book `amount`, which the ERP says was paid before, as a payment for this invoice (T-04).

    It pays before anything else that waits for the invoice: the ERP has taken it off already.
    """
    source = Source(
        key=_prepaid_key(message),
        currency=message.currency,
        amount=amount,
        value_date=message.issue_date,
        method="other",
        asserted_by_erp=True,
        intents=(Intent(message.key, None, waiting=True),),
        content_hash=draft.context.content_hash,
        cause=draft.context.cause,
    )
    source = draft.fund(source)
    event = PaymentReceived(
        payer=source.account,
        payment_id=source.key.reference,
        method="other",
        amount=Money(source.amount, source.currency),
        value_date=source.value_date,
        asserted_by_erp=True,
    )
    draft.announce(event, source)
    allocations.apply_intents(draft, source)


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
    if message.preceding is None:
        memos.credit_note(draft, message.customer, document, money)
        return
    invoice = draft.invoice(message.preceding)
    memos.must_be_issued(invoice)
    if invoice.currency != message.currency or invoice.account != message.customer:
        raise Rejected(
            Code.CURRENCY_MISMATCH if invoice.account == message.customer else Code.FORBIDDEN,
            f"{message.preceding} is in {invoice.currency}, billed to {invoice.account}",
        )
    parts: tuple[Part, ...] = memos.spread_credit(invoice, money.minor)
    memos.credit(draft, invoice, document, parts, refund=False)


HANDLER = Handler(
    message="InvoicePosted",
    rights={Role.ERP: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
