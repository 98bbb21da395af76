"""OrderPlaced: a customer orders; what happens next depends on how it pays."""

from dataclasses import dataclass, replace

from invoice_gateway.handler import (
    Book,
    Category,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    InvoiceKey,
    Method,
    Order,
    OrderLine,
    OrderStatus,
    Reach,
    Role,
    Scope,
    SourceKey,
    SourceType,
    WaitsFor,
    allocations,
    billing,
    known_before,
    orders,
    own_number,
    rate_at,
    shown,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """The order as sent, before anything is decided, and what its card was charged."""

    order: Order
    capture: orders.Capture | None


def read(document: Document) -> OrderPlaced:
    """Read an order and check that it adds up.

    Raises:
        Rejected: `totals-mismatch`, `amount-not-positive`, `amount-too-large`, `decimals`,
            `unknown-currency`, or `number-taken` for the reference of a capture.
    """
    currency = document.currency("Currency")
    lines = tuple(_line(each, currency) for each in document.all("Lines/Line"))
    shipping, shipping_tax = _amounts(document, "Shipping/", currency)
    total = document.amount("Total", currency)
    right = sum(line.amount for line in lines) + shipping + shipping_tax
    if total != right:
        raise document.refuse(
            Code.TOTALS_MISMATCH,
            "Total",
            f"lines and shipping come to {shown(right, currency)}, not to {shown(total, currency)}",
            shown(right, currency),
        )
    card = document.one("Payment/CreditCard")
    order = Order(
        reference=document.text("OrderReference"),
        account=document.text("Customer"),
        method=Method.CREDIT_CARD if card else Method(document.text("Payment/Method")),
        status=OrderStatus.QUOTE,
        currency=currency,
        total=total,
        shipping=shipping + shipping_tax,
        shipping_tax=shipping_tax,
        shipping_tax_category=document.maybe("Shipping/TaxCategory") or "",
        shipping_tax_rate=document.maybe("Shipping/TaxRate") or "0",
        placed_at=document.moment("PlacedAt" if document.has("PlacedAt") else "Header/SentAt"),
        lines=lines,
        channel=document.maybe("Channel"),
    )
    return OrderPlaced(order=order, capture=_capture(card) if card else None)


def _capture(card: Document) -> orders.Capture:
    reference = own_number(card, "CaptureReference")
    return orders.Capture(reference, card.flag("Captured", default=False))


def _line(line: Document, currency: str) -> OrderLine:
    net, tax = _amounts(line, "", currency)
    return OrderLine(
        line_no=line.text("LineNo"),
        category=Category(line.text("Category")),
        description=line.text("Description"),
        quantity=line.integer("Quantity"),
        amount=net + tax,
        net=net,
        tax=tax,
        item_code=line.maybe("ItemCode"),
        unit_price=line.text("UnitPrice"),
        tax_category=line.text("TaxCategory"),
        tax_rate=line.text("TaxRate"),
        serialised=line.flag("Serialised", default=False),
    )


def _amounts(document: Document, path: str, currency: str) -> tuple[int, int]:
    """Return net and tax, zero where there is neither.

    Raises:
        Rejected: `amount-not-positive`.
    """
    net, tax = document.amounts((f"{path}NetAmount", f"{path}TaxAmount"), currency)
    for amount, name in ((net, "NetAmount"), (tax, "TaxAmount")):
        if amount < 0:
            raise document.refuse(
                Code.AMOUNT_NOT_POSITIVE,
                f"{path}{name}",
                "what is ordered cannot cost less than nothing",
                "0 or more",
            )
    return net, tax


def scope(message: OrderPlaced, context: Context) -> Scope:
    """Ask for the account and what it owes, the order, what waits for it, and idle money."""
    order, capture = message.order, message.capture
    provides = [(WaitsFor.ORDER.value, order.reference)]
    if not order.ships:
        first = InvoiceKey(context.policy.enterprise, billing.number(order))
        provides.append((WaitsFor.INVOICE.value, str(first)))
    sources: tuple[SourceKey, ...] = ()
    if capture is not None:
        sources = (SourceKey(order.account, SourceType.PAYMENT, capture.reference),)
        provides.append((WaitsFor.SOURCE.value, str(sources[0])))
    return Scope(
        accounts=(order.account,),
        sources=sources,
        others=((Order, order.reference),),
        auto=True,
        money=order.total,
        credit=order.method is Method.TERMS,
        rates=(rate_at(context.today, order.currency),),
        provides=tuple(provides),
    )


def decide(message: OrderPlaced, book: Book, context: Context) -> Decision:
    """Take the order in, as far as its payment allows."""
    draft = Draft(book, context)
    draft.account(message.order.account)
    reference = message.order.reference
    known_before(draft.get(Order, reference), context, Code.NUMBER_TAKEN, f"order {reference!r}")
    order = replace(message.order, content_hash=context.content_hash, cause=context.cause)
    orders.place(draft, order, order.method, message.capture)
    allocations.auto_run(draft, order.account)
    return draft.decision()


HANDLER = Handler(
    message="OrderPlaced",
    rights={Role.ERP: Reach.ANY, Role.PORTAL: Reach.ANY, Role.PARTNER: Reach.BENEATH},
    read=read,
    scope=scope,
    decide=decide,
)
