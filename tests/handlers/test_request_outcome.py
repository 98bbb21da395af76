"""Provisioning: asked with money reserved, executed or failed as a whole (S1-24 to S1-29, I-22)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from invoice_gateway.model.decision import Policy
from invoice_gateway.model.draft import Draft
from invoice_gateway.model.events import EVENTS
from invoice_gateway.model.invoice import Invoice
from invoice_gateway.model.ledger import Allocation, AllocationState, Source
from invoice_gateway.model.offer import Offer
from invoice_gateway.model.proforma import expire
from tests import messages as m
from tests import messages_offers as o
from tests.world import NOW, World, key, names, snapshot

TWO = {"lines": [o.Item(net="60.00"), replace(o.EXTENSION, net="30.00")]}


@pytest.fixture
def sent(world):
    """An offer of ACME that was sent: PF-1, a purchase of 60.00 and an extension of 30.00."""
    return world.all(o.invoice_draft(offered=TWO), o.send())


@pytest.fixture
def rich(sent):
    """The same, and 100.00 beside it."""
    return sent.all(m.payment_posted(amount="100.00"))


@pytest.fixture
def asked(rich):
    """The same, and the provisioning system was asked."""
    return rich.all(o.provision())


def reserved(world):
    """What is reserved, by source, in order."""
    return [
        (each.source.reference, each.amount)
        for each in world.book.all(Allocation)
        if each.state is AllocationState.RESERVED
    ]


def settled_state(world):
    """Everything that an attempt must leave as it was: all but versions, and removed rows."""
    kept = [
        each
        for each in snapshot(world.book).values()
        if not isinstance(each, Allocation) or each.state is not AllocationState.REMOVED
    ]
    return [
        replace(each, allocations=0) if isinstance(each, Source) else each
        for each in (
            replace(each, version=0) if hasattr(each, "version") else each for each in kept
        )
    ]


# -- the check (S1-26) ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "codes"),
    [
        (o.Item(type=None), ["type-not-provisionable"]),
        (o.Item(type="add-on"), ["type-not-provisionable"]),
        (o.Item(type="renewal"), ["type-not-provisionable"]),
        (o.Item(product=None), ["product-missing"]),
        (o.Item(quantity=None), ["quantity-missing"]),
        (o.Item(quantity="0"), ["quantity-missing"]),
        (o.Item(quantity="-1"), ["quantity-missing"]),
        (o.Item(period=None), ["period-missing"]),
        (o.Item(type="extension"), ["subscription-missing"]),
        (
            o.Item(type="extension", product=None, quantity=None, period=None),
            ["product-missing", "quantity-missing", "period-missing", "subscription-missing"],
        ),
    ],
)
def test_every_fault_of_an_item_is_found(world, item, codes):
    """S1-24, S1-26, §3.10: with a suggestion each; nothing changes, and the world is told."""
    world.all(
        m.payment_posted(amount="500.00"),
        o.invoice_draft(offered={"lines": [o.Item(net="10.00"), item]}),
        o.send(),
    )

    refused = world.refusal(o.provision())

    assert refused.code == "not-provisionable"
    assert [each.message.split(":")[0] for each in refused.findings] == codes
    assert {each.path for each in refused.findings} == {"line 2"}
    assert all(each.expected for each in refused.findings)
    event = refused.event
    assert (event.stage, [each.code for each in event.item]) == ("check", codes)
    assert type(event) in EVENTS


def test_a_renewal_is_to_become_an_extension(world):
    """S1-24: the suggestion says so."""
    world.all(o.invoice_draft(offered={"lines": [o.Item(type="renewal")]}), o.send())

    [finding] = world.refusal(o.provision()).findings

    assert finding.expected == "make it an extension"


# -- the money (S1-27) ----------------------------------------------------------------------------


def test_all_items_are_asked_for_at_once_and_the_gap_is_reserved(rich):
    """S1-25, S1-27, S1-28, A-08."""
    decision = rich.send(o.provision())

    assert names(decision) == ["request.execute-requested"]
    event = decision.events[0].event
    assert (str(event.invoice), event.request) == ("ENTERPRISE/PF-1", None)
    items = [(each.line_no, each.type, each.subscription, each.period) for each in event.item]
    assert items == [("1", "purchase", None, "P1M"), ("2", "extension", "SUB-7", "P1Y")]
    invoice = rich.invoice("PF-1")
    assert (invoice.lifecycle, invoice.detail.execution) == ("Sent", "executing")
    assert invoice.detail.reserved_until == NOW + timedelta(minutes=60)
    assert (invoice.pending, invoice.reserved, invoice.allocatable) == (9_000, 9_000, 0)
    assert rich.source().remaining == 1_000
    assert reserved(rich) == [("PAY-1", 9_000)]


def test_how_long_money_is_kept_is_a_setting():
    """Policy `reservation_minutes`."""
    world = World(policy=Policy(reservation_minutes=5)).all(
        m.customer_account(),
        o.invoice_draft(),
        o.send(),
        m.payment_posted(amount="90.00"),
        o.provision(),
    )

    assert world.invoice("PF-1").detail.reserved_until == NOW + timedelta(minutes=5)


def test_what_is_paid_in_full_needs_no_credit(rich):
    """S1-27: fully paid by manual payment."""
    rich.all(m.allocate(invoice="PF-1", amount="90.00"), o.provision(), o.request_outcome())

    assert reserved(rich) == []
    assert rich.invoice("PF-1").lifecycle == "Issued"
    assert rich.allocations("PF-1") == [("PAY-1", 9_000, "manual")]


def test_one_cent_too_little_is_too_little(sent):
    """S1-27: and nothing is reserved."""
    sent.all(m.payment_posted(amount="50.00"), m.credit_note_posted(amount="39.99"))

    assert sent.refusal(o.provision()).code == "no-credit-for-provision"


def test_payments_go_first_then_credits_then_the_wallet(sent):
    """A-03: the order of the auto run; a blocked pair does not stop a person."""
    sent.all(
        o.invoice_draft("TU-1", o.topup("50.00")),
        o.send("TU-1"),
        m.payment_posted("PAY-W", amount="50.00", invoices=["TU-1"]),
        m.credit_note_posted(amount="20.00", issue_date="2026-01-01"),
        m.payment_posted("PAY-2", amount="30.00", value_date="2026-11-19"),
        m.payment_posted("PAY-1", amount="10.00"),
        m.set_auto(on=False, source="PAY-2", invoice="PF-1"),
    )

    sent.send(o.provision())

    assert reserved(sent) == [
        ("PAY-2", 3_000),
        ("PAY-1", 1_000),
        ("CN-1", 2_000),
        ("payment/PAY-W#1", 3_000),
    ]


def test_money_meant_for_the_offer_goes_before_all_other(sent):
    """A-04: it has waited for it; what waits for another invoice is left alone."""
    sent.all(
        m.payment_posted("PAY-3", amount="40.00", invoices=["LATER"]),
        m.payment_posted("PAY-1", amount="100.00", value_date="2026-11-01"),
        m.payment_posted("PAY-2", amount="70.00", invoices={"PF-1": "70.00", "LATER": None}),
        o.provision(),
    )
    assert reserved(sent) == [("PAY-2", 7_000), ("PAY-1", 2_000)]

    sent.send(o.request_outcome())

    assert [each.waiting for each in sent.source("PAY-2").intents] == [False, True]
    assert sent.source("PAY-3").remaining == 4_000


def test_money_held_for_an_order_is_not_taken(sent):
    """A-04: it belongs to that order."""
    sent.all(m.payment_posted(amount="90.00"))
    sent.book.apply([replace(sent.source(), held_for="ORDER-1")])

    assert sent.refusal(o.provision()).code == "no-credit-for-provision"


def test_money_held_for_the_quote_behind_the_offer_is(world):
    """It was meant for nothing else."""
    world.all(o.invoice_draft(), o.send(), m.payment_posted(amount="90.00"))
    world.book.apply(
        [
            replace(world.source(), held_for="QUOTE-1"),
            replace(world.invoice("PF-1"), order_ref="QUOTE-1"),
        ]
    )

    world.send(o.provision())

    assert reserved(world) == [("PAY-1", 9_000)]


def test_money_in_another_currency_does_not_count(sent):
    """T-07."""
    sent.all(
        m.exchange_rates({"USD/EUR": "0.9"}),
        m.payment_posted(amount="900.00", currency="USD"),
    )

    assert sent.refusal(o.provision()).code == "no-credit-for-provision"


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (o.edit(), "bad-transition"),
        (o.command("Void"), "bad-transition"),
        (o.provision(message_id="again"), "bad-transition"),
        (m.allocate(invoice="PF-1"), "bad-transition"),
        (m.remove(invoice="PF-1"), "bad-transition"),
    ],
)
def test_nothing_moves_until_the_answer_is_in(asked, xml, code):
    """§3.2: no edit, void or other allocation."""
    assert asked.refusal(xml).code == code


def test_reserved_money_pays_nothing_else(asked):
    """A-08: a payment in flight and a credit cannot both pay."""
    asked.send(m.invoice_posted("INV-9"))

    assert asked.allocations("INV-9") == [("PAY-1", 1_000, "auto")]
    refused = asked.refusal(m.payment_reversed(kind="refund", amount="10.00"))
    assert refused.code == "exceeds-source"


# -- executed -------------------------------------------------------------------------------------


def test_executed_it_is_a_paid_tax_invoice_with_a_number(asked):
    """S1-09, S1-29, S2-10: what was reserved counts now."""
    decision = asked.send(o.request_outcome(done=["1", "2"], tasks=[("2", "Call"), (None, "Pack")]))

    invoice = asked.invoice("PF-1")
    assert names(decision) == [
        "invoice.issued",
        "allocation.posted",
        "invoice.line-status-changed",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "task.manual-required",
        "task.manual-required",
    ]
    tasks = [(each.event.line_no, each.event.text) for each in decision.events[-2:]]
    assert tasks == [("2", "Call"), (None, "Pack")]
    assert (invoice.lifecycle, invoice.detail.execution) == ("Issued", "executed")
    assert (invoice.pending, invoice.reserved, invoice.detail.reserved_until) == (0, 0, None)
    assert (invoice.derived.status, invoice.derived.closure_reason) == ("Paid", "Paid")
    assert (invoice.detail.series, invoice.detail.transaction_no) == ("reseller", 1)
    assert '"Buyer":[["Name","Acme"]]' in invoice.snapshot
    assert asked.allocations("PF-1") == [("PAY-1", 9_000, "provision")]


def test_the_buyer_is_printed_as_the_offer_says(world):
    """S4-12, §3.15: with the headings of its lines."""
    offered = {"lines": [o.Item(group="Phones")], "buyer": "Acme Head Office"}
    world.all(
        m.payment_posted(amount="90.00"),
        o.invoice_draft(offered=offered),
        o.send(),
        o.provision(),
        o.request_outcome(),
    )

    snapshot_ = world.invoice("PF-1").snapshot
    assert '"Buyer":[["Name","Acme Head Office"]]' in snapshot_
    assert '"Groups":[["1","Phones"]]' in snapshot_


def test_what_was_allocated_by_hand_may_still_be_removed(asked):
    """S1-22, S1-12, S2-08: also after it became a tax invoice; it is owed again."""
    asked.all(o.request_outcome(), m.remove(invoice="PF-1"))

    invoice = asked.invoice("PF-1")
    assert (invoice.lifecycle, invoice.pending) == ("Issued", 9_000)
    asked.send(m.payment_posted("PAY-2", amount="20.00"))
    assert asked.allocations("PF-1") == [("PAY-2", 2_000, "auto")]


def test_credit_consumed_by_a_provision_is_announced(sent):
    """As for every other allocation."""
    sent.all(m.credit_note_posted(amount="90.00"), o.provision())

    decision = sent.send(o.request_outcome())

    assert "credit.consumed" in names(decision)
    assert sent.invoice("PF-1").derived.closure_reason == "Credited"


@pytest.mark.parametrize("field", ["done", "tasks"])
def test_an_answer_is_about_lines_that_were_asked_for(asked, field):
    """Else it is refused, and nothing is issued."""
    said = {"done": ["9"]} if field == "done" else {"tasks": [("9", "Call")]}

    assert asked.refusal(o.request_outcome(**said)).code == "unknown-line"


# -- failed ---------------------------------------------------------------------------------------


def test_failed_it_is_as_if_nobody_had_asked(rich):
    """S1-25, I-22: the whole state is as before, but for the story of it."""
    before = settled_state(rich)
    rich.send(o.provision())

    decision = rich.send(o.failed(o.Fault(line="2", suggestion="ask again"), reason="no stock"))

    assert names(decision) == ["provision.rejected"]
    event = decision.events[0].event
    assert (event.stage, event.reason_text) == ("outcome", "no stock")
    [item] = event.item
    assert (item.line_no, item.code, item.suggestion) == ("2", "NO-STOCK", "ask again")
    assert settled_state(rich) == before
    assert rich.invoice("PF-1").detail.execution == "pending"


def test_a_fault_without_a_code_has_failed(asked):
    """The provisioning system says what it knows; items that were fine are no faults."""
    fault = o.Fault(line="1", code=None, message=None)

    decision = asked.send(o.request_outcome(executed=False, done=["2"], faults=[fault]))

    [item] = decision.events[0].event.item
    assert (item.line_no, item.code, item.message) == ("1", "failed", None)


def test_money_that_is_free_again_pays_what_has_become_due(asked):
    """A-03."""
    asked.all(m.invoice_posted("INV-9"), o.failed())

    assert [amount for _, amount, _ in asked.allocations("INV-9")] == [1_000, 9_000]


def test_after_a_failure_it_can_be_asked_again(asked):
    """And succeeds then."""
    asked.all(o.failed(), o.provision(message_id="again"), o.request_outcome())

    assert asked.invoice("PF-1").lifecycle == "Issued"


# -- no answer, and late answers ------------------------------------------------------------------


def test_without_an_answer_the_money_is_free_in_the_end(asked):
    """§3.12: reservation_expiry; the offer can be changed again."""
    draft = Draft(asked.book, asked.context())
    expire(draft, asked.invoice("PF-1"))
    decision = draft.decision()
    asked.book.apply(decision.changes)

    assert names(decision) == ["provision.rejected"]
    assert decision.events[0].event.stage == "expiry"
    assert reserved(asked) == []
    assert (asked.source().remaining, asked.invoice("PF-1").reserved) == (10_000, 0)
    asked.send(o.command("Void"))


def expired(world):
    """The same world after the time to answer has passed, by the timer."""
    return world.all(m.timer_due("PF-1", kind="proforma", day="2026-11-21"))


def test_the_timer_lets_the_money_go_once(asked):
    """§3.12: it fires, and then nothing is due any more."""
    expired(asked)

    invoice = asked.invoice("PF-1")
    assert (invoice.lifecycle, invoice.reserved, invoice.wake_at) == ("Sent", 0, None)
    assert reserved(asked) == []


def test_a_late_answer_counts_while_there_is_money(asked):
    """What was executed is executed: money is put aside anew, and posted."""
    expired(asked).send(o.request_outcome())

    assert asked.invoice("PF-1").lifecycle == "Issued"
    assert asked.allocations("PF-1") == [("PAY-1", 9_000, "provision")]


def test_a_late_answer_without_money_can_be_replayed(asked):
    """It is refused, and nothing is lost: after a payment it is taken in."""
    expired(asked).send(m.payment_reversed(kind="refund", amount="20.00"))
    assert asked.refusal(o.request_outcome()).code == "no-credit-for-provision"

    asked.all(m.payment_posted("PAY-2", amount="10.00"), o.request_outcome())

    assert asked.invoice("PF-1").pending == 0


def test_a_late_answer_about_another_edition_is_refused(asked):
    """What was executed is not what is offered now: somebody has to look at it."""
    expired(asked).send(o.edit(offered={"lines": [o.Item(net="10.00")]}))

    assert asked.refusal(o.request_outcome()).code == "bad-transition"


def test_a_late_failure_changes_nothing_but_what_is_asked(asked):
    """The money was free already."""
    expired(asked).send(o.failed())

    assert asked.invoice("PF-1").detail.execution == "pending"
    assert asked.source().remaining == 10_000


@pytest.mark.parametrize("executed", [True, False])
def test_an_answer_to_nothing_is_refused(sent, executed):
    """Before anybody asked."""
    assert sent.refusal(o.request_outcome(executed=executed)).code == "bad-transition"


def test_a_second_answer_is_refused(asked):
    """S4-28 for offers: executed is for good."""
    asked.send(o.request_outcome())

    assert asked.refusal(o.failed()).code == "already-executed"


def test_an_answer_about_another_kind_of_invoice_is_refused(billed):
    """Nobody asks about those."""
    assert billed.refusal(o.request_outcome("INV-1")).code == "bad-transition"


# -- the money goes while somebody waits ----------------------------------------------------------


def test_reserved_money_that_bounces_is_reserved_from_what_is_left(asked):
    """A-10, A-08: as far as it goes; the rest is missing when the answer comes."""
    asked.send(m.payment_reversed(amount="30.00"))

    assert reserved(asked) == [("PAY-1", 7_000)]
    assert asked.source().remaining == 0
    assert asked.invoice("PF-1").allocatable == 2_000
    assert asked.refusal(o.request_outcome()).code == "no-credit-for-provision"

    asked.all(m.payment_posted("PAY-2", amount="20.00"), o.request_outcome())
    assert asked.allocations("PF-1") == [
        ("PAY-1", 7_000, "provision"),
        ("PAY-2", 2_000, "provision"),
    ]


def test_reserved_money_that_bounces_altogether_is_gone(asked):
    """A-10."""
    asked.send(m.payment_reversed())

    assert reserved(asked) == []
    assert asked.invoice("PF-1").reserved == 0


# -- requests -------------------------------------------------------------------------------------


def test_the_answer_about_a_request_goes_to_the_request(world):
    """S4-23: and what is left to do by hand is announced with it."""
    world.all(m.request_raised(), m.payment_posted(amount="100.00"))
    assert world.request().state == "executing"

    decision = world.send(o.request_outcome(request="REQ-1", tasks=[(None, "Call")]))

    assert world.request().state == "executed"
    assert names(decision)[-1] == "task.manual-required"
    assert decision.events[-1].event.request == "REQ-1"


def test_a_request_that_failed_waits_again(world):
    """Its money stays; tasks are for what was done."""
    world.all(m.request_raised(), m.payment_posted(amount="100.00"))

    decision = world.send(
        o.request_outcome(request="REQ-1", executed=False, reason="down", tasks=[(None, "Call")])
    )

    assert world.request().state == "pending"
    assert "task.manual-required" not in names(decision)


def test_an_unknown_request_is_waited_for(world):
    """Parked."""
    assert world.refusal(o.request_outcome(request="REQ-9")).code == "unknown-request"


def test_what_is_offered_is_there_after_it_is_issued(asked):
    """A copy of a tax invoice says what was sold."""
    asked.all(o.request_outcome(), o.copy("PF-2"))

    assert len(asked.book.get(Offer, "ENTERPRISE/PF-2").lines) == 2
    assert asked.book.get(Invoice, key("PF-2")).lifecycle == "Draft"
