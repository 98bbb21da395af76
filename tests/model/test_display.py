"""What the four systems call a state: row by row of Appendix C, and for all there can be."""

from itertools import product

import pytest

from invoice_gateway.model.detail import Execution, Fulfilment
from invoice_gateway.model.display import Display, State, display
from invoice_gateway.model.invoice import (
    Closure,
    InvoiceKind,
    InvoiceStatus,
    Lifecycle,
    Settlement,
)

NEW, PART, PAID, DISPUTED = InvoiceStatus
UNSETTLED, PARTLY, SETTLED = Settlement
DRAFT, SENT, ISSUED, VOIDED, CANCELLED, DELETED = Lifecycle
PROFORMA, REQUEST, TOPUP = InvoiceKind.PROFORMA, InvoiceKind.REQUEST, InvoiceKind.TOPUP

AWAITING, PARTIALLY = "Provisioned & Awaiting payment", "Provisioned & Partially paid"
ALL, SOME = "Pending Amount = Invoice Amount", "0 < Pending < Amount"

APPENDIX_C = [
    # lifecycle, status, settlement, closure | S1 and S2, S3, S4
    (DRAFT, NEW, UNSETTLED, None, "Draft", None, None),
    (SENT, NEW, UNSETTLED, None, "Proforma", "New", None),
    (SENT, PART, PARTLY, None, "Proforma (partially paid)", "Partially Paid", None),
    (SENT, PAID, SETTLED, Closure.PAID, "Proforma (paid)", "Paid", None),
    (ISSUED, NEW, UNSETTLED, None, AWAITING, "New", ALL),
    (ISSUED, PAID, UNSETTLED, None, AWAITING, "Paid", ALL),
    (ISSUED, DISPUTED, UNSETTLED, None, AWAITING, "Disputed", ALL),
    (ISSUED, PART, PARTLY, None, PARTIALLY, "Partially Paid", SOME),
    (ISSUED, PAID, SETTLED, Closure.PAID, "Paid", "Paid", "balanced"),
    (ISSUED, PAID, SETTLED, Closure.DISCOUNTED, "Paid by credit", "Paid", "cancelled by discount"),
    (ISSUED, PAID, SETTLED, Closure.WRITTEN_OFF, "Paid by credit", "Paid", "cancelled by bad debt"),
    (VOIDED, NEW, UNSETTLED, None, "Void", None, None),
    (CANCELLED, NEW, SETTLED, Closure.CANCELLED, None, None, "Cancelled"),
    # what the appendix leaves out
    (ISSUED, PAID, SETTLED, Closure.CREDITED, "Paid by credit", "Paid", "balanced"),
    (ISSUED, PAID, SETTLED, Closure.MIXED, "Paid", "Paid", "balanced"),
    (ISSUED, PAID, SETTLED, Closure.NOTHING_DUE, "Paid", "Paid", "balanced"),
    (DELETED, NEW, UNSETTLED, None, None, None, None),
]

GOODS = {
    Fulfilment.NOT_APPLICABLE: None,
    Fulfilment.READY_TO_SHIP: "Ready to Ship",
    Fulfilment.SHIPPED: "Shipped",
}


@pytest.mark.parametrize("row", APPENDIX_C, ids=lambda row: " ".join(map(str, row[:4])))
@pytest.mark.parametrize(("fulfilment", "goods"), GOODS.items())
def test_appendix_c(row, fulfilment, goods):
    """Each row in the words of S1/S2, S3 and S4; S0 speaks of the goods of an invoice."""
    *state, b3networks, comergent, resellerclub = row
    sangoma = goods if row[0] is ISSUED else None

    shown = display(State(PROFORMA, *state, fulfilment))

    assert shown == Display(b3networks, comergent, resellerclub, sangoma)


@pytest.mark.parametrize(
    ("execution", "settlement", "word"),
    [
        (Execution.PENDING, UNSETTLED, "Proforma"),
        (Execution.PENDING, PARTLY, "Proforma (partially paid)"),
        (Execution.EXECUTING, SETTLED, "Proforma (paid)"),
        (Execution.EXECUTED, UNSETTLED, AWAITING),
        (Execution.EXECUTED, SETTLED, "Paid"),
    ],
)
def test_a_request_that_waits_is_not_provisioned(execution, settlement, word):
    """X-03: executed is provisioned; in S4 it is an invoice like any other from the start."""
    closure = Closure.PAID if settlement is SETTLED else None
    shown = display(State(REQUEST, ISSUED, NEW, settlement, closure, execution=execution))

    assert shown.b3networks == word
    assert shown.resellerclub is not None


def test_a_sent_top_up_is_no_proforma():
    """S2-01: it is a type of its own until the first payment makes it a tax invoice (S2-10)."""
    assert display(State(TOPUP, SENT, NEW, UNSETTLED)).b3networks == "Top up"
    assert display(State(TOPUP, ISSUED, PART, PARTLY)).b3networks == PARTIALLY


def test_every_state_there_can_be_has_its_words():
    """Defined for all combinations of the enumerations, and never with an empty word."""
    words = set()
    for state in product(
        InvoiceKind,
        Lifecycle,
        InvoiceStatus,
        Settlement,
        (None, *Closure),
        Fulfilment,
        (None, *Execution),
    ):
        shown = display(State(*state))
        assert "" not in shown
        assert (shown.comergent is None) == (state[1] not in (SENT, ISSUED))
        assert (shown.resellerclub is None) == (state[1] not in (ISSUED, CANCELLED))
        assert (shown.b3networks is None) == (state[1] in (CANCELLED, DELETED))
        words |= {word for word in shown if word}

    assert words == {
        *{word for row in APPENDIX_C for word in row[4:] if word},
        *("Ready to Ship", "Shipped", "Top up"),
    }
