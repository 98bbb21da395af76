"""What the faces show: plain values that turn into JSON, or nothing when there is nothing."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_gateway.engine.ports import Outcome
from invoice_gateway.model.decision import Actor, Role, Scope, WaitsFor
from invoice_gateway.model.detail import Detail, Execution, Fulfilment
from invoice_gateway.model.errors import Finding
from invoice_gateway.model.forex import Carry
from invoice_gateway.model.invoice import InvoiceKind
from invoice_gateway.model.ledger import AllocationState, Intent, MemoPart, Pair, Part
from invoice_gateway.store import SqlStore, views

from .build import (
    ACME,
    NOW,
    account,
    allocation,
    dispute,
    event,
    invoice,
    key,
    memo,
    paid_by,
    payment,
    put,
    record,
    saving,
)


def as_json(value):
    """What a face would print: bytes aside, everything is JSON."""
    return json.loads(json.dumps(value, default=lambda each: f"{len(each)} bytes"))


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    """A store in which ACME owes for two invoices and has some money left."""
    first = invoice("I-1", 600, 400)
    lines = (first.lines[0]._replace(settled=100, disputed=50, credited=10), first.lines[1])
    first = replace(first, lines=lines, settled=100, credits=10)
    posted = allocation("P-1", 1, "I-1", Part("1", 100))
    put(
        store,
        account(parent="TOP"),
        account("TOP"),
        first,
        invoice("I-2", 70, currency="USD", day=2),
        invoice("X-1", account="TOP"),
        payment("P-1", 1000, allocated=100, allocations=2, intents=(Intent(key("I-9"), 5, True),)),  # noqa: FBT003
        posted,
        allocation(
            "P-1",
            2,
            "I-1",
            Part("2", 1),
            state=AllocationState.REMOVED,
            removed_reason="wrong",
        ),
        memo("CM-1", "I-1", MemoPart("1", 10, 10, 0)),
        dispute("N-1", "I-1"),
        Pair(source=paid_by("P-1"), invoice=key("I-2")),
    )
    with store.work() as work:
        work.save(
            saving(
                records=[
                    record("m-1", accounts=(ACME,), duplicates=2),
                    record(
                        "m-2",
                        outcome=Outcome.PARKED,
                        type="PaymentNotice",
                        code="unknown-invoice",
                        text="not there",
                        waits_for=(WaitsFor.INVOICE, "E/9"),
                        deadline=NOW + timedelta(hours=1),
                    ),
                    record(
                        "m-3",
                        outcome=Outcome.REJECTED,
                        dead_letter="dead-1",
                        code="xsd-invalid",
                        text="no",
                        findings=(Finding(3, "/a/b", "bad", "good"),),
                        business_keys=("I-1", "A%"),
                        fingerprint="f",
                    ),
                ],
                events=[
                    event("e-1"),
                    event("e-2", version=2),
                    replace(event("e-3"), aggregate="dispute", aggregate_id=f"{ACME}/N-1/1"),
                    replace(event("e-4"), aggregate="memo", aggregate_id=str(key("CM-1"))),
                    replace(event("e-5"), aggregate="allocation", aggregate_id=posted.id),
                    replace(event("e-6"), aggregate="invoice", aggregate_id="OTHER/1"),
                    event("e-7", version=3, name="invoice.status-changed"),
                ],
            )
        )
        work.commit()
    return store


def test_invoices_are_listed_last_first(filled: SqlStore):
    """With their status; by account, by status, and no more than asked for."""
    with filled.session() as session:
        everything = views.invoice_list(session)
        of_acme = views.invoice_list(session, account=ACME, status="New", limit=1)
        assert views.invoice_list(session, status="Paid") == []

    assert [each["number"] for each in everything] == ["X-1", "I-2", "I-1"]
    assert as_json(of_acme) == [
        {
            "issuer": "ENTERPRISE",
            "number": "I-2",
            "kind": "commercial",
            "lifecycle": "Issued",
            "account": ACME,
            "currency": "USD",
            "amount": 70,
            "pending": 70,
            "issue_date": "2026-11-02",
            "due_date": "2026-12-02",
            "status": "New",
            "settlement_state": "Unsettled",
            "contested": False,
            "confirmation": "Unconfirmed",
            "closure_reason": None,
            "fulfilment": None,
            "execution": None,
            "display": {
                "b3networks": "Provisioned & Awaiting payment",
                "comergent": "New",
                "resellerclub": "Pending Amount = Invoice Amount",
                "sangoma": None,
            },
        }
    ]


def test_an_invoice_is_shown_in_the_words_of_each_system(filled: SqlStore):
    """Appendix C, from the ledger, the lines, the goods and the request of the invoice."""
    goods = Detail(fulfilment=Fulfilment.READY_TO_SHIP)
    waits = Detail(execution=Execution.PENDING, request="R-1")
    put(
        filled,
        replace(invoice("G-1"), detail=goods),
        replace(invoice("R-1"), kind=InvoiceKind.REQUEST, detail=waits),
    )
    with filled.session() as session:
        shown = {number: views.invoice_show(session, key(number)) for number in ("G-1", "R-1")}
        listed = {each["number"]: each["display"] for each in views.invoice_list(session)}

    assert listed["G-1"]["sangoma"] == "Ready to Ship"
    assert listed["R-1"]["b3networks"] == "Proforma"
    assert {number: each["display"] for number, each in shown.items()} == {
        number: listed[number] for number in shown
    }


def test_an_invoice_is_shown_with_all_that_belongs_to_it(filled: SqlStore):
    """Lines with both statuses, allocations with what removed them, documents, disputes."""
    with filled.session() as session:
        shown = as_json(views.invoice_show(session, key("I-1")))
        assert views.invoice_show(session, key("none")) is None

    assert (shown["amount"], shown["pending"], shown["disputed"]) == (1000, 890, 50)
    first, second = shown["lines"]
    assert (first["line_no"], first["open"], first["due"], first["disputed"]) == ("1", 490, 590, 50)
    assert (second["customer"], second["enterprise"], second["open"]) == ("New", "New", 400)
    assert second["description"] == "Part 2"
    assert [(each["amount"], each["state"], each["reason"]) for each in shown["allocations"]] == [
        (100, "posted", None),
        (1, "removed", "wrong"),
    ]
    assert shown["allocations"][0]["parts"] == [{"line_no": "1", "amount": 100}]
    assert shown["allocations"][0]["source_reference"] == "P-1"
    assert shown["memos"][0]["parts"][0]["applied"] == 10
    assert shown["disputes"][0]["id"] == f"{ACME}/N-1/1"
    assert shown["snapshot"] == "<Invoice>I-1</Invoice>"


def test_the_history_of_an_invoice_is_its_events_and_those_of_its_parts(filled: SqlStore):
    """In the order in which they happened."""
    with filled.session() as session:
        history = views.invoice_history(session, key("I-1"))
        assert views.invoice_history(session, key("none")) is None

    assert history is not None
    assert [each["event_id"] for each in history] == ["e-1", "e-2", "e-3", "e-4", "e-5", "e-7"]
    assert history[0]["body"] == b"<Event>e-1</Event>"
    assert history[0]["headers"] == {"account": ACME}


def test_an_account_is_shown_with_what_it_owes_and_has(filled: SqlStore):
    """Per currency, with open invoices, idle money, and open disputes."""
    with filled.session() as session:
        shown = as_json(views.account_show(session, ACME))
        assert views.account_show(session, "nobody") is None
        assert [each["party"] for each in views.account_list(session)] == [ACME, "TOP"]

    assert shown["parent"] == "TOP"
    assert shown["totals"] == [
        {"currency": "EUR", "pending": 890, "remaining": 900, "balance": -10},
        {"currency": "USD", "pending": 70, "remaining": 0, "balance": 70},
    ]
    assert [each["number"] for each in shown["invoices"]] == ["I-1", "I-2"]
    [money] = shown["sources"]
    assert (money["reference"], money["remaining"]) == ("P-1", 900)
    assert money["intents"] == [
        {"issuer": "ENTERPRISE", "number": "I-9", "amount": 5, "waiting": True}
    ]
    assert money["blocked"] == ["ENTERPRISE/I-2"]
    assert [each["line_no"] for each in shown["disputes"]] == ["1"]


def test_messages_are_listed_last_first(filled: SqlStore):
    """By outcome, type and sender."""
    with filled.session() as session:
        everything = as_json(views.message_list(session))
        waiting = views.message_list(session, outcome="parked", type="PaymentNotice", sender="erp")
        assert views.message_list(session, sender="nobody") == []

    assert [each["message_id"] for each in everything] == ["m-2", "m-1"]
    assert everything[1]["accounts"] == [ACME]
    assert everything[1]["duplicates"] == 2
    assert [each["message_id"] for each in waiting] == ["m-2"]


def test_the_whole_life_of_a_message_is_shown(filled: SqlStore):
    """Bytes, outcome, what it waits for, the events it caused, or why it was refused."""
    with filled.session() as session:
        [accepted] = views.message_show(session, "m-1")
        [parked] = views.message_show(session, "m-2", sender="erp")
        [refused] = views.message_show(session, "m-3")
        [by_row] = views.message_show(session, str(accepted["id"]))
        assert views.message_show(session, "m-1", sender="nobody") == []
        assert views.message_show(session, "9" * 30) == []

    assert accepted["body"] == b"<Message>m-1</Message>"
    assert [each["event_id"] for each in accepted["events"]][:2] == ["e-1", "e-2"]
    assert (accepted["dead"], accepted["parked"]) == (False, None)
    assert parked["parked"]["key"] == "E/9"
    assert (refused["dead"], refused["outcome"], refused["code"]) == (
        True,
        "rejected",
        "xsd-invalid",
    )
    assert by_row["message_id"] == "m-1"
    as_json([accepted, parked, refused])


def test_dead_letters_are_found_and_settled(filled: SqlStore):
    """By any of the things one knows; what was done is noted with who did it."""
    with filled.session() as session:
        [letter] = views.dead_list(session)
        for wanted in (
            {"code": "xsd-invalid"},
            {"sender": "erp"},
            {"fingerprint": "f"},
            {"business_key": "I-1"},
            {"business_key": "A%"},
        ):
            assert len(views.dead_list(session, **wanted)) == 1, wanted
        for unwanted in ({"code": "x"}, {"state": "replayed"}, {"business_key": "I-"}):
            assert views.dead_list(session, **unwanted) == []
        shown = views.dead_show(session, "dead-1")
        assert views.dead_show(session, "none") is None
    assert shown is not None
    assert shown["body"] == b"<Message>m-3</Message>"
    assert letter["findings"] == [{"line": 3, "path": "/a/b", "message": "bad", "expected": "good"}]
    assert "body" not in letter

    with filled.session(read_only=False) as session:
        assert views.dead_set_state(session, "dead-1", "discarded", "test", "me")
    with filled.session(read_only=False) as session:
        assert not views.dead_set_state(session, "none", "discarded", "test", "me")

    with filled.session() as session:
        assert views.dead_list(session) == []
        [gone] = views.dead_list(session, state=None)
    assert (gone["state"], gone["reason"], gone["acted_by"]) == ("discarded", "test", "me")
    assert gone["acted_at"].endswith("+00:00")


def test_parked_messages_are_shown_with_what_they_wait_for(filled: SqlStore):
    """And until when."""
    with filled.session() as session:
        [waiting] = as_json(views.parked_list(session))
        shown = views.parked_show(session, "m-2")
        assert views.parked_show(session, "m-1") is None

    assert (waiting["message_id"], waiting["kind"], waiting["key"]) == ("m-2", "invoice", "E/9")
    assert waiting["deadline"] == "2026-11-23T13:30:15.123456+00:00"
    assert shown is not None
    assert shown["body"] == b"<Message>m-2</Message>"


def test_senders_are_added_changed_and_switched_off(store: SqlStore):
    """Switched off, a sender stays in the list and is nobody to the engine."""
    erp = Actor(sender="erp", party="E", role=Role.ERP)
    with store.session(read_only=False) as session:
        views.put_sender(session, erp)
        views.put_sender(session, replace(erp, party="F", receipts=True))
        session.commit()
    with store.work() as work:
        assert work.senders(["erp"]) == {"erp": replace(erp, party="F", receipts=True)}
    with store.session(read_only=False) as session:
        assert views.deactivate_sender(session, "erp")
        assert not views.deactivate_sender(session, "nobody")
        session.commit()

    with store.session() as session:
        [listed] = views.sender_list(session)
    assert listed == {
        "name": "erp",
        "party": "F",
        "role": "erp",
        "receipts": True,
        "active": False,
    }
    with store.work() as work:
        assert work.senders(["erp"]) == {}


def test_outcomes_and_events_are_counted(filled: SqlStore):
    """Repeats are duplicates; what no broker has confirmed is told apart."""
    with filled.work() as work:
        work.save(saving(published=["e-1"]))
        work.commit()
    with filled.session() as session:
        assert views.outcome_counts(session) == {
            "accepted": 1,
            "duplicate": 2,
            "parked": 1,
            "rejected": 1,
        }
        assert views.event_counts(session) == [
            {"name": "invoice.issued", "events": 6, "unconfirmed": 5},
            {"name": "invoice.status-changed", "events": 1, "unconfirmed": 1},
        ]


def test_an_empty_store_shows_nothing(store: SqlStore):
    """And counts nothing."""
    with store.session() as session:
        assert views.invoice_list(session) == views.message_list(session) == []
        assert views.outcome_counts(session)["accepted"] == 0
        assert views.event_counts(session) == []
    with store.work() as work:
        assert work.load([Scope(auto=True)]) is not None


@pytest.fixture
def foreign(store: SqlStore) -> SqlStore:
    """A store in which ACME is billed in dollars and in rupees, and its account is in rupees."""
    worth = Carry("INR", "82.5", 82_500, 41_250, 41_250)
    put(
        store,
        account(selling_currency="USD", accounting_currency="INR"),
        invoice("I-1", currency="USD", settled=500, carry=worth),
        invoice("I-2", 70, currency="INR", day=2),
        payment("P-1", 800, currency="USD", allocated=500, carry=Carry("INR", "83.1", 66_480, 0)),
        allocation(
            "P-1", 1, "I-1", Part("1", 500), currency="USD", carry=41_250, source_carry=41_550
        ),
        memo("CM-1", "I-1", MemoPart("1", 10, 10, 0), currency="USD", carry=825),
    )
    return store


def test_values_in_the_accounting_currency_are_blocks_of_their_own(foreign: SqlStore):
    """S4-05, S4-08, S4-09: amount, pending, the gain of each allocation, with their currency."""
    with foreign.session() as session:
        shown = as_json(views.invoice_show(session, key("I-1")))
        listed = as_json(views.invoice_list(session))

    worth = {
        "currency": "INR",
        "rate": "82.5",
        "amount": 82_500,
        "settled": 41_250,
        "pending": 41_250,
    }
    assert shown["accounting"] == worth
    assert shown["allocations"][0]["accounting"] == {
        "currency": "INR",
        "source_carry": 41_550,
        "carry": 41_250,
        "gain": 300,
    }
    assert shown["memos"][0]["accounting"] == {"currency": "INR", "applied": 825}
    assert [each.get("accounting") for each in listed] == [None, worth]


def test_an_account_is_shown_in_the_currency_it_is_kept_in(foreign: SqlStore):
    """What is owed and idle, foreign or not, in one sum."""
    with foreign.session() as session:
        shown = as_json(views.account_show(session, ACME))

    assert shown["accounting"] == [
        {"currency": "INR", "pending": 41_320, "remaining": 0, "balance": 41_320}
    ]
    [money] = shown["sources"]
    assert money["accounting"]["remaining"] == 0
