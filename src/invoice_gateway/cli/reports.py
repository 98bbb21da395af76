"""Verbs about the past: `account statement`, `account aging`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from invoice_gateway.app import App
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._amounts import readable
from invoice_gateway.cli._invocation import NothingFound, UsageFault, app_of, opened
from invoice_gateway.cli.accounts import Json
from invoice_gateway.model.decision import zone
from invoice_gateway.model.history import History
from invoice_gateway.model.statement import (
    BUCKETS,
    Aging,
    Holdings,
    Period,
    Statement,
    agings,
    statements,
)
from invoice_gateway.store import SqlStore, history

ACCOUNTS_AT_A_TIME = 200
"""So many accounts are in memory at a time."""

HOLDINGS = ("receivable", "unapplied", "open_credit", "wallet")
NOTHING = Holdings()
LINES = ("day", "kind", "document", "invoice", "due_date", "amount", "balance")
INVOICES = ("invoice", "due_date", "days", "open", "disputed")
AGES = ("account", "currency", *BUCKETS, "receivable", "disputed", *HOLDINGS[1:])


def day(text: str) -> date:
    """Return the day that `text` is.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write YYYY-MM-DD") from None


def instant(text: str) -> datetime:
    """Return the moment that `text` is, in UTC; without a time zone it is in UTC.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no moment; write YYYY-MM-DDThh:mm:ssZ") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


From = Annotated[
    date | None,
    typer.Option("--from", parser=day, metavar="DATE", help="First day; else the first entry."),
]
AsOf = Annotated[
    date | None, typer.Option("--as-of", parser=day, metavar="DATE", help="Last day; else today.")
]
KnownAt = Annotated[
    datetime | None,
    typer.Option(
        "--known-at", parser=instant, metavar="INSTANT", help="By what was known then; else now."
    ),
]


def account_statement(
    context: typer.Context,
    party: Annotated[str, typer.Argument(metavar="PARTY", help="Party id.")],
    *,
    begins: From = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """Show what an account was asked for and what it paid, with opening and closing balance."""
    app = app_of(context)
    period = _period(app, begins, as_of, known_at)
    with opened(app) as store:
        [loaded] = _histories(store, party)
    found = [statement_view(each) for each in statements(loaded, period)]
    if json:
        out.document(found)
        return
    if not found:
        out.say(f"nothing was entered for {party} up to {period.as_of}")
    for at, each in enumerate(found):
        if at:
            out.line()
        out.sheet(readable(each), columns={"lines": LINES})


def account_aging(
    context: typer.Context,
    party: Annotated[
        str | None, typer.Argument(metavar="[PARTY]", help="Party id; else all accounts.")
    ] = None,
    *,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """Show what is owed by age: not due, 1-30, 31-60, 61-90 and more days past due.

    Of all accounts, those that owe nothing and have nothing to spend are left out.
    """
    app = app_of(context)
    period = _period(app, None, as_of, known_at)
    with opened(app) as store:
        found = [
            aging_view(each)
            for loaded in _histories(store, party)
            for each in agings(loaded, period)
            if party is not None or each.holdings != NOTHING
        ]
    if json:
        out.document(found)
        return
    out.listing(readable(found), AGES, f"as of {period.as_of}")
    if party is not None:
        for each in found:
            if each["invoices"]:
                out.line()
                out.listing(readable(each)["invoices"], INVOICES, each["currency"])


def statement_view(found: Statement) -> dict[str, Any]:
    """Return a statement as a record: amounts are minor units of its currency."""
    view = out.plain(found)
    return {
        **{name: view[name] for name in ("account", "currency", "begins", "as_of")},
        **{name: view[name] for name in ("opening", "closing")},
        **view["holdings"],
        "lines": [
            line | {"invoice": str(each.invoice) if each.invoice else None}
            for line, each in zip(view["lines"], found.lines, strict=True)
        ],
    }


def aging_view(found: Aging) -> dict[str, Any]:
    """Return an aging as a record: amounts are minor units of its currency."""
    view = out.plain(found)
    holdings = view.pop("holdings")
    invoices = [
        line | {"invoice": str(each.invoice)}
        for line, each in zip(view.pop("invoices"), found.invoices, strict=True)
    ]
    return {**view, **holdings, "invoices": invoices}


def _period(app: App, begins: date | None, as_of: date | None, known_at: datetime | None) -> Period:
    """Return the period asked for; today is that of the enterprise.

    Raises:
        UsageFault: it ends before it begins.
    """
    last = as_of or datetime.now(zone(app.settings.timezone)).date()
    if begins is not None and begins > last:
        raise UsageFault(f"--from {begins} is after --as-of {last}")
    return Period(last, begins, known_at)


def _histories(store: SqlStore, party: str | None) -> Iterator[History]:
    """Yield the history of one account or, some at a time, of all of them by party.

    Raises:
        NothingFound: there is no such account.
    """
    with store.session() as session:
        names = history.parties(session, party)
        if party is not None and not names:
            raise NothingFound(f"there is no account {party!r}; see: invoice-gateway parties list")
        for at in range(0, len(names), ACCOUNTS_AT_A_TIME):
            yield from history.load(session, names[at : at + ACCOUNTS_AT_A_TIME])
