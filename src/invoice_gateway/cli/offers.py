"""Verbs about offers: they write drafts and commands, and send them the way of all messages."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer

from invoice_gateway.cli._acting import Value, act, invoice_ref
from invoice_gateway.cli._invocation import UsageFault
from invoice_gateway.cli.accounts import Number, invoice

__all__ = ["invoice"]

PORTAL: Final = "portal"
KEYS: Final = {
    "no": "LineNo",
    "group": "Group",
    "type": "Type",
    "product": "ProductCode",
    "subscription": "Subscription",
    "period": "Period",
    "description": "Description",
    "quantity": "Quantity",
    "price": "UnitPrice",
    "net": "NetAmount",
    "category": "TaxCategory",
    "rate": "TaxRate",
}
"""What a line may say, in the order of the message, and how it is called there."""
UNTAXED: Final = {"category": "Z", "rate": "0"}

Sender = Annotated[str, typer.Option("--sender", help="Who sends it.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why.")]
Name = Annotated[str, typer.Option("--name", help="What the offer is called.")]
Recipient = Annotated[str, typer.Option("--to", help="E-mail address it is sent to.")]
DueDays = Annotated[int, typer.Option("--due-days", min=0, help="Days after it is sent.")]
Currency = Annotated[str, typer.Option("--currency", help="Of all amounts.")]
Lines = Annotated[
    list[str] | None,
    typer.Option("--line", metavar="KEY=VALUE,...", help=f"A line; keys: {' '.join(KEYS)}."),
]
TopUp = Annotated[str | None, typer.Option("--topup", help="Amount for the wallet, instead.")]


@invoice.command("draft")
def draft(  # noqa: PLR0913 - one per element of the message
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Its number.")],
    *,
    customer: Annotated[str, typer.Option("--customer", help="Party it is billed to.")],
    name: Name,
    to: Recipient,
    currency: Currency,
    due_days: DueDays = 14,
    line: Lines = None,
    topup: TopUp = None,
    from_quote: Annotated[
        str | None, typer.Option("--from-quote", help="An order whose lines are offered.")
    ] = None,
    sender: Sender = PORTAL,
) -> None:
    """Write an offer down: a proforma with lines or from a quote, or a top-up."""
    head = {"Number": number, "Customer": customer}
    said = _offer(currency, name, to, due_days) | _what(line or (), topup, from_quote)
    act(context, "InvoiceDraft", head | said, sender=sender)


@invoice.command("edit")
def edit(  # noqa: PLR0913 - one per element of the message
    context: typer.Context,
    number: Number,
    *,
    name: Name,
    to: Recipient,
    currency: Currency,
    due_days: DueDays = 14,
    line: Lines = None,
    topup: TopUp = None,
    sender: Sender = PORTAL,
) -> None:
    """Make a new edition of an offer; what is not said again is gone."""
    said = _offer(currency, name, to, due_days) | _what(line or (), topup, None)
    _command(context, number, "Edit", said, sender)


@invoice.command("send")
def send(context: typer.Context, number: Number, *, sender: Sender = PORTAL) -> None:
    """Give a draft to the customer: from here on it can be paid."""
    _command(context, number, "Send", "", sender)


@invoice.command("mark-sent")
def mark_sent(context: typer.Context, number: Number, *, sender: Sender = PORTAL) -> None:
    """Note that the customer got a draft by other means."""
    _command(context, number, "MarkSent", "", sender)


@invoice.command("copy")
def copy(
    context: typer.Context,
    number: Number,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The number of the copy.")],
    *,
    sender: Sender = PORTAL,
) -> None:
    """Write a new draft that says the same as an offer."""
    _command(context, number, "Copy", {"Number": new}, sender)


@invoice.command("delete")
def delete(
    context: typer.Context, number: Number, *, reason: Reason = None, sender: Sender = PORTAL
) -> None:
    """Throw a draft away."""
    _command(context, number, "Delete", _because(reason), sender)


@invoice.command("void")
def void(
    context: typer.Context, number: Number, *, reason: Reason = None, sender: Sender = PORTAL
) -> None:
    """Take back an offer that was sent and that nobody has paid anything on."""
    _command(context, number, "Void", _because(reason), sender)


@invoice.command("provision")
def provision(context: typer.Context, number: Number, *, sender: Sender = PORTAL) -> None:
    """Have all items of a proforma provisioned; executed, it is issued."""
    _command(context, number, "Provision", "", sender)


@invoice.command("auto")
def auto(
    context: typer.Context,
    number: Number,
    switch: Annotated[str, typer.Argument(metavar="on|off", help="Whether money finds it.")],
    *,
    sender: Sender = PORTAL,
) -> None:
    """Let money find an invoice by itself, or not."""
    _command(context, number, "SetAutoAllocate", switch, sender)


def _command(context: typer.Context, number: str, name: str, said: Value, sender: str) -> None:
    act(context, "InvoiceCommand", {"Invoice": invoice_ref(number), name: said}, sender=sender)


def _because(reason: str | None) -> Value:
    return {"ReasonText": reason} if reason else ""


def _offer(currency: str, name: str, to: str, due_days: int) -> dict[str, Value]:
    return {
        "Currency": currency,
        "Name": name,
        "RecipientEmail": to,
        "DueDays": str(due_days),
    }


def _what(lines: Sequence[str], topup: str | None, order: str | None) -> dict[str, Value]:
    """Return what is offered.

    Raises:
        UsageFault: a line cannot be read, or there is not exactly one kind of thing.
    """
    if [bool(lines), topup is not None, order is not None].count(True) != 1:
        raise UsageFault(
            "say what is offered: one of --line (as often as needed), --topup or --from-quote"
        )
    if topup is not None:
        return {"TopUp": {"Amount": topup}}
    if order is not None:
        return {"FromQuote": {"OrderReference": order}}
    found: list[Value] = [_line(at, each) for at, each in enumerate(lines, start=1)]
    return {"Proforma": {"Lines": {"Line": found}}}


def _line(at: int, text: str) -> Mapping[str, Value]:
    """Return the line that `text` describes, as `net=60.00,product=PBX-10,period=P1M`."""
    said: dict[str, str] = {"no": str(at), "description": "Item", **UNTAXED}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if not equals or key.strip() not in KEYS:
            raise UsageFault(
                f"--line {text!r}: {pair!r} is not KEY=VALUE with one of the keys {' '.join(KEYS)}"
            )
        said[key.strip()] = value.strip()
    if "net" not in said:
        raise UsageFault(f"--line {text!r}: says no net=AMOUNT")
    return {name: said.get(key) for key, name in KEYS.items()}
