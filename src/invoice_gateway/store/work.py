"""One transaction: what the engine asks and what it wants written, as statements over many rows."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from invoice_gateway.engine.ports import Conflict, Outcome, Saving, Seen, Waiter
from invoice_gateway.model.decision import Actor, Book, Role, Scope, Waiting, WaitsFor
from invoice_gateway.model.rates import PAIR

from . import book, entities, numbering, records, sql
from .connection import Session
from .loading import Known
from .query import Query
from .reads import same
from .tables import OWNS_ITS_ID, REFUSED, message, parked, sender
from .wanted import named

LAST_DAY = "9999-12-31"


class SqlWork:
    """The store's side of one batch."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known = Known()
        self._owners: dict[tuple[str, object], str] | None = None
        self._locked: set[str] | None = None

    def senders(self, names: Collection[str]) -> dict[str, Actor]:
        """Return the known, active senders among `names`."""
        if not names:
            return {}
        cleaned = {sql.clean(name): name for name in names}
        pg = self._session.postgresql
        parameters = sql.keys("sender", "name", rows=[(name,) for name in cleaned], postgresql=pg)
        return {
            cleaned[row.name]: Actor(
                sender=row.name, party=row.party, role=Role(row.role), receipts=row.receipts
            )
            for row in self._session.read(_senders(pg), parameters)
        }

    def waiters(self, keys: Collection[Waiting], limit: int) -> list[Waiter]:
        """Return at most `limit` parked messages that wait for one of `keys`, as they arrived."""
        if not keys or limit <= 0:
            return []
        pg = self._session.postgresql
        parameters = sql.keys("waiting", "kind", "key", rows=keys, postgresql=pg)
        found = self._session.read(_waiters(pg), {**parameters, "limit": limit})
        rates = [(key, key[:PAIR] + LAST_DAY) for kind, key in keys if kind == WaitsFor.RATE]
        if rates:
            parameters = sql.keys("brought", "first", "last", rows=rates, postgresql=pg)
            more = self._session.read(_waiters_for_rates(pg), {**parameters, "limit": limit})
            found = sorted({row.id: row for row in [*found, *more]}.values(), key=_row)[:limit]
        return [waiter(row) for row in found]

    def accounts_of(self, scopes: Sequence[Scope]) -> set[str]:
        """Return every account the scopes concern: named, or owning something that they name."""
        found = book.owners(self._session, scopes)
        self._owners = {**(self._owners or {}), **found}
        return set(found.values()).union(*map(named, scopes))

    def lock(self, accounts: Collection[str]) -> None:
        """Lock the keys of the accounts, sorted, until the transaction ends; creates no row."""
        self._locked = (self._locked or set()) | set(accounts)
        self._session.lock(accounts)

    def still_parked(self, records: Collection[int]) -> set[int]:
        """Lock these rows of parked messages; return those that nobody has settled meanwhile."""
        if not records:
            return set()
        pg = self._session.postgresql
        parameters = {"records": sql.numbers(records, postgresql=pg)}
        return {row.message for row in self._session.read(_still_parked(pg), parameters)}

    def seen(self, ids: Collection[tuple[str, str]]) -> dict[tuple[str, str], Seen]:
        """Return what is known of these (sender, message id): what owns them, or was refused last.

        Only a message that was parked before it was refused has a row.
        """
        if not ids:
            return {}
        asked = {(sql.clean(name), sql.clean(number)): (name, number) for name, number in ids}
        pg = self._session.postgresql
        parameters = sql.keys("seen", "sender", "message_id", rows=asked, postgresql=pg)
        found: dict[tuple[str, str], Seen] = {}
        for row in self._session.read(_seen(pg), parameters):
            each = Seen(
                record=row.id,
                hash=row.hash,
                outcome=Outcome(row.outcome),
                duplicates=row.duplicates,
                events=row.events,
            )
            key = asked[row.sender, row.message_id]
            if key not in found or _owns(each) > _owns(found[key]):
                found[key] = each
        return found

    def load(
        self, scopes: Sequence[Scope], today: date | None = None, days: Collection[date] = ()
    ) -> Book:
        """Return the union of all scopes: one statement per table, none when nothing is asked.

        What a message brings may be there already, in an account that is not locked: that is locked
        as well, and everything loaded again.

        Raises:
            Conflict: something else named has appeared in an account that is not locked.
        """
        if self._owners is None:
            self._owners = book.owners(self._session, [each for each in scopes if each.auto])
        loaded, strange = self._load(scopes, today, days)
        brought = {each for scope in scopes for each in scope.provides} if strange else ()
        if strange and all((kind, str(key)) in brought for kind, key in strange):
            self._owners |= strange
            self.lock(strange.values())
            self._known = Known()
            loaded, strange = self._load(scopes, today, days)
        for (kind, key), owner in strange.items():
            raise Conflict(f"{kind} {key} appeared in account {owner}, which is not locked")
        return loaded

    def _load(
        self, scopes: Sequence[Scope], today: date | None, days: Collection[date]
    ) -> tuple[Book, dict[tuple[str, object], str]]:
        """Return the union of all scopes, and what is named in accounts that are not locked."""
        assert self._owners is not None
        known, locked = self._known, self._locked
        loaded = book.load(
            self._session,
            scopes,
            known,
            owned=self._owners,
            locked=locked,
            today=today,
            days=days,
        )
        return loaded, {} if locked is None else book.unlocked(scopes, known, locked)

    def save(self, saving: Saving) -> list[int]:
        """Write the batch; return the message row of each record, in order (dead letters: 0).

        Raises:
            Conflict: a unique key was taken meanwhile; names the constraint.
        """
        entities.save(self._session, saving.book, self._known)
        given = entities.save_details(self._session, saving.book, self._known)
        numbering.put(saving.events, given)
        numbers = records.save(self._session, saving)
        self._session.flush()
        return numbers

    def commit(self) -> None:
        """Make it durable."""
        self._session.commit()


