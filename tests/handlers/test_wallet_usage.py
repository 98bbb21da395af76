"""Top-ups and wallets: money paid before, in lots, spent oldest first (S2-02 to S2-06, §3.11)."""

import pytest

from invoice_gateway.model.decision import AlreadyApplied
from invoice_gateway.model.invoice import counts_as_revenue
from invoice_gateway.model.ledger import Reversal, Source, SourceType
from tests import messages as m
from tests import messages_offers as o
from tests.world import names

LOT = "payment/PAY-1#1"


@pytest.fixture
def offered(world):
    """A top-up of ACME over 100.00 that was sent: TU-1."""
    return world.all(o.invoice_draft("TU-1", o.topup()), o.send("TU-1"))


@pytest.fixture
def full(offered):
    """The same, paid by PAY-1: the wallet has 100.00."""
    return offered.all(m.payment_posted(amount="100.00", invoices=["TU-1"]))


def lots(world):
    """What remains of each lot, in order of arrival."""
    return [
        (each.key.reference, each.remaining)
        for each in world.book.all(Source)
        if each.key.type == SourceType.WALLET
    ]


# -- topping up -----------------------------------------------------------------------------------


def test_a_payment_for_a_topup_issues_it_and_fills_the_wallet(offered):
    """S2-03, S2-10: allocating is provisioning; the number comes with it."""
    decision = offered.send(m.payment_posted(amount="100.00", invoices=["TU-1"]))

    assert names(decision)[:4] == [
        "payment.received",
        "invoice.issued",
        "allocation.posted",
        "wallet.credited",
    ]
    topup = offered.invoice("TU-1")
    assert (topup.lifecycle, topup.pending, topup.detail.transaction_no) == ("Issued", 0, 1)
    assert topup.snapshot is not None
    assert lots(offered) == [(LOT, 10_000)]
    assert offered.source(LOT).origin_document == "TU-1"
    assert offered.allocations("TU-1") == [("PAY-1", 10_000, "reference")]


def test_money_that_came_before_waits_for_the_topup_to_be_sent(world):
    """P-05: it is linked when the offer goes out."""
    world.all(
        m.payment_posted(amount="100.00", invoices=["TU-1"]),
        o.invoice_draft("TU-1", o.topup()),
    )
    assert world.invoice("TU-1").lifecycle == "Draft"

    world.send(o.send("TU-1"))

    assert world.invoice("TU-1").lifecycle == "Issued"
    assert lots(world) == [(LOT, 10_000)]


def test_a_topup_is_never_paid_by_itself(offered):
    """X-09: neither while it is an offer, nor when it is paid in part."""
    offered.all(m.payment_posted("PAY-2", amount="500.00"))
    assert offered.allocations("TU-1") == []

    offered.all(m.allocate("PAY-2", invoice="TU-1", amount="40.00"))

    assert offered.allocations("TU-1") == [("PAY-2", 4_000, "manual")]
    assert offered.source("PAY-2").remaining == 46_000


def test_a_wallet_does_not_top_itself_up(full):
    """X-09, A-01."""
    full.all(o.invoice_draft("TU-2", o.topup("10.00")), o.send("TU-2"))

    refused = full.refusal(m.allocate(LOT, invoice="TU-2", amount="10.00", source_type="wallet"))

    assert refused.code == "bad-transition"


def test_each_allocation_makes_a_lot(offered):
    """X-10: a part of it is credited at once; open credit tops up as well."""
    offered.all(
        m.payment_posted(amount="30.00", invoices=["TU-1"]),
        m.credit_note_posted(amount="20.00"),
        m.allocate("CN-1", invoice="TU-1", amount="20.00", source_type="open-credit"),
    )

    assert offered.invoice("TU-1").pending == 5_000
    assert lots(offered) == [(LOT, 3_000), ("open-credit/CN-1#1", 2_000)]


def test_one_payment_fills_two_topups(offered):
    """S2-04: one payment, several invoices."""
    offered.all(o.invoice_draft("TU-2", o.topup("50.00")), o.send("TU-2"))

    offered.send(m.payment_posted(amount="150.00", invoices=["TU-1", "TU-2"]))

    assert lots(offered) == [(LOT, 10_000), ("payment/PAY-1#2", 5_000)]


def test_a_final_payment_writes_nothing_off_a_topup(offered):
    """A-11 is about debts; a top-up is none."""
    offered.policy = type(offered.policy)(settlement_tolerance_minor=5)

    offered.send(m.payment_posted(amount="99.99", invoices=["TU-1"], final=True))

    assert offered.invoice("TU-1").pending == 1


# -- what a wallet pays ---------------------------------------------------------------------------


