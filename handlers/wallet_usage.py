"""WalletUsage: money of a wallet was used for calls, messages and the like."""

from dataclasses import dataclass
from datetime import date

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Money,
    Reach,
    Rejected,
    Reversal,
    Role,
    Scope,
    known_before,
    own_number,
    wallet,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletUsage:
    """A usage as counted."""

    usage_id: str
    customer: str
    amount: Money
    used_on: date


def read(document: Document) -> WalletUsage:
    """Read a usage.

    Raises:
        Rejected: `amount-not-positive` or `number-taken`.
    """
    amount = document.money("Amount")
    if amount.minor <= 0:
        raise Rejected(Code.AMOUNT_NOT_POSITIVE, "a usage must be positive")
    return WalletUsage(
        usage_id=own_number(document, "UsageId"),
        customer=document.text("Customer"),
        amount=amount,
        used_on=document.day("UsedOn"),
    )


def scope(message: WalletUsage, _: Context) -> Scope:
    """Ask for the account, the id, and the lots of the wallet."""
    return Scope(
        accounts=(message.customer,),
        reversals=((message.customer, message.usage_id),),
        auto=True,
    )


def decide(message: WalletUsage, book: Book, context: Context) -> Decision:
    """Take it out of the wallet, oldest lots first."""
    draft = Draft(book, context)
    draft.account(message.customer)
    known_before(
        draft.get(Reversal, (message.customer, message.usage_id)),
        context,
        Code.NUMBER_TAKEN,
        f"usage {message.usage_id!r}",
    )
    wallet.spend(draft, message.customer, message.amount, message.usage_id, message.used_on)
    return draft.decision()


HANDLER = Handler(
    message="WalletUsage",
    rights={Role.USAGE: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
