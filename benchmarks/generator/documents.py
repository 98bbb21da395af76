"""The XML of every message that the benchmarks send: values in, bytes out, nothing remembered."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

NAMESPACE = "urn:invoice-gateway:1"
SENT_AT = "2026-11-20T10:00:00Z"
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Bill:
    """What later messages need to know of an invoice that was sent; money in cents."""

    number: str
    customer: str
    payable: int
    first_line: int


def header(message_id: str, sender: str) -> str:
    """Return the Header element."""
    return (
        f"<Header><MessageId>{message_id}</MessageId><Sender>{sender}</Sender>"
        f"<SentAt>{SENT_AT}</SentAt><SchemaVersion>1</SchemaVersion></Header>"
    )


def document(name: str, message_id: str, sender: str, content: str) -> bytes:
    """Return the whole message `name`."""
    head = header(message_id, sender)
    return f'<{name} xmlns="{NAMESPACE}">{head}{content}</{name}>'.encode()


def account(message_id: str, sender: str, party: str) -> bytes:
    """Return a CustomerAccount."""
    return document(
        "CustomerAccount",
        message_id,
        sender,
        f"<Party>{party}</Party><Class>customer</Class><Name>Customer {party}</Name>"
        f"<SellingCurrency>{CURRENCY}</SellingCurrency><TermsApproved>true</TermsApproved>"
        "<TermsDays>30</TermsDays>",
    )


def invoice(at: int, lines: int, customer: str, sender: str, random: Random) -> tuple[bytes, Bill]:
    """Return one InvoicePosted with two VAT rates whose totals add up, and what it bills."""
    net = {"20": 0, "10": 0}
    rows: list[str] = []
    first = 0
    for line in range(1, lines + 1):
        rate = "20" if line % 3 else "10"
        row, amount = _line(line, rate, at, random)
        rows.append(row)
        net[rate] += amount
        first = first or amount
    taxes, tax_total = _taxes(net)
    total = sum(net.values())
    number = f"INV-{at:07}"
    body = document(
        "InvoicePosted",
        f"invoice-{at}",
        sender,
        f"<Number>{number}</Number><Customer>{customer}</Customer><Currency>{CURRENCY}</Currency>"
        f"<IssueDate>2026-11-{1 + at % 28:02}</IssueDate><Lines>{''.join(rows)}</Lines>"
        f"<Taxes>{taxes}</Taxes><Totals><LineTotal>{money(total)}</LineTotal>"
        f"<TaxExclusive>{money(total)}</TaxExclusive><TaxTotal>{money(tax_total)}</TaxTotal>"
        f"<TaxInclusive>{money(total + tax_total)}</TaxInclusive>"
        f"<Payable>{money(total + tax_total)}</Payable></Totals>",
    )
    return body, Bill(number, customer, total + tax_total, first)


def payment(
    message_id: str, sender: str, payment_id: str, bills: Sequence[Bill], cents: int
) -> bytes:
    """Return a PaymentPosted of `cents` that names `bills`, all of one customer."""
    named = "".join(
        f"<InvoiceReference><Invoice>{bill.number}</Invoice></InvoiceReference>" for bill in bills
    )
    return document(
        "PaymentPosted",
        message_id,
        sender,
        f"<PaymentId>{payment_id}</PaymentId><Payer>{bills[0].customer}</Payer>"
        f"<Method>wire-transfer</Method>{_amount(cents)}<ValueDate>2026-11-20</ValueDate>"
        f"<InvoiceReferences>{named}</InvoiceReferences>",
    )


def payment_notice(message_id: str, sender: str, notice_id: str, bill: Bill) -> bytes:
    """Return a PaymentNotice that declares all of `bill` paid."""
    return document(
        "PaymentNotice",
        message_id,
        sender,
        f"<NoticeId>{notice_id}</NoticeId>"
        f"<Invoices><Invoice><Number>{bill.number}</Number></Invoice></Invoices>",
    )


def dispute_notice(message_id: str, sender: str, notice_id: str, bill: Bill) -> bytes:
    """Return a DisputeNotice over the first line of `bill`."""
    return document(
        "DisputeNotice",
        message_id,
        sender,
        f"<NoticeId>{notice_id}</NoticeId><Open><Invoice>{bill.number}</Invoice>"
        "<Line><LineNo>1</LineNo></Line>"
        "<ReasonCode>PRI</ReasonCode><RequestedAction>CNP</RequestedAction></Open>",
    )


def memo(message_id: str, sender: str, number: str, bill: Bill) -> bytes:
    """Return a credit MemoPosted of half the first line of `bill`."""
    return document(
        "MemoPosted",
        message_id,
        sender,
        f"<Number>{number}</Number><Type>credit</Type><Invoice>{bill.number}</Invoice>"
        "<IssueDate>2026-11-12</IssueDate><ReasonCode>PRI</ReasonCode>"
        f"<Lines><Line><LineNo>1</LineNo>{_amount(max(bill.first_line // 2, 1))}</Line></Lines>",
    )


def credit_note(message_id: str, sender: str, number: str, customer: str, cents: int) -> bytes:
    """Return a CreditNotePosted of `cents` for `customer`."""
    return document(
        "CreditNotePosted",
        message_id,
        sender,
        f"<Number>{number}</Number><Customer>{customer}</Customer>"
        f"<IssueDate>2026-11-10</IssueDate>{_amount(cents)}",
    )


def spoilt(body: bytes, *, well_formed: bool) -> bytes:
    """Return an invoice that its schema refuses, or one that is not even XML."""
    if well_formed:
        return body.replace(b"<Currency>EUR</Currency>", b"<Currency>Euro</Currency>", 1)
    return body[: len(body) * 2 // 3]


def money(cents: int) -> str:
    """Return an amount as decimal text."""
    return f"{cents // 100}.{cents % 100:02}"


def _amount(cents: int) -> str:
    return f'<Amount currency="{CURRENCY}">{money(cents)}</Amount>'


def _line(line: int, rate: str, at: int, random: Random) -> tuple[str, int]:
    quantity, price = random.randint(1, 20), random.randint(100, 99_999)
    amount = quantity * price
    return (
        f"<Line><LineNo>{line}</LineNo><ItemCode>SKU-{random.randrange(10_000):05}</ItemCode>"
        f"<Description>Article {line} of delivery {at}, packed and insured</Description>"
        f'<Quantity unit="EA">{quantity}</Quantity><UnitPrice>{money(price)}</UnitPrice>'
        f"<NetAmount>{money(amount)}</NetAmount><TaxCategory>S</TaxCategory>"
        f"<TaxRate>{rate}</TaxRate></Line>"
    ), amount


def _taxes(net: dict[str, int]) -> tuple[str, int]:
    """Return the Tax elements of the rates in use, and the tax of them all."""
    taxes, total = [], 0
    for rate, base in net.items():
        if base:
            tax = (base * int(rate) + 50) // 100
            total += tax
            taxes.append(
                f"<Tax><Category>S</Category><Rate>{rate}</Rate><TaxableAmount>{money(base)}"
                f"</TaxableAmount><TaxAmount>{money(tax)}</TaxAmount></Tax>"
            )
    return "".join(taxes), total
