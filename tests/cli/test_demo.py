"""`demo`: what a newcomer sees first, and what can be looked at afterwards."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Said


def play(folder: Path) -> Said:
    """Run the demo as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "invoice_gateway", "demo"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> tuple[Path, Said]:
    """The folder of a demo that has been played, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, play(folder)


@pytest.fixture
def after(cli, played):
    """Ask a verb about the database of the demo."""
    folder = played[0] / "invoice-gateway-demo"
    url = f"sqlite:///{folder / 'invoices.db'}"

    def call(*arguments):
        return cli("--database-url", url, "--bus-url", f"folder:{folder}", *arguments)

    return call


def section(text: str, title: str) -> list[list[str]]:
    """The rows of a table that was printed as plain text."""
    lines = text.partition(f"{title}\n")[2].partition("\n\n")[0].splitlines()
    return [line.split() for line in lines[1:]]


def test_it_ends_well_and_says_where_everything_is(played):
    """Results on stdout, progress on stderr, no log lines, no traceback."""
    folder, said = played

    assert said.code == 0, said.err
    assert "Traceback" not in said.err
    assert not any(line.startswith("{") for line in said.err.splitlines())
    assert "playing" in said.err
    for name in ("inbox/<sender>/", "outbox/", "rejected/", "invoices.db"):
        assert f"invoice-gateway-demo/{name}" in said.out
    assert (folder / "invoice-gateway-demo/invoices.db").exists()
    assert [*(folder / "invoice-gateway-demo/outbox").glob("*.xml")]


def test_every_outcome_occurs(played):
    """Accepted, parked then released, duplicate, still parked, rejected."""
    counts = {row[0]: row for row in section(played[1].out, "Messages")}

    for outcome in ("accepted", "duplicate", "parked", "rejected"):
        assert int(counts[outcome][1]) > 0, outcome
    assert int(counts["of"][3]) > 0


def test_every_status_of_an_invoice_occurs(after):
    """New, Partially Paid, Paid and Disputed."""
    found = after("invoice", "list", "--json").json

    assert {each["status"] for each in found} == {"New", "Partially Paid", "Paid", "Disputed"}


def test_rejections_come_with_their_report(played):
    """Code, place, what was found, what was expected."""
    out = played[1].out.partition("Rejected\n")[2].partition("\n\n")[0]

    assert "totals-mismatch" in out
    assert "/InvoicePosted/Totals/Payable" in out
    assert "line 13 /DisputeNotice/Open/ReasonCode" in out


def test_all_events_are_published(played):
    """By name with counts; none is left in the outbox, and each is a file."""
    rows = section(played[1].out, "Events published")

    assert {"invoice.issued", "invoice.status-changed", "message.rejected"} <= {r[0] for r in rows}
    assert {row[2] for row in rows} == {"0"}
    files = [*(played[0] / "invoice-gateway-demo/outbox").glob("*.xml")]
    assert len(files) == sum(int(row[1]) for row in rows)


def test_the_second_run_is_as_good_as_the_first(played):
    """The folder is made anew, and everything ends the same."""
    folder, first = played
    keep = folder / "invoice-gateway-demo/kept-by-nobody"
    keep.touch()

    second = play(folder)

    assert (second.code, second.out) == (0, first.out)
    assert not keep.exists()


def test_it_does_not_throw_away_what_is_not_its_own(cli, tmp_path):
    """A folder with anything else in it is left alone."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").touch()

    said = cli("demo", "--keep", "mine")

    assert said.error.startswith("mine is there already and was not made by the demo")
    assert (tmp_path / "mine/thesis.txt").exists()


def test_invoices_can_be_looked_at(after):
    """The list by status, one invoice with its lines, its events in order."""
    [disputed] = after("invoice", "list", "--status", "Disputed", "--json").json
    number = disputed["number"]
    shown = after("invoice", "show", number, "--json").json
    history = after("invoice", "history", number, "--json").json

    assert any(line["customer"] == "Disputed" for line in shown["lines"])
    assert shown["disputes"]
    assert history[0]["name"] == "invoice.issued"
    assert "dispute.opened" in {each["name"] for each in history}
    text = after("invoice", "show", number).out
    assert f"number             {number}" in text
    assert "\nlines\n" in text
    assert "\ndisputes\n" in text
    assert shown["display"]["comergent"] == "Disputed"
    assert "\ncomergent     Disputed\n" in text
    assert after("invoice", "show", f"ENTERPRISE/{number}").out == text
    assert "invoice.issued" in after("invoice", "history", number).out


def test_amounts_are_decimal_for_people_and_minor_units_in_json(after):
    """With the decimals of their currency, also where it has three or none."""
    for currency, places in (("EUR", 2), ("BHD", 3), ("JPY", 0)):
        found = next(
            each
            for each in after("invoice", "list", "--json").json
            if each["currency"] == currency and each["pending"]
        )
        row = next(
            line
            for line in after("invoice", "list").out.splitlines()
            if line.split()[1] == found["number"]
        )
        pending = row.split()[row.split().index(currency) - 1]
        assert int(pending.replace(".", "")) == found["pending"]
        assert len(pending.partition(".")[2]) == places


