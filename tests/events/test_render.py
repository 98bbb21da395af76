"""Events as XML: what goes in comes out of a parser, and fits the schema of its class."""

import re
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from invoice_gateway.model.blocks import PartBlock
from invoice_gateway.model.event import Stamped
from invoice_gateway.model.events import (
    EVENTS,
    AllocationPosted,
    InvoiceLineStatusChanged,
    MessageRejected,
    PaymentUnallocated,
)
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.money import Money, UnknownCurrency, decimal_text
from invoice_gateway.model.status import Side, Status
from invoice_gateway.xml.elements import element_name
from invoice_gateway.xml.render import NAMESPACE, Stamp, cloud_events, render, schema_path
from invoice_gateway.xml.safe import parse

from .samples import anything, stamped, stamps

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
# The same examples each time, and few of them: there are as many classes as there are events.
FEW = settings(max_examples=12, deadline=None, derandomize=True)
EACH = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.name)
OF_CLASS = {each: etree.XMLSchema(file=SCHEMAS / schema_path(each)) for each in EVENTS}

STAMP = Stamp(
    event_id="0190a7c4-7e1c-5b7a-9d0a-1c2d3e4f5a6b",
    occurred_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    effective_date=date(2026, 11, 19),
    correlation_id=None,
    causation_id="M-1",
    causation_sender="erp",
    actor_party="ENTERPRISE",
    actor_role="erp",
)
MOVED = Stamped(
    InvoiceLineStatusChanged(
        invoice=InvoiceKey("ENTERPRISE", "INV-7"),
        line_no="1",
        axis=Side.ENTERPRISE,
        old=Status.NEW,
        new=Status.RECEIVED,
        role="system",
        acting_for=None,
        reason="settled",
    ),
    "ENTERPRISE/INV-7",
    3,
)


