"""Money meets invoices: over lines, by itself, as named, and off again (A-01 to A-08)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model import allocation as allocations
from invoice_gateway.model.allocation import (
    apply_intents,
    auto_run,
    explicit,
    payable,
    post,
    posted,
    remove,
    report_unallocated,
    waterfall,
    welcome,
)
from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.invoice import Invoice, Lifecycle
from invoice_gateway.model.ledger import (
    Allocation,
    AllocationState,
    Mode,
    Pair,
    Part,
    Source,
    SourceType,
)
from tests.world import key, letters

from .build import Scene, account, invoice, line, lines, open_credit, payment, wish


def parts(said):
    """Parts written as "1:60 2:10"."""
    return tuple(
        Part(number, int(amount)) for number, amount in (each.split(":") for each in said.split())
    )


def run(scene, party="ACME", **fields):
    """Let the automatic run happen in a draft of its own; return the names of the events."""
    draft = scene.draft(**fields)
    auto_run(draft, party)
    return scene.close(draft)


def paid(scene):
    """What is posted, in order: (source, invoice, amount)."""
    return [
        (each.source.reference, each.invoice.number, each.amount)
        for each in scene.book.all(Allocation)
        if each.state is AllocationState.POSTED
    ]


# -- distribution over lines (A-02) ---------------------------------------------------------------

WATERFALL = [
    # open and disputed amounts per line, amount, whether the disputed part may be paid, parts
    ("60 40", 70, True, "1:60 2:10"),
    ("60 40", 60, True, "1:60"),
    ("60 40", 500, True, "1:60 2:40"),
    ("60/25 40", 100, False, "2:40 1:35"),
    ("60/25 40", 50, False, "2:40 1:10"),
    ("60/25 40", 100, True, "2:40 1:60"),
    ("60/60 40", 100, False, "2:40"),
    ("60/90 40/10", 100, False, "2:30"),
    ("0 40", 10, True, "2:10"),
]


@pytest.mark.parametrize(("said", "amount", "disputed", "expected"), WATERFALL)
def test_money_runs_down_the_lines(said, amount, disputed, expected):
    """One line after the other, undisputed ones first, and only what may be paid."""
    made = []
    for at, each in enumerate(said.split(), start=1):
        owed, _, contested = each.partition("/")
        made.append(line(amount=int(owed), number=str(at), disputed=int(contested or 0)))

    assert waterfall(made, amount, disputed=disputed) == parts(expected)


LINES = st.lists(
    st.builds(
        lambda amount, settled, disputed: line(
            amount=amount, settled=min(settled, amount), disputed=disputed
        ),
        st.integers(0, 1000),
        st.integers(0, 1000),
        st.one_of(st.just(0), st.integers(0, 1000)),
    ),
    min_size=1,
    max_size=8,
).map(lambda made: [each._replace(line_no=str(at)) for at, each in enumerate(made)])


@given(LINES, st.integers(1, 5000), st.booleans())
def test_a_waterfall_stops_when_either_side_is_dry(made, amount, disputed):
    """Parts are positive, fit their lines, and add up to the amount or to all there is room for."""
    found = waterfall(made, amount, disputed=disputed)

    room = {each.line_no: each.open - (0 if disputed else each.disputed_open) for each in made}
    assert all(0 < part.amount <= room[part.line_no] for part in found)
    assert len({part.line_no for part in found}) == len(found)
    assert sum(part.amount for part in found) == min(amount, sum(room.values()))


def test_explicit_parts_are_taken_as_they_are():
    """The sender's own distribution, in its order."""
    wanted = parts("2:40 1:10")

    assert explicit(invoice(), 50, wanted) == wanted


@pytest.mark.parametrize(
    ("said", "amount", "code"),
    [
        ("3:10", 10, "unknown-line"),
        ("1:0", 10, "amount-not-positive"),
        ("1:-5 2:15", 10, "amount-not-positive"),
        ("1:61", 61, "exceeds-line"),
        ("1:10 2:10", 30, "parts-mismatch"),
        ("1:10 2:10", 19, "parts-mismatch"),
    ],
)
def test_explicit_parts_must_fit(said, amount, code):
    """Each on a line there is, positive, within what it has open; together the amount."""
    with pytest.raises(Rejected) as refused:
        explicit(invoice(), amount, parts(said))

    assert refused.value.code == code


def test_explicit_parts_see_what_is_settled():
    """A line has open what is not settled yet, disputed or not."""
    half = invoice(of=[line(amount=60, settled=50, disputed=10)])

    assert explicit(half, 10, parts("1:10")) == parts("1:10")
    with pytest.raises(Rejected, match=r"has 0.10 EUR open, the part is 0.11 EUR"):
        explicit(half, 11, parts("1:11"))