def test_a_topup_pays_what_is_due(billed):
    """D-8, S2-11, S1-11: the payment fills the wallet, the wallet pays the tax invoice."""
    billed.all(
        m.memo_posted(amount="30.00"),
        o.invoice_draft("TU-1", o.topup()),
        o.send("TU-1"),
        m.payment_posted(amount="100.00", invoices=["TU-1"]),
    )

    assert billed.invoice().pending == 0
    assert billed.allocations() == [(LOT, 7_000, "auto")]
    assert lots(billed) == [(LOT, 3_000)]
    assert billed.invoice().derived.closure_reason == "Mixed"
    assert billed.refusal(m.remove(invoice="TU-1")).code == "funds-spent"


def test_the_wallet_comes_after_payments_and_credits_oldest_lot_first(offered):
    """A-03."""
    offered.all(
        m.payment_posted("PAY-1", amount="60.00", invoices=["TU-1"], effective_date="2026-11-02"),
        m.payment_posted("PAY-2", amount="40.00", invoices=["TU-1"], effective_date="2026-11-01"),
        m.credit_note_posted(amount="5.00", issue_date="2026-11-19"),
        m.payment_posted("PAY-3", amount="5.00"),
        m.invoice_posted(lines=["60.00"]),
    )

    assert offered.allocations() == [
        ("PAY-3", 500, "auto"),
        ("CN-1", 500, "auto"),
        ("payment/PAY-2#1", 4_000, "auto"),
        (LOT, 1_000, "auto"),
    ]


def test_what_only_the_wallet_paid_is_paid(full):
    """Closure Paid: it was money."""
    full.send(m.invoice_posted(lines=["60.00"]))

    assert full.invoice().derived.closure_reason == "Paid"


# -- taking it back -------------------------------------------------------------------------------


def test_a_payment_is_taken_off_a_topup_whose_wallet_is_untouched(full):
    """S2-05: the lot is emptied; the top-up stays a numbered document (X-10)."""
    decision = full.send(m.remove(invoice="TU-1"))

    assert "wallet.debited" in names(decision)
    [withdrawal] = full.book.all(Reversal)
    assert (withdrawal.kind, withdrawal.reference) == ("withdrawal", f"WD:{LOT}")
    assert lots(full) == [(LOT, 0)]
    assert full.source().remaining == 10_000
    assert full.invoice("TU-1").lifecycle == "Issued"
    assert full.refusal(o.command("Void", "TU-1")).code == "not-voidable-issued"


@pytest.mark.parametrize(
    "spending",
    [
        (o.wallet_usage(amount="0.01"),),
        (m.invoice_posted(lines=["0.01"]),),
        (
            o.invoice_draft(offered={"lines": [o.Item(net="0.01")]}),
            o.send(),
            o.provision(),
        ),
    ],
)
def test_what_is_spent_or_reserved_in_part_is_not_taken_off(full, spending):
    """S2-05: only wholly unspent."""
    full.all(*spending)

    assert full.refusal(m.remove(invoice="TU-1")).code == "funds-spent"
    assert full.refusal(m.payment_reversed(kind="refund", invoice="TU-1")).code == "funds-spent"


def test_money_of_the_wallet_may_be_freed_and_then_taken_off(full):
    """A-05: what was on an invoice comes back to its lot."""
    full.all(
        m.invoice_posted(lines=["60.00"]),
        m.remove(LOT, source_type="wallet"),
        m.remove(invoice="TU-1"),
    )

    assert full.source().remaining == 4_000
    assert full.allocations() == [("PAY-1", 6_000, "auto")]


def test_a_bounce_takes_what_is_left_of_the_wallet(full):
    """A-10: nothing was spent, nothing is owed."""
    full.send(m.payment_reversed())

    assert lots(full) == [(LOT, 0)]
    assert len(list(full.book.all(Source))) == 2
    assert full.invoice("TU-1").pending == 10_000


def test_a_bounce_after_spending_is_asked_for_by_an_invoice(full):
    """A-10: over the spent part, by the terms of the account; it is no revenue."""
    full.send(o.wallet_usage(amount="35.00"))

    decision = full.send(m.payment_reversed())

    assert names(decision) == [
        "payment.bounced",
        "allocation.removed",
        "wallet.debited",
        "invoice.issued",
        "invoice.line-status-changed",
        "invoice.status-changed",
    ]
    recovery = full.invoice("RC:ACME:REV-1:PAY-1#1")
    [line] = recovery.lines
    assert (line.kind, line.amount) == ("debit-memo", 3_500)
    assert (recovery.pending, recovery.amount, recovery.debit_memos) == (3_500, 0, 3_500)
    assert (recovery.kind, recovery.lifecycle) == ("commercial", "Issued")
    assert recovery.detail.transaction_no == 2
    assert not counts_as_revenue(recovery)


