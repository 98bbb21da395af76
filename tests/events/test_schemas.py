"""The schemas of the events: one per class, and the same words in them as in the code."""

from pathlib import Path

import pytest
from lxml import etree

from invoice_gateway.model import invoice, ledger, order
from invoice_gateway.model.decision import Role
from invoice_gateway.model.errors import Code
from invoice_gateway.model.events import EVENTS
from invoice_gateway.model.exposure import Hold
from invoice_gateway.model.status import CUSTOMER, ENTERPRISE, Side
from invoice_gateway.xml.render import schema_path

from .samples import DEBITS, ENTRIES, MEANS, METHODS, OUTCOMES, SHIPS, STAGES

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
XS = {"xs": "http://www.w3.org/2001/XMLSchema"}

WORDS = {
    "EventName": {each.name for each in EVENTS},
    "AggregateType": {each.aggregate for each in EVENTS},
    "Role": set(Role),
    "Side": set(Side),
    "CustomerStatus": set(CUSTOMER),
    "EnterpriseStatus": set(ENTERPRISE),
    "InvoiceStatus": set(invoice.InvoiceStatus),
    "SettlementState": set(invoice.Settlement),
    "Confirmation": set(invoice.Confirmation),
    "ClosureReason": set(invoice.Closure),
    "InvoiceKind": set(invoice.InvoiceKind),
    "Lifecycle": set(invoice.Lifecycle),
    "EntryType": ENTRIES,
    "DocType": set(ledger.DocType),
    "CreditOrigin": set(ledger.Origin) - {ledger.Origin.PAYMENT},
    "Mode": set(ledger.Mode),
    "Outcome": OUTCOMES,
    "PaymentMethod": METHODS,
    "Code": set(Code),
    "PayingMethod": set(order.Method),
    "OrderStatus": set(order.OrderStatus),
    "HoldReason": set(Hold),
    "Fulfilment": SHIPS,
    "Means": MEANS,
    "ProvisionStage": STAGES,
    "DebitPurpose": DEBITS,
}


def enumerations(path):
    """The words of each enumeration in a schema, by type."""
    types = etree.parse(path).iterfind("xs:simpleType", XS)
    found = {
        each.get("name"): {word.get("value") for word in each.iterfind(".//xs:enumeration", XS)}
        for each in types
    }
    return {name: words for name, words in found.items() if words}


def test_every_event_has_a_schema_and_every_schema_an_event():
    """`events/` holds one schema per class, and what they share."""
    there = {f"events/{path.name}" for path in (SCHEMAS / "events").iterdir()}

    assert there == {*map(schema_path, EVENTS), "events/common-events.xsd"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: each.name)
def test_a_schema_declares_the_element_of_its_class_and_no_other(event):
    """A document with another root is never valid."""
    root = etree.parse(SCHEMAS / schema_path(event)).getroot()

    declared = [each.get("name") for each in root.iterfind("xs:element", XS)]

    assert declared == [event.__name__]


def test_words_in_the_schemas_are_the_words_of_the_code():
    """A word added on one side only is found here."""
    assert enumerations(SCHEMAS / "events/common-events.xsd") == {
        name: {str(word) for word in words} for name, words in WORDS.items()
    }


def test_what_messages_and_events_both_say_has_one_list_of_words():
    """Kinds of sources and of payment are the same on the way in and on the way out."""
    assert enumerations(SCHEMAS / "common.xsd")["SourceType"] == set(ledger.SourceType)
    assert enumerations(SCHEMAS / "payment_posted.xsd")["PaymentMethod"] == METHODS
    by_card = {order.Method.CREDIT_CARD, order.Method.REQUEST}
    assert enumerations(SCHEMAS / "common.xsd")["OrderMethod"] == set(order.Method) - by_card
    assert enumerations(SCHEMAS / "order_placed.xsd")["Category"] == set(order.Category)


@pytest.mark.parametrize(
    "path", sorted((SCHEMAS / "events").glob("*.xsd")), ids=lambda path: path.stem
)
def test_everything_in_a_schema_is_explained(path):
    """Each type, element, attribute and word has its sentence."""
    named = etree.parse(path).iterfind(".//*[@name]")
    words = etree.parse(path).iterfind(".//xs:enumeration", XS)

    mute = [
        each.get("name") or each.get("value")
        for each in [*named, *words]
        if not "".join(each.itertext("{*}documentation")).strip()
        or each.find("xs:annotation/xs:documentation", XS) is None
    ]

    assert mute == []
