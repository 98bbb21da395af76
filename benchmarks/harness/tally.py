"""Counts what the gateway has recorded, as JSON: `python -P tally.py DATABASE-URL`.

A program of its own, so that an older version of the gateway can be asked with its own code.
"""

import json
import sys

import sqlalchemy as sa

from invoice_gateway.store import connect, views


def main() -> None:
    """Print outcomes, events, outbox rows, invoices and lines."""
    store = connect(sys.argv[1])
    try:
        with store.session() as session:
            found = {
                "outcomes": views.outcome_counts(session),
                "events": sum(row["events"] for row in views.event_counts(session)),
                "invoices": _rows(session, "invoice"),
                "lines": _rows(session, "invoice_line"),
            }
        found["outbox"] = store.counts().outbox
    finally:
        store.close()
    print(json.dumps(found))


def _rows(session, table: str) -> int:  # noqa: ANN001 - of whichever version runs this
    [(count,)] = session.read(sa.text(f"SELECT count(*) FROM {table}"))
    return int(count)


if __name__ == "__main__":
    main()
