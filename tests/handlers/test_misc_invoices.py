"""Miscellaneous invoices: charged by hand for an order, also by resellers (S4-01 to S4-12)."""

import pytest

from invoice_gateway.model.detail import PLAIN
from invoice_gateway.model.invoice import Invoice
from tests import messages as m
from tests.model.build import order
from tests.world import key, read

LATER = "2026-11-20T11:00:00Z"
POLICY = {"ReminderDays": 7, "SuspensionDays": 30, "DeletionDays": 60}
DAYS = ("reminder_days", "suspension_days", "deletion_days")
RESELLER = {"sender": "reseller", "issuer": "ACME", "customer": "ACME-SHOP"}


def days(found):
    """The collection policy that an invoice has kept."""
    return tuple(getattr(found.detail, each) for each in DAYS)


def found(world, number, issuer="ENTERPRISE"):
    """An invoice of any issuer."""
    return world.book.get(Invoice, key(number, issuer))


# -- what it is -----------------------------------------------------------------------------------


def test_financials_add_an_invoice_for_an_order(world):
    """S4-01, S4-03, S4-04, S4-22: what a customer owes, by hand, on an order, described."""
    said = {"order": "WEB-1", "description": "Web design", "issue_date": "2026-11-20"}
    world.send(m.misc_invoice("WD-1", **said))

    one = world.invoice("WD-1")
    assert (one.kind, one.lifecycle, one.account) == ("misc", "Issued", "ACME")
    assert (one.order_ref, one.description) == ("WEB-1", "Web design")
    assert (one.issue_date.isoformat(), one.pending) == ("2026-11-20", 10_000)


def test_the_amount_is_the_subtotal_and_the_application_fee(world):
    """S4-05, S4-08: the fee is a line of its own; everything is pending to begin with."""
    fee = m.Item(net="50.00", kind="application-fee")
    world.send(m.misc_invoice("WD-1", lines=["150.00", m.Item(net="0.50", kind="item"), fee]))

    one = world.invoice("WD-1")
    assert [(each.kind, each.amount) for each in one.lines] == [
        ("item", 15_000),
        ("item", 50),
        ("application-fee", 5_000),
    ]
    assert (one.amount, one.pending) == (20_050, 20_050)
    world.send(m.payment_posted(amount="100.50"))
    assert world.invoice("WD-1").pending == 10_000


def test_what_was_printed_is_kept(world):
    """S4-10 to S4-12: seller and taxes as they were; the number says no other content."""
    seller = b"<Seller><Name>Enterprise before it moved</Name></Seller><Lines>"
    xml = m.misc_invoice("WD-1").replace(b"<Lines>", seller, 1)
    world.send(xml)

    assert "before it moved" in world.invoice("WD-1").snapshot
    world.send(m.customer_account(name="Another name", sent_at=LATER))
    assert "before it moved" in world.invoice("WD-1").snapshot
    assert world.refusal(m.misc_invoice("WD-1")).code == "invoice-immutable"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"order": None}, "text-required"),
        ({"prepaid": "1.00"}, "amount-not-positive"),
        ({"lines": ["-1.00"]}, "amount-not-positive"),
        ({"lines": ["0.00"]}, "amount-not-positive"),
        ({"number": "INV:1"}, "number-taken"),
        ({"issuer": "ACME"}, "forbidden"),
        ({"order": "OTHERS"}, "forbidden"),
        ({"customer": "NOBODY"}, "unknown-party"),
    ],
    ids=["no order", "prepaid", "below zero", "zero", "number", "issuer", "order", "customer"],
)
def test_a_misc_invoice_has_its_limits(world, fields, code):
    """X-14: an order it has, of that customer; and it is neither a payment nor a credit."""
    world.book.apply([order("OTHERS", account="GLOBEX")])

    assert world.refusal(m.misc_invoice(**fields)).code == code


def test_only_misc_invoices_do_without_a_number(world):
    """An ERP numbers its own."""
    assert world.refusal(m.invoice_posted(None)).code == "text-required"


# -- numbers without gaps (S4-02) -----------------------------------------------------------------


