"""One message's posting: overlay, references, the ledger's own moves, and its events."""

from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model.decision import ENTITIES, Actor, Book, Policy, Reach, Role
from invoice_gateway.model.draft import aggregate_id
from invoice_gateway.model.errors import Code, Parked, Rejected
from invoice_gateway.model.events import EVENTS, CreditCreated, PaymentUnallocated
from invoice_gateway.model.invoice import Invoice
from invoice_gateway.model.keys import LineKey, SourceKey
from invoice_gateway.model.ledger import Account, Dispute, Notice, Pair, Source
from invoice_gateway.model.money import Money
from invoice_gateway.model.status import Move, Side
from tests.world import SENDERS, key, letters

from .build import Scene, account, context, invoice, line, payment, wish, with_line

EURO = Money(1, "EUR")


def unallocated(source):
    """A fact about a payment."""
    return PaymentUnallocated(
        payer="ACME", payment_id=source.key.reference, remaining=EURO, held=EURO, waits_for=()
    )


def created(source):
    """Another kind of event about a source."""
    return CreditCreated(customer="ACME", reference=source.key.reference, origin="x", amount=EURO)


def move(draft, command, side=Side.CUSTOMER, line_no="1", role="owner"):
    """Move one axis of a line of INV-1."""
    draft.move(key("INV-1"), line_no, side, command, role=role, reason="because")


# -- the overlay ----------------------------------------------------------------------------------


def test_a_draft_sees_its_own_changes_and_the_book_does_not():
    """Nothing happens to the book before the decision is applied."""
    scene = Scene(payment(amount=100))
    draft = scene.draft()

    draft.put(payment(amount=50))
    draft.put(payment("PAY-2", 5))
    draft.put(account("GLOBEX"))

    assert draft.get(Source, payment().key).amount == 50
    assert [each.amount for each in draft.of(Source, "ACME")] == [50, 5]
    assert draft.of(Source, "GLOBEX") == []
    assert draft.get(Source, payment("PAY-3").key) is None
    assert scene.source(payment()).amount == 100
    assert scene.book.of(Source, "ACME") == (payment(amount=100),)


def test_a_decision_has_the_last_version_of_what_was_touched():
    """Each entity once, however often it was put."""
    draft = Scene().draft()

    draft.put(payment(amount=1))
    draft.put(payment(amount=2))

    assert draft.decision().changes == (payment(amount=2),)


def test_a_book_keeps_the_order_of_arrival_and_what_was_touched():
    """Loading touches nothing; applying does; a new version stays in its place."""
    book = Book([payment("B"), payment("A"), account()])

    book.apply([replace(payment("B"), amount=7), payment("C")])

    assert [each.key.reference for each in book.of(Source, "ACME")] == ["B", "A", "C"]
    assert [each.amount for each in book.all(Source)] == [7, 100, 100]
    assert list(book.touched[Source]) == [payment("B").key, payment("C").key]
    assert list(book.touched[Account]) == []
    assert set(book.touched) == set(ENTITIES)
    assert book.of(Invoice, "ACME") == ()


# -- references that may not be there -------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "code", "waits_for"),
    [
        (lambda draft: draft.account("NEW"), "unknown-party", ("party", "NEW")),
        (
            lambda draft: draft.invoice(key("INV-9")),
            "unknown-invoice",
            ("invoice", "ENTERPRISE/INV-9"),
        ),
        (lambda draft: draft.dispute("A/B/1"), "unknown-dispute", ("dispute", "A/B/1")),
        (
            lambda draft: draft.source(payment().key),
            "unknown-source",
            ("source", "ACME/payment/PAY-1"),
        ),
        (
            lambda draft: draft.source(payment().key, Code.UNKNOWN_PAYMENT),
            "unknown-payment",
            ("source", "ACME/payment/PAY-1"),
        ),
        (
            lambda draft: draft.source(SourceKey("NEW", "payment", "P")),
            "unknown-party",
            ("party", "NEW"),
        ),
    ],
)
def test_what_is_not_there_yet_is_waited_for(ask, code, waits_for):
    """P-05: parked, with the kind and key whose arrival releases it."""
    with pytest.raises(Parked) as parked:
        ask(Scene().draft())

    assert parked.value.code == code
    assert parked.value.waits_for == waits_for


