"""The read side: what the faces show, as plain values that turn into JSON as they are.

Amounts are minor units beside a currency; dates and moments are ISO text, moments in UTC.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa

from invoice_gateway.model.keys import InvoiceKey

from .connection import Session
from .reads import invoice_ends, same, source_ends
from .records import unpack
from .tables import (
    account,
    allocation,
    allocation_part,
    allocation_removal,
    dead_letter,
    dispute,
    event,
    invoice,
    invoice_line,
    line_state,
    memo,
    memo_part,
    message,
    parked,
    pair,
    sender,
    source,
    source_intent,
)

View = dict[str, Any]
LIMIT: Final = 100


def _plain(row: sa.Row[Any] | Mapping[str, Any], *without: str) -> View:
    """Return a row as a dictionary of what JSON knows."""
    mapping = row._mapping if isinstance(row, sa.Row) else row  # noqa: SLF001 - its public name
    return {name: _value(value) for name, value in mapping.items() if name not in without}


def _value(value: Any) -> Any:  # noqa: ANN401
    return value.isoformat() if isinstance(value, date | datetime) else value


def _views(session: Session, statement: sa.Executable, *without: str) -> list[View]:
    return [_plain(row, *without) for row in session.read(statement)]
