"""`invoice discount`, `write-off`, `money-back`, `take-back`: messages like any other."""

import pytest

from tests import messages as say

LATER = "2026-11-20T11:00:00Z"


@pytest.fixture
def billed(ok, tmp_path):
    """A gateway with INV-1 of ACME: 60.00 and 40.00."""
    ok("db", "upgrade")
    for name in ("erp", "financials"):
        ok("parties", "add", name, "--party", "ENTERPRISE", "--role", name)
    for at, body in enumerate((say.customer_account(), say.invoice_posted())):
        file = tmp_path / f"{at}.xml"
        file.write_bytes(body)
        ok("send", file)
    ok("worker", "--once")
    return ok


def shown(ok, number="INV-1"):
    """An invoice as `invoice show` has it."""
    ok("worker", "--once")
    return ok("invoice", "show", number, "--json").json


def test_a_discount_by_line_and_a_bad_debt_over_the_rest(billed):
    """Each goes through the bus, with a number of its own or one of the gateway."""
    said = billed(
        *("invoice", "discount", "INV-1", "--line", "1=10.00", "--line", "2=5.00"),
        *("--currency", "EUR", "--document", "DC-1", "--reason", "Loyal customer"),
    )
    assert ": confirmed; see: invoice-gateway messages show cli-" in said.out
    assert shown(billed)["pending"] == 8_500

    billed("invoice", "write-off", "INV-1", "--amount", "85.00", "--currency", "EUR")
    found = shown(billed)
    assert (found["pending"], found["closure_reason"]) == (0, "Mixed")


def test_all_that_is_pending_is_discounted_and_taken_back(billed):
    """What was a mistake is asked for again."""
    billed("invoice", "discount", "INV-1", "--all", "--document", "DC-1")
    assert shown(billed)["closure_reason"] == "Discounted"

    billed("invoice", "take-back", "INV-1", "DC-1")
    assert shown(billed)["pending"] == 10_000


def test_a_money_back_waits_for_its_order(billed):
    """It is parked as any message is that names what is not there yet."""
    billed(
        *("invoice", "money-back", "INV-1", "--order", "O-1", "--refund"),
        *("--amount", "1.00", "--currency", "EUR"),
    )
    billed("worker", "--once")

    [waiting] = billed("parked", "list", "--json").json
    assert (waiting["type"], waiting["code"]) == ("ReversalPosted", "unknown-order")


def test_a_whole_bad_debt_needs_no_amount(billed):
    """Just what is pending."""
    billed("invoice", "write-off", "INV-1")

    assert shown(billed)["closure_reason"] == "WrittenOff"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["discount", "INV-1"], "say how much: one of --amount, --line or --all"),
        (["discount", "INV-1", "--all", "--amount", "1"], "say how much"),
        (["discount", "INV-1", "--amount", "1.00"], "an amount needs its --currency"),
        (["discount", "INV-1", "--line", "1"], "--line 1: say LINE=AMOUNT"),
        (["write-off", "INV-1", "--amount", "x", "--currency", "EUR"], "xsd-invalid: /Reversal"),
    ],
)
@pytest.mark.usefixtures("billed")
def test_what_makes_no_message_is_not_sent(cli, arguments, text):
    """The person is told what is missing."""
    assert text in cli("invoice", *arguments).error