def test_what_is_there_is_returned():
    """Account, invoice, dispute and source, by key."""
    dispute = Dispute(
        id="A/B/1",
        account="ACME",
        invoice=key("INV-1"),
        line_no="1",
        notice_id="B",
        currency="EUR",
        amount=1,
        reason_code="PRI",
        requested_action="CNP",
        raised_by=Side.CUSTOMER,
        raiser="ACME",
        opened_at=context().now,
    )
    draft = Scene(invoice(), payment(), dispute).draft()

    assert draft.account("ACME") == account()
    assert draft.invoice(key("INV-1")) == invoice()
    assert draft.dispute("A/B/1") is dispute
    assert draft.source(payment().key) == payment()


def test_lines_are_taken_and_put_by_number():
    """Whatever stands around them; a debit memo adds to them meanwhile."""
    draft = Scene(invoice()).draft()

    draft.put_line(key("INV-1"), line(number="2", amount=40, settled=7))
    longer = draft.invoice(key("INV-1"))
    draft.put(replace(longer, lines=(*longer.lines, line(number="DM:1", amount=5))))
    draft.put_line(key("INV-1"), line(number="DM:1", amount=5, settled=5))

    found = draft.invoice(key("INV-1")).lines
    assert [(each.line_no, each.settled) for each in found] == [("1", 0), ("2", 7), ("DM:1", 5)]
    assert draft.line(key("INV-1"), "DM:1") == found[2]
    assert draft.line(key("INV-1"), "9") is None


def test_who_stands_above_follows_those_that_moved():
    """A right ends when a reseller moves away, for the rest of the batch as well."""
    scene = Scene(
        account("TOP"),
        account("ACME", parent="GLOBEX", ancestors=("GLOBEX",)),
        account("SHOP", parent="ACME", ancestors=("ACME", "TOP")),
    )
    draft = scene.draft()

    assert draft.above(draft.account("SHOP")) == ("ACME", "GLOBEX")
    assert draft.above(draft.account("ACME")) == ("GLOBEX",)
    assert draft.above(draft.account("TOP")) == ()


REACHES = [
    # reach, party of the actor, account it wants, whether it may
    (Reach.ANY, "ENTERPRISE", "SHOP", True),
    (Reach.BENEATH, "SHOP", "SHOP", True),
    (Reach.BENEATH, "ACME", "SHOP", True),
    (Reach.BENEATH, "TOP", "SHOP", True),
    (Reach.BENEATH, "GLOBEX", "SHOP", False),
    (Reach.BENEATH, "SHOP", "ACME", False),
    (Reach.OWN, "SHOP", "SHOP", True),
    (Reach.OWN, "ACME", "SHOP", False),
    (Reach.OWN, "SHOP", "ACME", False),
]


@pytest.mark.parametrize(("reach", "party", "wanted", "allowed"), REACHES)
def test_a_right_reaches_so_far(reach, party, wanted, allowed):
    """Everybody's accounts, one's own and those beneath it, or one's own (DOMAIN §3.16)."""
    scene = Scene(
        account("TOP"),
        account("ACME", parent="TOP", ancestors=("TOP",)),
        account("SHOP", parent="ACME", ancestors=("ACME", "TOP")),
    )
    actor = Actor(sender="somebody", party=party, role=Role.PARTNER)
    draft = scene.draft(actor=actor, reach=reach)

    if allowed:
        assert draft.account(wanted).party == wanted
    else:
        with pytest.raises(Rejected, match=r"forbidden: partner .* another party's account"):
            draft.account(wanted)


@pytest.mark.parametrize(
    ("sender", "acting_for", "side"),
    [
        ("financials", None, Side.ENTERPRISE),
        ("financials", "customer", Side.CUSTOMER),
        ("erp", None, Side.ENTERPRISE),
        ("bank", None, Side.ENTERPRISE),
        ("admin", None, Side.ENTERPRISE),
        ("acme", None, Side.CUSTOMER),
        ("acme", "customer", Side.CUSTOMER),
        ("globex", None, Side.CUSTOMER),
    ],
)
def test_a_message_speaks_for_one_side(sender, acting_for, side):
    """Enterprise roles for the enterprise, unless they act for the customer (X-21)."""
    assert context(sender, acting_for=acting_for).side is side


# -- moves ----------------------------------------------------------------------------------------


