"""Invoices and money in another currency than the account is kept in (S4-05, S4-08, S4-09)."""

import pytest

from invoice_gateway.model.decision import Policy
from invoice_gateway.model.errors import Code
from invoice_gateway.model.events import InvoiceIssued, InvoiceStatusChanged
from invoice_gateway.model.events_forex import ForexRecorded
from invoice_gateway.model.ledger import Allocation, Reversal
from tests import messages as m
from tests.orders import CARD, Piece, fulfilled, order_placed
from tests.world import World

RUPEES = m.Terms(accounting_currency="INR")
DAYS = {"2026-11-01": "82.50", "2026-11-10": "83.10", "2026-11-20": "81.90"}


def rates(pair="USD/INR", days=DAYS):
    """A message of rates per day."""
    return [m.exchange_rates({pair: rate}, day=day) for day, rate in days.items()]


def bill(*lines, **said):
    """An invoice in dollars, of a day at 82.50."""
    return m.invoice_posted(lines=lines or ["100.00"], currency="USD", **said)


def pay(number, amount, day, **said):
    """A payment in dollars on that day of November."""
    date = f"2026-11-{day:02}"
    return m.payment_posted(number, amount=amount, currency="USD", value_date=date, **said)


def gains(world):
    """What was announced as gain or loss, in order."""
    return [each.gain.minor for each in world.events if isinstance(each, ForexRecorded)]


def value(world, number="INV-1"):
    """The carrying value of an invoice: total, open, settled."""
    carry = world.invoice(number).carry
    return carry and (carry.total, carry.open, carry.settled)


@pytest.fixture
def world():
    """ACME buys in dollars, and its account is kept in rupees; three rates are known."""
    return World().all(m.customer_account(currency="USD", terms=RUPEES), *rates())


@pytest.fixture
def billed(world):
    """An invoice of 100.00 dollars, issued at 82.50."""
    return world.all(bill())


# -- what an invoice is worth -----------------------------------------------------------------


def test_an_invoice_is_shown_in_both_currencies(billed):
    """S4-05: its amount, at the newest rate of its issue date or before."""
    [issued] = [each for each in billed.events if isinstance(each, InvoiceIssued)]

    assert issued.totals.amount == (10_000, "USD")
    assert issued.accounting.rate == "82.5"
    assert issued.accounting.amount == issued.accounting.pending == (825_000, "INR")
    assert issued.accounting.settled == issued.accounting.adjusted == (0, "INR")


def test_pending_starts_as_the_amount_and_drops_with_payments_in_both_currencies(billed):
    """S4-08: what is still to be paid, and what that is worth in the books."""
    billed.send(pay("PAY-1", "40.00", 10))

    [changed] = [each for each in billed.events if isinstance(each, InvoiceStatusChanged)]
    assert changed.totals.pending == (6_000, "USD")
    assert changed.accounting.pending == (495_000, "INR")
    assert changed.accounting.settled == (330_000, "INR")


def test_an_account_in_one_currency_has_no_second_value():
    """Nothing is added to its events, and no rate is asked for."""
    world = World().all(m.customer_account(), m.invoice_posted(), m.payment_posted())

    assert value(world) is None
    assert world.source().carry is None
    assert gains(world) == []
    issued = next(each for each in world.events if isinstance(each, InvoiceIssued))
    assert issued.accounting is None


def test_the_newest_rate_of_the_day_or_before_counts(world):
    """A rate of a later day is not known yet on the day."""
    world.all(bill(number="INV-9", issue_date="2026-11-09"))
    world.all(bill(number="INV-10", issue_date="2026-11-10"))

    assert [world.invoice(each).carry.rate for each in ("INV-9", "INV-10")] == ["82.5", "83.1"]


def test_a_later_correction_changes_nothing_that_was_valued(billed):
    """docs/adr/0021: an issued invoice keeps the rate it was issued at (X-13)."""
    billed.all(
        m.exchange_rates({"USD/INR": "80"}, sent_at="2026-11-21T00:00:00Z"),
        bill("1.00", number="INV-2"),
    )

    assert value(billed) == (825_000, 825_000, 0)
    assert value(billed, "INV-2") == (8_000, 8_000, 0)


@pytest.mark.parametrize(
    "message",
    [
        m.invoice_posted(currency="USD", issue_date="2026-10-31"),
        m.invoice_posted(currency="GBP"),
        m.payment_posted(currency="GBP"),
        m.credit_note_posted(currency="GBP"),
    ],
)
def test_what_cannot_be_valued_waits_for_a_rate(world, message):
    """One of the day or before: then it goes on."""
    refused = world.refusal(message)

    assert refused.code == Code.UNKNOWN_RATE
    kind, name = refused.waits_for
    assert kind == "rate"
    world.send(m.exchange_rates({name[:7]: "80"}, day="2026-01-01"))
    world.send(message)


