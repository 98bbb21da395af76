"""Random messages that make sense most of the time: they use what is there, up to its edges.

Each function draws one message about the books as they are. Some are impossible on purpose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from invoice_gateway.audit.facts import Facts
from invoice_gateway.model.money import decimal_text
from tests import messages as say
from tests.engine_harness import ENTERPRISE, Sender

T = TypeVar("T")

PARTIES = ("ACME", "ACME-SHOP", "GLOBEX")
CLASSES = {"ACME": "reseller", "ACME-SHOP": "sub-reseller", "GLOBEX": "customer"}
VOICES = {"ACME": "acme", "ACME-SHOP": "shop", "GLOBEX": "globex"}
SENDERS = (
    *ENTERPRISE,
    Sender("acme", "ACME", "partner", receipts=True),
    Sender("acme-sells", "ACME", "reseller"),
    Sender("shop", "ACME-SHOP", "owner"),
    Sender("globex", "GLOBEX", "partner"),
)
NUMBERS = tuple(f"INV-{at}" for at in range(1, 11))
PAYMENTS = tuple(f"PAY-{at}" for at in range(1, 11))
OWN_NUMBERS = tuple(f"A-{at}" for at in range(1, 6))
MEMOS = tuple(f"MEMO-{at}" for at in range(1, 16))
DAYS = tuple(f"2026-11-{at:02}" for at in (1, 2, 2, 3))
BOOKS = {"GLOBEX": "USD"}
"""Whose account is kept in another currency than it buys in, EUR."""
PAIRS = ("EUR/USD", "USD/EUR")
CURRENCIES = ("EUR", "EUR", "EUR", "EUR", "EUR", "USD")


@dataclass(slots=True)
class Wish:
    """One draw: the books, the chance that draws, and numbers that never come twice."""

    facts: Facts
    chance: Random
    serial: Callable[[], int]

    def one(self, *values: T) -> T:
        """Return one of `values`."""
        return self.chance.choice(values)

    def flag(self) -> bool:
        """Return yes or no."""
        return self.chance.random() < 0.5

    def rarely(self) -> bool:
        """Return yes in one of three cases."""
        return self.chance.random() < 0.3

    def maybe(self, value: T) -> T | None:
        """Return `value` or None."""
        return value if self.flag() else None

    def cents(self, most: int = 0) -> int:
        """Return an amount: up to `most`, `most` itself, or anything."""
        if most <= 0:
            return self.chance.randint(1, self.one(60, 6_000))
        return self.one(most, self.chance.randint(1, most), self.chance.randint(1, most + 100))

    def number(self) -> str:
        """Return an invoice number, mostly of one that is there."""
        return self.one(*(tuple(sorted(self.facts.by_number)) * 2), *NUMBERS)

    def invoice(self) -> Any | None:
        """Return an invoice, if there is any."""
        rows = sorted(self.facts.invoices.values(), key=lambda row: row.number)
        return self.one(*rows) if rows else None

    def source(self, *, idle: bool) -> Any | None:
        """Return a source, if there is any; with something left when `idle`."""
        rows = [each for each in self.facts.sources.values() if each.remaining or not idle]
        rows.sort(key=lambda row: (row.account, row.type, row.reference))
        return self.one(*rows) if rows else None

    def dispute(self) -> Any | None:
        """Return a dispute, if there is any; rather an open one."""
        rows = sorted(self.facts.disputes, key=lambda row: (row.state != "open", row.id))
        still = [each for each in rows if each.state == "open"]
        return self.one(*(still * 3), *rows) if rows else None

    def line(self, row: Any) -> Any:
        """Return a line of an invoice."""
        return self.one(*self.facts.lines[row.id])

    def voice(self, account: str, *, acting: bool = True) -> dict[str, str]:
        """Return who speaks for a customer: itself, or financials in its name or in their own."""
        ways: list[dict[str, str]] = [{"sender": VOICES[account]}] * 3 + [{"sender": "financials"}]
        if acting:
            ways.append({"sender": "financials", "acting_for": "customer"})
        return self.one(*ways)

    def ids(self, **more: str) -> dict[str, str]:
        """Return a header with an id that never comes twice."""
        at = self.serial()
        moment = f"2026-11-20T10:{at // 60 % 60:02}:{at % 60:02}Z"
        return {"message_id": f"m-{at}", "sent_at": moment, **more}


def called(row: Any) -> str | tuple[str, str]:
    """Return how messages name an invoice that is there."""
    return row.number if row.issuer == "ENTERPRISE" else (row.issuer, row.number)


def _text(minor: int, currency: str = "EUR") -> str:
    return decimal_text(minor, currency)


def account(wish: Wish) -> bytes:
    """Draw a CustomerAccount: it switches the automatic run, and is sometimes an old one."""
    party = wish.one(*PARTIES)
    policy = {"ReminderDays": 7, "SuspensionDays": 30} if wish.rarely() else {}
    terms = say.Terms(
        auto_allocate=not wish.rarely(), accounting_currency=BOOKS.get(party), policy=policy
    )
    header = wish.ids()
    if wish.rarely():
        header["sent_at"] = "2026-11-19T10:00:00Z"
    return say.customer_account(party, terms=terms, **standing(party), **header)


def standing(party: str) -> dict[str, Any]:
    """Return class and parent of a party."""
    return {
        "party_class": CLASSES[party],
        "parent": "ACME" if party == "ACME-SHOP" else None,
    }


def rates(wish: Wish) -> bytes:
    """Draw an ExchangeRates: of days before, between and after those of documents."""
    said = {
        pair: wish.one("1", "0.5", "0.333333333333", f"{wish.chance.uniform(0.2, 3):.6f}")
        for pair in wish.chance.sample(PAIRS, wish.one(1, 2, 2))
    }
    return say.exchange_rates(said, day=wish.one("2026-10-31", "2026-11-20", *DAYS), **wish.ids())


def invoice(wish: Wish) -> bytes:
    """Draw an InvoicePosted: one to three lines, VAT, allowances, returns, prepaid, a credit."""
    currency = wish.one(*CURRENCIES)
    lines = [
        say.Item(
            net=_text(wish.cents() * wish.one(1, 1, 1, 1, -1), currency),
            rate=wish.one("0", "20", "5.5"),
            category="S",
        )
        for _ in range(wish.one(1, 2, 3))
    ]
    extras = []
    if wish.rarely():
        kind = wish.one("allowance", "charge", "shipping")
        amount = _text(wish.chance.randint(1, 50), currency)
        extras.append(say.Extra(kind=kind, amount=amount, rate=lines[0].rate, category="S"))
    return say.invoice_posted(
        wish.one(*NUMBERS),
        customer=wish.one(*PARTIES),
        lines=lines,
        extras=extras,
        currency=currency,
        issue_date=wish.one(*DAYS),
        preceding=wish.maybe(wish.number()),
        prepaid=_text(wish.cents(20), currency) if wish.rarely() else None,
        rounding=wish.one(None, None, _text(2, currency), _text(-1, currency)),
        **wish.ids(),
    )


def misc(wish: Wish) -> bytes:
    """Draw an InvoicePosted of kind misc: by financials or a reseller, numbered or not."""
    lines = [
        say.Item(net=_text(wish.cents()), kind=wish.one(None, None, "application-fee"))
        for _ in range(wish.one(1, 2))
    ]
    by = wish.one(
        {"sender": "financials", "customer": wish.one(*PARTIES)},
        {"sender": "acme-sells", "issuer": "ACME", "customer": "ACME-SHOP"},
        {"sender": "acme-sells", "issuer": "ACME", "customer": wish.one(*PARTIES)},
    )
    own = OWN_NUMBERS if "issuer" in by else NUMBERS
    return say.misc_invoice(
        wish.one(None, None, *own[:1], wish.one(*own)),
        lines=lines,
        issue_date=wish.one(*DAYS),
        policy={"ReminderDays": 3} if wish.rarely() else None,
        **wish.ids(**by),
    )


def payment(wish: Wish) -> bytes:
    """Draw a PaymentPosted: for nothing in particular, or for invoices, with amounts or without."""
    row = wish.invoice()
    if row and row.pending > 1 and wish.rarely():
        return _all_but_a_few_cents(wish, row)
    currency = row.currency if row and not wish.rarely() else wish.one(*CURRENCIES)
    payer = row.account if row and not wish.rarely() else wish.one(*PARTIES)
    amount = wish.cents(row.pending if row else 0)
    named = {
        wish.number(): _text(wish.cents(amount), currency) if wish.flag() else None
        for _ in range(wish.one(0, 0, 1, 1, 2))
    }
    return say.payment_posted(
        wish.one(*PAYMENTS),
        payer=payer,
        amount=_text(amount, currency),
        currency=currency,
        value_date=wish.one(*DAYS),
        final=wish.maybe(wish.flag()),
        invoices=named,
        **wish.ids(),
    )


def _all_but_a_few_cents(wish: Wish, row: Any) -> bytes:
    """Draw a final payment that leaves what the tolerance lets be written off, or a bit more."""
    return say.payment_posted(
        wish.one(*PAYMENTS),
        payer=row.account,
        amount=_text(max(1, row.pending - wish.chance.randint(1, 6)), row.currency),
        currency=row.currency,
        final=True,
        invoices=[called(row)],
        **wish.ids(),
    )


def reversal(wish: Wish) -> bytes:
    """Draw a PaymentReversed: a bounce, a chargeback, or a refund (of an invoice, or not)."""
    source = wish.source(idle=False)
    kind = wish.one("bounce", "chargeback", "refund", "refund")
    currency = source.currency if source else "EUR"
    paid = [
        called(wish.facts.invoices[each.row.invoice_id])
        for each in wish.facts.posted()
        if source and each.row.source_id == source.id
    ]
    return say.payment_reversed(
        f"REV-{wish.serial()}",
        payment=source.reference if source else wish.one(*PAYMENTS),
        payer=source.account if source else wish.one(*PARTIES),
        kind=kind,
        amount=wish.maybe(_text(wish.cents(source.amount if source else 0), currency)),
        currency=currency,
        invoice=wish.one(None, *paid) if kind == "refund" else None,
        **wish.ids(),
    )


def credit_note(wish: Wish) -> bytes:
    """Draw a CreditNotePosted."""
    return say.credit_note_posted(
        wish.one(*MEMOS),
        customer=wish.one(*PARTIES),
        amount=_text(wish.cents()),
        issue_date=wish.one(*DAYS),
        **wish.ids(),
    )


def memo(wish: Wish) -> bytes:
    """Draw a MemoPosted: credit or debit, whole or by line, for a dispute, or a reversal."""
    row = wish.invoice()
    if row is None:
        return say.memo_posted(wish.one(*MEMOS), invoice=wish.number(), amount="1.00", **wish.ids())
    said: dict[str, Any] = {"credit": not wish.rarely(), "currency": row.currency}
    said["refund"] = wish.rarely()
    opposite = [each for each in wish.facts.memos if each.invoice_id == row.id]
    disputes = [each.id for each in wish.facts.disputes if each.invoice_id == row.id]
    if opposite and wish.flag():
        other = wish.one(*opposite)
        said |= {"credit": other.doc_type == "debit-memo", "reverses": other.number}
        said["amount"] = _text(other.amount, row.currency)
    elif wish.flag():
        said["amount"] = _text(wish.cents(row.amount), row.currency)
        said["dispute"] = wish.one(None, *disputes)
    else:
        lines = {wish.line(row) for _ in range(wish.one(1, 2))}
        said["lines"] = {
            each.line_no: _text(wish.cents(each.amount), row.currency)
            for each in sorted(lines, key=lambda line: line.line_no)
        }
        said["dispute"] = wish.one(None, None, *disputes)
    header = wish.ids(sender=wish.one("erp", "financials"))
    return say.memo_posted(wish.one(*MEMOS), invoice=called(row), **said, **header)


def given_up(wish: Wish) -> bytes:
    """Draw a ReversalPosted: a discount, a bad debt, a money-back, or a document taken back."""
    row = wish.invoice()
    number = wish.one(None, wish.one(*MEMOS))
    header: Any = wish.ids(sender=wish.one(*["financials"] * 4, "acme-sells"))
    if row is None:
        return say.bad_debt(number, invoice=wish.number(), **header)
    header["sender"] = "acme-sells" if row.issuer == "ACME" and wish.flag() else header["sender"]
    on: Any = {"invoice": called(row), **header}
    way = wish.one("amount", "amount", "lines", "all", "bad debt", "bad debt", "back", "money")
    documents = [each for each in wish.facts.memos if each.invoice_id == row.id]
    if way == "back" and documents:
        return say.take_back(called(wish.one(*documents)), number, **on)
    if way == "money":
        return say.money_back(number, order=row.order_ref or "ORDER-1", **on)
    on["currency"] = row.currency
    if way == "bad debt":
        amount = wish.one(None, None, _text(wish.cents(row.pending), row.currency))
        return say.bad_debt(number, amount=amount, **on)
    on["refund"] = wish.rarely()
    if way == "amount":
        return say.discount(number, amount=_text(wish.cents(row.amount), row.currency), **on)
    if way == "lines":
        line = wish.line(row)
        amounts = {line.line_no: _text(wish.cents(line.amount), row.currency)}
        return say.discount(number, lines=amounts, **on)
    return say.discount(number, **on)


def payment_notice(wish: Wish) -> bytes:
    """Draw a PaymentNotice: of invoices, of lines, of an amount."""
    row = wish.invoice()
    sender = VOICES[row.account if row else wish.one(*PARTIES)]
    first = called(row) if row else wish.number()
    lines = [wish.line(row).line_no] if row and wish.flag() else []
    return say.payment_notice(
        f"PN-{wish.serial()}",
        invoices=[*dict.fromkeys((first, wish.number()))] if wish.rarely() else [first],
        amount=_text(wish.cents(row.pending)) if row and wish.rarely() else None,
        lines=lines,
        **wish.ids(sender=sender),
    )


def line_status(wish: Wish) -> bytes:
    """Draw a LineStatusUpdate on either axis."""
    row = wish.invoice()
    command = wish.one("declare-paid", "retract-paid", "confirm-receipt", "reverse-receipt")
    account_ = row.account if row else wish.one(*PARTIES)
    customer = [
        {"sender": VOICES[account_]},
        {"sender": "financials", "acting_for": "customer"},
    ]
    ways = customer if command.endswith("paid") else [{"sender": "financials"}]
    return say.line_status_update(
        command,
        invoice=called(row) if row else wish.number(),
        lines=[wish.line(row).line_no] if row else ["1"],
        text="as said on the telephone",
        **wish.ids(**wish.one(*ways)),
    )


def dispute_opened(wish: Wish) -> bytes:
    """Draw a DisputeNotice that opens: lines, an amount, or everything."""
    row = wish.invoice()
    if row is None:
        sender = VOICES[wish.one(*PARTIES)]
        return say.dispute_opened(
            f"DN-{wish.serial()}", invoice=wish.number(), **wish.ids(sender=sender)
        )
    said: dict[str, Any] = {}
    way = wish.one("lines", "lines", "lines", "amount", "all")
    if way == "lines":
        line = wish.line(row)
        said["lines"] = {line.line_no: wish.maybe(_text(wish.cents(line.due), row.currency))}
    if way == "amount":
        said["amount"] = _text(wish.cents(row.pending), row.currency)
    header = wish.ids(**wish.voice(row.account))
    number = f"DN-{wish.serial()}"
    return say.dispute_opened(number, invoice=called(row), currency=row.currency, **said, **header)


def dispute_followed(wish: Wish) -> bytes:
    """Draw a DisputeNotice that amends, withdraws or joins, or a DisputeResolution."""
    row = wish.dispute()
    notice = f"DN-{wish.serial()}"
    if row is None:
        return say.dispute_joined(f"ACME/DN-{wish.serial()}/1", notice=notice, **wish.ids())
    way = wish.one("amend", "withdraw", "join", "resolve", "resolve")
    some = _text(wish.cents(row.amount), row.currency)
    if way == "resolve":
        outcome = wish.one("upheld", "upheld-partial", "rejected")
        amount = some if outcome == "upheld-partial" else None
        return say.dispute_resolution(
            row.id, outcome=outcome, amount=amount, currency=row.currency, **wish.ids()
        )
    header: Any = wish.ids(**wish.voice(row.account))
    if way == "amend":
        return say.dispute_amended(
            row.id, notice=notice, amount=some, currency=row.currency, **header
        )
    if way == "withdraw":
        return say.dispute_withdrawn(row.id, notice=notice, **header)
    return say.dispute_joined(row.id, notice=notice, **header)


def allocation(wish: Wish) -> bytes:
    """Draw an AllocationCommand: allocate, remove, or switch the automatic run."""
    way = wish.one("allocate", "allocate", "remove", "remove", "auto", "auto")
    source = wish.source(idle=way == "allocate")
    header: Any = wish.ids(sender=wish.one("financials", "financials", "acme"))
    if source is None:
        return say.set_auto(on=wish.flag(), customer=wish.one(*PARTIES), **header)
    mine = [
        each for each in wish.facts.invoices.values() if each.account == source.account
    ] or list(wish.facts.invoices.values())
    row = wish.one(*sorted(mine, key=lambda each: each.number)) if mine else None
    named: Any = {
        "invoice": called(row) if row else wish.number(),
        "customer": source.account,
        "source_type": source.type,
        **header,
    }
    if way == "auto":
        return _switch(wish, source, named)
    if way == "remove":
        paid = [
            called(wish.facts.invoices[each.row.invoice_id])
            for each in wish.facts.posted()
            if each.row.source_id == source.id
        ]
        return say.remove(
            source.reference, **named | {"invoice": wish.one(*paid, *paid, named["invoice"])}
        )
    amount = _text(wish.cents(min(source.remaining, row.pending if row else 0)), source.currency)
    return say.allocate(
        source.reference,
        amount=amount,
        parts={wish.line(row).line_no: amount} if row and wish.rarely() else None,
        currency=source.currency,
        **named,
    )


def _switch(wish: Wish, source: Any, named: dict[str, Any]) -> bytes:
    what: Sequence[str] = wish.one(("customer",), ("invoice",), ("invoice", "source"), ("source",))
    said = {key: value for key, value in named.items() if key != "invoice" or "invoice" in what}
    if "source" in what:
        said["source"] = source.reference
    else:
        said.pop("source_type")
    return say.set_auto(on=wish.flag(), **said)


WEIGHTS: dict[Callable[[Wish], bytes], int] = {
    account: 2,
    rates: 2,
    invoice: 4,
    misc: 3,
    payment: 4,
    reversal: 3,
    credit_note: 2,
    memo: 4,
    given_up: 5,
    payment_notice: 2,
    line_status: 2,
    dispute_opened: 4,
    dispute_followed: 5,
    allocation: 5,
}


def any_of_them(wish: Wish) -> bytes:
    """Draw a message of any type."""
    [kind] = wish.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
    return kind(wish)
