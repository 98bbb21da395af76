"""Disputes: who may open, join, change, take back and close them, and what they do to a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model.dispute import (
    Claim,
    amend,
    close,
    join,
    limit,
    open_on,
    raise_claim,
    spread_claim,
    withdraw,
)
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.invoice import Lifecycle
from invoice_gateway.model.ledger import Dispute, DisputeState, Part
from invoice_gateway.model.status import Side
from tests.world import letters

from .build import Scene, invoice, line, lines, with_line

CLAIM = Claim(notice_id="DN-1", reason_code="PRI", requested_action="CNP")
OTHER = Claim(notice_id="DN-2", reason_code="QUA", requested_action="CNF")
CUSTOMER, FINANCIALS = "acme", "financials"


def opened(scene, sender=CUSTOMER, amount=None, line_no="1", claim=CLAIM, **fields):
    """Raise a claim on a line of INV-1; return the names of the events."""
    draft = scene.draft(sender, **fields)
    raise_claim(draft, scene.invoice(), line_no, amount, claim)
    return scene.close(draft)


def the(scene, dispute_id="ACME/DN-1/1"):
    """A dispute as it stands."""
    found = scene.book.get(Dispute, dispute_id)
    assert found is not None
    return found


def says(scene):
    """What both sides say of line 1."""
    return letters(scene.invoice().line("1"))


# -- opening (D-01, D-03, D-10) -------------------------------------------------------------------


def test_a_dispute_is_about_one_line():
    """The axis of whoever raises it becomes Disputed; the line knows how much is contested."""
    scene = Scene(invoice())

    names = opened(scene, amount=25)

    assert names == ["invoice.line-status-changed", "invoice.status-changed", "dispute.opened"]
    found = the(scene)
    assert (found.amount, found.raised_by, found.raiser) == (25, Side.CUSTOMER, "ACME")
    assert (found.state, found.joined, found.reopens) == (DisputeState.OPEN, False, None)
    assert says(scene) == "DN"
    assert scene.invoice().line("1").disputed == 25
    assert scene.invoice().disputed_amount == 25
    assert scene.invoice().derived.status == "Disputed"


def test_the_enterprise_may_dispute_too():
    """On its own axis; R3 makes the invoice Disputed."""
    scene = Scene(invoice())

    opened(scene, FINANCIALS)

    assert says(scene) == "ND"
    assert the(scene, "ENTERPRISE/DN-1/1").raised_by is Side.ENTERPRISE
    assert scene.invoice().derived.status == "Disputed"


def test_financials_may_raise_it_for_the_customer():
    """X-21: on the customer's axis, in the customer's name, numbered as the sender numbers it."""
    scene = Scene(invoice())

    opened(scene, FINANCIALS, acting_for="customer")

    assert says(scene) == "DN"
    found = the(scene, "ENTERPRISE/DN-1/1")
    assert (found.raised_by, found.raiser) == (Side.CUSTOMER, "ACME")
    move = scene.last.events[0].event
    assert (move.role, move.acting_for) == ("financials", "customer")


def test_the_same_notice_number_of_two_parties_makes_two_disputes():
    """Financials in the customer's name and the customer itself number on their own."""
    scene = Scene(invoice())
    opened(scene, FINANCIALS, acting_for="customer")
    draft = scene.draft(CUSTOMER)
    withdraw(draft, the(scene, "ENTERPRISE/DN-1/1"), None)
    scene.close(draft)

    opened(scene, CUSTOMER)

    assert the(scene, "ENTERPRISE/DN-1/1").state is DisputeState.WITHDRAWN
    assert the(scene, "ACME/DN-1/1").state is DisputeState.OPEN


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        ({}, 60),
        ({"settled": 60}, 60),
        ({"credited": 20}, 40),
        ({"settled": 60, "excess": 25}, 35),
        ({"credited": 10, "settled": 50, "excess": 15}, 35),
    ],
)
def test_the_limit_is_what_could_be_credited(fields, most):
    """D-01: min(due, amount - credited - excess); paid lines can be disputed for their money."""
    made = line(amount=60, **fields)

    assert limit(made) == most
    scene = Scene(invoice(of=[made]))
    opened(scene)
    assert the(scene).amount == most
    assert scene.invoice().derived.status == "Disputed"


