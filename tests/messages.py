"""Builders of valid messages: one function per message type, keywords in, XML bytes out.

Amounts are decimal text in the currency of the message. What a builder is not told gets a value
that makes the message valid. Without `message_id` the id follows from the content, so the same call
gives the same message and another one gives another. Every builder takes the keywords of `Header`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any, TypedDict, Unpack
from xml.sax.saxutils import escape, quoteattr

from invoice_gateway.model.money import exponent

NAMESPACE = "urn:invoice-gateway:1"
TODAY = "2026-11-20"
NOW = "2026-11-20T09:30:00Z"

Named = str | tuple[str, str]
"""A document by number, or by (issuer, number) when the enterprise is not the issuer."""


class Header(TypedDict, total=False):
    """What every builder takes besides the content of its message."""

    sender: str
    message_id: str
    sent_at: str
    correlation_id: str
    effective_date: str
    acting_for: str


class Xml(str):
    """Text that is markup already."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of an invoice; without a number it gets its position."""

    net: str
    number: str | None = None
    rate: str = "0"
    category: str = "Z"
    description: str = "Item"
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """An allowance, a charge or shipping on the whole invoice; `amount` is not negative."""

    kind: str
    amount: str
    rate: str = "0"
    category: str = "Z"
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a dispute says about its cause."""

    reason: str = "PRI"
    text: str | None = None
    action: str = "CNP"
    evidence: str | None = None
    reopens: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an account says beyond its name; empty fields are left out of the message."""

    approved: bool = True
    days: int = 30
    credit_limit: str | None = None
    accounting_currency: str | None = None
    timezone: str | None = None
    auto_allocate: bool | None = None
    policy: Mapping[str, int] = field(default_factory=dict)
    money_back_days: int | None = None
    address: Mapping[str, str] = field(default_factory=dict)
    tax_ids: Sequence[str] = ()


def customer_account(
    party: str = "ACME",
    *,
    party_class: str = "customer",
    name: str | None = None,
    parent: str | None = None,
    currency: str = "EUR",
    terms: Terms = Terms(),
    **header: Unpack[Header],
) -> bytes:
    """Return a CustomerAccount."""
    return _message(
        "CustomerAccount",
        _tag("Party", party),
        _tag("Class", party_class),
        _tag("Parent", parent),
        _tag("Name", name or party.title()),
        _group("Address", *(_tag(key, value) for key, value in terms.address.items())),
        *(_tag("TaxId", each) for each in terms.tax_ids),
        _tag("SellingCurrency", currency),
        _tag("AccountingCurrency", terms.accounting_currency),
        _tag("Timezone", terms.timezone),
        _tag("TermsApproved", _truth(terms.approved)),
        _tag("TermsDays", str(terms.days)),
        _money("CreditLimit", terms.credit_limit, currency),
        _tag("AutoAllocate", _truth(terms.auto_allocate)),
        _group("CollectionPolicy", *_numbers(terms.policy)),
        _tag("MoneyBackDays", _integer(terms.money_back_days)),
        header=header,
    )


