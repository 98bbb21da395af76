"""The invariants catch what they are for: each deliberate defect breaks the one that forbids it.

Rules are replaced in place while a few messages are told; without the defect the same messages
pass.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pytest

from invoice_gateway import audit
from invoice_gateway.audit.facts import Reader
from invoice_gateway.engine.judge import Judge
from invoice_gateway.model import allocation, closing, dispute, invoice, memo, valuation
from invoice_gateway.model.draft import Draft
from invoice_gateway.model.events import InvoiceStatusChanged
from invoice_gateway.model.forex import Carry
from invoice_gateway.model.ledger import Source
from invoice_gateway.model.status import ENTERPRISE, Axis, Move, Status
from invoice_gateway.store import numbering
from tests import messages as say
from tests.engine_harness import ENTERPRISE as SENDERS
from tests.engine_harness import Databases, Engine, Sender, app

ACME = Sender("acme", "ACME", "partner")


@dataclass(frozen=True, slots=True)
class Defect:
    """A rule gone wrong: which invariant says so, in which tale, and what is replaced by what."""

    name: str
    caught_by: str
    tale: Sequence[bytes]
    where: Any
    wrong: Mapping[str, Callable[..., Any]]


def told(engine: Engine, tale: Sequence[bytes]) -> None:
    """Tell messages one by one and judge the books after each."""
    reader = Reader(engine.store)
    before = reader.read()
    for body in tale:
        engine.send(body)
        facts = reader.read()
        audit.check(facts, before)
        before = facts


# -- tales ----------------------------------------------------------------------------------------

START = (say.customer_account(), say.invoice_posted(lines=["60.00", "40.00"]))
PAID = (*START, say.payment_posted(amount="100.00"))
DISPUTED = (*START, say.dispute_opened(lines={"1": "25.00"}), say.payment_posted(amount="100.00"))
DISCOUNTED = (*PAID, say.discount(lines={"1": "10.00"}), say.discount("DC-2", lines={"1": "60.00"}))
LOST = (*START, say.payment_posted(amount="30.00"), say.discount(amount="20.00"), say.bad_debt())
CHARGED = (say.customer_account(), say.misc_invoice(), say.misc_invoice(order="ORDER-2"))
OVERPAID = (*PAID, say.memo_posted(lines={"1": "10.00"}))
DEAD = (
    *START,
    say.dispute_opened(lines={"1": "25.00"}),
    say.memo_posted(lines={"1": "60.00"}),
)
REJECTED = (*DISPUTED, say.dispute_resolution("ACME/DN-1/1", outcome="rejected"))
CONTESTED = (*PAID, say.dispute_opened(lines=["1"], sender="financials"))
BOUNCED = (*PAID, say.payment_reversed(kind="bounce", amount="30.00"))
REFUNDED = (*PAID, say.payment_reversed(kind="refund", amount="30.00"))
TAKEN_OFF = (*PAID, say.remove())
TWO_INVOICES = (
    say.customer_account(),
    say.invoice_posted("INV-1", issue_date="2026-10-01"),
    say.invoice_posted("INV-2", issue_date="2026-10-15"),
    say.payment_posted(amount="120.00"),
)
HALVES = (
    say.customer_account(currency="USD", terms=say.Terms(accounting_currency="INR")),
    say.exchange_rates({"USD/INR": "0.5"}),
    say.invoice_posted(lines=["1.00"], currency="USD"),
    *(
        say.payment_posted(f"PAY-{at}", amount=amount, currency="USD")
        for at, amount in enumerate(("0.33", "0.33", "0.34"))
    ),
)
LOSS = (
    say.customer_account(currency="USD", terms=say.Terms(accounting_currency="INR")),
    say.exchange_rates({"USD/INR": "82.50"}),
    say.exchange_rates({"USD/INR": "81.90"}, day="2026-11-10"),
    say.invoice_posted(currency="USD"),
    say.payment_posted(amount="50.00", currency="USD"),
)
UNDONE = (*LOSS, say.remove())
FORGIVEN = (*LOSS, say.memo_posted(amount="50.00", currency="USD"))
GIVEN_BACK = (*UNDONE, say.payment_reversed(kind="refund", amount="50.00", currency="USD"))
THIRDS = (
    say.customer_account(),
    say.invoice_posted(lines=["1.00", "1.00", "1.00"]),
    say.memo_posted(amount="1.00"),
)


# -- wrong rules ----------------------------------------------------------------------------------


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing where something is due."""


