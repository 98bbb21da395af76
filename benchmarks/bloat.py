"""Whether the outbox stays small: `python -m benchmarks.bloat --messages 1000000`.

Messages and their events are saved as a worker saves them, and each event leaves the outbox when
the next batch says that it was confirmed (every tenth batch through `SqlStore.mark`, as a worker
does that has nothing else to save). The sizes of what comes and goes are noted over time; vacuum
runs as the server is set up. The last line on stdout is one of JSON.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from invoice_gateway.engine.ports import EventRow, Outcome, Record, Saving
from invoice_gateway.model.decision import Book
from invoice_gateway.store import SqlStore, connect, upgrade
from tests.services import Services

MARKED = 10
"""Every so many batches the events are removed by `mark` instead of with the next save."""
KIB = 1024
SIZES = sa.text(
    "SELECT pg_table_size('outbox'), pg_indexes_size('outbox'), n_dead_tup, autovacuum_count "
    "FROM pg_stat_user_tables WHERE relname = 'outbox'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The outbox at one moment; sizes in KiB, `counts_ms` is what counting what waits takes."""

    messages: int
    seconds: float
    table_kib: int
    indexes_kib: int
    dead_rows: int
    vacuums: int
    counts_ms: float


def main() -> int:
    """Run the experiment; return 0."""
    parser = argparse.ArgumentParser(prog="benchmarks.bloat", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two samples")
    chosen = parser.parse_args()
    services = Services()
    services.begin(["postgresql"])
    try:
        url = services.postgresql().new_database()
        upgrade(url)
        store = connect(url)
        samples = list(_run(store, chosen.messages, chosen.batch_size, chosen.every))
        store.close()
    finally:
        services.close()
    _report(samples)
    return 0


def _run(store: SqlStore, messages: int, batch_size: int, every_s: float) -> Iterator[Sample]:
    """Save `messages` in batches; yield a sample every so often, and one at the end."""
    started = sampled = time.monotonic()
    published: list[str] = []
    for number, first in enumerate(range(0, messages, batch_size)):
        size = min(batch_size, messages - first)
        now = datetime.now(UTC)
        events = [_event(at) for at in range(first, first + size)]
        with store.work() as work:
            work.save(
                Saving(
                    book=Book(),
                    now=now,
                    records=[_record(at, now) for at in range(first, first + size)],
                    events=events,
                    published=published,
                )
            )
            work.commit()
        published = [each.event_id for each in events]
        if number % MARKED == MARKED - 1:
            store.mark(published, {})
            published = []
        if time.monotonic() - sampled >= every_s:
            sampled = time.monotonic()
            yield _sample(store, first + size, sampled - started)
    store.mark(published, {})
    yield _sample(store, messages, time.monotonic() - started)


def _record(at: int, now: datetime) -> Record:
    return Record(
        sender="erp",
        message_id=f"message-{at}",
        type="InvoicePosted",
        hash=f"{at:064x}",
        outcome=Outcome.ACCEPTED,
        received_at=now,
        body=b"<InvoicePosted>%d</InvoicePosted>" % at,
        headers={},
    )


def _event(at: int) -> EventRow:
    return EventRow(
        event_id=f"event-{at:030}",
        name="invoice.issued",
        type="InvoiceIssued",
        aggregate="invoice",
        aggregate_id=f"ENTERPRISE/INV-{at:07}",
        version=1,
        cause=f"erp/message-{at}",
        account="ACME",
        body=b"<InvoiceIssued>%d</InvoiceIssued>" % at,
        headers={},
    )


def _sample(store: SqlStore, messages: int, seconds: float) -> Sample:
    asked = time.perf_counter()
    store.counts()
    counts_ms = (time.perf_counter() - asked) * 1_000
    with store.engine.connect() as connection:
        [(table, indexes, dead, vacuums)] = connection.execute(SIZES)
    return Sample(
        messages=messages,
        seconds=round(seconds, 1),
        table_kib=table // KIB,
        indexes_kib=indexes // KIB,
        dead_rows=dead,
        vacuums=vacuums,
        counts_ms=round(counts_ms, 2),
    )


def _report(samples: list[Sample]) -> None:
    table = Table(*asdict(samples[0]), title="the outbox while messages come and go")
    for each in samples:
        table.add_row(*(f"{value:,}" for value in asdict(each).values()))
    Console(stderr=True).print(table)
    most = {
        f"{name}_most": max(getattr(each, name) for each in samples)
        for name in ("table_kib", "indexes_kib", "counts_ms")
    }
    rate = round(samples[-1].messages / samples[-1].seconds, 1)
    last = {f"{name}_last": value for name, value in asdict(samples[-1]).items()}
    sys.stdout.write(json.dumps(last | most | {"messages_per_s": rate}) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
