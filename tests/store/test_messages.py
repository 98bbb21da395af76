"""The inbox: who owns a message id, who waits for what, what is dead, what is still to be sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from invoice_gateway.engine.ports import Outcome, Outgoing, Record
from invoice_gateway.model.decision import Actor, Role, Scope, WaitsFor
from invoice_gateway.model.errors import Finding
from invoice_gateway.store import SqlStore
from invoice_gateway.store.queues import EXACTLY

from .build import (
    ACME,
    NOW,
    account,
    dispute,
    event,
    invoice,
    key,
    memo,
    payment,
    put,
    record,
    saving,
)


def commit(store: SqlStore, *records: Record, **fields) -> list[int]:
    """Save records and whatever else belongs to a batch; return their rows."""
    with store.work() as work:
        numbers = work.save(saving(records=list(records), **fields))
        work.commit()
    return numbers


def parked(number: str, kind: str, waits_for: str, **fields) -> Record:
    """A message that waits."""
    waiting = {
        "outcome": Outcome.PARKED,
        "code": "unknown-invoice",
        "text": "not there yet",
        "waits_for": (kind, waits_for),
        "deadline": NOW + timedelta(hours=24),
    }
    return record(number, **(waiting | fields))


def rejected(number: str, dead_letter: str, **fields) -> Record:
    """A message that was refused."""
    refused = {
        "outcome": Outcome.REJECTED,
        "dead_letter": dead_letter,
        "code": "xsd-invalid",
        "text": "no",
        "findings": (Finding(3, "/a/b", "bad", "good"),),
        "business_keys": ("I-1",),
        "fingerprint": "f",
        "traceback": None,
    }
    return record(number, **(refused | fields))


def column(store: SqlStore, query: str) -> list:
    """The first column of a query."""
    with store.engine.connect() as connection:
        return list(connection.exec_driver_sql(query).scalars())


def test_accepted_parked_and_duplicate_messages_own_their_id(store: SqlStore):
    """Rejected ones own nothing."""
    rows = commit(
        store,
        record("a", events=2),
        parked("b", WaitsFor.INVOICE, "E/I"),
        record("c", outcome=Outcome.DUPLICATE, duplicate_of="erp/a"),
        rejected("d", "dead-1"),
    )

    with store.work() as work:
        seen = work.seen([("erp", each) for each in "abcde"] + [("other", "a")])
        nothing = work.seen([])

    assert rows[3] == 0
    assert {name: (each.record, each.outcome) for (_, name), each in seen.items()} == {
        "a": (rows[0], Outcome.ACCEPTED),
        "b": (rows[1], Outcome.PARKED),
        "c": (rows[2], Outcome.DUPLICATE),
    }
    assert seen["erp", "a"].hash == "hash of a"
    assert (seen["erp", "a"].duplicates, seen["erp", "a"].events) == (0, 2)
    assert nothing == {}


def test_repeats_count_on_the_first(store: SqlStore):
    """Further arrivals and their events are added up."""
    [row] = commit(store, record("a", events=1))
    commit(store, repeats={row: (2, 1)})
    commit(store, repeats={row: (1, 0)})

    with store.work() as work:
        seen = work.seen([("erp", "a")])["erp", "a"]

    assert (seen.duplicates, seen.events) == (3, 2)


def test_senders_are_known_by_name_and_active(store: SqlStore):
    """A sender that was switched off is nobody."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sender (name, party, role, receipts, active) VALUES "
            "('erp', 'E', 'erp', TRUE, TRUE), ('old', 'O', 'bank', FALSE, FALSE)"
        )
    with store.work() as work:
        known = work.senders(["erp", "old", "nobody", "nul\0"])
        assert work.senders([]) == {}

    assert known == {"erp": Actor(sender="erp", party="E", role=Role.ERP, receipts=True)}


def test_waiters_come_in_order_of_arrival(store: SqlStore):
    """Whatever they wait for, with everything needed to judge them again."""
    rows = commit(
        store,
        parked("a", WaitsFor.INVOICE, "E/1"),
        parked("b", WaitsFor.PARTY, ACME, body=b"\xff\x00 bytes", headers={"k": "\u20ac"}),
        parked("c", WaitsFor.INVOICE, "E/2"),
        parked("d", WaitsFor.INVOICE, "E/1", events=1),
    )
    with store.work() as work:
        both = work.waiters([("invoice", "E/1"), ("party", ACME), ("dispute", "E/2")], 10)
        one = work.waiters([("invoice", "E/1")], 1)
        assert work.waiters([], 1) == []
        assert work.waiters([("party", ACME)], 0) == []

    assert [each.message_id for each in both] == ["a", "b", "d"]
    assert [each.message_id for each in one] == ["a"]
    second = both[1]
    assert second.record == rows[1]
    assert (second.body, second.headers) == (b"\xff\x00 bytes", {"k": "\u20ac"})
    assert (second.received_at, second.deadline) == (NOW, NOW + timedelta(hours=24))
    assert second.received_at.tzinfo is not None
    assert (second.waits_for, second.code, second.text, second.hash) == (
        ("party", ACME),
        "unknown-invoice",
        "not there yet",
        "hash of b",
    )
    assert both[2].events == 1