def _first_of(amount: int, _: int) -> int:
    return amount


def _all_that_is_pending(found: invoice.Invoice) -> int:
    return found.pending


def _refund_anything(draft_: Draft, source: Source, message: Any) -> tuple[int, None]:
    draft_.put(replace(source, refunded=source.refunded + message.amount.minor))
    return int(message.amount.minor), None


REMOVE = allocation.remove


def _remove_without_giving_back(draft_: Draft, found: Any, reason: str) -> None:
    REMOVE(draft_, found, reason)
    source = draft_.get(Source, found.source)
    assert source is not None
    draft_.put(replace(source, allocated=source.allocated + found.amount))


SETTLE = allocation.settle


def _settle_one_way(invoice_: Any, source: Any, parts: Any, sign: int) -> Any:
    return SETTLE(invoice_, source, parts, sign) if sign > 0 else invoice_


WATERFALL = allocation.waterfall


def _waterfall_over_everything(lines: Any, amount: int, *, disputed: bool) -> Any:
    assert disputed in (True, False)
    return WATERFALL(lines, amount, disputed=True)


def _waterfall_short_of_a_cent(lines: Any, amount: int, *, disputed: bool) -> Any:
    first, *rest = WATERFALL(lines, amount, disputed=disputed)
    return (first._replace(amount=first.amount - 1), *rest)


WRITE_OFF = memo.write_off


def _write_off_but_a_cent(draft_: Draft, found: invoice.Invoice, *said: Any) -> Any:
    """Take a cent for paid while writing off, and ask for it afterwards."""
    first = next(line for line in found.lines if line.open)
    made = WRITE_OFF(draft_, _settled(found, first.line_no, 1), *said)
    left = draft_.get(invoice.Invoice, found.key)
    assert left is not None
    draft_.put(_settled(left, first.line_no, -1))
    return made


def _settled(found: invoice.Invoice, line_no: str, amount: int) -> invoice.Invoice:
    lines = tuple(
        line._replace(settled=line.settled + amount) if line.line_no == line_no else line
        for line in found.lines
    )
    return replace(found, lines=lines, settled=found.settled + amount)


TAKE = numbering.take


def _skip_a_number(*said: Any) -> Any:
    return {key: number + 1 for key, number in TAKE(*said).items()}


TABLE_5 = invoice.table5


def _without_disputes(lines: Any, **flags: Any) -> Any:
    found = TABLE_5(lines, **flags)
    return invoice.InvoiceStatus.NEW if found is invoice.InvoiceStatus.DISPUTED else found


STAMPED = Draft._stamped


def _silent(self: Draft, announced: list[Any]) -> Any:
    return STAMPED(self, [each for each in announced if type(each[0]) is not InvoiceStatusChanged])


def _backwards(self: Draft, announced: list[Any]) -> Any:
    return STAMPED(self, announced[::-1])


def _youngest_first(*items: Any, key: Any) -> list[Any]:
    return sorted(*items, key=key, reverse=True)


