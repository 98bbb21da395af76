"""AllocationCommand: people put money on invoices, take it off, and switch the automatic run."""

import pytest

from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.ledger import Allocation, Pair
from tests import messages as m
from tests.world import key, names, read


@pytest.fixture
def by_hand(billed):
    """INV-1 (60.00, 40.00), PAY-1 over 70.00, and nothing happens by itself."""
    return billed.all(m.set_auto(on=False), m.payment_posted(amount="70.00"))


# -- allocate (A-01, A-02) ------------------------------------------------------------------------


def test_money_is_put_on_an_invoice(by_hand):
    """By waterfall when no parts are given."""
    decision = by_hand.send(m.allocate(amount="65.00"))

    assert names(decision) == [
        "allocation.posted",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert by_hand.allocations() == [("PAY-1", 6_500, "manual")]
    assert [each.settled for each in by_hand.invoice().lines] == [6_000, 500]
    event = decision.events[0].event
    assert event.allocation_id == "ACME/payment/PAY-1#1"
    assert [(each.line_no, each.amount.minor) for each in event.part] == [("1", 6_000), ("2", 500)]


def test_parts_are_taken_as_given(by_hand):
    """In any order, as long as they fit."""
    by_hand.send(m.allocate(amount="50.00", parts={"2": "40.00", "1": "10.00"}))

    assert [each.settled for each in by_hand.invoice().lines] == [1_000, 4_000]


def test_a_disputed_part_may_be_paid_by_hand(by_hand):
    """D-08: undisputed lines first, but then the disputed one too."""
    by_hand.all(m.dispute_opened(lines=["1"]), m.allocate(amount="70.00"))

    assert [each.settled for each in by_hand.invoice().lines] == [3_000, 4_000]


def test_open_credit_is_money_like_any_other(by_hand):
    """It settles, and its closure is Credited."""
    by_hand.all(
        m.credit_note_posted(amount="100.00"),
        m.allocate("CN-1", source_type="open-credit", amount="100.00"),
    )

    assert by_hand.invoice().derived.closure_reason == "Credited"
    assert by_hand.source("CN-1").remaining == 0


def test_held_money_may_be_used_by_hand(by_hand):
    """A-04 stops the automatic run, not people."""
    by_hand.all(
        m.payment_posted("PAY-2", amount="20.00", invoices=["LATER"]),
        m.allocate("PAY-2", amount="15.00"),
    )

    assert by_hand.source("PAY-2").held == 500


def test_by_hand_needs_no_switch(billed):
    """S2-12, X-07: the automatic run is on, and leaves to people what is disputed."""
    billed.all(m.dispute_opened(lines=["1"]), m.payment_posted(amount="70.00"))
    assert billed.allocations() == [("PAY-1", 4_000, "auto")]

    billed.send(m.allocate(amount="30.00"))

    assert billed.allocations() == [("PAY-1", 4_000, "auto"), ("PAY-1", 3_000, "manual")]


def test_credit_notes_are_used_in_parts_and_together(by_hand):
    """S1-21: two notes on one invoice, and what is left of the first on another."""
    credit = {"source_type": "open-credit"}
    by_hand.all(
        m.invoice_posted("INV-2"),
        m.credit_note_posted("CN-1", amount="60.00"),
        m.credit_note_posted("CN-2", amount="80.00"),
        m.allocate("CN-1", amount="20.00", **credit),
        m.allocate("CN-2", amount="80.00", **credit),
        m.allocate("CN-1", invoice="INV-2", amount="40.00", **credit),
    )

    assert by_hand.invoice("INV-1").pending == 0
    assert by_hand.invoice("INV-2").pending == 6_000
    assert (by_hand.source("CN-1").remaining, by_hand.source("CN-2").remaining) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "70.01"}, "exceeds-source"),
        ({"source": "BIG", "amount": "100.01"}, "exceeds-pending"),
        ({"amount": "61.00", "parts": {"1": "61.00"}}, "exceeds-line"),
        ({"amount": "30.00", "parts": {"1": "10.00", "2": "10.00"}}, "parts-mismatch"),
        ({"amount": "5.00", "parts": {"9": "5.00"}}, "unknown-line"),
        ({"amount": "5.00", "parts": {"1": "0.00", "2": "5.00"}}, "amount-not-positive"),
        ({"amount": "5.00", "currency": "USD"}, "currency-mismatch"),
        ({"source": "DOLLARS", "amount": "5.00"}, "currency-mismatch"),
        ({"source": "DOLLARS", "amount": "5.00", "currency": "USD"}, "currency-mismatch"),
        ({"source": "NONE"}, "unknown-source"),
        ({"source": "PAY-1", "source_type": "open-credit"}, "unknown-source"),
        ({"invoice": "INV-9"}, "unknown-invoice"),
        ({"invoice": "G-1"}, "forbidden"),
        ({"customer": "NEW"}, "unknown-party"),
        ({"customer": "GLOBEX"}, "unknown-source"),
    ],
)
def test_an_allocation_must_fit_both_ends(by_hand, fields, code):
    """A-01: what the source has, what the invoice needs, one currency, one customer."""
    by_hand.all(
        m.payment_posted("BIG", amount="500.00"),
        m.exchange_rates({"USD/EUR": "0.9"}),
        m.payment_posted("DOLLARS", amount="50.00", currency="USD"),
        m.invoice_posted("G-1", customer="GLOBEX", issue_date="2026-11-09"),
    )

    assert by_hand.refusal(m.allocate(**fields)).code == code


