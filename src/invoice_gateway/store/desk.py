"""The read side of messages: what came, what became of it, what waits, what is dead; and senders.

Bodies are bytes; everything else turns into JSON as it is.
"""

import json
from datetime import UTC, date, datetime
from typing import Any, Final

import sqlalchemy as sa

from invoice_gateway.model.decision import Actor

from . import sql
from .connection import Session
from .packing import headers_of, unpack
from .reads import events
from .tables import dead_letter, event, message, outbox, parked, sender

View = dict[str, Any]
LIMIT: Final = 100
LETTERS: Final = ("findings", "business_keys", "headers")
"""Columns of a dead letter that hold JSON."""


def plain(row: sa.Row[Any], *without: str) -> View:
    """Return a row as a dictionary of what JSON knows, `without` some columns."""
    mapping = row._mapping  # noqa: SLF001 - the public name of it
    return {str(name): _value(value) for name, value in mapping.items() if name not in without}


def _value(value: Any) -> Any:  # noqa: ANN401
    return value.isoformat() if isinstance(value, date | datetime) else value


def views(session: Session, statement: sa.Executable, *without: str) -> list[View]:
    """Return the rows of `statement` as dictionaries of what JSON knows."""
    return [plain(row, *without) for row in session.read(statement)]


# -- messages ---------------------------------------------------------------------------------


def message_list(
    session: Session,
    *,
    outcome: str | None = None,
    type: str | None = None,  # noqa: A002 - the word the message, the table and the log use
    sender: str | None = None,
    limit: int = LIMIT,
) -> list[View]:
    """Return messages, the last recorded first; refused ones are dead letters, see `dead_list`."""
    statement = sa.select(*(each for each in message.c if each.name not in {"body", "headers"}))
    chosen = {message.c.outcome: outcome, message.c.type: type, message.c.sender: sender}
    for column, wanted in chosen.items():
        if wanted is not None:
            statement = statement.where(column == wanted)
    found = session.read(statement.order_by(message.c.id.desc()).limit(limit))
    return [plain(row) | {"accounts": json.loads(row.accounts)} for row in found]


def message_show(session: Session, message_id: str, sender: str | None = None) -> list[View]:
    """Return everything that came under a message id, oldest first: usually one message.

    Each has its bytes (`body`), the events it caused and, where it waits, what for (`parked`).
    Refused submissions under this id stand beside them as dead letters (`dead` is true). A message
    id that is a number also finds the message of that row.
    """
    statement = sa.select(message).where(_named(message, message_id, sender)).order_by(message.c.id)
    found = []
    for row in session.read(statement):
        waiting = views(session, sa.select(parked).where(parked.c.message == row.id), "message")
        found.append(
            plain(row)
            | {
                "dead": False,
                "body": unpack(row.body),
                "headers": json.loads(row.headers),
                "accounts": json.loads(row.accounts),
                "parked": waiting[0] if waiting else None,
                "events": _caused(session, f"{row.sender}/{row.message_id}"),
            }
        )
    letters = sa.select(dead_letter).where(_named(dead_letter, message_id, sender))
    refused = session.read(letters.order_by(dead_letter.c.first_seen, dead_letter.c.id))
    return found + [
        {"dead": True, "outcome": "rejected"} | _letter(session, row) for row in refused
    ]


def _named(table: sa.Table, message_id: str, sender: str | None) -> sa.ColumnElement[bool]:
    condition: sa.ColumnElement[bool] = table.c.message_id == message_id
    if sender is not None:
        return sa.and_(condition, table.c.sender == sender)
    if table is message and message_id.isdecimal() and int(message_id) < 2**63:
        return sa.or_(condition, table.c.id == int(message_id))
    return condition


def _caused(session: Session, cause: str) -> list[View]:
    found = session.read(events().where(event.c.cause == cause).order_by(event.c.seq))
    return [event_view(row) for row in found]


def event_view(row: sa.Row[Any]) -> View:
    """Return an event, a row of `reads.events`, with its bytes (`body`)."""
    return plain(row, "stored") | {
        "body": row.body,
        "headers": headers_of(bytes(row.stored), row.headers),
    }


def outcome_counts(session: Session) -> dict[str, int]:
    """Return how many messages are accepted, duplicate, parked, rejected; repeats are duplicates.

    Refused submissions count as often as they came.
    """
    counts = {"accepted": 0, "duplicate": 0, "parked": 0, "rejected": 0}
    statement = sa.select(
        message.c.outcome, sa.func.count(), sa.func.sum(message.c.duplicates)
    ).group_by(message.c.outcome)
    for outcome, count, repeats in session.read(statement):
        if outcome != "rejected":  # counted below, as a dead letter
            counts[outcome] += count
        counts["duplicate"] += int(repeats)
    [(dead,)] = session.read(sa.select(sa.func.coalesce(sa.func.sum(dead_letter.c.submissions), 0)))
    counts["rejected"] = int(dead)
    return counts