def invoice_posted(
    number: str | None = "INV-1",
    *,
    kind: str | None = None,
    customer: str = "ACME",
    issuer: str | None = None,
    lines: Sequence[str | Item] = ("60.00", "40.00"),
    extras: Sequence[Extra] = (),
    currency: str = "EUR",
    issue_date: str = "2026-11-01",
    due_date: str | None = None,
    preceding: Named | None = None,
    order: str | None = None,
    description: str | None = None,
    prepaid: str | None = None,
    rounding: str | None = None,
    totals: Mapping[str, str] | None = None,
    taxes: Mapping[str, str] | None = None,
    policy: Mapping[str, int] | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return an InvoicePosted that adds up, unless `totals` or `taxes` replace some of its sums.

    A line given as text is an item without VAT. `totals` replaces sums by element name; `taxes`
    replaces those of its first tax.
    """
    items = [each if isinstance(each, Item) else Item(net=each) for each in lines]
    bill = _Bill(items, extras, exponent(currency), prepaid, rounding)
    return _message(
        "InvoicePosted",
        _tag("Number", number),
        _tag("Kind", kind),
        _tag("Issuer", issuer),
        _tag("Customer", customer),
        _tag("Currency", currency),
        _tag("IssueDate", issue_date),
        _tag("DueDate", due_date),
        _tag("OrderReference", order),
        _tag("Description", description),
        _reference("PrecedingInvoice", preceding),
        _group("CollectionPolicy", *_numbers(policy or {})),
        _group("Lines", *(_item(at, each) for at, each in enumerate(items, start=1))),
        *(_extra(each) for each in extras),
        _group("Taxes", *bill.taxes(taxes or {})),
        _group("Totals", *bill.totals(totals or {})),
        header=header,
    )


def misc_invoice(
    number: str | None = None,
    *,
    customer: str = "ACME",
    order: str | None = "ORDER-1",
    lines: Sequence[str | Item] = ("100.00",),
    **said: Any,
) -> bytes:
    """Return an InvoicePosted of kind misc; without number, the gateway gives one."""
    more = {"sender": "financials", **said}
    return invoice_posted(number, kind="misc", customer=customer, order=order, lines=lines, **more)


def memo_posted(
    number: str = "MEMO-1",
    *,
    credit: bool = True,
    invoice: Named = "INV-1",
    amount: str | None = None,
    lines: Mapping[str, str] | None = None,
    currency: str = "EUR",
    issue_date: str = "2026-11-12",
    reason: str = "PRI",
    text: str | None = None,
    dispute: str | None = None,
    reverses: str | None = None,
    refund: bool = False,
    **header: Unpack[Header],
) -> bytes:
    """Return a MemoPosted over `amount`, or over `lines` (number -> amount)."""
    return _message(
        "MemoPosted",
        _tag("Number", number),
        _tag("Type", "credit" if credit else "debit"),
        _reference("Invoice", invoice),
        _tag("IssueDate", issue_date),
        _tag("ReasonCode", reason),
        _tag("ReasonText", text),
        _tag("DisputeId", dispute),
        _tag("Reverses", reverses),
        _tag("ExcessTo", "refund" if refund else None),
        _money("Amount", amount, currency),
        _group("Lines", *_parts("Line", lines or {}, currency)),
        header=header,
    )


def exchange_rates(
    rates: Mapping[str, str] | None = None, *, day: str = "2026-11-01", **header: Unpack[Header]
) -> bytes:
    """Return an ExchangeRates: rates by pair, as in {"USD/INR": "82.50"}."""
    found = {"USD/INR": "82.50"} if rates is None else rates
    pairs = (
        _group("Pair", _tag("Base", pair[:3]), _tag("Quote", pair[4:]), _tag("Rate", rate))
        for pair, rate in found.items()
    )
    return _message("ExchangeRates", _tag("Date", day), _group("Pairs", *pairs), header=header)


def discount(
    number: str | None = "DC-1",
    *,
    invoice: Named = "INV-1",
    amount: str | None = None,
    lines: Mapping[str, str] | None = None,
    refund: bool = False,
    currency: str = "EUR",
    text: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a ReversalPosted: a discount of `amount`, over `lines`, or of all that is pending."""
    what = _group(
        "Discount",
        _tag("ExcessTo", "refund" if refund else None),
        _money("Amount", amount, currency),
        _group("Lines", *_parts("Line", lines or {}, currency)),
        Xml("" if amount or lines else "<All/>"),
    )
    return _reversal(number, invoice, text, what, header)


def bad_debt(
    number: str | None = "BD-1",
    *,
    invoice: Named = "INV-1",
    amount: str | None = None,
    currency: str = "EUR",
    text: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a ReversalPosted: what is pending will never be paid."""
    what = _group("BadDebt", _money("Amount", amount, currency)) or Xml("<BadDebt/>")
    return _reversal(number, invoice, text, what, header)


def money_back(
    number: str | None = "MB-1",
    *,
    invoice: Named = "INV-1",
    order: str = "ORDER-1",
    amount: str | None = None,
    refund: bool = False,
    currency: str = "EUR",
    text: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a ReversalPosted: the order was deleted, what is refundable goes back."""
    what = _group(
        "MoneyBack",
        _tag("OrderReference", order),
        _tag("ExcessTo", "refund" if refund else None),
        _money("Amount", amount, currency),
    )
    return _reversal(number, invoice, text, what, header)


def take_back(
    document: Named,
    number: str | None = "TB-1",
    *,
    invoice: Named = "INV-1",
    text: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a ReversalPosted: a document was a mistake."""
    return _reversal(number, invoice, text, _reference("Document", document), header)


def _reversal(
    number: str | None, invoice: Named, text: str | None, what: Xml, header: Header
) -> bytes:
    return _message(
        "ReversalPosted",
        _tag("Number", number),
        _reference("Invoice", invoice),
        _tag("IssueDate", "2026-11-12"),
        _tag("ReasonText", text),
        what,
        header={"sender": "financials", **header},
    )


def credit_note_posted(
    number: str = "CN-1",
    *,
    customer: str = "ACME",
    amount: str = "60.00",
    currency: str = "EUR",
    issue_date: str = "2026-11-10",
    reason: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a CreditNotePosted."""
    return _message(
        "CreditNotePosted",
        _tag("Number", number),
        _tag("Customer", customer),
        _tag("IssueDate", issue_date),
        _money("Amount", amount, currency),
        _tag("ReasonCode", reason),
        header=header,
    )


def payment_posted(
    payment: str = "PAY-1",
    *,
    payer: str = "ACME",
    amount: str = "70.00",
    currency: str = "EUR",
    value_date: str = TODAY,
    method: str = "wire-transfer",
    bank_reference: str | None = None,
    end_to_end: str | None = None,
    final: bool | None = None,
    order: str | None = None,
    invoices: Mapping[str, str | None] | Iterable[str] = (),
    **header: Unpack[Header],
) -> bytes:
    """Return a PaymentPosted for `invoices`, with the amount for each where that is a mapping."""
    named = invoices if isinstance(invoices, Mapping) else dict.fromkeys(invoices)
    references = (
        _group("InvoiceReference", _reference("Invoice", each), _money("Amount", part, currency))
        for each, part in named.items()
    )
    return _message(
        "PaymentPosted",
        _tag("PaymentId", payment),
        _tag("Payer", payer),
        _tag("Method", method),
        _money("Amount", amount, currency),
        _tag("ValueDate", value_date),
        _tag("BankReference", bank_reference),
        _tag("EndToEndId", end_to_end),
        _tag("Final", _truth(final)),
        _tag("OrderReference", order),
        _group("InvoiceReferences", *references),
        header=header,
    )


def payment_reversed(
    reversal: str = "REV-1",
    *,
    payment: str = "PAY-1",
    payer: str = "ACME",
    kind: str = "bounce",
    amount: str | None = None,
    currency: str = "EUR",
    invoice: Named | None = None,
    reversed_on: str = TODAY,
    reason: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a PaymentReversed."""
    return _message(
        "PaymentReversed",
        _tag("ReversalId", reversal),
        _tag("Payer", payer),
        _tag("PaymentId", payment),
        _tag("Kind", kind),
        _money("Amount", amount, currency),
        _reference("Invoice", invoice),
        _tag("ReversedOn", reversed_on),
        _tag("ReasonCode", reason),
        header={"sender": "bank", **header},
    )


def status_query(invoices: Sequence[Named] = ("INV-1",), **header: Unpack[Header]) -> bytes:
    """Return a StatusQuery."""
    named = [_reference("Invoice", each) for each in invoices]
    return _message("StatusQuery", _group("Invoices", *named), header={"sender": "acme", **header})


def statement_query(
    customer: str = "ACME",
    *,
    kind: str = "statement",
    begins: str | None = None,
    as_of: str | None = None,
    known_at: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a StatementQuery."""
    return _message(
        "StatementQuery",
        _tag("Kind", kind),
        _tag("Customer", customer),
        _tag("From", begins),
        _tag("AsOf", as_of),
        _tag("KnownAt", known_at),
        header={"sender": "acme", **header},
    )


def payment_notice(
    notice: str = "PN-1",
    *,
    invoices: Sequence[Named] = ("INV-1",),
    amount: str | None = None,
    lines: Sequence[str] = (),
    currency: str = "EUR",
    **header: Unpack[Header],
) -> bytes:
    """Return a PaymentNotice; `amount` and `lines` are said of each of its invoices."""
    return _message(
        "PaymentNotice",
        _tag("NoticeId", notice),
        _group(
            "Invoices",
            *(
                _group(
                    "Invoice",
                    _reference("Number", each),
                    _money("Amount", amount, currency),
                    *(_tag("LineNo", line) for line in lines),
                )
                for each in invoices
            ),
        ),
        header={"sender": "acme", **header},
    )


def allocate(
    source: str = "PAY-1",
    *,
    invoice: Named = "INV-1",
    amount: str = "10.00",
    parts: Mapping[str, str] | None = None,
    customer: str = "ACME",
    source_type: str = "payment",
    currency: str = "EUR",
    **header: Unpack[Header],
) -> bytes:
    """Return an AllocationCommand that puts `amount` of a source on an invoice."""
    return _allocation(
        customer,
        _group(
            "Allocate",
            _tag("Source", source, type=source_type),
            _reference("Invoice", invoice),
            _money("Amount", amount, currency),
            _group("Parts", *_parts("Part", parts or {}, currency)),
        ),
        header,
    )


def remove(
    source: str = "PAY-1",
    *,
    invoice: Named = "INV-1",
    allocation: str | None = None,
    customer: str = "ACME",
    source_type: str = "payment",
    **header: Unpack[Header],
) -> bytes:
    """Return an AllocationCommand that takes a source off an invoice."""
    return _allocation(
        customer,
        _group(
            "Remove",
            _tag("Source", source, type=source_type),
            _reference("Invoice", invoice),
            _tag("AllocationId", allocation),
        ),
        header,
    )


def set_auto(
    *,
    on: bool,
    source: str | None = None,
    invoice: Named | None = None,
    customer: str = "ACME",
    source_type: str = "payment",
    **header: Unpack[Header],
) -> bytes:
    """Return an AllocationCommand that switches the automatic run.

    For the pair when a source is named (with an invoice or for all), else for the invoice named,
    else for the account.
    """
    named = _reference("Invoice", invoice)
    if source is not None:
        what = _group("Pair", _tag("Source", source, type=source_type), named)
    else:
        what = named or Xml("<AllInvoices/>")
    return _allocation(
        customer, _group("SetAuto", _tag("Auto", "on" if on else "off"), what), header
    )


def dispute_opened(
    notice: str = "DN-1",
    *,
    invoice: Named = "INV-1",
    lines: Mapping[str, str | None] | Iterable[str] = (),
    amount: str | None = None,
    claim: Claim = Claim(),
    currency: str = "EUR",
    **header: Unpack[Header],
) -> bytes:
    """Return a DisputeNotice over `lines` (with amounts where it is a mapping) or the whole."""
    named = lines if isinstance(lines, Mapping) else dict.fromkeys(lines)
    return _dispute(
        notice,
        "Open",
        _reference("Invoice", invoice),
        *_parts("Line", named, currency),
        _money("Amount", amount, currency),
        _tag("ReasonCode", claim.reason),
        _tag("ReasonText", claim.text),
        _tag("RequestedAction", claim.action),
        _tag("EvidenceReference", claim.evidence),
        _tag("Reopens", claim.reopens),
        header=header,
    )


def dispute_amended(
    dispute: str,
    *,
    notice: str = "DN-2",
    amount: str | None = None,
    reason: str | None = None,
    text: str | None = None,
    action: str | None = None,
    evidence: str | None = None,
    currency: str = "EUR",
    **header: Unpack[Header],
) -> bytes:
    """Return a DisputeNotice that changes a dispute."""
    return _dispute(
        notice,
        "Amend",
        _tag("DisputeId", dispute),
        _money("Amount", amount, currency),
        _tag("ReasonCode", reason),
        _tag("ReasonText", text),
        _tag("RequestedAction", action),
        _tag("EvidenceReference", evidence),
        header=header,
    )


def dispute_withdrawn(
    dispute: str, *, notice: str = "DN-3", text: str | None = None, **header: Unpack[Header]
) -> bytes:
    """Return a DisputeNotice that takes a dispute back."""
    return _dispute(
        notice, "Withdraw", _tag("DisputeId", dispute), _tag("ReasonText", text), header=header
    )


def dispute_joined(dispute: str, *, notice: str = "DN-4", **header: Unpack[Header]) -> bytes:
    """Return a DisputeNotice by which the other party acknowledges a dispute."""
    return _dispute(notice, "Join", _tag("DisputeId", dispute), header=header)


def dispute_resolution(
    dispute: str,
    *,
    outcome: str = "upheld",
    amount: str | None = None,
    text: str | None = None,
    resolved_on: str | None = None,
    currency: str = "EUR",
    **header: Unpack[Header],
) -> bytes:
    """Return a DisputeResolution."""
    return _message(
        "DisputeResolution",
        _tag("DisputeId", dispute),
        _tag("Outcome", outcome),
        _money("Amount", amount, currency),
        _tag("ReasonText", text),
        _tag("ResolvedOn", resolved_on),
        header={"sender": "financials", **header},
    )


def line_status_update(
    command: str = "declare-paid",
    *,
    invoice: Named = "INV-1",
    lines: Sequence[str] = ("1",),
    axis: str | None = None,
    text: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a LineStatusUpdate; without `axis`, on the one that `command` belongs to."""
    own = "customer" if command.endswith("paid") else "enterprise"
    sender = "acme" if own == "customer" else "financials"
    return _message(
        "LineStatusUpdate",
        _reference("Invoice", invoice),
        _group("Lines", *(_tag("LineNo", each) for each in lines)),
        _tag("Axis", axis or own),
        _tag("Command", command),
        _tag("ReasonText", text),
        header={"sender": sender, **header},
    )


class _Bill:
    """The sums of an invoice, as an ERP would work them out."""

    def __init__(
        self,
        items: Sequence[Item],
        extras: Sequence[Extra],
        places: int,
        prepaid: str | None,
        rounding: str | None,
    ) -> None:
        self._cent = Decimal(1).scaleb(-places)
        signed = [
            (each, Decimal(each.amount) * (-1 if each.kind == "allowance" else 1))
            for each in extras
        ]
        self._lines = sum((Decimal(each.net) for each in items), Decimal())
        self._allowances = -sum((net for _, net in signed if net < 0), Decimal())
        self._charges = sum((net for _, net in signed if net > 0), Decimal())
        self._prepaid, self._rounding = prepaid, rounding
        self._taxable: dict[tuple[str, Decimal], Decimal] = {}
        for each, net in [*((each, Decimal(each.net)) for each in items), *signed]:
            key = (each.category, Decimal(each.rate))
            self._taxable[key] = self._taxable.get(key, Decimal()) + net

    def taxes(self, instead: Mapping[str, str]) -> Iterable[Xml]:
        for at, ((category, rate), net) in enumerate(self._taxable.items()):
            said = {
                "Category": category,
                "Rate": str(rate),
                "TaxableAmount": self._text(net),
                "TaxAmount": self._text(self._vat(net, rate)),
            }
            said |= instead if at == 0 else {}
            yield _group("Tax", *(_tag(key, value) for key, value in said.items()))

    def totals(self, instead: Mapping[str, str]) -> Iterable[Xml]:
        exclusive = self._lines - self._allowances + self._charges
        tax = sum((self._vat(net, rate) for (_, rate), net in self._taxable.items()), Decimal())
        paid, rounded = Decimal(self._prepaid or 0), Decimal(self._rounding or 0)
        said = {
            "LineTotal": self._text(self._lines),
            "AllowanceTotal": self._text(self._allowances) if self._allowances else None,
            "ChargeTotal": self._text(self._charges) if self._charges else None,
            "TaxExclusive": self._text(exclusive),
            "TaxTotal": self._text(tax),
            "TaxInclusive": self._text(exclusive + tax),
            "Prepaid": self._prepaid,
            "Rounding": self._rounding,
            "Payable": self._text(exclusive + tax - paid + rounded),
            **instead,
        }
        return (_tag(key, value) for key, value in said.items())

    def _vat(self, net: Decimal, rate: Decimal) -> Decimal:
        return (net * rate / 100).quantize(self._cent, ROUND_HALF_UP)

    def _text(self, amount: Decimal) -> str:
        return str(amount.quantize(self._cent))


def request_raised(
    request: str = "REQ-1",
    *,
    customer: str = "ACME",
    order: str = "ORDER-1",
    kind: str = "renewal",
    amount: str = "100.00",
    fee: str | None = None,
    currency: str = "EUR",
    issue_date: str = TODAY,
    due_date: str | None = None,
    description: str = "Renewal of someorder.com for 1 year",
    **header: Unpack[Header],
) -> bytes:
    """Return a RequestRaised over `amount` and an application fee, both without tax."""
    return _message(
        "RequestRaised",
        _tag("Request", request),
        _tag("Customer", customer),
        _tag("OrderReference", order),
        _tag("Type", kind),
        _tag("Description", description),
        _tag("Currency", currency),
        _tag("IssueDate", issue_date),
        _tag("DueDate", due_date),
        _charge("Subtotal", amount),
        _charge("ApplicationFee", fee),
        header={"sender": "portal", **header},
    )


def service_state(
    order: str = "ORDER-1",
    *,
    state: str = "active",
    reference: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a ServiceState."""
    return _message(
        "ServiceState",
        _tag("OrderReference", order),
        _tag("State", state),
        _tag("ServiceReference", reference),
        header={"sender": "provisioning", **header},
    )


def timer_due(
    invoice: Named | None = "INV-1",
    *,
    kind: str = "commercial",
    dispute: str | None = None,
    day: str = TODAY,
    **header: Unpack[Header],
) -> bytes:
    """Return a TimerDue for the beginning of `day` in UTC."""
    about = [_tag("DisputeId", dispute)]
    if dispute is None:
        about = [_reference("Invoice", invoice), _tag("Kind", kind)]
    said: Header = {"sender": "scheduler", "effective_date": day, **header}
    return _message("TimerDue", *about, _tag("DueAt", f"{day}T00:00:00Z"), header=said)


# -- parts ------------------------------------------------------------------------------------


def _charge(name: str, amount: str | None) -> Xml:
    if amount is None:
        return Xml()
    return _group(
        name,
        _tag("NetAmount", amount),
        _tag("TaxCategory", "Z"),
        _tag("TaxRate", "0"),
        _tag("TaxAmount", "0"),
    )


def _item(at: int, item: Item) -> Xml:
    return _group(
        "Line",
        _tag("LineNo", item.number or str(at)),
        _tag("Description", item.description),
        _tag("Quantity", "1", unit="EA"),
        _tag("UnitPrice", item.net),
        _tag("NetAmount", item.net),
        _tag("TaxCategory", item.category),
        _tag("TaxRate", item.rate),
        _tag("LineKind", item.kind),
    )


def _extra(extra: Extra) -> Xml:
    return _group(
        "AllowanceCharge",
        _tag("Kind", extra.kind),
        _tag("Reason", extra.reason),
        _tag("Amount", extra.amount),
        _tag("TaxCategory", extra.category),
        _tag("TaxRate", extra.rate),
    )


def _allocation(customer: str, command: Xml, header: Header) -> bytes:
    return _message(
        "AllocationCommand",
        _tag("Customer", customer),
        command,
        header={"sender": "financials", **header},
    )


def _dispute(notice: str, command: str, *children: Xml, header: Header) -> bytes:
    return _message(
        "DisputeNotice",
        _tag("NoticeId", notice),
        _group(command, *children),
        header={"sender": "acme", **header},
    )


def _parts(name: str, parts: Mapping[str, str | None], currency: str) -> Iterable[Xml]:
    for line, amount in parts.items():
        yield _group(name, _tag("LineNo", line), _money("Amount", amount, currency))


def _message(name: str, *children: Xml, header: Header) -> bytes:
    """Return the whole document; its id follows from its content unless the header has one."""
    body = "".join(children)
    said = {"sender": "erp", **header}
    if "message_id" not in said:
        words = repr((name, body, sorted(said.items())))
        said["message_id"] = f"m-{sha256(words.encode()).hexdigest()[:32]}"
    head = _group(
        "Header",
        _tag("MessageId", said["message_id"]),
        _tag("Sender", said["sender"]),
        _tag("SentAt", said.get("sent_at", NOW)),
        _tag("CorrelationId", said.get("correlation_id")),
        _tag("EffectiveDate", said.get("effective_date")),
        _tag("SchemaVersion", "1"),
        _tag("ActingFor", said.get("acting_for")),
    )
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{declared}<{name} xmlns="{NAMESPACE}">{head}{body}</{name}>\n'.encode()


def _tag(name: str, value: str | None, **attributes: str) -> Xml:
    """Return the element, or nothing when there is no value."""
    if value is None:
        return Xml()
    said = "".join(f" {key}={quoteattr(each)}" for key, each in attributes.items())
    return Xml(f"<{name}{said}>{escape(value)}</{name}>")


def _group(name: str, *children: Xml) -> Xml:
    """Return the element, or nothing when it would be empty."""
    inside = "".join(children)
    return Xml(f"<{name}>{inside}</{name}>") if inside else Xml()


def _money(name: str, amount: str | None, currency: str) -> Xml:
    return _tag(name, amount, currency=currency)


def _reference(name: str, named: Named | None) -> Xml:
    if isinstance(named, tuple):
        return _tag(name, named[1], issuer=named[0])
    return _tag(name, named)


def _truth(value: bool | None) -> str | None:  # noqa: FBT001 - one value, three meanings
    return None if value is None else str(value).lower()


def _numbers(named: Mapping[str, int]) -> list[Xml]:
    return [_tag(name, str(value)) for name, value in named.items()]


def _integer(value: int | None) -> str | None:
    return None if value is None else str(value)
