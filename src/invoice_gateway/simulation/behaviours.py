"""Who does what: lists of small functions; whoever adds one adds it here."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from invoice_gateway.simulation import (
    answering,
    arguing,
    asking,
    mischief,
    offering,
    ordering,
    paying,
    rating,
    selling,
)
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.world import Told, World


def as_planned(world: World) -> Iterator[Letter]:
    """Do what somebody has planned for today."""
    for plan in world.agenda.pop(world.today, ()):
        yield from plan(world)


BEHAVIOURS: Final[tuple[Callable[[World], Iterator[Letter]], ...]] = (
    rating.rates_are_fixed,
    selling.open_accounts,
    as_planned,
    selling.change_accounts,
    selling.send_invoices,
    selling.ask,
    ordering.place,
    offering.draft,
    offering.use_wallets,
    paying.declare,
    arguing.doubt,
    arguing.adjust,
    arguing.grant,
    arguing.discount,
    arguing.give_up,
    asking.how_it_stands,
    asking.what_happened,
    mischief.wrong_invoices,
    mischief.strangers,
)
"""What happens on a day, in this order."""

REACTIONS: Final[Mapping[str, Callable[[World, Told], Iterator[Letter]]]] = {
    "invoice.issued": paying.bill_comes,
    "invoice.status-changed": paying.bill_changes,
    "payment.received": paying.money_comes,
    "payment.unallocated": paying.money_is_idle,
    "allocation.posted": paying.money_lands,
    "dispute.opened": arguing.dispute_opens,
    "invoice.sent": offering.offer_comes,
    "wallet.credited": offering.wallet_fills,
    "order.status-changed": ordering.order_moves,
    "invoice.fulfilment-changed": ordering.parcel_is_ready,
    "request.execute-requested": answering.execute,
    "order.suspend-requested": answering.suspend,
    "order.unsuspend-requested": answering.resume,
    "order.delete-requested": answering.delete,
}
"""What follows from an event of the gateway, by its name; answers go out the same day."""
