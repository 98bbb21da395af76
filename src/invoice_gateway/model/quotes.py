"""A proforma made from a quote: the lines are those of the order (S1-01)."""

import json

from .draft import Draft
from .errors import Code, Rejected
from .invoice import Kind
from .ledger import Account
from .offer import PURCHASE, Content, OfferLine
from .order import Order, OrderStatus


def quoted(draft: Draft, account: Account, content: Content) -> Content:
    """Return `content` with the lines of the quote it names, unless it has lines of its own.

    Raises:
        Parked: `unknown-order`.
        Rejected: `forbidden`, `bad-transition` where the order is no quote, `currency-mismatch`.
    """
    assert content.quote is not None
    order = draft.order(content.quote)
    if order.account != account.party:
        raise Rejected(Code.FORBIDDEN, f"order {order.reference!r} is not of {account.party}")
    if order.status is not OrderStatus.QUOTE:
        raise Rejected(
            Code.BAD_TRANSITION, f"order {order.reference!r} is {order.status}, not a quote"
        )
    if order.currency != content.currency:
        raise Rejected(
            Code.CURRENCY_MISMATCH,
            f"the quote is in {order.currency}, the offer in {content.currency}",
        )
    if content.lines:
        return content
    lines = _lines(order)
    return content._replace(lines=lines, blocks=_with_taxes(content.blocks, lines))


def _lines(order: Order) -> tuple[OfferLine, ...]:
    """Return what the order asks for; shipping is a line of its own, last."""
    lines = [
        OfferLine(
            line_no=line.line_no,
            amount=line.amount,
            description=line.description,
            item_code=line.item_code,
            quantity=str(line.quantity),
            unit_price=line.unit_price,
            net=line.net,
            tax_category=line.tax_category,
            tax_rate=line.tax_rate,
            tax=line.tax,
            type=PURCHASE,
            order_line=line.line_no,
        )
        for line in order.lines
    ]
    if order.shipping:
        shipping = OfferLine(
            "shipping:1",
            order.shipping,
            "Shipping",
            net=order.shipping,
            kind=Kind.SHIPPING.value,
        )
        lines.append(shipping)
    return tuple(lines)


def _with_taxes(blocks: str, lines: tuple[OfferLine, ...]) -> str:
    """Return the blocks with the taxes that the lines add up to."""
    sums: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        if line.tax_category:
            entry = sums.setdefault((line.tax_category, line.tax_rate), [0, 0])
            entry[0] += line.net
            entry[1] += line.tax
    taxes = [[*key, *amounts] for key, amounts in sums.items()]
    said = json.loads(blocks) | {"Taxes": taxes}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