def test_a_value_beyond_all_amounts_is_refused(world):
    """It would not fit: nothing is booked."""
    world.send(m.exchange_rates({"USD/INR": "9999999"}, day="2026-11-02"))

    refused = world.refusal(bill("99999999999.00", issue_date="2026-11-02"))

    assert refused.code == Code.AMOUNT_TOO_LARGE


# -- gain and loss ----------------------------------------------------------------------------


def test_d6_each_payment_makes_its_own_gain_or_loss(billed):
    """S4-09, D-6: 50.00 at 83.10 gain 30.00, 50.00 at 81.90 lose 30.00, and nothing is left."""
    billed.all(pay("PAY-1", "50.00", 10), pay("PAY-2", "50.00", 20))

    first, second = [each for each in billed.events if isinstance(each, ForexRecorded)]
    assert (first.source_carry, first.carry) == ((415_500, "INR"), (412_500, "INR"))
    assert (second.source_carry, second.carry) == ((409_500, "INR"), (412_500, "INR"))
    assert gains(billed) == [3_000, -3_000]
    assert value(billed) == (825_000, 0, 825_000)
    assert billed.source("PAY-1").carry.open == billed.source("PAY-2").carry.open == 0


def test_d6_thirds_leave_no_residue():
    """D-6: an invoice of 1.00 at 0.33, paid 0.33, 0.33 and 0.34: 11 are relieved each time."""
    world = World().all(
        m.customer_account(currency="USD", terms=RUPEES), m.exchange_rates({"USD/INR": "0.33"})
    )
    world.all(bill("1.00"), *(pay(f"PAY-{at}", f"0.3{at}", 10) for at in (3, 4)))
    world.send(pay("PAY-5", "0.33", 10))

    reliefs = sorted(each.carry for each in world.book.all(Allocation))
    assert sum(reliefs) == 33
    assert value(world) == (33, 0, 33)


def test_one_payment_over_two_invoices_relieves_each_at_its_own_rate(billed):
    """S4-09: the gain is that of the allocation, not of the payment."""
    billed.all(bill(number="INV-2", issue_date="2026-11-10"), pay("PAY-1", "200.00", 20))

    assert gains(billed) == [819_000 - 825_000, 819_000 - 831_000]
    assert billed.source("PAY-1").carry[2:] == (1_638_000, 0, 1_638_000)


def test_yen_have_no_decimals():
    """§3.13: the exponents of both currencies count."""
    yen = m.Terms(accounting_currency="JPY")
    days = {"2026-11-01": "151.5", "2026-11-10": "150.25"}
    world = World().all(m.customer_account(currency="USD", terms=yen), *rates("USD/JPY", days))
    world.all(bill("10.01"), pay("PAY-1", "10.01", 10))

    assert value(world) == (1_517, 0, 1_517)
    assert gains(world) == [1_504 - 1_517]


# -- taking back ------------------------------------------------------------------------------


def test_removal_gives_back_exactly_what_was_relieved(billed):
    """A-05: and announces the opposite of the gain."""
    billed.all(pay("PAY-1", "33.33", 10), pay("PAY-2", "11.11", 20))
    invoice, source = billed.invoice().carry, billed.source("PAY-2").carry
    billed.all(pay("PAY-3", "0.07", 20), m.remove("PAY-3"))

    assert billed.invoice().carry == invoice
    assert billed.source("PAY-2").carry == source
    assert billed.source("PAY-3").carry.settled == 0
    assert gains(billed)[-1] == -gains(billed)[-2]
    billed.send(m.allocate("PAY-3", amount="0.07", currency="USD"))
    assert gains(billed)[-1] == gains(billed)[-3]


def test_what_is_paid_again_after_a_removal_leaves_nothing_either(billed):
    """I-11: in another order, and in other parts."""
    billed.all(pay("PAY-1", "33.33", 10), pay("PAY-2", "66.67", 20), m.remove("PAY-1"))
    billed.all(pay("PAY-3", "11.11", 20), m.allocate("PAY-1", amount="22.22", currency="USD"))

    assert value(billed) == (825_000, 0, 825_000)