# -- posting and removing (A-01, A-05) ------------------------------------------------------------


def test_posting_moves_both_ends():
    """Source, line and invoice agree, and the allocation says how it came about (I-03, I-04)."""
    scene = Scene(invoice(), payment(amount=100))
    draft = scene.draft()

    post(draft, payment(amount=100), invoice(), parts("1:60 2:10"), Mode.MANUAL)
    names = scene.close(draft)

    assert names == [
        "allocation.posted",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    assert scene.source(payment()).remaining == 30
    assert [each.settled for each in scene.invoice().lines] == [60, 10]
    assert scene.invoice().settled == 70
    [made] = scene.book.all(Allocation)
    assert (made.number, made.amount, made.parts, made.mode) == (
        1,
        70,
        parts("1:60 2:10"),
        Mode.MANUAL,
    )
    assert made.id == "ACME/payment/PAY-1#1"
    assert made.account == "ACME"
    assert made.posted_on == draft.context.today
    assert made.cause == "financials/M-1"


def test_open_credit_counts_as_credit_and_tells_when_it_is_used_up():
    """`settled_by_credit` follows, and credit.consumed is announced once nothing remains."""
    credit = open_credit(amount=100)
    scene = Scene(invoice(), credit)
    draft = scene.draft()

    source, paid_off = post(draft, credit, invoice(), parts("1:60"), Mode.AUTO)
    post(draft, source, paid_off, parts("2:40"), Mode.AUTO)
    names = scene.close(draft)

    assert names[:3] == ["allocation.posted", "allocation.posted", "credit.consumed"]
    assert scene.invoice().settled_by_credit == 100
    assert scene.source(credit).allocations == 2


def test_removing_restores_both_ends():
    """As if it had never been, but the row stays, with the reason (A-05)."""
    scene = Scene(invoice(), payment(amount=100))
    before = scene.invoice()
    draft = scene.draft()
    post(draft, payment(amount=100), invoice(), parts("1:60"), Mode.AUTO)
    scene.close(draft)

    draft = scene.draft()
    [standing] = posted(draft, payment().key)
    remove(draft, standing, "removed")
    names = scene.close(draft)

    assert names == [
        "allocation.removed",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    after = scene.invoice()
    assert (after.lines, after.derived, after.settled) == (before.lines, before.derived, 0)
    assert scene.source(payment()).remaining == 100
    [kept] = scene.book.all(Allocation)
    assert (kept.state, kept.removed_reason) == (AllocationState.REMOVED, "removed")
    assert (kept.removed_on, kept.removed_by) == (draft.context.today, "financials/M-1")
    assert posted(scene.draft(), payment().key) == []


def test_removing_open_credit_takes_it_off_the_credit_side():
    """What open credit settled and no longer does is in neither sum."""
    credit = open_credit(amount=60)
    scene = Scene(invoice(), credit)
    draft = scene.draft()
    post(draft, credit, invoice(), parts("1:60"), Mode.AUTO)
    scene.close(draft)
    draft = scene.draft()

    remove(draft, posted(draft, credit.key)[0], "removed")
    scene.close(draft)

    assert scene.invoice().settled_by_credit == 0
    assert scene.source(credit).remaining == 60


def test_posted_allocations_come_newest_first():
    """Of this source only; removed ones are gone (A-10)."""
    scene = Scene(invoice(of=lines(100)), payment(amount=50), payment("PAY-2", 50))
    for wanted, amount in [(payment(), 10), (payment("PAY-2"), 5), (payment(), 20)]:
        draft = scene.draft()
        post(draft, scene.source(wanted), scene.invoice(), [Part("1", amount)], Mode.MANUAL)
        scene.close(draft)

    draft = scene.draft()
    found = posted(draft, payment().key)
    assert [(each.number, each.amount) for each in found] == [(2, 20), (1, 10)]
    remove(draft, found[0], "removed")
    assert [each.number for each in posted(draft, payment().key)] == [1]


@pytest.mark.parametrize(("amount", "remaining"), [(101, 100), (61, 60)])
def test_posting_trusts_its_caller(amount, remaining):
    """Overdrawing either end is a mistake in the program, not of a sender."""
    scene = Scene()
    with pytest.raises(AssertionError):
        post(
            scene.draft(),
            payment(amount=remaining),
            invoice(of=lines(100)),
            [Part("1", amount)],
            Mode.MANUAL,
        )


# -- the automatic run (A-03, A-06, A-07) ---------------------------------------------------------


def test_the_oldest_invoice_is_paid_first():
    """By issue date, then by number, whatever the order of arrival (X-06)."""
    scene = Scene(
        invoice("B", lines(50), day=2),
        invoice("C", lines(50), day=1),
        invoice("A", lines(50), day=2),
        payment(amount=120),
    )

    run(scene)

    assert paid(scene) == [("PAY-1", "C", 50), ("PAY-1", "A", 50), ("PAY-1", "B", 20)]


def test_payments_pay_before_credits_and_older_before_newer():
    """Payments by value date, then open credits by date, ties by reference."""
    scene = Scene(
        open_credit("CN-1", 10, day=1),
        payment("PAY-3", 10, day=3),
        payment("PAY-2", 10, day=2),
        open_credit("CN-0", 10, day=2),
        payment("PAY-1", 10, day=3),
        invoice(of=lines(45)),
    )

    run(scene)

    assert paid(scene) == [
        ("PAY-2", "INV-1", 10),
        ("PAY-1", "INV-1", 10),
        ("PAY-3", "INV-1", 10),
        ("CN-1", "INV-1", 10),
        ("CN-0", "INV-1", 5),
    ]


def test_the_surplus_goes_to_the_next_invoice_and_the_rest_stays():
    """D-2: 120 over 100 and 50, then 40 more: 10 stay unallocated (A-07)."""
    scene = Scene(invoice("A", lines(100)), invoice("B", lines(50), day=2), payment(amount=120))
    run(scene)
    assert [scene.invoice(number).pending for number in "AB"] == [0, 30]

    scene.book.apply([payment("PAY-2", 40)])
    run(scene)

    assert scene.invoice("B").pending == 0
    assert scene.source(payment("PAY-2")).remaining == 10


def test_the_disputed_part_is_left_alone():
    """D-3: 25 of 60 disputed: of 100 the lines get 35 and 40."""
    disputed = line("DN", 60, disputed=25)
    scene = Scene(invoice(of=[disputed, line(amount=40, number="2")]), payment(amount=100))

    run(scene)

    assert [each.settled for each in scene.invoice().lines] == [35, 40]
    assert payable(scene.invoice()) == 0
    assert scene.source(payment()).remaining == 25


@pytest.mark.parametrize(
    "left_alone",
    [
        invoice("X", auto_allocate=False),
        invoice("X", currency="USD"),
        invoice("X", lifecycle=Lifecycle.SENT),
        invoice("X", account="GLOBEX"),
        invoice("X", of=[line(amount=60, settled=60)]),
        invoice("X", of=[line("DN", 60, disputed=60)]),
    ],
    ids=["auto off", "other currency", "not issued", "other account", "settled", "disputed"],
)
def test_what_the_run_does_not_pay(left_alone):
    """The money goes to the next invoice instead."""
    scene = Scene(left_alone, invoice("Y", lines(10), day=9), payment(amount=10))

    run(scene)

    assert paid(scene) == [("PAY-1", "Y", 10)]


@pytest.mark.parametrize("auto", [True, False])
def test_an_account_may_opt_out(auto):
    """Without automatic allocation, money waits; unknown accounts have none to spend."""
    scene = Scene(account(auto_allocate=auto), invoice(), payment())

    run(scene, "NOBODY")
    assert paid(scene) == []
    run(scene)
    assert bool(paid(scene)) is auto


def test_a_blocked_pair_is_not_brought_together_again():
    """A-06: the source pays the next invoice, another source the blocked one."""
    scene = Scene(
        invoice("A", lines(50)),
        invoice("B", lines(50), day=2),
        payment("PAY-1", 50),
        payment("PAY-2", 50, day=21),
        Pair(source=payment().key, invoice=key("A")),
        Pair(source=payment("PAY-2").key, invoice=key("A"), blocked=False),
    )

    run(scene)

    assert sorted(paid(scene)) == [("PAY-1", "B", 50), ("PAY-2", "A", 50)]


def test_money_that_waits_for_an_invoice_is_not_spent():
    """A-04: what is held stays, what is free goes."""
    scene = Scene(
        invoice(of=lines(100)),
        payment("PAY-1", 50, intents=[wish("LATER", 30)]),
        payment("PAY-2", 50, intents=[wish("LATER")]),
        payment("PAY-3", 50, intents=[wish("EARLIER", 30, waiting=False)]),
    )

    run(scene)

    assert paid(scene) == [("PAY-1", "INV-1", 20), ("PAY-3", "INV-1", 50)]


@pytest.mark.parametrize(
    ("amount", "intents", "held"),
    [
        (100, [], 0),
        (100, [wish("A", 30)], 30),
        (100, [wish("A", 30), wish("B", 50)], 80),
        (100, [wish("A", 70), wish("B", 50)], 100),
        (100, [wish("A", 70, waiting=False), wish("B", 50)], 50),
        (100, [wish("A", 10), wish("B")], 100),
    ],
)
def test_a_source_holds_what_waits(amount, intents, held):
    """Up to what remains; a wish without amount holds everything."""
    source = payment(amount=amount, intents=intents)

    assert (source.held, source.free) == (held, amount - held)


INVOICES = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200)), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=5,
)
SOURCES = st.lists(
    st.tuples(st.sampled_from(SourceType), st.integers(1, 300), st.integers(1, 5)), max_size=4
)


