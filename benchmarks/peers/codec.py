"""Reading and writing XML as ordinary code does it: dataclasses, Decimal, date, `find()`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import uuid4

from lxml import etree

from benchmarks.peers.common import ISSUED, SCHEMA

NAMESPACE = "urn:invoice-gateway:1"
Q = f"{{{NAMESPACE}}}"
TERMS_DAYS = 30
ZERO, CENT = Decimal("0.00"), Decimal("0.01")


class Rejected(Exception):
    """The message can never be processed; says why."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One line of an invoice."""

    line_no: str
    item_code: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net: Decimal
    tax_category: str
    tax_rate: Decimal


@dataclass(slots=True, kw_only=True)
class Invoice:
    """An invoice as sent."""

    sender: str
    message_id: str
    number: str
    customer: str
    currency: str
    issue_date: date
    net: Decimal
    tax: Decimal
    payable: Decimal
    lines: list[Line]

    @property
    def due_date(self) -> date:
        """Return the day it is to be paid by."""
        return self.issue_date + timedelta(days=TERMS_DAYS)

    @property
    def status(self) -> str:
        """Return the status it starts with."""
        adds_up = sum((line.net for line in self.lines), ZERO) == self.net
        if not adds_up or self.net + self.tax != self.payable:
            return "Mismatch"
        return "New" if self.payable else "Paid"


def parser() -> etree.XMLParser:
    """Return a parser that expands nothing and reaches for nothing."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


class Codec:
    """Reads invoices; the parser and the schema are made once."""

    def __init__(self) -> None:
        """Compile the schema."""
        self._parser = parser()
        self._schema = etree.XMLSchema(file=str(SCHEMA))

    def parse(self, body: bytes) -> etree._Element:
        """Return the root of a valid document.

        Raises:
            Rejected: it is not well formed, has a DOCTYPE or fails the schema.
        """
        try:
            root = etree.fromstring(body, self._parser)
        except etree.XMLSyntaxError as error:
            raise Rejected(f"not well formed: {error}") from None
        if root.getroottree().docinfo.doctype:
            raise Rejected("DOCTYPE is not allowed")
        if not self._schema.validate(root):
            raise Rejected(f"XSD: {self._schema.error_log.last_error}")
        return root

    def decode(self, body: bytes) -> Invoice:
        """Return the invoice in `body`.

        Raises:
            Rejected: as `parse`.
        """
        root = self.parse(body)
        text = root.findtext
        return Invoice(
            sender=text(f"{Q}Header/{Q}Sender"),
            message_id=text(f"{Q}Header/{Q}MessageId"),
            number=text(f"{Q}Number"),
            customer=text(f"{Q}Customer"),
            currency=text(f"{Q}Currency"),
            issue_date=date.fromisoformat(text(f"{Q}IssueDate")),
            net=Decimal(text(f"{Q}Totals/{Q}TaxExclusive")),
            tax=Decimal(text(f"{Q}Totals/{Q}TaxTotal")),
            payable=Decimal(text(f"{Q}Totals/{Q}Payable")),
            lines=[_line(each) for each in root.iterfind(f"{Q}Lines/{Q}Line")],
        )


def _line(element: etree._Element) -> Line:
    text = element.findtext
    quantity = element.find(f"{Q}Quantity")
    return Line(
        line_no=text(f"{Q}LineNo"),
        item_code=text(f"{Q}ItemCode"),
        description=text(f"{Q}Description"),
        quantity=Decimal(quantity.text),
        unit=quantity.get("unit"),
        unit_price=Decimal(text(f"{Q}UnitPrice")),
        net=Decimal(text(f"{Q}NetAmount")),
        tax_category=text(f"{Q}TaxCategory"),
        tax_rate=Decimal(text(f"{Q}TaxRate")),
    )


def issued(invoice: Invoice) -> tuple[str, bytes]:
    """Return the id and the bytes of the InvoiceIssued: the content and size of ours."""
    event_id = str(uuid4())
    root = etree.Element(f"{Q}InvoiceIssued", nsmap={None: NAMESPACE})
    _head(etree.SubElement(root, f"{Q}Event"), event_id, invoice)
    add(root, "Invoice", invoice.number, issuer="ENTERPRISE")
    add(root, "Customer", invoice.customer)
    add(root, "Kind", "commercial")
    add(root, "IssueDate", invoice.issue_date.isoformat())
    add(root, "DueDate", invoice.due_date.isoformat())
    state = add(root, "State")
    add(state, "Status", invoice.status)
    add(state, "SettlementState", "Unsettled")
    add(state, "Contested", "false")
    add(state, "Confirmation", "Unconfirmed")
    totals = add(root, "Totals")
    sums = dict.fromkeys(("DebitMemos", "Credits", "Discounts", "WrittenOff", "Settled"), ZERO)
    for name, amount in {"Amount": invoice.payable, **sums, "Pending": invoice.payable}.items():
        add(totals, name, f"{amount:.2f}", currency=invoice.currency)
    add(totals, "Disputed", f"{ZERO:.2f}", currency=invoice.currency)
    for line in invoice.lines:
        _issued_line(add(root, "Line"), line, invoice.currency)
    return event_id, etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def add(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """Return a new child of `parent`."""
    child = etree.SubElement(parent, f"{Q}{name}", **attributes)
    child.text = text
    return child


def _head(event: etree._Element, event_id: str, invoice: Invoice) -> None:
    now = datetime.now(UTC)
    for name, text in (
        ("EventId", event_id),
        ("Name", ISSUED),
        ("OccurredAt", now.isoformat(timespec="microseconds").replace("+00:00", "Z")),
        ("EffectiveDate", now.date().isoformat()),
        ("AggregateType", "invoice"),
        ("AggregateId", f"ENTERPRISE/{invoice.number}"),
        ("AggregateVersion", "1"),
        ("CausationId", invoice.message_id),
        ("CausationSender", invoice.sender),
    ):
        add(event, name, text)
    actor = add(event, "Actor")
    add(actor, "Party", "ENTERPRISE")
    add(actor, "Role", "erp")


def _issued_line(element: etree._Element, line: Line, currency: str) -> None:
    due = str((line.net * (1 + line.tax_rate / 100)).quantize(CENT, ROUND_HALF_UP))
    add(element, "LineNo", line.line_no)
    add(element, "CustomerStatus", "New")
    add(element, "EnterpriseStatus", "New")
    add(element, "Due", due, currency=currency)
    add(element, "Open", due, currency=currency)
