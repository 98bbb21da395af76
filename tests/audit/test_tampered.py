"""Whoever changes a number in the database is found out, by the invariant that forbids it."""

import pytest
import sqlalchemy as sa

from invoice_gateway import audit
from invoice_gateway.audit import Reader
from invoice_gateway.store import connect
from tests import messages as say
from tests.cli.conftest import Cli
from tests.engine_harness import ENTERPRISE, Sender, opened

BUSINESS = (
    say.customer_account(),
    say.invoice_posted(lines=["60.00", "40.00"]),
    say.invoice_posted("INV-2", lines=["30.00"], issue_date="2026-11-05"),
    say.payment_posted(amount="110.00"),
    say.memo_posted(lines={"1": "10.00"}),
    say.dispute_opened(invoice="INV-2", lines={"1": "5.00"}),
    say.payment_posted("PAY-2", amount="50.00"),
    say.request_raised(amount="200.00"),
    say.memo_posted("MEMO-9", invoice="INV-NOBODY", amount="1.00"),
)

TAMPERED = (
    ("UPDATE source SET remaining = remaining + 1 WHERE reference = 'PAY-1'", "I-01/02"),
    ("UPDATE source SET allocated = allocated - 1 WHERE reference = 'PAY-1'", "I-03"),
    ("UPDATE line_state SET settled = settled - 1 WHERE settled > 0", "I-04/05"),
    ("UPDATE invoice SET pending = pending + 1 WHERE number = 'INV-2'", "I-06"),
    ("UPDATE memo SET open_credit = open_credit + 1 WHERE number = 'MEMO-1'", "I-07"),
    ("UPDATE source SET remaining = 5 WHERE type = 'payment'", "I-08"),
    ("UPDATE invoice SET status = 'New' WHERE number = 'INV-1'", "I-13/14"),
    ("UPDATE invoice SET status = 'Disputed' WHERE number = 'INV-1'", "I-15"),
    ("UPDATE line_state SET enterprise = 'New' WHERE settled > 0", "I-16"),
    ("UPDATE dispute SET state = 'rejected'", "I-17"),
    ("UPDATE line_state SET customer = 'Paid' WHERE customer = 'New'", "I-18"),
    ("UPDATE invoice SET contested = true WHERE number = 'INV-2'", "I-19"),
    ("UPDATE invoice SET version = version + 1 WHERE number = 'INV-1'", "P-04"),
    ("DELETE FROM parked", "P-01"),
    ("UPDATE invoice SET lifecycle = 'Voided' WHERE number = 'INV-1'", "I-20/21"),
    ("UPDATE source SET allocated = 0, remaining = amount WHERE reference = 'PAY-1'", "I-23"),
)
"""What is done to a database, and who says so."""


def busy(url: str) -> None:
    """Have some business done."""
    with opened(url, (*ENTERPRISE, Sender("acme", "ACME", "partner"))) as engine:
        assert engine.send(*BUSINESS) == ["accepted"] * (len(BUSINESS) - 1) + [
            "parked unknown-invoice"
        ]


def tamper(url: str, *statements: str) -> None:
    """Change the database behind the back of the gateway."""
    store = connect(url)
    with store.engine.begin() as connection:
        for each in statements:
            assert connection.execute(sa.text(each)).rowcount != 0
    store.close()


@pytest.mark.parametrize(("statement", "invariant"), TAMPERED)
def test_who_tampers_is_found_out(cli: Cli, databases, statement: str, invariant: str):
    """Exit code 1, and the table names the invariant and what is wrong."""
    url = databases.new()
    busy(url)
    tamper(url, statement)

    said = cli("audit", "--json", "--database-url", url)

    broken = {each["name"] for each in said.json["invariants"] if each["breaches"]}
    assert said.code == 1
    assert said.json["sound"] is False
    assert invariant in broken


def test_sound_books_are_called_so(ok: Cli, url: str):
    """On both databases: every invariant, what it says, how much was looked at, no breach."""
    busy(url)

    said = ok("audit", "--database-url", url)

    assert "the books are sound" in said.out
    for rule in audit.ALWAYS:
        assert rule.name in said.out
    [pending] = [line for line in said.out.splitlines() if line.startswith("I-06 ")]
    assert pending.endswith("3  invoices            0")


def test_breaches_are_printed_for_people(cli: Cli, databases):
    """Each with its invariant and where it is; below the table of all."""
    url = databases.new()
    busy(url)
    tamper(url, "UPDATE invoice SET pending = pending + 1 WHERE number = 'INV-2'")

    said = cli("audit", "--database-url", url)

    assert said.code == 1
    assert "Broken" in said.out
    assert "INV-2: 1000 are open, 1001 are pending" not in said.out
    assert any(line.startswith("I-06") and "INV-2" in line for line in said.out.splitlines())


def test_a_reader_that_forgets_judges_alike(url: str):
    """Without events and bodies in memory, and read in two goes: the same findings."""
    with opened(url, (*ENTERPRISE, Sender("acme", "ACME", "partner"))) as engine:
        forgetful = Reader(engine.store, keep=False)
        engine.send(*BUSINESS[:4])
        before = forgetful.read()
        engine.send(*BUSINESS[4:])
        now, whole = forgetful.read(), Reader(engine.store).read()

    assert now.events == ()
    assert len(whole.events) == whole.heard.names.total() > 20
    assert now.heard == whole.heard
    assert now.said == whole.said
    audit.check(now, before)
    assert [*audit.judged(now)] == [*audit.judged(whole)]
    assert before.heard != now.heard


def test_an_event_that_lies_is_found_out(databases):
    """What its schema does not allow, and what does not follow from what was told before."""
    url = databases.new()
    busy(url)
    tamper(
        url,
        "DROP TRIGGER keep_event_update",
        "UPDATE event SET name = 'invoice.forged' WHERE name = 'invoice.status-changed'",
        "UPDATE event SET version = 99 WHERE name = 'dispute.opened'",
        "UPDATE event SET type = 'PaymentReceived' WHERE name = 'credit.created'",
    )
    store = connect(url)
    broken = {found.name for found in audit.judged(Reader(store).read()) if found.breaches}
    store.close()

    assert {"I-19", "P-04", "§4.3"} <= broken
