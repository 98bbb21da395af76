"""Invoices to measure with: the same seed gives the same bytes."""

from collections.abc import Iterator
from random import Random

NAMESPACE = "urn:invoice-gateway:1"
SENT_AT = "2026-11-20T10:00:00Z"


def header(message_id: str, sender: str) -> str:
    """Return the Header element."""
    return (
        f"<Header><MessageId>{message_id}</MessageId><Sender>{sender}</Sender>"
        f"<SentAt>{SENT_AT}</SentAt><SchemaVersion>1</SchemaVersion></Header>"
    )


def account(party: str, sender: str) -> tuple[str, bytes]:
    """Return the message id and the bytes of a CustomerAccount."""
    message_id = f"account-{party}"
    return message_id, (
        f'<CustomerAccount xmlns="{NAMESPACE}">{header(message_id, sender)}'
        f"<Party>{party}</Party><Class>customer</Class><Name>Customer {party}</Name>"
        "<SellingCurrency>EUR</SellingCurrency><TermsApproved>true</TermsApproved>"
        "<TermsDays>30</TermsDays></CustomerAccount>"
    ).encode()


def invoices(
    count: int, *, lines: int, accounts: int, sender: str, seed: int
) -> Iterator[tuple[str, bytes]]:
    """Yield message id and bytes of `count` invoices of `lines` lines over `accounts` customers."""
    random = Random(seed)
    for at in range(count):
        body = invoice(at, lines, f"C{random.randrange(accounts):05}", sender, random)
        yield f"invoice-{at}", body


def invoice(at: int, lines: int, customer: str, sender: str, random: Random) -> bytes:
    """Return one invoice with two VAT rates whose totals add up."""
    net = {"20": 0, "10": 0}
    rows = []
    for line in range(1, lines + 1):
        rate = "20" if line % 3 else "10"
        quantity, price = random.randint(1, 20), random.randint(100, 99_999)
        amount = quantity * price
        net[rate] += amount
        rows.append(
            f"<Line><LineNo>{line}</LineNo><ItemCode>SKU-{random.randrange(10_000):05}</ItemCode>"
            f"<Description>Article {line} of delivery {at}, packed and insured</Description>"
            f'<Quantity unit="EA">{quantity}</Quantity><UnitPrice>{_money(price)}</UnitPrice>'
            f"<NetAmount>{_money(amount)}</NetAmount><TaxCategory>S</TaxCategory>"
            f"<TaxRate>{rate}</TaxRate></Line>"
        )
    taxes, tax_total = [], 0
    for rate, base in net.items():
        if base:
            tax = (base * int(rate) + 50) // 100
            tax_total += tax
            taxes.append(
                f"<Tax><Category>S</Category><Rate>{rate}</Rate>"
                f"<TaxableAmount>{_money(base)}</TaxableAmount><TaxAmount>{_money(tax)}</TaxAmount></Tax>"
            )
    total = sum(net.values())
    return (
        f'<InvoicePosted xmlns="{NAMESPACE}">{header(f"invoice-{at}", sender)}'
        f"<Number>INV-{at:07}</Number><Customer>{customer}</Customer><Currency>EUR</Currency>"
        f"<IssueDate>2026-11-{1 + at % 28:02}</IssueDate><Lines>{''.join(rows)}</Lines>"
        f"<Taxes>{''.join(taxes)}</Taxes><Totals><LineTotal>{_money(total)}</LineTotal>"
        f"<TaxExclusive>{_money(total)}</TaxExclusive><TaxTotal>{_money(tax_total)}</TaxTotal>"
        f"<TaxInclusive>{_money(total + tax_total)}</TaxInclusive>"
        f"<Payable>{_money(total + tax_total)}</Payable></Totals></InvoicePosted>"
    ).encode()


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"
