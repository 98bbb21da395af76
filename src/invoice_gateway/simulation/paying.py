"""How parties pay what they are billed, and how money goes astray and back."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from invoice_gateway.simulation import letters
from invoice_gateway.simulation.arguing import object_to
from invoice_gateway.simulation.letters import FINANCIALS, Letter, money, source
from invoice_gateway.simulation.people import Habit, drawn
from invoice_gateway.simulation.world import Bill, Told, World
from invoice_gateway.xml.writing import Value

METHODS: Final = {"wire-transfer": 60, "credit-card": 25, "direct-debit": 10, "check": 5}
NOTICED: Final = 0.08
"""Payments that are announced the day before."""
NAMED: Final = 0.85
"""Payments that say what they are for."""
TOGETHER: Final = 0.1
"""Payments over everything that is open."""
ALL: Final = 100
SECOND_HALF: Final = 0.8
AT_LAST: Final = 0.2
"""How many of those who never pay do so in the end."""
DISPUTED: Final = 0.4
TRUSTED: Final = 0.15
KEPT: Final = 0.8
"""Requests that are executed before they are paid; how many of them are still to be paid."""
RETURNED: Final = 0.015
TAKEN_OFF: Final = 0.007
GIVEN_BACK: Final = 0.25
"""How much of what nobody knows a use for is paid back."""
BY_HAND: Final = 0.3
"""Idle money that is put on a bill by hand."""


def bill_comes(world: World, told: Told) -> Iterator[Letter]:
    """Put a bill on the desk of who has to pay it, and decide what will become of it."""
    number = told.text("Invoice")
    lines = tuple(each["LineNo"] for each in told.all("Line"))
    found = told.tree.find("{*}Totals/{*}Pending")
    assert found is not None
    bill = Bill(
        number=number,
        customer=told.text("Customer"),
        kind=told.text("Kind"),
        currency=found.get("currency") or "",
        amount=told.amount("Totals/Amount"),
        due=world.today.fromisoformat(told.text("DueDate")),
        order=told.text("OrderReference"),
        lines=lines,
        pending=told.amount("Totals/Pending"),
    )
    world.bills[number] = bill
    party = world.parties.get(bill.customer)
    if bill.kind == "request" and world.likely(TRUSTED):
        world.plan(world.chance.randint(1, 4), partial(_execute_unpaid, number))
    if party is not None and bill.pending > 0 and bill.currency == party.currency:
        PAY[party.habit](world, bill)
    yield from ()


def _execute_unpaid(number: str, world: World) -> Iterator[Letter]:
    """Have a request executed before it is paid: its invoice is kept, or given up."""
    word = "keep" if world.likely(KEPT) else "cancel"
    says: dict[str, Value] = {"Invoice": number, "ExecuteWithoutPayment": word}
    yield Letter(FINANCIALS, "InvoiceCommand", says)


def bill_changes(world: World, told: Told) -> Iterator[Letter]:
    """Note what is pending of a bill now."""
    bill = world.bills.get(told.text("Invoice"))
    if bill is not None:
        bill.pending = told.amount("Totals/Pending")
    yield from ()


def _promptly(world: World, bill: Bill) -> None:
    _at(world, bill, -world.chance.randint(0, 5))


def _late(world: World, bill: Bill) -> None:
    _at(world, bill, world.chance.randint(3, 60))


def _in_parts(world: World, bill: Bill) -> None:
    _at(world, bill, 0, percent=50)
    if world.likely(SECOND_HALF):
        _at(world, bill, world.chance.randint(5, 40))


def _never(world: World, bill: Bill) -> None:
    if world.likely(AT_LAST):
        _at(world, bill, 90)


def _too_much(world: World, bill: Bill) -> None:
    _at(world, bill, -1, percent=world.chance.randint(101, 120))


def _after_a_dispute(world: World, bill: Bill) -> None:
    if not world.likely(DISPUTED):
        _promptly(world, bill)
        return
    world.plan(world.chance.randint(1, 10), partial(object_to, bill))
    _late(world, bill)


PAY: Final[Mapping[Habit, Callable[[World, Bill], None]]] = {
    Habit.PROMPT: _promptly,
    Habit.LATE: _late,
    Habit.PARTIAL: _in_parts,
    Habit.NEVER: _never,
    Habit.OVERPAYING: _too_much,
    Habit.DISPUTING: _after_a_dispute,
}
"""What parties plan for a bill, by their habit."""


def _at(world: World, bill: Bill, days: int, percent: int = ALL) -> None:
    if world.likely(NOTICED):
        world.plan(days - 1, partial(announce, bill), on=bill.due)
    world.plan(days, partial(pay, bill, percent), on=bill.due)


def announce(bill: Bill, world: World) -> Iterator[Letter]:
    """Say that a bill has been paid."""
    party = world.parties[bill.customer]
    yield letters.notice(world.number("PN"), party, bill.number)


def pay(bill: Bill, percent: int, world: World) -> Iterator[Letter]:
    """Pay a part of what is pending of a bill, all of it or more; sometimes with all others."""
    party = world.parties[bill.customer]
    amount, named = bill.pending * percent // 100, [bill.number]
    if percent == ALL and world.likely(TOGETHER):
        together = [each for each in world.bills.values() if each.customer == bill.customer]
        amount = sum(each.pending for each in together if each.currency == bill.currency)
        named = []
    if amount <= 0:
        return
    method = drawn(world.chance, METHODS)
    named = named if world.likely(NAMED) else []
    yield letters.payment(world.number("PAY"), party, amount, world.today, named, method)


def money_comes(world: World, told: Told) -> Iterator[Letter]:
    """Let some of the money go back: checks bounce, holders of cards complain."""
    if world.likely(RETURNED):
        kind = "chargeback" if told.text("Method") == "credit-card" else "bounce"
        payer, payment = told.text("Payer"), told.text("PaymentId")
        world.plan(world.chance.randint(2, 12), partial(_take_back, payer, payment, kind))
    yield from ()


def _take_back(payer: str, payment: str, kind: str, world: World) -> Iterator[Letter]:
    yield letters.reversal(world.number("REV"), payer, payment, kind, world.today)


def money_is_idle(world: World, told: Told) -> Iterator[Letter]:
    """Give some money back that nothing is owed for, or put it on a bill by hand."""
    payer, payment = told.text("Payer"), told.text("PaymentId")
    party = world.parties.get(payer)
    left = told.amount("Remaining")
    if party is None or left <= 0:
        return
    if world.likely(GIVEN_BACK):
        world.plan(world.chance.randint(3, 20), partial(_refund, payer, payment, left))
    elif not party.auto or world.likely(BY_HAND):
        world.plan(world.chance.randint(1, 8), partial(_allocate, payer, payment, left))
    yield from ()


def _refund(payer: str, payment: str, left: int, world: World) -> Iterator[Letter]:
    amount = money(left, world.parties[payer].currency)
    yield letters.reversal(world.number("REV"), payer, payment, "refund", world.today, amount)


def _allocate(payer: str, payment: str, left: int, world: World) -> Iterator[Letter]:
    mine = (each for each in world.bills.values() if each.customer == payer and each.pending > 0)
    bill = next(mine, None)
    if bill is not None:
        amount = money(min(left, bill.pending), bill.currency)
        yield letters.allocation(
            payer, "Allocate", Source=source(payment), Invoice=bill.number, Amount=amount
        )


def money_lands(world: World, told: Told) -> Iterator[Letter]:
    """Take some allocations off again, and let some of those pairs be allocated once more."""
    if told.text("Mode") in ("auto", "manual") and world.likely(TAKEN_OFF):
        named = (told.text("SourceReference"), told.text("SourceType"), told.text("Invoice"))
        customer = told.text("Customer")
        world.plan(world.chance.randint(1, 10), partial(_take_off, customer, *named))
    yield from ()


def _take_off(
    customer: str, reference: str, kind: str, invoice: str, world: World
) -> Iterator[Letter]:
    named = source(reference, kind)
    world.plan(world.chance.randint(2, 9), partial(_again, customer, reference, kind, invoice))
    yield letters.allocation(customer, "Remove", Source=named, Invoice=invoice)


def _again(customer: str, reference: str, kind: str, invoice: str, _: World) -> Iterator[Letter]:
    pair: Value = {"Source": source(reference, kind), "Invoice": invoice}
    yield letters.allocation(customer, "SetAuto", Auto="on", Pair=pair)


DECLARED: Final = 0.06
CONFIRMED: Final = 0.03
"""Declarations about lines per account and month, by customers and by the enterprise."""


def declare(world: World) -> Iterator[Letter]:
    """Let both sides say of some lines that they are paid, and take it back."""
    for command, back, per_month in (
        ("declare-paid", "retract-paid", DECLARED),
        ("confirm-receipt", "reverse-receipt", CONFIRMED),
    ):
        for _ in range(world.often(per_month)):
            bill = world.bill()
            if bill is None:
                return
            customers = command == "declare-paid"
            sender = world.parties[bill.customer].voice if customers else FINANCIALS
            yield letters.line_status(sender, bill.number, bill.lines[:1], command)
            later = partial(_take_it_back, sender, bill, back)
            world.plan(world.chance.randint(1, 30), later)


def _take_it_back(sender: str, bill: Bill, command: str, _: World) -> Iterator[Letter]:
    yield letters.line_status(sender, bill.number, bill.lines[:1], command)
