"""PaymentPosted: money pays what it names, then the oldest; what is left is reported."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied, Policy
from invoice_gateway.model.errors import Rejected
from tests import messages as m
from tests.world import World, key, names, read


def test_money_runs_down_the_lines_of_the_oldest_invoice(billed):
    """D-1: 70.00 over lines of 60.00 and 40.00."""
    decision = billed.send(m.payment_posted(amount="70.00"))

    assert names(decision) == [
        "payment.received",
        "allocation.posted",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert billed.says() == "NR NN"
    assert billed.line("2").open == 3_000
    found = billed.invoice()
    assert (found.derived.status, found.pending) == ("Partially Paid", 3_000)


def test_what_is_left_over_is_reported(world):
    """D-2: 120.00 over 100.00 and 50.00, then 40.00 more."""
    world.all(
        m.invoice_posted("OLD", lines=["100.00"], issue_date="2026-11-01"),
        m.invoice_posted("NEW", lines=["50.00"], issue_date="2026-11-02"),
        m.payment_posted(amount="120.00"),
    )
    assert world.invoice("OLD").derived.settlement_state == "Settled"
    assert world.invoice("NEW").pending == 3_000

    decision = world.send(m.payment_posted("PAY-2", amount="40.00"))

    assert world.invoice("NEW").derived.closure_reason == "Paid"
    assert names(decision)[:3] == ["payment.received", "allocation.posted", "payment.unallocated"]
    event = decision.events[2].event
    assert (event.remaining.minor, event.held.minor, event.waits_for) == (1_000, 0, ())


def test_the_event_says_what_came_in(world):
    """Payer, id, method, amount and value date."""
    decision = world.send(
        m.payment_posted(method="cash", value_date="2026-10-31", bank_reference="B", end_to_end="E")
    )

    event = decision.events[0].event
    assert (event.payer, event.payment_id, event.method) == ("ACME", "PAY-1", "cash")
    assert (event.amount, str(event.value_date)) == ((7_000, "EUR"), "2026-10-31")
    assert not event.asserted_by_erp
    found = world.source()
    assert (found.bank_reference, found.end_to_end_id) == ("B", "E")


def test_a_reference_pays_that_invoice_first(world):
    """Up to its pending; the surplus pays the oldest."""
    world.all(
        m.invoice_posted("OLD", issue_date="2026-11-01"),
        m.invoice_posted("NEW", lines=["50.00"], issue_date="2026-11-02"),
        m.payment_posted(amount="70.00", invoices=["NEW"]),
    )

    assert world.allocations("NEW") == [("PAY-1", 5_000, "reference")]
    assert world.allocations("OLD") == [("PAY-1", 2_000, "auto")]


def test_a_reference_to_what_is_not_there_holds_the_money(billed):
    """P-05: held for it, reported, and not spent on others."""
    decision = billed.send(m.payment_posted(amount="70.00", invoices={"LATER": "60.00"}))

    event = next(each.event for each in decision.events if each.event.name.endswith("unallocated"))
    assert (event.remaining.minor, event.held.minor) == (6_000, 6_000)
    assert event.waits_for == (key("LATER"),)
    assert billed.allocations() == [("PAY-1", 1_000, "auto")]


@pytest.mark.parametrize("order", ["ABP", "BAP", "PAB", "PBA", "APB", "BPA"])
def test_references_beyond_the_payment_are_cut_from_the_last(world, order):
    """I-29: 60 + 60 of 100 is 60 + 40, in whatever order they come."""
    messages = {
        "A": m.invoice_posted("A", lines=["60.00"]),
        "B": m.invoice_posted("B", lines=["60.00"]),
        "P": m.payment_posted(
            amount="100.00", invoices={"A": "60.00", "B": "60.00", "LATER": "10.00"}
        ),
    }

    world.all(*(messages[each] for each in order))

    assert world.allocations("A") == [("PAY-1", 6_000, "reference")]
    assert world.allocations("B") == [("PAY-1", 4_000, "reference")]
    assert world.source().remaining == 0


def test_each_reference_gets_its_part(world):
    """In the order given, each up to the amount named."""
    world.all(
        m.invoice_posted("A"),
        m.invoice_posted("B"),
        m.payment_posted(amount="100.00", invoices={"B": "30.00", "A": "50.00"}),
    )

    # 30 and 50 by name, then the free 20 to the oldest
    assert world.allocations("B") == [("PAY-1", 3_000, "reference")]
    assert world.allocations("A") == [
        ("PAY-1", 5_000, "reference"),
        ("PAY-1", 2_000, "auto"),
    ]


def test_disputed_money_is_left_out(billed):
    """D-3, first half: 25.00 of line 1 disputed, 100.00 paid, 25.00 stay."""
    billed.all(
        m.dispute_opened(lines={"1": "25.00"}),
        m.payment_posted(amount="100.00"),
    )

    assert [each.settled for each in billed.invoice().lines] == [3_500, 4_000]
    assert billed.source().remaining == 2_500
    assert billed.invoice().derived.status == "Disputed"


# -- the last cents (A-11) ------------------------------------------------------------------------


@pytest.fixture
def tolerant():
    """A gateway that writes off up to 0.05 of what a final payment leaves open."""
    return World(policy=Policy(settlement_tolerance_minor=5)).all(
        m.customer_account(), m.invoice_posted()
    )


def test_a_final_payment_may_be_a_few_cents_short(tolerant):
    """Written off with reason ROUNDING; closure Mixed."""
    decision = tolerant.send(m.payment_posted(amount="99.95", invoices=["INV-1"], final=True))

    assert "writeoff.posted" in names(decision)
    found = tolerant.invoice()
    assert (found.pending, found.written_off) == (0, 5)
    assert (found.derived.status, found.derived.closure_reason) == ("Paid", "Mixed")
    memo = tolerant.memo("WO:INV-1:PAY-1")
    assert (memo.doc_type, memo.amount, memo.reason_code) == ("write-off", 5, "ROUNDING")


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "99.94", "invoices": ["INV-1"], "final": True},
        {"amount": "99.95", "invoices": ["INV-1"], "final": False},
        {"amount": "99.95", "invoices": ["INV-1"]},
        {"amount": "99.95", "final": True},
        {"amount": "100.00", "invoices": ["INV-1"], "final": True},
        {"amount": "99.95", "invoices": ["LATER"], "final": True},
    ],
    ids=["too much", "not final", "not said", "not named", "nothing left", "not there"],
)
def test_otherwise_nothing_is_written_off(tolerant, fields):
    """Only within the tolerance, only when final, only on invoices named."""
    assert "writeoff.posted" not in names(tolerant.send(m.payment_posted(**fields)))


def test_the_invoice_of_another_customer_is_not_written_off(tolerant):
    """Naming it gives no right over it."""
    tolerant.all(
        m.customer_account("GLOBEX"), m.invoice_posted("G", customer="GLOBEX", lines=["0.05"])
    )

    tolerant.send(m.payment_posted(amount="1.00", invoices=["G"], final=True))

    assert tolerant.invoice("G").pending == 5


def test_by_default_nothing_is_tolerated(billed):
    """`settlement_tolerance` is 0."""
    billed.send(m.payment_posted(amount="99.99", invoices=["INV-1"], final=True))

    assert billed.invoice().pending == 1


# -- refusals -------------------------------------------------------------------------------------


def test_the_same_payment_again_is_a_duplicate(world):
    """P-02: same id, same content."""
    world.send(m.payment_posted())

    with pytest.raises(AlreadyApplied) as again:
        world.send(m.payment_posted(message_id="again"))

    assert again.value.first == world.source().cause


def test_an_id_is_used_once(world):
    """Same id, other content."""
    world.send(m.payment_posted())

    assert world.refusal(m.payment_posted(amount="71.00")).code == "number-taken"


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({"bank_reference": "B"}, {"bank_reference": "B", "amount": "9.00"}, "number-taken"),
        ({"end_to_end": "E"}, {"end_to_end": "E"}, "number-taken"),
        ({"end_to_end": "E"}, {"end_to_end": "E", "amount": "9.00"}, None),
        ({"end_to_end": "E"}, {"end_to_end": "E", "value_date": "2026-11-21"}, None),
        ({"end_to_end": "E"}, {"end_to_end": "F"}, None),
        ({"end_to_end": "NOTPROVIDED"}, {"end_to_end": "NOTPROVIDED"}, None),
        ({"bank_reference": "B"}, {"bank_reference": "C"}, None),
        (
            {"bank_reference": "B", "end_to_end": "E"},
            {"bank_reference": "C", "end_to_end": "E"},
            None,
        ),
        ({"bank_reference": "B", "end_to_end": "E"}, {"end_to_end": "E"}, "number-taken"),
        ({"end_to_end": "E"}, {"bank_reference": "B", "end_to_end": "E"}, "number-taken"),
        ({}, {}, None),
    ],
)
def test_money_is_booked_once_whatever_it_is_called(world, first, second, code):
    """P-02: by bank reference, or by end-to-end id with amount and date."""
    world.send(m.payment_posted("PAY-1", **first))

    if code is None:
        world.send(m.payment_posted("PAY-2", **second))
    else:
        refused = world.refusal(m.payment_posted("PAY-2", **second))
        assert refused.code == code
        assert "as payment 'PAY-1'" in refused.message


def test_two_payers_may_have_the_same_references(world):
    """References are those of an account."""
    world.all(
        m.payment_posted(bank_reference="B"),
        m.payment_posted(payer="GLOBEX", bank_reference="B"),
    )

    assert world.source(account="GLOBEX").remaining == 7_000


def test_an_unknown_payer_is_waited_for(world):
    """Parked until the account is there."""
    assert world.refusal(m.payment_posted(payer="NEW")).waits_for == ("party", "NEW")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "0.00"}, "amount-not-positive"),
        ({"amount": "-1.00"}, "amount-not-positive"),
        ({"invoices": {"A": "0.00"}}, "amount-not-positive"),
        ({"amount": "1.001"}, "decimals"),
    ],
)
def test_a_payment_is_positive(fields, code):
    """And so are its parts; refused when read."""
    with pytest.raises(Rejected) as refused:
        read(m.payment_posted(**fields))

    assert refused.value.code == code


def test_a_part_is_in_the_currency_of_the_payment():
    """T-07: one source, one currency."""
    xml = m.payment_posted(invoices={"A": "5.00"})

    with pytest.raises(Rejected, match="currency-mismatch: a reference is in USD"):
        read(xml.replace(b'<Amount currency="EUR">5.00', b'<Amount currency="USD">5.00'))


def test_money_in_another_currency_waits(billed):
    """T-07: nothing is allocated across currencies, named or not."""
    billed.send(m.exchange_rates({"USD/EUR": "0.9"}))
    billed.send(m.payment_posted(amount="70.00", currency="USD", invoices=["INV-1"]))

    assert billed.allocations() == []
    assert billed.source().remaining == 7_000
