"""What is saved is what is loaded, entity by entity, and changes touch what may change."""

from dataclasses import replace
from datetime import date

import pytest

from invoice_gateway.model.decision import Scope
from invoice_gateway.model.invoice import (
    Closure,
    Confirmation,
    Derived,
    Invoice,
    InvoiceStatus,
    Kind,
    Line,
    LineTerms,
    Settlement,
)
from invoice_gateway.model.ledger import (
    Account,
    Allocation,
    AllocationState,
    Dispute,
    DisputeState,
    FundsState,
    Intent,
    Memo,
    MemoPart,
    Notice,
    Origin,
    Pair,
    Part,
    Reversal,
    ReversalKind,
    Source,
)
from invoice_gateway.model.status import Axis, Status
from invoice_gateway.store import SqlStore

from .build import (
    ACME,
    NOW,
    account,
    allocation,
    dispute,
    everything,
    invoice,
    key,
    load,
    memo,
    paid_by,
    payment,
    put,
    saving,
)

AWKWARD = 'He said "5\\" disk", {a,b}, NULL, \u20ac \U0001f4b6 \n end'


def as_loaded(each: Invoice) -> Invoice:
    """An invoice without what is only there while it is being created."""
    return replace(
        each, snapshot=None, lines=tuple(line._replace(terms=None) for line in each.lines)
    )


def test_an_account_comes_back_with_its_resellers_nearest_first(store: SqlStore):
    """Every field is kept, and the chain of parents is walked."""
    top = account("TOP", party_class="reseller")
    middle = account("MID", parent="TOP", auto_allocate=False)
    bottom = account(
        parent="MID",
        name=AWKWARD,
        address="1 Road\nTown",
        tax_ids="VAT 1",
        terms_approved=True,
        terms_days=30,
        credit_limit=10**14,
        request_cancellation_days=7,
        reminder_days=1,
        suspension_days=2,
        deletion_days=3,
        money_back_days=14,
        cause="erp/1",
    )
    put(store, top, middle, bottom)

    book = load(store, everything(top, middle, bottom))

    assert book.get(Account, "TOP") == top
    assert book.get(Account, "MID") == replace(middle, ancestors=("TOP",))
    assert book.get(Account, ACME) == replace(bottom, ancestors=("MID", "TOP"))


def test_an_account_can_change(store: SqlStore):
    """The last version stands, whether it was loaded or not."""
    put(store, account())
    put(store, account(name="New name"))

    assert load(store, everything(account())).get(Account, ACME) == account(name="New name")


def test_a_circle_of_parents_ends(store: SqlStore):
    """Two accounts that are each other's parent can still be loaded."""
    put(store, account("A", parent="B"), account("B", parent="A"))

    found = load(store, Scope(accounts=("A",))).get(Account, "A")

    assert found is not None
    assert set(found.ancestors) == {"A", "B"}


def test_an_invoice_comes_back_without_terms_and_snapshot(store: SqlStore):
    """Lines keep their order, whatever their numbers are."""
    lines = (
        Line(
            "10", Kind.ITEM, 900, LineTerms(AWKWARD, "SKU", "2", "EA", "4.5", 750, "S", "20", 150)
        ),
        Line("2", Kind.SHIPPING, 100, LineTerms("Shipping", order_line="4")),
        Line("1", Kind.ROUNDING, -1, LineTerms("")),
    )
    posted = invoice(
        "I-1",
        lines=lines,
        amount=999,
        order_ref="PO 7",
        payment_reference="RF18",
        description=AWKWARD,
    )
    put(store, posted)

    assert load(store, everything(posted)).get(Invoice, posted.key) == as_loaded(posted)


def test_an_invoice_changes_in_its_sums_lines_and_statuses(store: SqlStore):
    """Untouched lines stay as they were posted; a debit memo adds a line."""
    posted = invoice("I-1", 600, 400)
    put(store, posted)
    loaded = load(store, everything(posted)).get(Invoice, posted.key)
    assert loaded is not None
    settled = loaded.lines[1]._replace(
        settled=100,
        credited=20,
        excess=3,
        written_off=4,
        disputed=50,
        customer=Axis(Status.DISPUTED, Status.PAID),
        enterprise=Axis(Status.RECEIVED, Status.RECEIVED),
        receipt_manual=True,
    )
    added = Line("DM-1/1", Kind.DEBIT_MEMO, 77, LineTerms("More", net=77))
    changed = replace(
        loaded,
        lines=(loaded.lines[0], settled, added),
        derived=Derived(
            InvoiceStatus.DISPUTED,
            Settlement.PARTIALLY_SETTLED,
            contested=True,
            confirmation=Confirmation.PARTLY_CONFIRMED,
            closure_reason=Closure.MIXED,
        ),
        auto_allocate=False,
        debit_memos=77,
        credits=20,
        written_off=4,
        settled=100,
        settled_by_credit=60,
        version=7,
    )

    put(store, changed, scope=everything(posted))

    assert load(store, everything(posted)).get(Invoice, posted.key) == as_loaded(changed)

    back = replace(
        as_loaded(changed), lines=(loaded.lines[0], loaded.lines[1], added._replace(terms=None))
    )
    put(store, back, scope=everything(posted))

    assert load(store, everything(posted)).get(Invoice, posted.key) == back


