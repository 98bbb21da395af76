"""The program as a whole: help, exit codes, global flags, and trouble told in one line."""

import os
import subprocess
import sys

import pytest
import typer

from invoice_gateway.cli import hoisted
from invoice_gateway.cli._out import plain, tame
from invoice_gateway.cli._verbs import program
from invoice_gateway.cli.reference import FLAGS, page
from invoice_gateway.settings import PREFIX, Settings
from tests.cli.conftest import FIXTURES, ROOT

GROUPS = [
    *("topology", "db", "parties", "invoice", "account", "order", "request", "messages"),
    *("parked", "dead", "export"),
]
VERBS = [
    *("demo", "run", "worker", "relay", "scheduler", "validate", "send", "health", "doctor"),
    *("audit", "simulate"),
]


def test_help_lists_every_verb_and_the_variable_of_every_flag(ok):
    """A newcomer finds everything from `--help`."""
    said = ok("--help").out

    listed = {line.split()[0] for line in said.partition("Commands:")[2].splitlines() if line}
    assert listed == {*GROUPS, *VERBS}
    for name in FLAGS:
        assert f"--{name.replace('_', '-')}" in said
        assert f"[{PREFIX}{name.upper()}]" in said
    assert "[INVOICE_GATEWAY_CONFIG]" in said


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help(ok, name):
    """Each says what it does."""
    assert len(ok(name, "--help").out.splitlines()) > 4


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_without_verb_shows_its_help(cli, name):
    """It is no answer, so the exit code is not 0, and stdout stays empty."""
    said = cli(name)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"Usage: invoice-gateway {name}")


def test_the_program_without_arguments_shows_its_help(cli):
    """The same for the whole program."""
    assert cli().err.startswith("Usage: invoice-gateway")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nonsense"], "No such command 'nonsense'; see: invoice-gateway --help"),
        (["run", "--fast"], "No such option: --fast; see: invoice-gateway run --help"),
        (["validate"], "Missing argument 'FILE...'; see: invoice-gateway validate --help"),
        (["health", "--database-url"], "Option '--database-url' requires an argument"),
        (["validate", "none.xml"], "cannot read none.xml: No such file or directory; name a"),
        (["send", "."], "cannot read .: Is a directory"),
        (["health", "--log-level", "loud"], "INVOICE_GATEWAY_LOG_LEVEL='loud': Input should be"),
        (["health", "--bus-url", "x:y"], "INVOICE_GATEWAY_BUS_URL=x:...: use folder:PATH"),
        (["health", "--config", "no.toml"], "INVOICE_GATEWAY_CONFIG=no.toml: no such file"),
        (["run"], "there is no invoice-gateway.db yet; run: invoice-gateway db upgrade"),
        (["health", "--handlers", "none"], "no handlers in none (INVOICE_GATEWAY_HANDLERS"),
        (["topology", "apply"], "the folder bus has no topology: name a broker with INVOICE"),
        (
            ["run", "--metrics-port", "70000"],
            "INVOICE_GATEWAY_METRICS_PORT=70000: Input should be less than or equal to 65535",
        ),
        (
            ["db", "upgrade", "--database-url", "sqlite:///no/such/folder.db"],
            "SQLite file no/such/folder.db: unable to open database file; see to it, or name",
        ),
        (
            ["topology", "apply", "--bus-url", "amqp://u:secret@127.0.0.1:1/"],
            "cannot use RabbitMQ at 127.0.0.1:1: connection refused, nothing listens there",
        ),
        (
            ["db", "upgrade", "--database-url", "postgresql://u:secret@127.0.0.1:1/x"],
            "PostgreSQL at 127.0.0.1:1/x: connection failed",
        ),
    ],
)
def test_trouble_is_one_line_that_says_what_to_do(cli, arguments, text):
    """Exit 2, nothing on stdout, no traceback, no password."""
    said = cli(*arguments)

    assert said.error.startswith(text)
    assert said.out == ""
    assert "secret" not in said.err


@pytest.mark.parametrize("url", ["rubbish", "mysql://u:secret@h/x", "postgresql://u:secret@h:x/"])
def test_a_database_url_that_cannot_be_read_names_the_setting(cli, url):
    """Whatever verb needs the database first, and without the password."""
    for verb in (["health"], ["db", "upgrade"], ["run"]):
        said = cli("--database-url", url, *verb)
        assert said.error.startswith("INVOICE_GATEWAY_DATABASE_URL (--database-url): ")
        assert "secret" not in said.err


