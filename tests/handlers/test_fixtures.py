"""The fixtures: valid ones are read and decided on, invalid ones refused with their code."""

from pathlib import Path

import pytest

from invoice_gateway.model.errors import Rejected
from tests import messages, messages_offers, orders
from tests.world import World, names, read

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CASES = sorted(path for path in FIXTURES.glob("*/*.xml") if path.parent.name != "journeys")
ACME, GLOBEX = "customer_account/reseller-on-terms", "customer_account/customer-minimal"
FIRST, THIRD = "invoice_posted/two-rates", "invoice_posted/allowance-and-shipping"


def named(path):
    """`message/case`, as the tables below write it."""
    return f"{path.parent.name}/{path.stem}"


VALID = [named(path) for path in CASES if not path.stem.startswith("invalid-")]
INVALID = [named(path) for path in CASES if path.stem.startswith("invalid-")]


def fixture(name):
    """The bytes of a fixture."""
    return (FIXTURES / f"{name}.xml").read_bytes()


def disputed():
    """The dispute that the fixtures name: financials raised it for the customer."""
    return messages.dispute_opened(
        "INV-2026-0001/1",
        invoice="INV-2026-0001",
        lines={"1": "25.00"},
        sender="financials",
        acting_for="customer",
    )


CARD = "order_placed/by-card"
BEYOND = [orders.Piece(net="999999.00")]
BY_HAND = messages.set_auto(on=False)
YEN = messages.exchange_rates({"JPY/USD": "0.0066"})
SHOP = messages.customer_account("ACME-SHOP", parent="ACME")
REQUEST = messages.request_raised("REQ-2026-0001")
OFFER, SENT, ASKED = "invoice_draft/proforma", "invoice_command/send", "invoice_command/provision"
PAID = messages.payment_posted(amount="120.00")

