"""What parties want to know: how bills stand, what an account has done, what is overdue."""

from collections.abc import Iterator
from typing import Final

from invoice_gateway.simulation import letters
from invoice_gateway.simulation.letters import FINANCIALS, Letter
from invoice_gateway.simulation.world import World

ASKED: Final = 0.05
"""Questions of each kind per account and month."""


def how_it_stands(world: World) -> Iterator[Letter]:
    """Let customers ask about a bill of theirs."""
    for _ in range(world.often(ASKED)):
        bill = world.bill()
        if bill is not None:
            yield letters.status_query(world.parties[bill.customer].voice, bill.number)


def what_happened(world: World) -> Iterator[Letter]:
    """Let the enterprise draw statements of account and agings."""
    for kind in ("statement", "aging"):
        for _ in range(world.often(ASKED)):
            party = world.party()
            if party is not None:
                yield letters.statement_query(FINANCIALS, kind, party, world.today)
