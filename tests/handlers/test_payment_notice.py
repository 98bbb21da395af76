"""PaymentNotice: a customer says it has paid; its axis moves, no money does."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.errors import Rejected
from tests import messages as m
from tests.world import names, read


def test_all_lines_are_declared_paid(billed):
    """Paid by what is said (R2), while nothing is settled or confirmed."""
    decision = billed.send(m.payment_notice())

    assert names(decision) == [
        "invoice.line-status-changed",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert billed.says() == "PN PN"
    derived = billed.invoice().derived
    assert (derived.status, derived.settlement_state) == ("Paid", "Unsettled")
    assert derived.confirmation == "Unconfirmed"
    assert [each.event.reason for each in decision.events[:2]] == ["PN-1", "PN-1"]


def test_a_line_may_be_declared_alone(billed):
    """Partially Paid."""
    billed.send(m.payment_notice(lines=["2"]))

    assert billed.says() == "NN PN"
    assert billed.invoice().derived.status == "Partially Paid"


@pytest.mark.parametrize(
    ("amount", "lines", "says"),
    [
        ("100.00", [], "PN PN"),
        ("150.00", [], "PN PN"),
        ("99.99", [], "PN NN"),
        ("60.00", [], "PN NN"),
        ("59.99", [], "NN NN"),
        ("40.00", ["2"], "NN PN"),
        ("39.99", ["2"], "NN NN"),
        ("100.00", ["1"], "PN NN"),
    ],
)
def test_an_amount_covers_lines_one_after_the_other(billed, amount, lines, says):
    """Of the lines named, or all: those whose open amount it covers."""
    billed.send(m.payment_notice(amount=amount, lines=lines))

    assert billed.says() == says


def test_what_is_settled_needs_no_covering(billed):
    """Line 1 is paid by money already; 40.00 cover line 2, 30.00 nothing more."""
    billed.send(m.payment_posted(amount="60.00"))

    billed.send(m.payment_notice("A", amount="30.00"))
    assert billed.says() == "NR NN"

    billed.send(m.payment_notice("B", amount="40.00"))
    assert billed.says() == "PR PN"


def test_settled_lines_are_passed_over(world):
    """Open amounts of 0, 30 and 20: 30.00 cover the second alone."""
    world.all(
        m.invoice_posted(lines=["50.00", "30.00", "20.00"]),
        m.payment_posted(amount="50.00"),
        m.payment_notice(amount="30.00"),
    )

    assert world.says() == "NR PN NN"


def test_several_invoices_are_declared_at_once(billed):
    """All or none: an unknown one parks the whole notice."""
    billed.send(m.invoice_posted("INV-2"))

    refused = billed.refusal(m.payment_notice(invoices=["INV-1", "INV-9"]))
    assert refused.waits_for == ("invoice", "ENTERPRISE/INV-9")

    billed.send(m.payment_notice("PN-2", invoices=["INV-1", "INV-2"]))
    assert (billed.says("INV-1"), billed.says("INV-2")) == ("PN PN", "PN PN")


def test_a_second_declaration_changes_nothing(billed):
    """A no-op emits nothing."""
    billed.send(m.payment_notice())

    assert names(billed.send(m.payment_notice("PN-2"))) == []


def test_in_a_dispute_the_declaration_is_remembered(billed):
    """The line stays Disputed until the dispute is closed."""
    billed.all(
        m.dispute_opened(lines=["1"]),
        m.payment_notice(),
    )
    assert billed.says() == "DN PN"

    billed.send(m.dispute_withdrawn("ACME/DN-1/1"))

    assert billed.says() == "PN PN"


def test_the_same_notice_again_is_a_duplicate(billed):
    """P-02, by party and notice id; another party counts on its own."""
    billed.all(m.payment_notice(), m.invoice_posted("G", customer="GLOBEX"))

    with pytest.raises(AlreadyApplied):
        billed.send(m.payment_notice(sender="acme-portal"))
    assert billed.refusal(m.payment_notice(lines=["1"])).code == "idempotency-conflict"
    billed.send(m.payment_notice(invoices=["G"], sender="globex"))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lines": ["9"]}, "unknown-line"),
        ({"amount": "5.00", "currency": "USD"}, "currency-mismatch"),
        ({"invoices": ["INV-9"]}, "unknown-invoice"),
        ({"sender": "globex"}, "forbidden"),
    ],
)
def test_a_notice_fits_its_invoice(billed, fields, code):
    """Lines it has, its currency, one that is there, and one's own."""
    assert billed.refusal(m.payment_notice(**fields)).code == code


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_a_declared_amount_is_positive(amount):
    """Refused when read."""
    with pytest.raises(Rejected, match="amount-not-positive"):
        read(m.payment_notice(amount=amount))
