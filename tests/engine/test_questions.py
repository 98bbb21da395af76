"""Questions about the past: they see all that was accepted before them, and nothing else."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import structlog
from lxml import etree

from invoice_gateway.model.statement import Period, agings
from invoice_gateway.store import history, tables, upgrade
from invoice_gateway.store.canonical import canonical_state
from tests import messages as m
from tests.engine_harness import ENTERPRISE, Engine, Sender, opened

SENDERS = (*ENTERPRISE, Sender("acme", "ACME", "partner"))
SPACE = "{urn:invoice-gateway:1}"


@pytest.fixture
def engine(database_url):
    """A gateway with nothing in it."""
    upgrade(database_url)
    with opened(database_url, SENDERS) as found:
        yield found


def asked(message_id: str, **said) -> bytes:
    """A question for the statement of ACME."""
    return m.statement_query(sender="erp", message_id=message_id, as_of="2026-12-31", **said)


def closings(engine: Engine) -> dict[str, list[str]]:
    """The closing balances of every statement issued, by the id of the question."""
    event = tables.event.c
    with engine.store.session() as session:
        statement = sa.select(event.aggregate_id, event.body).where(
            event.name == "statement.issued"
        )
        return {
            row.aggregate_id: [
                each.text for each in etree.fromstring(row.body).iter(f"{SPACE}Closing")
            ]
            for row in session.read(statement)
        }


def business(engine: Engine) -> dict[str, list]:
    """Everything the gateway knows, but for messages and events."""
    state = canonical_state(engine.store, history=False)
    return {name: rows for name, rows in state.items() if name != "messages"}


def test_a_question_sees_what_came_before_it_in_the_same_batch(engine):
    """And not what comes after it; the batch is cut around it, and only there."""
    batch = [
        m.customer_account(),
        m.invoice_posted(),
        asked("Q-1"),
        m.payment_posted("PAY-1", amount="30.00"),
        m.payment_posted("PAY-2", amount="20.00"),
        asked("Q-2"),
        asked("Q-3", begins="2026-11-20"),
        m.invoice_posted("INV-2"),
    ]

    with structlog.testing.capture_logs() as logs:
        assert engine.send(*batch) == ["accepted"] * len(batch)

    assert closings(engine) == {
        "erp/Q-1": ["100.00"],
        "erp/Q-2": ["50.00"],
        "erp/Q-3": ["50.00"],
    }
    committed = [each["messages"] for each in logs if each["event"] == "batch.committed"]
    assert committed == [2, 1, 2, 2, 1]


def test_a_question_changes_nothing(engine):
    """Not even the number of events of what it is about; asked again, it is a duplicate."""
    engine.send(m.customer_account(), m.invoice_posted())
    before = business(engine)
    status = m.status_query(sender="erp", message_id="Q-2")

    assert engine.send(asked("Q-1"), status) == ["accepted", "accepted"]

    assert business(engine) == before
    assert engine.send(asked("Q-1"), status) == ["duplicate", "duplicate"]
    with engine.store.session() as session:
        [version] = session.read(sa.select(tables.invoice.c.version))
        names = session.read(sa.select(tables.event.c.name).order_by(tables.event.c.seq))
    assert version == (1,)
    assert [name for (name,) in names] == ["invoice.issued", "statement.issued", "status.reported"]


def test_a_question_that_had_to_wait_sees_what_was_released_before_it(engine):
    """Its account comes with a batch that releases an invoice too: it is decided after that."""
    batch = [asked("Q-1"), m.invoice_posted(), m.customer_account()]

    assert engine.send(*batch) == ["parked unknown-party", "parked unknown-party", "accepted"]
    assert closings(engine) == {}
    assert engine.settle() == 1

    assert closings(engine) == {"erp/Q-1": ["100.00"]}


def test_parked_questions_are_cut_off_too(engine):
    """What the tick judges together is cut around them as well."""
    engine.send(m.payment_posted("PAY-1", amount="30.00"), asked("Q-1"), asked("Q-2"))
    engine.clock.now += timedelta(days=30)
    due = engine.store.due_parked(engine.clock(), 10)

    with structlog.testing.capture_logs() as logs:
        engine.pipeline.settle_parked(due, expired=True)

    committed = [each["messages"] for each in logs if each["event"] == "batch.committed"]
    assert committed == [1, 2]


def test_a_dispute_of_the_past_is_over_what_it_was_over_then(engine):
    """I-34: amending and withdrawing it later changes no aging of a moment before."""
    engine.send(m.customer_account(), m.invoice_posted())
    engine.send(m.dispute_opened(lines={"1": "50.00"}))
    moments = [engine.clock.now]
    for later in (
        m.dispute_amended("ACME/DN-1/1", amount="20.00"),
        m.payment_posted(amount="55.00"),
        m.dispute_withdrawn("ACME/DN-1/1"),
    ):
        engine.clock.now += timedelta(hours=1)
        assert engine.send(later) == ["accepted"]
        moments.append(engine.clock.now)

    with engine.store.session() as session:
        [loaded] = history.load(session, ["ACME"])

    found = [agings(loaded, Period(date(2026, 12, 31), None, each))[0] for each in moments]
    # 40.00 of line 2 are paid first, and 15.00 of line 1: never what is disputed
    assert [each.disputed for each in found] == [5_000, 2_000, 2_000, 0]
    assert [each.holdings.receivable for each in found] == [10_000, 10_000, 4_500, 4_500]


def test_an_entry_is_known_from_when_it_took_effect_not_from_when_it_came(engine):
    """A parked invoice came earlier, but nobody owed it yet (docs/adr/0020)."""
    assert engine.send(m.invoice_posted()) == ["parked unknown-party"]
    engine.clock.now += timedelta(hours=1)
    between = engine.clock.now
    engine.clock.now += timedelta(hours=1)
    engine.send(m.customer_account())

    with engine.store.session() as session:
        [loaded] = history.load(session, ["ACME"])

    [entry] = loaded.entries
    assert entry.recorded is not None
    assert entry.recorded > between


def test_questions_of_a_batch_are_loaded_together(engine):
    """One statement per table, however many ask about however many accounts."""
    parties = [f"C{at}" for at in range(20)]
    engine.send(*map(m.customer_account, parties))
    engine.send(*(m.invoice_posted(f"INV-{each}", customer=each) for each in parties))
    counted: list[str] = []
    sa.event.listen(
        engine.store.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: counted.append(statement),
    )

    def cost(kind: str, some: list[str]) -> int:
        counted.clear()
        batch = [m.statement_query(each, sender="erp", kind=kind) for each in some]
        assert engine.send(*batch) == ["accepted"] * len(some)
        return len([each for each in counted if "event.recorded_at" in each])

    assert cost("statement", parties[:2]) == cost("aging", parties) == 5