def test_a_move_changes_one_axis_of_one_line():
    """I-18: and announces it with old, new, role and reason."""
    scene = Scene(invoice())
    draft = scene.draft(acting_for="customer")

    move(draft, Move.DECLARE_PAID)

    assert scene.close(draft) == ["invoice.line-status-changed", "invoice.status-changed"]
    assert [letters(each) for each in scene.invoice().lines] == ["PN", "NN"]
    event = scene.last.events[0].event
    assert (event.axis, event.old, event.new) == ("customer", "New", "Paid")
    assert (event.role, event.acting_for, event.reason) == ("owner", "customer", "because")


@pytest.mark.parametrize(
    ("pair", "side", "command"),
    [
        ("NN", Side.CUSTOMER, Move.RETRACT_PAID),
        ("PN", Side.CUSTOMER, Move.DECLARE_PAID),
        ("NN", Side.ENTERPRISE, Move.REVERSE_RECEIPT),
        ("ND", Side.ENTERPRISE, Move.OPEN_DISPUTE),
        ("DN", Side.CUSTOMER, Move.RETRACT_PAID),
    ],
)
def test_a_move_that_changes_nothing_is_silent(pair, side, command):
    """No-ops are accepted and emit no event."""
    scene = Scene(invoice(of=[line(pair)]))
    draft = scene.draft()

    move(draft, command, side)

    assert scene.close(draft) == []


def test_a_move_of_the_shadow_is_kept_and_silent():
    """The status stays Disputed; what it returns to is news to nobody yet."""
    scene = Scene(invoice(of=[line("DN")]))
    draft = scene.draft()

    move(draft, Move.DECLARE_PAID)

    assert scene.close(draft) == []
    assert scene.invoice().line("1").customer.shadow == "Paid"


def test_a_move_without_a_row_is_refused():
    """With the line, the move and the status it is in."""
    draft = Scene(invoice()).draft()

    with pytest.raises(Rejected, match=r"bad-transition: line 1 .* no close-dispute from New"):
        move(draft, Move.CLOSE_DISPUTE)


# -- synchronisation with the ledger (§3.3, I-16) -------------------------------------------------

SYNC = [
    # pair before, amount, what the ledger says, confirmed by hand, pair after
    ("NN", {"settled": 100}, False, "NR"),
    ("NR", {"settled": 100}, False, "NR"),
    ("NR", {"settled": 99}, False, "NN"),
    ("NR", {}, True, "NR"),
    ("NN", {"settled": 50}, False, "NN"),
    ("NN", {"settled": 60, "credited": 40}, False, "NR"),
    ("NN", {"credited": 100}, False, "NN"),
    ("NR", {"credited": 100}, False, "NR"),
    ("PN", {"settled": 100}, False, "PR"),
    ("DN", {"settled": 100}, False, "DR"),
]


@pytest.mark.parametrize(("before", "ledger", "manual", "after"), SYNC)
def test_the_enterprise_axis_follows_the_ledger(before, ledger, manual, after):
    """Settled: received. Open again: New, unless confirmed by hand. Dead lines are left alone."""
    made = line(before, receipt_manual=manual)
    scene = Scene(invoice(of=[made]))
    draft = scene.draft(acting_for="customer")

    draft.put(invoice(of=[made._replace(**ledger)]))
    scene.close(draft)

    assert letters(scene.invoice().line("1")) == after
    for each in scene.last.events:
        if each.event.name == "invoice.line-status-changed":
            assert (each.event.role, each.event.acting_for) == (Role.SYSTEM, None)


def test_a_disputed_enterprise_axis_remembers_the_ledger():
    """The shadow follows, the status stays; closing shows it."""
    scene = Scene(invoice(of=[line("ND", settled=0)]))
    draft = scene.draft()
    draft.put(invoice(of=[line("ND", settled=100)]))
    scene.close(draft)
    assert letters(scene.invoice().line("1")) == "ND"

    draft = scene.draft()
    move(draft, Move.CLOSE_DISPUTE, Side.ENTERPRISE)
    scene.close(draft)

    assert letters(scene.invoice().line("1")) == "NR"


# -- closing --------------------------------------------------------------------------------------


def test_events_come_in_the_order_of_the_domain():
    """Facts, line statuses, invoice statuses, consequences, whatever was said first (§4.3)."""
    scene = Scene(invoice(), invoice("INV-2"), payment())
    draft = scene.draft()

    draft.conclude(created(payment()), payment())
    move(draft, Move.DECLARE_PAID)
    draft.announce(unallocated(payment()), payment())
    draft.move(key("INV-2"), "1", Side.CUSTOMER, Move.DECLARE_PAID, role="owner", reason=None)

    assert scene.close(draft) == [
        "payment.unallocated",
        "invoice.line-status-changed",
        "invoice.line-status-changed",
        "invoice.status-changed",
        "invoice.status-changed",
        "credit.created",
    ]


