"""OrderPlaced: what happens next depends on the payment option (S0-02)."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.ledger import FundsState
from invoice_gateway.model.order import Method, OrderStatus
from tests import messages as m
from tests.messages import Terms
from tests.orders import CARD, Piece, order_placed
from tests.world import World, names, read

SOFTWARE = (Piece(category="software", net="100.00", tax="20.00", rate="20"),)


@pytest.fixture
def prepaying() -> World:
    """A customer whose terms nobody has approved."""
    return World().all(m.customer_account(terms=Terms(approved=False)))


@pytest.mark.parametrize("sender", ["erp", "portal", "acme"])
def test_s0_01_an_order_comes_from_the_desk_or_the_portal(world, sender):
    """S0-01: staff key it in, the customer places it, or its partner system does."""
    world.send(order_placed(sender=sender, channel="e-mail"))

    order = world.order("O-1")
    assert (order.account, order.channel) == ("ACME", "e-mail")


def test_a_reseller_orders_for_those_beneath_it_only(world):
    """DOMAIN §3.16: its own account and those of its customers."""
    world.send(order_placed(customer="ACME-SHOP", sender="acme"))

    assert world.refusal(order_placed("O-2", customer="GLOBEX", sender="acme")).code == "forbidden"


@pytest.mark.parametrize("method", ["credit-card", "wire-transfer", "check", "quote"])
def test_s0_04_a_customer_without_terms_may_prepay(prepaying, method):
    """S0-04: the four options of a Pre Pay customer."""
    prepaying.send(order_placed(method=method))

    assert prepaying.order("O-1").method is Method(method)


def test_s0_06_a_customer_without_terms_may_not_order_on_terms(prepaying):
    """S0-03, S0-06: refused, and nothing is left of it."""
    assert prepaying.refusal(order_placed(method="terms")).code == "terms-not-approved"


@pytest.mark.parametrize("method", ["credit-card", "wire-transfer", "check", "terms", "quote"])
def test_s0_05_a_customer_on_terms_has_five_options(world, method):
    """S0-05: terms beside the four of everybody."""
    world.send(order_placed(method=method))

    assert world.order("O-1").method is Method(method)


def test_s0_07_a_customer_on_terms_may_prepay_like_anybody(world):
    """S0-07: by wire it waits for its payment, whatever it owes."""
    world.all(m.invoice_posted(due_date="2026-11-02"), order_placed(method="wire-transfer"))

    assert world.order("O-1").status is OrderStatus.WAITING_PAYMENT


def test_s0_08_a_quote_is_kept_and_nothing_else_happens(world):
    """S0-08: no money, no invoice, no credit check."""
    decision = world.send(order_placed(method="quote", lines=SOFTWARE))

    assert names(decision) == ["order.status-changed"]
    assert world.order("O-1").status is OrderStatus.QUOTE


# -- by card --------------------------------------------------------------------------------------


def test_s0_09_the_card_pays_order_and_shipping_in_advance(world):
    """S0-09, S0-10: the capture is money held for the order, which enters In Process."""
    decision = world.send(order_placed(lines=[Piece(net="1000.00")], shipping="50.00"))

    assert names(decision) == ["payment.received", "order.status-changed"]
    source = world.source(CARD)
    assert (source.amount, source.held, source.held_for) == (105_000, 105_000, "O-1")
    assert source.funds_state is FundsState.CAPTURED
    event = decision.events[1].event
    assert (event.old, event.new, event.total) == (None, "InProcess", (105_000, "EUR"))
    assert (event.exposure, event.credit_limit, event.past_due) == (None, None, None)


def test_held_money_pays_nothing_else(world):
    """A-04: neither what is open nor what comes later."""
    world.all(m.invoice_posted(), order_placed(), m.invoice_posted("INV-2"))

    assert world.allocations() == world.allocations("INV-2") == []


def test_s0_11_a_refused_card_leaves_the_order_waiting(world):
    """S0-11: WaitingPayment, and the world is told."""
    decision = world.send(order_placed(captured=False))

    assert names(decision) == ["order.status-changed", "order.payment-failed"]
    assert world.order("O-1").status is OrderStatus.WAITING_PAYMENT
    failed = decision.events[1].event
    assert (failed.amount, failed.capture_reference) == ((10_000, "EUR"), CARD)


def test_s0_13_software_by_card_is_billed_completed_and_paid_at_once(world):
    """S0-13: invoice, completion and payment in the message that places it."""
    decision = world.send(order_placed(lines=SOFTWARE, shipping="5.00", shipping_tax="1.00"))

    assert names(decision) == [
        "payment.received",
        "invoice.issued",
        "allocation.posted",
        "invoice.line-status-changed",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "order.status-changed",
        "order.status-changed",
    ]
    assert world.order("O-1").status is OrderStatus.COMPLETED
    invoice = world.invoice("INV:O-1:1")
    assert (invoice.amount, invoice.derived.status) == (12_600, "Paid")
    assert world.allocations("INV:O-1:1") == [(CARD, 12_600, "order")]
    assert [line.kind for line in invoice.lines] == ["item", "shipping"]


def test_s0_40_an_invoice_without_goods_has_no_fulfilment(world):
    """S0-40: neither Ready to Ship nor Shipped."""
    world.send(order_placed(lines=SOFTWARE))

    assert world.invoice("INV:O-1:1").detail.fulfilment == "not-applicable"


def test_a_charge_counts_once(world):
    """Its reference is that of a payment; another order cannot be paid with it."""
    world.send(order_placed())

    assert world.refusal(order_placed("O-2")).code == "number-taken"


# -- by wire or check -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["wire-transfer", "check"])
def test_s0_16_an_order_by_wire_or_check_waits_for_its_payment(world, method):
    """S0-16, S0-17: nothing is billed, not even software."""
    decision = world.send(order_placed(method=method, lines=SOFTWARE))

    assert names(decision) == ["order.status-changed"]
    assert world.order("O-1").status is OrderStatus.WAITING_PAYMENT


def test_an_order_that_costs_nothing_waits_for_nothing(world):
    """All of zero is there."""
    world.send(order_placed(method="check", lines=[Piece(net="0.00", category="service")]))

    assert world.order("O-1").status is OrderStatus.COMPLETED
    assert world.invoice("INV:O-1:1").derived.closure_reason == "NothingDue"


# -- on terms -------------------------------------------------------------------------------------


def test_s0_22_an_order_on_terms_is_processed_when_nothing_is_against_it(world):
    """S0-22, S0-30: no invoice past due, no limit exceeded; goods wait for their serials."""
    decision = world.send(order_placed(method="terms"))

    assert names(decision) == ["order.status-changed"]
    assert world.order("O-1").status is OrderStatus.IN_PROCESS
    event = decision.events[0].event
    assert (event.exposure, event.credit_limit) == ((10_000, "EUR"), None)


def test_s0_29_software_on_terms_is_billed_at_once_and_paid_later(world):
    """S0-28, S0-29, S0-31: due on the terms of the account, nothing paid."""
    world.send(order_placed(method="terms", lines=SOFTWARE))

    invoice = world.invoice("INV:O-1:1")
    assert (str(invoice.issue_date), str(invoice.due_date)) == ("2026-11-20", "2026-12-20")
    assert (invoice.pending, invoice.derived.status) == (12_000, "New")
    assert world.order("O-1").status is OrderStatus.COMPLETED


def test_idle_money_pays_what_is_billed_on_terms(world):
    """A-03: a new invoice meets what the customer has left."""
    world.all(m.payment_posted(amount="20.00"), order_placed(method="terms", lines=SOFTWARE))

    assert world.allocations("INV:O-1:1") == [("PAY-1", 2_000, "auto")]


def test_an_order_on_terms_is_in_the_currency_of_the_limit(world):
    """Else nothing could be compared."""
    assert world.refusal(order_placed(method="terms", currency="USD")).code == "currency-mismatch"


def test_a_prepaid_order_may_be_in_any_currency(world):
    """Its invoice is in that currency too."""
    world.send(m.exchange_rates({"USD/EUR": "0.90"}))
    world.send(order_placed(currency="USD", lines=SOFTWARE))

    assert world.invoice("INV:O-1:1").currency == "USD"


# -- the invoice the gateway makes ----------------------------------------------------------------


def test_an_invoice_takes_over_what_the_account_says_that_day():
    """S4-12, S4-17: a number of its own, the collection policy, seller, buyer and taxes."""
    terms = Terms(
        policy={"ReminderDays": 10, "SuspensionDays": 20, "DeletionDays": 40},
        address={"City": "Lyon"},
        tax_ids=["FR1"],
    )
    world = World().all(
        m.customer_account("ACME", party_class="reseller", terms=terms),
        order_placed(lines=SOFTWARE),
    )

    invoice = world.invoice("INV:O-1:1")
    detail = invoice.detail
    assert (detail.series, detail.transaction_no) == ("reseller", 1)
    assert (detail.reminder_days, detail.suspension_days, detail.deletion_days) == (10, 20, 40)
    assert invoice.order_ref == "O-1"
    assert invoice.snapshot == (
        '{"Seller":[["Name","ENTERPRISE"]],'
        '"Buyer":[["Name","Acme"],["AddressLine","Lyon"],["TaxId","FR1"]],'
        '"Taxes":[["S","20",10000,2000]]}'
    )


def test_invoices_of_a_class_of_parties_are_numbered_without_gaps(world):
    """S4-02, I-31: orders of several customers take from one series."""
    for at, customer in enumerate(["ACME-SHOP", "GLOBEX", "ACME-SHOP"], start=1):
        world.send(order_placed(f"O-{at}", customer=customer, capture=f"C-{at}", lines=SOFTWARE))

    numbers = [world.invoice(f"INV:O-{at}:1").detail.transaction_no for at in (1, 2, 3)]
    assert numbers == [1, 2, 3]


# -- refusals -------------------------------------------------------------------------------------


def test_the_same_order_again_is_a_duplicate(world):
    """P-02: same number, same content."""
    world.send(order_placed())

    with pytest.raises(AlreadyApplied) as again:
        world.send(order_placed(message_id="again"))

    assert again.value.first == world.order("O-1").cause


def test_an_order_number_is_used_once(world):
    """Same number, other content; whoever orders."""
    world.send(order_placed())

    assert world.refusal(order_placed(customer="GLOBEX")).code == "number-taken"


def test_an_unknown_customer_is_waited_for(world):
    """Parked until the account is there."""
    assert world.refusal(order_placed(customer="NEW")).waits_for == ("party", "NEW")


@pytest.mark.parametrize("total", ["99.99", "100.01", "0.00"])
def test_an_order_adds_up(total):
    """Lines and shipping with tax come to the total, to the cent."""
    with pytest.raises(Rejected, match="totals-mismatch"):
        read(order_placed(total=total))


def test_an_order_cannot_come_to_more_than_any_amount():
    """Sums of amounts stay far inside 64 bits."""
    with pytest.raises(Rejected, match="amount-too-large"):
        read(order_placed(lines=[Piece(net="95000000000000.00")]))