def test_an_invoice_paid_in_the_batch_that_posts_it(store: SqlStore):
    """A line that is new and no longer as posted is written with its state."""
    posted = invoice("I-1", 600)
    paid = replace(posted, lines=(posted.lines[0]._replace(settled=600),), settled=600, version=3)
    put(store, posted, paid)

    assert load(store, everything(posted)).get(Invoice, posted.key) == as_loaded(paid)


def test_a_payment_comes_back_with_its_intents_in_order(store: SqlStore):
    """Every field is kept; intents change from waiting to done."""
    wishes = (Intent(key("I-9"), None, waiting=True), Intent(key("I-1"), 250, waiting=True))
    posted = payment(
        "P-1",
        origin=Origin.EXCESS,
        origin_document="CM-1",
        method="wire_transfer",
        bank_reference="BANK 1",
        end_to_end_id="E2E",
        asserted_by_erp=True,
        intents=wishes,
    )
    put(store, posted)
    assert load(store, everything(posted)).get(Source, posted.key) == posted

    changed = replace(
        posted,
        intents=(
            wishes[0],
            wishes[1]._replace(waiting=False),
            Intent(key("I-2"), 1, waiting=False),
        ),
        allocated=250,
        reserved=1,
        refunded=2,
        charged_back=3,
        allocations=1,
        funds_state=FundsState.BOUNCED,
        version=4,
    )
    put(store, changed, scope=everything(posted))

    assert load(store, everything(posted)).get(Source, posted.key) == changed


@pytest.mark.parametrize(
    "scope",
    [
        Scope(bank_references=((ACME, "BANK 1"),)),
        Scope(end_to_end_ids=((ACME, "E2E"),)),
        Scope(sources=(paid_by("P-1"),)),
    ],
)
def test_a_payment_is_found_by_any_of_its_names(store: SqlStore, scope: Scope):
    """Its own reference, the bank's, and the payer's."""
    put(
        store,
        payment("P-1", bank_reference="BANK 1", end_to_end_id="E2E"),
        payment("P-2", bank_reference="BANK 2", end_to_end_id="OTHER"),
    )

    assert [each.key for each in load(store, scope).all(Source)] == [paid_by("P-1")]


def test_an_allocation_comes_with_both_its_ends(store: SqlStore):
    """Whoever removes it must change the source and the invoice."""
    parts = (Part("2", 300), Part("1", 100))
    posted = allocation("P-1", 1, "I-1", *parts)
    put(store, invoice("I-1", 600, 400), payment("P-1", allocations=1), posted)

    for scope in (Scope(invoices=(key("I-1"),)), Scope(sources=(paid_by("P-1"),))):
        book = load(store, replace(scope, allocations=True))
        assert book.get(Allocation, posted.key) == posted
        assert book.get(Invoice, key("I-1")) is not None
        assert book.get(Source, paid_by("P-1")) is not None
        assert not list(load(store, scope).all(Allocation))


def test_a_removed_allocation_is_no_longer_loaded(store: SqlStore):
    """The row stays, the removal is a row of its own, and nobody is offered it again."""
    posted = allocation("P-1", 1, "I-1", Part("1", 100))
    put(store, invoice("I-1"), payment("P-1", allocations=1), posted)
    scope = Scope(invoices=(key("I-1"),), allocations=True)
    removed = replace(
        posted,
        state=AllocationState.REMOVED,
        removed_reason="wrong invoice",
        removed_on=date(2026, 11, 8),
        removed_by="financials/7",
        version=2,
    )

    put(store, removed, scope=scope)

    assert not list(load(store, scope).all(Allocation))
    with store.engine.connect() as connection:
        query = "SELECT reason, removed_on, removed_by FROM allocation_removal"
        [row] = connection.exec_driver_sql(query)
    assert [str(each) for each in row] == ["wrong invoice", "2026-11-08", "financials/7"]


def test_an_allocation_made_and_removed_in_one_batch(store: SqlStore):
    """Both facts are kept."""
    posted = allocation("P-1", 1, "I-1", Part("1", 100))
    removed = replace(posted, state=AllocationState.REMOVED, removed_on=date(2026, 11, 8))
    put(store, invoice("I-1"), payment("P-1", allocations=1), posted, removed)

    with store.engine.connect() as connection:
        query = "SELECT state FROM allocation JOIN allocation_removal ON allocation_id = id"
        assert connection.exec_driver_sql(query).scalar() == "removed"


