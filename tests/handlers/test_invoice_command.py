"""InvoiceCommand: what can be done with an offer, where, and what it changes (DOMAIN §3.2)."""

from datetime import date

import pytest

from invoice_gateway.model.decision import AlreadyApplied, Policy
from invoice_gateway.model.invoice import InvoiceKind, Lifecycle
from invoice_gateway.model.offer import Offer
from invoice_gateway.model.offers import _DO, BUSY, TRANSITIONS, Command
from tests import messages as m
from tests import messages_offers as o
from tests.model.build import invoice as some_invoice
from tests.world import World, names

TWO = {"lines": ["60.00", "30.00"]}


@pytest.fixture
def drafted(world):
    """A draft of ACME: PF-1, lines of 60.00 and 30.00."""
    return world.all(o.invoice_draft(offered=TWO))


@pytest.fixture
def sent(drafted):
    """The same, sent."""
    return drafted.all(o.send())


@pytest.fixture
def half_paid(sent):
    """The same, 50.00 of 70.00 put on its first line."""
    return sent.all(m.payment_posted(), m.allocate(invoice="PF-1", amount="50.00"))


def command(name):
    """A message for each command, about PF-1."""
    special = {
        Command.EDIT: o.edit,
        Command.COPY: lambda **header: o.copy("PF-9", **header),
        Command.SET_AUTO_ALLOCATE: lambda **header: o.auto(on=True, **header),
        Command.EXECUTE_WITHOUT_PAYMENT: o.unpaid,
    }
    words = "".join(each.capitalize() for each in name.split("-"))
    return special.get(name, lambda **header: o.command(words, **header))


# -- the table ------------------------------------------------------------------------------------


def test_every_command_has_a_row_and_a_function():
    """Nothing is possible by accident, nothing is forgotten."""
    assert set(TRANSITIONS) == set(_DO) == set(Command)
    assert set(Command) >= BUSY


@pytest.mark.parametrize("kind", InvoiceKind)
@pytest.mark.parametrize("state", Lifecycle)
@pytest.mark.parametrize("name", Command)
def test_what_has_no_row_is_a_bad_transition(world, name, state, kind):
    """S1-06, S1-29, S2-13, I-18: for every command, kind and state that the table leaves out."""
    where = TRANSITIONS[name]
    if kind in where.kinds and state in where.states:
        return
    world.book.apply([some_invoice("PF-1", kind=kind, lifecycle=state)])

    issued = name is Command.VOID and state is Lifecycle.ISSUED
    code = "not-voidable-issued" if issued else "bad-transition"
    assert world.refusal(command(name)()).code == code


# -- sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "means"), [("Send", "send"), ("MarkSent", "mark-sent")])
def test_sending_makes_an_offer_payable_and_starts_the_due_days(drafted, word, means):
    """S1-04, S1-33: due days count from the day it was sent."""
    decision = drafted.send(o.command(word, effective_date="2026-11-25"))

    invoice = drafted.invoice("PF-1")
    assert names(decision) == ["invoice.sent"]
    event = decision.events[0].event
    assert (event.means, event.recipient) == (means, "buyer@acme.example")
    assert (event.state.status, event.totals.pending.minor) == ("New", 9_000)
    assert (invoice.lifecycle, invoice.issue_date) == ("Sent", date(2026, 11, 25))
    assert invoice.due_date == date(2026, 12, 9)
    assert invoice.detail.transaction_no is None


def test_reminders_of_a_sent_offer_go_by_the_account(world):
    """§3.12: Sent with something pending; the policy is the one of the day it was sent."""
    terms = m.Terms(policy={"ReminderDays": 7})
    world.all(m.customer_account("GLOBEX", terms=terms, sent_at="2026-11-20T09:40:00Z"))
    world.all(o.invoice_draft(customer="GLOBEX"), o.send())

    invoice = world.invoice("PF-1")
    assert invoice.detail.reminder_days == 7
    assert invoice.wake_at.date() == date(2026, 11, 27)


def test_resending_changes_nothing(sent):
    """S1-05: it is only announced once more."""
    before = sent.invoice("PF-1")

    [event] = [each.event for each in sent.send(o.command("Resend")).events]

    assert (event.name, event.means) == ("invoice.sent", "resend")
    assert sent.invoice("PF-1").derived == before.derived