@st.composite
def scenes(draw):
    """An account with invoices, some disputed or with auto off, idle money, and blocked pairs."""
    owed = [
        invoice(
            f"I{at}",
            [
                line(
                    "DN" if contested else "NN",
                    amount,
                    str(no),
                    disputed=min(contested, amount),
                )
                for no, (amount, contested) in enumerate(made, start=1)
            ],
            day=day,
            auto_allocate=auto,
        )
        for at, (day, made, auto) in enumerate(draw(INVOICES))
    ]
    money = [
        (payment if kind is SourceType.PAYMENT else open_credit)(f"S{at}", amount, day=day)
        for at, (kind, amount, day) in enumerate(draw(SOURCES))
    ]
    ends = [(source.key, each.key) for source in money for each in owed]
    blocked = draw(st.lists(st.sampled_from(ends), max_size=2)) if ends else []
    return Scene(*owed, *money, *(Pair(source=a, invoice=b) for a, b in blocked))


@given(scenes())
def test_an_automatic_run_leaves_nothing_to_do(scene):
    """I-23: a second run changes nothing, and no idle money faces what it could pay."""
    run(scene)
    first = paid(scene)

    assert run(scene) == []
    assert paid(scene) == first
    blocked = {pair.key for pair in scene.book.all(Pair)}
    for source in scene.book.all(Source):
        for owed in scene.book.all(Invoice):
            could = owed.auto_allocate and (source.key, owed.key) not in blocked
            assert not (could and source.free and payable(owed))


