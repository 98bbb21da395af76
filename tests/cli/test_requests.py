"""`request`: raised by a message like any other, listed and shown."""

import pytest

from tests import messages as say

RAISE = (
    *("request", "raise", "REQ-1", "--customer", "ACME", "--order", "O-1", "--type", "renewal"),
    *("--description", "A year more", "--amount", "90.00", "--fee", "10.00"),
    *("--currency", "EUR", "--issue-date", "2026-11-20"),
)


@pytest.fixture
def ready(ok):
    """A gateway that knows the portal and ACME."""
    ok("db", "upgrade")
    for name, role in (("erp", "erp"), ("portal", "portal")):
        ok("parties", "add", name, "--party", "ENTERPRISE", "--role", role)
    return ok


def test_a_request_goes_the_way_of_all_messages(ready, tmp_path):
    """Sent, taken in by a worker, listed as pending, shown with its invoice."""
    account = tmp_path / "account.xml"
    account.write_bytes(say.customer_account())
    ready("send", account)

    said = ready(*RAISE)
    assert ": confirmed; see: invoice-gateway messages show cli-" in said.out
    ready("worker", "--once")

    [found] = ready("request", "list", "--json").json
    assert (found["id"], found["state"], found["pending"]) == ("REQ-1", "pending", 10_000)
    shown = ready("request", "show", "REQ-1", "--json").json
    assert (shown["invoice_number"], shown["order_status"]) == ("INV:REQ-1", "Completed")
    assert "REQ-1" in ready("request", "list").out
    assert "100.00" in ready("request", "show", "REQ-1").out


def test_a_request_is_cancelled_or_executed_by_a_command(ready, tmp_path):
    """Each is an InvoiceCommand about the invoice of the request."""
    account = tmp_path / "account.xml"
    account.write_bytes(say.customer_account())
    ready("send", account)
    ready(*RAISE)
    ready(*[each.replace("REQ-1", "REQ-2") for each in RAISE])
    ready("request", "cancel", "REQ-1", "--reason", "ordered twice")
    ready("request", "execute", "REQ-2", "--invoice", "cancel")
    ready("worker", "--once")

    found = ready("request", "list", "--json").json
    assert {each["id"]: each["state"] for each in found} == {
        "REQ-1": "cancelled",
        "REQ-2": "executing",
    }


@pytest.mark.usefixtures("ready")
def test_what_makes_no_valid_message_is_not_sent(cli):
    """The person is told which element is wrong; the inbox stays as it is."""
    wrong = [each if each != "renewal" else "wish" for each in RAISE]

    error = cli(*wrong).error

    assert error.startswith("xsd-invalid: /RequestRaised/Type")


@pytest.mark.usefixtures("ready")
def test_an_unknown_request_is_said_to_be(cli):
    """Where to look is said as well."""
    said = cli("request", "show", "NONE")

    assert said.code == 1
    assert "there is no request 'NONE'" in said.err
