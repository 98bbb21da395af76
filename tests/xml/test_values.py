"""Attacks at the level of values, on the gateway's own messages."""

from datetime import date

import pytest

from invoice_gateway.model.money import Money
from tests.xml.native import document, fixture, verdict

PAYMENT = "payment_posted/transfer"


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("70.00", 7000),
        ("+70", 7000),
        ("-0", 0),
        ("-0.00", 0),
        (".5", 50),
        ("7.", 700),
        ("000070.0000", 7000),
        ("0" * 20_000 + "70", 7000),
        (" \n\t70.00\r\n ", 7000),
        ("&#55;&#48;", 7000),
        ("7<!-- 1 -->0<?x 2?>.00", 7000),
        ("<![CDATA[70]]>.<![CDATA[00]]>", 7000),
    ],
)
def test_every_form_of_a_decimal_is_read_as_the_schema_reads_it(written, minor):
    """What was judged and what is booked are the same number."""
    assert document(PAYMENT, (">70.00<", f">{written}<")).money("Amount") == Money(minor, "EUR")


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "7e1",
        "7E1",
        "INF",
        "Infinity",
        "NaN",
        "7_0",
        "7 0",
        "7,00",
        "--7",
        "0x7",
        "\uff17\uff10",
        "\u0667",
        "\u00a070",
        "\u221270",
        "7\u200b0",
        "70.00001",
        "100000000000000",
        "-100000000000000",
        "9" * 10_000,
        "&lt;b/&gt;",
    ],
)
def test_no_other_form_is_a_number(written):
    """Python's Decimal would take half of these."""
    assert verdict(fixture(PAYMENT, (">70.00<", f">{written}<"))) == "xsd-invalid"


@pytest.mark.parametrize("written", ["eur", "EURO", "", "E R", "\uff25\uff35\uff32"])
def test_a_currency_is_three_capitals(written):
    """Anything else is no currency of any list."""
    assert verdict(fixture(PAYMENT, ('"EUR"', f'"{written}"'))) == "xsd-invalid"


@pytest.mark.parametrize(
    "written",
    [
        "12026-01-01",
        "-2026-01-01",
        "0001-01-01",
        "1899-12-31",
        "3000-01-01",
        "2026-02-29",
        "2026-11-20Z",
        "2026-11-20+14:00",
        "2026-11-20T00:00:00",
        "20261120",
        "2026-W47-5",
        "26-11-20",
        "\uff12026-11-20",
        "",
    ],
)
def test_a_day_is_one_of_the_calendar_without_zone(written):
    """XML Schema and Python know more kinds of dates; what both agree on is taken."""
    assert verdict(fixture(PAYMENT, (">2026-11-20<", f">{written}<"))) == "xsd-invalid"