def carried(value: str) -> str:
    """Text as XML 1.0 can carry it."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", value)


def as_read(name, value):
    """The elements, as (name, attributes, content), that a field is expected to become."""
    if value is None:
        return []
    if isinstance(value, tuple) and not isinstance(value, Money | InvoiceKey):
        return [element for item in value for element in as_read(name, item)]
    attributes, content = {}, value
    if isinstance(value, Money):
        attributes, content = {"currency": value.currency}, decimal_text(*value)
    elif isinstance(value, InvoiceKey):
        attributes, content = {"issuer": carried(value.issuer)}, carried(value.number)
    elif is_dataclass(value):
        content = children(value)
    elif isinstance(value, str):
        content = carried(value)
    elif isinstance(value, bool):
        content = str(value).lower()
    elif isinstance(value, datetime):
        content = value.isoformat().replace("+00:00", "Z")
    else:
        content = str(value)
    return [(element_name(name), attributes, content)]


def children(block):
    """The elements that the fields of a dataclass are expected to become."""
    return [
        element
        for each in fields(block)
        for element in as_read(each.name, getattr(block, each.name))
    ]


def read(element):
    """An element as (name, attributes, content)."""
    content = [read(each) for each in element] if len(element) else element.text or ""
    return (etree.QName(element).localname, dict(element.attrib), content)


@EACH
@settings(FEW)
@given(data=st.data(), stamp=stamps())
def test_what_the_rules_say_fits_the_schema_of_its_class(kind, data, stamp):
    """Whatever a rule may put into an event, the document is valid."""
    event = data.draw(stamped(kind))
    schema = OF_CLASS[kind]

    valid = schema.validate(parse(render(event, stamp)))

    assert valid, schema.error_log


@EACH
@settings(FEW)
@given(data=st.data(), stamp=stamps())
def test_everything_said_comes_out_of_a_parser_as_it_went_in(kind, data, stamp):
    """Markup, quotes, line ends, controls and half characters in any field change nothing else."""
    event = data.draw(stamped(kind, wild=True))

    root = parse(render(event, stamp))

    assert etree.QName(root).namespace == NAMESPACE
    assert etree.QName(root).localname == kind.__name__
    assert [read(each) for each in root][1:] == children(event.event)


@settings(FEW)
@given(stamped(MessageRejected), stamps())
def test_the_head_says_what_the_stamp_says(event, stamp):
    """Each value of the head stands under its name, and what is not known has no element."""
    _, _, elements = read(parse(render(event, stamp))[0])
    head = {name: content for name, _, content in elements}
    actor = {name: content for name, _, content in head.pop("Actor", [])}

    assert head | actor == {
        name: carried(str(value))
        for name, value in {
            "EventId": stamp.event_id,
            "Name": event.event.name,
            "OccurredAt": stamp.occurred_at.isoformat().replace("+00:00", "Z"),
            "EffectiveDate": stamp.effective_date.isoformat(),
            "AggregateType": event.event.aggregate,
            "AggregateId": event.aggregate_id,
            "AggregateVersion": event.version,
            "CorrelationId": stamp.correlation_id,
            "CausationId": stamp.causation_id,
            "CausationSender": stamp.causation_sender,
            "Party": stamp.actor_party,
            "Role": stamp.actor_role,
            "ActingFor": stamp.acting_for,
        }.items()
        if value is not None
    }


def test_a_document_to_look_at():
    """One whole document: a StrEnum reads as its value, None leaves no element."""
    assert render(MOVED, STAMP).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<InvoiceLineStatusChanged xmlns="urn:invoice-gateway:1"><Event>'
        "<EventId>0190a7c4-7e1c-5b7a-9d0a-1c2d3e4f5a6b</EventId>"
        "<Name>invoice.line-status-changed</Name><OccurredAt>2026-11-20T09:30:00Z</OccurredAt>"
        "<EffectiveDate>2026-11-19</EffectiveDate><AggregateType>invoice</AggregateType>"
        "<AggregateId>ENTERPRISE/INV-7</AggregateId><AggregateVersion>3</AggregateVersion>"
        "<CausationId>M-1</CausationId><CausationSender>erp</CausationSender>"
        "<Actor><Party>ENTERPRISE</Party><Role>erp</Role></Actor></Event>"
        '<Invoice issuer="ENTERPRISE">INV-7</Invoice><LineNo>1</LineNo><Axis>enterprise</Axis>'
        "<Old>New</Old><New>Payment Received</New><Role>system</Role><Reason>settled</Reason>"
        "</InvoiceLineStatusChanged>"
    )


def test_a_tuple_becomes_one_element_per_item():
    """The element has the name of the field; an empty tuple leaves none."""
    posted = AllocationPosted(
        allocation_id="ACME/payment/P-1#1",
        customer="ACME",
        source_type="payment",
        source_reference="P-1",
        invoice=InvoiceKey("ENTERPRISE", "INV-7"),
        amount=Money(-300, "EUR"),
        mode="auto",
        part=(PartBlock("1", Money(1, "JPY")), PartBlock("2", Money(-2, "BHD"))),
    )

    document = render(Stamped(posted, "ACME/payment/P-1#1", 1), STAMP).decode()

    assert (
        '<Amount currency="EUR">-3.00</Amount><Mode>auto</Mode>'
        '<Part><LineNo>1</LineNo><Amount currency="JPY">1</Amount></Part>'
        '<Part><LineNo>2</LineNo><Amount currency="BHD">-0.002</Amount></Part></AllocationPosted>'
    ) in document


@pytest.mark.parametrize("minor", [0, 1, 99, 100, 12345, 2**63 - 1, -1, -100])
def test_amounts_read_the_same_the_first_time_and_after(minor):
    """Currencies with two decimals take a shorter way once they are known; it leads to the same."""
    left = PaymentUnallocated(
        payer="ACME",
        payment_id="P-1",
        remaining=Money(minor, "CHF"),
        held=Money(minor, "CHF"),
        waits_for=(),
    )
    amount = f'currency="CHF">{decimal_text(minor, "CHF")}<'

    for _ in range(2):
        assert render(Stamped(left, "P-1", 1), STAMP).decode().count(amount) == 2


def test_a_moment_in_another_zone_is_written_in_utc():
    """What is written is the same moment, with a Z."""
    east = timezone(timedelta(hours=2))
    stamp = Stamp(
        event_id="1",
        occurred_at=datetime(2026, 11, 20, 1, 30, 0, 250, tzinfo=east),
        effective_date=date(2026, 11, 19),
        correlation_id=None,
        causation_id=None,
        causation_sender=None,
        actor_party=None,
        actor_role=None,
    )

    assert b"<OccurredAt>2026-11-19T23:30:00.000250Z</OccurredAt>" in render(MOVED, stamp)


def test_a_currency_nobody_knows_is_an_error():
    """An event never carries a code that is not in ISO 4217, however it is written."""
    left = PaymentUnallocated(
        payer="ACME",
        payment_id="P-1",
        remaining=Money(1, 'X">'),
        held=Money(0, "EUR"),
        waits_for=(),
    )

    with pytest.raises(UnknownCurrency):
        render(Stamped(left, "P-1", 1), STAMP)


@settings(FEW)
@given(anything)
@example("é" * 400)
@example("\ud800")
def test_cloud_events_attributes_are_short_ascii(aggregate_id):
    """Every header is printable ASCII of at most 256 bytes, whatever a message calls itself."""
    event = MessageRejected(
        sender=None,
        message_id=None,
        message_type=None,
        code="xml-malformed",
        text="no",
        finding=(),
        business_key=(),
        dead_letter="d",
    )

    headers = cloud_events(Stamped(event, aggregate_id, 1), STAMP, "/invoice-gateway/ENTERPRISE")

    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert all(len(value) <= 256 for value in headers.values())


def test_cloud_events_attributes_to_look_at():
    """The attributes of CloudEvents 1.0 with the prefix of its AMQP binding."""
    assert cloud_events(MOVED, STAMP, "/invoice-gateway/ENTERPRISE") == {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": "0190a7c4-7e1c-5b7a-9d0a-1c2d3e4f5a6b",
        "cloudEvents_source": "/invoice-gateway/ENTERPRISE",
        "cloudEvents_type": "invoice.line-status-changed",
        "cloudEvents_subject": "ENTERPRISE/INV-7",
        "cloudEvents_time": "2026-11-20T09:30:00Z",
        "cloudEvents_dataschema": "urn:invoice-gateway:1:events/invoice_line_status_changed.xsd",
    }


@settings(FEW)
@given(st.lists(st.text("é", min_size=40, max_size=400), min_size=2, max_size=2, unique=True))
def test_long_ids_that_differ_have_subjects_that_differ(ids):
    """Cutting a subject never makes two things look like one."""
    first, second = (
        cloud_events(Stamped(MOVED.event, each, 1), STAMP, "/x")["cloudEvents_subject"]
        for each in ids
    )

    assert first != second
