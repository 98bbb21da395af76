"""ShipmentTracked: the goods of an invoice are on their way."""

from dataclasses import dataclass

from invoice_gateway.handler import (
    Book,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    InvoiceKey,
    Order,
    Reach,
    Role,
    Scope,
    fulfilment,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentTracked:
    """Which invoice was shipped, by whom, and how it is tracked."""

    order: str
    invoice: InvoiceKey
    carrier: str | None
    tracking: str


def read(document: Document) -> ShipmentTracked:
    """Read what carries the goods."""
    return ShipmentTracked(
        order=document.text("OrderReference"),
        invoice=document.invoice("Invoice"),
        carrier=document.maybe("Carrier"),
        tracking=document.text("TrackingNumber"),
    )


def scope(message: ShipmentTracked, _: Context) -> Scope:
    """Ask for the invoice, and for the order with its money, which may be complete now."""
    return Scope(invoices=(message.invoice,), others=((Order, message.order),), auto=True)


def decide(message: ShipmentTracked, book: Book, context: Context) -> Decision:
    """Turn Ready to Ship into Shipped.

    Raises:
        Parked: `unknown-order` or `unknown-invoice`.
        Rejected: `bad-transition`.
    """
    draft = Draft(book, context)
    order = draft.order(message.order)
    invoice = draft.invoice(message.invoice)
    fulfilment.track(draft, order, invoice, carrier=message.carrier, number=message.tracking)
    return draft.decision()


HANDLER = Handler(
    message="ShipmentTracked",
    rights={Role.FULFILMENT: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
