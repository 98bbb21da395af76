"""`account statement`, `account aging` and `export journal`: the past, for people and programs."""

import csv
import io
import json

import pytest

from tests import messages as m
from tests.cli.conftest import journey


@pytest.fixture
def at(ok, cli, database_url):
    """Call a verb on a database with two stories: HARBOUR-CAFE owes 30.00, KIOSK-7 too little."""
    ok("db", "upgrade", "--database-url", database_url)

    def call(*arguments):
        return cli("--database-url", database_url, *arguments)

    for sender in ("erp", "bank", "financials"):
        call("parties", "add", sender, "--party", "ENTERPRISE", "--role", sender)
    assert call("send", *journey("first-payment"), *journey("yen")).code == 0
    assert call("run", "--once").code == 0
    return call


def test_a_statement_shows_opening_entries_and_closing(at):
    """As a sheet for people."""
    said = at("account", "statement", "HARBOUR-CAFE", "--as-of", "2026-12-31")

    assert said.code == 0
    head, _, table = said.out.partition("\nlines\n")
    facts = dict(line.split("  ", 1) for line in head.splitlines() if line)
    assert {name: value.strip() for name, value in facts.items()}["closing"] == "30.00"
    columns = ["DAY", "KIND", "DOCUMENT", "INVOICE", "DUE", "DATE", "AMOUNT", "BALANCE"]
    assert table.splitlines()[0].split() == columns
    assert [line.split()[1] for line in table.splitlines()[1:]] == ["invoice", "payment"]
    assert table.split()[-2:] == ["-70.00", "30.00"]


def test_a_statement_is_json_for_programs(at):
    """Amounts are minor units; what came before the first day is in the opening balance."""
    options = ("--from", "2026-11-05", "--as-of", "2026-12-31", "--json")

    [found] = at("account", "statement", "HARBOUR-CAFE", *options).json

    assert (found["opening"], found["closing"], found["currency"]) == (10_000, 3_000, "EUR")
    assert [(each["kind"], each["amount"]) for each in found["lines"]] == [("payment", -7_000)]
    assert found["receivable"] == 3_000


def test_what_was_not_known_yet_is_not_shown(at):
    """`--known-at` looks from a moment before anything came."""
    said = at("account", "statement", "HARBOUR-CAFE", "--known-at", "2001-01-01T00:00:00Z")

    assert (said.code, said.out) == (0, "")
    assert "nothing was entered for HARBOUR-CAFE" in said.err


def test_an_aging_of_all_has_a_row_per_account_and_currency(at):
    """Each currency with its own decimals."""
    found = at("account", "aging", "--as-of", "2027-01-31").out.splitlines()

    assert found[0] == "as of 2027-01-31"
    rows = {line.split()[0]: line.split() for line in found[2:]}
    assert list(rows) == ["HARBOUR-CAFE", "SAKURA"]
    assert rows["HARBOUR-CAFE"][1] == "EUR"
    assert "30.00" in rows["HARBOUR-CAFE"]
    assert "13000" in rows["SAKURA"]


def test_an_aging_of_one_lists_its_invoices(at):
    """With the days they are past due."""
    said = at("account", "aging", "HARBOUR-CAFE", "--as-of", "2027-01-31")
    [found] = at("account", "aging", "HARBOUR-CAFE", "--as-of", "2027-01-31", "--json").json

    [invoice] = found["invoices"]
    assert invoice["invoice"] == "ENTERPRISE/HC-100"
    assert invoice["open"] == found[invoice["bucket"]] == found["receivable"] == 3_000
    assert str(invoice["days"]) in said.out.split()


@pytest.mark.parametrize("verb", ["statement", "aging"])
def test_an_unknown_account_is_no_answer(at, verb):
    """Exit code 1, and where to look."""
    said = at("account", verb, "NOBODY")

    assert (said.code, said.out) == (1, "")
    assert "there is no account 'NOBODY'" in said.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["account", "statement", "A", "--as-of", "tomorrow"], "'tomorrow' is no day"),
        (["account", "aging", "--known-at", "now"], "'now' is no moment"),
        (["account", "statement", "A", "--from", "2026-12-02", "--as-of", "2026-12-01"], "after"),
        (["export", "journal", "--from", "2026-12-02", "--to", "2026-12-01"], "is after --to"),
        (["export", "journal", "--format", "xls"], "none of beancount, hledger, csv, json"),
        (["export", "journal", "--output", "none/there"], "--output none/there: No such file"),
    ],
)
def test_a_wrong_question_is_told_in_one_line(at, arguments, text):
    """Exit code 2."""
    said = at(*arguments)

    assert (said.code, said.out) == (2, "")
    assert text in said.err


def test_the_journal_goes_to_stdout_or_into_a_file(at, tmp_path):
    """The same bytes; the file appears when it is complete."""
    file = tmp_path / "books.beancount"

    written = at("export", "journal", "--output", file)

    assert (written.code, written.out) == (0, "")
    assert f"6 transaction(s) written to {file}" in written.err
    assert file.read_text(encoding="utf-8") == at("export", "journal").out
    assert [*tmp_path.glob("*.part")] == []


def test_the_journal_as_csv_has_a_row_per_posting(at):
    """Rows of one transaction share its number and add up to nothing."""
    rows = [*csv.DictReader(io.StringIO(at("export", "journal", "--format", "csv").out))]

    first = [row for row in rows if row["transaction"] == "1"]
    assert [(row["account"], row["amount"]) for row in first] == [
        ("Assets:Receivable:HARBOUR--CAFE", "100.00"),
        ("Income:Sales", "-100.00"),
    ]
    assert {row["document"] for row in first} == {"HC-100"}


def test_the_journal_as_json_is_one_document(at):
    """A list, also when nothing is in it."""
    found = json.loads(at("export", "journal", "--format", "json", "--to", "2026-11-30").out)
    none = at("export", "journal", "--format", "json", "--to", "2001-01-01")

    assert all(sum(each["amount"] for each in one["postings"]) == 0 for one in found)
    assert none.json == []


def test_what_a_sender_writes_cannot_become_a_formula_or_a_directive(at, tmp_path):
    """Quotes, comments and signs of other tools in a number of a document."""
    number = '=HYPERLINK("x";"y")|z'
    file = tmp_path / "message.xml"
    file.write_bytes(m.invoice_posted(number, customer="HARBOUR-CAFE"))
    at("send", file)
    at("run", "--once")

    rows = [*csv.DictReader(io.StringIO(at("export", "journal", "--format", "csv").out))]
    assert f"'{number}" in {row["document"] for row in rows}
    assert 'invoice =HYPERLINK(\\"x\\";\\"y\\")|z"' in at("export", "journal").out
    assert '| invoice =HYPERLINK("x","y")/z\n' in at("export", "journal", "--format", "hledger").out
