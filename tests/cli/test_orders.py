"""`order`: what acts is a message like any other; the rest is looking."""

import pytest

from tests import messages as say
from tests.messages import Terms
from tests.orders import Piece, fulfilled, order_placed

PLACE = (
    *("order", "place", "O-1", "--customer", "ACME", "--method", "terms", "--currency", "EUR"),
    *("--line", "serialised hardware:2:30.00:20:Telephone", "--line", "support:1:4.00:0:Help"),
    *("--shipping", "10.00:20", "--channel", "desk"),
)


@pytest.fixture
def ready(ok, tmp_path):
    """A gateway that knows ACME, which may owe 50.00, and who sends."""
    ok("db", "upgrade")
    for name, role in (
        ("erp", "erp"),
        ("portal", "portal"),
        ("financials", "financials"),
        ("warehouse", "fulfilment"),
    ):
        ok("parties", "add", name, "--party", "ENTERPRISE", "--role", role)
    account = tmp_path / "account.xml"
    account.write_bytes(say.customer_account(terms=Terms(credit_limit="50.00")))
    ok("send", account)
    return ok


def test_an_order_goes_the_way_of_all_messages(ready):
    """Placed, held by the credit check, released by a person; each one sent, and taken in."""
    assert ": confirmed; see: invoice-gateway messages show cli-" in ready(*PLACE).out
    ready("worker", "--once")

    [found] = ready("order", "list", "--status", "UnderReview", "--json").json
    assert (found["reference"], found["total"]) == ("O-1", 8_800)
    assert found["hold_reasons"] == ["over-limit"]
    assert "88.00" in ready("order", "list", "--account", "ACME").out

    ready("order", "release", "O-1", "--reason", "Announced by telephone")
    ready("worker", "--once")

    shown = ready("order", "show", "O-1", "--json").json
    assert shown["status"] == "InProcess"
    assert shown["released_by"].startswith("financials/")
    assert [each["serialised"] for each in shown["lines"]] == [True, False]
    assert shown["shipping_tax"] == 200


def test_an_order_shows_what_became_of_it(ready, tmp_path):
    """Serial numbers with their line, invoices, and the money still held."""
    messages = {
        "1": order_placed(lines=[Piece(quantity=2, serialised=True)]),
        "2": fulfilled(serials={"1": ["TEL-1"]}),
    }
    for name, body in messages.items():
        (tmp_path / name).write_bytes(body)
        ready("send", tmp_path / name)
    ready("worker", "--once")

    shown = ready("order", "show", "O-1", "--json").json
    assert shown["lines"][0]["serials"] == ["TEL-1"]
    assert [(each["number"], each["fulfilment"]) for each in shown["invoices"]] == [
        ("INV:O-1:1", "ready-to-ship")
    ]
    assert [(each["reference"], each["remaining"]) for each in shown["held"]] == [("CAP-1", 5_000)]
    text = ready("order", "show", "O-1").out
    assert "TEL-1" in text
    assert "50.00" in text


@pytest.mark.parametrize(
    ("verb", "status"), [("cancel", "Cancelled"), ("close-short", "InProcess")]
)
def test_an_order_is_given_up(ready, verb, status):
    """What cannot be done is refused by the rules, as for everybody."""
    charge = ("--method", "credit-card", "--capture", "C-1")
    ready(*PLACE[:5], *charge, *PLACE[7:])
    ready("order", verb, "O-1", "--reason", "As agreed")
    ready("worker", "--once")

    assert ready("order", "show", "O-1", "--json").json["status"] == status
    dead = ready("dead", "list", "--json").json
    assert [each["code"] for each in dead] == (["bad-transition"] if verb != "cancel" else [])


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (("--line", "hardware:2:30.00"), "--line 'hardware:2:30.00' is not of the form CATEGORY:"),
        (("--line", "hardware:x:1:0:Y"), "--line 'hardware:x:1:0:Y' is not of the form CATEGORY:"),
        (("--line", "hardware:1:1:x:Y"), "'x' is no tax rate"),
        (("--line", "ships:1:1:0:Y"), "xsd-invalid: /OrderPlaced/Lines/Line"),
        (("--shipping", "much"), "--shipping 'much' is not of the form NET:TAX_RATE"),
        (("--currency", "ZZZ"), "there is no currency 'ZZZ'"),
    ],
)
@pytest.mark.usefixtures("ready")
def test_what_makes_no_valid_message_is_not_sent(cli, said, error):
    """The person is told what is wrong."""
    assert cli(*PLACE, *said).error.startswith(error)


@pytest.mark.usefixtures("ready")
def test_a_card_that_was_refused_is_said_to_be(cli, ok):
    """The order waits for its payment."""
    cli(*PLACE[:5], "--method", "credit-card", "--capture", "C-1", "--refused", *PLACE[7:])
    ok("worker", "--once")

    assert ok("order", "show", "O-1", "--json").json["status"] == "WaitingPayment"


@pytest.mark.usefixtures("ready")
def test_an_unknown_order_is_said_to_be(cli):
    """Where to look is said as well."""
    said = cli("order", "show", "NONE")

    assert said.code == 1
    assert "there is no order 'NONE'" in said.err