def test_a_bounce_after_all_was_spent_withdraws_nothing(full):
    """A-10: the lot is empty already; all of it is asked for."""
    full.send(o.wallet_usage(amount="100.00"))

    decision = full.send(m.payment_reversed())

    assert "wallet.debited" not in names(decision)
    assert full.invoice("RC:ACME:REV-1:PAY-1#1").pending == 10_000


def test_a_bounce_in_part_leaves_the_rest_in_the_wallet(full):
    """A-10: what stays tops the wallet up again, and pays what was spent of the old lot."""
    full.send(o.wallet_usage(amount="35.00"))

    full.send(m.payment_reversed(kind="chargeback", amount="50.00"))

    assert full.invoice("TU-1").settled == 5_000
    assert full.invoice("RC:ACME:REV-1:PAY-1#1").pending == 0
    assert lots(full) == [(LOT, 0), ("payment/PAY-1#2", 1_500)]


def test_a_long_name_of_a_recovery_is_a_digest(offered):
    """A number is at most 64 characters long."""
    payment = "PAYMENT-" + "1" * 50
    offered.all(
        m.payment_posted(payment, amount="100.00", invoices=["TU-1"]),
        o.wallet_usage(amount="35.00"),
        m.payment_reversed(payment=payment),
    )

    [recovery] = [
        each
        for each in offered.book.open(type(offered.invoice("TU-1")), "ACME")
        if each.amount == 0
    ]
    assert len(recovery.key.number) == 35
    assert recovery.key.number.startswith("RC:")


# -- usage ----------------------------------------------------------------------------------------


def test_usage_takes_the_oldest_lots_first(offered):
    """§3.11: one reversal per lot, each announced."""
    offered.all(
        m.payment_posted("PAY-1", amount="60.00", invoices=["TU-1"], effective_date="2026-11-02"),
        m.payment_posted("PAY-2", amount="40.00", invoices=["TU-1"], effective_date="2026-11-01"),
    )

    decision = offered.send(o.wallet_usage(amount="50.00"))

    assert names(decision) == ["wallet.debited", "wallet.debited"]
    told = [each.event for each in decision.events]
    assert [(each.reversal_id, each.amount.minor, each.remaining.minor) for each in told] == [
        ("CALL-1", 4_000, 0),
        ("US:CALL-1:2", 1_000, 5_000),
    ]
    assert {each.purpose for each in told} == {"usage"}
    assert lots(offered) == [(LOT, 5_000), ("payment/PAY-2#1", 0)]


def test_usage_leaves_lots_alone_that_it_does_not_need(offered):
    """The first lot is enough."""
    offered.all(
        m.payment_posted("PAY-1", amount="60.00", invoices=["TU-1"], effective_date="2026-11-01"),
        m.payment_posted("PAY-2", amount="40.00", invoices=["TU-1"], effective_date="2026-11-02"),
        o.wallet_usage(amount="60.00"),
    )

    assert lots(offered) == [(LOT, 0), ("payment/PAY-2#1", 4_000)]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"amount": "100.01"}, "exceeds-source"),
        ({"currency": "USD"}, "exceeds-source"),
        ({"customer": "GLOBEX"}, "exceeds-source"),
        ({"customer": "NEW"}, "unknown-party"),
    ],
)
def test_a_wallet_pays_no_more_than_it_has(full, said, code):
    """Payments and credits beside it are not touched."""
    full.send(m.payment_posted("PAY-2", amount="900.00"))

    assert full.refusal(o.wallet_usage(**said)).code == code


def test_a_usage_counts_once(full):
    """P-02: by its id."""
    full.send(o.wallet_usage())

    assert full.refusal(o.wallet_usage(amount="11.00")).code == "number-taken"
    with pytest.raises(AlreadyApplied):
        full.send(o.wallet_usage(message_id="again"))
    assert lots(full) == [(LOT, 9_000)]


# -- revenue --------------------------------------------------------------------------------------


def test_a_topup_is_no_revenue_and_a_proforma_only_once_it_is_provisioned(full):
    """S2-07, S2-10, S2-14, I-24: the same 100.00 count once, on what they buy."""
    full.all(
        o.invoice_draft(),
        m.invoice_posted("INV-9", lines=["1.00"]),
        m.request_raised(amount="1.00"),
    )
    assert not counts_as_revenue(full.invoice("TU-1"))
    assert not counts_as_revenue(full.invoice("PF-1"))
    assert counts_as_revenue(full.invoice("INV-9"))
    assert not counts_as_revenue(full.invoice("INV:REQ-1"))

    full.all(o.send(), o.provision(), o.request_outcome(), o.request_outcome(request="REQ-1"))

    assert counts_as_revenue(full.invoice("PF-1"))
    assert counts_as_revenue(full.invoice("INV:REQ-1"))