@pytest.mark.parametrize("amount", [0, -1, 61])
def test_an_amount_out_of_range_is_refused(amount):
    """Positive, and no more than the limit."""
    with pytest.raises(Rejected, match=r"dispute-amount: .*up to 0.60 EUR"):
        opened(Scene(invoice()), amount=amount)


def test_a_line_that_is_not_there_is_refused():
    """There is nothing to dispute on line 9."""
    with pytest.raises(Rejected, match=r"unknown-line"):
        opened(Scene(invoice()), line_no="9")


@pytest.mark.parametrize(
    "lifecycle", [Lifecycle.DRAFT, Lifecycle.VOIDED, Lifecycle.CANCELLED, Lifecycle.DELETED]
)
def test_only_sent_and_issued_invoices_can_be_disputed(lifecycle):
    """D-10."""
    with pytest.raises(Rejected, match=r"bad-transition"):
        opened(Scene(invoice(lifecycle=lifecycle)))


def test_a_sent_invoice_can_be_disputed():
    """D-10, the other way round."""
    assert "dispute.opened" in opened(Scene(invoice(lifecycle=Lifecycle.SENT)))


def test_a_line_that_asks_for_nothing_cannot_be_disputed():
    """D-10: it is not live."""
    with pytest.raises(Rejected, match=r"bad-transition: .*nothing to dispute"):
        opened(Scene(invoice(of=[line(amount=60, credited=60)])))


# -- the whole invoice (D-03) ---------------------------------------------------------------------


def test_the_whole_invoice_is_a_dispute_per_live_line():
    """For all that each can be disputed for."""
    found = invoice(
        of=[line(amount=60, credited=10), *lines(0, 40)[1:], line(amount=5, number="3")]
    )

    assert spread_claim(found, None) == (Part("1", 50), Part("2", 40), Part("3", 5))


def test_an_amount_of_the_whole_is_spread_pro_rata():
    """By largest remainder; a line that gets nothing is not disputed."""
    found = invoice(of=lines(60, 40, 1))

    assert spread_claim(found, 50) == (Part("1", 30), Part("2", 20))
    assert spread_claim(found, 1) == (Part("1", 1),)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6), st.data())
def test_a_spread_dispute_adds_up(amounts, data):
    """I-33, for disputes."""
    found = invoice(of=lines(*amounts))
    amount = data.draw(st.integers(1, sum(amounts)))

    parts = spread_claim(found, amount)

    assert sum(part.amount for part in parts) == amount
    assert all(0 < part.amount <= found.line(part.line_no).due for part in parts)


@pytest.mark.parametrize("amount", [0, -5, 101])
def test_an_amount_of_the_whole_has_its_limits(amount):
    """Within what the live lines can be disputed for."""
    with pytest.raises(Rejected, match=r"dispute-amount: .*up to 1.00 EUR"):
        spread_claim(invoice(), amount)


@pytest.mark.parametrize(
    "dead", [line(amount=60, credited=60), line(amount=60, settled=60, excess=60)]
)
def test_an_invoice_without_live_lines_cannot_be_disputed(dead):
    """Nothing is owed, or everything is credited already."""
    with pytest.raises(Rejected, match=r"bad-transition: .*no live line"):
        spread_claim(invoice(of=[dead]), None)


# -- joining (D-04) -------------------------------------------------------------------------------


def test_the_enterprise_acknowledges_by_joining():
    """Both axes Disputed on one record."""
    scene = Scene(invoice())
    opened(scene)
    draft = scene.draft(FINANCIALS)

    join(draft, the(scene))
    names = scene.close(draft)

    assert names == ["invoice.line-status-changed", "dispute.joined"]
    assert says(scene) == "DD"
    assert the(scene).joined
    assert the(scene).version == 2


