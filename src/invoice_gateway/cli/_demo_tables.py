"""What the demo prints: what became of messages and invoices, which events went out, and where."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from invoice_gateway.app import App
from invoice_gateway.cli import _out as out
from invoice_gateway.cli._amounts import readable
from invoice_gateway.engine.ports import Outcome
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.store import SqlStore, views
from invoice_gateway.store.connection import Session

MANY = 10_000
TEXT_MAX = 90


def show(app: App, store: SqlStore, folder: Path) -> None:
    """Print the tables, and what to try next."""
    with store.session() as session:
        _messages(session)
        _rejected(session)
        _invoices(session)
        _events(session)
    _files(app, folder)


def _messages(session: Session) -> None:
    counts = views.outcome_counts(session)
    waited = _waited(session)
    rows = [
        (Outcome.ACCEPTED, counts["accepted"], "took effect"),
        ("of them released", waited, "were parked, and released when what they waited for came"),
        (Outcome.DUPLICATE, counts["duplicate"], "came again and changed nothing"),
        (Outcome.PARKED, counts["parked"], "still wait for an invoice, an account, a payment ..."),
        (Outcome.REJECTED, counts["rejected"], "refused, with a report to the sender"),
    ]
    out.table("Messages", ["outcome", "messages", "meaning"], rows)
    out.line()


def _waited(session: Session) -> int:
    """Return how many accepted messages were parked before."""
    accepted = views.message_list(session, outcome=Outcome.ACCEPTED, limit=MANY)
    several = (each for each in accepted if each["events"])
    return sum(
        any(event["name"] == "message.parked" for event in each["events"])
        for message in several
        for each in views.message_show(session, message["message_id"], message["sender"])
        if each["outcome"] == Outcome.ACCEPTED
    )


def _rejected(session: Session) -> None:
    rows = []
    letters = views.dead_list(session, state=None, limit=MANY)
    for each in sorted(letters, key=lambda each: (each["first_seen"], each["message_id"])):
        first: dict[str, Any] = next(iter(each["findings"]), {})
        line = f"line {first['line']} " if first.get("line") else ""
        text = first.get("message") or each["text"]
        rows.append(
            (
                each["message_id"],
                each["code"],
                f"{line}{first.get('path', '')}" or None,
                text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}...",
                first.get("expected") or None,
            )
        )
    out.table("Rejected", ["message", "code", "where", "what", "expected"], rows)
    out.line()


def _invoices(session: Session) -> None:
    rows: list[tuple[object, ...]] = []
    for each in views.invoice_list(session, limit=MANY)[::-1]:
        found = views.invoice_show(session, InvoiceKey(each["issuer"], each["number"]))
        rows += _lines(readable(found))
    columns = ["invoice", "account", "status", "settlement", "pending", "", "line"]
    out.table("Invoices", [*columns, "customer", "enterprise", "open"], rows)
    out.line()


def _lines(invoice: Any) -> Iterator[tuple[object, ...]]:  # noqa: ANN401 - a view
    head: tuple[object, ...] = (
        invoice["number"],
        invoice["account"],
        invoice["status"],
        invoice["settlement_state"],
        invoice["pending"],
        invoice["currency"],
    )
    for line in invoice["lines"]:
        yield (*head, line["line_no"], line["customer"], line["enterprise"], line["open"])
        head = ("",) * len(head)


def _events(session: Session) -> None:
    rows = [
        (each["name"], each["events"], each["unconfirmed"]) for each in views.event_counts(session)
    ]
    out.table("Events published", ["event", "published", "unconfirmed"], rows)
    out.line()


def _files(app: App, folder: Path) -> None:
    url = app.settings.database_url
    out.facts(
        [
            ("messages go in", f"{folder}/inbox/<sender>/"),
            ("events come out", f"{folder}/outbox/"),
            ("dealt with", f"{folder}/done/"),
            ("refused", f"{folder}/rejected/"),
            ("database", str(folder / "invoices.db")),
            ("look closer", f"invoice-gateway --database-url {url} invoice list"),
            ("", f"invoice-gateway --database-url {url} dead list"),
        ]
    )