def test_versions_count_the_events_of_each_aggregate():
    """From the version it had, without gaps; the new version is stored with it."""
    scene = Scene(invoice(version=4), payment())
    draft = scene.draft()
    draft.announce(unallocated(payment()), payment())
    draft.conclude(created(payment()), payment())
    move(draft, Move.DECLARE_PAID)
    move(draft, Move.DECLARE_PAID, line_no="2")

    scene.close(draft)

    numbered = [(each.aggregate_id, each.version) for each in scene.last.events]
    assert numbered == [
        ("ACME/payment/PAY-1", 1),
        ("ENTERPRISE/INV-1", 5),
        ("ENTERPRISE/INV-1", 6),
        ("ENTERPRISE/INV-1", 7),
        ("ACME/payment/PAY-1", 2),
    ]
    assert scene.invoice().version == 7
    assert scene.source(payment()).version == 2


def test_a_new_invoice_is_announced_as_issued():
    """With its full status block; nothing changed since, so nothing else is said."""
    scene = Scene()
    draft = scene.draft()

    draft.issue(replace(invoice(), version=0))

    assert scene.close(draft) == ["invoice.issued"]
    event = scene.last.events[0].event
    assert event.state.status == "New"
    assert event.totals.pending == Money(100, "EUR")
    assert [(each.line_no, each.due.minor, each.open.minor) for each in event.line] == [
        ("1", 60, 60),
        ("2", 40, 40),
    ]
    assert scene.invoice().version == 1


def test_what_does_not_change_the_published_tuple_is_not_announced():
    """I-19: a partial payment on top of a partial payment."""
    scene = Scene(invoice(of=[line(amount=100, settled=10)]))
    draft = scene.draft()

    draft.put(invoice(of=[line(amount=100, settled=20)]))

    assert scene.close(draft) == []


def test_the_change_of_status_says_old_and_new():
    """Both blocks, the sums and the lines (I-19)."""
    scene = Scene(invoice(of=[line(amount=100)]))
    draft = scene.draft()
    paid = scene.invoice().lines[0]._replace(settled=100)
    draft.put(replace(with_line(scene.invoice(), paid), settled=100))
    scene.close(draft)

    event = scene.last.events[-1].event
    assert (event.old.status, event.new.status) == ("New", "Paid")
    assert (event.old.closure_reason, event.new.closure_reason) == (None, "Paid")
    assert event.totals.pending.minor == 0
    assert event.line[0].enterprise_status == "Payment Received"


def test_the_policy_reaches_the_derivation():
    """`enterprise_dispute_overrides_paid`: what was contested is Disputed, from issue on."""
    policy = Policy(enterprise_dispute_overrides_paid=True)
    contested = invoice(of=[line("PN")])
    scene = Scene(contested)
    draft = scene.draft(policy=policy)

    move(draft, Move.OPEN_DISPUTE, Side.ENTERPRISE)
    scene.close(draft)

    assert scene.invoice().derived.status == "Disputed"
    draft = scene.draft(policy=policy)
    draft.issue(replace(invoice("INV-2", of=[line("PD")])))
    scene.close(draft)
    assert scene.invoice("INV-2").derived.status == "Disputed"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "2"]),
            st.sampled_from(
                [
                    (Side.CUSTOMER, Move.DECLARE_PAID),
                    (Side.CUSTOMER, Move.RETRACT_PAID),
                    (Side.CUSTOMER, Move.OPEN_DISPUTE),
                    (Side.CUSTOMER, Move.CLOSE_DISPUTE),
                    (Side.ENTERPRISE, Move.CONFIRM_RECEIPT),
                    (Side.ENTERPRISE, Move.REVERSE_RECEIPT),
                    (Side.ENTERPRISE, Move.OPEN_DISPUTE),
                    (Side.ENTERPRISE, Move.CLOSE_DISPUTE),
                ]
            ),
        ),
        max_size=30,
    )
)
def test_events_replay_to_the_statuses(moves):
    """I-19: all announced changes applied to New/New give what is stored; no version is missing."""
    scene = Scene(invoice())
    said = {LineKey(key("INV-1"), no): {"customer": "New", "enterprise": "New"} for no in "12"}
    status, version = "New", 0
    for line_no, (side, command) in moves:
        draft = scene.draft()
        try:
            move(draft, command, side, line_no)
        except Rejected:
            continue
        scene.close(draft)
        for stamped in scene.last.events:
            assert stamped.version == version + 1
            version, event = stamped.version, stamped.event
            if event.name == "invoice.line-status-changed":
                assert said[LineKey(event.invoice, event.line_no)][event.axis] == event.old
                said[LineKey(event.invoice, event.line_no)][event.axis] = event.new
            else:
                assert event.old.status == status
                assert event.old != event.new
                status = event.new.status

    found = scene.invoice()
    assert found.version == version
    assert found.derived.status == status
    for each in found.lines:
        now = {"customer": each.customer.status, "enterprise": each.enterprise.status}
        assert said[LineKey(found.key, each.line_no)] == now