def event_counts(session: Session) -> list[View]:
    """Return how many events there are of each name, and how many of them nobody confirmed."""
    statement = (
        sa.select(
            event.c.name,
            sa.func.count().label("events"),
            sa.func.count(outbox.c.seq).label("unconfirmed"),
        )
        .outerjoin(outbox, outbox.c.seq == event.c.seq)
        .group_by(event.c.name)
        .order_by(event.c.name)
    )
    return views(session, statement)


# -- dead letters -----------------------------------------------------------------------------


def dead_list(
    session: Session,
    *,
    code: str | None = None,
    state: str | None = "open",
    sender: str | None = None,
    fingerprint: str | None = None,
    business_key: str | None = None,
    limit: int = LIMIT,
) -> list[View]:
    """Return dead letters without bytes and traceback, the last seen first; `state` None: all.

    `business_key` is one of the keys found in the document, such as an invoice number.
    """
    left_out = {"body", "traceback", "headers"}
    statement = sa.select(*(each for each in dead_letter.c if each.name not in left_out))
    chosen = {
        dead_letter.c.code: code,
        dead_letter.c.state: state,
        dead_letter.c.sender: sender,
        dead_letter.c.fingerprint: fingerprint,
    }
    for column, wanted in chosen.items():
        if wanted is not None:
            statement = statement.where(column == wanted)
    if business_key is not None:
        quoted = json.dumps(sql.clean(business_key))
        statement = statement.where(dead_letter.c.business_keys.contains(quoted, autoescape=True))
    order = (dead_letter.c.last_seen.desc(), dead_letter.c.id)
    found = session.read(statement.order_by(*order).limit(limit))
    return [
        plain(row)
        | {
            "findings": json.loads(row.findings),
            "business_keys": json.loads(row.business_keys),
        }
        for row in found
    ]


def dead_show(session: Session, letter: str) -> View | None:
    """Return one dead letter with its bytes (`body`) and the events it caused, or None."""
    found = session.read(sa.select(dead_letter).where(dead_letter.c.id == letter))
    return _letter(session, found[0]) if found else None


def _letter(session: Session, row: sa.Row[Any]) -> View:
    parsed = {name: json.loads(getattr(row, name)) for name in LETTERS}
    caused = _caused(session, f"{row.sender}/{row.message_id}")
    return plain(row) | parsed | {"body": unpack(row.body), "events": caused}


def dead_set_state(session: Session, letter: str, state: str, reason: str, by: str) -> bool:
    """Note what was done about a dead letter, and commit; return whether there is such a letter."""
    statement = (
        sa.update(dead_letter)
        .where(dead_letter.c.id == letter)
        .values(state=state, reason=sql.clean(reason), acted_by=by, acted_at=datetime.now(UTC))
    )
    touched = session.run(statement)
    session.commit()
    return touched > 0


# -- parked messages and senders --------------------------------------------------------------


def parked_list(session: Session, *, limit: int = LIMIT) -> list[View]:
    """Return what waits, in order of arrival."""
    kept = [each for each in message.c if each.name not in {"body", "headers"}]
    statement = sa.select(*kept, parked).join(parked, parked.c.message == message.c.id)
    return views(session, statement.order_by(message.c.id).limit(limit), "message", "accounts")


def parked_show(session: Session, message_id: str, sender: str | None = None) -> View | None:
    """Return the parked message of this id with its bytes, or None."""
    found = message_show(session, message_id, sender)
    return next((each for each in found if each.get("parked")), None)


def sender_list(session: Session) -> list[View]:
    """Return every sender by name, active or not."""
    return views(session, sa.select(sender).order_by(sender.c.name))


def put_sender(session: Session, actor: Actor) -> None:
    """Make a sender known, or change what is known of it; active from now on. Does not commit."""
    values = (actor.sender, actor.party, actor.role, actor.receipts, True)
    session.write(_SENDER, [values])
    session.flush()


def deactivate_sender(session: Session, name: str) -> bool:
    """Switch a sender off; return whether it is known. Does not commit."""
    statement = sa.update(sender).where(sender.c.name == name).values(active=False)
    return session.run(statement) > 0


_SENDER = sql.upserting(sender, ["name"], ["party", "role", "receipts", "active"])
