"""What parties write: one function per message type, valid by its schema.

Amounts are minor units. A letter has no id yet: whoever sends it numbers it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from invoice_gateway.model.money import decimal_text
from invoice_gateway.simulation.people import Party
from invoice_gateway.xml.writing import Attributed, Value

ERP, BANK, FINANCIALS = "erp", "bank", "financials"
PORTAL, PROVISIONING, WAREHOUSE, USAGE = "portal", "provisioning", "warehouse", "usage"


class Letter(NamedTuple):
    """A message on its way: who sends it, its type, and what it says."""

    sender: str
    type: str
    says: Mapping[str, Value]


def money(minor: int, currency: str) -> Attributed:
    """Return an amount with its currency."""
    return Attributed(decimal_text(minor, currency), "currency", currency)


def account(party: Party) -> Letter:
    """Return what the enterprise says about a party."""
    limit = party.credit_limit
    says: dict[str, Value] = {
        "Party": party.id,
        "Class": party.kind,
        "Parent": party.parent,
        "Name": f"{party.id} & Co.",
        "SellingCurrency": party.currency,
        "AccountingCurrency": party.accounting,
        "TermsApproved": str(party.terms_days > 0).lower(),
        "TermsDays": str(party.terms_days),
        "CreditLimit": None if limit is None else money(limit, party.currency),
        "AutoAllocate": str(party.auto).lower(),
        "CollectionPolicy": {name: str(days) for name, days in party.policy.items()},
    }
    return Letter(ERP, "CustomerAccount", says)


def payment(
    number: str,
    payer: Party,
    amount: int,
    on: date,
    invoices: Sequence[str] = (),
    method: str = "wire-transfer",
    *,
    order: str | None = None,
) -> Letter:
    """Return what the bank says about money that came in for `invoices`, or for an order."""
    named: list[Value] = [{"Invoice": each} for each in invoices]
    says: dict[str, Value] = {
        "PaymentId": number,
        "Payer": payer.id,
        "Method": method,
        "Amount": money(amount, payer.currency),
        "ValueDate": on.isoformat(),
        "OrderReference": order,
        "InvoiceReferences": {"InvoiceReference": named} if named else None,
    }
    return Letter(BANK, "PaymentPosted", says)


def reversal(
    number: str, payer: str, payment_id: str, kind: str, on: date, amount: Attributed | None = None
) -> Letter:
    """Return what the bank says about money that went back; without an amount all of it."""
    says: dict[str, Value] = {
        "ReversalId": number,
        "Payer": payer,
        "PaymentId": payment_id,
        "Kind": kind,
        "Amount": amount,
        "ReversedOn": on.isoformat(),
    }
    return Letter(BANK if kind != "refund" else FINANCIALS, "PaymentReversed", says)


def notice(number: str, party: Party, invoice: str) -> Letter:
    """Return that a customer says it has paid an invoice."""
    says: dict[str, Value] = {
        "NoticeId": number,
        "Invoices": {"Invoice": {"Number": invoice}},
    }
    return Letter(party.voice, "PaymentNotice", says)


def line_status(sender: str, invoice: str, lines: Sequence[str], command: str) -> Letter:
    """Return that one side says something about lines; who acts for whom follows from it."""
    says: dict[str, Value] = {
        "Invoice": invoice,
        "Lines": {"LineNo": [*lines]},
        "Axis": "customer" if command.endswith("paid") else "enterprise",
        "Command": command,
    }
    return Letter(sender, "LineStatusUpdate", says)


def dispute(number: str, sender: str, command: str, **says: Value) -> Letter:
    """Return a notice that opens, amends, joins or withdraws a dispute."""
    return Letter(sender, "DisputeNotice", {"NoticeId": number, command: says})


def resolution(dispute_id: str, outcome: str, amount: Attributed | None = None) -> Letter:
    """Return how the enterprise decides about a dispute."""
    says: dict[str, Value] = {"DisputeId": dispute_id, "Outcome": outcome, "Amount": amount}
    return Letter(FINANCIALS, "DisputeResolution", says)


def memo(
    number: str,
    kind: str,
    invoice: str,
    amount: Attributed,
    on: date,
    *,
    refund: bool = False,
) -> Letter:
    """Return a credit or debit memo over a whole invoice."""
    says: dict[str, Value] = {
        "Number": number,
        "Type": kind,
        "Invoice": invoice,
        "IssueDate": on.isoformat(),
        "ReasonCode": "PRI",
        "ExcessTo": "refund" if refund else None,
        "Amount": amount,
    }
    return Letter(FINANCIALS, "MemoPosted", says)


def credit_note(number: str, party: Party, amount: int, on: date) -> Letter:
    """Return credit for a customer, for no invoice."""
    says: dict[str, Value] = {
        "Number": number,
        "Customer": party.id,
        "IssueDate": on.isoformat(),
        "Amount": money(amount, party.currency),
    }
    return Letter(FINANCIALS, "CreditNotePosted", says)


def allocation(customer: str, command: str, **says: Value) -> Letter:
    """Return how the enterprise moves money by hand: Allocate, Remove or SetAuto."""
    return Letter(FINANCIALS, "AllocationCommand", {"Customer": customer, command: says})


def source(reference: str, kind: str = "payment") -> Attributed:
    """Return a source of money as a command names it."""
    return Attributed(reference, "type", kind)


def request(number: str, party: Party, order: str, kind: str, amount: int, on: date) -> Letter:
    """Return that a customer asks for something, at a price without tax."""
    says: dict[str, Value] = {
        "Request": number,
        "Customer": party.id,
        "OrderReference": order,
        "Type": kind,
        "Description": f"{kind} of {order}",
        "Currency": party.currency,
        "IssueDate": on.isoformat(),
        "Subtotal": {
            "NetAmount": decimal_text(amount, party.currency),
            "TaxCategory": "Z",
            "TaxRate": "0",
            "TaxAmount": "0",
        },
    }
    return Letter(PORTAL, "RequestRaised", says)


def service(order: str, state: str) -> Letter:
    """Return how the provisioning system says a service stands."""
    return Letter(PROVISIONING, "ServiceState", {"OrderReference": order, "State": state})


def status_query(sender: str, invoice: str) -> Letter:
    """Return the question how an invoice stands."""
    return Letter(sender, "StatusQuery", {"Invoices": {"Invoice": invoice}})


def statement_query(sender: str, kind: str, party: Party, as_of: date) -> Letter:
    """Return the question for a statement or an aging of an account."""
    says: dict[str, Value] = {"Kind": kind, "Customer": party.id, "AsOf": as_of.isoformat()}
    return Letter(sender, "StatementQuery", says)


def order_command(order: str, command: str, reason: str, **says: Value) -> Letter:
    """Return how the enterprise decides about an order."""
    said: dict[str, Value] = {**says} or {"ReasonText": reason}
    return Letter(FINANCIALS, "OrderCommand", {"OrderReference": order, command: said})


def shipped(order: str, shipment: str, lines: Sequence[Value]) -> Letter:
    """Return what a warehouse has put together for an order."""
    says: dict[str, Value] = {
        "OrderReference": order,
        "Facility": "MAIN",
        "ShipmentId": shipment,
        "Lines": {"Line": [*lines]},
    }
    return Letter(WAREHOUSE, "FulfilmentReported", says)


def tracked(order: str, invoice: str, number: str) -> Letter:
    """Return that a parcel is on its way."""
    says: dict[str, Value] = {
        "OrderReference": order,
        "Invoice": invoice,
        "TrackingNumber": number,
    }
    return Letter(WAREHOUSE, "ShipmentTracked", says)


def rates(on: date, quotes: Mapping[str, str], quote: str) -> Letter:
    """Return what currencies are worth in `quote` on a day."""
    pairs: list[Value] = [
        {"Base": base, "Quote": quote, "Rate": rate} for base, rate in quotes.items()
    ]
    return Letter(ERP, "ExchangeRates", {"Date": on.isoformat(), "Pairs": {"Pair": pairs}})


def reversal_posted(invoice: str, on: date, what: str, says: Value) -> Letter:
    """Return what the enterprise gives up or takes back: Discount, BadDebt, Document."""
    said: dict[str, Value] = {
        "Invoice": invoice,
        "IssueDate": on.isoformat(),
        "ReasonText": "as agreed",
        what: says,
    }
    return Letter(FINANCIALS, "ReversalPosted", said)


def outcome(invoice: str, request: str, word: str) -> Letter:
    """Return what the provisioning system says about a request, or all items of a proforma."""
    says: dict[str, Value] = {
        "Invoice": None if request else invoice,
        "Request": request or None,
        "Outcome": word,
        "ReasonText": "no capacity" if word == "failed" else None,
    }
    return Letter(PROVISIONING, "RequestOutcome", says)
