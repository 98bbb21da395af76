"""Verbs that take something off an invoice: discounts, bad debts, money-backs, documents back."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from invoice_gateway.cli._acting import Value, act, invoice_ref, money
from invoice_gateway.cli._invocation import UsageFault

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="NUMBER, or ISSUER/NUMBER.")]
Amount = Annotated[str | None, typer.Option("--amount", help="How much.")]
Currency = Annotated[str | None, typer.Option("--currency", help="Of the amounts.")]
Refund = Annotated[bool, typer.Option("--refund", help="Pay out what was paid already.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, in words.")]
Document = Annotated[
    str | None, typer.Option("--document", help="Its number; else the gateway gives one.")
]
Date = Annotated[str | None, typer.Option("--issue-date", help="Its day; else today.")]
Sender = Annotated[str, typer.Option("--sender", help="Who sends it.")]
FINANCIALS = "financials"


def discount(  # noqa: PLR0913 - one per field of the message
    context: typer.Context,
    number: Number,
    *,
    amount: Amount = None,
    line: Annotated[
        list[str] | None, typer.Option("--line", help="LINE=AMOUNT; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is pending.")] = False,
    currency: Currency = None,
    refund: Refund = False,
    reason: Reason = None,
    document: Document = None,
    issue_date: Date = None,
    sender: Sender = FINANCIALS,
) -> None:
    """Give a discount, before or after payment; without payment, it cancels an invoice."""
    if sum((amount is not None, bool(line), everything)) != 1:
        raise UsageFault("say how much: one of --amount, --line or --all")
    what: dict[str, Value] = {
        "ExcessTo": _excess(refund=refund),
        "Amount": _money(amount, currency),
        "Lines": {"Line": [_line(each, currency) for each in line or ()]},
        "All": "" if everything else None,
    }
    _act(context, number, {"Discount": what}, document, issue_date, reason, sender)


def write_off(  # noqa: PLR0913 - one per field of the message
    context: typer.Context,
    number: Number,
    *,
    amount: Annotated[
        str | None, typer.Option("--amount", help="Refuse unless just this is pending.")
    ] = None,
    currency: Currency = None,
    reason: Reason = None,
    document: Document = None,
    issue_date: Date = None,
    sender: Sender = FINANCIALS,
) -> None:
    """Write off what is pending: a bad debt, it will never be paid."""
    what: Value = {"Amount": _money(amount, currency)} if amount is not None else ""
    _act(context, number, {"BadDebt": what}, document, issue_date, reason, sender)


def money_back(  # noqa: PLR0913 - one per field of the message
    context: typer.Context,
    number: Number,
    *,
    order: Annotated[str, typer.Option("--order", help="The order that was deleted.")],
    amount: Amount = None,
    currency: Currency = None,
    refund: Refund = False,
    reason: Reason = None,
    document: Document = None,
    issue_date: Date = None,
    sender: Sender = FINANCIALS,
) -> None:
    """Give back all but application fees, within the money-back days of a deleted order."""
    what: dict[str, Value] = {
        "OrderReference": order,
        "ExcessTo": _excess(refund=refund),
        "Amount": _money(amount, currency),
    }
    _act(context, number, {"MoneyBack": what}, document, issue_date, reason, sender)


def take_back(
    context: typer.Context,
    number: Number,
    mistake: Annotated[str, typer.Argument(metavar="DOCUMENT", help="The one that was wrong.")],
    *,
    reason: Reason = None,
    document: Document = None,
    issue_date: Date = None,
    sender: Sender = FINANCIALS,
) -> None:
    """Take back a memo, a discount or a write-off that was a mistake, by its opposite."""
    what = {"Document": invoice_ref(mistake)}
    _act(context, number, what, document, issue_date, reason, sender)


VERBS: Mapping[str, Callable[..., None]] = {
    "discount": discount,
    "write-off": write_off,
    "money-back": money_back,
    "take-back": take_back,
}
"""Verbs of the group `invoice`."""


def _act(
    context: typer.Context,
    number: str,
    what: Mapping[str, Value],
    document: str | None,
    issue_date: str | None,
    reason: str | None,
    sender: str,
) -> None:
    children: dict[str, Value] = {
        "Number": document,
        "Invoice": invoice_ref(number),
        "IssueDate": issue_date or datetime.now(UTC).date().isoformat(),
        "ReasonText": reason,
        **what,
    }
    act(context, "ReversalPosted", children, sender=sender)


def _money(amount: str | None, currency: str | None) -> Value:
    if amount is not None and currency is None:
        raise UsageFault("an amount needs its --currency, for example EUR")
    return money(amount, currency or "")


def _line(said: str, currency: str | None) -> Value:
    """Return LINE=AMOUNT as a message carries it; the number of a line may hold `=`."""
    number, equals, amount = said.rpartition("=")
    if not equals:
        raise UsageFault(f"--line {said}: say LINE=AMOUNT, for example 1=10.00")
    return {"LineNo": number, "Amount": _money(amount, currency)}


def _excess(*, refund: bool) -> str | None:
    return "refund" if refund else None