def _floored(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    return tuple(total * weight // sum(weights) for weight in weights)


AFTER = Axis.after


def _forgetful(self: Axis, side: Any, move: Move) -> Axis:
    """Forget, while a dispute is open, what became of the money."""
    if side == "enterprise" and self.status is Status.DISPUTED and move in ENTERPRISE[Status.NEW]:
        return self
    found = AFTER(self, side, move)
    return found._replace(shadow=Status.NEW) if found.status is Status.DISPUTED else found


def _at_its_rate(self: Carry, amount: int, _: int) -> tuple[Carry, int]:
    gone = min(self.open, round(Fraction(self.rate) * amount))
    return self._replace(open=self.open - gone), gone


def _as_they_are(*ends: Any) -> tuple[Any, ...]:
    return ends[:2]


def _without_value(found: Any, *_: Any) -> tuple[Any, None]:
    return found, None


RECORD = valuation.record


def _other_way_round(*ends: Any) -> None:
    RECORD(*ends[:4], -1 if len(ends) == 4 else 1)


ACCEPT = Judge._accept


def _accept_more(self: Judge, case: Any, decision: Any) -> Any:
    changes = tuple(
        replace(each, amount=each.amount + 1) if isinstance(each, Source) else each
        for each in decision.changes
    )
    return ACCEPT(self, case, replace(decision, changes=changes))


def _handler(name: str) -> Any:
    app()
    return sys.modules[f"invoice_gateway_handlers.{name}"]


REVERSED = _handler("payment_reversed")

DEFECTS = (
    Defect("excess credit is lost", "I-07", OVERPAID, memo, {"_open_credit": _nothing}),
    Defect("a credit has no cap", "I-04/05", OVERPAID, memo, {"min": _first_of}),
    Defect(
        "auto pays what is disputed",
        "I-23",
        DISPUTED,
        allocation,
        {"payable": _all_that_is_pending, "waterfall": _waterfall_over_everything},
    ),
    Defect(
        "a dispute stays on a dead line", "I-17", DEAD, memo, {"_close_dead_disputes": _nothing}
    ),
    Defect("a dispute is not marked on its line", "I-17", REJECTED, dispute, {"_mark": _nothing}),
    Defect(
        "applied money is refunded", "I-01/02", REFUNDED, REVERSED, {"_refund": _refund_anything}
    ),
    Defect(
        "removal keeps the source spent",
        "I-01/02",
        TAKEN_OFF,
        allocation,
        {"remove": _remove_without_giving_back},
    ),
    Defect(
        "removal keeps lines settled", "I-04/05", TAKEN_OFF, allocation, {"settle": _settle_one_way}
    ),
    Defect(
        "a cent stays behind",
        "I-23",
        PAID,
        allocation,
        {"waterfall": _waterfall_short_of_a_cent},
    ),
    Defect("auto pays the youngest", "I-23", TWO_INVOICES, allocation, {"sorted": _youngest_first}),
    Defect("auto does not run", "I-23", PAID, allocation, {"auto_run": _nothing}),
    Defect("Table 5 loses a row", "I-13/14", DISPUTED, invoice, {"table5": _without_disputes}),
    Defect("receipt does not follow money", "I-16", PAID, closing, {"_synchronise": _nothing}),
    Defect("a dispute forgets the receipt", "I-16", CONTESTED, Axis, {"after": _forgetful}),
    Defect("status changes are silent", "I-19", PAID, Draft, {"_stamped": _silent}),
    Defect("events come backwards", "§4.3", PAID, Draft, {"_stamped": _backwards}),
    Defect("a split loses a cent", "I-33", THIRDS, memo, {"spread": _floored}),
    Defect("a bounce leaves invoices paid", "I-01/02", BOUNCED, REVERSED, {"_free": _nothing}),
    Defect("relief leaves a residue", "I-11", HALVES, Carry, {"relieved": _at_its_rate}),
    Defect("removal keeps values relieved", "I-10", UNDONE, valuation, {"removed": _as_they_are}),
    Defect("a loss is told as a gain", "I-12", LOSS, valuation, {"record": _other_way_round}),
    Defect("credits keep values", "I-11", FORGIVEN, valuation, {"credited": _without_value}),
    Defect("refunds keep values", "I-10", GIVEN_BACK, valuation, {"paid_out": _without_value}),
    Defect(
        "money has no value", "§3.13", LOSS, valuation, {"source_as_received": lambda _, each: each}
    ),
    Defect("a discount has no cap", "I-04/05", DISCOUNTED, memo, {"check_credit": _nothing}),
    Defect("excess of a discount is lost", "I-07", DISCOUNTED, memo, {"_open_credit": _nothing}),
    Defect("a bad debt leaves a cent", "A-11", LOST, memo, {"write_off": _write_off_but_a_cent}),
    Defect("a number is left out", "I-31", CHARGED, numbering, {"take": _skip_a_number}),
    Defect("a payment grows by a cent", "I-33", PAID, Judge, {"_accept": _accept_more}),
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.name)
def test_a_defect_breaks_its_invariant(defect: Defect, databases: Databases, monkeypatch):
    """Right rules pass the tale; with the defect the named invariant is broken."""
    with databases.emptied((*SENDERS, ACME)) as engine:
        told(engine, defect.tale)
    for name, wrong in defect.wrong.items():
        monkeypatch.setattr(defect.where, name, wrong, raising=False)

    with databases.emptied((*SENDERS, ACME)) as engine, pytest.raises(AssertionError) as caught:
        told(engine, defect.tale)

    assert defect.caught_by in str(caught.value)
