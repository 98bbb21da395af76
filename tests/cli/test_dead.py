"""`dead replay` and `dead discard`: once, whatever happens, and never in silence."""

import json
from getpass import getuser
from pathlib import Path

import pytest

from invoice_gateway.app import assemble
from invoice_gateway.engine.deadletters import DeadLetters, Letter
from invoice_gateway.settings import load
from invoice_gateway.store import connect, views
from tests.cli.conftest import FIXTURES

ACCOUNT = FIXTURES / "customer_account/customer-minimal.xml"
TOTALS = FIXTURES / "invoice_posted/invalid-totals.xml"

BROKEN = """
from dataclasses import replace
from invoice_gateway.engine.discover import bundled, discover

def read(document):
    raise RuntimeError("never seen by a person")

HANDLER = replace(discover([bundled("handlers")])["CustomerAccount"], read=read)
"""


@pytest.fixture
def at(ok, cli, database_url):
    """Call a verb on an empty database of each kind."""
    ok("db", "upgrade", "--database-url", database_url)

    def call(*arguments):
        return cli("--database-url", database_url, *arguments)

    return call


@pytest.fixture
def refused(at):
    """The id of an account that was refused because nobody knew its sender; by now it is known."""
    at("send", ACCOUNT)
    at("run", "--once")
    [letter] = at("dead", "list", "--json").json
    assert letter["code"] == "forbidden"
    at("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "erp")
    return letter["id"]


def accounts(at) -> list[str]:
    """The parties that have an account."""
    return [each["party"] for each in at("parties", "list", "--json").json["accounts"]]


def state(at, letter: str) -> tuple[str, str | None]:
    """What was done about a letter."""
    found = at("dead", "show", letter, "--json").json
    return found["state"], found["reason"]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(at, refused):
    """The outcome; no account, no mark, no event."""
    before = at("health").json["backlog"]

    said = at("dead", "replay", refused, "--dry-run", "--json")

    assert said.code == 0
    assert [(each["id"], each["outcome"]) for each in said.lines] == [(refused, "accepted")]
    assert said.err == "would be: 1 accepted\n"
    assert accounts(at) == []
    assert state(at, refused) == ("open", None)
    assert at("health").json["backlog"] == before


def test_a_replay_takes_effect_once(at, refused):
    """Accepted, then for ever a duplicate; the letter says what came of it."""
    first = at("dead", "replay", refused, "--json")
    second = at("dead", "replay", refused, "--json")

    assert (first.code, first.lines[0]["outcome"]) == (0, "accepted")
    assert (second.code, second.lines[0]["outcome"]) == (0, "duplicate")
    assert len(accounts(at)) == 1
    assert at("dead", "list", "--json").json == []
    assert state(at, refused) == ("replayed", "duplicate")
    found = at("dead", "list", "--state", "replayed", "--json").json
    assert [each["acted_by"] for each in found] == [getuser()]
    [message] = at("messages", "list", "--json").json
    assert (message["outcome"], message["duplicates"]) == ("accepted", 1)


def test_its_events_go_out(at, refused, tmp_path):
    """Published at once and confirmed: nothing is left for the relay."""
    at("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "erp", "--receipts")
    outbox = tmp_path / "spool/outbox"
    before = len([*outbox.glob("*.xml")])

    [done] = at("dead", "replay", refused, "--json").lines

    assert "message.accepted" in done["events"]
    assert len([*outbox.glob("*.xml")]) == before + len(done["events"])
    assert at("health").json["backlog"]["outbox"] == 0


@pytest.mark.usefixtures("refused")
def test_what_is_rejected_again_stays_and_says_so(at):
    """Exit 1; the same code is the same letter, open, with one more submission."""
    at("send", TOTALS)
    at("run", "--once")
    [letter] = at("dead", "list", "--code", "totals-mismatch", "--json").json

    said = at("dead", "replay", letter["id"], "--json")

    assert said.code == 1
    [done] = said.lines
    assert (done["outcome"], done["code"]) == ("rejected", "totals-mismatch")
    assert done["again"] == letter["id"]
    [again] = at("dead", "list", "--code", "totals-mismatch", "--json").json
    assert (again["id"], again["submissions"], again["state"]) == (letter["id"], 2, "open")
    assert "rejected totals-mismatch: " in at("dead", "replay", letter["id"], "--dry-run").out


def test_another_code_is_another_letter(at, refused):
    """The old one is settled and names why; the new one is open."""
    at("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "bank")

    [done] = at("dead", "replay", refused, "--json").lines

    assert (done["outcome"], done["code"]) == ("rejected", "forbidden")
    assert done["again"] == refused
    at("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "erp")
    changed = ACCOUNT.read_text().replace("<Name>", "<Name>Changed ")
    Path("changed.xml").write_text(changed)
    at("send", "changed.xml")
    at("run", "--once")
    [done] = at("dead", "replay", refused, "--json").lines
    assert (done["outcome"], done["code"]) == ("rejected", "idempotency-conflict")
    assert state(at, refused) == ("replayed", "rejected again: idempotency-conflict")
    [letter] = at("dead", "list", "--json").json
    assert letter["id"] == done["again"] != refused


@pytest.mark.usefixtures("refused")
def test_all_with_a_code_up_to_a_limit(at):
    """A selection: only open ones, not more than asked for."""
    for number in range(3):
        text = ACCOUNT.read_text().replace("<MessageId>", f"<MessageId>{number}-")
        Path(f"{number}.xml").write_text(text.replace("<Party>", f"<Party>P{number}-"))
    at("parties", "remove", "erp")
    at("send", "0.xml", "1.xml", "2.xml")
    at("run", "--once")
    at("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "erp")

    some = at("dead", "replay", "--code", "forbidden", "--limit", "2", "--json")
    rest = at("dead", "replay", "--code", "forbidden", "--json")
    none = at("dead", "replay", "--code", "forbidden")

    assert [len(each.lines) for each in (some, rest)] == [2, 2]
    assert {each["outcome"] for each in some.lines + rest.lines} == {"accepted"}
    assert (none.code, none.err) == (0, "nothing to replay\n")
    assert len(accounts(at)) == 4


def test_a_bug_decides_nothing(at, refused, tmp_path):
    """The letter stays open, the person is told where the bug is, the exit code is 1."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/customer_account.py").write_text(BROKEN)

    said = at("dead", "replay", refused, "--handlers", "broken")

    assert said.code == 1
    assert ": bug RuntimeError@" in said.out
    assert state(at, refused) == ("open", None)


def test_a_crash_between_commit_and_mark_is_a_duplicate_later(at, refused, database_url, tmp_path):
    """The message took effect, the letter is still open: the next replay finds out.

    The event that nobody has marked as published is sent again by the relay, under the same id.
    """

    class Gone(Exception):
        """The process is no more."""

    class Shelf:
        """Dies before it can mark anything."""

        def mark(self, letter, *_):
            raise Gone(letter)

    at("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "erp", "--receipts")
    app = assemble(load(database_url=database_url, bus_url=f"folder:{tmp_path / 'spool'}"))
    store = connect(database_url)
    with store.session() as session:
        view = views.dead_show(session, refused)
    keys = ("id", "sender", "message_id", "type", "body", "headers")
    letter = Letter(**{key: view[key] for key in keys})
    desk = DeadLetters(pipeline=app.pipeline(store), shelf=Shelf(), by="somebody")
    with pytest.raises(Gone):
        list(desk.replay([letter], app.publisher()))
    store.close()

    assert len(accounts(at)) == 1
    left = at("health").json["backlog"]["outbox"]
    written = len([*(tmp_path / "spool/outbox").glob("*.xml")])
    assert left > 0
    assert at("relay", "--once").err.endswith(f"{left} event(s) published\n")
    assert at("health").json["backlog"]["outbox"] == 0
    assert len([*(tmp_path / "spool/outbox").glob("*.xml")]) == written
    assert state(at, refused) == ("open", None)
    [done] = at("dead", "replay", refused, "--json").lines
    assert done["outcome"] == "duplicate"


def test_a_discarded_letter_keeps_who_and_why(at, refused):
    """It is listed no more, but can be looked at, and even be replayed."""
    said = at("dead", "discard", refused, "--reason", "sent by mistake")

    assert said.out == f"{refused}: discarded\n"
    assert at("dead", "list", "--json").json == []
    assert state(at, refused) == ("discarded", "sent by mistake")
    assert at("dead", "replay", refused).code == 0


def test_nothing_is_discarded_when_one_id_is_unknown(at, refused):
    """Exit 1, and the known one stays open."""
    said = at("dead", "discard", refused, "none", "--reason", "x")

    assert (said.code, said.err[:30]) == (1, "there is no dead letter 'none'")
    assert state(at, refused) == ("open", None)


@pytest.mark.parametrize("arguments", [[], ["x", "--code", "forbidden"]])
def test_a_replay_needs_ids_or_a_code(cli, arguments):
    """One or the other."""
    assert cli("dead", "replay", *arguments).error.startswith("say what to replay: either IDs")


@pytest.mark.usefixtures("refused")
def test_a_message_without_readable_id_is_replayed_as_it_came(at):
    """Rubbish has an id made from its bytes, and gives the same letter again."""
    Path("rubbish.xml").write_bytes(b"<a")
    at("send", "--sender", "erp", "rubbish.xml")
    at("run", "--once")
    [letter] = at("dead", "list", "--code", "xml-malformed", "--json").json

    [done] = at("dead", "replay", letter["id"], "--json").lines

    assert letter["message_id"].startswith("sha256:")
    assert done["again"] == letter["id"]
    assert json.dumps(done)
