"""`db`, `topology`, `parties`, `health`, `doctor`."""

import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.cli.conftest import FIXTURES

ACCOUNT = FIXTURES / "customer_account/customer-minimal.xml"


def test_tables_are_made_once(cli, ok, database_url):
    """`check` says no before and yes after; the second `upgrade` has nothing to do."""
    before = cli("db", "check", "--database-url", database_url)
    first = ok("db", "upgrade", "--database-url", database_url)
    second = ok("db", "upgrade", "--database-url", database_url)

    assert before.code == 1
    assert "run: invoice-gateway db upgrade" in before.out
    assert first.out.splitlines()[0] == "0001_core"
    assert second.out == ""
    assert "up to date" in ok("db", "check", "--database-url", database_url).out


def test_every_verb_that_needs_tables_says_how_to_get_them(cli, database_url):
    """The command to run, exit 2."""
    for verb in (["run"], ["worker"], ["relay"], ["invoice", "list"], ["parties", "list"]):
        said = cli("--database-url", database_url, *verb)
        assert said.error.endswith("run: invoice-gateway db upgrade"), verb


def test_asking_makes_no_database(cli, tmp_path):
    """A mistyped path leaves nothing behind."""
    assert cli("invoice", "list", "--database-url", "sqlite:///typo.db").code == 2
    assert not (tmp_path / "typo.db").exists()


def test_parties_are_added_changed_and_removed(cli, ok):
    """The list is what `add` and `remove` say."""
    ok("db", "upgrade")
    ok("parties", "add", "acme", "--party", "ACME", "--role", "partner")
    ok("parties", "add", "acme", "--party", "ACME", "--role", "partner", "--receipts")
    added = ok("parties", "list", "--json").json
    removed = ok("parties", "remove", "acme")

    acme = {"name": "acme", "party": "ACME", "role": "partner", "receipts": True, "active": True}
    assert added == {"senders": [acme], "accounts": []}
    assert removed.out == "acme may send no more\n"
    assert ok("parties", "list", "--json").json["senders"] == [acme | {"active": False}]
    assert "acme  ACME   partner  yes       no" in ok("parties", "list").out
    said = cli("parties", "remove", "nobody")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("there is no sender 'nobody'")


def test_a_removed_sender_may_send_no_more(ok):
    """Its next message is forbidden, and names the command that would help."""
    ok("db", "upgrade")
    ok("parties", "add", "erp", "--party", "ENTERPRISE", "--role", "erp")
    ok("parties", "remove", "erp")
    ok("send", ACCOUNT)
    ok("run", "--once")

    [letter] = ok("dead", "list", "--json").json

    assert letter["code"] == "forbidden"
    assert "invoice-gateway parties add" in letter["text"]


def test_a_role_is_one_of_a_few(cli):
    """The refusal lists them."""
    error = cli("parties", "add", "x", "--party", "X", "--role", "king").error

    assert "'king'" in error
    assert "partner" in error


def test_the_topology_is_shown_without_a_broker(ok):
    """Exchanges, queues, what they are bound to."""
    rows = ok("topology", "show", "--json", "--prefix", "acme").json

    assert {each["kind"] for each in rows} == {"exchange", "queue"}
    assert all(each["name"].startswith("acme.") for each in rows)
    assert "acme.in" in ok("topology", "show", "--prefix", "acme").out


def test_the_topology_is_applied_any_number_of_times(ok, amqp_url):
    """Each object is a line on stdout; no password anywhere."""
    first = ok("topology", "apply", "--bus-url", amqp_url)
    second = ok("topology", "apply", "--bus-url", amqp_url)

    assert first.out == second.out
    assert "queue invoice-gateway.in" in first.out.splitlines()
    assert ":***@" in first.err


def test_another_topology_is_a_conflict_that_names_it(cli, ok, amqp_url, monkeypatch):
    """The queue, the argument, both values, what to do."""
    ok("topology", "apply", "--bus-url", amqp_url)
    monkeypatch.setenv("INVOICE_GATEWAY_DELIVERY_LIMIT", "7")

    error = cli("topology", "apply", "--bus-url", amqp_url).error

    assert "queue invoice-gateway.in exists with other properties: x-delivery-limit" in error


def test_the_doctor_finds_nothing_wrong(ok, amqp_url, postgres_url):
    """Versions, settings, schemas, handlers, servers; passwords are not shown."""
    ok("db", "upgrade", "--database-url", postgres_url)

    said = ok("doctor", "--json", "--database-url", postgres_url, "--bus-url", amqp_url)

    found = {each["name"]: each for each in said.json}
    for name in ("python", "handlers", "schemas", "database", "bus"):
        assert found[name]["ok"] is True, found[name]
    assert found["libxml2"]["text"].startswith("2.")
    assert ":***@" in found["INVOICE_GATEWAY_BUS_URL"]["text"]
    assert "gateway:gateway" not in said.out


def test_the_doctor_says_what_is_missing(cli, monkeypatch):
    """No tables, no broker, a variable nobody reads: three failed checks, exit 1."""
    monkeypatch.setenv("INVOICE_GATEWAY_BUS", "rabbit")

    said = cli("doctor", "--json", "--bus-url", "amqp://u:secret@127.0.0.1:1/")

    failed = {each["name"]: each["text"] for each in said.json if each["ok"] is False}
    assert said.code == 1
    assert failed.keys() == {"INVOICE_GATEWAY_BUS", "database", "bus"}
    assert "db upgrade" in failed["database"]
    assert "127.0.0.1:1" in failed["bus"]
    assert "secret" not in said.out


def test_the_doctor_looks_at_own_handlers_and_schemas(cli, tmp_path):
    """A folder without handlers is a failed check, not the end of the doctor."""
    (tmp_path / "empty").mkdir()

    said = cli("doctor", "--handlers", "empty")

    assert said.code == 1
    assert "no handlers in empty" in said.out
    assert "python" in said.out


def test_health_is_bad_without_database_or_bus(cli, ok):
    """Exit 1 and which of them; a container's health check needs no more."""
    assert cli("health").json["status"] == "bad"
    ok("db", "upgrade")
    said = cli("health", "--bus-url", "amqp://u:secret@127.0.0.1:1/")

    assert said.code == 1
    assert said.json["database"]["ok"] is True
    assert said.json["bus"]["ok"] is False
    assert "secret" not in said.out


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_is_none(cli, ok, tmp_path, place):
    """The bus cannot be there."""
    ok("db", "upgrade")
    (tmp_path / "file").touch()

    found = cli("health", "--bus-url", f"folder:{place}").json

    assert found["bus"] == {"ok": False, "text": found["bus"]["text"]}
    assert "is no folder" in found["bus"]["text"]


def test_a_table_on_a_terminal_is_drawn_and_harmless(ok):
    """Foreign text brings no markup, no escape sequence, no change of direction."""
    ok("db", "upgrade")
    ok("parties", "add", "[red]x", "--party", "\x1b[2JP\u202e", "--role", "partner")

    shown = on_a_terminal("parties", "list")

    assert "[red]x" in shown
    assert "\\x1b[2JP\\u202e" in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert "\u2500" in shown


def on_a_terminal(*arguments: str) -> str:
    """What a command writes when its standard output is a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "invoice_gateway", *arguments],
        stdout=theirs,
        env=os.environ | {"COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(theirs)
    found = b""
    with suppress(OSError):  # the end, as terminals tell it
        while piece := os.read(ours, 65536):
            found += piece
    os.close(ours)
    assert done.wait(timeout=30) == 0
    return found.decode()
