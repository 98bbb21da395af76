"""How the parties argue: disputes and what becomes of them, memos, credit notes."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, NamedTuple

from invoice_gateway.simulation import letters
from invoice_gateway.simulation.letters import FINANCIALS, Letter, money
from invoice_gateway.simulation.people import drawn
from invoice_gateway.simulation.world import Bill, Told, World
from invoice_gateway.xml.writing import Value

WHOLE: Final = 0.3
"""Disputes over a whole invoice."""
DOUBTED: Final = 0.02
"""Disputes per account and month that the enterprise opens."""
CREDITED: Final = 0.15
DEBITED: Final = 0.04
GRANTED: Final = 0.04
"""Credit memos, debit memos and credit notes per account and month."""
DISCOUNTED: Final = 0.05
"""Discounts per account and month."""
GIVEN_UP: Final = 0.3
"""Bills overdue for long that are given up, each month."""
LONG_OVERDUE_DAYS: Final = 100
REFUNDED: Final = 0.1
UNKNOWN: Final = 0.05
"""Memos for an invoice that nobody knows."""
REASONS: Final = {"PRI": 4, "QTY": 3, "QUA": 2, "DEL": 1}
ENDS: Final = {"upheld": 25, "upheld-partial": 25, "rejected": 30, "withdrawn": 15, "nothing": 5}


def object_to(bill: Bill, world: World) -> Iterator[Letter]:
    """Dispute a bill as its customer: one line of it, or all of it."""
    party = world.parties[bill.customer]
    yield from _open(world, party.voice, bill)


def doubt(world: World) -> Iterator[Letter]:
    """Dispute a line as the enterprise."""
    for _ in range(world.often(DOUBTED)):
        bill = world.bill()
        if bill is not None:
            yield from _open(world, FINANCIALS, bill)


def _open(world: World, sender: str, bill: Bill) -> Iterator[Letter]:
    line: Value = None
    if not world.likely(WHOLE):
        line = {"LineNo": world.chance.choice(bill.lines)}
    yield letters.dispute(
        world.number("DN"),
        sender,
        "Open",
        Invoice=bill.number,
        Line=line,
        ReasonCode=drawn(world.chance, REASONS),
        RequestedAction="CNP",
    )


class Quarrel(NamedTuple):
    """An open dispute: who raised it, and over how much (minor units)."""

    id: str
    raiser: str
    amount: int
    currency: str


def dispute_opens(world: World, told: Told) -> Iterator[Letter]:
    """Decide what will become of a dispute: it is joined, changed, withdrawn or resolved."""
    bill = world.bills.get(told.text("Invoice"))
    if bill is None:
        return
    raised_by_customer = told.text("RaisedBy") == "customer"
    raiser = world.parties[bill.customer].voice if raised_by_customer else FINANCIALS
    quarrel = Quarrel(told.text("DisputeId"), raiser, told.amount("Amount"), bill.currency)
    for step, likely in STEPS.items():
        if world.likely(likely):
            world.plan(world.chance.randint(1, 4), partial(step, quarrel))
    end = drawn(world.chance, ENDS)
    world.plan(world.chance.randint(5, 40), partial(END[end], quarrel))
    yield from ()


def _join(quarrel: Quarrel, world: World) -> Iterator[Letter]:
    if quarrel.raiser != FINANCIALS:
        yield letters.dispute(world.number("DN"), FINANCIALS, "Join", DisputeId=quarrel.id)


def _amend(quarrel: Quarrel, world: World) -> Iterator[Letter]:
    less = money(max(1, quarrel.amount // 2), quarrel.currency)
    number = world.number("DN")
    yield letters.dispute(number, quarrel.raiser, "Amend", DisputeId=quarrel.id, Amount=less)


def _withdraw(quarrel: Quarrel, world: World) -> Iterator[Letter]:
    yield letters.dispute(world.number("DN"), quarrel.raiser, "Withdraw", DisputeId=quarrel.id)


def _uphold(quarrel: Quarrel, _: World) -> Iterator[Letter]:
    yield letters.resolution(quarrel.id, "upheld")


def _uphold_in_part(quarrel: Quarrel, _: World) -> Iterator[Letter]:
    part = money(max(1, quarrel.amount // 3), quarrel.currency)
    yield letters.resolution(quarrel.id, "upheld-partial", part)


def _reject(quarrel: Quarrel, _: World) -> Iterator[Letter]:
    yield letters.resolution(quarrel.id, "rejected")


def _leave(_: Quarrel, __: World) -> Iterator[Letter]:
    yield from ()


Step = Callable[[Quarrel, World], Iterator[Letter]]
STEPS: Final[Mapping[Step, float]] = {_join: 0.15, _amend: 0.15}
"""What may happen to a dispute before it ends, and how likely that is."""
END: Final[Mapping[str, Step]] = {
    "upheld": _uphold,
    "upheld-partial": _uphold_in_part,
    "rejected": _reject,
    "withdrawn": _withdraw,
    "nothing": _leave,
}


def adjust(world: World) -> Iterator[Letter]:
    """Post memos on bills of late."""
    for kind, per_month in (("credit", CREDITED), ("debit", DEBITED)):
        for _ in range(world.often(per_month)):
            bill = world.bill()
            if bill is not None:
                yield _memo(world, kind, bill)


def _memo(world: World, kind: str, bill: Bill) -> Letter:
    amount = money(max(1, bill.amount * world.chance.randint(1, 30) // 100), bill.currency)
    number = world.number("NOBODYS") if world.likely(UNKNOWN) else bill.number
    refund = kind == "credit" and world.likely(REFUNDED)
    return letters.memo(world.number("MEMO"), kind, number, amount, world.today, refund=refund)


def grant(world: World) -> Iterator[Letter]:
    """Give credit notes."""
    for _ in range(world.often(GRANTED)):
        party = world.party()
        if party is not None:
            amount = world.chance.randint(500, 20_000)
            yield letters.credit_note(world.number("CN"), party, amount, world.today)


def discount(world: World) -> Iterator[Letter]:
    """Give discounts on bills of late, paid or not; some of them on all that is left."""
    for _ in range(world.often(DISCOUNTED)):
        bill = world.bill()
        if bill is not None:
            part = money(max(1, bill.amount * world.chance.randint(1, 20) // 100), bill.currency)
            says: Value = {"All": ""} if world.likely(WHOLE) else {"Amount": part}
            yield letters.reversal_posted(bill.number, world.today, "Discount", says)


def give_up(world: World) -> Iterator[Letter]:
    """Write off, on the first of a month, some of what has been overdue for long."""
    if world.today.day != 1:
        return
    for bill in world.bills.values():
        days = (world.today - bill.due).days
        if bill.pending > 0 and days > LONG_OVERDUE_DAYS and world.likely(GIVEN_UP):
            amount = money(bill.pending, bill.currency)
            yield letters.reversal_posted(bill.number, world.today, "BadDebt", {"Amount": amount})
