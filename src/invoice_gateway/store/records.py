"""Writing what became of messages, and the events: inbox, parked, dead letters, outbox."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any, Final

import sqlalchemy as sa

from invoice_gateway.engine.ports import EventRow, Outcome, Record, Saving

from . import packing, sql, tables
from .columns import instant
from .connection import Session
from .packing import Pack, enclose, headers_text, headers_texts
from .sql import clean, cleaned

REFUSALS: Final = ("message.rejected", "provision.rejected")
"""Events that a submission causes again and again, as often as it is refused."""
IN_THE_BODY = ""
"""Where the headers of an event are: packed with its body."""
unpack: Final = packing.unpack

MESSAGE_ROW: Final = (
    "id",
    "sender",
    "message_id",
    "type",
    "hash",
    "outcome",
    "received_at",
    "body",
    "headers",
    "duplicates",
    "events",
    "duplicate_of",
    "accounts",
    "origin",
)
DEAD_ROW: Final = (
    "sender",
    "message_id",
    "type",
    "hash",
    "code",
    "text",
    "findings",
    "business_keys",
    "fingerprint",
    "traceback",
    "body",
    "headers",
    "origin",
    "first_seen",
    "last_seen",
    "submissions",
    "events",
    "state",
)
EVENT_ROW: Final = (
    "seq",
    "event_id",
    "name",
    "type",
    "aggregate",
    "aggregate_id",
    "version",
    "cause",
    "account",
    "body",
    "headers",
    "recorded_at",
)
MESSAGE: Final = sql.inserting(tables.message, MESSAGE_ROW)
SETTLE: Final = sql.updating(
    tables.message, "id", ["outcome", "events", "duplicate_of", "accounts"]
)
PARKED: Final = sql.upserting(
    tables.parked, ["message"], ["kind", "key", "deadline", "code", "text"]
)
RELEASED: Final = sql.deleting(tables.parked, "message")
DEAD: Final = sql.inserting(
    tables.dead_letter,
    ("id", *DEAD_ROW),
    "ON CONFLICT (id) DO UPDATE SET state = 'open', last_seen = excluded.last_seen, "
    "submissions = dead_letter.submissions + excluded.submissions, events = excluded.events, "
    "traceback = excluded.traceback",
)
EVENT: Final = sql.inserting(tables.event, EVENT_ROW)
POINTER: Final = sql.inserting(tables.outbox, ["seq"], "ON CONFLICT DO NOTHING")
TRIED: Final = sql.deleting(tables.attempt, "hash")


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def encode(value: Any) -> str:  # noqa: ANN401
    """Return `value` as JSON text: compact, in the order given."""
    return _ENCODER.encode(value)


def names(values: Iterable[str]) -> str:
    """Return texts as a JSON list."""
    return "[" + ",".join(map(encode_basestring_ascii, values)) + "]"


def save(session: Session, saving: Saving) -> list[int]:
    """Write records, repeats and events; return the row of each record (dead letters: 0)."""
    pack = packing.packer()
    numbers = _numbers(session, saving.records)
    numbered = [*zip(numbers, saving.records, strict=True)]
    settled = [(at, *_settled(record)) for at, record in numbered if record.replaces is not None]
    new = [(at, record) for at, record in numbered if at and record.replaces is None]
    session.write(SETTLE, settled)
    session.put(MESSAGE, _messages([at for at, _ in new], [record for _, record in new], pack))
    _park(session, saving.records, numbers)
    session.write(DEAD, _dead(saving.records, pack))
    pointers = publish(session, saving.events, saving.now, pack)
    session.write(REPEAT, [(number, *counts) for number, counts in saving.repeats.items()])
    session.put(TRIED, [saving.attempts_done])
    session.put(PUBLISHED, [saving.published])
    session.put(POINTER, [pointers])
    return numbers


def _numbers(session: Session, records: Sequence[Record]) -> list[int]:
    """Return the row of each record: a new one, that of the parked message, or none (0)."""
    new = [
        record.replaces is None and (record.outcome is not Outcome.REJECTED or record.parked_before)
        for record in records
    ]
    ids = iter(session.ids(sum(new)))
    return [
        next(ids) if fresh else record.replaces or 0
        for fresh, record in zip(new, records, strict=True)
    ]


def _settled(record: Record) -> tuple[Any, ...]:
    return (record.outcome, record.events, record.duplicate_of, names(record.accounts))


def _messages(numbers: Sequence[int], records: Sequence[Record], pack: Pack) -> list[Sequence[Any]]:
    """Return the columns of `MESSAGE_ROW`."""
    arrived = {each: instant(each) for each in {record.received_at for record in records}}
    return [
        numbers,
        cleaned([record.sender for record in records]),
        cleaned([record.message_id for record in records]),
        cleaned([record.type for record in records]),
        [record.hash for record in records],
        [record.outcome for record in records],
        [arrived[record.received_at] for record in records],
        [pack(record.body) for record in records],
        headers_texts([record.headers for record in records]),
        [record.duplicates for record in records],
        [record.events for record in records],
        [record.duplicate_of for record in records],
        [names(record.accounts) for record in records],
        [record.origin for record in records],
    ]


def _park(session: Session, records: Sequence[Record], numbers: Sequence[int]) -> None:
    """Write what waits; forget what was waiting and is settled now."""
    waiting, released = [], []
    for number, record in zip(numbers, records, strict=True):
        if record.outcome is Outcome.PARKED:
            assert record.waits_for is not None
            assert record.deadline is not None
            kind, key = record.waits_for
            code, text = record.code or "", clean(record.text or "")
            waiting.append((number, kind, key, instant(record.deadline), code, text))
        elif record.replaces is not None:
            released.append((number,))
    session.write(PARKED, waiting)
    session.write(RELEASED, released)


def _dead(records: Sequence[Record], pack: Pack) -> list[tuple[Any, ...]]:
    """Return one row per dead letter; the same submission twice in a batch counts twice on it."""
    found: dict[str, tuple[Record, int]] = {}
    for record in records:
        if record.outcome is Outcome.REJECTED:
            assert record.dead_letter is not None
            _, count = found.get(record.dead_letter, (record, 0))
            found[record.dead_letter] = (record, count + 1 + record.duplicates)
    return [(key, *_dead_row(record, count, pack)) for key, (record, count) in found.items()]


def _dead_row(record: Record, submissions: int, pack: Pack) -> tuple[Any, ...]:
    findings = [
        {
            "line": each.line,
            "path": clean(each.path),
            "message": clean(each.message),
            "expected": clean(each.expected),
        }
        for each in record.findings
    ]
    seen = instant(record.received_at)
    return (
        clean(record.sender),
        clean(record.message_id),
        clean(record.type),
        record.hash,
        record.code or "",
        clean(record.text or ""),
        encode(findings),
        names(map(clean, record.business_keys)),
        record.fingerprint,
        clean(record.traceback) if record.traceback else None,
        pack(record.body),
        headers_text(record.headers),
        record.origin,
        seen,
        seen,
        submissions,
        record.events,
        "open",
    )


# -- statements that add to what is there -----------------------------------------------------

REPEAT: Final = sql.Bulk(
    postgresql="UPDATE message SET duplicates = message.duplicates + new.arrivals, "
    "events = message.events + new.events "
    "FROM unnest(%s::bigint[], %s::integer[], %s::integer[]) AS new (id, arrivals, events) "
    "WHERE message.id = new.id",
    sqlite="UPDATE message SET duplicates = duplicates + ?2, events = events + ?3 WHERE id = ?1",
    columns=(tables.message.c.id, tables.message.c.duplicates, tables.message.c.events),
)
PUBLISHED: Final = sql.Bulk(
    postgresql="DELETE FROM outbox WHERE seq IN "
    "(SELECT event.seq FROM event WHERE event.event_id = ANY(%s::text[]))",
    sqlite="DELETE FROM outbox WHERE seq = (SELECT seq FROM event WHERE event_id = ?)",
    columns=(tables.event.c.event_id,),
)


# -- events -----------------------------------------------------------------------------------


def publish(
    session: Session, events: Sequence[EventRow], now: datetime, pack: Pack
) -> Sequence[int]:
    """Write events in order; return the rows that the outbox is to point at.

    The refusal of a submission refused before is there already: it is not written twice, but sent
    again.
    """
    refusals = {each.event_id for each in events if each.name in REFUSALS}
    known = _known(session, [*refusals])
    fresh = events
    if refusals:
        fresh = []
        for each in events:
            if each.event_id in refusals:
                refusals.remove(each.event_id)  # once
            elif each.name in REFUSALS:
                continue
            if each.event_id not in known:
                fresh.append(each)
    written = session.ids(len(fresh))
    session.put(EVENT, _event_columns(written, fresh, instant(now), pack))
    return [*written, *known.values()]


def _event_columns(
    seqs: Sequence[int], events: Sequence[EventRow], recorded: str, pack: Pack
) -> list[Sequence[Any]]:
    """Return the columns of `EVENT_ROW`."""
    whole = enclose([each.body for each in events], [each.headers for each in events])
    return [
        seqs,
        [each.event_id for each in events],
        [each.name for each in events],
        [each.type for each in events],
        [each.aggregate for each in events],
        [each.aggregate_id for each in events],
        [each.version for each in events],
        [each.cause for each in events],
        [each.account for each in events],
        [*map(pack, whole)],
        [IN_THE_BODY] * len(events),
        [recorded] * len(events),
    ]


def _known(session: Session, event_ids: Sequence[str]) -> dict[str, int]:
    if not event_ids:
        return {}
    pg = session.postgresql
    parameters = sql.keys("event", "event_id", rows=[(each,) for each in event_ids], postgresql=pg)
    return {row.event_id: row.seq for row in session.read(events_named(pg), parameters)}


@cache
def events_named(postgresql: bool) -> sa.Select[tuple[int, str]]:  # noqa: FBT001 - the key of its cache
    """Return (seq, event id) of the events named `event`."""
    wanted = sql.keyset("event", "event_id", postgresql=postgresql)
    found = tables.event.c
    return sa.select(found.seq, found.event_id).join(wanted, found.event_id == wanted.c.event_id)
