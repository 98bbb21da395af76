"""The journal of every story: balanced, equal to what the gateway says, fit for other tools."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from invoice_gateway.cli._ledgers import FORMATS
from invoice_gateway.model.journal import Transaction
from invoice_gateway.model.statement import Period, agings, statements
from invoice_gateway.store import history, journal
from tests import books
from tests import messages as m
from tests.engine_harness import Databases, Engine, Story, everyone, opened, stories
from tests.services.tools import bean_check, hledger
from tests.services.tools import run as run_tool

FAR = date(2100, 1, 1)


def written(engine: Engine, **period) -> list[Transaction]:
    """The journal."""
    with engine.store.session() as session:
        return [*journal.transactions(session, **period)]


@pytest.mark.parametrize("story", stories(), ids=lambda each: each.name)
def test_the_journal_says_what_the_gateway_says(story: Story, databases: Databases):
    """I-09: after every message, transactions balance per currency, and accounts equal caches."""
    with databases.emptied(everyone()) as engine:
        for body in story.bodies:
            engine.send(body)
            books.judge(engine.store)


@pytest.fixture(scope="module")
def played(databases: Databases) -> Iterator[Engine]:
    """A gateway to which all stories were told, and one that is hard to write down."""
    with opened(databases.new(), everyone()) as engine:
        tell(engine)
        odd = "a.b-c_d:E"
        number = r'Nr. "1";\ | = é'
        outcomes = engine.send(m.customer_account(odd), m.invoice_posted(number, customer=odd))
        assert outcomes == ["accepted", "accepted"]
        yield engine


def tell(engine: Engine) -> None:
    """Tell all stories."""
    for story in stories():
        engine.send(*story.bodies)


def test_both_databases_give_the_same_journal(played: Engine, url: str):
    """Whatever the size of a page; and reports that add up to it (I-09, §5.3)."""
    expected = written(played)
    with played.store.session() as session:
        assert [*journal.transactions(session, page=3)] == expected
    with opened(url, everyone()) as engine:
        tell(engine)

        assert written(engine) == expected[:-1]
        books.judge(engine.store)


def test_a_period_is_cut_by_effective_date(played: Engine):
    """Both days included; the parts are the whole."""
    whole = written(played)
    days = sorted({each.day for each in whole})
    middle = days[len(days) // 2]

    first = written(played, until=middle)
    rest = written(played, begins=middle + timedelta(days=1))

    assert {each.day for each in first} == {each for each in days if each <= middle}
    assert len(first) + len(rest) == len(whole)


@pytest.mark.parametrize("story", stories(), ids=lambda each: each.name)
def test_a_report_of_the_past_stays_as_it_is(story: Story, databases: Databases):
    """I-34: with `known_at` fixed nothing that comes later changes it, nor what was parked."""
    with databases.emptied(everyone()) as engine:
        seen = []
        for body in story.bodies:
            engine.send(body)
            moment = engine.clock.now
            seen.append((moment, reports(engine, None)))
            engine.clock.now += timedelta(hours=5)
        for moment, expected in seen:
            assert reports(engine, moment) == expected


def reports(engine: Engine, known_at: datetime | None) -> list:
    """All reports on what was known then, of accounts with anything in them."""
    with engine.store.session() as session:
        loaded = history.load(session, history.parties(session))
    last = engine.clock.now.date() if known_at is None else known_at.date()
    periods = [Period(each, None, known_at) for each in (last, FAR)]
    return [
        found
        for each in loaded
        for period in periods
        for found in (*statements(each, period), *agings(each, period))
    ]


TOOLS = {
    "beancount": lambda file: [bean_check(), file],
    "hledger": lambda file: [hledger(), "-f", file, "check", "--strict"],
}


def text_of(engine: Engine, form: str) -> str:
    """The journal as a file of that form."""
    with engine.store.session() as session:
        return "".join(FORMATS[form](journal.transactions(session)))


@pytest.mark.parametrize("form", TOOLS)
def test_accounting_tools_take_the_journal(form, played: Engine, tmp_path: Path):
    """The real `bean-check` and `hledger check` have nothing to say against it."""
    file = tmp_path / f"journal.{form}"
    file.write_text(text_of(played, form), encoding="utf-8")

    done = run_tool(*TOOLS[form](str(file)))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("form", TOOLS)
def test_accounting_tools_find_what_does_not_balance(form, played: Engine, tmp_path: Path):
    """They are really asked: a posting that is gone is noticed."""
    file = tmp_path / f"journal.{form}"
    whole = text_of(played, form)
    posting = next(line for line in whole.splitlines(keepends=True) if "Income:Sales  -" in line)
    file.write_text(whole.replace(posting, "", 1), encoding="utf-8")

    assert run_tool(*TOOLS[form](str(file))).returncode != 0
