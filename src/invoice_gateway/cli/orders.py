"""Verbs about orders: place one, decide about one, see where they stand."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated

import typer

from invoice_gateway.cli import _out as out
from invoice_gateway.cli._acting import Value, act
from invoice_gateway.cli._amounts import readable
from invoice_gateway.cli._invocation import NothingFound, UsageFault, app_of, opened
from invoice_gateway.model.money import UnknownCurrency, exponent
from invoice_gateway.store import views_orders as views

order = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON; amounts are minor units.")]
Reference = Annotated[str, typer.Argument(metavar="ORDER", help="Its number.")]
Sender = Annotated[str, typer.Option("--sender", help="Who sends it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]

ORDERS = (
    *("reference", "account", "method", "status", "placed_at", "total", "currency", "invoices"),
    *("hold_reasons", "short_closed"),
)
SHOWN = {
    "lines": (
        *("line_no", "category", "description", "quantity", "invoiced", "amount", "serials"),
    ),
    "invoices": (
        *("number", "issue_date", "due_date", "status", "amount", "pending", "facility"),
        *("fulfilment", "tracking"),
    ),
    "held": ("type", "reference", "method", "value_date", "amount", "remaining"),
}
LINE = "CATEGORY:QUANTITY:UNIT_PRICE:TAX_RATE:DESCRIPTION"
SERIALISED = "serialised "
"""How the text of a line begins whose pieces have serial numbers."""


@order.command("place")
def order_place(  # noqa: PLR0913 - one per field of the message
    context: typer.Context,
    reference: Reference,
    *,
    customer: Annotated[str, typer.Option("--customer", help="Who orders and is billed.")],
    method: Annotated[
        str,
        typer.Option("--method", help="credit-card, wire-transfer, check, terms or quote."),
    ],
    currency: Annotated[str, typer.Option("--currency", help="Of all amounts.")],
    line: Annotated[
        list[str],
        typer.Option(
            "--line",
            metavar=LINE,
            help="hardware, software, support or service; `serialised hardware:...` has serials.",
        ),
    ],
    shipping: Annotated[
        str | None, typer.Option("--shipping", metavar="NET:TAX_RATE", help="What shipping costs.")
    ] = None,
    capture: Annotated[
        str | None, typer.Option("--capture", help="The charge of the card.")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="The card was refused.")] = False,
    channel: Annotated[str | None, typer.Option("--channel", help="The way it came.")] = None,
    sender: Sender = "portal",
) -> None:
    """Place an order, or a quote; the sums are worked out from prices and rates."""
    cent = _cent(currency)
    lines = [_line(at, each, cent) for at, each in enumerate(line, start=1)]
    extra = _shipping(shipping, cent) if shipping else None
    total = sum((net + tax for _, net, tax in (*lines, *([extra] if extra else []))), Decimal())
    card: Value = {"CaptureReference": capture, "Captured": "false" if refused else "true"}
    by_card = method == "credit-card"
    act(
        context,
        "OrderPlaced",
        {
            "OrderReference": reference,
            "Customer": customer,
            "Channel": channel,
            "Payment": {"CreditCard": card} if by_card else {"Method": method},
            "Currency": currency,
            "Lines": {"Line": [each for each, _, _ in lines]},
            "Shipping": extra[0] if extra else None,
            "Total": str(total),
        },
        sender=sender,
    )


@order.command("release")
def order_release(
    context: typer.Context, reference: Reference, *, reason: Reason, sender: Sender = "financials"
) -> None:
    """Let an order go in spite of the credit check."""
    _command(context, reference, "Release", reason, sender)


@order.command("cancel")
def order_cancel(
    context: typer.Context, reference: Reference, *, reason: Reason, sender: Sender = "financials"
) -> None:
    """Cancel an order of which nothing has been billed."""
    _command(context, reference, "Cancel", reason, sender)


@order.command("close-short")
def order_close_short(
    context: typer.Context, reference: Reference, *, reason: Reason, sender: Sender = "financials"
) -> None:
    """Give up the rest of an order that has been billed in part."""
    _command(context, reference, "CloseShort", reason, sender)


@order.command("list")
def order_list(
    context: typer.Context,
    *,
    account: Annotated[str | None, typer.Option("--account", help="Only of this party.")] = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            help="Quote, WaitingPayment, UnderReview, InProcess, Completed or Cancelled.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 100,
    json: Json = False,
) -> None:
    """List orders, the last placed first."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.order_list(session, account=account, status=status, limit=limit)
    if json:
        out.document(found)
    else:
        out.listing(readable(found), ORDERS)


@order.command("show")
def order_show(context: typer.Context, reference: Reference, *, json: Json = False) -> None:
    """Show an order: its lines and serial numbers, its invoices, and the money held for it."""
    with opened(app_of(context)) as store, store.session() as session:
        found = views.order_show(session, reference)
    if found is None:
        raise NothingFound(f"there is no order {reference!r}; see: invoice-gateway order list")
    if json:
        out.document(found)
    else:
        out.sheet(readable(found), leave_out=("content_hash",), columns=SHOWN)


def _command(
    context: typer.Context, reference: str, command: str, reason: str, sender: str
) -> None:
    said: dict[str, Value] = {"OrderReference": reference, command: {"ReasonText": reason}}
    act(context, "OrderCommand", said, sender=sender)


def _cent(currency: str) -> Decimal:
    try:
        return Decimal(1).scaleb(-exponent(currency))
    except UnknownCurrency:
        raise UsageFault(f"there is no currency {currency!r}; name one like EUR") from None


def _line(at: int, text: str, cent: Decimal) -> tuple[Value, Decimal, Decimal]:
    """Return a line as the message has it, its net amount and its tax."""
    bare = text.removeprefix(SERIALISED)
    try:
        category, quantity, price, rate, description = bare.split(":", 4)
        net = (Decimal(quantity) * Decimal(price)).quantize(cent, ROUND_HALF_UP)
    except (ValueError, InvalidOperation):
        raise UsageFault(f"--line {text!r} is not of the form {LINE}") from None
    amounts, tax = _taxed(net, rate, cent)
    said: dict[str, Value] = {
        "LineNo": str(at),
        "Category": category,
        "Description": description,
        "Quantity": quantity,
        "UnitPrice": price,
        **amounts,
        "Serialised": "true" if bare != text else None,
    }
    return said, net, tax


def _shipping(text: str, cent: Decimal) -> tuple[Value, Decimal, Decimal]:
    """Return shipping as the message has it, its net amount and its tax."""
    amount, _, rate = text.partition(":")
    try:
        net = Decimal(amount).quantize(cent, ROUND_HALF_UP)
    except InvalidOperation:
        raise UsageFault(f"--shipping {text!r} is not of the form NET:TAX_RATE") from None
    said, tax = _taxed(net, rate or "0", cent)
    return said, net, tax


def _taxed(net: Decimal, rate: str, cent: Decimal) -> tuple[dict[str, Value], Decimal]:
    """Return what a message says about an amount and its tax, and the tax."""
    try:
        tax = (net * Decimal(rate) / 100).quantize(cent, ROUND_HALF_UP)
    except InvalidOperation:
        raise UsageFault(f"{rate!r} is no tax rate; write percent, like 20") from None
    category = "S" if Decimal(rate) else "Z"
    said: dict[str, Value] = {
        "NetAmount": str(net),
        "TaxCategory": category,
        "TaxRate": rate,
        "TaxAmount": str(tax),
    }
    return said, tax
