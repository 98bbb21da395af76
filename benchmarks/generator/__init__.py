"""Messages to measure with: the same seed gives the same bytes."""

from collections.abc import Iterator
from random import Random

from benchmarks.generator import documents
from benchmarks.generator.stream import (
    ERP,
    INVOICES,
    MIXED,
    Message,
    Mix,
    Stream,
    accounts,
    party,
)

__all__ = [
    "ERP",
    "INVOICES",
    "MIXED",
    "Message",
    "Mix",
    "Stream",
    "account",
    "accounts",
    "invoices",
    "party",
]


def account(name: str, sender: str) -> tuple[str, bytes]:
    """Return the message id and the bytes of a CustomerAccount."""
    message_id = f"account-{name}"
    return message_id, documents.account(message_id, sender, name)


def invoices(
    count: int, *, lines: int, accounts: int, sender: str, seed: int
) -> Iterator[tuple[str, bytes]]:
    """Yield message id and bytes of `count` invoices of `lines` lines over `accounts` customers."""
    random = Random(seed)
    for at in range(count):
        customer = party(random.randrange(accounts))
        yield f"invoice-{at}", documents.invoice(at, lines, customer, sender, random)[0]
