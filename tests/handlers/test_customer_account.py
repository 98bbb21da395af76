"""CustomerAccount: accounts are created, brought up to date, and never fall back."""

import pytest

from invoice_gateway.model.errors import Rejected
from tests import messages as m
from tests.world import World, names, read

FULL = m.Terms(
    approved=False,
    days=14,
    credit_limit="25000.00",
    accounting_currency="USD",
    timezone="Europe/Paris",
    auto_allocate=False,
    policy={
        "RequestCancellationDays": 14,
        "ReminderDays": 5,
        "SuspensionDays": 15,
        "DeletionDays": 45,
    },
    money_back_days=30,
    address={"AddressLine": "12 rue des Lilas", "City": "Lyon", "Country": "FR"},
    tax_ids=["FR40303265045", "SIREN 303265045"],
)


def test_everything_said_is_kept():
    """Terms, limit in minor units, policy, address in lines, tax ids."""
    world = World().all(m.customer_account("ACME", party_class="reseller", terms=FULL))

    found = world.account()
    assert (found.party_class, found.name, found.parent) == ("reseller", "Acme", None)
    assert found.address == "12 rue des Lilas\nLyon\nFR"
    assert found.tax_ids == "FR40303265045 SIREN 303265045"
    assert (found.selling_currency, found.accounting_currency) == ("EUR", "USD")
    assert (found.timezone, found.terms_approved, found.terms_days) == ("Europe/Paris", False, 14)
    assert (found.credit_limit, found.auto_allocate) == (2_500_000, False)
    assert (found.request_cancellation_days, found.reminder_days) == (14, 5)
    assert (found.suspension_days, found.deletion_days, found.money_back_days) == (15, 45, 30)
    assert found.cause.startswith("erp/")


def test_what_is_not_said_has_a_default():
    """Accounting in the selling currency, UTC, no limit, automatic allocation."""
    found = World().all(m.customer_account("ACME", currency="USD")).account()

    assert (found.accounting_currency, found.timezone) == ("USD", "UTC")
    assert (found.credit_limit, found.auto_allocate) == (None, True)
    assert found.request_cancellation_days is None


@pytest.mark.parametrize("days", [7, 60])
def test_requests_may_be_cancelled_after_7_to_60_days(days):
    """Both ends included (S4-13)."""
    terms = m.Terms(policy={"RequestCancellationDays": days})

    found = World().all(m.customer_account(terms=terms)).account()

    assert found.request_cancellation_days == days


@pytest.mark.parametrize("days", [0, 6, 61])
def test_other_cancellation_days_are_refused(days):
    """With the value and the range."""
    terms = m.Terms(policy={"RequestCancellationDays": days})

    with pytest.raises(Rejected, match=f"cancel-days-range: .* is {days}, .* 7 and 60"):
        read(m.customer_account(terms=terms))


def test_a_limit_in_another_currency_is_refused():
    """It limits what is sold."""
    xml = m.customer_account(terms=m.Terms(credit_limit="5.00"))

    with pytest.raises(Rejected, match="currency-mismatch: CreditLimit is in USD"):
        read(xml.replace(b'currency="EUR"', b'currency="USD"'))


def test_a_newer_version_replaces_an_older_one():
    """By SentAt, whatever arrives first; the older one changes nothing."""
    newer = m.customer_account(name="New name", sent_at="2026-11-20T10:00:00Z")
    older = m.customer_account(name="Old name", sent_at="2026-11-20T09:00:00Z")

    assert World().all(older, newer).account().name == "New name"
    world = World().all(newer)
    assert world.send(older).changes == ()
    assert world.account().name == "New name"


def test_of_two_versions_of_the_same_moment_the_later_to_come_stands():
    """A sender that corrects itself within the second is heard."""
    first, second = m.customer_account(name="Typo"), m.customer_account(name="Acme")

    assert World().all(first, second).account().name == "Acme"


def test_resellers_stand_above_their_customers():
    """Ancestors, nearest first."""
    world = World().all(
        m.customer_account("TOP", party_class="reseller"),
        m.customer_account("ACME", party_class="sub-reseller", parent="TOP"),
        m.customer_account("SHOP", parent="ACME"),
    )

    assert world.account("SHOP").ancestors == ("ACME", "TOP")


def test_an_unknown_parent_is_waited_for():
    """Parked until the reseller is there."""
    refused = World().refusal(m.customer_account("SHOP", parent="ACME"))

    assert (refused.code, refused.waits_for) == ("unknown-party", ("party", "ACME"))


@pytest.mark.parametrize("parent", ["ACME", "SHOP"])
def test_nobody_stands_above_itself(parent):
    """Neither as its own parent nor by way of its customers."""
    world = World().all(m.customer_account("ACME"), m.customer_account("SHOP", parent="ACME"))

    refused = world.refusal(m.customer_account("ACME", parent=parent))

    assert refused.code == "bad-transition"
    assert "cannot stand above itself" in refused.message


def test_an_account_above_itself_is_refused_before_it_is_waited_for():
    """A party that names itself as parent waits for nothing."""
    assert World().refusal(m.customer_account("ACME", parent="ACME")).code == "bad-transition"


def test_nobody_stands_above_itself_by_a_detour():
    """Not even where all of them move in one batch."""
    world = World().all(*(m.customer_account(each) for each in ("A", "B", "C")))
    later = "2026-11-21T00:00:00Z"
    world.all(
        m.customer_account("A", parent="B", sent_at=later),
        m.customer_account("B", parent="C", sent_at=later),
    )

    refused = world.refusal(m.customer_account("C", parent="A", sent_at=later))

    assert refused.code == "bad-transition"
    assert "C cannot stand above itself (Parent A)" in refused.message


def test_a_version_that_is_silent_about_the_switch_leaves_it():
    """A new address must not move money that somebody has stopped."""
    world = World().all(
        m.customer_account(), m.set_auto(on=False), m.invoice_posted(), m.payment_posted()
    )

    world.send(m.customer_account(name="Acme & Sons", sent_at="2026-11-21T00:00:00Z"))

    assert world.account().name == "Acme & Sons"
    assert not world.account().auto_allocate
    assert world.allocations() == []


def test_switching_automatic_allocation_on_lets_money_move():
    """A-03: re-enabling is a trigger; money that waited pays at once."""
    world = World().all(
        m.customer_account(terms=m.Terms(auto_allocate=False)),
        m.invoice_posted(),
        m.payment_posted(),
    )
    assert world.allocations() == []

    decision = world.send(
        m.customer_account(sent_at="2026-11-21T00:00:00Z", terms=m.Terms(auto_allocate=True))
    )

    assert "allocation.posted" in names(decision)
    assert world.allocations() == [("PAY-1", 7_000, "auto")]
