"""The statements that load money: sources, allocations and pairs; see `reads`."""

from functools import cache
from typing import Any

import sqlalchemy as sa

from .query import Query
from .reads import Ids, Part, invoice_ends, same, source_ends
from .sql import among, keyset
from .tables import IDLE, allocation, allocation_part, invoice, pair, source, source_intent

# -- sources ----------------------------------------------------------------------------------


def _sources_by(part: str, *names: str) -> Part:
    def ids(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
        wanted = keyset(part, *names, postgresql=postgresql)
        return sa.select(source.c.id).join(wanted, same(source, wanted, *names))

    return ids


def _idle(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
    wanted = keyset("idle", "account", postgresql=postgresql)
    return (
        sa.select(source.c.id)
        .join(wanted, source.c.account == wanted.c.account)
        .where(sa.text(f"source.{IDLE}"))
    )


def _waiting(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
    wanted = keyset("waiting", "issuer", "number", postgresql=postgresql)
    owner = keyset("locked", "account", postgresql=postgresql)
    return (
        sa.select(source.c.id)
        .join(source_intent, source_intent.c.source_id == source.c.id)
        .join(wanted, same(source_intent, wanted, "issuer", "number"))
        .where(source_intent.c.waiting, source.c.account.in_(sa.select(owner.c.account)))
    )


SOURCE_PARTS: dict[str, Part] = {
    "source": _sources_by("source", "account", "type", "reference"),
    "bank_reference": _sources_by("bank_reference", "account", "bank_reference"),
    "end_to_end_id": _sources_by("end_to_end_id", "account", "end_to_end_id"),
    "held": _sources_by("held", "held_for"),
    "idle": _idle,
    "waiting": _waiting,
}


@cache
def sources(parts: tuple[str, ...], postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the sources found by any of `parts` (`SOURCE_PARTS`), by value date."""
    ids = sa.union(*(SOURCE_PARTS[part](postgresql) for part in parts)).subquery("ids")
    return Query(
        sa.select(source)
        .join(ids, source.c.id == ids.c.id)
        .order_by(source.c.value_date, source.c.account, source.c.type, source.c.reference)
    )


@cache
def intents(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the intents of the sources numbered `sources`, as they were given."""
    return Query(
        sa.select(source_intent)
        .where(among(source_intent.c.source_id, "sources", postgresql=postgresql))
        .order_by(source_intent.c.source_id, source_intent.c.position)
    )


# -- allocations and pairs --------------------------------------------------------------------


def _allocated_on(part: str) -> Part:
    def ids(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
        named = keyset(part, "issuer", "number", postgresql=postgresql)
        return (
            sa.select(allocation.c.id)
            .join(invoice, allocation.c.invoice_id == invoice.c.id)
            .join(named, same(invoice, named, "issuer", "number"))
        )

    return ids


def _allocated_from(part: str) -> Part:
    def ids(postgresql: bool) -> Ids:  # noqa: FBT001 - the key of its cache
        found = SOURCE_PARTS[part](postgresql).subquery(f"{part}_ids")
        return sa.select(allocation.c.id).join(found, allocation.c.source_id == found.c.id)

    return ids


ALLOCATION_PARTS: dict[str, Part] = {
    "invoice": _allocated_on("invoice"),
    "source": _allocated_from("source"),
    "bank_reference": _allocated_from("bank_reference"),
    "end_to_end_id": _allocated_from("end_to_end_id"),
}


@cache
def allocations(parts: tuple[str, ...], postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the posted and reserved allocations found by any of `parts`, oldest first."""
    ids = sa.union(*(ALLOCATION_PARTS[part](postgresql) for part in parts)).subquery("ids")
    return Query(
        sa.select(allocation, *source_ends(), *invoice_ends())
        .join(ids, allocation.c.id == ids.c.id)
        .join(source, allocation.c.source_id == source.c.id)
        .join(invoice, allocation.c.invoice_id == invoice.c.id)
        .where(allocation.c.state != "removed")
        .order_by(allocation.c.id)
    )


@cache
def allocation_parts(postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return (allocation, line, amount) of the allocations numbered `allocations`."""
    return Query(
        sa.select(
            allocation_part.c.allocation_id, allocation_part.c.line_no, allocation_part.c.amount
        )
        .where(among(allocation_part.c.allocation_id, "allocations", postgresql=postgresql))
        .order_by(allocation_part.c.allocation_id, allocation_part.c.position)
    )


def _pairs_named(postgresql: bool) -> sa.Select[Any]:  # noqa: FBT001 - the key of its cache
    wanted = keyset(
        "pair", "account", "type", "reference", "issuer", "number", postgresql=postgresql
    )
    return (
        sa.select(pair.c.source_id, pair.c.invoice_id)
        .join(source, pair.c.source_id == source.c.id)
        .join(invoice, pair.c.invoice_id == invoice.c.id)
        .join(
            wanted,
            sa.and_(
                same(source, wanted, "account", "type", "reference"),
                same(invoice, wanted, "issuer", "number"),
            ),
        )
    )


def _pairs_blocked(postgresql: bool) -> sa.Select[Any]:  # noqa: FBT001 - the key of its cache
    return sa.select(pair.c.source_id, pair.c.invoice_id).where(
        pair.c.blocked, among(pair.c.source_id, "sources", postgresql=postgresql)
    )


PAIR_PARTS = {"pair": _pairs_named, "sources": _pairs_blocked}


@cache
def pairs(parts: tuple[str, ...], postgresql: bool) -> Query:  # noqa: FBT001 - the key of its cache
    """Return the pairs named `pair`, and the blocked ones of the sources numbered `sources`."""
    ids = sa.union(*(PAIR_PARTS[part](postgresql) for part in parts)).subquery("ids")
    return Query(
        sa.select(pair.c.blocked, *source_ends(), *invoice_ends())
        .join(ids, same(pair, ids, "source_id", "invoice_id"))
        .join(source, pair.c.source_id == source.c.id)
        .join(invoice, pair.c.invoice_id == invoice.c.id)
    )