# What each valid fixture needs beforehand, and the events it then causes, or the code it gets.
STORIES = {
    "allocation_command/allocate-open-credit": (
        [ACME, BY_HAND, THIRD, "credit_note_posted/goodwill"],
        "allocation.posted credit.consumed invoice.status-changed",
    ),
    "allocation_command/allocate-parts": (
        [ACME, BY_HAND, FIRST, "payment_posted/transfer"],
        "allocation.posted invoice.status-changed",
    ),
    "allocation_command/auto-off-for-the-account": ([ACME], ""),
    "allocation_command/auto-on-for-a-pair": (
        [ACME, THIRD, messages.payment_posted("PAY-2026-0002", invoices=["LATER"])],
        "",
    ),
    "allocation_command/remove": (
        [ACME, FIRST, "payment_posted/transfer"],
        "allocation.removed invoice.status-changed",
    ),
    "credit_note_posted/goodwill": ([ACME], "memo.posted credit.created"),
    "credit_note_posted/minimal": ([GLOBEX], "memo.posted credit.created"),
    "customer_account/customer-minimal": ([], ""),
    "customer_account/customer-of-a-reseller": ([ACME], "forbidden"),
    "customer_account/reseller-on-terms": ([], ""),
    "dispute_notice/amend": ([ACME, FIRST, disputed()], "dispute.amended"),
    "dispute_notice/join": (
        [ACME, FIRST, disputed()],
        "invoice.line-status-changed dispute.joined",
    ),
    "dispute_notice/open-amount": (
        [ACME, THIRD],
        (
            "invoice.line-status-changed invoice.line-status-changed invoice.line-status-changed "
            "invoice.status-changed dispute.opened dispute.opened dispute.opened"
        ),
    ),
    "dispute_notice/open-everything": (
        [GLOBEX, "invoice_posted/one-line"],
        "invoice.line-status-changed invoice.status-changed dispute.opened",
    ),
    "dispute_notice/open-two-lines": (
        [ACME, FIRST],
        (
            "invoice.line-status-changed invoice.line-status-changed invoice.status-changed "
            "dispute.opened dispute.opened"
        ),
    ),
    "dispute_notice/withdraw": (
        [ACME, FIRST, disputed()],
        "invoice.line-status-changed invoice.status-changed dispute.withdrawn",
    ),
    "dispute_resolution/rejected": (
        [ACME, FIRST, disputed()],
        "invoice.line-status-changed invoice.status-changed dispute.resolved",
    ),
    "dispute_resolution/upheld": (
        [ACME, FIRST, disputed()],
        "memo.posted invoice.line-status-changed invoice.status-changed dispute.resolved",
    ),
    "dispute_resolution/upheld-in-part": (
        [ACME, FIRST, disputed()],
        "memo.posted invoice.line-status-changed invoice.status-changed dispute.resolved",
    ),
    "exchange_rates/dollars-in-rupees": ([], ""),
    "exchange_rates/several-pairs": ([], ""),
    "invoice_posted/allowance-and-shipping": ([ACME], "invoice.issued"),
    "invoice_posted/misc-of-a-reseller": ([ACME, SHOP], "invoice.issued"),
    "invoice_posted/of-a-reseller": ([ACME, SHOP], "forbidden"),
    "invoice_posted/one-line": ([GLOBEX], "invoice.issued"),
    "invoice_posted/two-rates": ([ACME], "invoice.issued"),
    "invoice_posted/yen": ([GLOBEX, YEN], "invoice.issued"),
    "invoice_command/auto-off": ([ACME, FIRST], ""),
    "invoice_command/cancel": (
        [ACME, REQUEST],
        ("memo.posted invoice.status-changed invoice.cancelled request.cancelled"),
    ),
    "invoice_command/copy": ([ACME, OFFER], "invoice.drafted"),
    "invoice_command/delete": ([ACME, OFFER], "invoice.deleted"),
    "invoice_command/edit": ([ACME, OFFER], "invoice.edited"),
    "invoice_command/execute-without-payment": (
        [messages.customer_account(), REQUEST],
        "request.execute-requested",
    ),
    "invoice_command/mark-sent": ([ACME, OFFER], "invoice.sent"),
    "invoice_command/provision": ([ACME, OFFER, SENT, PAID], "request.execute-requested"),
    "invoice_command/resend": ([ACME, OFFER, SENT], "invoice.sent"),
    "invoice_command/send": ([ACME, OFFER], "invoice.sent"),
    "invoice_command/void": ([ACME, OFFER, SENT], "invoice.voided"),
    "invoice_draft/from-a-quote": ([ACME], "unknown-order"),
    "invoice_draft/of-a-reseller": ([ACME, SHOP], "invoice.drafted"),
    "invoice_draft/proforma": ([ACME], "invoice.drafted"),
    "invoice_draft/topup": ([ACME], "invoice.drafted"),
    "line_status_update/customer-declares-paid": (
        [ACME, FIRST],
        "invoice.line-status-changed invoice.line-status-changed invoice.status-changed",
    ),
    "line_status_update/enterprise-confirms": (
        [ACME, FIRST],
        "invoice.line-status-changed invoice.status-changed",
    ),
    "line_status_update/of-a-reseller": ([ACME, SHOP], "forbidden"),
    "memo_posted/credit-lines": (
        [ACME, FIRST, disputed()],
        "memo.posted invoice.line-status-changed invoice.status-changed dispute.resolved",
    ),
    "memo_posted/credit-whole": ([ACME, FIRST], "memo.posted invoice.status-changed"),
    "memo_posted/debit": ([ACME, FIRST], "memo.posted"),
    "memo_posted/reverses-a-credit": (
        [ACME, FIRST, "memo_posted/credit-whole"],
        "memo.posted",
    ),
    "fulfilment_reported/first-shipment": (
        [ACME, CARD],
        (
            "invoice.issued invoice.fulfilment-changed allocation.posted "
            "invoice.line-status-changed invoice.line-status-changed invoice.line-status-changed "
            "invoice.status-changed"
        ),
    ),
    "fulfilment_reported/goods-only": (
        [ACME, CARD],
        (
            "invoice.issued invoice.fulfilment-changed allocation.posted "
            "invoice.line-status-changed invoice.status-changed"
        ),
    ),
    "order_command/cancel": ([ACME, CARD], "payment.unallocated order.status-changed"),
    "order_command/close-short": (
        [ACME, CARD, "fulfilment_reported/first-shipment"],
        "payment.unallocated order.status-changed",
    ),
    "order_command/place": ([ACME, "order_placed/quote"], "order.status-changed"),
    "order_command/release": (
        [ACME, THIRD, orders.order_placed("SO-2026-0005", method="terms", lines=BEYOND)],
        "order.status-changed",
    ),
    "order_command/resubmit-payment": (
        [ACME, orders.order_placed("SO-2026-0006", captured=False)],
        "payment.received order.status-changed",
    ),
    "order_placed/by-card": ([ACME], "payment.received order.status-changed"),
    "order_placed/by-wire-of-a-reseller": ([ACME], "order.status-changed"),
    "order_placed/quote": ([ACME], "order.status-changed"),
    "order_placed/software-on-terms": (
        [ACME],
        "invoice.issued order.status-changed order.status-changed",
    ),
    "payment_notice/minimal": (
        [ACME, FIRST],
        (
            "invoice.line-status-changed invoice.line-status-changed invoice.line-status-changed "
            "invoice.status-changed"
        ),
    ),
    "payment_notice/two-invoices": (
        [ACME, FIRST, THIRD],
        # 60.00 do not cover line 1 of the first, which comes to 72.00 with its VAT
        (
            "invoice.line-status-changed invoice.line-status-changed invoice.line-status-changed "
            "invoice.status-changed"
        ),
    ),
    "payment_posted/card-in-dollars": (
        [GLOBEX, "invoice_posted/one-line"],
        "payment.received allocation.posted invoice.line-status-changed invoice.status-changed",
    ),
    "payment_posted/for-an-order": (
        [ACME, "order_placed/by-wire-of-a-reseller"],
        "payment.received payment.unallocated order.status-changed",
    ),
    "payment_posted/for-two-invoices": (
        [ACME, FIRST, THIRD],
        (
            "payment.received allocation.posted allocation.posted invoice.line-status-changed "
            "invoice.line-status-changed invoice.line-status-changed invoice.status-changed "
            "invoice.status-changed"
        ),
    ),
    "payment_posted/transfer": (
        [ACME, FIRST],
        "payment.received allocation.posted invoice.status-changed",
    ),
    "payment_reversed/bounce": (
        [ACME, "payment_posted/for-two-invoices"],
        "payment.bounced",
    ),
    "payment_reversed/chargeback": (
        [GLOBEX, "invoice_posted/one-line", "payment_posted/card-in-dollars"],
        (
            "payment.charged-back allocation.removed invoice.line-status-changed "
            "invoice.status-changed"
        ),
    ),
    "status_query/one-invoice": ([ACME, FIRST], "status.reported"),
    "statement_query/aging": ([ACME, FIRST], "aging.reported"),
    "statement_query/statement": ([ACME, FIRST], "statement.issued"),
    "statement_query/statement-of-a-month": ([ACME], "statement.issued"),
    "payment_reversed/refund-of-an-invoice": (
        [ACME, FIRST, "payment_posted/transfer"],
        "allocation.removed payment.refunded invoice.status-changed",
    ),
    "request_raised/registration-with-fee": ([ACME], "invoice.issued"),
    "request_raised/renewal": ([ACME], "invoice.issued"),
    "service_state/active": ([ACME, "request_raised/renewal"], ""),
    "shipment_tracked/by-parcel": (
        [ACME, CARD, "fulfilment_reported/first-shipment"],
        "invoice.fulfilment-changed",
    ),
    "request_outcome/executed": (
        [ACME, OFFER, SENT, PAID, ASKED],
        (
            "invoice.issued allocation.posted invoice.line-status-changed "
            "invoice.line-status-changed invoice.status-changed task.manual-required"
        ),
    ),
    "request_outcome/failed": ([ACME, OFFER, SENT, PAID, ASKED], "provision.rejected"),
    "request_outcome/of-a-request": ([ACME, REQUEST], "bad-transition"),
    "wallet_usage/calls": (
        [
            ACME,
            "invoice_draft/topup",
            messages_offers.send("TU-2026-0001"),
            messages.payment_posted(amount="100.00", invoices=["TU-2026-0001"]),
        ],
        "wallet.debited",
    ),
    "timer_due/invoice": ([messages.customer_account(), FIRST], "invoice.overdue"),
    "reversal_posted/bad-debt": ([ACME, FIRST], "writeoff.posted invoice.status-changed"),
    "reversal_posted/discount-all": ([ACME, FIRST], "discount.posted invoice.status-changed"),
    "reversal_posted/discount-amount": ([ACME, FIRST], "discount.posted invoice.status-changed"),
    "reversal_posted/discount-lines": ([ACME, FIRST], "discount.posted invoice.status-changed"),
    "reversal_posted/money-back": ([ACME, FIRST], "unknown-order"),
    "reversal_posted/of-a-stranger": ([ACME, FIRST], "forbidden"),
    "reversal_posted/take-back": (
        [ACME, FIRST, "reversal_posted/discount-amount"],
        "memo.posted",
    ),
}


def test_every_valid_fixture_has_a_story():
    """And no story is told of a fixture that is gone."""
    assert set(STORIES) == set(VALID)


@pytest.mark.parametrize("name", VALID)
def test_a_valid_fixture_has_its_effect(name):
    """On a book with what it refers to, exactly these events, or this refusal, follow."""
    before, expected = STORIES[name]
    world = World().all(*(each if isinstance(each, bytes) else fixture(each) for each in before))

    if expected and "." not in expected:
        assert world.refusal(fixture(name)).code == expected
    else:
        assert names(world.send(fixture(name))) == expected.split()


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_fixture_gets_its_code_before_anybody_decides(name):
    """By parser, schema or handler; the place is that of the expectation, where it names one."""
    code, *place = (FIXTURES / f"{name}.expect").read_text(encoding="utf-8").split()

    with pytest.raises(Rejected) as refused:
        read(fixture(name))

    assert refused.value.code == code
    if place:
        assert refused.value.findings[0].path == place[0]