_row = attrgetter("id")


def _owns(seen: Seen) -> tuple[bool, int]:
    """Return what ranks rows of one id: its owner, else the one refused last."""
    return (seen.outcome is not Outcome.REJECTED, seen.events)


def waiter(row: Any) -> Waiter:  # noqa: ANN401
    """Return the waiter that a row of `waiting_messages` holds."""
    return Waiter(
        record=row.id,
        sender=row.sender,
        message_id=row.message_id,
        type=row.type,
        body=records.unpack(row.body),
        headers=json.loads(row.headers),
        received_at=row.received_at,
        waits_for=(row.kind, row.key),
        deadline=row.deadline,
        code=row.code,
        text=row.text,
        hash=row.hash,
        events=row.events,
    )


def waiting_messages() -> sa.Select[Any]:
    """Return the select of parked messages with what they wait for, in order of arrival."""
    return (
        sa.select(message, parked)
        .join(parked, parked.c.message == message.c.id)
        .order_by(message.c.id)
    )


@cache
def _senders(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    wanted = sql.keyset("sender", "name", postgresql=postgresql)
    found = sa.select(sender).join(wanted, same(sender, wanted, "name"))
    return Query(found.where(sender.c.active))


@cache
def _waiters(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    wanted = sql.keyset("waiting", "kind", "key", postgresql=postgresql)
    return Query(
        waiting_messages()
        .join(wanted, same(parked, wanted, "kind", "key"))
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


@cache
def _waiters_for_rates(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return who waits for a rate of the day of one that is brought, or of a later day."""
    brought = sql.keyset("brought", "first", "last", postgresql=postgresql)
    served = (
        sa.select(parked.c.message)
        .join(brought, parked.c.key.between(brought.c.first, brought.c.last))
        .where(parked.c.kind == WaitsFor.RATE.value)
    )
    return Query(
        waiting_messages()
        .where(message.c.id.in_(served))
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


@cache
def _seen(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return owners and refused ones, each found through the index that is for them."""
    wanted = sql.keyset("seen", "sender", "message_id", postgresql=postgresql)
    names = ("id", "sender", "message_id", "hash", "outcome", "duplicates", "events")
    found = sa.select(*(message.c[name] for name in names))
    named = same(message, wanted, "sender", "message_id")
    owners, refused = (sa.text(f"message.{condition}") for condition in (OWNS_ITS_ID, REFUSED))
    if not postgresql:
        joined = found.join(wanted, named)
        return Query(sa.union_all(joined.where(refused), joined.where(owners)))
    # Key by key, whatever is known of the table when the statement is planned: it may be new then.
    each = [
        found.where(named, which).correlate(wanted).offset(sa.literal_column("0")).lateral()
        for which in (refused, owners)
    ]
    found_by_key = [sa.select(one).select_from(wanted.join(one, sa.true())) for one in each]
    return Query(sa.union_all(*found_by_key))


@cache
def _still_parked(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    rows = sql.among(parked.c.message, "records", postgresql=postgresql)
    found = sa.select(parked.c.message).where(rows).order_by(parked.c.message)
    return Query(found.with_for_update() if postgresql else found)
