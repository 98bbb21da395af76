"""How orders go: they are placed, paid before or on terms, put together, shipped, given up."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from invoice_gateway.model.money import decimal_text
from invoice_gateway.simulation import letters
from invoice_gateway.simulation.letters import PORTAL, Letter
from invoice_gateway.simulation.people import Party, drawn
from invoice_gateway.simulation.selling import PRICES
from invoice_gateway.simulation.world import Purchase, Told, World
from invoice_gateway.xml.writing import Value

PLACED: Final = 0.2
"""Orders per account and month."""
CATEGORIES: Final = {"hardware": 6, "software": 2, "support": 1, "service": 1}
AHEAD: Final = {"credit-card": 50, "wire-transfer": 35, "check": 10, "quote": 5}
ON_TERMS: Final = 0.7
"""How many of those who may pay later do."""
PRESUMED: Final = 0.02
"""How many of those who may not try to."""
CHARGED: Final = 0.95
"""Cards that can be charged."""
PAID: Final = 0.85
SHORT: Final = 0.1
"""Orders to be paid before that are paid, and how many of them in part."""
SPLIT: Final = 0.3
CLOSED: Final = 0.1
"""Orders that are shipped in two parts, and those of which the second never comes."""
REVIEWED: Final = {"Release": 5, "Cancel": 2, "nothing": 3}


def place(world: World) -> Iterator[Letter]:
    """Place orders."""
    for _ in range(world.often(PLACED)):
        party = world.party()
        if party is not None:
            yield _order(world, party)


def _order(world: World, party: Party) -> Letter:
    number, net, pieces = world.number("SO"), 0, {}
    lines: list[Value] = []
    for at in range(1, world.chance.randint(1, 3) + 1):
        category, count = drawn(world.chance, CATEGORIES), world.chance.randint(1, 4)
        price = drawn(world.chance, PRICES)
        net += price * count
        lines.append(_line(at, category, count, price, party.currency))
        if category == "hardware":
            pieces[str(at)] = count
    shipping = price // 10 if pieces else 0
    purchase = Purchase(number, party.id, net + shipping, pieces)
    world.purchases[number] = purchase
    says: dict[str, Value] = {
        "OrderReference": number,
        "Customer": party.id,
        "Payment": _payment(world, party),
        "Currency": party.currency,
        "Lines": {"Line": lines},
        "Shipping": _charge(shipping, party.currency) if shipping else None,
        "Total": decimal_text(purchase.total, party.currency),
    }
    return Letter(PORTAL, "OrderPlaced", says)


def _payment(world: World, party: Party) -> Value:
    if world.likely(ON_TERMS if party.terms_days else PRESUMED):
        return {"Method": "terms"}
    method = drawn(world.chance, AHEAD)
    if method != "credit-card":
        return {"Method": method}
    captured = str(world.likely(CHARGED)).lower()
    return {"CreditCard": {"CaptureReference": world.number("CH"), "Captured": captured}}


def _line(at: int, category: str, count: int, price: int, currency: str) -> Value:
    return {
        "LineNo": str(at),
        "Category": category,
        "Description": category.capitalize(),
        "Quantity": str(count),
        "UnitPrice": decimal_text(price, currency),
        **_charge(price * count, currency),
        "Serialised": "true" if category == "hardware" else None,
    }


def _charge(net: int, currency: str) -> dict[str, Value]:
    return {
        "NetAmount": decimal_text(net, currency),
        "TaxCategory": "Z",
        "TaxRate": "0",
        "TaxAmount": "0",
    }


def order_moves(world: World, told: Told) -> Iterator[Letter]:
    """Go on with an order, by where it stands now."""
    purchase = world.purchases.get(told.text("OrderReference"))
    if purchase is not None and told.text("New") in NEXT:
        NEXT[told.text("New")](world, purchase)
    yield from ()


def _wait_for_money(world: World, purchase: Purchase) -> None:
    if world.likely(PAID):
        percent = 60 if world.likely(SHORT) else 100
        world.plan(world.chance.randint(1, 12), partial(_pay, purchase, percent))
    world.plan(30, partial(_decide, purchase, "Cancel"))


def _pay(purchase: Purchase, percent: int, world: World) -> Iterator[Letter]:
    party = world.parties[purchase.customer]
    amount, number = purchase.total * percent // 100, world.number("PAY")
    yield letters.payment(number, party, amount, world.today, order=purchase.number)


def _review(world: World, purchase: Purchase) -> None:
    decision = drawn(world.chance, REVIEWED)
    if decision != "nothing":
        world.plan(world.chance.randint(2, 15), partial(_decide, purchase, decision))


def _think(world: World, purchase: Purchase) -> None:
    world.plan(world.chance.randint(2, 15), partial(_take_up, purchase))


def _take_up(purchase: Purchase, _: World) -> Iterator[Letter]:
    yield letters.order_command(purchase.number, "Place", "taken up", Method="wire-transfer")


def _put_together(world: World, purchase: Purchase) -> None:
    if not purchase.pieces:
        return
    parts = 2 if world.likely(SPLIT) else 1
    world.plan(world.chance.randint(1, 6), partial(_ship, purchase, parts))
    if parts > 1:
        last = partial(_decide, purchase, "CloseShort")
        if not world.likely(CLOSED):
            last = partial(_ship, purchase, 1)
        world.plan(world.chance.randint(7, 20), last)


def _ship(purchase: Purchase, parts: int, world: World) -> Iterator[Letter]:
    """Ship all that is left, or one piece less of what there are several."""
    lines: list[Value] = []
    for line, left in purchase.pieces.items():
        count = left if parts == 1 else left // 2
        if count:
            purchase.pieces[line] -= count
            serials: list[Value] = [world.number("SN") for _ in range(count)]
            lines.append({"LineNo": line, "Quantity": str(count), "SerialNumber": serials})
    if lines:
        yield letters.shipped(purchase.number, world.number("SHIP"), lines)


def _decide(purchase: Purchase, command: str, _: World) -> Iterator[Letter]:
    if command != "Cancel" or not purchase.under_way:
        yield letters.order_command(purchase.number, command, "as agreed")


def _under_way(world: World, purchase: Purchase) -> None:
    purchase.under_way = True
    _put_together(world, purchase)


NEXT: Final[Mapping[str, Callable[[World, Purchase], None]]] = {
    "WaitingPayment": _wait_for_money,
    "UnderReview": _review,
    "Quote": _think,
    "InProcess": _under_way,
}
"""What somebody plans for an order, by its status."""


def parcel_is_ready(world: World, told: Told) -> Iterator[Letter]:
    """Hand a parcel to a carrier a day or two after it was put together."""
    if told.text("New") == "ready-to-ship":
        named = (told.text("OrderReference"), told.text("Invoice"))
        world.plan(world.chance.randint(1, 2), partial(_hand_over, *named))
    yield from ()


def _hand_over(order: str, invoice: str, world: World) -> Iterator[Letter]:
    yield letters.tracked(order, invoice, world.number("TRACK"))
