"""What is always true of orders and of the credit check (I-25, I-26)."""

from collections import defaultdict
from collections.abc import Iterator

from invoice_gateway.audit.facts import Facts

OPEN = {"Quote", "WaitingPayment", "UnderReview", "InProcess"}


def orders_are_billed_once(facts: Facts) -> Iterator[str]:
    """I-25: no piece is billed twice, and an order is complete exactly when all are (or closed)."""
    for order in facts.orders.values():
        lines = facts.order_lines.get(order.reference, ())
        if any(not 0 <= each.invoiced <= each.quantity for each in lines):
            yield f"order {order.reference}: more is billed than was ordered"
        all_billed = all(each.invoiced == each.quantity for each in lines)
        if order.method != "request" and (order.status == "Completed") != (
            all_billed or order.short_closed
        ):
            yield f"order {order.reference} is {order.status}"


def invoices_add_up_to_their_order(facts: Facts) -> Iterator[str]:
    """I-25, I-33: the gateway's own invoices of an order come to what was billed of it."""
    billed: dict[str, int] = defaultdict(int)
    for row in facts.invoices.values():
        if row.order_ref and row.number.startswith("INV:") and row.kind == "commercial":
            billed[row.order_ref] += row.amount
    for order in facts.orders.values():
        value = order.shipping if order.shipping_invoiced else 0
        for line in facts.order_lines.get(order.reference, ()):
            value += sum(whole * line.invoiced // line.quantity for whole in (line.net, line.tax))
        if billed[order.reference] != value:
            yield f"order {order.reference}: {value} are billed, not {billed[order.reference]}"


def money_is_held_for_open_orders(facts: Facts) -> Iterator[str]:
    """I-25, A-04: for orders that are not done, or not there yet; the rest is the customer's."""
    for source in facts.sources.values():
        order = facts.orders.get(source.held_for)
        if order is not None and order.account == source.account and order.status not in OPEN:
            yield f"{source.reference} is held for order {order.reference}, which is {order.status}"


def credit_was_checked(facts: Facts) -> Iterator[str]:
    """I-26: an order on terms is let go within the limit with nothing past due, or by a person."""
    for each in facts.heard.let_go:
        order = facts.orders[each.order]
        if each.exposure is None:
            if order.released_by != each.cause:
                yield f"order {order.reference} was let go by nobody and nothing"
        elif each.past_due or (each.limit is not None and each.exposure > each.limit):
            yield f"order {order.reference} was let go in spite of the credit check"
