"""The published tuple of an invoice: Table 5 made total, Appendix B, and the flags beside it."""

from itertools import combinations_with_replacement, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model.invoice import (
    ISSUED_NEW,
    Closure,
    Confirmation,
    InvoiceStatus,
    Settlement,
    derive,
    table5,
)

from .build import PAIRS, invoice, line, lines

# Two live lines, nothing settled; `*` marks contested. Every pair of lines stands in one row.
APPENDIX_B = """
    New             NN+NN
    Partially Paid  NN+NR NN+PN NN+PR NR+PN
    Paid            NR+NR NR+PR PN+PN PN+PR PN+PD* PR+PR PR+PD* PD+PD*
    Disputed        NN+ND NN+PD NR+ND NR+PD ND+ND ND+PN ND+PR ND+PD
    Disputed        NN+DN NN+DR NN+DD NR+DN NR+DR NR+DD ND+DN ND+DR ND+DD
    Disputed        PN+DN PN+DR PN+DD PR+DN PR+DR PR+DD PD+DN PD+DR PD+DD
    Disputed        DN+DN DN+DR DN+DD DR+DR DR+DD DD+DD
"""

ONE_LINE = """
    New             NN
    Paid            NR PN PR PD*
    Disputed        ND DN DR DD
"""

SETTLED = st.integers(0, 100)
LIVE = st.builds(lambda pair, settled: line(pair, settled=settled), st.sampled_from(PAIRS), SETTLED)


def cases(table):
    """Every case of a table: status, pairs of the lines, whether contested."""
    for row in table.strip().splitlines():
        *status, said = row.strip().split("  ", 1)
        for case in said.split():
            yield InvoiceStatus(status[0].strip()), case.rstrip("*").split("+"), case[-1] == "*"


def seed_row(pairs):
    """The one row of the seed's Table 5 that matches literally, or None when none or several do.

    New: both sides New. Partially Paid: the customer has paid but not for all lines, the enterprise
    has received but not for all lines. Paid: the customer for all lines, the enterprise anything.
    Disputed: the customer on at least one line, the enterprise anything.
    """
    customer, enterprise = ({pair[side] for pair in pairs} for side in (0, 1))
    rows = {
        InvoiceStatus.NEW: customer == {"N"} and enterprise == {"N"},
        InvoiceStatus.PARTIALLY_PAID: {"P"} < customer and {"R"} < enterprise,
        InvoiceStatus.PAID: customer == {"P"},
        InvoiceStatus.DISPUTED: "D" in customer,
    }
    matching = [status for status, matches in rows.items() if matches]
    return matching[0] if len(matching) == 1 else None


def test_the_tables_are_complete():
    """Appendix B has all 45 unordered pairs, and each single line its status."""
    asked = sorted(tuple(sorted(pairs)) for _, pairs, _ in cases(APPENDIX_B))
    every = combinations_with_replacement(PAIRS, 2)

    assert asked == sorted(tuple(sorted(pairs)) for pairs in every)
    assert len(asked) == 45
    assert sorted(pairs[0] for _, pairs, _ in cases(ONE_LINE)) == sorted(PAIRS)


@pytest.mark.parametrize(("status", "pairs", "contested"), [*cases(APPENDIX_B), *cases(ONE_LINE)])
def test_lines_derive_as_the_table_says(status, pairs, contested):
    """Appendix B and the single lines, in either order."""
    for order in (pairs, pairs[::-1]):
        found = derive(invoice(of=[line(pair, number=str(at)) for at, pair in enumerate(order)]))

        assert (found.status, found.contested) == (status, contested)


@pytest.mark.parametrize("pairs", list(product(PAIRS, repeat=2)), ids="+".join)
def test_where_one_row_of_the_seed_matches_it_is_the_answer(pairs):
    """I-14, for every two lines: the literal row wins unless only the enterprise disputes."""
    literal = seed_row(pairs)
    found = table5([line(pair) for pair in pairs])

    by_enterprise_only = "D" in {pair[1] for pair in pairs} and literal is not InvoiceStatus.PAID
    if literal is not None:
        assert found is (InvoiceStatus.DISPUTED if by_enterprise_only else literal)


@given(st.lists(LIVE, min_size=1, max_size=6))
def test_every_combination_has_a_status(found):
    """I-13: defined for all lines, a function of their statuses and settled amounts alone."""
    status = table5(found)

    assert status is table5(found[::-1])
    assert status is table5([each._replace(amount=1000, line_no="x") for each in found])
    if status is InvoiceStatus.NEW:
        assert all(each.settled == 0 for each in found)
        assert {each.customer.status for each in found} == {line("NN").customer.status}


@given(st.lists(LIVE, max_size=4), st.lists(st.sampled_from(PAIRS), max_size=3))
def test_lines_that_ask_for_nothing_do_not_count(live, dead):
    """Fully credited lines are left out, whatever they say."""
    credited = [line(pair, credited=100) for pair in dead]

    assert table5([*live, *credited]) is table5(live)


def test_no_live_line_is_paid():
    """R0: nothing is owed, the closure reason says why."""
    found = derive(invoice(of=[line("NN", credited=100)]))

    assert found.status is InvoiceStatus.PAID
    assert found.closure_reason is Closure.CREDITED
    assert found.confirmation is Confirmation.UNCONFIRMED


def test_a_new_invoice_derives_to_issued_new():
    """The constant that new invoices start with is what they derive to."""
    assert derive(invoice()) == ISSUED_NEW


