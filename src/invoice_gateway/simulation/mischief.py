"""What goes wrong between honest parties: things come twice, are wrong, or from the wrong one."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from invoice_gateway.simulation import bills, letters, selling
from invoice_gateway.simulation.letters import Letter
from invoice_gateway.simulation.world import World

Right = Callable[..., Letter]
"""Writes an invoice in which nothing is wrong."""

WRONG: Final = 0.04
"""Invoices per account and month that are wrong."""
STRANGE: Final = 0.015
"""Letters per account and month about what is somebody else's."""


def wrong_invoices(world: World) -> Iterator[Letter]:
    """Post invoices with one of the faults."""
    for _ in range(world.often(WRONG)):
        party = world.party()
        if party is not None:
            right = partial(
                bills.invoice, world.number("WRONG"), party, selling.items(world), world.today
            )
            yield world.chance.choice(FAULTS)(right, world)


def _does_not_add_up(right: Right, _: World) -> Letter:
    return right(off=1)


def _has_no_date(right: Right, _: World) -> Letter:
    letter = right()
    return letter._replace(says={**letter.says, "IssueDate": "yesterday"})


def _is_for_nobody(right: Right, world: World) -> Letter:
    letter = right()
    return letter._replace(says={**letter.says, "Customer": world.number("STRANGER")})


def _is_from_the_bank(right: Right, _: World) -> Letter:
    return right()._replace(sender=letters.BANK)


FAULTS: Final = (_does_not_add_up, _has_no_date, _is_for_nobody, _is_from_the_bank)


def strangers(world: World) -> Iterator[Letter]:
    """Let somebody say that they have paid the bill of somebody else."""
    for _ in range(world.often(STRANGE)):
        bill, party = world.bill(), world.party()
        if bill is not None and party is not None:
            yield letters.notice(world.number("PN"), party, bill.number)
