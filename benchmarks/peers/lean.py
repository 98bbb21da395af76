"""What an expert would do for one message at a time: lean reading, one statement, one template."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from xml.sax.saxutils import escape

from lxml import etree

from benchmarks.peers.codec import NAMESPACE, TERMS_DAYS, Codec, Q
from benchmarks.peers.common import ISSUED

STORE = """
WITH new AS (
    INSERT INTO inbox (sender, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1
), bill AS (
    INSERT INTO invoice
        (number, customer, currency, issue_date, due_date, net, tax, payable, status)
    SELECT $3, $4, $5, $6::text::date, $7::text::date,
           $8::text::numeric, $9::text::numeric, $10::text::numeric, $11
    FROM new RETURNING id
), lines AS (
    INSERT INTO invoice_line
        (invoice_id, line_no, item_code, description, quantity, unit, unit_price, net,
         tax_category, tax_rate)
    SELECT bill.id, line.*
    FROM bill, unnest($12::text[], $13::text[], $14::text[], $15::text[]::numeric[], $16::text[],
        $17::text[]::numeric[], $18::text[]::numeric[], $19::text[], $20::text[]::numeric[]) AS line
)
INSERT INTO outbox (event_id, routing_key, payload)
SELECT $21::text::uuid, $22, $23 FROM new RETURNING 1
"""
DROP = "DELETE FROM outbox WHERE event_id = ANY($1::text[]::uuid[])"

_TEXTS = etree.XPath(
    "g:Header/g:MessageId/text()|g:Header/g:Sender/text()|g:Number/text()|g:Customer/text()"
    "|g:Currency/text()|g:IssueDate/text()"
    "|g:Totals/g:TaxExclusive/text()|g:Totals/g:TaxTotal/text()|g:Totals/g:Payable/text()",
    namespaces={"g": NAMESPACE},
    smart_strings=False,
)
_EVENT = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    f'<InvoiceIssued xmlns="{NAMESPACE}"><Event><EventId>%s</EventId><Name>{ISSUED}</Name>'
    "<OccurredAt>%s</OccurredAt><EffectiveDate>%s</EffectiveDate>"
    "<AggregateType>invoice</AggregateType><AggregateId>ENTERPRISE/%s</AggregateId>"
    "<AggregateVersion>1</AggregateVersion><CausationId>%s</CausationId>"
    "<CausationSender>%s</CausationSender><Actor><Party>ENTERPRISE</Party><Role>erp</Role></Actor>"
    '</Event><Invoice issuer="ENTERPRISE">%s</Invoice><Customer>%s</Customer>'
    "<Kind>commercial</Kind><IssueDate>%s</IssueDate><DueDate>%s</DueDate><State><Status>%s"
    "</Status><SettlementState>Unsettled</SettlementState><Contested>false</Contested>"
    "<Confirmation>Unconfirmed</Confirmation></State><Totals>%s</Totals>%s</InvoiceIssued>"
)
_LINE = (
    "<Line><LineNo>%s</LineNo><CustomerStatus>New</CustomerStatus>"
    "<EnterpriseStatus>New</EnterpriseStatus>"
    '<Due currency="%s">%s</Due><Open currency="%s">%s</Open></Line>'
)
_SUMS = (
    *(
        "Amount",
        "DebitMemos",
        "Credits",
        "Discounts",
        "WrittenOff",
        "Settled",
        "Pending",
        "Disputed",
    ),
)


@dataclass(slots=True)
class Lean:
    """An invoice ready to be stored: the parameters of `STORE`, and its event."""

    parameters: tuple[object, ...]
    event_id: str
    event: bytes


class LeanCodec(Codec):
    """Reads strings out of a valid document: the schema has vouched for their form."""

    def read(self, body: bytes) -> Lean:
        """Return the invoice in `body`.

        Raises:
            Rejected: as `Codec.parse`.
        """
        root = self.parse(body)
        # in the order of the document
        message_id, sender, number, customer, currency, issued_on, net, tax, payable = (
            text.strip() for text in _TEXTS(root)
        )
        rows = [_row(line) for line in root.iterfind(f"{Q}Lines/{Q}Line")]
        due_on = (date.fromisoformat(issued_on) + timedelta(days=TERMS_DAYS)).isoformat()
        status = _status(rows, net, tax, payable)
        event_id, event = _issued(
            (number, message_id, sender, number, customer, issued_on, due_on, status),
            (currency, payable),
            rows,
        )
        head = (sender, message_id, number, customer, currency, issued_on, due_on)
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        outbox = (event_id, ISSUED, event)
        return Lean((*head, net, tax, payable, status, *columns, *outbox), event_id, event.encode())


def _row(line: etree._Element) -> tuple[str, ...]:
    no, code, description, quantity, price, net, category, rate = line[:8]
    texts = [each.text.strip() for each in (no, code, description, quantity)]
    rest = [each.text.strip() for each in (price, net, category, rate)]
    return (*texts, quantity.get("unit"), *rest)


def _cents(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def _status(rows: list[tuple[str, ...]], net: str, tax: str, payable: str) -> str:
    adds_up = sum(_cents(row[6]) for row in rows) == _cents(net)
    if not adds_up or _cents(net) + _cents(tax) != _cents(payable):
        return "Mismatch"
    return "New" if _cents(payable) else "Paid"


def _issued(
    head: tuple[str, ...], money: tuple[str, str], rows: list[tuple[str, ...]]
) -> tuple[str, str]:
    currency, payable = money
    event_id, now = str(uuid4()), datetime.now(UTC)
    lines = []
    for row in rows:
        due = (_cents(row[6]) * (10_000 + _cents(row[8])) + 5_000) // 10_000
        text = f"{due // 100}.{due % 100:02}"
        lines.append(_LINE % (escape(row[0]), currency, text, currency, text))
    sums = "".join(
        f'<{name} currency="{currency}">'
        f"{payable if name in {'Amount', 'Pending'} else '0.00'}</{name}>"
        for name in _SUMS
    )
    occurred = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    texts = [escape(text) for text in head]
    return event_id, _EVENT % (
        *(event_id, occurred, now.date().isoformat()),
        *(*texts, sums, "".join(lines)),
    )