def test_a_part_in_another_currency_is_refused(by_hand):
    """T-07, down to the parts."""
    xml = m.allocate(amount="5.00", parts={"1": "5.00"})
    parts = xml.index(b"<Parts>")

    refused = by_hand.refusal(xml[:parts] + xml[parts:].replace(b'"EUR"', b'"USD"'))

    assert refused.code == "currency-mismatch"


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_an_allocation_is_positive(amount):
    """Refused when read."""
    with pytest.raises(Rejected, match="amount-not-positive"):
        read(m.allocate(amount=amount))


# -- remove (A-05, A-06) --------------------------------------------------------------------------


def test_money_is_taken_off_and_not_put_back(billed):
    """A-06: the pair is blocked, although the automatic run would like to."""
    billed.send(m.payment_posted(amount="70.00"))

    decision = billed.send(m.remove())

    assert names(decision) == [
        "allocation.removed",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert billed.source().remaining == 7_000
    assert billed.invoice().derived.status == "New"
    assert billed.says() == "NN NN"
    [pair] = billed.book.all(Pair)
    assert (pair.key, pair.blocked) == ((billed.source().key, key("INV-1")), True)
    billed.send(m.payment_posted("PAY-2", amount="1.00"))
    assert billed.allocations() == [("PAY-2", 100, "auto")]


def test_the_freed_money_pays_the_next_invoice(billed):
    """A-03: removed elsewhere is a trigger."""
    billed.all(m.invoice_posted("INV-2", issue_date="2026-11-02"), m.payment_posted(amount="70.00"))

    billed.send(m.remove())

    assert billed.allocations("INV-2") == [("PAY-1", 7_000, "auto")]


def test_all_allocations_of_a_pair_are_removed_or_just_one(by_hand):
    """By its id, as the event gave it."""
    by_hand.all(m.allocate(amount="10.00"), m.allocate(amount="20.00"), m.allocate(amount="5.00"))

    by_hand.send(m.remove(allocation="ACME/payment/PAY-1#2"))
    assert [amount for _, amount, _ in by_hand.allocations()] == [1_000, 500]

    by_hand.send(m.remove())
    assert by_hand.allocations() == []
    assert by_hand.source().remaining == 7_000
    assert len(list(by_hand.book.all(Allocation))) == 3


def test_putting_it_on_by_hand_lifts_the_block(billed):
    """A-06: until the user allocates manually."""
    billed.all(
        m.payment_posted(amount="70.00"),
        m.remove(),
        m.allocate(amount="10.00"),
    )

    assert billed.allocations() == [("PAY-1", 1_000, "manual"), ("PAY-1", 6_000, "auto")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "nothing-allocated"),
        ({"allocation": "ACME/payment/PAY-1#7"}, "nothing-allocated"),
        ({"source": "NONE"}, "unknown-source"),
        ({"invoice": "INV-9"}, "unknown-invoice"),
    ],
)
def test_only_what_is_there_is_removed(by_hand, fields, code):
    """Of the source named, on the invoice named, under the id named."""
    assert by_hand.refusal(m.remove(**fields)).code == code


