"""Numbers without gaps while several workers issue at once, and some of them fail (S4-02, I-31)."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from invoice_gateway import audit
from invoice_gateway.audit.facts import Reader
from invoice_gateway.store import connect
from tests import messages
from tests.engine_harness import ENTERPRISE, Engine, Sender, opened

WORKERS, BATCHES, EACH = 4, 9, 3
CLASSES = ("customer", "sub-reseller")
FAILS = 3
"""Every so many batches of a worker are lost after they have taken their numbers."""


class Lost(Exception):
    """The worker fails between its numbers and its commit."""


@dataclass(slots=True)
class Worker:
    """A program of its own that issues invoices; what it asks of the series is counted."""

    name: str
    engine: Engine
    batches: int = 0
    lost: int = 0
    counted: list[int] = field(default_factory=list)
    """Statements about series, per transaction that was committed."""
    _asked: int = 0

    def listen(self) -> None:
        """Count statements, and lose some batches."""
        sa.event.listen(self.engine.store.engine, "before_cursor_execute", self._ask)
        sa.event.listen(self.engine.store.engine, "commit", self._commit)

    def _ask(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("INSERT INTO series"):
            self._asked += 1
            self.batches += self._asked == len(CLASSES)
        elif self._asked and self.batches % FAILS == 0:
            self._asked = 0
            self.lost += 1
            raise Lost

    def _commit(self, _: Any) -> None:
        if self._asked:
            self.counted.append(self._asked)
        self._asked = 0

    def issue(self, start: threading.Barrier) -> None:
        """Issue batch after batch; what was lost comes again."""
        start.wait(10)
        for batch in range(BATCHES):
            bodies = [
                messages.misc_invoice(
                    customer=f"{self.name}-{party_class}", message_id=f"{self.name}-{batch}-{at}"
                )
                for at, party_class in enumerate(CLASSES * EACH)
            ]
            while not self._sent(bodies):
                continue

    def _sent(self, bodies: list[bytes]) -> bool:
        try:
            outcomes = self.engine.send(*bodies)
        except Lost:
            return False
        assert set(outcomes) == {"accepted"}
        return True


@contextmanager
def workers(url: str) -> Iterator[list[Worker]]:
    """Give programs that share one database, each with customers of both classes."""
    made = [Worker(f"W{at}", Engine(connect(url))) for at in range(WORKERS)]
    try:
        for each in made:
            accounts = [
                messages.customer_account(f"{each.name}-{party_class}", party_class=party_class)
                for party_class in CLASSES
            ]
            each.engine.send(*accounts)
            each.listen()
        yield made
    finally:
        for each in made:
            each.engine.store.close()


@pytest.mark.timeout(120)
def test_numbers_have_no_gaps_while_workers_issue_and_fail(postgres_url_ready: str):
    """1 to n per class, none twice, as announced; one statement per series and batch."""
    start = threading.Barrier(WORKERS)
    with opened(postgres_url_ready, ENTERPRISE) as engine, workers(postgres_url_ready) as all_:
        with ThreadPoolExecutor(WORKERS) as pool:
            for done in [pool.submit(each.issue, start) for each in all_]:
                done.result(100)
        facts = Reader(engine.store).read()

    audit.check(facts)
    wanted = WORKERS * BATCHES * EACH
    assert facts.series == {("ENTERPRISE", each): wanted for each in CLASSES}
    announced = Counter(
        (event.text("Customer").partition("-")[2], int(event.text("TransactionNo")))
        for event in facts.events
        if event.name == "invoice.issued"
    )
    assert announced == {(each, at): 1 for each in CLASSES for at in range(1, wanted + 1)}
    assert all(each.lost for each in all_)
    assert {count for each in all_ for count in each.counted} == {len(CLASSES)}


def test_a_series_is_of_one_issuer_and_one_class(url: str):
    """S4-02: whoever issues counts for itself, and its classes apart; on both databases."""
    senders = (*ENTERPRISE, Sender("r1", "R1", "reseller"), Sender("r2", "R2", "reseller"))
    with opened(url, senders) as engine:
        engine.send(
            messages.customer_account("R1", party_class="reseller"),
            messages.customer_account("R2", party_class="reseller"),
            messages.customer_account("A", parent="R1"),
            messages.customer_account("B", parent="R2"),
            messages.customer_account("C", parent="R2", party_class="sub-reseller"),
        )
        charges = [("R1", "A"), ("R2", "B"), ("R2", "C"), ("R2", "B")]
        outcomes = engine.send(
            *(
                messages.misc_invoice(
                    sender=issuer.lower(), issuer=issuer, customer=customer, message_id=f"m-{at}"
                )
                for at, (issuer, customer) in enumerate(charges)
            )
        )
        facts = Reader(engine.store).read()

    assert set(outcomes) == {"accepted"}
    audit.check(facts)
    assert facts.series == {
        ("R1", "customer"): 1,
        ("R2", "customer"): 2,
        ("R2", "sub-reseller"): 1,
    }
