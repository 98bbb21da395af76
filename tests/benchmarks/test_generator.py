"""The generator: the same seed gives the same bytes, and every message is what it says."""

from collections import Counter
from itertools import islice

import pytest
from lxml import etree

from benchmarks.generator import INVOICES, MIXED, Mix, Stream, accounts
from benchmarks.harness.places import ROOT
from invoice_gateway.handler import snake_case

EVERYTHING = Mix(invoices=40, payments=20, notices=15, disputes=10, memos=10, invalid=5)


def valid(message):
    """Whether the schema of its type accepts a message."""
    schema = etree.XMLSchema(file=str(ROOT / "schemas" / f"{snake_case(message.type)}.xsd"))
    try:
        return schema.validate(etree.fromstring(message.body))
    except etree.XMLSyntaxError:
        return False


def test_the_same_seed_gives_the_same_bytes():
    """Also when the stream is iterated over twice, and never for another seed."""
    stream = Stream(count=50, mix=EVERYTHING, distance=5)

    assert list(stream) == list(stream) == list(Stream(count=50, mix=EVERYTHING, distance=5))
    assert list(stream) != list(Stream(count=50, mix=EVERYTHING, distance=5, seed=2))


def test_every_kind_is_valid_unless_it_says_otherwise():
    """What is spoilt is spoilt in both ways: against the schema, and not even XML."""
    messages = list(Stream(count=400, mix=EVERYTHING, distance=5, lines=3))
    messages += list(accounts(2))

    assert {each.type for each in messages} == {
        "CreditNotePosted",
        "CustomerAccount",
        "DisputeNotice",
        "InvoicePosted",
        "MemoPosted",
        "PaymentNotice",
        "PaymentPosted",
    }
    one_of_each = {(each.type, each.valid): each for each in messages}.values()
    assert [valid(each) for each in one_of_each] == [each.valid for each in one_of_each]
    spoilt = [each.body for each in messages if not each.valid]
    assert len({body.endswith(b"</InvoicePosted>") for body in spoilt}) == 2


def test_a_reference_is_to_an_invoice_sent_long_before():
    """So nothing has to wait for what is still on its way, and nothing is paid twice."""
    distance = 30
    messages = list(Stream(count=300, mix=MIXED, distance=distance))
    sent = {}
    named = Counter()
    for at, message in enumerate(messages):
        root = etree.fromstring(message.body)
        if message.type == "InvoicePosted":
            sent[root.findtext("{*}Number")] = at
            continue
        texts = {each.text for each in root.iter() if each.text in sent}
        named.update(texts)
        assert all(at - sent[number] >= distance for number in texts)
        assert texts or message.type == "CreditNotePosted"
    assert max(named.values()) == 1


def test_shares_are_as_asked_for():
    """Once there is something to refer to."""
    counted = Counter(each.type for each in islice(Stream(count=6_000, mix=MIXED), 4_000, None))

    assert counted["InvoicePosted"] == pytest.approx(1_000, rel=0.15)
    assert counted["PaymentPosted"] == pytest.approx(600, rel=0.15)


def test_streams_with_other_starts_have_nothing_in_common():
    """So several may go to one database."""
    first, second = (
        {each.id for each in Stream(count=20, mix=INVOICES, start=start)} for start in (0, 20)
    )

    assert not first & second
