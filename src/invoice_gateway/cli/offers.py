"""Verbs that write drafts and commands about invoices, and send them as `send` does.

They say whether the bus has the message; what became of it, the gateway says: `invoice show`.
"""

from dataclasses import replace
from typing import Annotated

import typer

from invoice_gateway.app import App
from invoice_gateway.cli import _out as out
from invoice_gateway.cli import submit
from invoice_gateway.cli._invocation import NEGATIVE, app_of, check_bus
from invoice_gateway.cli._offer_xml import Offer, element, group, message, reference
from invoice_gateway.cli.accounts import invoice

__all__ = ["invoice"]

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number of the invoice.")]
Sender = Annotated[str, typer.Option("--sender", help="Who sends it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the message, and send nothing.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why.")]
Name = Annotated[str, typer.Option("--name", help="What the offer is called.")]
Recipient = Annotated[str, typer.Option("--to", help="E-mail address it is sent to.")]
DueDays = Annotated[int, typer.Option("--due-days", min=0, help="Days after it is sent.")]
Currency = Annotated[str, typer.Option("--currency", help="ISO 4217 code.")]
Lines = Annotated[
    list[str] | None,
    typer.Option(
        "--line",
        metavar="KEY=VALUE,...",
        help="A line: net, type, product, subscription, period, description, quantity, price, "
        "group, category, rate, no.",
    ),
]
TopUp = Annotated[str | None, typer.Option("--topup", help="Amount for the wallet, instead.")]
PORTAL = "portal"


@invoice.command("draft")
def draft(  # noqa: PLR0913 - one per element of the message
    context: typer.Context,
    number: Number,
    *,
    customer: Annotated[str, typer.Option("--customer", help="Party it is billed to.")],
    name: Name,
    to: Recipient,
    due_days: DueDays = 14,
    currency: Currency = "EUR",
    line: Lines = None,
    topup: TopUp = None,
    from_order: Annotated[
        str | None, typer.Option("--from-order", help="A quote whose lines are offered.")
    ] = None,
    sender: Sender = PORTAL,
    dry_run: DryRun = False,
) -> None:
    """Write an offer down: a proforma with lines or from a quote, or a top-up."""
    offer = Offer(
        currency=currency,
        name=name,
        recipient=to,
        due_days=due_days,
        lines=line or (),
        topup=topup,
        order=from_order,
    )
    body = message(
        "InvoiceDraft",
        sender,
        element("Number", number),
        element("Customer", customer),
        offer.xml(),
    )
    _deliver(context, number, sender, body, dry_run=dry_run)


@invoice.command("edit")
def edit(  # noqa: PLR0913 - one per element of the message
    context: typer.Context,
    number: Number,
    *,
    name: Name,
    to: Recipient,
    due_days: DueDays = 14,
    currency: Currency = "EUR",
    line: Lines = None,
    topup: TopUp = None,
    sender: Sender = PORTAL,
    dry_run: DryRun = False,
) -> None:
    """Make a new edition of an offer; what is not said again is gone."""
    offer = Offer(
        currency=currency,
        name=name,
        recipient=to,
        due_days=due_days,
        lines=line or (),
        topup=topup,
    )
    _command(context, number, sender, group("Edit", offer.xml()), dry_run=dry_run)


@invoice.command("send")
def send(
    context: typer.Context, number: Number, *, sender: Sender = PORTAL, dry_run: DryRun = False
) -> None:
    """Give a draft to the customer: from here on it can be paid."""
    _command(context, number, sender, group("Send"), dry_run=dry_run)


@invoice.command("mark-sent")
def mark_sent(
    context: typer.Context, number: Number, *, sender: Sender = PORTAL, dry_run: DryRun = False
) -> None:
    """Note that the customer got a draft by other means."""
    _command(context, number, sender, group("MarkSent"), dry_run=dry_run)


@invoice.command("copy")
def copy(
    context: typer.Context,
    number: Number,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The number of the copy.")],
    *,
    sender: Sender = PORTAL,
    dry_run: DryRun = False,
) -> None:
    """Write a new draft that says the same as an offer."""
    said = group("Copy", element("Number", new))
    _command(context, number, sender, said, dry_run=dry_run)


@invoice.command("delete")
def delete(
    context: typer.Context,
    number: Number,
    *,
    reason: Reason = None,
    sender: Sender = PORTAL,
    dry_run: DryRun = False,
) -> None:
    """Throw a draft away."""
    said = group("Delete", element("ReasonText", reason))
    _command(context, number, sender, said, dry_run=dry_run)


@invoice.command("void")
def void(
    context: typer.Context,
    number: Number,
    *,
    reason: Reason = None,
    sender: Sender = PORTAL,
    dry_run: DryRun = False,
) -> None:
    """Take back an offer that was sent and that nobody has paid anything on."""
    said = group("Void", element("ReasonText", reason))
    _command(context, number, sender, said, dry_run=dry_run)


@invoice.command("provision")
def provision(
    context: typer.Context, number: Number, *, sender: Sender = PORTAL, dry_run: DryRun = False
) -> None:
    """Have all items of a proforma provisioned; executed, it is issued."""
    _command(context, number, sender, group("Provision"), dry_run=dry_run)


@invoice.command("auto")
def auto(
    context: typer.Context,
    number: Number,
    switch: Annotated[str, typer.Argument(metavar="on|off", help="Whether money finds it.")],
    *,
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="Whose invoice, if not the enterprise's.")
    ] = None,
    sender: Sender = PORTAL,
    dry_run: DryRun = False,
) -> None:
    """Let money find an invoice by itself, or not."""
    said = element("SetAutoAllocate", switch)
    _command(context, number, sender, said, dry_run=dry_run, issuer=issuer)


def _command(
    context: typer.Context,
    number: str,
    sender: str,
    said: str,
    *,
    dry_run: bool,
    issuer: str | None = None,
) -> None:
    body = message("InvoiceCommand", sender, reference(number, issuer), said)
    _deliver(context, number, sender, body, dry_run=dry_run)


def _deliver(
    context: typer.Context, number: str, sender: str, body: bytes, *, dry_run: bool
) -> None:
    """Send the message, or print it; one that its schema refuses is not sent."""
    app: App = app_of(context)
    report = submit.judged(number, body, replace(app.intake, trust_header=True))
    if not report.valid:
        submit.show(report)
        raise typer.Exit(NEGATIVE)
    if dry_run:
        out.line(body.decode(), keep="\n")
        return
    check_bus(app)
    letter, _ = submit.outgoing(body, app.settings.enterprise, app.limits)
    if submit.deliver(app, sender, [(number, letter)]):
        raise typer.Exit(NEGATIVE)
