"""InvoicePosted: what an ERP posts is issued at once and gets the money that waits for it."""

import json
from datetime import date

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.errors import Rejected
from tests import messages as m
from tests.world import key, names, read

VAT = {"rate": "20", "category": "S"}


def lines(world, number="INV-1"):
    """Number, kind and amount of each line."""
    return [(each.line_no, each.kind.value, each.amount) for each in world.invoice(number).lines]


def test_an_invoice_is_issued_with_its_whole_status(world):
    """One event per plain new invoice."""
    decision = world.send(m.invoice_posted(order="ORD-1"))

    [stamped] = decision.events
    event = stamped.event
    assert (event.name, stamped.aggregate_id, stamped.version) == (
        "invoice.issued",
        "ENTERPRISE/INV-1",
        1,
    )
    assert (event.state.status, event.state.settlement_state) == ("New", "Unsettled")
    assert (event.totals.pending.minor, event.order_reference) == (10_000, "ORD-1")
    found = world.invoice()
    assert (found.account, found.currency, found.amount) == ("ACME", "EUR", 10_000)
    assert (found.lifecycle, found.kind, found.order_ref) == ("Issued", "commercial", "ORD-1")
    assert lines(world) == [("1", "item", 6_000), ("2", "item", 4_000)]


def test_the_terms_give_the_due_date(world):
    """Issue date plus the customer's days, unless the invoice says another day."""
    world.all(
        m.invoice_posted("A", issue_date="2026-11-01"),
        m.invoice_posted("B", issue_date="2026-11-01", due_date="2026-11-15"),
    )

    assert world.invoice("A").due_date == date(2026, 12, 1)
    assert world.invoice("B").due_date == date(2026, 11, 15)


def test_lines_carry_their_share_of_taxes_and_allowances(world):
    """T-03: gross per line; charges, shipping and rounding up are lines of their own."""
    world.send(
        m.invoice_posted(
            lines=[m.Item(net="199.90", **VAT), m.Item(net="10.00", **VAT)],
            extras=[
                m.Extra(kind="allowance", amount="20.99", **VAT),
                m.Extra(kind="shipping", amount="8.00", **VAT),
                m.Extra(kind="charge", amount="1.00", reason="Handling"),
            ],
            rounding="0.01",
        )
    )

    assert lines(world) == [
        ("1", "item", 21_677),
        ("2", "item", 1_085),
        ("shipping:2", "shipping", 867),
        ("charge:3", "charge", 100),
        ("rounding:1", "rounding", 1),
    ]
    assert world.invoice().amount == 23_730
    assert [each.terms.description for each in world.invoice().lines[2:]] == [
        "shipping",
        "Handling",
        "Rounding",
    ]
    assert world.line("1").terms.tax == 3_613


def test_rounding_down_comes_off_the_lines(world):
    """No line is negative; the sum is what is asked for (I-33)."""
    world.send(m.invoice_posted(rounding="-0.03"))

    assert lines(world) == [("1", "item", 5_998), ("2", "item", 3_999)]
    assert world.invoice().amount == 9_997


def test_a_rate_is_one_rate_however_it_is_written(world):
    """20, 20.0 and 20.00 are summed together."""
    xml = m.invoice_posted(lines=[m.Item(net="10.00", **VAT)])

    world.send(xml.replace(b"<Rate>20</Rate>", b"<Rate>20.00</Rate>"))

    assert lines(world) == [("1", "item", 1_200)]


def test_an_invoice_over_nothing_is_paid_from_the_start(world):
    """R0: NothingDue, and no second event."""
    decision = world.send(m.invoice_posted(lines=["0.00"]))

    [stamped] = decision.events
    assert stamped.event.state.status == "Paid"
    assert stamped.event.state.closure_reason == "NothingDue"


def test_rounding_that_lifts_an_invoice_to_zero_is_accepted(world):
    """-0.01 rounded up by 0.01: nothing is due, nothing breaks."""
    world.send(m.invoice_posted(lines=["-0.01"], rounding="0.01"))
    world.send(m.invoice_posted("INV-2", lines=["-0.01"], rounding="0.05"))

    assert lines(world) == [("1", "item", 0)]
    assert lines(world, "INV-2") == [("1", "item", 0), ("rounding:1", "rounding", 4)]
    assert [world.invoice(number).amount for number in ("INV-1", "INV-2")] == [0, 4]