def test_a_server_that_is_away_stops_run_before_it_starts(cli, ok):
    """The database is fine, the broker is not: one line, exit 2."""
    ok("db", "upgrade")

    for verb in ("run", "worker", "relay"):
        said = cli(verb, "--bus-url", "amqp://u:secret@127.0.0.1:1/")
        assert said.error.startswith("cannot use RabbitMQ at 127.0.0.1:1: connection refused")
        assert "INVOICE_GATEWAY_BUS_URL" in said.error


def test_global_flags_may_stand_anywhere():
    """Before or behind the verb, with a space or `=`; not behind `--`."""
    command = typer.main.get_command(program)

    assert hoisted(["run", "--log-level", "info", "--once"], command) == [
        *["--log-level", "info"],
        *["run", "--once"],
    ]
    assert hoisted(["send", "--bus-url=folder:x", "a"], command) == [
        "--bus-url=folder:x",
        *["send", "a"],
    ]
    assert hoisted(["send", "--", "--bus-url", "x"], command) == ["send", "--", "--bus-url", "x"]


def test_flags_win_over_the_environment_and_that_over_the_file(cli, monkeypatch, tmp_path):
    """The nearest word counts."""
    (tmp_path / "some.toml").write_text('enterprise = "FILE"\nprefix = "file"\nbatch_size = 7\n')
    monkeypatch.setenv("INVOICE_GATEWAY_PREFIX", "environment")
    monkeypatch.setenv("INVOICE_GATEWAY_ENTERPRISE", "ENVIRONMENT")

    said = cli("doctor", "--json", "--config", "some.toml", "--enterprise", "FLAG")

    values = {each["name"]: each["text"] for each in said.json}
    assert values["INVOICE_GATEWAY_ENTERPRISE"] == "FLAG"
    assert values["INVOICE_GATEWAY_PREFIX"] == "environment"
    assert values["INVOICE_GATEWAY_BATCH_SIZE"] == "7"
    assert "INVOICE_GATEWAY_CONFIG" not in os.environ


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("batch_size = 'many'", "INVOICE_GATEWAY_BATCH_SIZE='many': Input should be a valid int"),
        ("database = 'postgresql://u:secret@h/x'", "INVOICE_GATEWAY_DATABASE='postgresql://u:***"),
        ("batch_size", "INVOICE_GATEWAY_CONFIG=some.toml: "),
    ],
)
def test_a_wrong_file_names_the_setting(cli, tmp_path, content, text):
    """And the value, but no password."""
    (tmp_path / "some.toml").write_text(content)

    assert cli("health", "--config", "some.toml").error.startswith(text)


def test_the_page_about_settings_is_true():
    """docs/configuration.md is what the settings say; write it anew with the command in it."""
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == page()
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_the_page_names_flags_that_exist():
    """Each flag it promises is one."""
    command = typer.main.get_command(program)

    assert {f"--{name.replace('_', '-')}" for name in FLAGS} <= {
        flag for each in command.params for flag in each.opts
    }


def test_foreign_text_cannot_reach_the_terminal():
    """Escapes, bidirectional overrides and line breaks are spelled out; umlauts are not."""
    assert tame("Ü\x1b[2J\u202e\n\u2028") == "Ü\\x1b[2J\\u202e\\n\\u2028"


def test_markup_is_text(cli, tmp_path):
    """What looks like markup of the table library is printed as it is."""
    name = "[red]x[red].xml"
    (tmp_path / name).write_text("<x/>")

    assert cli("validate", name).out.startswith(f"{name}: invalid x: xml-unknown-root")


def test_json_says_what_python_says():
    """Times in UTC, bytes as text, nested values."""
    assert plain({"a": (b"x", {1})}) == {"a": ["x", [1]]}


def test_a_reader_that_leaves_is_no_error():
    """`invoice-gateway topology show | true` ends quietly."""
    done = subprocess.run(
        f"{sys.executable} -m invoice_gateway topology show --json | true; "
        'echo "${PIPESTATUS[0]}"',
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("0\n", "")


def test_version(ok):
    """The version of the distribution."""
    assert ok("--version").out == "invoice-gateway 0.1.0\n"


def test_fixtures_are_there():
    """The tests of this folder read the project's own messages."""
    assert (FIXTURES / "invoice_posted").is_dir()