# -- names ----------------------------------------------------------------------------------------


def test_an_aggregate_has_an_id():
    """Invoices and sources are counted under their keys."""
    assert aggregate_id(invoice()) == "ENTERPRISE/INV-1"
    assert aggregate_id(payment()) == "ACME/payment/PAY-1"


def test_every_entity_belongs_to_an_account():
    """A batch locks accounts, so everything names one; keys tell them apart."""
    pair = Pair(source=payment().key, invoice=key("INV-1"))
    notice = Notice(kind="payment-notice", party="ACME", notice_id="N", content_hash="h")

    assert (pair.account, pair.key) == ("ACME", (payment().key, key("INV-1")))
    assert (notice.account, notice.key) == ("ACME", ("payment-notice", "ACME", "N"))
    assert (account().account, account().key) == ("ACME", "ACME")


def test_event_names_are_unique_and_of_their_aggregate():
    """`noun.past-participle`, one class each, sorted."""
    names = [event.name for event in EVENTS]

    assert names == sorted(set(names))
    for name, group in groupby(EVENTS, key=lambda event: event.name.split(".")[0]):
        assert all(event.aggregate for event in group), name


def test_the_senders_of_the_tests_have_all_roles():
    """Whoever reads a matrix of roles can rely on it."""
    assert {each.role for each in SENDERS.values()} == set(Role)


# -- lines put one by one, and what is open --------------------------------------------------------


def test_lines_put_one_by_one_stand_in_the_invoice_whoever_asks():
    """By number, by key and by account: the newest version of each line is there at once."""
    scene = Scene(invoice(of=[line(number="1"), line(number="2")]))
    draft = scene.draft()

    draft.put_line(key("INV-1"), line(number="2", disputed=5))
    draft.put_line(key("INV-1"), line(number="1", disputed=7))

    assert draft.line(key("INV-1"), "1").disputed == 7
    [by_account] = draft.of(Invoice, "ACME")
    draft.put_line(key("INV-1"), line(number="2", disputed=6))
    assert [each.disputed for each in by_account.lines] == [7, 5]
    assert [each.disputed for each in draft.get(Invoice, key("INV-1")).lines] == [7, 6]
    assert [each.disputed for each in draft.decision().changes[0].lines] == [7, 6]


def test_an_invoice_put_as_a_whole_replaces_lines_put_before():
    """The last one to put a line has put it."""
    scene = Scene(invoice())
    draft = scene.draft()

    draft.put_line(key("INV-1"), line(number="1", amount=60, disputed=5))
    draft.put(scene.invoice())

    assert draft.line(key("INV-1"), "1").disputed == 0
    assert draft.get(Invoice, key("INV-1")) == scene.invoice()


def test_what_is_open_is_what_is_not_done_with():
    """Money that remains or waits for an invoice, and no longer when it is spent."""
    waiting = payment("PAY-2", 5, allocated=5, intents=[wish("INV-9")])
    scene = Scene(payment(amount=100), waiting, payment("PAY-3", 5, allocated=5))
    draft = scene.draft()

    draft.put(payment("PAY-4", 1))
    draft.put(payment(amount=100, allocated=100))

    assert scene.book.open(Source, "ACME") == (payment(amount=100), waiting)
    assert [each.key.reference for each in draft.open(Source, "ACME")] == ["PAY-2", "PAY-4"]
    scene.close(draft)
    assert [each.key.reference for each in scene.book.open(Source, "ACME")] == ["PAY-2", "PAY-4"]
    assert scene.book.open(Source, "GLOBEX") == ()