@given(scenes())
def test_an_automatic_run_conserves_money(scene):
    """I-01, I-03, I-04, I-06: both ends agree, nothing is overdrawn, nor disputed parts paid."""
    run(scene)

    settled = sum(each.settled for each in scene.book.all(Invoice))
    assert settled == sum(amount for _, _, amount in paid(scene))
    assert settled == sum(each.allocated for each in scene.book.all(Source))
    for source in scene.book.all(Source):
        assert source.remaining >= 0
    for owed in scene.book.all(Invoice):
        assert owed.pending == sum(each.open for each in owed.lines)
        for each in owed.lines:
            assert 0 <= each.settled <= each.due - min(each.disputed, each.amount)


@given(scenes())
def test_an_automatic_run_pays_the_older_first(scene):
    """I-23: who got money of a source has no older neighbour that could have had it."""
    run(scene)

    blocked = {pair.key for pair in scene.book.all(Pair)}
    ranked = sorted(scene.book.all(Invoice), key=lambda each: (each.issue_date, each.key))
    for made in scene.book.all(Allocation):
        for older in ranked[: [each.key for each in ranked].index(made.invoice)]:
            if older.auto_allocate and (made.source, older.key) not in blocked:
                assert payable(older) == 0


# -- intents (A-04, P-05) -------------------------------------------------------------------------


def intend(scene, source):
    """Let `source` pay what it names."""
    draft = scene.draft()
    draft.put(source)
    apply_intents(draft, source)
    return scene.close(draft)