def test_the_refusal_names_the_id_it_looked_for(by_hand):
    """And says what is there."""
    refused = by_hand.refusal(m.remove(allocation="X#1"))

    assert refused.message.endswith("pays nothing on ENTERPRISE/INV-1 under 'X#1'")


# -- automatic or not -----------------------------------------------------------------------------


def test_the_account_waits_for_commands_and_catches_up(by_hand):
    """Re-enabled, money moves at once (A-03)."""
    assert by_hand.allocations() == []
    assert not by_hand.account().auto_allocate

    decision = by_hand.send(m.set_auto(on=True))

    assert names(decision)[0] == "allocation.posted"
    assert by_hand.allocations() == [("PAY-1", 7_000, "auto")]


def test_one_invoice_may_be_left_out(billed):
    """And let in again."""
    billed.all(
        m.set_auto(on=False, invoice="INV-1"),
        m.payment_posted(amount="70.00"),
    )
    assert billed.allocations() == []

    billed.send(m.set_auto(on=True, invoice="INV-1"))

    assert billed.allocations() == [("PAY-1", 7_000, "auto")]


def test_one_pair_may_be_kept_apart(by_hand):
    """And brought together again."""
    by_hand.all(m.set_auto(on=False, source="PAY-1", invoice="INV-1"), m.set_auto(on=True))
    assert by_hand.allocations() == []

    by_hand.send(m.set_auto(on=True, source="PAY-1", invoice="INV-1"))

    assert by_hand.allocations() == [("PAY-1", 7_000, "auto")]


def test_a_source_is_released_from_all_that_holds_it(billed):
    """A-04, A-06: waiting wishes and blocked pairs, of this source alone."""
    billed.all(
        m.payment_posted(amount="30.00"),
        m.remove(),
        m.payment_posted("PAY-2", amount="20.00", invoices=["LATER"]),
        m.payment_posted("PAY-3", amount="40.00"),
        m.remove("PAY-3"),
    )
    assert billed.allocations() == []

    billed.send(m.set_auto(on=True, source="PAY-1"))
    assert billed.allocations() == [("PAY-1", 3_000, "auto")]

    billed.send(m.set_auto(on=True, source="PAY-2"))
    assert billed.allocations() == [("PAY-1", 3_000, "auto"), ("PAY-2", 2_000, "auto")]
    assert billed.source("PAY-2").held == 0
    assert billed.source("PAY-3").remaining == 4_000


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"on": False, "source": "PAY-1"}, "bad-transition"),
        ({"on": True, "source": "NONE"}, "unknown-source"),
        ({"on": True, "source": "NONE", "invoice": "INV-1"}, "unknown-source"),
        ({"on": True, "source": "PAY-1", "invoice": "INV-9"}, "unknown-invoice"),
        ({"on": True, "invoice": "G-1"}, "forbidden"),
        ({"on": True, "source": "PAY-1", "invoice": "G-1"}, "forbidden"),
        ({"on": True, "customer": "NEW"}, "unknown-party"),
    ],
)
def test_a_switch_is_about_something_of_the_customer(by_hand, fields, code):
    """About what is there and the customer's; a source is kept from an invoice, not from all."""
    by_hand.send(m.invoice_posted("G-1", customer="GLOBEX"))

    assert by_hand.refusal(m.set_auto(**fields)).code == code


# -- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "allowed"),
    [("acme", True), ("shop", True), ("globex", False), ("acme-portal", False)],
)
def test_a_partner_allocates_for_its_customers_and_an_owner_for_itself(world, sender, allowed):
    """Reach: the reseller ACME beneath itself, owners their own (§3.16)."""
    world.all(
        m.set_auto(on=False, customer="ACME-SHOP"),
        m.invoice_posted(customer="ACME-SHOP"),
        m.payment_posted(payer="ACME-SHOP"),
    )
    xml = m.allocate(customer="ACME-SHOP", sender=sender)

    if allowed:
        world.send(xml)
        assert world.allocations() == [("PAY-1", 1_000, "manual")]
    else:
        assert world.refusal(xml).code == "forbidden"
