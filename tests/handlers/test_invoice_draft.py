"""InvoiceDraft: offers are written down, from lines, a quote, or as a top-up (S1-01, S1-02)."""

from datetime import date

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.ledger import Allocation
from invoice_gateway.model.offer import Offer
from invoice_gateway.model.order import Category, Method, Order, OrderLine, OrderStatus
from tests import messages as m
from tests import messages_offers as o
from tests.world import NOW, names, read

TAXED = (
    o.Item(net="80.00", rate="20", category="S", group="Phones"),
    o.Item(net="20.00", rate="5.5", category="S"),
)


def quote(**fields):
    """A quote of ACME over 120.00 and 6.00 of shipping, as an order keeps it."""
    line = OrderLine(
        "1", Category.SOFTWARE, "Licence", 2, 12_000, 10_000, 2_000, "LIC-1", "50", "S", "20"
    )
    said = {
        "reference": "QUOTE-1",
        "account": "ACME",
        "method": Method.QUOTE,
        "status": OrderStatus.QUOTE,
        "currency": "EUR",
        "total": 12_600,
        "shipping": 600,
        "placed_at": NOW,
        "lines": (line,),
    }
    return Order(**(said | fields))


def test_a_proforma_is_a_draft_with_what_was_said(world):
    """S1-02, S1-03: name, customer, recipient, due days, products; no number, nothing paid."""
    decision = world.send(o.invoice_draft(offered={"lines": TAXED, "total": "117.10"}))

    invoice = world.invoice("PF-1")
    assert names(decision) == ["invoice.drafted"]
    assert (invoice.kind, invoice.lifecycle, invoice.amount) == ("proforma", "Draft", 11_710)
    assert [line.amount for line in invoice.lines] == [9_600, 2_110]
    detail = invoice.detail
    assert (detail.name, detail.recipient) == ("A phone system", "buyer@acme.example")
    assert (detail.due_days, detail.series, detail.transaction_no) == (14, None, None)
    assert detail.execution == "pending"
    assert invoice.due_date == date(2026, 12, 4)


def test_the_event_tells_the_lines_with_their_headings(world):
    """S1-02: grouping is optional, and kept."""
    [event] = [each.event for each in world.send(o.invoice_draft(offered={"lines": TAXED})).events]

    assert [(each.line_no, each.group) for each in event.offered] == [("1", "Phones"), ("2", None)]
    assert (event.amount.minor, event.due_days, event.copy_of) == (11_710, 14, None)


def test_a_topup_is_a_draft_over_one_amount(world):
    """S2-02."""
    world.send(o.invoice_draft("TU-1", o.topup("100.00")))

    invoice = world.invoice("TU-1")
    assert (invoice.kind, invoice.lifecycle, invoice.amount) == ("topup", "Draft", 10_000)
    assert len(invoice.lines) == 1


def test_a_return_on_an_offer_is_netted(world):
    """T-05: a negative line lowers the others; the lines add up to the offer."""
    world.send(o.invoice_draft(offered={"lines": ["50.00", "-20.00"]}))

    assert [line.amount for line in world.invoice("PF-1").lines] == [3_000, 0]


def test_nothing_is_allocated_to_a_draft_and_no_money_moves(world):
    """S1-06: idle money leaves a draft alone."""
    world.all(m.payment_posted(), o.invoice_draft())

    assert not [*world.book.all(Allocation)]
    assert world.source().remaining == 7_000


# -- from a quote ---------------------------------------------------------------------------------


def test_a_quote_becomes_a_proforma_with_its_lines(world):
    """S1-01: what the order asks for, shipping last; the quote stays a quote."""
    world.book.apply([quote()])

    world.send(o.invoice_draft(offered={"order": "QUOTE-1"}))

    invoice = world.invoice("PF-1")
    assert [(line.line_no, line.kind, line.amount) for line in invoice.lines] == [
        ("1", "item", 12_000),
        ("shipping:1", "shipping", 600),
    ]
    assert invoice.order_ref == "QUOTE-1"
    assert world.order("QUOTE-1").status == "Quote"
    offer = world.book.get(Offer, "ENTERPRISE/PF-1")
    assert (offer.lines[0].type, offer.lines[0].item_code, offer.lines[0].quantity) == (
        "purchase",
        "LIC-1",
        "2",
    )
    assert '"Taxes":[["S","20",10000,2000]]' in offer.blocks


def test_lines_beside_a_quote_take_the_place_of_its_own(world):
    """The offer may be better than the quote."""
    world.book.apply([quote()])

    world.send(o.invoice_draft(offered={"order": "QUOTE-1", "lines": ["99.00"]}))

    assert world.invoice("PF-1").amount == 9_900


def test_a_quote_without_shipping_has_no_line_for_it(world):
    """Only what costs something is a line."""
    world.book.apply([quote(shipping=0)])

    world.send(o.invoice_draft(offered={"order": "QUOTE-1"}))

    assert [line.line_no for line in world.invoice("PF-1").lines] == ["1"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"account": "GLOBEX"}, "forbidden"),
        ({"status": OrderStatus.IN_PROCESS}, "bad-transition"),
        ({"currency": "USD"}, "currency-mismatch"),
        ({"reference": "QUOTE-2"}, "unknown-order"),
    ],
)
def test_only_an_open_quote_of_the_customer_is_offered(world, fields, code):
    """In its own currency; one that is not there yet is waited for."""
    world.book.apply([quote(**fields)])

    assert world.refusal(o.invoice_draft(offered={"order": "QUOTE-1"})).code == code


# -- refused --------------------------------------------------------------------------------------


def test_a_number_is_used_once(world):
    """P-02: the same content is a duplicate, other content is refused."""
    world.send(o.invoice_draft())

    assert world.refusal(o.invoice_draft(offered={"lines": ["1.00"]})).code == "number-taken"
    with pytest.raises(AlreadyApplied):
        world.send(o.invoice_draft(message_id="again"))


def test_an_offer_must_cost_something(world):
    """A proforma over nothing is no offer."""
    offered = {"lines": ["5.00", "-5.00"]}

    assert world.refusal(o.invoice_draft(offered=offered)).code == "amount-not-positive"


def test_the_total_is_compared():
    """What the sender reckoned must be what the gateway reckons."""
    with pytest.raises(Rejected, match="totals-mismatch") as refused:
        read(o.invoice_draft(offered={"lines": TAXED, "total": "117.11"}))
    assert refused.value.findings[0].expected == "117.10"


def test_the_customer_must_be_there(world):
    """Else the draft waits."""
    assert world.refusal(o.invoice_draft(customer="NEW")).code == "unknown-party"