def test_money_finds_no_sent_offer_by_itself(sent):
    """X-08: manual only, before provisioning; a payment that names it waits for that."""
    sent.all(m.payment_posted(invoices=["PF-1"]), m.payment_posted("PAY-2"))

    assert sent.allocations("PF-1") == []
    assert (sent.source().held, sent.source("PAY-2").held) == (7_000, 0)


def test_an_older_draft_does_not_keep_money_from_an_invoice(drafted):
    """A-03: offers are not in the way of the auto run."""
    drafted.all(m.invoice_posted("INV-9"), m.payment_posted(amount="50.00"))

    assert drafted.allocations("INV-9") == [("PAY-1", 5_000, "auto")]


# -- editing --------------------------------------------------------------------------------------


def test_an_edition_takes_the_place_of_the_one_before(drafted):
    """S1-05, S2-07: everything it says may change, and it says which edition it is."""
    offered = {"lines": ["10.00"], "name": "Less", "recipient": "b@acme.example", "due_days": 30}

    decision = drafted.send(o.edit(offered=offered))

    invoice = drafted.invoice("PF-1")
    assert names(decision) == ["invoice.edited"]
    assert decision.events[0].event.edition == invoice.detail.edition == 2
    assert (invoice.amount, invoice.pending, invoice.lifecycle) == (1_000, 1_000, "Draft")
    assert [line.amount for line in invoice.lines] == [1_000]
    assert (invoice.detail.name, invoice.detail.recipient) == ("Less", "b@acme.example")
    assert invoice.due_date == date(2026, 12, 20)
    assert invoice.detail.first_line == 2


def test_a_topup_is_edited_until_it_is_paid(world):
    """S2-06, §3.2: afterwards it is a numbered tax document."""
    world.all(o.invoice_draft("TU-1", o.topup()), o.send("TU-1"), o.edit("TU-1", o.topup("40.00")))
    assert world.invoice("TU-1").pending == 4_000

    world.all(m.payment_posted(amount="10.00", invoices=["TU-1"]))
    assert world.refusal(o.edit("TU-1", o.topup("50.00"))).code == "bad-transition"


def test_what_is_settled_and_said_of_a_line_stays(half_paid):
    """S1-32: the new edition of a paid line may ask for more, and then it is not paid any more."""
    half_paid.all(m.line_status_update(invoice="PF-1", lines=["2"]))

    half_paid.send(o.edit(offered={"lines": ["50.00", "30.00"]}))
    assert half_paid.invoice("PF-1").lines[0].settled == 5_000
    assert half_paid.says("PF-1") == "NR PN"

    half_paid.send(o.edit(offered={"lines": ["55.00", "30.00"]}))
    assert half_paid.says("PF-1") == "NN PN"
    assert half_paid.invoice("PF-1").derived.status == "Partially Paid"


@pytest.mark.parametrize(
    "lines", [["49.99"], ["49.99", "900.00"], [o.Item(net="900.00", number="7")]]
)
def test_no_edition_asks_for_less_than_is_settled(half_paid, lines):
    """S1-32: neither the whole nor a line; what is paid cannot be edited away."""
    assert half_paid.refusal(o.edit(offered={"lines": lines})).code == "below-settled"


def test_no_edition_asks_for_less_than_is_disputed(sent):
    """An open dispute keeps its line."""
    sent.all(m.dispute_opened(invoice="PF-1", lines={"1": "20.00"}))

    assert sent.refusal(o.edit(offered={"lines": ["19.99"]})).code == "below-settled"
    sent.send(o.edit(offered={"lines": ["20.00"]}))
    assert sent.invoice("PF-1").disputed_amount == 2_000


def test_a_dispute_about_an_offer_is_not_upheld_but_leads_to_an_edition(sent):
    """M-03: no memo on an offer; the customer takes its dispute back, or it is rejected."""
    sent.all(m.dispute_opened(invoice="PF-1", lines={"1": "20.00"}))

    assert sent.refusal(m.dispute_resolution("ACME/DN-1/1")).code == "bad-transition"
    sent.send(m.dispute_resolution("ACME/DN-1/1", outcome="rejected"))


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        ({"amount": "5.00"}, "bad-transition"),
        ({"lines": ["5.00"], "currency": "USD"}, "currency-mismatch"),
        ({"lines": ["5.00", "-5.00"]}, "amount-not-positive"),
    ],
)
def test_kind_and_currency_of_an_offer_stay(drafted, offered, code):
    """And it costs something."""
    assert drafted.refusal(o.edit(offered=offered)).code == code


