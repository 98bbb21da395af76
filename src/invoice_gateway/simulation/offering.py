"""What is offered before it is an invoice: proformas and top-ups, and what wallets are used for."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from invoice_gateway.model.money import decimal_text
from invoice_gateway.simulation import letters
from invoice_gateway.simulation.letters import PORTAL, USAGE, Letter, money
from invoice_gateway.simulation.people import Party, drawn
from invoice_gateway.simulation.selling import PRICES
from invoice_gateway.simulation.world import Told, World
from invoice_gateway.xml.writing import Value

OFFERED: Final = 0.12
"""Drafts per account and month."""
KINDS: Final = {"TopUp": 1, "Proforma": 1}
SENT: Final = 0.9
TAKEN: Final = 0.8
"""Offers that are paid; of the others, some are withdrawn."""
WITHDRAWN: Final = 0.5
USED: Final = 0.04
"""How likely a wallet is used on a day."""


def draft(world: World) -> Iterator[Letter]:
    """Draft offers; most are sent, the others deleted."""
    for _ in range(world.often(OFFERED)):
        party = world.party()
        if party is None:
            return
        number = world.number("OFFER")
        command = "Send" if world.likely(SENT) else "Delete"
        world.plan(world.chance.randint(1, 3), partial(_command, number, command))
        yield _draft(world, number, party)


def _draft(world: World, number: str, party: Party) -> Letter:
    kind, price = drawn(world.chance, KINDS), drawn(world.chance, PRICES)
    amount = decimal_text(price, party.currency)
    line: Value = {
        "LineNo": "1",
        "Type": "purchase",
        "ProductCode": "PBX-10",
        "Period": "P1M",
        "Description": "Telephones",
        "Quantity": "1",
        "NetAmount": amount,
        "TaxCategory": "Z",
        "TaxRate": "0",
    }
    what: Value = {"Amount": amount} if kind == "TopUp" else {"Lines": {"Line": line}}
    says: dict[str, Value] = {
        "Number": number,
        "Customer": party.id,
        "Currency": party.currency,
        "Name": "Offer",
        "RecipientEmail": "office@example.org",
        "DueDays": "14",
        kind: what,
    }
    return Letter(PORTAL, "InvoiceDraft", says)


def _command(number: str, command: str, _: World) -> Iterator[Letter]:
    yield Letter(PORTAL, "InvoiceCommand", {"Invoice": number, command: ""})


def offer_comes(world: World, told: Told) -> Iterator[Letter]:
    """Pay an offer and have it provisioned, or let it be withdrawn, or lie."""
    number, customer = told.text("Invoice"), told.text("Customer")
    if world.likely(TAKEN):
        days = world.chance.randint(1, 14)
        world.plan(days, partial(_pay, number, customer, told.amount("Totals/Pending")))
        if told.text("Kind") == "proforma":
            world.plan(days + 2, partial(_allocate, number, customer))
            world.plan(days + 3, partial(_command, number, "Provision"))
    elif world.likely(WITHDRAWN):
        world.plan(world.chance.randint(5, 30), partial(_command, number, "Void"))
    yield from ()


def _pay(number: str, customer: str, amount: int, world: World) -> Iterator[Letter]:
    party, payment = world.parties[customer], world.number("PAY")
    world.paid_offers[number] = (payment, amount)
    yield letters.payment(payment, party, amount, world.today, [number])


def _allocate(number: str, customer: str, world: World) -> Iterator[Letter]:
    """Put on a proforma by hand what was paid for it (S1-17)."""
    payment, minor = world.paid_offers[number]
    amount = money(minor, world.parties[customer].currency)
    paid = letters.source(payment)
    yield letters.allocation(customer, "Allocate", Source=paid, Invoice=number, Amount=amount)


def wallet_fills(world: World, told: Told) -> Iterator[Letter]:
    """Remember who has a wallet."""
    world.wallets.setdefault(told.text("Customer"))
    yield from ()


def use_wallets(world: World) -> Iterator[Letter]:
    """Make calls and the like."""
    for customer in world.wallets:
        if world.likely(USED):
            says: dict[str, Value] = {
                "UsageId": world.number("CALLS"),
                "Customer": customer,
                "Amount": money(world.chance.randint(1, 900), world.parties[customer].currency),
                "UsedOn": world.today.isoformat(),
            }
            yield Letter(USAGE, "WalletUsage", says)
