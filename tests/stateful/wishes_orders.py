"""Random messages about orders, goods, requests and their services, as those in `wishes`."""

from collections.abc import Callable
from typing import Any

from invoice_gateway.model.money import decimal_text
from tests import messages as say
from tests import messages_offers as offer
from tests import orders
from tests.stateful import wishes, wishes_offers
from tests.stateful.wishes import PARTIES, Wish

ORDERS = tuple(f"O-{at}" for at in range(1, 7))
REQUESTS = tuple(f"REQ-{at}" for at in range(1, 7))
METHODS = ("credit-card", "wire-transfer", "check", "terms", "terms", "quote")
CATEGORIES = ("hardware", "hardware", "software", "support", "service")


def _order(wish: Wish, *statuses: str) -> Any | None:
    """Return an order, rather one in these statuses, if there is any."""
    rows = sorted(wish.facts.orders.values(), key=lambda row: row.reference)
    fitting = [each for each in rows if each.status in statuses]
    return wish.one(*(fitting * 4), *rows) if rows else None


def _request(wish: Wish, *states: str) -> Any | None:
    """Return a request, rather one in these states, if there is any."""
    rows = sorted(wish.facts.requests.values(), key=lambda row: row.id)
    fitting = [each for each in rows if each.state in states]
    return wish.one(*(fitting * 4), *rows) if rows else None


def placed(wish: Wish) -> bytes:
    """Draw an OrderPlaced: goods and services, by any method; some captures fail."""
    lines = [
        orders.Piece(
            net=decimal_text(wish.cents(), "EUR"),
            category=wish.one(*CATEGORIES),
            quantity=wish.one(1, 1, 2, 3),
            serialised=wish.rarely(),
        )
        for _ in range(wish.one(1, 1, 2, 3))
    ]
    return orders.order_placed(
        wish.one(*ORDERS),
        customer=wish.one(*PARTIES),
        method=wish.one(*METHODS),
        lines=lines,
        shipping=decimal_text(wish.cents(500), "EUR") if wish.rarely() else None,
        capture=f"CAP-{wish.serial()}",
        captured=not wish.rarely(),
        **wish.ids(),
    )


def ordered(wish: Wish) -> bytes:
    """Draw an OrderCommand: release, cancel, close short, charge again, make a quote an order."""
    row = _order(wish, "UnderReview", "WaitingPayment", "Quote", "InProcess")
    reference = row.reference if row else wish.one(*ORDERS)
    way = wish.one("Release", "Cancel", "CloseShort", "again", "place")
    if way == "again":
        capture = f"CAP-{wish.serial()}"
        return orders.resubmitted(
            reference, capture=capture, captured=not wish.rarely(), **wish.ids()
        )
    if way == "place":
        method, capture = wish.one(*METHODS[:4]), f"CAP-{wish.serial()}"
        return orders.quote_accepted(reference, method=method, capture=capture, **wish.ids())
    return orders.order_command(way, order=reference, **wish.ids())


def shipped(wish: Wish) -> bytes:
    """Draw a FulfilmentReported, or the tracking of a shipment; some report too much."""
    row = _order(wish, "InProcess")
    reference = row.reference if row else wish.one(*ORDERS)
    if row and row.invoices and wish.flag():
        number = f"INV:{reference}:{wish.chance.randint(1, row.invoices)}"
        return orders.tracked(number, order=reference, **wish.ids())
    lines, serials = {}, {}
    for line in wish.facts.order_lines.get(reference, ()):
        left = line.quantity - line.invoiced
        if line.category == "hardware" and left:
            pieces = wish.one(left, left, wish.chance.randint(1, left + 1))
            lines[line.line_no] = pieces
            if line.serialised:
                serials[line.line_no] = [f"SN-{wish.serial()}" for _ in range(pieces)]
    shipment = f"S-{wish.serial()}"
    return orders.fulfilled(
        lines or None, order=reference, shipment=shipment, serials=serials, **wish.ids()
    )


def money_for_an_order(wish: Wish) -> bytes:
    """Draw a PaymentPosted that names an order: all of it, a part, or more."""
    row = _order(wish, "WaitingPayment")
    currency = row.currency if row else "EUR"
    return say.payment_posted(
        wish.one(*wishes.PAYMENTS),
        payer=row.account if row else wish.one(*PARTIES),
        amount=decimal_text(wish.cents(row.total if row else 0), currency),
        currency=currency,
        order=row.reference if row else wish.one(*ORDERS),
        value_date=wish.one(*wishes.DAYS),
        **wish.ids(),
    )


def raised(wish: Wish) -> bytes:
    """Draw a RequestRaised, with an application fee or without."""
    return say.request_raised(
        wish.one(*REQUESTS),
        customer=wish.one(*PARTIES),
        order=wish.one(*ORDERS),
        amount=decimal_text(wish.cents(), "EUR"),
        fee=decimal_text(wish.cents(500), "EUR") if wish.rarely() else None,
        issue_date=wish.one(*wishes.DAYS),
        **wish.ids(),
    )


def about_a_request(wish: Wish) -> bytes:
    """Draw what becomes of a request: cancelled, executed unpaid, answered; or its service."""
    row = _request(wish, "pending", "executing")
    request = row.id if row else wish.one(*REQUESTS)
    invoice = f"INV:{request}"
    way = wish.one("cancel", "unpaid", "answer", "answer", "service")
    if way == "cancel":
        return offer.command("Cancel", invoice, **wish.ids())
    if way == "unpaid":
        return offer.unpaid(invoice, wish.one("keep", "cancel"), **wish.ids())
    if way == "answer":
        return offer.request_outcome(request=request, executed=not wish.rarely(), **wish.ids())
    order = row.order_ref if row else wish.one(*ORDERS)
    state = wish.one("active", "active", "suspended", "deleted")
    return say.service_state(order, state=state, **wish.ids())


WEIGHTS: dict[Callable[[Wish], bytes], int] = wishes_offers.WEIGHTS | {
    placed: 5,
    ordered: 4,
    shipped: 6,
    money_for_an_order: 3,
    raised: 3,
    about_a_request: 5,
}


def any_of_them(wish: Wish) -> bytes:
    """Draw a message of any type."""
    [kind] = wish.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
    return kind(wish)