# -- copying --------------------------------------------------------------------------------------


def test_a_copy_is_a_new_draft_without_money_and_number(half_paid):
    """S1-07."""
    decision = half_paid.send(o.copy("PF-2"))

    copy = half_paid.invoice("PF-2")
    assert names(decision) == ["invoice.drafted"]
    assert str(decision.events[0].event.copy_of) == "ENTERPRISE/PF-1"
    assert (copy.lifecycle, copy.settled, copy.amount) == ("Draft", 0, 9_000)
    assert (copy.detail.transaction_no, copy.detail.edition) == (None, 1)
    lines = [half_paid.book.get(Offer, f"ENTERPRISE/{each}").lines for each in ("PF-1", "PF-2")]
    assert lines[0] == lines[1]


def test_what_is_over_can_still_be_copied(drafted):
    """S1-05: in any state."""
    drafted.all(o.command("Delete"), o.copy("PF-2"))

    assert drafted.invoice("PF-2").lifecycle == "Draft"


def test_a_copy_takes_a_number_of_its_own(drafted):
    """P-02: the same copy again is a duplicate."""
    drafted.send(o.copy("PF-2"))

    assert drafted.refusal(o.copy("PF-1")).code == "number-taken"
    with pytest.raises(AlreadyApplied):
        drafted.send(o.copy("PF-2", message_id="again"))


# -- withdrawing ----------------------------------------------------------------------------------


def test_a_draft_is_deleted(drafted):
    """S1-03: and is nothing any more."""
    decision = drafted.send(o.command("Delete", reason="twice"))

    assert names(decision) == ["invoice.deleted"]
    assert decision.events[0].event.reason_text == "twice"
    assert drafted.invoice("PF-1").lifecycle == "Deleted"


def test_a_sent_offer_is_voided_without_a_credit_note(sent):
    """S1-30, S2-09."""
    decision = sent.send(o.command("Void", reason="too dear"))

    assert names(decision) == ["invoice.voided"]
    assert decision.events[0].event.reason_text == "too dear"
    assert sent.invoice("PF-1").lifecycle == "Voided"


def test_a_topup_that_nobody_paid_is_voided(world):
    """S2-06."""
    world.all(o.invoice_draft("TU-1", o.topup()), o.send("TU-1"), o.command("Void", "TU-1"))

    assert world.invoice("TU-1").lifecycle == "Voided"


def test_an_offer_with_money_on_it_is_not_voided_until_it_is_off(half_paid):
    """S1-31, S1-22, I-20: the money is the customer's again."""
    assert half_paid.refusal(o.command("Void")).code == "not-voidable-allocated"

    half_paid.all(m.remove(invoice="PF-1"), o.command("Void"))

    assert half_paid.invoice("PF-1").lifecycle == "Voided"
    assert half_paid.source().remaining == 7_000


def test_money_that_waits_for_an_offer_is_free_when_that_is_withdrawn(sent):
    """I-20: and pays what is due."""
    sent.all(m.payment_posted(invoices=["PF-1"]), m.invoice_posted("INV-9"))
    assert sent.allocations("INV-9") == []

    sent.send(o.command("Void"))

    assert sent.allocations("INV-9") == [("PAY-1", 7_000, "auto")]


@pytest.mark.parametrize(
    "xml",
    [
        m.allocate(invoice="PF-1"),
        m.remove(invoice="PF-1"),
        m.memo_posted(invoice="PF-1", amount="1.00"),
        m.payment_notice(invoices=["PF-1"]),
        m.line_status_update(invoice="PF-1"),
        m.dispute_opened(invoice="PF-1", lines=["1"]),
    ],
)
@pytest.mark.parametrize("over", [None, "Delete", "Void"])
def test_nothing_happens_to_what_is_not_sent_or_is_over(drafted, xml, over):
    """I-18, S1-06, S1-23: drafts and what was withdrawn take no money and no status."""
    drafted.all(m.payment_posted())
    if over == "Void":
        drafted.send(o.send())
    if over:
        drafted.send(o.command(over))

    assert drafted.refusal(xml).code == "bad-transition"


# -- automatic or not -----------------------------------------------------------------------------