def test_a_parked_message_may_wait_for_something_else(store: SqlStore):
    """Its row stays the same."""
    [row] = commit(store, parked("a", WaitsFor.PARTY, ACME))

    again = commit(store, parked("a", WaitsFor.INVOICE, "E/1", replaces=row, events=2))

    assert again == [row]
    with store.work() as work:
        assert work.waiters([("party", ACME)], 9) == []
        [waiter] = work.waiters([("invoice", "E/1")], 9)
    assert (waiter.record, waiter.events) == (row, 2)


def test_a_parked_message_is_settled(store: SqlStore):
    """Accepted, it keeps its id; rejected, it gives the id back and becomes a dead letter."""
    first, second = commit(
        store, parked("a", WaitsFor.PARTY, ACME), parked("b", WaitsFor.PARTY, ACME)
    )

    commit(
        store,
        record("a", replaces=first, events=3, accounts=(ACME,)),
        rejected("b", "dead-1", replaces=second),
    )

    with store.work() as work:
        assert work.waiters([("party", ACME)], 9) == []
        seen = work.seen([("erp", "a"), ("erp", "b")])
    assert seen["erp", "a"].outcome is Outcome.ACCEPTED
    assert seen["erp", "a"].events == 3
    assert seen["erp", "b"].outcome is Outcome.REJECTED
    assert column(store, "SELECT outcome FROM message ORDER BY id") == ["accepted", "rejected"]
    assert column(store, "SELECT id FROM dead_letter") == ["dead-1"]


def test_the_same_submission_refused_again_counts(store: SqlStore):
    """On its one row, which is open again; twice in one batch counts twice."""
    commit(store, rejected("a", "dead-1"))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dead_letter SET state = 'discarded'")
    later = NOW + timedelta(hours=1)

    again = rejected("a", "dead-1", received_at=later)
    commit(store, again, again, rejected("b", "dead-2"))

    assert column(store, "SELECT submissions FROM dead_letter ORDER BY id") == [3, 1]
    assert column(store, "SELECT state FROM dead_letter") == ["open", "open"]


def test_refused_bytes_may_be_anything(store: SqlStore):
    """NUL, lone surrogates, quotes and backslashes from a hostile sender are kept as text."""
    hostile = rejected(
        'm\0\ud800"\\',
        "dead-1",
        sender="s\0",
        hash="h",
        body=bytes(range(256)),
        text="\ud83d NULL",
        headers={"h\0": "\ud800"},
        business_keys=("k\0",),
        findings=(Finding(None, "\0", "\ud800", ""),),
    )
    commit(store, hostile)

    assert column(store, "SELECT sender FROM dead_letter") == ["s\ufffd"]
    with store.work() as work:
        assert work.seen([("s\0", 'm\0\ud800"\\')]) == {}


def test_only_one_message_may_own_an_id(store: SqlStore, other: SqlStore):
    """The database says so, whoever looked first."""
    from invoice_gateway.engine.ports import Conflict  # noqa: PLC0415

    commit(store, record("a"))

    with pytest.raises(Conflict, match="message"):
        commit(other, record("a", hash="other"))


def test_events_are_kept_and_pointed_at(store: SqlStore):
    """In order of writing, with everything the relay needs."""
    commit(store, events=[event("e-1"), event("e-2", version=2)])
    commit(store, events=[event("e-3", version=3)], published=["e-2"])

    claimed = store.unpublished(10, 0)

    assert [event_id for event_id, _ in claimed] == ["e-1", "e-3"]
    assert claimed[0][1] == Outgoing(
        id="e-1",
        key="invoice.issued",
        type="InvoiceIssued",
        body=b"<Event>e-1</Event>",
        headers={"account": ACME},
    )


def test_an_event_repeated_is_sent_again_but_kept_once(store: SqlStore):
    """The refusal of a submission repeated has the same event id."""
    refusal = event("e-1", name="message.rejected")
    commit(store, events=[refusal, refusal])
    commit(store, published=["e-1"])
    assert store.unpublished(10, 0) == []

    commit(store, events=[refusal, event("e-2", version=2)])
    commit(store, events=[refusal])

    assert [event_id for event_id, _ in store.unpublished(10, 0)] == ["e-1", "e-2"]
    assert column(store, "SELECT count(*) FROM event") == [2]


def test_a_version_of_an_aggregate_is_taken_once(store: SqlStore, other: SqlStore):
    """Two workers cannot both write the second event of an invoice."""
    from invoice_gateway.engine.ports import Conflict  # noqa: PLC0415

    commit(store, events=[event("e-1")])

    with pytest.raises(Conflict, match="aggregate"):
        commit(other, events=[event("e-2")])


