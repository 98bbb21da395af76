"""Builders of messages about offers, provisioning and wallets, as those in `tests.messages`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from tests.messages import TODAY, Header, Named, Xml, _group, _message, _money, _reference, _tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of an offer: a purchase that can be provisioned, unless told otherwise."""

    net: str = "90.00"
    number: str | None = None
    type: str | None = "purchase"
    product: str | None = "PBX-10"
    subscription: str | None = None
    period: str | None = "P1M"
    quantity: str | None = "1"
    group: str | None = None
    rate: str = "0"
    category: str = "Z"
    description: str = "Phone system"


class Offered(TypedDict, total=False):
    """What an offer says; without lines, order and amount it is one line of 90.00."""

    lines: Sequence[str | Item]
    total: str
    amount: str
    order: str
    currency: str
    name: str
    recipient: str
    due_days: int
    buyer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An item that the provisioning system could not do."""

    line: str = "1"
    code: str | None = "NO-STOCK"
    message: str | None = "nothing left"
    suggestion: str | None = None


EXTENSION = Item(type="extension", subscription="SUB-7", period="P1Y", description="One more year")
PROFORMA = Offered()


def topup(amount: str = "100.00") -> Offered:
    """Return what a top-up says."""
    return Offered(amount=amount, name="Top-up")


def invoice_draft(
    number: str = "PF-1",
    offered: Offered = PROFORMA,
    *,
    customer: str = "ACME",
    **header: Unpack[Header],
) -> bytes:
    """Return an InvoiceDraft of a proforma, or of a top-up where `offered` has an amount."""
    return _message(
        "InvoiceDraft",
        _tag("Number", number),
        _tag("Customer", customer),
        *_content(offered),
        header={"sender": "portal", **header},
    )


def edit(invoice: Named = "PF-1", offered: Offered = PROFORMA, **header: Unpack[Header]) -> bytes:
    """Return an InvoiceCommand that makes a new edition."""
    return _command(invoice, _group("Edit", *_content(offered)), header)


def command(
    name: str, invoice: Named = "PF-1", *, reason: str | None = None, **header: Unpack[Header]
) -> bytes:
    """Return an InvoiceCommand that says all by its name, and maybe a reason: Send, Void, ..."""
    inside = _tag("ReasonText", reason)
    return _command(invoice, Xml(f"<{name}>{inside}</{name}>"), header)


def send(invoice: Named = "PF-1", **header: Unpack[Header]) -> bytes:
    """Return the InvoiceCommand Send."""
    return command("Send", invoice, **header)


def provision(invoice: Named = "PF-1", **header: Unpack[Header]) -> bytes:
    """Return the InvoiceCommand Provision."""
    return command("Provision", invoice, **header)


def copy(number: str = "PF-2", invoice: Named = "PF-1", **header: Unpack[Header]) -> bytes:
    """Return an InvoiceCommand that makes a copy."""
    return _command(invoice, _group("Copy", _tag("Number", number)), header)


def auto(invoice: Named = "PF-1", *, on: bool, **header: Unpack[Header]) -> bytes:
    """Return an InvoiceCommand that switches the automatic run for one invoice."""
    return _command(invoice, _tag("SetAutoAllocate", "on" if on else "off"), header)


def unpaid(invoice: Named = "PF-1", choice: str = "keep", **header: Unpack[Header]) -> bytes:
    """Return the InvoiceCommand ExecuteWithoutPayment."""
    return _command(invoice, _tag("ExecuteWithoutPayment", choice), header)


def request_outcome(
    invoice: Named | None = "PF-1",
    *,
    request: str | None = None,
    executed: bool = True,
    done: Sequence[str] = (),
    faults: Sequence[Fault] = (),
    tasks: Sequence[tuple[str | None, str]] = (),
    reason: str | None = None,
    **header: Unpack[Header],
) -> bytes:
    """Return a RequestOutcome about an invoice, or about a request where one is named."""
    return _message(
        "RequestOutcome",
        _tag("Request", request) if request else _reference("Invoice", invoice),
        _tag("Outcome", "executed" if executed else "failed"),
        _tag("ReasonText", reason),
        _group("Items", *_items(done, faults)),
        _group(
            "ManualTasks",
            *(_group("Task", _tag("LineNo", line), _tag("Text", text)) for line, text in tasks),
        ),
        header={"sender": "provisioning", **header},
    )


def failed(*faults: Fault, invoice: Named = "PF-1", **header: Unpack[Header]) -> bytes:
    """Return a RequestOutcome that says that nothing was done."""
    return request_outcome(invoice, executed=False, faults=faults or (Fault(),), **header)


def wallet_usage(
    usage: str = "CALL-1",
    *,
    customer: str = "ACME",
    amount: str = "10.00",
    currency: str = "EUR",
    used_on: str = TODAY,
    **header: Unpack[Header],
) -> bytes:
    """Return a WalletUsage."""
    return _message(
        "WalletUsage",
        _tag("UsageId", usage),
        _tag("Customer", customer),
        _money("Amount", amount, currency),
        _tag("UsedOn", used_on),
        header={"sender": "usage", **header},
    )


def _command(invoice: Named, said: Xml, header: Header) -> bytes:
    return _message(
        "InvoiceCommand",
        _reference("Invoice", invoice),
        said,
        header={"sender": "portal", **header},
    )


def _content(offered: Offered) -> Iterable[Xml]:
    yield _tag("Currency", offered.get("currency", "EUR"))
    yield _tag("Name", offered.get("name", "A phone system"))
    yield _tag("RecipientEmail", offered.get("recipient", "buyer@acme.example"))
    yield _tag("DueDays", str(offered.get("due_days", 14)))
    yield _group("Buyer", _tag("Name", offered.get("buyer")))
    if "amount" in offered:
        yield _group("TopUp", _tag("Amount", offered["amount"]))
        return
    order = offered.get("order")
    said = offered.get("lines", () if order else (Item(),))
    items = [Item(net=each) if isinstance(each, str) else each for each in said]
    yield _group(
        "FromQuote" if order else "Proforma",
        _tag("OrderReference", order),
        _group("Lines", *(_line(at, each) for at, each in enumerate(items, start=1))),
        _tag("Total", offered.get("total")),
    )


def _line(at: int, item: Item) -> Xml:
    return _group(
        "Line",
        _tag("LineNo", item.number or str(at)),
        _tag("Group", item.group),
        _tag("Type", item.type),
        _tag("ProductCode", item.product),
        _tag("Subscription", item.subscription),
        _tag("Period", item.period),
        _tag("Description", item.description),
        _tag("Quantity", item.quantity),
        _tag("NetAmount", item.net),
        _tag("TaxCategory", item.category),
        _tag("TaxRate", item.rate),
    )


def _items(done: Sequence[str], faults: Sequence[Fault]) -> Iterable[Xml]:
    for line in done:
        yield _group("Item", _tag("LineNo", line), _tag("Result", "executed"))
    for each in faults:
        yield _group(
            "Item",
            _tag("LineNo", each.line),
            _tag("Result", "failed"),
            _tag("Code", each.code),
            _tag("Message", each.message),
            _tag("Suggestion", each.suggestion),
        )
