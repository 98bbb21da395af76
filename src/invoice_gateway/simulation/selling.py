"""What the enterprise sells: accounts are opened and changed, invoices posted, requests raised."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from invoice_gateway.simulation import bills, letters
from invoice_gateway.simulation.bills import Item
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.people import POLICIES, Party, drawn
from invoice_gateway.simulation.world import World

OPENED_AT_ONCE: Final = 0.7
OPENED_WITHIN: Final = 60
CHANGED: Final = 0.03
"""Changes per account and month."""
EXTRA: Final = 0.004
"""Invoices per account and day beside the monthly one."""
ASKED: Final = 0.006
"""Requests per account and day."""
WITH_ORDER: Final = 0.3
BILLED_BEFORE: Final = 0.3
"""Parties whose first invoice comes a day before their account."""
PAID_BEFORE: Final = 0.03
"""Invoices whose payment comes a day before."""
RATES: Final = {0: 30, 7: 20, 19: 50}
KINDS: Final = {"purchase": 3, "renewal": 4, "extension": 2, "registration": 1}
PRICES: Final = {500: 20, 4_990: 30, 12_000: 25, 99_900: 20, 750_000: 5}


def open_accounts(world: World) -> Iterator[Letter]:
    """Open most accounts on the first day, and the others on some day of the first weeks."""
    if world.known or world.agenda:
        return
    for party in world.parties.values():
        if party.kind != "customer" or world.likely(OPENED_AT_ONCE):
            yield from _open(party, world)
        else:
            days = world.chance.randint(2, OPENED_WITHIN)
            world.plan(days, partial(_open, party))
            if world.likely(BILLED_BEFORE):
                world.plan(days - 1, partial(invoice, party, world.number("INV")))


def _open(party: Party, world: World) -> Iterator[Letter]:
    world.known.add(party.id)
    yield letters.account(party)


def change_accounts(world: World) -> Iterator[Letter]:
    """Raise limits, and change the policy of collection."""
    for _ in range(world.often(CHANGED)):
        party = world.party()
        if party is not None:
            party.policy = POLICIES[drawn(world.chance, dict.fromkeys(POLICIES, 1))]
            if party.credit_limit is not None:
                party.credit_limit *= 2
            yield letters.account(party)


def send_invoices(world: World) -> Iterator[Letter]:
    """Bill every party once a month, and some of them in between; some money is there before."""
    for party in world.parties.values():
        monthly = world.today.day == party.day_of_month
        if party.id not in world.known or not (monthly or world.likely(EXTRA)):
            continue
        number = world.number("INV")
        if world.likely(PAID_BEFORE):
            yield from _paid_before(world, party, number)
        else:
            yield from invoice(party, number, world)


def invoice(party: Party, number: str, world: World) -> Iterator[Letter]:
    """Post an invoice of today."""
    order = world.chance.choice(party.orders) if party.orders and world.likely(WITH_ORDER) else None
    yield bills.invoice(number, party, items(world), world.today, order=order)


def items(world: World) -> Sequence[Item]:
    """Return what is on an invoice."""
    return [
        Item(max(1, drawn(world.chance, PRICES) * world.chance.randint(50, 150) // 100), rate)
        for rate in (drawn(world.chance, RATES) for _ in range(world.chance.randint(1, 5)))
    ]


def _paid_before(world: World, party: Party, number: str) -> Iterator[Letter]:
    amount = drawn(world.chance, PRICES)
    world.plan(1, partial(invoice, party, number))
    yield letters.payment(world.number("PAY"), party, amount, world.today, [number])


def ask(world: World) -> Iterator[Letter]:
    """Ask for something new, or for more of what is there."""
    for party in world.parties.values():
        if party.id not in world.known or not world.likely(ASKED):
            continue
        kind = drawn(world.chance, KINDS)
        if not party.orders or kind in ("purchase", "registration"):
            party.orders.append(world.number("ORD"))
        order = world.chance.choice(party.orders)
        price = drawn(world.chance, PRICES)
        yield letters.request(world.number("REQ"), party, order, kind, price, world.today)
