"""`validate` and `send`."""

import io
import json
import sys

import pytest

from tests.cli.conftest import FIXTURES

VALID = FIXTURES / "invoice_posted/one-line.xml"
TOTALS = FIXTURES / "invoice_posted/invalid-totals.xml"
DECIMALS = FIXTURES / "invoice_posted/invalid-decimals.xml"


@pytest.fixture
def stdin(monkeypatch):
    """Give bytes to the command on its standard input."""

    def give(body: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))

    return give


def test_valid_and_invalid_files(cli):
    """One object a line, in the order asked; exit 1 because one is invalid."""
    said = cli("validate", "--json", VALID, TOTALS)

    assert said.code == 1
    good, bad = said.lines
    assert good == {
        "file": str(VALID),
        "valid": True,
        "code": None,
        "message_type": "InvoicePosted",
        "errors": [],
    }
    assert (bad["valid"], bad["code"]) == (False, "totals-mismatch")
    assert bad["errors"][0].keys() == {"line", "path", "message", "expected"}
    assert bad["errors"][0]["path"] == "/InvoicePosted/Totals/TaxInclusive"


def test_every_invalid_fixture_is_found_by_its_code(cli):
    """`validate` says what the gateway would say; nothing is left in the folder."""
    cases = [
        (each, each.with_suffix(".expect").read_text(encoding="utf-8").split()[0])
        for each in sorted(FIXTURES.glob("*/invalid-*.xml"))
    ]
    said = cli("validate", "--json", *(case for case, _ in cases))

    assert said.code == 1
    assert [each["code"] for each in said.lines] == [code for _, code in cases]
    assert all(each["errors"] for each in said.lines)


def test_all_valid_is_exit_0(ok):
    """Every valid fixture passes."""
    files = [
        each
        for each in sorted(FIXTURES.glob("*/*.xml"))
        if not each.name.startswith("invalid-") and each.parent.name != "journeys"
    ]

    assert ok("validate", *files).out.count(": valid ") == len(files) > 30


def test_people_get_lines(cli):
    """The place, what is wrong, what was expected."""
    first, second = cli("validate", DECIMALS).out.splitlines()

    assert first == f"{DECIMALS}: invalid InvoicePosted: decimals"
    assert second == (
        "  line 41, /InvoicePosted/Lines/Line[1]/NetAmount: '60.005' cannot be read; "
        "expected: at most 2 decimals in EUR"
    )


def test_stdin_is_a_file(cli, stdin):
    """`-` reads it."""
    stdin(b"<a")

    [report] = cli("validate", "--json", "-").lines

    assert (report["file"], report["code"]) == ("-", "xml-malformed")


def test_a_message_goes_to_the_folder_of_its_sender(ok, tmp_path):
    """The document names the sender; its properties lie beside it."""
    said = ok("send", VALID)

    assert said.out == f"{VALID}: confirmed\n"
    [message] = (tmp_path / "spool/inbox/erp").glob("*.xml")
    assert message.read_bytes() == VALID.read_bytes()
    properties = json.loads(message.with_suffix(".json").read_text())
    assert (properties["id"], properties["type"]) == ("invoice-posted-one-line", "InvoicePosted")
    assert properties["headers"] == {"account": "GLOBEX"}


def test_messages_of_several_senders_keep_their_order(ok, tmp_path):
    """Each goes to its own folder, in the order given."""
    join = FIXTURES / "dispute_notice/join.xml"

    ok("send", VALID, join, VALID)

    sent = sorted((tmp_path / "spool/inbox").glob("*/*.xml"), key=lambda path: path.name)
    assert [each.parent.name for each in sent] == ["erp", "financials", "erp"]


def test_somebody_else_may_be_named(ok, tmp_path):
    """`--sender` wins over the document, and rubbish needs it."""
    (tmp_path / "rubbish.xml").write_bytes(b"<a")

    ok("send", "--sender", "mallory", VALID, "rubbish.xml")

    assert len([*(tmp_path / "spool/inbox/mallory").glob("*.xml")]) == 2


def test_rubbish_without_a_sender_is_not_sent(cli, tmp_path):
    """Nothing is sent then, not even the good file before it."""
    (tmp_path / "rubbish.xml").write_bytes(b"<a")

    said = cli("send", VALID, "rubbish.xml")

    assert "rubbish.xml: names no Sender that can be read" in said.error
    assert not (tmp_path / "spool").exists()


def test_a_sender_that_is_no_name_is_refused(cli):
    """It would leave the folder."""
    assert "sender '../x' cannot name a folder" in cli("send", "--sender", "../x", VALID).error


@pytest.fixture
def erp_url(amqp_url, rabbitmq_server) -> str:
    """The broker as the user `erp`, in a virtual host without topology."""
    if "erp" not in rabbitmq_server._passwords:
        rabbitmq_server.add_user("erp", "secret-of-erp")
    return rabbitmq_server.amqp_url("erp", amqp_url.rsplit("/", 1)[1])


def test_the_broker_has_the_last_word(cli, ok, amqp_url, erp_url):
    """Confirmed for the user we connect as; for another one failed, with the broker's reason."""
    ok("topology", "apply", "--bus-url", amqp_url)

    assert ok("send", "--bus-url", erp_url, VALID).out == f"{VALID}: confirmed\n"
    refused = cli("send", "--bus-url", erp_url, "--sender", "acme", VALID, VALID)

    assert refused.code == 1
    assert refused.out.count(": failed: ") == 2
    assert "user_id" in refused.out
    assert "secret-of-erp" not in refused.out + refused.err


def test_no_topology_is_a_failure_that_says_so(cli, erp_url):
    """The exchange is missing: exit 1 and the reason."""
    said = cli("send", "--bus-url", erp_url, VALID)

    assert said.code == 1
    assert "failed: " in said.out
    assert "invoice-gateway.in" in said.out