def test_a_bounce_undoes_gain_and_loss_of_what_is_gone(billed):
    """A-10: what stays is posted again at the same rates; the value that left is on record."""
    billed.all(pay("PAY-1", "100.00", 10), m.payment_reversed(amount="40.00", currency="USD"))

    assert gains(billed) == [6_000, -6_000, 3_600]
    assert value(billed) == (825_000, 330_000, 495_000)
    [reversal] = billed.book.all(Reversal)
    assert reversal.carry == 332_400
    assert billed.source().carry.open == 0


def test_a_refund_takes_its_share_of_the_value_along(world):
    """I-10: in parts, without residue."""
    world.all(pay("PAY-1", "1.00", 10))
    for at, amount in enumerate(("0.33", "0.33", "0.34")):
        refund = {"kind": "refund", "amount": amount, "currency": "USD"}
        world.send(m.payment_reversed(f"REV-{at}", **refund))

    assert sum(each.carry for each in world.book.all(Reversal)) == 8_310
    assert world.source().carry.open == 0


# -- documents --------------------------------------------------------------------------------


def test_a_credit_memo_relieves_at_carrying_value_without_forex(billed):
    """M-04: its accounting value is that of the invoice, whatever the rate of its day."""
    billed.send(m.memo_posted(amount="40.00", currency="USD", issue_date="2026-11-20"))

    assert billed.memo().carry == 330_000
    assert value(billed) == (825_000, 495_000, 0)
    assert billed.invoice().carry.adjusted == -330_000
    assert gains(billed) == []


def test_an_excess_is_worth_what_its_day_says(billed):
    """X-05: what was paid already becomes open credit, at the rate of the memo."""
    billed.all(pay("PAY-1", "100.00", 10))
    billed.send(m.memo_posted(amount="40.00", currency="USD", issue_date="2026-11-20"))

    assert billed.memo().carry == 0
    assert billed.source("MEMO-1").carry[2:] == (327_600, 327_600, 0)


def test_a_debit_memo_adds_at_its_own_rate(billed):
    """§3.13: what is invoiced later is worth what that day says."""
    billed.send(m.memo_posted(credit=False, amount="10.00", currency="USD"))

    assert billed.memo().carry == 83_100
    assert value(billed) == (825_000, 908_100, 0)


def test_a_debit_memo_waits_for_its_rate_too():
    """What cannot be valued is not booked."""
    pounds = m.customer_account(currency="GBP", terms=RUPEES)
    known = m.exchange_rates({"GBP/INR": "100"}, day="2026-11-05")
    world = World().all(pounds, known, m.invoice_posted(currency="GBP", issue_date="2026-11-05"))

    memo = {"credit": False, "amount": "1.00", "currency": "GBP", "issue_date": "2026-11-04"}

    assert world.refusal(m.memo_posted(**memo)).code == Code.UNKNOWN_RATE


@pytest.mark.parametrize("credit", [True, False])
def test_a_document_and_its_reversal_leave_the_value_as_it_was(billed, credit):
    """M-01: an error that is taken back makes no gain, whatever the rates of the two days."""
    before = billed.invoice().carry
    said = {"amount": "40.00", "currency": "USD"}
    billed.send(m.memo_posted("MEMO-1", credit=credit, issue_date="2026-11-10", **said))
    back = {"credit": not credit, "reverses": "MEMO-1", "issue_date": "2026-11-20"}
    billed.send(m.memo_posted("MEMO-2", **back, **said))

    assert billed.invoice().carry == before


def test_a_credit_whose_excess_is_taken_back_leaves_no_gain(billed):
    """M-01: the open credit pays the new line at its own value."""
    billed.all(pay("PAY-1", "100.00", 10), m.memo_posted(amount="40.00", currency="USD"))
    back = {"credit": False, "reverses": "MEMO-1", "issue_date": "2026-11-20"}
    billed.send(m.memo_posted("MEMO-2", amount="40.00", currency="USD", **back))

    assert gains(billed) == [6_000, 0]
    assert billed.invoice().carry.open == 0
    assert billed.source("MEMO-1").carry.open == 0


def test_a_write_off_relieves_what_is_left(billed):
    """A-11: within the tolerance, at carrying value."""
    world = billed
    world.policy = Policy(settlement_tolerance_minor=5)
    world.send(pay("PAY-1", "99.97", 10, final=True, invoices=["INV-1"]))

    assert value(world)[1] == 0
    assert world.invoice().written_off == 3


def test_an_upheld_dispute_finds_its_rate(billed):
    """The credit is in the currency of the invoice, which the resolution need not name."""
    billed.all(pay("PAY-1", "100.00", 10), m.dispute_opened(lines={"1": "25.00"}, currency="USD"))
    billed.send(m.dispute_resolution("ACME/DN-1/1", outcome="upheld"))

    assert billed.source("CM:ACME/DN-1/1").carry.rate == "81.9"