def test_documents_come_back(store: SqlStore):
    """A memo about an invoice, one that reverses it, and a credit note about none."""
    parts = (MemoPart("1", 100, 60, 40), MemoPart("2", 5, 5, 0))
    credit = memo(
        "CM-1",
        "I-1",
        *parts,
        reason_code="QUA",
        reason_text=AWKWARD,
        dispute_id="D",
        applied=65,
        open_credit=40,
        cause="erp/3",
    )
    reversing = memo("CM-2", "I-1", MemoPart("1", 100, 100, 0), reverses=credit.key)
    note = memo("CN-1", amount=999, open_credit=999)
    put(store, invoice("I-1", 600, 400), credit, reversing, note)

    book = load(store, everything(credit, reversing, note))

    assert [book.get(Memo, each.key) for each in (credit, reversing, note)] == [
        credit,
        reversing,
        note,
    ]
    assert book.get(Invoice, key("I-1")) is not None, "a memo brings its invoice"

    reversed_ = replace(credit, reversed_by=str(reversing.key), refunded=1, version=2)
    put(store, reversed_, scope=everything(credit))

    assert load(store, everything(credit)).get(Memo, credit.key) == reversed_


def test_a_reversal_comes_back(store: SqlStore):
    """It is found by the account and its own reference."""
    back = Reversal(
        account=ACME,
        reference="R-1",
        source=paid_by("P-1"),
        kind=ReversalKind.CHARGEBACK,
        currency="EUR",
        amount=40,
        reversed_on=date(2026, 11, 9),
        reason_code="AM04",
        reason_text="no",
        content_hash="h",
        cause="bank/9",
    )
    put(store, payment("P-1"), back)

    assert load(store, everything(back)).get(Reversal, back.key) == back


def test_a_dispute_comes_back_and_changes(store: SqlStore):
    """It brings its invoice, and an invoice brings its open disputes."""
    opened = dispute("N-1", "I-1", reason_text="broken", evidence="photo", reopens="X", cause="p/1")
    posted = invoice("I-1")
    contested = replace(posted, lines=(posted.lines[0]._replace(disputed=500),))
    put(store, contested, opened)

    book = load(store, everything(opened))
    assert book.get(Dispute, opened.id) == opened
    assert book.get(Invoice, key("I-1")) == as_loaded(contested)
    assert load(store, everything(posted)).get(Dispute, opened.id) == opened

    closed = replace(
        opened,
        state=DisputeState.UPHELD_PARTIAL,
        amount=400,
        joined=True,
        closed_at=NOW,
        memo="ENTERPRISE/CM-1",
        version=3,
    )
    put(store, closed, scope=everything(opened))

    assert load(store, everything(opened)).get(Dispute, opened.id) == closed
    assert load(store, everything(posted)).get(Dispute, opened.id) is None


def test_a_dispute_may_follow_another_in_one_batch(store: SqlStore):
    """The line is free again when the first is closed, even in the same transaction."""
    first = dispute("N-1", "I-1")
    put(store, invoice("I-1"), first)
    second = dispute("N-2", "I-1", reopens=first.id)

    put(store, second, replace(first, state=DisputeState.WITHDRAWN), scope=everything(first))

    assert load(store, everything(second)).get(Dispute, second.id) == second


def test_notices_and_pairs_come_back(store: SqlStore):
    """A notice counts once; a pair can be blocked and freed."""
    notice = Notice(kind="payment", party=ACME, notice_id="N-1", content_hash="h", cause="p/1")
    pair = Pair(source=paid_by("P-1"), invoice=key("I-1"))
    put(store, invoice("I-1"), payment("P-1"), notice, pair)

    book = load(store, everything(notice, pair))
    assert book.get(Notice, notice.key) == notice
    assert book.get(Pair, pair.key) == pair

    put(store, replace(pair, blocked=False), scope=everything(pair))

    freed = load(store, everything(pair)).get(Pair, pair.key)
    assert freed is not None
    assert not freed.blocked


def test_what_was_not_loaded_is_looked_up(store: SqlStore):
    """An allocation may be written though neither of its ends is in the book."""
    put(store, invoice("I-1"), payment("P-1"))
    posted = allocation("P-1", 1, "I-1", Part("1", 100))

    put(store, posted, Pair(source=paid_by("P-1"), invoice=key("I-1")))

    book = load(store, Scope(sources=(paid_by("P-1"),), allocations=True))
    assert book.get(Allocation, posted.key) == posted


def test_nothing_is_written_without_commit(store: SqlStore):
    """Leaving the work rolls back."""
    with store.work() as work:
        book = work.load([])
        book.apply([account()])
        work.save(saving(book))

    assert load(store, everything(account())).get(Account, ACME) is None