def test_the_automatic_run_is_switched_for_one_invoice(billed):
    """S1-14, S2-11: off, the payment waits for a command; on, money moves at once."""
    billed.all(o.auto("INV-1", on=False), m.payment_posted())
    assert billed.allocations() == []

    decision = billed.send(o.auto("INV-1", on=True))

    assert names(decision)[0] == "allocation.posted"
    assert billed.allocations() == [("PAY-1", 7_000, "auto")]


def test_an_offer_keeps_the_switch_until_it_is_issued(sent):
    """It says what will happen then."""
    sent.send(o.auto(on=False))

    assert not sent.invoice("PF-1").auto_allocate


# -- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [Command.CANCEL, Command.EXECUTE_WITHOUT_PAYMENT])
def test_only_a_request_is_cancelled_or_executed_without_payment(sent, name):
    """§3.2: nothing of the kind for offers."""
    assert sent.refusal(command(name)()).code == "bad-transition"


def test_a_request_is_cancelled_with_the_reason_that_is_given(world):
    """S4-31: or with a plain word."""
    world.all(m.request_raised("REQ-1"), m.request_raised("REQ-2"))

    first = world.send(o.command("Cancel", "INV:REQ-1", reason="ordered twice"))
    second = world.send(o.command("Cancel", "INV:REQ-2"))

    reasons = [each.events[-1].event.reason for each in (first, second)]
    assert reasons == ["ordered twice", "cancelled"]
    assert world.request("REQ-1").state == "cancelled"


@pytest.mark.parametrize(("choice", "discounted"), [("keep", False), ("cancel", True)])
def test_a_request_is_executed_although_nobody_paid(choice, discounted):
    """S4-25: keeping the invoice, or giving it as a discount."""
    world = World().all(m.customer_account(), m.request_raised())

    world.send(o.unpaid("INV:REQ-1", choice))

    request = world.request()
    assert (request.state, request.discounted) == ("executing", discounted)


@pytest.fixture
def asked_of_acme() -> World:
    """ACME, a reseller; its customer ACME-SHOP has asked for something, and so has GLOBEX."""
    return World().all(
        m.customer_account("ACME", party_class="reseller"),
        m.customer_account("ACME-SHOP", parent="ACME"),
        m.customer_account("GLOBEX"),
        m.request_raised("SHOP", customer="ACME-SHOP", order="O-SHOP"),
        m.request_raised("GLOBEX", customer="GLOBEX", order="O-GLOBEX"),
    )


def test_a_reseller_cancels_and_executes_what_its_customers_asked_for(asked_of_acme):
    """§3.16: for those beneath it, and nothing else."""
    asked_of_acme.send(o.unpaid("INV:SHOP", "keep", sender="reseller"))

    assert asked_of_acme.request("SHOP").state == "executing"
    for refused in (
        o.unpaid("INV:GLOBEX", "keep", sender="reseller"),
        o.command("Cancel", "INV:GLOBEX", sender="reseller"),
        o.send("INV:SHOP", sender="reseller"),
        o.command("Cancel", "INV:SHOP", sender="acme"),
    ):
        assert asked_of_acme.refusal(refused).code == "forbidden"


# -- who may --------------------------------------------------------------------------------------


def test_a_reseller_offers_to_its_customers_but_neither_voids_nor_delivers(world):
    """§3.16: it drafts, edits, sends; it does not take back and not provision."""
    world.all(
        o.invoice_draft(customer="ACME-SHOP", sender="acme"),
        o.edit(offered=TWO, sender="acme"),
        o.send(sender="acme"),
    )

    for name in ("Void", "Provision"):
        assert world.refusal(o.command(name, sender="acme")).code == "forbidden"
    world.send(o.command("Void", sender="financials"))


def test_an_invoice_that_is_not_there_is_waited_for(world):
    """Parked."""
    assert world.refusal(o.send("PF-9")).code == "unknown-invoice"


def test_due_days_may_count_from_provisioning():
    """S1-33: policy `due_from`."""
    world = World(policy=Policy(due_from="provisioning")).all(
        m.customer_account(), o.invoice_draft(), o.send(), m.payment_posted(amount="90.00")
    )

    world.all(o.provision(), o.request_outcome(effective_date="2026-11-30"))

    invoice = world.invoice("PF-1")
    assert (invoice.issue_date, invoice.due_date) == (date(2026, 11, 30), date(2026, 12, 14))
