"""Who may send what, and for whose accounts (DOMAIN §3.16)."""

import pytest

from invoice_gateway.model.decision import Reach, Role
from tests import messages as m
from tests import messages_offers as offers
from tests import orders as o
from tests.world import SENDERS, handlers

# `any`: every account; `beneath`: one's own and those of one's customers; `own`; others: never.
RIGHTS = """
    CustomerAccount   erp:any financials:any
    ExchangeRates     erp:any financials:any
    InvoicePosted     erp:any financials:any reseller:beneath
    MemoPosted        erp:any financials:any
    CreditNotePosted  erp:any financials:any
    InvoiceDraft      portal:any financials:any partner:beneath
    InvoiceCommand    portal:any financials:any partner:beneath reseller:beneath
    RequestOutcome    provisioning:any
    WalletUsage       usage:any
    PaymentPosted     erp:any financials:any bank:any
    PaymentReversed   financials:any bank:any
    PaymentNotice     partner:own owner:own
    ReversalPosted    financials:any reseller:beneath
    AllocationCommand financials:any partner:beneath reseller:beneath owner:own
    DisputeNotice     financials:any partner:own owner:own
    DisputeResolution financials:any
    LineStatusUpdate  financials:any partner:own owner:own
    RequestRaised     portal:any
    ServiceState      provisioning:any
    TimerDue          system:any
    StatusQuery       erp:any financials:any partner:beneath owner:own
    StatementQuery    erp:any financials:any partner:beneath owner:own
    OrderPlaced       erp:any portal:any partner:beneath
    OrderCommand      erp:any financials:any
    FulfilmentReported fulfilment:any
    ShipmentTracked   fulfilment:any
"""


def cells():
    """Every message with every role: message, role, reach or None."""
    for row in RIGHTS.strip().splitlines():
        message, *said = row.split()
        reaches = dict(each.split(":") for each in said)
        assert set(reaches) <= {*Role}
        for role in Role:
            yield message, role, Reach(reaches[role]) if role in reaches else None


EXAMPLES = {
    "CustomerAccount": m.customer_account,
    "ExchangeRates": m.exchange_rates,
    "InvoicePosted": m.invoice_posted,
    "MemoPosted": lambda **said: m.memo_posted(amount="1.00", **said),
    "CreditNotePosted": m.credit_note_posted,
    "InvoiceDraft": offers.invoice_draft,
    "InvoiceCommand": offers.send,
    "RequestOutcome": offers.request_outcome,
    "WalletUsage": offers.wallet_usage,
    "ReversalPosted": m.discount,
    "PaymentPosted": m.payment_posted,
    "PaymentReversed": m.payment_reversed,
    "PaymentNotice": m.payment_notice,
    "AllocationCommand": m.allocate,
    "DisputeNotice": m.dispute_opened,
    "DisputeResolution": lambda **said: m.dispute_resolution("ACME/DN-1/1", **said),
    "LineStatusUpdate": m.line_status_update,
    "RequestRaised": m.request_raised,
    "ServiceState": m.service_state,
    "TimerDue": m.timer_due,
    "StatusQuery": m.status_query,
    "StatementQuery": m.statement_query,
    "OrderPlaced": o.order_placed,
    "OrderCommand": o.order_command,
    "FulfilmentReported": o.fulfilled,
    "ShipmentTracked": o.tracked,
}


def test_the_table_is_complete():
    """All messages, all roles."""
    found = list(cells())

    assert {message for message, _, _ in found} == set(handlers()) == set(EXAMPLES)
    assert {role for _, role, _ in found} == set(Role)
    assert len(found) == len(handlers()) * len(Role)


@pytest.mark.parametrize(("message", "role", "reach"), list(cells()))
def test_a_role_may_send_it_that_far(message, role, reach):
    """Exactly as the table says."""
    assert handlers()[message].rights.get(role) is reach


@pytest.mark.parametrize(
    ("message", "role"), [(message, role) for message, role, reach in cells() if reach is None]
)
def test_whoever_may_not_is_refused_whatever_it_says(world, message, role):
    """I-32: before anything is decided, and without a trace."""
    sender = next(each.sender for each in SENDERS.values() if each.role is role)

    refused = world.refusal(EXAMPLES[message](sender=sender))

    assert refused.code == "forbidden"
    assert refused.message == f"role {role} may not send {message}"


FOREIGN = [
    ("PaymentNotice", {"sender": "globex"}),
    ("PaymentNotice", {"sender": "acme", "invoices": ["SHOP-1"]}),
    ("ReversalPosted", {"sender": "reseller", "invoice": "GX-1"}),
    ("AllocationCommand", {"sender": "globex"}),
    ("AllocationCommand", {"sender": "reseller", "customer": "GLOBEX", "invoice": "GX-1"}),
    ("AllocationCommand", {"sender": "shop"}),
    ("StatusQuery", {"sender": "globex"}),
    ("StatusQuery", {"sender": "shop"}),
    ("StatementQuery", {"sender": "globex"}),
    ("StatementQuery", {"sender": "shop"}),
    ("InvoiceDraft", {"sender": "acme", "customer": "GLOBEX"}),
    ("InvoiceCommand", {"sender": "acme", "invoice": "GLOBEX-1"}),
    ("DisputeNotice", {"sender": "globex"}),
    ("DisputeNotice", {"sender": "acme", "invoice": "SHOP-1"}),
    ("OrderPlaced", {"sender": "acme", "customer": "GLOBEX"}),
    ("LineStatusUpdate", {"sender": "globex"}),
    ("LineStatusUpdate", {"sender": "acme", "invoice": "SHOP-1"}),
]


@pytest.mark.parametrize(("message", "said"), FOREIGN)
def test_nobody_acts_on_accounts_out_of_reach(billed, message, said):
    """Not on a stranger's, nor (but for allocations) a reseller on those of its customers."""
    billed.all(
        m.invoice_posted("SHOP-1", customer="ACME-SHOP"),
        offers.invoice_draft("GLOBEX-1", customer="GLOBEX"),
        m.invoice_posted("GX-1", customer="GLOBEX"),
        m.payment_posted(amount="1.00"),
    )

    refused = billed.refusal(EXAMPLES[message](**said))

    assert refused.code == "forbidden"
    assert "another party's account" in refused.message


def test_a_customer_joins_only_disputes_about_itself(billed):
    """Also a dispute is out of reach when its invoice is."""
    billed.send(m.dispute_opened(lines=["1"], sender="financials"))

    refused = billed.refusal(m.dispute_joined("ENTERPRISE/DN-1/1", sender="globex"))

    assert refused.code == "forbidden"