def test_two_relays_never_claim_the_same_event(store: SqlStore, other: SqlStore):
    """Until the lease is over."""
    commit(store, events=[event(f"e-{at}", version=at) for at in range(1, 6)])

    first = [event_id for event_id, _ in store.unpublished(2, 0)]
    second = [event_id for event_id, _ in other.unpublished(10, 0)]

    assert (first, second) == (["e-1", "e-2"], ["e-3", "e-4", "e-5"])
    assert store.unpublished(10, 0) == []


def test_fresh_events_are_left_to_their_worker(store: SqlStore):
    """It publishes them itself, just after the commit."""
    commit(store, events=[event("e-1")])

    assert store.unpublished(10, 60) == []
    assert len(store.unpublished(10, 0)) == 1


def test_marked_events_go_and_failed_ones_wait(store: SqlStore):
    """A failure is noted with its reason, and tried again after a pause."""
    commit(store, events=[event("e-1"), event("e-2", version=2)])
    store.unpublished(10, 0)

    store.mark(["e-1"], {"e-2": "312 NO_ROUTE", "unknown": "x"})

    assert store.unpublished(10, 0) == []
    assert column(store, "SELECT event_id FROM outbox JOIN event USING (seq)") == ["e-2"]
    assert column(store, "SELECT last_error FROM outbox") == ["312 NO_ROUTE"]
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET next_try = since")
    assert len(store.unpublished(10, 0)) == 1


def test_attempts_are_counted_until_they_are_done(store: SqlStore):
    """Durably, and per delivery."""
    assert store.attempt("h-1", None) == 1
    assert store.attempt("h-1", "boom") == 2
    assert store.attempt("h-2", None) == 1

    commit(store, attempts_done=["h-1"])

    assert store.attempt("h-1", None) == 1
    assert store.attempt("h-2", None) == 2


def test_deadlines_pass(store: SqlStore):
    """The longest overdue comes first; what is not due stays."""
    commit(
        store,
        parked("a", WaitsFor.PARTY, ACME, deadline=NOW + timedelta(seconds=2)),
        parked("b", WaitsFor.PARTY, ACME, deadline=NOW + timedelta(seconds=1)),
        parked("c", WaitsFor.PARTY, ACME, deadline=NOW + timedelta(days=1)),
    )

    due = store.due_parked(NOW + timedelta(seconds=2), 10)

    assert [each.message_id for each in due] == ["b", "a"]
    assert [each.message_id for each in store.due_parked(NOW + timedelta(days=9), 1)] == ["b"]


def test_a_message_parked_beside_what_it_waits_for_is_found(store: SqlStore):
    """It was parked while a neighbour committed its reference; each kind of key is recognised."""
    put(store, account(), invoice("I-1"), payment("P-1"), memo("CM-1"), dispute("N-1", "I-1"))
    there = {
        WaitsFor.INVOICE: str(key("I-1")),
        WaitsFor.PARTY: ACME,
        WaitsFor.DISPUTE: f"{ACME}/N-1/1",
        WaitsFor.PAYMENT: f"{ACME}/payment/P-1",
        WaitsFor.SOURCE: f"{ACME}/payment/P-1",
        WaitsFor.MEMO: str(key("CM-1")),
    }
    commit(store, *(parked(f"yes {kind}", kind, name) for kind, name in there.items()))
    commit(store, *(parked(f"no {kind}", kind, "nothing/x/y") for kind in there))

    found = [each.message_id for each in store.releasable(99)]

    assert found == [f"yes {kind}" for kind in there]
    assert [each.message_id for each in store.releasable(1)] == found[:1]


def test_counts_say_how_much_waits(store: SqlStore):
    """For metrics and health."""
    assert (store.counts().outbox, store.counts().outbox_age_s) == (0, 0.0)
    commit(
        store,
        parked("a", WaitsFor.PARTY, ACME),
        rejected("b", "dead-1"),
        rejected("c", "dead-2"),
        events=[event("e-1")],
    )
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dead_letter SET state = 'replayed' WHERE id = 'dead-2'")

    counts = store.counts()

    assert (counts.parked, counts.dead, counts.outbox) == (1, 1, 1)
    assert 0 <= counts.outbox_age_s < 60


def test_many_events_are_known_without_being_counted(store: SqlStore):
    """After an hour without a broker; never fewer than were counted."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO outbox (seq) WITH RECURSIVE n (i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT i FROM n"
        )
    assert store.counts().outbox > EXACTLY

    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE outbox")

    assert store.counts().outbox == 12_000


def test_the_clock_of_the_worker_does_not_matter(store: SqlStore):
    """An event recorded by a clock that runs ahead is relayed all the same."""
    with store.work() as work:
        work.save(replace(saving(events=[event("e-1")]), now=datetime(2099, 1, 1, tzinfo=UTC)))
        work.commit()

    assert len(store.unpublished(1, 0)) == 1
    with store.work() as work:
        assert work.load([Scope()]) is not None