def test_joining_twice_is_nothing_for_the_enterprise():
    """Appendix A: open/ack of a Disputed enterprise axis is a no-op."""
    scene = Scene(invoice())
    opened(scene, FINANCIALS)
    draft = scene.draft(FINANCIALS)

    join(draft, the(scene, "ENTERPRISE/DN-1/1"))

    assert scene.close(draft) == []


def test_a_customer_in_a_dispute_cannot_join_it():
    """Appendix A: refused on a Disputed customer axis."""
    scene = Scene(invoice())
    opened(scene)

    with pytest.raises(Rejected, match=r"dispute-already-open"):
        join(scene.draft(CUSTOMER), the(scene))


def test_who_opens_on_a_disputed_line_joins():
    """The customer on the enterprise's dispute, and the other way round; one record each."""
    for first, second in ((FINANCIALS, CUSTOMER), (CUSTOMER, FINANCIALS)):
        scene = Scene(invoice())
        opened(scene, first, amount=10)

        names = opened(scene, second, amount=50, claim=OTHER)

        assert names[-1] == "dispute.joined"
        assert says(scene) == "DD"
        [only] = scene.book.all(Dispute)
        assert (only.amount, only.joined) == (10, True)


def test_a_customer_cannot_open_twice():
    """Amend the one there is."""
    scene = Scene(invoice())
    opened(scene)

    with pytest.raises(Rejected, match=r"dispute-already-open: .*amend it"):
        opened(scene, claim=OTHER)


@pytest.mark.parametrize("amount", [None, 60])
def test_an_enterprise_that_says_the_same_again_says_nothing(amount):
    """No-op with the same content."""
    scene = Scene(invoice())
    opened(scene, FINANCIALS)

    assert opened(scene, FINANCIALS, amount=amount) == []


@pytest.mark.parametrize(("amount", "claim"), [(10, CLAIM), (None, OTHER)])
def test_an_enterprise_that_says_something_else_must_amend(amount, claim):
    """Refused with other content."""
    scene = Scene(invoice())
    opened(scene, FINANCIALS)

    with pytest.raises(Rejected, match=r"dispute-already-open"):
        opened(scene, FINANCIALS, amount=amount, claim=claim)


# -- changing and taking back (D-05) --------------------------------------------------------------


def test_the_raiser_may_amend():
    """Amount, reason, action, evidence; what is not named stays."""
    scene = Scene(invoice())
    opened(scene, amount=25)
    draft = scene.draft(CUSTOMER)

    amend(draft, the(scene), 15, {"reason_code": "DEL", "evidence": "ticket 7"})
    names = scene.close(draft)

    assert names == ["dispute.amended"]
    found = the(scene)
    assert (found.amount, found.reason_code, found.evidence) == (15, "DEL", "ticket 7")
    assert found.requested_action == "CNP"
    assert scene.invoice().disputed_amount == 15


def test_an_amendment_that_changes_nothing_is_nothing():
    """The same amount and the same reason."""
    scene = Scene(invoice())
    opened(scene, amount=25)
    draft = scene.draft(CUSTOMER)

    amend(draft, the(scene), 25, {"reason_code": "PRI"})

    assert scene.close(draft) == []


@pytest.mark.parametrize("amount", [0, 61])
def test_an_amended_amount_has_the_same_limits(amount):
    """As when it was opened."""
    scene = Scene(invoice())
    opened(scene)

    with pytest.raises(Rejected, match=r"dispute-amount"):
        amend(scene.draft(CUSTOMER), the(scene), amount, {})


@pytest.mark.parametrize("act", [lambda *a: amend(*a, 5, {}), lambda *a: withdraw(*a, None)])
def test_nobody_else_may_amend_or_withdraw(act):
    """The other side has to join or resolve."""
    scene = Scene(invoice())
    opened(scene)

    with pytest.raises(Rejected, match=r"forbidden: .*raised by the customer"):
        act(scene.draft(FINANCIALS), the(scene))


@pytest.mark.parametrize(
    "act",
    [lambda *a: amend(*a, 5, {}), lambda *a: withdraw(*a, None), join],
    ids=["amend", "withdraw", "join"],
)
def test_a_closed_dispute_stays_closed(act):
    """There is nothing to change any more."""
    scene = Scene(invoice())
    opened(scene)
    draft = scene.draft(CUSTOMER)
    withdraw(draft, the(scene), None)
    scene.close(draft)

    with pytest.raises(Rejected, match=r"dispute-not-open: .*closed \(withdrawn\)"):
        act(scene.draft(CUSTOMER), the(scene))