def test_the_parties_are_kept_as_printed(world):
    """§3.15: every line of both addresses, and the taxes, as they were said."""
    seller = (
        b"<Seller><Name>Enterprise</Name><AddressLine>Quai 1</AddressLine>"
        b"<AddressLine>Hall B</AddressLine><TaxId>FR1</TaxId><TaxId>FR2</TaxId></Seller>"
    )
    xml = m.invoice_posted(lines=["5.00"]).replace(b"<Lines>", seller + b"<Lines>")

    world.send(xml)

    assert json.loads(world.invoice().snapshot) == {
        "Seller": [
            ["Name", "Enterprise"],
            ["AddressLine", "Quai 1"],
            ["AddressLine", "Hall B"],
            ["TaxId", "FR1"],
            ["TaxId", "FR2"],
        ],
        "Taxes": [["Z", "0", 500, 0]],
    }


# -- money that waits -----------------------------------------------------------------------------


def test_money_that_waited_for_it_pays_it(world):
    """P-05, I-29: payment first or invoice first, the allocation is the same."""
    payment = m.payment_posted(amount="70.00", invoices=["INV-1"])
    world.send(payment)
    assert world.source().held == 7_000

    decision = world.send(m.invoice_posted())

    assert names(decision) == [
        "invoice.issued",
        "allocation.posted",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert world.allocations() == [("PAY-1", 7_000, "reference")]


def test_idle_money_pays_it(world):
    """A-03: an invoice issued is a trigger."""
    world.send(m.payment_posted(amount="10.00"))

    world.send(m.invoice_posted())

    assert world.allocations() == [("PAY-1", 1_000, "auto")]


def test_a_prepayment_is_a_payment_that_the_erp_asserts(world):
    """T-04: not subtracted from lines but allocated; the surplus stays free."""
    decision = world.send(m.invoice_posted(prepaid="70.00"))

    assert names(decision)[:3] == ["invoice.issued", "payment.received", "allocation.posted"]
    source = world.source("prepaid:INV-1")
    assert (source.amount, source.method, source.asserted_by_erp) == (7_000, "other", True)
    assert source.remaining == 0
    assert world.invoice().pending == 3_000
    assert world.says() == "NR NN"
    assert "payment.unallocated" not in names(decision)
    world.send(m.invoice_posted("INV-2", prepaid="120.00"))
    assert world.invoice("INV-2").pending == 0
    assert world.invoice("INV-1").pending == 1_000
    assert "payment.unallocated" in names(world.send(m.invoice_posted("INV-3", prepaid="120.00")))


@pytest.mark.parametrize("payment_first", [True, False])
def test_a_prepayment_comes_before_what_waits_for_the_invoice(world, payment_first):
    """I-29: the ERP has taken it off already, whenever the rest comes in."""
    payment = m.payment_posted(amount="100.00", value_date="2026-10-01", invoices=["INV-1"])
    posted = m.invoice_posted(prepaid="30.00")

    world.all(*((payment, posted) if payment_first else (posted, payment)))

    assert world.allocations() == [
        ("prepaid:INV-1", 3_000, "reference"),
        ("PAY-1", 7_000, "reference"),
    ]
    assert world.source().remaining == 3_000


# -- documents below zero (T-05) ------------------------------------------------------------------


def test_a_document_below_zero_is_open_credit(world):
    """Without a preceding invoice: a credit note, free to pay others."""
    decision = world.send(m.invoice_posted("C-1", lines=["-60.00", "10.00"]))

    assert names(decision) == ["memo.posted", "credit.created"]
    assert world.source("C-1").remaining == 5_000
    assert world.memo("C-1").doc_type == "credit-note"


def test_a_document_below_zero_credits_the_invoice_it_names(billed):
    """With one: a credit memo on it, spread over its lines."""
    decision = billed.send(m.invoice_posted("C-1", lines=["-50.00"], preceding="INV-1"))

    assert names(decision) == ["memo.posted", "invoice.status-changed"]
    assert [each.credited for each in billed.invoice().lines] == [3_000, 2_000]
    assert billed.memo("C-1").invoice == key("INV-1")


def test_its_excess_pays_other_invoices(billed):
    """Open credit at once, then the automatic run."""
    billed.all(m.payment_posted(amount="100.00"), m.invoice_posted("INV-2"))

    billed.send(m.invoice_posted("C-1", lines=["-50.00"], preceding="INV-1"))

    assert billed.invoice("INV-2").settled_by_credit == 5_000


def test_a_credit_needs_its_invoice(world):
    """Parked until it is there."""
    refused = world.refusal(m.invoice_posted("C-1", lines=["-5.00"], preceding="INV-1"))

    assert refused.waits_for == ("invoice", "ENTERPRISE/INV-1")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"currency": "USD"}, "currency-mismatch"),
        ({"customer": "GLOBEX"}, "forbidden"),
        ({"lines": ["-100.01"]}, "exceeds-creditable"),
    ],
)
def test_a_credit_fits_the_invoice_it_names(billed, fields, code):
    """Same currency, same customer, and no more than it has left to credit."""
    said = {"lines": ["-5.00"], "preceding": "INV-1", **fields}

    assert billed.refusal(m.invoice_posted("C-1", **said)).code == code


