"""CustomerAccount: a billed party and the terms it buys on, created or brought up to date."""

from dataclasses import dataclass, replace
from datetime import datetime

from invoice_gateway.handler import (
    Account,
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Parked,
    Reach,
    Rejected,
    Role,
    Scope,
    WaitsFor,
    allocations,
)

SHORTEST_CANCELLATION_DAYS, LONGEST_CANCELLATION_DAYS = 7, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAccount:
    """The account as sent; `sent_at` decides which of two versions is newer.

    Without `auto_said` the switch of the automatic run stays as it is.
    """

    account: Account
    sent_at: datetime
    auto_said: bool


def read(document: Document) -> CustomerAccount:
    """Read an account.

    Raises:
        Rejected: `cancel-days-range` (S4-13: 7 to 60 days).
    """
    sent_at = document.moment("Header/SentAt")
    limit = document.maybe_money("CreditLimit")
    selling = document.currency("SellingCurrency")
    policy = "CollectionPolicy/"
    days = document.maybe_integer(f"{policy}RequestCancellationDays")
    if days is not None and not SHORTEST_CANCELLATION_DAYS <= days <= LONGEST_CANCELLATION_DAYS:
        raise Rejected(
            Code.CANCEL_DAYS_RANGE,
            f"RequestCancellationDays is {days}, it must lie between "
            f"{SHORTEST_CANCELLATION_DAYS} and {LONGEST_CANCELLATION_DAYS}",
        )
    if limit is not None and limit.currency != selling:
        raise Rejected(
            Code.CURRENCY_MISMATCH, f"CreditLimit is in {limit.currency}, the account in {selling}"
        )
    account = Account(
        party=document.text("Party"),
        party_class=document.text("Class"),
        name=document.text("Name"),
        parent=document.maybe("Parent"),
        address="\n".join(each.text() for each in document.all("Address/*")),
        tax_ids=" ".join(each.text() for each in document.all("TaxId")),
        selling_currency=selling,
        accounting_currency=document.maybe("AccountingCurrency") or selling,
        timezone=document.maybe("Timezone") or "UTC",
        terms_approved=document.flag("TermsApproved", default=False),
        terms_days=document.maybe_integer("TermsDays") or 0,
        credit_limit=limit.minor if limit else None,
        auto_allocate=document.flag("AutoAllocate", default=True),
        request_cancellation_days=days,
        reminder_days=document.maybe_integer(f"{policy}ReminderDays"),
        suspension_days=document.maybe_integer(f"{policy}SuspensionDays"),
        deletion_days=document.maybe_integer(f"{policy}DeletionDays"),
        money_back_days=document.maybe_integer("MoneyBackDays"),
        as_of=sent_at,
    )
    auto_said = document.has("AutoAllocate")
    return CustomerAccount(account=account, sent_at=sent_at, auto_said=auto_said)


def scope(message: CustomerAccount, _: Context) -> Scope:
    """Ask for the account, its parent, and what the auto run may touch."""
    party, parent = message.account.party, message.account.parent
    return Scope(
        accounts=(party, parent) if parent else (party,),
        auto=True,
        books=(message.account.accounting_currency,),
        provides=((WaitsFor.PARTY, party),),
    )


def decide(message: CustomerAccount, book: Book, context: Context) -> Decision:
    """Take over the newest version; an older one than known changes nothing."""
    draft = Draft(book, context)
    new = message.account
    ancestors = _ancestors(draft, new)
    known = draft.get(Account, new.party)
    if known is not None and known.as_of is not None and message.sent_at < known.as_of:
        return draft.decision()
    if known is not None and not message.auto_said:
        new = replace(new, auto_allocate=known.auto_allocate)
    draft.put(replace(new, ancestors=ancestors, cause=context.cause))
    if known is not None:
        allocations.auto_run(draft, new.party)
    return draft.decision()


def _ancestors(draft: Draft, account: Account) -> tuple[str, ...]:
    """Return the resellers above `account`, nearest first.

    Raises:
        Parked: `unknown-party`.
        Rejected: `bad-transition`, when it would stand above itself.
    """
    if account.parent is None:
        return ()
    parent = draft.get(Account, account.parent)
    above = draft.above(parent) if parent else ()
    if account.party in (account.parent, *above):
        raise Rejected(
            Code.BAD_TRANSITION,
            f"{account.party} cannot stand above itself (Parent {account.parent})",
        )
    if parent is None:
        raise Parked(
            Code.UNKNOWN_PARTY,
            f"no account for parent {account.parent!r}",
            (WaitsFor.PARTY, account.parent),
        )
    return (parent.party, *above)


HANDLER = Handler(
    message="CustomerAccount",
    rights={Role.ERP: Reach.ANY, Role.FINANCIALS: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
