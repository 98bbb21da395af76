"""What the triggers of the database have to guard, and how each of them is written.

Rows of insert-only tables are never updated or deleted; of the others some columns never change.
"""

from collections.abc import Iterator
from typing import Final

INSERT_ONLY: Final = (
    "invoice_line",
    "invoice_snapshot",
    "allocation_part",
    "allocation_removal",
    "memo_part",
    "reversal",
    "event",
)
IMMUTABLE: Final = {
    "invoice": (
        "id",
        "issuer",
        "number",
        "account",
        "currency",
        "kind",
        "order_ref",
        "payment_reference",
        "content_hash",
        "cause",
    ),
    "source": (
        "id",
        "account",
        "type",
        "reference",
        "currency",
        "amount",
        "value_date",
        "origin",
        "origin_document",
        "method",
        "bank_reference",
        "end_to_end_id",
        "asserted_by_erp",
        "content_hash",
        "cause",
        "accounting_currency",
        "rate",
        "carrying",
    ),
    "allocation": (
        "id",
        "source_id",
        "number",
        "invoice_id",
        "currency",
        "amount",
        "mode",
        "posted_on",
        "cause",
    ),
    "memo": (
        "id",
        "issuer",
        "number",
        "doc_type",
        "account",
        "currency",
        "amount",
        "issued_on",
        "invoice_id",
        "reason_code",
        "reason_text",
        "dispute_id",
        "reverses_issuer",
        "reverses_number",
        "content_hash",
        "cause",
        "carrying",
    ),
}

ISSUED: Final = (
    "amount",
    "issue_date",
    "due_date",
    "description",
    "accounting_currency",
    "rate",
    "carrying",
)
"""What of an invoice may change until it is issued, and never after."""

POSTED: Final = ("carry", "source_carry")
"""What of an allocation is found when it is posted, and never changes after."""

POSTGRESQL_REFUSAL: Final = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: what was posted stays as it was posted', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$
"""


def statements(dialect: str) -> Iterator[str]:
    """Yield what creates the triggers in `dialect`."""
    if dialect == "postgresql":
        yield POSTGRESQL_REFUSAL
    for table in INSERT_ONLY:
        yield _trigger(dialect, table, "UPDATE", "update")
        yield _trigger(dialect, table, "DELETE", "delete")
    for table, columns in IMMUTABLE.items():
        yield _trigger(dialect, table, f"UPDATE OF {', '.join(columns)}", "update")
        yield _trigger(dialect, table, "DELETE", "delete")
    issued = f"UPDATE OF {', '.join(ISSUED)}"
    yield _trigger(dialect, "invoice", issued, "issued", "OLD.lifecycle NOT IN ('Draft', 'Sent')")
    posted = f"UPDATE OF {', '.join(POSTED)}"
    yield _trigger(dialect, "allocation", posted, "posted", "OLD.state <> 'reserved'")


def _trigger(dialect: str, table: str, event: str, name: str, when: str = "") -> str:
    head = f"CREATE TRIGGER keep_{table}_{name} BEFORE {event} ON {table} FOR EACH ROW"
    if when:
        head += f" WHEN ({when})"
    if dialect == "postgresql":
        return f"{head} EXECUTE FUNCTION refuse_change()"
    text = (
        f"{event.split(maxsplit=1)[0]} of {table} refused: what was posted stays as it was posted"
    )
    return f"{head} BEGIN SELECT RAISE(ABORT, '{text}'); END"