# -- closing (D-05, D-06, D-07) -------------------------------------------------------------------


@pytest.mark.parametrize("before", ["NN", "PN", "NR", "PR"])
@pytest.mark.parametrize("joined", [False, True])
def test_withdrawing_with_nothing_in_between_is_the_identity(before, joined):
    """I-17, on both axes, joined or not."""
    settled = 60 if before[1] == "R" else 0
    scene = Scene(invoice(of=[line(before, 60, settled=settled)]))
    was = scene.invoice()
    opened(scene)
    if joined:
        opened(scene, FINANCIALS)
    draft = scene.draft(CUSTOMER)

    withdraw(draft, the(scene), "settled by telephone")
    names = scene.close(draft)

    now = scene.invoice()
    assert (now.lines, now.derived) == (was.lines, was.derived)
    assert names.count("invoice.line-status-changed") == (2 if joined else 1)
    assert names[-1] == "dispute.withdrawn"
    assert scene.last.events[-1].event.reason_text == "settled by telephone"
    assert the(scene).state is DisputeState.WITHDRAWN


@pytest.mark.parametrize(
    "state", [DisputeState.UPHELD, DisputeState.UPHELD_PARTIAL, DisputeState.REJECTED]
)
def test_a_resolution_says_how_and_for_how_much(state):
    """Outcome, amount and memo, on record and in the event."""
    scene = Scene(invoice())
    opened(scene)
    draft = scene.draft(FINANCIALS)

    close(draft, the(scene), state, amount=15, memo="CM-1", reason="as agreed")
    names = scene.close(draft)

    assert names[-1] == "dispute.resolved"
    event = scene.last.events[-1].event
    assert (event.outcome, event.amount.minor, event.memo) == (state, 15, "CM-1")
    assert event.reason_text == "as agreed"
    found = the(scene)
    assert (found.state, found.memo, found.closed_at) == (state, "CM-1", draft.context.now)
    assert says(scene) == "NN"


def test_what_was_declared_meanwhile_is_what_it_returns_to():
    """Paid under protest: closing makes it Paid / Payment Received with no further message."""
    scene = Scene(invoice(of=[line(amount=60)]))
    opened(scene, amount=10)
    draft = scene.draft(CUSTOMER)
    draft.move(scene.invoice().key, "1", Side.CUSTOMER, "declare-paid", role="owner", reason=None)
    settled = draft.get(type(scene.invoice()), scene.invoice().key)
    draft.put(
        with_line(settled, settled.line("1")._replace(settled=60)),
    )
    scene.close(draft)
    assert says(scene) == "DR"

    draft = scene.draft(FINANCIALS)
    close(draft, the(scene), DisputeState.REJECTED)
    scene.close(draft)

    assert says(scene) == "PR"


def test_an_open_dispute_is_found_by_its_line():
    """Of that invoice, that line, and only while it is open."""
    scene = Scene(invoice(), invoice("INV-2"))
    opened(scene, line_no="2")
    draft = scene.draft()

    assert open_on(draft, scene.invoice(), "2") == the(scene, "ACME/DN-1/2")
    assert open_on(draft, scene.invoice(), "1") is None
    assert open_on(draft, scene.invoice("INV-2"), "2") is None
    close(draft, the(scene, "ACME/DN-1/2"), DisputeState.REJECTED)
    assert open_on(draft, scene.invoice(), "2") is None


def test_the_disputed_amount_never_exceeds_what_is_open():
    """D-08: min(dispute amount, open of the line)."""
    made = [
        line("DN", 60, disputed=25),
        line("DR", 60, "2", disputed=60, settled=50),
        line("DR", 60, "3", disputed=60, settled=60),
    ]

    assert [each.disputed_open for each in made] == [25, 10, 0]
    assert invoice(of=made).disputed_amount == 35