@pytest.mark.parametrize("written", ["2024-02-29", "1900-01-01", "2999-12-31", " 2026-11-20\n"])
def test_days_at_the_edges_are_read(written):
    """Leap days, the ends of the range, and indented ones."""
    read = document(PAYMENT, (">2026-11-20<", f">{written}<")).day("ValueDate")

    assert read == date.fromisoformat(written.strip())


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20T09:30:00",
        "2026-11-20T09:30:00+00:00",
        "2026-11-20T24:00:00Z",
        "2026-11-20T09:60:00Z",
        "2026-11-20T09:30:60Z",
        "2026-11-20",
    ],
)
def test_a_moment_is_in_utc(written):
    """An offset or the lack of one would leave the order of messages open."""
    assert verdict(fixture(PAYMENT, ("2026-11-20T09:30:00Z", written))) == "xsd-invalid"


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "PAY\u200b-1",
        "PAY\u202e-1",
        "PAY\u2066-1",
        "PAY\ufeff-1",
        "PAY\u00ad-1",
        "PAY\u00a0-1",
        "PAY\u3164-1",
        "PAY\U000e0041-1",
        "PAY&#155;31m",
        "PAY&#x7F;",
        "P" * 65,
        "P" * 10_000,
    ],
)
def test_an_identifier_cannot_look_like_another(written):
    """No zero-width, bidirectional, control or fancy space characters; at most 64."""
    assert verdict(fixture(PAYMENT, (">PAY-2026-0001<", f">{written}<"))) == "xsd-invalid"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("PAY<!--x-->-1<?x?>-EVIL", "PAY-1-EVIL"),
        ("PAY-<![CDATA[1]]>", "PAY-1"),
        ("\n  PAY-1\t", "PAY-1"),
        ("PAY&#13;&#10;-1", "PAY -1"),
        ("P" * 64, "P" * 64),
        ("\U0001f600 \u00e9 \u65e5\u672c", "\U0001f600 \u00e9 \u65e5\u672c"),
        ("x'; DROP TABLE invoices; --", "x'; DROP TABLE invoices; --"),
    ],
)
def test_an_identifier_reads_as_the_schema_sees_it(written, read):
    """One text, white space collapsed: so an id means the same to everyone."""
    assert document(PAYMENT, (">PAY-2026-0001<", f">{written}<")).text("PaymentId") == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("'; DROP TABLE invoices; --", "'; DROP TABLE invoices; --"),
        ("a&#13;&#10;level=info user=admin", "a level=info user=admin"),
        ("a&#155;31m", "a\x9b31m"),
        ("ACME\u202egnp.exe", "ACME\u202egnp.exe"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("<![CDATA[<b>&amp;</b>]]>", "<b>&amp;</b>"),
        ("{{7*7}} ${x} %s {0}", "{{7*7}} ${x} %s {0}"),
        ("x" * 1000, "x" * 1000),
        ("x" + " " * 5000 + "y", "x y"),
    ],
)
def test_text_is_taken_as_it_is(written, read):
    """Text is for people: nothing in it is evaluated, and showing it safely is for who shows it."""
    invoice = document("invoice_posted/two-rates", (">November hosting<", f">{written}<"))

    assert invoice.text("Description") == read


def test_text_has_an_end():
    """A thousand and one characters are too many."""
    edit = (">November hosting<", f">{'x' * 1001}<")

    assert verdict(fixture("invoice_posted/two-rates", edit)) == "xsd-invalid"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_the_encoding_does_not_change_a_value(encoding):
    """The same message in other bytes is the same message."""
    text = fixture(PAYMENT, (">PAY-2026-0001<", ">P\u00e9-1<")).decode()
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')

    from_bytes = text.encode(encoding)

    assert verdict(from_bytes) == "ok"


def test_windows_1252_is_read_where_it_is_declared():
    """Old systems send it; the euro sign is where the two Latin encodings differ."""
    text = fixture("invoice_posted/two-rates", (">November hosting<", ">50 \u20ac<")).decode()
    body = text.replace('encoding="UTF-8"', 'encoding="windows-1252"').encode("cp1252")

    assert verdict(body) == "ok"


@pytest.mark.parametrize(
    "edit",
    [
        ("<Payer>", '<Payer xmlns="">'),
        ("<Payer>", '<Payer id="1">'),
        ("</Payer>", "</Payer><Payer>GLOBEX</Payer>"),
        ("</ValueDate>", '</ValueDate><i:include xmlns:i="http://www.w3.org/2001/XInclude"/>'),
        ("<Payer>ACME</Payer>", "<payer>ACME</payer>"),
        ("<Header>", '<Header xmlns:x="u:" x:signed="yes">'),
    ],
)
def test_nothing_can_be_slipped_in(edit):
    """No wildcard anywhere: every element and attribute is one of the schema's."""
    assert verdict(fixture(PAYMENT, edit)) == "xsd-invalid"


def test_schema_hints_are_ignored():
    """A hint is legal XML and says nothing."""
    hint = (
        '<PaymentPosted xmlns:x="http://www.w3.org/2001/XMLSchema-instance" '
        'x:schemaLocation="urn:invoice-gateway:1 http://127.0.0.1:9/evil.xsd" '
    )

    assert verdict(fixture(PAYMENT, ("<PaymentPosted ", hint))) == "ok"
