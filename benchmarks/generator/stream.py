"""Streams of messages in any proportion: the same seed gives the same bytes."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from benchmarks.generator import documents
from benchmarks.generator.documents import Bill

ERP = "erp"
DISTANCE = 2_000
"""How many messages lie at least between an invoice and what refers to it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to send; `valid` says whether the gateway should accept it."""

    id: str
    type: str
    sender: str
    body: bytes
    valid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Shares of each kind, of any total; half of `memos` are credit notes of no invoice."""

    invoices: float = 1.0
    payments: float = 0.0
    notices: float = 0.0
    disputes: float = 0.0
    memos: float = 0.0
    invalid: float = 0.0

    def choose(self, random: Random) -> str:
        """Return the kind of the next message."""
        names = ("invoices", "payments", "notices", "disputes", "memos", "invalid")
        [kind] = random.choices(names, [getattr(self, name) for name in names])
        return kind


INVOICES = Mix()
MIXED = Mix(invoices=50, payments=30, notices=10, disputes=5, memos=5)


def party(at: int) -> str:
    """Return the party id of customer number `at`, which is also the name it sends under."""
    return f"C{at:05}"


def accounts(count: int, sender: str = ERP) -> Iterator[Message]:
    """Yield the CustomerAccount of every customer."""
    for at in range(count):
        message_id = f"account-{party(at)}"
        body = documents.account(message_id, sender, party(at))
        yield Message(message_id, "CustomerAccount", sender, body)


@dataclass(slots=True, kw_only=True)
class Stream:
    """What is sent, in order; iterate over it once.

    Every follow-up (payment, notice, dispute, memo) is about another invoice, sent at least
    `distance` messages before; as long as there is none, an invoice is sent instead.

    Attributes:
        start: Number of the first invoice, so that several streams may go to one database.
        only: Send everything to this customer instead of one at random.
        in_full: No payment pays in part.
    """

    count: int
    mix: Mix = INVOICES
    lines: int = 10
    accounts: int = 500
    seed: int = 1
    start: int = 0
    distance: int = DISTANCE
    only: str | None = None
    in_full: bool = False
    _old: deque[tuple[int, Bill]] = field(default_factory=deque)
    _random: Random = field(default_factory=Random)

    def __iter__(self) -> Iterator[Message]:
        """Yield the messages."""
        self._random = Random(f"{self.seed}/{self.start}")
        self._old.clear()
        for at in range(self.count):
            kind = self.mix.choose(self._random)
            there = self._old and at - self._old[0][0] >= self.distance
            if kind in {"invoices", "invalid"} or not there:
                yield self._invoice(at, spoil=kind == "invalid")
            else:
                yield self._follow_up(kind, self.start + at, self._old.popleft()[1])

    def _invoice(self, at: int, *, spoil: bool) -> Message:
        number = self.start + at
        customer = self.only or party(self._random.randrange(self.accounts))
        body, bill = documents.invoice(number, self.lines, customer, ERP, self._random)
        if spoil:
            body = documents.spoilt(body, well_formed=number % 2 == 0)
        else:
            self._old.append((at, bill))
        return Message(f"invoice-{number}", "InvoicePosted", ERP, body, valid=not spoil)

    def _follow_up(self, kind: str, number: int, bill: Bill) -> Message:
        if kind == "payments":
            whole = self.in_full or number % 2
            cents = bill.payable if whole else max(bill.payable // 2, 1)
            body = documents.payment(f"pay-{number}", ERP, f"PAY-{number:07}", [bill], cents)
            return Message(f"pay-{number}", "PaymentPosted", ERP, body)
        if kind == "notices":
            body = documents.payment_notice(f"pn-{number}", bill.customer, f"PN-{number}", bill)
            return Message(f"pn-{number}", "PaymentNotice", bill.customer, body)
        if kind == "disputes":
            body = documents.dispute_notice(f"dn-{number}", bill.customer, f"DN-{number}", bill)
            return Message(f"dn-{number}", "DisputeNotice", bill.customer, body)
        if number % 2:
            body = documents.memo(f"memo-{number}", ERP, f"CM-{number:07}", bill)
            return Message(f"memo-{number}", "MemoPosted", ERP, body)
        cents = max(bill.payable // 10, 1)
        body = documents.credit_note(f"note-{number}", ERP, f"CN-{number:07}", bill.customer, cents)
        return Message(f"note-{number}", "CreditNotePosted", ERP, body)
