"""Understanding: step by step for many, and for each the same as by itself."""

from dataclasses import replace

import pytest

from invoice_gateway.engine.intake import PORTION, portions
from invoice_gateway.engine.ports import Delivery
from tests import messages
from tests.engine_harness import app


def delivery(body, message_id=None):
    """Return `body` as the ERP sends it."""
    return Delivery(body=body, sender="erp", message_id=message_id, type=None, content_type=None)


def odd_ones():
    """Return deliveries that fail at each of the steps, among some that do not."""
    account = messages.customer_account("ALPHA", message_id="m-1")
    invoice = messages.invoice_posted("INV-1", customer="ALPHA", message_id="m-2")
    return [
        delivery(account, "m-1"),
        delivery(b"no XML"),
        delivery(b"<a/>"),
        delivery(invoice, "m-2"),
        delivery(invoice.replace(b"<Currency>EUR", b"<Currency>euro"), "m-2"),
        delivery(invoice.replace(b"<Currency>EUR", b"<Currency>XXX"), "m-2"),
        delivery(invoice, "m-3"),  # the envelope says something else
        delivery(account, "m-1"),
    ]


def told(incoming):
    """Return what was understood, without what is made anew each time."""
    refusal = incoming.refusal and (incoming.refusal.code, str(incoming.refusal))
    known = {
        name: getattr(incoming, name)
        for name in ("sender", "message_id", "type", "hash", "content_hash", "header", "message")
    }
    return known | {"refusal": refusal, "bug": incoming.bug, "keys": incoming.business_keys}


@pytest.mark.parametrize("copies", [1, PORTION])
def test_many_say_what_each_says_by_itself(copies):
    """In order; what one of them lacks stops none of the others."""
    intake = app().intake
    deliveries = odd_ones() * copies
    calls = []

    found = intake.understand_all(deliveries, lambda: calls.append(None))

    assert [each.delivery for each in found] == deliveries
    alone = [told(intake.understand(each)) for each in odd_ones()]
    assert [*map(told, found)] == alone * copies
    assert [each["refusal"] and each["refusal"][0] for each in alone] == [
        None,
        "xml-malformed",
        "xml-unknown-root",
        None,
        "xsd-invalid",
        "unknown-currency",
        "envelope-mismatch",
        None,
    ]
    assert len(calls) >= copies


def test_a_bug_in_a_handler_stops_none_of_its_neighbours():
    """It is named by where it was met."""
    intake = app().intake

    def read(document):
        raise ZeroDivisionError(document.text("Party"))

    broken = replace(intake.handlers["CustomerAccount"], read=read)
    intake = replace(intake, handlers={**intake.handlers, "CustomerAccount": broken})
    bug, fine = intake.understand_all([odd_ones()[0], odd_ones()[3]])

    assert bug.bug.startswith("ZeroDivisionError@")
    assert bug.message_id == "m-1"
    assert fine.message.key.number == "INV-1"


def test_portions_are_bounded_in_number_and_in_bytes():
    """A large one comes alone; nothing is left out and nothing changes its place."""
    sizes = [1, 1, 1, 1, 5, 100, 5, 5, 1]
    deliveries = [delivery(b"x" * size) for size in sizes]

    found = [[len(each.body) for each in portion] for portion in portions(deliveries, 3, 10)]

    assert found == [[1, 1, 1], [1, 5], [100], [5, 5], [1]]
    assert [*portions([], 3, 10)] == []