def test_values_in_the_accounting_currency_stand_beside_the_amounts(after):
    """S4-05, S4-08, S4-09: in the decimals of that currency, for people and for programs."""
    shown = after("invoice", "show", "AL-1")
    yen = after("invoice", "show", "KY-1").out

    worth = "currency=EUR rate=1.15 amount=345.00 settled=172.50 pending=172.50"
    assert worth in shown.out
    assert "currency=EUR source_carry=117.00 carry=115.00 gain=2.00" in shown.out
    assert "gain=-0.50" in shown.out
    assert "currency=JPY source_carry=751 carry=758 gain=-7" in yen
    assert worth in next(
        line for line in after("invoice", "list").out.splitlines() if "AL-1" in line
    )
    listed = after("invoice", "show", "AL-1", "--json").json
    assert (listed["pending"], listed["accounting"]["pending"]) == (15_000, 17_250)
    account = after("account", "show", "ALBION", "--json").json
    assert account["accounting"] == [
        {"currency": "EUR", "pending": 17_250, "remaining": 0, "balance": 17_250}
    ]
    assert "\naccounting\n" in after("account", "show", "ALBION").out


def test_accounts_can_be_looked_at(after):
    """Terms, totals per currency, open invoices."""
    party = after("invoice", "list", "--status", "Disputed", "--json").json[0]["account"]

    found = after("account", "show", party, "--json").json

    assert found["party"] == party
    assert found["totals"][0]["pending"] == sum(each["pending"] for each in found["invoices"])
    assert "\ntotals\n" in after("account", "show", party).out


def test_the_whole_life_of_a_message(after):
    """Its bytes, its outcome, its events; refused submissions of the same id beside it."""
    first, second = after("messages", "show", "RJ-02", "--json").json[:2]

    assert (first["outcome"], second["outcome"]) == ("accepted", "rejected")
    assert "invoice.issued" in {each["name"] for each in first["events"]}
    text = after("messages", "show", "RJ-02", "--sender", "erp").out
    assert "<MessageId>RJ-02</MessageId>" in text
    raw = after("messages", "show", "CB-02", "--raw").out
    assert raw.startswith("<?xml")
    assert raw.rstrip().endswith("</InvoicePosted>")


def test_messages_are_listed_by_outcome_type_and_sender(after):
    """Filters are exact and may be combined."""
    found = after(
        *["messages", "list", "--json", "--outcome", "accepted"],
        *["--type", "InvoicePosted", "--sender", "erp", "--limit", "3"],
    ).json

    assert len(found) == 3
    assert {(each["outcome"], each["type"], each["sender"]) for each in found} == {
        ("accepted", "InvoicePosted", "erp")
    }
    assert after("messages", "list").out.startswith("RECEIVED AT")


def test_what_waits_says_for_what_and_until_when(after):
    """Kind, key, deadline."""
    parked = after("parked", "list", "--json").json
    [waiting] = [each for each in parked if each["code"] == "unknown-invoice"]

    assert waiting["kind"] == "invoice"
    assert waiting["key"] in after("parked", "list").out
    shown = after("parked", "show", waiting["message_id"])
    assert waiting["key"] in shown.out
    assert after("parked", "show", waiting["message_id"], "--json").json[0]["parked"]


def test_a_dead_letter_shows_the_line_at_fault(after):
    """The report, then the document with the line marked."""
    [letter] = after("dead", "list", "--code", "xsd-invalid", "--json").json

    said = after("dead", "show", letter["id"])

    assert "line 13, /DisputeNotice/Open/ReasonCode: 'BROKEN'" in said.out
    marked = [line for line in said.out.splitlines() if line.startswith("> ")]
    assert len(marked) == 1
    assert "BROKEN" in marked[0]
    assert after("dead", "show", letter["id"], "--raw").out.startswith("<?xml")
    assert after("dead", "show", letter["id"], "--json").json["code"] == "xsd-invalid"


def test_dead_letters_are_found_by_what_they_are_about(after):
    """By business key and by fingerprint."""
    [letter] = after("dead", "list", "--code", "totals-mismatch", "--json").json
    by_key = after("dead", "list", "--key", "Number=RN-1", "--json").json

    assert letter["id"] in {each["id"] for each in by_key}
    assert after("dead", "list", "--fingerprint", letter["fingerprint"], "--json").json == [letter]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["invoice", "show", "NONE"], "there is no invoice 'NONE'; see: invoice-gateway invoice"),
        (["invoice", "history", "A/B"], "there is no invoice 'A/B'"),
        (["account", "show", "NONE"], "there is no account 'NONE'; see: invoice-gateway parties"),
        (["messages", "show", "NONE"], "there is no message 'NONE'"),
        (["parked", "show", "NONE"], "no message 'NONE' waits"),
        (["dead", "show", "NONE"], "there is no dead letter 'NONE'"),
    ],
)
def test_nothing_found_is_an_answer(after, arguments, text):
    """One line on stderr, exit 1."""
    said = after(*arguments)

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(text)
    assert len(said.err.splitlines()) == 1


def test_health_of_what_the_demo_left(after):
    """Everything is there, and the backlog is told."""
    found = after("health").json

    assert found["status"] == "ok"
    assert found["backlog"]["parked"] == len(after("parked", "list", "--json").json) == 6
    assert found["backlog"]["dead"] > 0
    assert found["backlog"]["outbox"] == 0
