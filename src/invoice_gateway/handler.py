"""The contract of a message handler, and everything a handler may reach for.

A handler is three functions and a table of rights:

    read(document)                  -> the typed message; raises Rejected
    scope(message, context)         -> what must be loaded to decide about it
    decide(message, book, context)  -> what follows; refuses first (Rejected, Parked), then computes

All three are pure. A module in `handlers/` exports one value, `HANDLER`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from invoice_gateway.model import allocation as allocations
from invoice_gateway.model import (
    answers,
    billing,
    fulfilment,
    issuing,
    offers,
    orders,
    proforma,
    requests,
    reservation,
    reversals,
    valuation,
    wallet,
    writing,
)
from invoice_gateway.model import dispute as disputes
from invoice_gateway.model import firing as timers
from invoice_gateway.model import memo as memos
from invoice_gateway.model.decision import (
    AlreadyApplied,
    Book,
    Context,
    Decision,
    Reach,
    Role,
    Scope,
    WaitsFor,
)
from invoice_gateway.model.detail import PLAIN, Detail, Execution
from invoice_gateway.model.draft import Draft
from invoice_gateway.model.errors import Code, Parked, Rejected
from invoice_gateway.model.events import (
    PaymentBounced,
    PaymentChargedBack,
    PaymentReceived,
    PaymentRefunded,
)
from invoice_gateway.model.evolve import tabled
from invoice_gateway.model.history import History
from invoice_gateway.model.invoice import (
    ISSUED_NEW,
    Invoice,
    InvoiceKind,
    Kind,
    Lifecycle,
    Line,
    LineTerms,
)
from invoice_gateway.model.keys import InvoiceKey, SourceKey
from invoice_gateway.model.ledger import (
    Account,
    Allocation,
    AllocationState,
    Dispute,
    DisputeState,
    DocType,
    FundsState,
    Intent,
    Memo,
    Mode,
    Notice,
    Origin,
    Pair,
    Part,
    Reversal,
    ReversalKind,
    Source,
    SourceType,
)
from invoice_gateway.model.money import Money, shown
from invoice_gateway.model.offer import Content, Offer, OfferLine
from invoice_gateway.model.offer import named as offer_named
from invoice_gateway.model.offers import Asked, Command
from invoice_gateway.model.order import (
    Category,
    Method,
    Order,
    OrderLine,
    OrderStatus,
    Request,
    Serial,
)
from invoice_gateway.model.order import ServiceState as ServiceStatus
from invoice_gateway.model.outcome import Outcome, Result, Task, announce_tasks
from invoice_gateway.model.rates import Rate, awaited, rate_at
from invoice_gateway.model.statement import Period
from invoice_gateway.model.status import Move, Side
from invoice_gateway.model.totals import (
    Item,
    Sums,
    Tax,
    TaxKey,
    Totals,
    check_totals,
    gross_columns,
)
from invoice_gateway.xml import bill as bills
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.offers import read_offer
from invoice_gateway.xml.rows import Rows

__all__ = [
    "ISSUED_NEW",
    "PLAIN",
    "RESERVED",
    "Account",
    "Allocation",
    "AllocationState",
    "AlreadyApplied",
    "Asked",
    "Book",
    "Category",
    "Code",
    "Command",
    "Content",
    "Context",
    "Decision",
    "Detail",
    "Dispute",
    "DisputeState",
    "DocType",
    "Document",
    "Draft",
    "Execution",
    "FundsState",
    "Handler",
    "History",
    "Intent",
    "Invoice",
    "InvoiceKey",
    "InvoiceKind",
    "Item",
    "Kind",
    "Lifecycle",
    "Line",
    "LineTerms",
    "Memo",
    "Method",
    "Mode",
    "Money",
    "Move",
    "Notice",
    "Offer",
    "OfferLine",
    "Order",
    "OrderLine",
    "OrderStatus",
    "Origin",
    "Outcome",
    "Pair",
    "Parked",
    "Part",
    "PaymentBounced",
    "PaymentChargedBack",
    "PaymentReceived",
    "PaymentRefunded",
    "Period",
    "Rate",
    "Reach",
    "Rejected",
    "Request",
    "Result",
    "Reversal",
    "ReversalKind",
    "Role",
    "Rows",
    "Scope",
    "Serial",
    "ServiceStatus",
    "Side",
    "Source",
    "SourceKey",
    "SourceType",
    "Sums",
    "Task",
    "Tax",
    "TaxKey",
    "Totals",
    "WaitsFor",
    "allocations",
    "announce_tasks",
    "answers",
    "awaited",
    "billing",
    "bills",
    "check_totals",
    "disputes",
    "fulfilment",
    "gross_columns",
    "issuing",
    "known_before",
    "memos",
    "number_taken",
    "offer_named",
    "offers",
    "orders",
    "own_number",
    "proforma",
    "rate_at",
    "read_offer",
    "requests",
    "reservation",
    "reversals",
    "shown",
    "snake_case",
    "tabled",
    "timers",
    "valuation",
    "wallet",
    "writing",
]

M = TypeVar("M")

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake_case(message: str) -> str:
    """Return the file name of a message type: "InvoicePosted" -> "invoice_posted"."""
    return _HUMP.sub("_", message).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler(Generic[M]):
    """One message type: its name, who may send it and for whom, and its three functions.

    With `reads_history` it asks about the past and changes nothing: it is decided after everything
    that came before it is committed, in a batch of nothing but such questions.
    """

    message: str
    rights: Mapping[Role, Reach]
    read: Callable[[Document], M]
    scope: Callable[[M, Context], Scope]
    decide: Callable[[M, Book, Context], Decision]
    reads_history: bool = False

    @property
    def schema(self) -> str:
        """Return the file name of its schema."""
        return f"{snake_case(self.message)}.xsd"

    def needs(self, message: M, context: Context) -> Scope:
        """Return the scope of a message where any may pull an order back (`recheck_in_process`)."""
        return replace(self.scope(message, context), credit=True)


RESERVED = (
    *("CM:", "CX:", "DC:", "DM:", "INV:", "RC:", "US:", "WD:", "WO:", "prepaid:", "memo/"),
    *memos.GIVEN,
)
"""How the numbers begin that the gateway gives itself (docs/adr/0010)."""


def own_number(document: Document, path: str) -> str:
    """Return the number at `path`, which its sender chose.

    Raises:
        Rejected: `number-taken`, when it begins as the gateway's own numbers do.
    """
    number = document.text(path)
    if number.startswith(RESERVED):
        raise number_taken(document, path)
    return number


def number_taken(document: Document, path: str) -> Rejected:
    """Return the refusal of the number at `path`, which is one that the gateway may give."""
    begins = " ".join(RESERVED)
    return document.refuse(
        Code.NUMBER_TAKEN,
        path,
        f"{document.text(path)!r} begins as numbers of the gateway do",
        f"a number that does not begin with any of {begins}",
    )


def known_before(
    known: Invoice | Memo | Source | Reversal | Notice | Order | Request | None,
    context: Context,
    code: Code,
    what: object,
) -> None:
    """Refuse a natural key that is taken, and recognise the same content under it (P-02).

    `what` is how a person knows it; it becomes text only where there is something to say.

    Raises:
        AlreadyApplied: the same content was applied before, by another message.
        Rejected: `code`, when the content differs.
    """
    if known is None:
        return
    if known.content_hash == context.content_hash:
        raise AlreadyApplied(known.cause)
    raise Rejected(code, f"{what} exists already with other content (posted by {known.cause})")
