"""The table of what may happen to an order, as a table (S0-43)."""

import pytest

from invoice_gateway.model.order import OrderLine, OrderStatus
from invoice_gateway.model.orders import MOVES, Step

TABLE = """
    -               captured=InProcess capture-failed=WaitingPayment payment-promised=WaitingPayment
    -               credit-check-passed=InProcess held-by-the-credit-check=UnderReview quoted=Quote
    Quote           captured=InProcess capture-failed=WaitingPayment payment-promised=WaitingPayment
    Quote           credit-check-passed=InProcess held-by-the-credit-check=UnderReview
    Quote           cancelled=Cancelled
    WaitingPayment  captured=InProcess capture-failed=WaitingPayment paid=InProcess
    WaitingPayment  cancelled=Cancelled
    UnderReview     credit-check-passed=InProcess held-by-the-credit-check=UnderReview
    UnderReview     released=InProcess cancelled=Cancelled
    InProcess       held-by-the-credit-check=UnderReview fulfilled=Completed cancelled=Cancelled
    InProcess       closed-short=Completed
"""


def said():
    """What the table of DOMAIN §3.9 says: (from, step) -> to."""
    found = {}
    for row in TABLE.strip().splitlines():
        begins, *moves = row.split()
        for move in moves:
            step, ends = move.split("=")
            start = None if begins == "-" else OrderStatus(begins)
            found[start, Step(step.replace("-", " "))] = OrderStatus(ends)
    return found


def test_an_order_goes_as_the_domain_says():
    """Every move of §3.9, and no other."""
    moves = {(start, step): end for start, row in MOVES.items() for step, end in row.items()}

    assert moves == said()


def test_every_status_has_a_row():
    """S0-43: silence is never ambiguous; what is done has an empty one."""
    assert set(MOVES) == {None, *OrderStatus}
    assert MOVES[OrderStatus.COMPLETED] == MOVES[OrderStatus.CANCELLED] == {}


@pytest.mark.parametrize("status", set(OrderStatus) - {OrderStatus.QUOTE})
def test_every_status_is_reached(status):
    """And none leads back to a quote."""
    assert any(end is status for row in MOVES.values() for end in row.values())


def test_pieces_are_billed_to_the_cent():
    """Three for 1.00 with 0.20 of tax: 0.33, 0.33 and 0.34; 0.06, 0.07 and 0.07."""
    line = OrderLine("1", "hardware", "Cable", quantity=3, amount=120, net=100, tax=20)

    parts = [line._replace(invoiced=at).next(1) for at in range(3)]

    assert parts == [(33, 6), (33, 7), (34, 7)]
    assert [line._replace(invoiced=at).uninvoiced for at in range(4)] == [120, 81, 41, 0]
