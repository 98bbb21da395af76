"""Two stores with the same facts have the same hash, however the facts came."""

from dataclasses import replace

from invoice_gateway.model.ledger import Allocation, Part
from invoice_gateway.model.status import Axis, Status
from invoice_gateway.store import SqlStore
from invoice_gateway.store.canonical import canonical_state, state_hash

from .build import (
    account,
    allocation,
    everything,
    invoice,
    load,
    payment,
    put,
    record,
    saving,
)


def test_the_order_of_arrival_does_not_matter(store: SqlStore):
    """Ids, causes and numbers of allocations differ; the hash does not."""
    one, two = invoice("I-1", 600, 400), invoice("I-2")
    pays = [
        allocation("P-1", 1, "I-1", Part("1", 10), Part("2", 5), cause="a"),
        allocation("P-1", 2, "I-2", Part("1", 20), cause="b"),
    ]
    put(store, account(), one, two, payment("P-1", cause="x", allocations=2), *pays)
    first = state_hash(store)

    _empty(store)
    swapped: list[Allocation] = [
        replace(pays[1], number=1, cause="c"),
        replace(pays[0], number=2, parts=pays[0].parts[::-1]),
    ]
    put(store, payment("P-1", cause="y", allocations=2), two)
    put(store, one, account(), *swapped)

    assert state_hash(store) == first


def test_facts_do_matter(store: SqlStore):
    """One cent, one status, one message: another hash."""
    hashes = [state_hash(store)]
    put(store, account(), invoice("I-1"))
    hashes.append(state_hash(store))
    put(store, payment("P-1", 1))
    hashes.append(state_hash(store))
    put(store, allocation("P-1", 1, "I-1", Part("1", 1)))
    hashes.append(state_hash(store))
    with store.work() as work:
        work.save(saving(records=[record("m-1")]))
        work.commit()
    hashes.append(state_hash(store))

    assert len(set(hashes)) == len(hashes)


def test_a_line_that_went_back_is_as_posted(store: SqlStore):
    """Whether its state has a row says nothing."""
    posted = invoice("I-1", 600)
    put(store, posted)
    before = canonical_state(store, history=False)
    [loaded] = load(store, everything(posted)).all(type(posted))
    paid = Axis(Status.PAID, Status.PAID)
    changed = replace(loaded, lines=(loaded.lines[0]._replace(customer=paid),), version=2)
    put(store, changed, scope=everything(posted))
    assert canonical_state(store, history=False) != before

    put(store, replace(loaded, version=3), scope=everything(posted))

    assert canonical_state(store, history=False) == before
    assert canonical_state(store) != before


def _empty(store: SqlStore) -> None:
    """Start over, as nobody but a test may."""
    from invoice_gateway.store import upgrade  # noqa: PLC0415
    from invoice_gateway.store.tables import metadata  # noqa: PLC0415

    with store.engine.begin() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP FUNCTION refuse_change")
    upgrade(store.engine.url.render_as_string(hide_password=False))
