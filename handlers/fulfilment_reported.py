"""FulfilmentReported: goods of an order are allocated; they are billed, and ready to ship."""

from dataclasses import dataclass

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Notice,
    Order,
    Reach,
    Role,
    Scope,
    Serial,
    billing,
    fulfilment,
    known_before,
)

KIND = "fulfilment"
"""The kind of notice that keeps the same shipment from being billed twice (P-02)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilmentReported:
    """What is in a shipment."""

    order: str
    shipment: billing.Shipment
    lines: tuple[fulfilment.Shipped, ...]
    services: bool

    @property
    def notice(self) -> tuple[str, str, str]:
        """Return the key of the shipment, which is numbered within its order and facility."""
        return (KIND, self.order, f"{self.shipment.facility}/{self.shipment.number}")


def read(document: Document) -> FulfilmentReported:
    """Read a report."""
    return FulfilmentReported(
        order=document.text("OrderReference"),
        shipment=billing.Shipment(
            facility=document.text("Facility"),
            number=document.text("ShipmentId"),
            shipping=document.flag("WithShipping", default=True),
        ),
        lines=tuple(
            fulfilment.Shipped(
                each.text("LineNo"), each.integer("Quantity"), each.texts("SerialNumber")
            )
            for each in document.all("Lines/Line")
        ),
        services=document.flag("WithServices", default=True),
    )


def scope(message: FulfilmentReported, _: Context) -> Scope:
    """Ask for the order with its money, the shipment, the serial numbers, and the auto run."""
    serials = [(Serial, number) for line in message.lines for number in line.serials]
    return Scope(others=((Order, message.order), *serials), notices=(message.notice,), auto=True)


def decide(message: FulfilmentReported, book: Book, context: Context) -> Decision:
    """Bill what is in the shipment, and pay it from what is held for the order.

    Raises:
        Parked: `unknown-order`.
        Rejected: `number-taken` for a shipment with other content, or as fulfilment refuses.
    """
    draft = Draft(book, context)
    order = draft.order(message.order)
    kind, party, notice_id = message.notice
    known = draft.get(Notice, message.notice)
    known_before(known, context, Code.NUMBER_TAKEN, f"shipment {notice_id} of order {party!r}")
    notice = Notice(
        kind=kind,
        party=party,
        notice_id=notice_id,
        content_hash=context.content_hash,
        cause=context.cause,
    )
    draft.put(notice)
    fulfilment.report(draft, order, message.lines, message.shipment, services=message.services)
    return draft.decision()


HANDLER = Handler(
    message="FulfilmentReported",
    rights={Role.FULFILMENT: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
