"""The journal as files: for beancount, hledger, spreadsheets and programs; line by line."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from invoice_gateway.cli._out import plain
from invoice_gateway.model.journal import Transaction
from invoice_gateway.model.money import decimal_text, exponent

OPENED = "1900-01-01"
"""When accounts were opened, for tools that ask: before any transaction."""
COLUMNS = (
    *("transaction", "day", "kind", "document", "party", "invoice", "account", "amount"),
    *("currency", "cause"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula."""

Lines = Iterator[str]


def beancount(found: Iterable[Transaction]) -> Lines:
    """Yield the lines of a beancount file; an account is opened right before it is first used."""
    opened: set[str] = set()
    for each in found:
        for posting in each.postings:
            if posting.account not in opened:
                opened.add(posting.account)
                yield f"{OPENED} open {posting.account}\n"
        yield f'{each.day} * "{_quoted(each.party)}" "{_quoted(_what(each))}"\n'
        yield f'  cause: "{_quoted(each.cause)}"\n'
        for posting in each.postings:
            amount = decimal_text(posting.amount, posting.currency)
            yield f"  {posting.account}  {amount} {posting.currency}\n"
        yield "\n"


def hledger(found: Iterable[Transaction]) -> Lines:
    """Yield the lines of an hledger journal; accounts and currencies are declared when used."""
    declared: set[str] = set()
    for each in found:
        for posting in each.postings:
            if posting.currency not in declared:
                declared.add(posting.currency)
                yield f"commodity 1000.{'0' * exponent(posting.currency)} {posting.currency}\n"
            if posting.account not in declared:
                declared.add(posting.account)
                yield f"account {posting.account}\n"
        yield f"{each.day} * {_described(each.party)} | {_described(_what(each))}\n"
        yield f"    ; {_described(each.cause)}\n"
        for posting in each.postings:
            amount = decimal_text(posting.amount, posting.currency)
            yield f"    {posting.account}  {amount} {posting.currency}\n"
        yield "\n"


def spreadsheet(found: Iterable[Transaction]) -> Lines:
    """Yield CSV, a row per posting; the first column numbers the transactions.

    A text that a spreadsheet would calculate gets an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, each in enumerate(found, start=1):
        said = [
            f"'{cell}" if cell.startswith(FORMULA) else cell
            for cell in (each.kind, each.document, each.party, str(each.invoice or ""))
        ]
        cause = f"'{each.cause}" if each.cause.startswith(FORMULA) else each.cause
        for account, amount, currency in each.postings:
            shown = decimal_text(amount, currency)
            writer.writerow([number, each.day, *said, account, shown, currency, cause])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def programs(found: Iterable[Transaction]) -> Lines:
    """Yield one JSON document: a list of transactions; amounts are minor units."""
    before = "[\n"
    for each in found:
        record = plain(each) | {
            "invoice": str(each.invoice) if each.invoice else None,
            "postings": [posting._asdict() for posting in each.postings],
        }
        yield before + json.dumps(record)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


FORMATS: Final[Mapping[str, Callable[[Iterable[Transaction]], Lines]]] = {
    "beancount": beancount,
    "hledger": hledger,
    "csv": spreadsheet,
    "json": programs,
}


def _what(each: Transaction) -> str:
    """Return what a transaction is, in words: `allocation PAY-1 on INV-1`."""
    about = each.invoice.number if each.invoice else each.document
    return f"{each.kind} {each.document}" + ("" if about == each.document else f" on {about}")


_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def _quoted(text: str) -> str:
    """Return text as it may stand between the quotes of beancount."""
    return _UNSAFE.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')


def _described(text: str) -> str:
    """Return text as it may stand in a description of hledger: no comment, no second payee."""
    return _UNSAFE.sub(" ", text).replace(";", ",").replace("|", "/")