OPEN_CASES = [
    ("customer Paid (all), enterprise New", "PN+PN", "Paid", {}),
    ("customer Paid (some), enterprise New (all)", "PN+NN", "Partially Paid", {}),
    ("enterprise Payment Received (some)", "NR+NN", "Partially Paid", {}),
    ("enterprise Payment Received (all)", "NR+NR", "Paid", {}),
    ("customer New, enterprise Disputed", "ND+NN", "Disputed", {}),
    ("customer Paid (all), enterprise Disputed (one)", "PN+PD", "Paid", {}),
    ("one line Disputed by the customer, others Paid", "DN+PN", "Disputed", {}),
    ("Disputed line paid under protest", "DD+NR", "Disputed", {"settled": 100}),
    ("half a line paid", "NN+NN", "Partially Paid", {"settled": 50}),
]


@pytest.mark.parametrize(
    ("pairs", "status", "first"),
    [each[1:] for each in OPEN_CASES],
    ids=[each[0] for each in OPEN_CASES],
)
def test_the_combinations_the_seed_leaves_open(pairs, status, first):
    """Each line of the table of answers; `first` says what happened to line 1."""
    found = [line(pair, number=str(at)) for at, pair in enumerate(pairs.split("+"))]
    found[0] = found[0]._replace(**first)

    assert derive(invoice(of=found)).status == status


def test_a_claim_of_payment_is_not_money():
    """All lines declared paid: Paid, Unconfirmed, Unsettled, and nothing closed."""
    found = derive(invoice(of=[line("PN"), line("PN", number="2")]))

    assert found.status is InvoiceStatus.PAID
    assert found.settlement_state is Settlement.UNSETTLED
    assert found.confirmation is Confirmation.UNCONFIRMED
    assert found.closure_reason is None


def test_a_line_reduced_to_zero_leaves_the_rest_to_decide():
    """When the last unpaid line is credited away, the invoice is Paid."""
    paid = line("NR", settled=100)

    assert table5([paid, line("NN", number="2")]) is InvoiceStatus.PARTIALLY_PAID
    assert table5([paid, line("NN", number="2", credited=100)]) is InvoiceStatus.PAID


@pytest.mark.parametrize("pairs", list(product(PAIRS, repeat=2)), ids="+".join)
def test_the_enterprise_may_be_given_the_last_word(pairs):
    """The policy swaps R2 and R3: what was contested is Disputed, all else is as before."""
    found = invoice(of=[line(pair, number=str(at)) for at, pair in enumerate(pairs)])
    literal, swapped = derive(found), derive(found, dispute_wins=True)

    assert not swapped.contested
    if literal.contested:
        assert swapped.status is InvoiceStatus.DISPUTED
    else:
        assert swapped == literal


@pytest.mark.parametrize(
    ("fields", "settlement"),
    [
        ({}, "Unsettled"),
        ({"settled": 1}, "PartiallySettled"),
        ({"credited": 1}, "PartiallySettled"),
        ({"settled": 99, "credited": 1}, "Settled"),
        ({"settled": 100}, "Settled"),
        ({"written_off": 100}, "Settled"),
    ],
)
def test_settlement_follows_the_ledger(fields, settlement):
    """Settled when nothing is pending, Unsettled when everything is, else PartiallySettled."""
    assert derive(invoice(of=[line(**fields)])).settlement_state == settlement


@pytest.mark.parametrize(
    ("received", "confirmation"),
    [("NN+NN", "Unconfirmed"), ("NR+DN", "PartlyConfirmed"), ("NR+DR", "Confirmed")],
)
def test_confirmation_counts_what_was_received(received, confirmation):
    """Confirmed when every live line is received; a line that asks for nothing does not count."""
    found = [line(pair, number=str(at)) for at, pair in enumerate(received.split("+"))]
    dead = line("NN", number="9", credited=100)

    assert derive(invoice(of=found)).confirmation == confirmation
    assert derive(invoice(of=[*found, dead])).confirmation == confirmation


@pytest.mark.parametrize(
    ("fields", "by_credit", "closure"),
    [
        ({"settled": 99}, 0, None),
        ({"settled": 100}, 0, "Paid"),
        ({"settled": 100}, 100, "Credited"),
        ({"settled": 100}, 30, "Mixed"),
        ({"credited": 100}, 0, "Credited"),
        ({"credited": 60, "settled": 40}, 40, "Credited"),
        ({"credited": 60, "settled": 40}, 0, "Mixed"),
        ({"written_off": 100}, 0, "WrittenOff"),
        ({"written_off": 50, "settled": 50}, 0, "Mixed"),
        ({"settled": 100, "excess": 20}, 0, "Paid"),
    ],
)
def test_the_closure_reason_says_why_nothing_is_owed(fields, by_credit, closure):
    """Paid by money, Credited by memos or open credit, WrittenOff, or several of them."""
    found = invoice(of=[line(**fields)], settled_by_credit=by_credit)

    assert derive(found).closure_reason == closure


def test_an_invoice_over_nothing_is_closed_from_the_start():
    """Zero to pay: Paid, Settled, NothingDue."""
    found = derive(invoice(of=lines(0)))

    assert found.status is InvoiceStatus.PAID
    assert found.settlement_state is Settlement.SETTLED
    assert found.closure_reason is Closure.NOTHING_DUE
