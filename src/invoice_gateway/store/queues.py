"""What waits: attempts at deliveries, events nobody confirmed, parked messages that are due."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from invoice_gateway.engine.ports import Counts, Due, Outgoing, Waiter
from invoice_gateway.model.decision import WaitsFor
from invoice_gateway.model.rates import CODE, PAIR

from . import packing, sql
from .columns import Clock, Instant, instant
from .connection import Session
from .query import Query
from .reads import events
from .records import PUBLISHED, events_named
from .tables import (
    account,
    customer_order,
    dead_letter,
    dispute,
    event,
    invoice,
    memo,
    message,
    outbox,
    parked,
    rate,
    request,
    source,
)
from .tables import attempt as tried
from .work import waiter, waiting_messages

LONGEST_PAUSE_S = 300
"""How long the relay waits at most before it tries an event again that the broker refused."""


def attempt(session: Session, delivery_hash: str, fingerprint: str | None) -> int:
    """Count one more attempt at a delivery and commit; return how many that makes."""
    [(count,)] = session.read(
        _ATTEMPT,
        {"hash": delivery_hash, "fingerprint": fingerprint, "now": instant(datetime.now(UTC))},
    )
    session.commit()
    return int(count)


_ATTEMPT = sa.text(
    "INSERT INTO attempt (hash, attempts, fingerprint, last_at) "
    "VALUES (:hash, 1, :fingerprint, :now) ON CONFLICT (hash) DO UPDATE SET "
    "attempts = attempt.attempts + 1, fingerprint = excluded.fingerprint, "
    "last_at = excluded.last_at RETURNING attempts"
)


def excuse(session: Session, delivery_hashes: Collection[str]) -> None:
    """Take back one attempt at each delivery and commit; writes even when there is none."""
    rows = [(each,) for each in delivery_hashes] or [("",)]
    session.write(_EXCUSE, rows)
    session.commit()


_EXCUSE = sql.Bulk(
    postgresql="UPDATE attempt SET attempts = attempts - 1 WHERE hash = ANY(%s::text[])",
    sqlite="UPDATE attempt SET attempts = attempts - 1 WHERE hash = ?",
    columns=(tried.c.hash,),
)

# -- the outbox -------------------------------------------------------------------------------


def unpublished(
    session: Session, limit: int, older_than_s: float, lease_s: float
) -> list[tuple[str, Outgoing]]:
    """Claim events nobody confirmed, oldest first, and commit the claim.

    Args:
        session: A transaction of its own.
        limit: How many at most.
        older_than_s: How long a worker has for publishing its own events.
        lease_s: For how long others leave the claimed ones alone.
    """
    now = _now(session)
    found = session.read(
        _claimable(session.postgresql),
        {"since": now - timedelta(seconds=older_than_s), "now": now, "limit": limit},
    )
    if not found:
        session.commit()
        return []
    until = instant(now + timedelta(seconds=lease_s))
    session.write(_CLAIM, [(row.seq, until) for row in found])
    session.commit()
    return [(row.event_id, _outgoing(row)) for row in found]


@cache
def _claimable(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    now = sa.bindparam("now", type_=Instant)
    statement = (
        events()
        .join(outbox, event.c.seq == outbox.c.seq)
        .where(
            outbox.c.since <= sa.bindparam("since", type_=Instant),
            sa.or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < now),
            sa.or_(outbox.c.next_try.is_(None), outbox.c.next_try <= now),
        )
        .order_by(outbox.c.seq)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )
    alone = statement.with_for_update(of=outbox, skip_locked=True)
    return Query(alone if postgresql else statement)


_CLAIM = sql.updating(outbox, "seq", ["claimed_until"])


def _outgoing(row: Any) -> Outgoing:  # noqa: ANN401
    return Outgoing(
        id=row.event_id,
        key=row.name,
        type=row.type,
        body=row.body,
        headers=packing.headers_of(row.stored, row.headers),
    )


def mark(session: Session, published: Collection[str], failed: Mapping[str, str]) -> None:
    """Remove confirmed events from the outbox, note why others failed, and commit."""
    session.write(PUBLISHED, [(event_id,) for event_id in published])
    if failed:
        now = _now(session)
        parameters = sql.keys(
            "event", "event_id", rows=[(each,) for each in failed], postgresql=session.postgresql
        )
        tried = session.read(_tried(session.postgresql), parameters)
        written = []
        for row in tried:
            count = row.attempts + 1
            pause = timedelta(seconds=min(2**count, LONGEST_PAUSE_S))
            reason = sql.clean(failed[row.event_id])
            written.append((row.seq, count, reason, None, instant(now + pause)))
        session.write(_FAILED, written)
    session.commit()


@cache
def _tried(postgresql: bool) -> sa.Executable:  # noqa: FBT001 - the key of its cache
    found = events_named(postgresql).subquery("found")
    return sa.select(outbox.c.seq, outbox.c.attempts, found.c.event_id).join(
        found, outbox.c.seq == found.c.seq
    )


_FAILED = sql.updating(outbox, "seq", ["attempts", "last_error", "claimed_until", "next_try"])


def _now(session: Session) -> datetime:
    """Return the time by the clock of the database, which all workers share."""
    [(now,)] = session.read(_NOW)
    assert isinstance(now, datetime)
    return now


_NOW: Final = Query(sa.select(sa.type_coerce(Clock(), Instant).label("now")))


# -- parked messages --------------------------------------------------------------------------


def due_parked(session: Session, now: datetime, limit: int) -> list[Waiter]:
    """Return parked messages whose deadline has passed at `now`, the longest overdue first."""
    found = session.read(_DUE, {"now": now, "limit": limit})
    return [waiter(row) for row in found]


_DUE: Final = Query(
    waiting_messages()
    .where(parked.c.deadline <= sa.bindparam("now", type_=Instant))
    .order_by(None)
    .order_by(parked.c.deadline, parked.c.message)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def releasable(session: Session, limit: int) -> list[Waiter]:
    """Return parked messages whose reference is there, in order of arrival.

    A message may be parked while a neighbour commits what it waits for: nobody releases it then.
    """
    found = _releasable(session.postgresql)
    return [waiter(row) for row in session.read(found, {"limit": limit})]


@cache
def _releasable(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Look every key up through the index of what it names: workers ask this all the time."""
    key = parked.c.key
    first, rest = _split(key, postgresql=postgresql)
    second, third = _split(rest, postgresql=postgresql)
    payment = (source.c.account == first, source.c.type == second, source.c.reference == third)
    awaited: Any = sa.func.substr(key, PAIR + 1, type_=key.type)
    if postgresql:  # only where it is a day, whatever is looked at first
        awaited = sa.case((parked.c.kind == WaitsFor.RATE.value, sa.cast(awaited, sa.Date)))
    there = {
        WaitsFor.INVOICE: (invoice.c.issuer == first, invoice.c.number == rest),
        WaitsFor.PARTY: (account.c.party == key,),
        WaitsFor.DISPUTE: (dispute.c.id == key,),
        WaitsFor.PAYMENT: payment,
        WaitsFor.SOURCE: payment,
        WaitsFor.MEMO: (memo.c.issuer == first, memo.c.number == rest),
        WaitsFor.ORDER: (customer_order.c.reference == key,),
        WaitsFor.REQUEST: (request.c.id == key,),
        WaitsFor.ANSWER: (request.c.id == key, request.c.state != "executing"),
        WaitsFor.RATE: (
            rate.c.base == sa.func.substr(key, 1, CODE, type_=key.type),
            rate.c.quote == sa.func.substr(key, CODE + 2, CODE, type_=key.type),
            rate.c.day <= awaited,
        ),
    }
    found = [
        sa.select(parked.c.message).where(parked.c.kind == kind.value, sa.exists().where(*named))
        for kind, named in there.items()
    ]
    return Query(
        waiting_messages()
        .where(message.c.id.in_(sa.union_all(*found)))
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


def _split(
    key: sa.ColumnElement[str], *, postgresql: bool
) -> tuple[sa.ColumnElement[str], sa.ColumnElement[str]]:
    """Return what stands before and after the first slash of a key; no party id holds one."""
    at = (sa.func.strpos if postgresql else sa.func.instr)(key, "/")
    before: sa.ColumnElement[str] = sa.func.substr(key, 1, at - 1, type_=key.type)
    if postgresql:  # where there is no slash, a length of -1 would be an error
        before = sa.func.split_part(key, "/", 1, type_=key.type)
    return before, sa.func.substr(key, at + 1, type_=key.type)


# -- time -------------------------------------------------------------------------------------


def due(session: Session, now: datetime, limit: int) -> list[Due]:
    """Return what is due up to `now`, at most `limit`, the longest due first."""
    found = session.read(_WAKING, {"now": instant(now), "limit": limit})
    return [Due(*row) for row in found]


def _waking() -> Query:
    """Return (subject, issuer, key, kind, version, moment), each found through its index."""
    until = sa.cast(sa.bindparam("now", type_=sa.Text), Instant)
    limit = sa.bindparam("limit", type_=sa.Integer)
    invoices = (
        sa.select(
            sa.literal("invoice").label("subject"),
            invoice.c.issuer,
            invoice.c.number.label("key"),
            invoice.c.kind,
            invoice.c.version,
            invoice.c.wake_at.label("at"),
        )
        .where(sa.text("invoice.wake_at IS NOT NULL"), invoice.c.wake_at <= until)
        .order_by(invoice.c.wake_at, invoice.c.id)
        .limit(limit)
    ).subquery("invoices")
    disputes = (
        sa.select(
            sa.literal("dispute").label("subject"),
            sa.literal("").label("issuer"),
            dispute.c.id.label("key"),
            sa.literal("").label("kind"),
            dispute.c.version,
            dispute.c.respond_by.label("at"),
        )
        .where(sa.text("dispute.respond_by IS NOT NULL"), dispute.c.respond_by <= until)
        .order_by(dispute.c.respond_by, dispute.c.id)
        .limit(limit)
    ).subquery("disputes")
    both = sa.union_all(sa.select(invoices), sa.select(disputes)).subquery("waking")
    order = (both.c.at, both.c.subject.desc(), both.c.issuer, both.c.key)
    return Query(sa.select(both).order_by(*order).limit(limit))


_WAKING: Final = _waking()

# -- how much ---------------------------------------------------------------------------------

EXACTLY: Final = 10_000
"""So many events in the outbox are counted one by one; what is more is known to the statistics."""


def counts(session: Session) -> Counts:
    """Return how much waits; asked every other second, so it must not cost more when more waits.

    Up to `EXACTLY` events in the outbox are counted. If there are more, PostgreSQL tells how many
    by its statistics, some seconds late; never fewer than were counted. The oldest event is the
    first one: they are numbered in the order of their batches.
    """
    [(waiting, dead, unconfirmed, oldest, now)] = session.read(_counts())
    if unconfirmed > EXACTLY:
        [(estimate,)] = session.read(_MANY_POSTGRESQL if session.postgresql else _MANY_SQLITE)
        unconfirmed = max(unconfirmed, estimate)
    age = (now - oldest).total_seconds() if oldest else 0.0
    return Counts(parked=waiting, dead=dead, outbox=unconfirmed, outbox_age_s=max(age, 0.0))


@cache
def _counts() -> Query:
    size = sa.func.count()
    some = sa.select(outbox.c.seq).limit(sa.literal_column(str(EXACTLY + 1))).subquery("some")
    return Query(
        sa.select(
            sa.select(size).select_from(parked).scalar_subquery(),
            sa.select(size).where(dead_letter.c.state == "open").scalar_subquery(),
            sa.select(size).select_from(some).scalar_subquery(),
            sa.select(outbox.c.since).order_by(outbox.c.seq).limit(1).scalar_subquery(),
            sa.type_coerce(Clock(), Instant),
        )
    )


_MANY_POSTGRESQL = sa.text("SELECT pg_stat_get_live_tuples(CAST('outbox' AS regclass))")
_MANY_SQLITE = sa.select(sa.func.count()).select_from(outbox)
