"""Which instrument works on an invoice in which state, and what the others get (§3.8)."""

from dataclasses import replace

import pytest

from invoice_gateway.model.detail import Detail, Execution
from invoice_gateway.model.invoice import InvoiceKind, Lifecycle
from invoice_gateway.model.order import Request
from tests import messages as m
from tests.model.build import invoice, order
from tests.world import key


def invoices():
    """An invoice in every state in which something may be tried, by the name of the state."""
    waiting = Detail(execution=Execution.PENDING, request="REQ-1")
    requested = invoice(kind=InvoiceKind.REQUEST, order_ref="ORDER-1", detail=waiting)
    executed = replace(requested, detail=Detail(execution=Execution.EXECUTED, request="REQ-1"))
    return {
        "Draft": invoice(kind=InvoiceKind.PROFORMA, lifecycle=Lifecycle.DRAFT),
        "Sent": invoice(kind=InvoiceKind.PROFORMA, lifecycle=Lifecycle.SENT),
        "request pending": requested,
        "executed": executed,
        "no order": invoice(),
        "Issued": invoice(kind=InvoiceKind.MISC, order_ref="ORDER-1"),
        "Voided": invoice(lifecycle=Lifecycle.VOIDED),
        "Cancelled": invoice(lifecycle=Lifecycle.CANCELLED),
    }


INSTRUMENTS = {
    "discount": m.discount(),
    "bad debt": m.bad_debt(),
    "credit memo": m.memo_posted(amount="0.01"),
    "debit memo": m.memo_posted("DM-1", credit=False, amount="0.01"),
    "money-back": m.money_back(effective_date="2026-11-02"),
}
NO = "bad-transition"
OK = None
# State: what becomes of discount, bad debt, credit memo, debit memo, money-back.
STATES = {
    "Draft": (NO, NO, NO, NO, NO),
    "Sent": (NO, NO, NO, NO, NO),
    "request pending": (OK, NO, OK, OK, NO),
    "executed": (OK, OK, OK, OK, OK),
    "no order": (OK, OK, OK, OK, NO),
    "Issued": (OK, OK, OK, OK, OK),
    "Voided": (NO, NO, NO, NO, NO),
    "Cancelled": (NO, NO, NO, NO, NO),
}


@pytest.mark.parametrize(
    ("state", "instrument", "code"),
    [
        (state, instrument, code)
        for state, codes in STATES.items()
        for instrument, code in zip(INSTRUMENTS, codes, strict=True)
    ],
)
def test_which_instrument_works_in_which_state(world, state, instrument, code):
    """§3.8: before issue nothing is reversed; a pending request is cancelled, not given up."""
    terms = m.Terms(money_back_days=30)
    world.send(m.customer_account("ACME", terms=terms, sent_at="2026-11-20T11:00:00Z"))
    request = Request(
        id="REQ-1", account="ACME", order_ref="ORDER-1", type="renewal", invoice=key("INV-1")
    )
    world.book.apply([order(), request, invoices()[state]])

    if code is OK:
        world.send(INSTRUMENTS[instrument])
        assert world.invoice().pending != 100
    else:
        assert world.refusal(INSTRUMENTS[instrument]).code == code


def test_the_table_names_every_state_and_instrument():
    """Nobody forgets one."""
    assert set(STATES) == set(invoices())
    assert {len(codes) for codes in STATES.values()} == {len(INSTRUMENTS)}
