"""Goods leave a facility: what was shipped is billed, and never more than was ordered (§3.9)."""

from typing import NamedTuple

from . import allocation, billing, orders
from .detail import Fulfilment
from .draft import Draft
from .errors import Code, Rejected
from .events_orders import InvoiceFulfilmentChanged
from .evolve import evolve
from .invoice import Invoice
from .keys import InvoiceKey
from .order import Category, Order, OrderLine, OrderStatus, Serial


class Shipped(NamedTuple):
    """How many pieces of an order line were allocated, and which."""

    line_no: str
    quantity: int
    serials: tuple[str, ...] = ()


def report(
    draft: Draft,
    order: Order,
    shipped: tuple[Shipped, ...],
    shipment: billing.Shipment,
    *,
    services: bool,
) -> None:
    """Bill what was allocated with one invoice (S0-14, S0-34, S0-35).

    With `services`, what is left of software, support and service goes on it too, save what the
    message names itself (S0-41).

    Raises:
        Rejected: `bad-transition`, `unknown-line`, `over-fulfilment`, `serials-missing` or
            `serial-taken`.
    """
    if order.status is not OrderStatus.IN_PROCESS:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"order {order.reference!r} is {order.status}: only what is in process is fulfilled",
        )
    by_number = {line.line_no: line for line in order.lines}
    for each in shipped:
        _check(draft, order, by_number.get(each.line_no), each)
    pieces = {each.line_no: each.quantity for each in shipped}
    if services:
        pieces |= {
            line.line_no: line.missing
            for line in order.lines
            if line.category is not Category.HARDWARE
            and line.missing
            and line.line_no not in pieces
        }
    key = InvoiceKey(draft.context.policy.enterprise, billing.number(order))
    for each in shipped:
        for number in each.serials:
            draft.put(_serial(draft, order, key, each.line_no, number))
    order = billing.bill(draft, order, pieces, shipment)
    orders.finish(draft, order)
    allocation.auto_run(draft, order.account)


def track(
    draft: Draft, order: Order, invoice: Invoice, *, carrier: str | None, number: str
) -> None:
    """Ready to Ship becomes Shipped, for good, once there is a tracking number (S0-38, S0-39).

    The same number again changes nothing.

    Raises:
        Rejected: `bad-transition`.
    """
    if invoice.order_ref != order.reference:
        raise Rejected(
            Code.BAD_TRANSITION, f"{invoice.key} is not an invoice of order {order.reference!r}"
        )
    detail = invoice.detail
    if detail.fulfilment is Fulfilment.SHIPPED and detail.tracking == number:
        return
    if detail.fulfilment is not Fulfilment.READY_TO_SHIP:
        raise Rejected(
            Code.BAD_TRANSITION, f"{invoice.key} is {detail.fulfilment}: nothing of it is to ship"
        )
    shipped = evolve(detail, fulfilment=Fulfilment.SHIPPED, tracking=number)
    draft.put(evolve(invoice, detail=shipped))
    left = InvoiceFulfilmentChanged(
        invoice=invoice.key,
        customer=invoice.account,
        order_reference=order.reference,
        facility=detail.facility,
        shipment=None,
        old=detail.fulfilment,
        new=Fulfilment.SHIPPED,
        carrier=carrier,
        tracking=number,
    )
    draft.announce(left, invoice)
    order = evolve(order, unshipped=order.unshipped - 1)
    draft.put(order)
    orders.finish(draft, order)


def _check(draft: Draft, order: Order, line: OrderLine | None, shipped: Shipped) -> None:
    if line is None:
        raise Rejected(
            Code.UNKNOWN_LINE, f"order {order.reference!r} has no line {shipped.line_no!r}"
        )
    if shipped.quantity > line.missing:
        raise Rejected(
            Code.OVER_FULFILMENT,
            f"line {line.line_no} of order {order.reference!r} has {line.missing} pieces left, "
            f"{shipped.quantity} are reported",
        )
    if line.serialised and len(shipped.serials) != shipped.quantity:
        raise Rejected(
            Code.SERIALS_MISSING,
            f"line {line.line_no} needs {shipped.quantity} serial numbers, "
            f"{len(shipped.serials)} are given",
        )
    for number in shipped.serials:
        taken = draft.get(Serial, number)
        if taken is not None:
            raise Rejected(
                Code.SERIAL_TAKEN,
                f"serial number {number!r} was shipped before, with order {taken.order_ref!r}",
            )


def _serial(draft: Draft, order: Order, key: InvoiceKey, line_no: str, number: str) -> Serial:
    return Serial(
        number=number,
        account=order.account,
        order_ref=order.reference,
        line_no=line_no,
        invoice=key,
        cause=draft.context.cause,
    )
