"""Offers in the store: what is loaded with them, and what they keep out of the way."""

from dataclasses import replace

from invoice_gateway.model.decision import Scope
from invoice_gateway.model.detail import Detail, Execution
from invoice_gateway.model.invoice import Invoice, InvoiceKind, Kind, Lifecycle, Line
from invoice_gateway.model.ledger import Allocation, AllocationState, Mode, Part
from invoice_gateway.model.offer import Offer, OfferLine
from invoice_gateway.store import SqlStore, tables, views

from .build import ACME, NOW, account, allocation, invoice, key, load, payment, put

LINES = (
    OfferLine("1", 900, 'A "phone"', "PBX", "1.5", "EA", "6", 900, "S", "20", 0, "Phones"),
    OfferLine("2", 100, "€", type="extension", subscription="S-1", period="P1Y"),
)
OFFER = Offer(id=str(key("P-1")), account=ACME, blocks='{"Taxes":[]}', lines=LINES, cause="c")


def proforma(number="P-1", lifecycle=Lifecycle.SENT, **fields):
    """A proforma of ACME over 10.00, as it was sent."""
    said = {
        "kind": InvoiceKind.PROFORMA,
        "lifecycle": lifecycle,
        "detail": Detail(name="Phones", execution=Execution.PENDING),
    }
    return invoice(number, **(said | fields))


def test_an_offer_comes_with_its_invoice_until_that_is_issued(store: SqlStore):
    """Afterwards it is asked for by name, as a copy does."""
    put(store, account(), proforma(), OFFER)
    named = Scope(invoices=(key("P-1"),))
    assert load(store, named).get(Offer, OFFER.id) == OFFER

    sent = load(store, named).get(Invoice, key("P-1"))
    put(store, replace(sent, lifecycle=Lifecycle.ISSUED), scope=named)

    assert load(store, named).get(Offer, OFFER.id) is None
    asked = Scope(invoices=(key("P-1"),), others=((Offer, OFFER.id),))
    assert load(store, asked).get(Offer, OFFER.id) == OFFER


def test_the_newest_content_takes_the_place_of_the_one_before(store: SqlStore):
    """One row per offer."""
    put(store, account(), proforma(), OFFER)
    newer = replace(OFFER, lines=LINES[:1], blocks="{}", cause="d")

    put(store, newer, scope=Scope(invoices=(key("P-1"),)))

    assert load(store, Scope(others=((Offer, OFFER.id),))).get(Offer, OFFER.id) == newer


def test_the_auto_run_reaches_past_what_takes_no_money(store: SqlStore):
    """Older drafts, offers, withdrawn ones and top-ups do not use the reach of money up."""
    older = [
        proforma(f"O-{at}", lifecycle, issue_date=NOW.date().replace(day=1))
        for at, lifecycle in enumerate(each for each in Lifecycle if each is not Lifecycle.ISSUED)
    ]
    topup = proforma("T-1", Lifecycle.ISSUED, kind=InvoiceKind.TOPUP)
    put(store, account(), *older, topup, invoice("I-1", issue_date=NOW.date()), payment("P", 1))

    book = load(store, Scope(accounts=(ACME,), auto=True), lock=[ACME])

    assert [each.key.number for each in book.all(Invoice)] == ["I-1"]


def test_what_is_reserved_is_loaded_and_may_be_posted_or_let_go(store: SqlStore):
    """A-08: a reservation is an allocation that changes its state, once."""
    source = payment("PAY", 2_000, reserved=700, allocations=2)
    kept = [
        allocation(
            *("PAY", at, "P-1", Part("1", amount)),
            mode=Mode.PROVISION,
            state=AllocationState.RESERVED,
        )
        for at, amount in ((1, 300), (2, 400))
    ]
    put(store, account(), proforma(reserved=700), source, *kept)
    named = Scope(invoices=(key("P-1"),), allocations=True)
    found = {each.number: each for each in load(store, named).all(Allocation)}
    assert {each.state for each in found.values()} == {AllocationState.RESERVED}

    put(
        store,
        replace(found[1], state=AllocationState.POSTED),
        replace(found[2], state=AllocationState.REMOVED, removed_reason="provision-failed"),
        scope=named,
    )

    left = list(load(store, named).all(Allocation))
    assert [(each.number, each.state) for each in left] == [(1, AllocationState.POSTED)]
    with store.session() as session:
        [removal] = session.read(tables.allocation_removal.select())
    assert removal.reason == "provision-failed"


def test_an_offer_is_shown_as_its_newest_edition(store: SqlStore):
    """Earlier lines are history."""
    old = proforma()
    new = replace(
        old,
        lines=(Line("9", Kind.ITEM, 500),),
        amount=500,
        editions=((0, old.lines),),
        detail=replace(old.detail, edition=2, first_line=len(old.lines)),
    )
    put(store, account(), new, OFFER)

    with store.session() as session:
        shown = views.invoice_show(session, key("P-1"))
        owed = views.account_show(session, ACME)
        rows = session.read(tables.invoice_line.select())

    assert [each["line_no"] for each in shown["lines"]] == ["9"]
    assert (shown["disputed"], owed["invoices"]) == (0, [])
    assert len(rows) == len(old.lines) + 1
    assert load(store, Scope(invoices=(key("P-1"),))).get(Invoice, key("P-1")).lines == new.lines