def test_the_gateway_numbers_by_class_of_the_billed_party(world):
    """S4-02, I-31: customers and sub-resellers have series of their own, from 1."""
    world.all(
        m.customer_account("SUB", party_class="sub-reseller", parent="ACME"),
        m.misc_invoice(customer="GLOBEX", message_id="a"),
        m.misc_invoice(customer="SUB", message_id="b"),
        m.misc_invoice(customer="ACME-SHOP", message_id="c"),
        m.misc_invoice("OWN-1", customer="ACME-SHOP", message_id="d"),
        m.misc_invoice(customer="SUB", message_id="e"),
    )

    numbered = {
        each.key.number: (each.detail.series, each.detail.transaction_no)
        for each in world.book.all(Invoice)
    }
    assert numbered == {
        "INV:financials:a": ("customer", 1),
        "INV:financials:b": ("sub-reseller", 1),
        "INV:financials:c": ("customer", 2),
        "OWN-1": (None, None),
        "INV:financials:e": ("sub-reseller", 2),
    }


# -- collection policy (S4-17) --------------------------------------------------------------------


def test_the_policy_is_kept_as_it_was_that_day(world):
    """S4-17: whatever becomes of the account, the days of the invoice stay."""
    world.all(
        m.customer_account(terms=m.Terms(policy=POLICY), sent_at=LATER),
        m.misc_invoice("WD-1"),
        m.customer_account(
            terms=m.Terms(policy={"ReminderDays": 1}), sent_at="2026-11-20T12:00:00Z"
        ),
        m.misc_invoice("WD-2"),
    )

    assert days(world.invoice("WD-1")) == (7, 30, 60)
    assert days(world.invoice("WD-2")) == (1, None, None)


def test_an_invoice_may_have_days_of_its_own(world):
    """What it does not name is as the account has it."""
    world.all(
        m.customer_account(terms=m.Terms(policy=POLICY), sent_at=LATER),
        m.misc_invoice("WD-1", policy={"ReminderDays": 3, "DeletionDays": 90}),
    )

    assert days(world.invoice("WD-1")) == (3, 30, 90)


def test_a_commercial_invoice_only_reminds(world):
    """S4-16: the ERP's too, when the account says so; nothing is suspended over it (S4-18)."""
    world.all(
        m.invoice_posted("PLAIN"),
        m.customer_account(terms=m.Terms(policy=POLICY), sent_at=LATER),
        m.invoice_posted("REMINDED"),
    )

    assert world.invoice("PLAIN").detail is PLAIN
    assert days(world.invoice("REMINDED")) == (7, None, None)
    refused = world.refusal(m.invoice_posted("OWN", policy={"ReminderDays": 1}))
    assert refused.code == "bad-transition"


# -- resellers (§3.16) ----------------------------------------------------------------------------


def test_a_reseller_charges_its_customer(world):
    """S4-04: in its own name, under its own number or one of the gateway's series for it."""
    world.all(
        m.misc_invoice("A-1", **RESELLER),
        m.misc_invoice(message_id="m-1", **RESELLER),
        m.misc_invoice(message_id="m-2", customer="GLOBEX"),
    )

    assert found(world, "A-1", "ACME").account == "ACME-SHOP"
    numbered = found(world, "INV:reseller:m-1", "ACME")
    assert (numbered.detail.series, numbered.detail.transaction_no) == ("customer", 1)
    assert found(world, "INV:financials:m-2").detail.transaction_no == 1


