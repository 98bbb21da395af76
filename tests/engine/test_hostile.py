"""Messages that are hard to file: names and ids that fit into no index and no XML document."""

import random

import pytest

from invoice_gateway.engine.ports import Delivery, Outcome
from invoice_gateway.store import upgrade
from tests.engine_harness import opened

RANDOM = random.Random(7)


def noise(length):
    """Return letters that no compression makes shorter than an index takes."""
    return "".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", k=length))


def nested(depth, body=""):
    """Return elements with long names, one in the other."""
    names = [noise(80) for _ in range(depth)]
    return "".join(f"<{name}>" for name in names) + body + "".join(f"</{n}>" for n in names[::-1])


INVOICE = '<InvoicePosted xmlns="urn:invoice-gateway:1">{}</InvoicePosted>'
BODIES = {
    "long root": f"<{noise(40_000)}/>",
    "long root in our namespace": f'<{(name := noise(40_000))} xmlns="urn:invoice-gateway:1"/>',
    "long element": INVOICE.format(f"<{noise(40_000)}/>"),
    "deep path": INVOICE.format(nested(60)),
    "long message id": INVOICE.format(f"<Header><MessageId>{noise(9_000)}</MessageId></Header>"),
    "long sender": INVOICE.format(f"<Header><Sender>{noise(9_000)}</Sender></Header>"),
    "long number": INVOICE.format(f"<Number>{noise(9_000)}</Number>"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_no_index_takes_is_filed_all_the_same(database_url, body):
    """Given names of any length, then the message is a dead letter, whatever the database."""
    upgrade(database_url)
    with opened(database_url, trust_header_sender=True) as engine:
        delivery = Delivery(
            body=body.encode(), sender=None, message_id=None, type=None, content_type=None
        )
        [verdict] = engine.pipeline.process([delivery]).verdicts

        assert verdict.outcome is Outcome.REJECTED
        assert engine.store.counts().dead == 1


def test_properties_that_no_document_can_carry_are_reported(database_url):
    """Given control characters in the properties of a message, then its sender is told anyway."""
    upgrade(database_url)
    with opened(database_url) as engine:
        delivery = Delivery(
            body=b"no XML",
            sender="\x03erp\x1b[2J",
            message_id=f"\x01{noise(200)}",
            type="\x02" * 200,
            content_type=None,
            headers={"traceparent": "\x04"},
        )
        [verdict] = engine.pipeline.process([delivery]).verdicts

        assert verdict.outcome is Outcome.REJECTED