# -- accounts that change ---------------------------------------------------------------------


def test_a_new_accounting_currency_counts_from_then_on(billed):
    """docs/adr/0021: values stand as they were; between two currencies there is no gain."""
    billed.send(m.customer_account(currency="USD", terms=m.Terms(accounting_currency="EUR")))
    billed.all(m.exchange_rates({"USD/EUR": "0.9"}), pay("PAY-1", "60.00", 10))

    [allocation] = billed.book.all(Allocation)
    assert (allocation.carry, allocation.source_carry) == (495_000, 5_400)
    assert gains(billed) == []
    billed.send(m.remove("PAY-1"))
    assert value(billed) == (825_000, 825_000, 0)


def test_documents_count_in_the_currency_the_invoice_is_valued_in(billed):
    """docs/adr/0021: whatever the account is kept in by now."""
    billed.send(m.customer_account(currency="USD", terms=m.Terms(accounting_currency="EUR")))
    billed.send(m.memo_posted(credit=False, amount="10.00", currency="USD"))

    assert billed.invoice().carry.currency == "INR"
    assert value(billed) == (825_000, 908_100, 0)


def test_an_account_that_gets_a_second_currency_has_values_from_then_on():
    """What was there before is paid without gain or loss."""
    world = World().all(m.customer_account(currency="USD"), bill())
    world.all(m.customer_account(currency="USD", terms=RUPEES), *rates(), pay("PAY-1", "60.00", 10))

    assert value(world) is None
    assert world.source().carry.settled == 498_600
    assert gains(world) == []


# -- requests -----------------------------------------------------------------------------------


def test_the_invoice_of_a_request_is_shown_in_both_currencies(world):
    """S4-05: subtotal and application fee, at the rate of the day it is raised."""
    world.send(m.request_raised(amount="90.00", fee="10.00", currency="USD"))

    [issued] = [each for each in world.events if isinstance(each, InvoiceIssued)]
    assert issued.totals.amount == (10_000, "USD")
    assert issued.accounting.amount == issued.accounting.pending == (819_000, "INR")


def test_a_request_that_is_cancelled_in_time_leaves_no_value(world):
    """X-11: what was paid comes back with its value, and the cancellation relieves the rest."""
    policy = m.Terms(accounting_currency="INR", policy={"RequestCancellationDays": 7})
    world.all(m.customer_account(currency="USD", terms=policy))
    world.all(m.request_raised(currency="USD"), pay("PAY-1", "40.00", 20))
    assert value(world, "INV:REQ-1") == (819_000, 491_400, 327_600)

    world.send(m.timer_due("INV:REQ-1", kind="request", day="2026-11-27"))

    assert value(world, "INV:REQ-1") == (819_000, 0, 0)
    assert world.memo("CX:INV:REQ-1").carry == 819_000
    assert world.source().carry[2:] == (327_600, 327_600, 0)
    assert gains(world) == [0, 0]


# -- orders and reversals -------------------------------------------------------------------------


def test_an_order_is_billed_and_paid_at_the_rates_of_the_days(world):
    """D-10 in dollars: captured at 83.10, shipped at 83.10 and 81.90, and nothing is left."""
    early = {"effective_date": "2026-11-10"}
    lines = [Piece(net="1000.00", quantity=10)]
    world.send(order_placed(lines=lines, shipping="50.00", currency="USD", **early))
    world.send(fulfilled({"1": 6}, **early))
    world.send(fulfilled({"1": 4}, shipment="S-2", effective_date="2026-11-20"))

    assert value(world, "INV:O-1:1") == (5_401_500, 0, 5_401_500)
    assert value(world, "INV:O-1:2") == (3_276_000, 0, 3_276_000)
    assert world.source(CARD).carry[2:] == (8_725_500, 0, 8_725_500)
    assert gains(world) == [0, 8_725_500 - 5_401_500 - 3_276_000]


def test_a_discount_and_a_bad_debt_relieve_at_carrying_value(billed):
    """M-04: what is given up makes no gain."""
    billed.send(m.discount(amount="40.00", currency="USD"))
    assert billed.memo("DC-1").carry == 330_000

    billed.send(m.bad_debt())

    assert value(billed) == (825_000, 0, 0)
    assert gains(billed) == []


def test_a_bad_debt_that_is_taken_back_is_owed_at_its_value(billed):
    """M-01: as if it had never been written off."""
    before = billed.invoice().carry
    billed.all(m.bad_debt(), m.take_back("BD-1"))

    assert billed.invoice().carry == before