ACTS = {
    "charge": m.misc_invoice("A-2", order="SHOP-2", **RESELLER),
    "charge in the enterprise's name": m.misc_invoice("A-2", **RESELLER | {"issuer": None}),
    "charge in another's name": m.misc_invoice("A-2", **RESELLER | {"issuer": "GLOBEX"}),
    "charge a stranger": m.misc_invoice("A-2", **RESELLER | {"customer": "GLOBEX"}),
    "charge itself": m.misc_invoice("A-2", **RESELLER | {"customer": "ACME"}),
    "post a commercial invoice": m.invoice_posted("A-2", **RESELLER),
    "charge as partner": m.misc_invoice("A-2", **RESELLER | {"sender": "acme"}),
    "discount": m.discount(invoice=("ACME", "A-1"), sender="reseller"),
    "discount what the enterprise charges its customer": m.discount(
        invoice="SHOP-1", sender="reseller"
    ),
    "discount what it owes": m.discount(invoice="INV-1", sender="reseller"),
    "discount a stranger's": m.discount(invoice="GX-1", sender="reseller"),
    "discount as partner": m.discount(invoice=("ACME", "A-1"), sender="acme"),
    "bad debt": m.bad_debt(invoice=("ACME", "A-1"), sender="reseller"),
    "bad debt of the enterprise": m.bad_debt(invoice="SHOP-1", sender="reseller"),
    "take back": m.take_back("A-DC", invoice=("ACME", "A-1"), sender="reseller"),
    "allocate": m.allocate(
        "SHOP-PAY", customer="ACME-SHOP", invoice=("ACME", "A-1"), amount="5.00", sender="reseller"
    ),
    "allocate a stranger's": m.allocate(
        "GX-PAY", customer="GLOBEX", invoice="GX-1", amount="5.00", sender="reseller"
    ),
    "credit memo": m.memo_posted(invoice=("ACME", "A-1"), amount="1.00", sender="reseller"),
    "credit note": m.credit_note_posted(customer="ACME-SHOP", sender="reseller"),
    "payment": m.payment_posted(payer="ACME-SHOP", sender="reseller"),
    "change the account": m.customer_account("ACME-SHOP", sender="reseller"),
}
MAY = {"charge", "discount", "bad debt", "take back", "allocate"}


@pytest.mark.parametrize("act", ACTS)
def test_a_reseller_acts_within_its_hierarchy(world, act):
    """§3.16, I-32: as issuer for its own customers; money and others' invoices are not its own."""
    world.all(
        m.set_auto(on=False, customer="ACME-SHOP"),
        m.set_auto(on=False, customer="GLOBEX"),
        m.invoice_posted("INV-1"),
        m.invoice_posted("SHOP-1", customer="ACME-SHOP"),
        m.invoice_posted("GX-1", customer="GLOBEX"),
        m.misc_invoice("A-1", **RESELLER),
        m.discount("A-DC", invoice=("ACME", "A-1"), amount="1.00", sender="reseller"),
        m.payment_posted("SHOP-PAY", payer="ACME-SHOP", amount="5.00"),
        m.payment_posted("GX-PAY", payer="GLOBEX", amount="5.00"),
    )

    if act in MAY:
        world.send(ACTS[act])
    else:
        assert world.refusal(ACTS[act]).code == "forbidden"


def test_documents_of_two_issuers_do_not_meet(world):
    """A reseller and the enterprise may both have a discount DC-1 for one customer."""
    pair = [
        (m.invoice_posted("SHOP-1", customer="ACME-SHOP"), "SHOP-1", {}),
        (m.misc_invoice("A-1", **RESELLER), ("ACME", "A-1"), {"sender": "reseller"}),
    ]
    world.send(m.payment_posted(payer="ACME-SHOP", amount="200.00"))
    for charge, invoice, by in pair:
        world.send(charge)
        world.send(m.discount("DC-1", invoice=invoice, amount="10.00", **by))

    assert world.source("DC-1", "ACME-SHOP").remaining == 1_000
    assert world.source("ACME/DC-1", "ACME-SHOP").remaining == 1_000
    world.send(m.take_back("DC-1", "TB-1", invoice=("ACME", "A-1"), sender="reseller"))
    lines = found(world, "A-1", "ACME").lines
    assert [each.line_no for each in lines] == ["1", "DM:ACME/TB-1:1"]
    assert world.source("DC-1", "ACME-SHOP").remaining == 1_000


def test_a_message_says_what_the_schema_lets_it_say():
    """An application fee is read as one."""
    fee = m.Item(net="50.00", kind="application-fee")

    _, message, _, _ = read(m.misc_invoice(lines=[fee]))

    assert message.lines[0].kind == "application-fee"
