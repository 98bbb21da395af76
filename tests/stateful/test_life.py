"""Random lives keep every invariant, on both databases; and a payment and its invoice commute."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from invoice_gateway import audit
from invoice_gateway.audit.facts import Reader
from invoice_gateway.store import upgrade
from tests import messages as say
from tests.canonical import differences, essence
from tests.engine_harness import Databases, opened
from tests.services import PostgreSQL
from tests.stateful.machine import Life
from tests.stateful.wishes import SENDERS

TOLERANCE = 5
"""Minor units that a final payment may leave, to be written off."""


def patient(examples: int, steps: int) -> settings:
    """Return settings that give the same lives on every run."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )


@pytest.mark.timeout(900)
def test_lives_on_sqlite(databases: Databases):
    """Sixty lives of forty steps."""
    run_state_machine_as_test(
        lambda: Life(lambda: databases.emptied(SENDERS, settlement_tolerance_minor=TOLERANCE)),
        settings=patient(60, 40),
    )


@pytest.mark.timeout(900)
def test_lives_on_postgresql(postgresql_server: PostgreSQL):
    """Ten lives of twenty-five steps, each in a database of its own."""
    template = postgresql_server.template("store", upgrade)
    made: list[str] = []

    def life() -> Life:
        made.append(postgresql_server.new_database(template))
        return Life(lambda: opened(made[-1], SENDERS, settlement_tolerance_minor=TOLERANCE))

    try:
        run_state_machine_as_test(life, settings=patient(10, 25))
    finally:
        for each in made:
            postgresql_server.release(each)


@given(
    lines=st.lists(st.integers(1, 900), min_size=1, max_size=4),
    paid=st.integers(1, 4_000),
    part=st.none() | st.integers(1, 4_000),
)
@settings(max_examples=40, derandomize=True, database=None, deadline=None)
def test_a_payment_and_its_invoice_commute(
    databases: Databases, lines: list[int], paid: int, part: int | None
):
    """I-29: whichever comes first, the same money lies on the same lines in the end."""
    invoice = say.invoice_posted(lines=[f"{each / 100:.2f}" for each in lines])
    named = {"INV-1": None if part is None else f"{part / 100:.2f}"}
    payment = say.payment_posted(amount=f"{paid / 100:.2f}", invoices=named)
    ends = []
    for order in ((invoice, payment), (payment, invoice)):
        with databases.emptied() as engine:
            engine.send(say.customer_account())
            for body in order:
                assert engine.send(body) == ["accepted"]
            facts = Reader(engine.store).read()
            audit.check(facts)
            ends.append(essence(facts))

    assert not differences(*ends)