@pytest.mark.parametrize(
    ("amount", "intents", "expected", "held"),
    [
        (100, [wish("A")], [("PAY-1", "A", 50)], 0),
        (40, [wish("A")], [("PAY-1", "A", 40)], 0),
        (100, [wish("A", 20)], [("PAY-1", "A", 20)], 0),
        (100, [wish("A", 80)], [("PAY-1", "A", 50)], 0),
        (100, [wish("A"), wish("B", 70)], [("PAY-1", "A", 30), ("PAY-1", "B", 50)], 0),
        (100, [wish("B", 20), wish("A")], [("PAY-1", "B", 20), ("PAY-1", "A", 50)], 0),
        (100, [wish("LATER"), wish("A", 30)], [("PAY-1", "A", 30)], 70),
        (100, [wish("LATER", 60), wish("A")], [("PAY-1", "A", 40)], 60),
        (100, [wish("LATER", 100), wish("A")], [], 100),
        (100, [wish("DOLLARS")], [], 0),
        (100, [wish("FOREIGN", 10)], [], 10),
        (100, [wish("SETTLED")], [], 0),
    ],
)
def test_a_payment_pays_what_it_names(amount, intents, expected, held):
    """Up to the amount named or the invoice's pending; what is not there yet is held."""
    scene = Scene(
        invoice("A", lines(50)),
        invoice("B", lines(50)),
        invoice("DOLLARS", lines(50), currency="USD"),
        invoice("FOREIGN", lines(50), account="GLOBEX"),
        invoice("SETTLED", [line("NR", 50, settled=50)]),
    )

    intend(scene, payment(amount=amount, intents=intents))

    assert paid(scene) == expected
    assert scene.source(payment()).held == held
    assert all(each.mode is Mode.REFERENCE for each in scene.book.all(Allocation))


def test_a_named_invoice_is_paid_even_where_it_is_disputed():
    """References and people may pay a disputed part; the run may not (D-08)."""
    scene = Scene(invoice(of=[line("DN", 60, disputed=60), line(amount=40, number="2")]))

    intend(scene, payment(amount=70, intents=[wish("INV-1")]))

    assert [each.settled for each in scene.invoice().lines] == [30, 40]


def test_a_new_invoice_gets_the_money_that_waits_for_it():
    """P-05: oldest value date first; money that waits for others does not move."""
    waiting = [
        payment("PAY-2", 30, day=3, intents=[wish("INV-1")]),
        payment("PAY-1", 30, day=2, intents=[wish("INV-1")]),
        payment("PAY-3", 30, day=1, intents=[wish("OTHER")]),
        payment("PAY-4", 30, day=1, intents=[wish("INV-1", waiting=False)]),
    ]
    scene = Scene(*waiting)
    draft = scene.draft()
    draft.issue(invoice(of=lines(50)))

    welcome(draft, invoice(of=lines(50)))
    scene.close(draft)

    assert paid(scene) == [("PAY-1", "INV-1", 30), ("PAY-2", "INV-1", 20)]
    assert scene.source(waiting[0]).held == 0
    assert scene.source(waiting[2]).held == 30


# -- what is left (A-07) --------------------------------------------------------------------------


def test_what_found_no_invoice_is_reported():
    """With what is held, and for which invoices."""
    source = payment(amount=100, intents=[wish("LATER", 30), wish("INV-1", 5, waiting=False)])
    scene = Scene(source)
    draft = scene.draft()

    report_unallocated(draft, source.key)
    scene.close(draft)

    [stamped] = scene.last.events
    event = stamped.event
    assert event.name == "payment.unallocated"
    assert (event.remaining.minor, event.held.minor) == (100, 30)
    assert event.waits_for == (key("LATER"),)


def test_nothing_left_is_nothing_to_report():
    """Neither of a spent payment nor of one that is not there."""
    spent = replace(payment(amount=100), allocated=100)
    scene = Scene(spent)
    draft = scene.draft()

    report_unallocated(draft, spent.key)
    report_unallocated(draft, payment("NONE").key)

    assert scene.close(draft) == []


def test_the_ledger_moves_the_enterprise_axis_by_itself():
    """A settled line becomes Payment Received, a reopened one New, by the system (§3.3, I-16)."""
    scene = Scene(invoice(), payment(amount=60))
    run(scene)
    assert [letters(each) for each in scene.invoice().lines] == ["NR", "NN"]

    draft = scene.draft()
    remove(draft, posted(draft, payment().key)[0], "removed")
    scene.close(draft)

    assert [letters(each) for each in scene.invoice().lines] == ["NN", "NN"]
    moves = [each.event for each in scene.last.events if hasattr(each.event, "axis")]
    assert [(each.role, each.reason, each.acting_for) for each in moves] == [
        ("system", "reopened", None)
    ]


def test_the_order_of_posting_is_the_order_of_time():
    """`posted_on` is the effective date of the message, not the clock."""
    scene = Scene(invoice(), payment(amount=60))

    run(scene, today=date(2026, 10, 1))

    [made] = scene.book.all(Allocation)
    assert made.posted_on == date(2026, 10, 1)
    assert allocations.posted(scene.draft(), payment().key) == [made]