def test_a_credit_posted_again_is_a_duplicate_or_refused(world):
    """By its number, as an invoice is."""
    world.send(m.invoice_posted("C-1", lines=["-5.00"]))

    with pytest.raises(AlreadyApplied):
        world.send(m.invoice_posted("C-1", lines=["-5.00"], message_id="again"))
    refused = world.refusal(m.invoice_posted("C-1", lines=["-6.00"]))
    assert refused.code == "invoice-immutable"


# -- refusals -------------------------------------------------------------------------------------


def test_the_same_invoice_again_is_a_duplicate(billed):
    """P-02: same number, same content, other message."""
    with pytest.raises(AlreadyApplied) as again:
        billed.send(m.invoice_posted(message_id="again"))

    assert again.value.first == billed.invoice().cause


def test_an_issued_invoice_is_immutable(billed):
    """Same number, other content."""
    refused = billed.refusal(m.invoice_posted(lines=["60.00", "41.00"]))

    assert refused.code == "invoice-immutable"
    assert "posted by erp/" in refused.message


def test_an_erp_posts_for_its_enterprise_only(world):
    """Another issuer's invoice is not taken for one's own."""
    refused = world.refusal(m.invoice_posted(issuer="ACME"))

    assert refused.code == "forbidden"
    assert "issuer 'ACME'" in refused.message
    world.send(m.invoice_posted(issuer="ENTERPRISE"))
    assert world.invoice().amount == 10_000


def test_an_unknown_customer_is_waited_for(world):
    """Parked until the account is there."""
    refused = world.refusal(m.invoice_posted(customer="NEW"))

    assert (refused.code, refused.waits_for) == ("unknown-party", ("party", "NEW"))


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (m.invoice_posted(totals={"Payable": "99.99"}), "totals-mismatch"),
        (m.invoice_posted(taxes={"TaxAmount": "0.01"}), "totals-mismatch"),
        (m.invoice_posted(lines=["1.001"]), "decimals"),
        (m.invoice_posted(prepaid="-1.00"), "amount-not-positive"),
        (
            m.invoice_posted(
                extras=[m.Extra(kind="charge", amount="-1.00")], totals={"ChargeTotal": "-1.00"}
            ),
            "amount-not-positive",
        ),
        (m.invoice_posted().replace(b">EUR<", b">XAU<"), "unknown-currency"),
        (
            m.invoice_posted().replace(b"<Payable>100.00<", b"<Payable>99999999999999.00<"),
            "amount-too-large",
        ),
    ],
)
def test_a_document_that_does_not_hold_is_refused_when_read(xml, code):
    """Before anything is loaded for it."""
    with pytest.raises(Rejected) as refused:
        read(xml)

    assert refused.value.code == code
