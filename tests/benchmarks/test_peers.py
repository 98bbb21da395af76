"""The peers are honest: they read what we read and tell what we tell."""

import re

import pytest
from lxml import etree

from benchmarks.generator import Mix, Stream
from benchmarks.harness.places import ROOT
from benchmarks.peers.codec import Codec, Rejected, issued
from benchmarks.peers.lean import LeanCodec

SCHEMA = ROOT / "schemas" / "events" / "invoice_issued.xsd"
OWN = re.compile(rb"<(EventId|OccurredAt)>[^<]*<")


@pytest.fixture(scope="module")
def invoices():
    """A few documents."""
    return [each.body for each in Stream(count=5)]


def events(invoices):
    """What both ways of reading make of each document."""
    ordinary, lean = Codec(), LeanCodec()
    return [(issued(ordinary.decode(body))[1], lean.read(body).event) for body in invoices]


def test_their_events_are_valid_ones_of_ours(invoices):
    """Against the schema that ours are held to."""
    schema = etree.XMLSchema(file=str(SCHEMA))

    for pair in events(invoices):
        for event in pair:
            schema.assertValid(etree.fromstring(event))


def test_both_ways_of_reading_tell_the_same(invoices):
    """Except for what is new each time."""
    for pair in events(invoices):
        ordinary, lean = (OWN.sub(b"", etree.tostring(etree.fromstring(each))) for each in pair)
        assert ordinary == lean


def test_their_events_are_as_large_as_ours(invoices):
    """Ten lines make about three thousand bytes."""
    for pair in events(invoices):
        assert all(2_700 < len(event) < 3_200 for event in pair)


def test_they_refuse_what_the_schema_refuses():
    """Both kinds of spoilt documents, and a DOCTYPE."""
    spoilt = [each.body for each in Stream(count=2, mix=Mix(invoices=0, invalid=1))]
    doctype = b"<!DOCTYPE InvoicePosted [<!ENTITY a 'x'>]>" + next(iter(Stream(count=1))).body

    for body in [*spoilt, doctype]:
        for read in (Codec().decode, LeanCodec().read):
            with pytest.raises(Rejected):
                read(body)
