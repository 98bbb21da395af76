"""Forms: what is read without a parser is what parser and schema would have said of it."""

import random
import re
from functools import cache

import pytest
from lxml import etree

from invoice_gateway.app import assemble
from invoice_gateway.model.errors import Rejected
from invoice_gateway.settings import Settings
from invoice_gateway.xml import forms as module
from invoice_gateway.xml.canonical import canonical
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.forms import ALIKE_MAX, FORMS_MAX, LEARN_AFTER, LEAVES_MAX, Forms
from invoice_gateway.xml.safe import Limits, parse
from tests.xml.native import VALID, schemas

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
ENTERPRISE = "ENTERPRISE"
LEAF = re.compile(r"(?<=>)[^<>]+(?=</)")
SAID = (
    "|x| |x | x|a b|a  b|a\tb|a\nb|a\rb|a&#13;b|\u00a0|\u00e9|\u200b|\u0661\u0662|\ufffe|\x7f|\x85"
    '|\u2028|\U0001f600|\ue000|\x01|&amp;|&lt;|&#49;|&|<b/>|]]>|>|"|\'|5" x|<!-- -->1|<![CDATA[1]]>'
    "|1|0|-1|+1|-0|00|01|1.|.5|1.5|1.50|1e5|NaN|INF|1_000|1,5|0.0000|0.00000|0.0000001|99.9999|100"
    "|101|3650|3651|-5.25|12345678901.1234|EUR|eur|XXX|JPY|S|AE|A|SS|true|false|TRUE|yes|Z|open"
    "|withdraw|payment|a/b|2026-11-20|2026-02-28|2026-02-29|2024-02-29|2026-02-30|2026-04-31"
    "|2026-13-01|2026-00-10|2026-01-00|1899-12-31|1900-01-01|2999-12-31|3000-01-01|2026-11-20Z"
    "|2026-11-20T10:00:00Z|2026-11-20T24:00:00Z|2026-11-20T10:00:60Z|2026-11-20T10:00:00.123456Z"
    "|2026-11-20T10:00:00.1234567891Z|2026-11-20T10:00:00|2026-02-30T10:00:00Z"
    "|2026-11-20T10:00:00+01:00"
)
ODD = [
    *SAID.split("|"),
    *("9" * n for n in (11, 14, 15, 18, 19)),
    *("x" * n for n in (20, 21, 64, 65, 400, 401, 1000, 1001)),
    *("0" * 30, "1" * 400),
]
"""Texts of all kinds: of some type here, of none, or of one that must be read with care."""


@cache
def app():
    """What reads messages."""
    return assemble(Settings(bus_url="folder:unused"))


def examined(body):
    """What parser and schema say: (hashes, message or refusal, None), or None if it is refused."""
    try:
        root = parse(body)
        document = Document(root, ENTERPRISE)
        schemas().check(root, document.rows)
        return canonical(root), read(document)
    except Rejected:
        return None


def read(document):
    """What a handler makes of a document: its message, or the refusal word for word."""
    header = {name: document.maybe(f"Header/{name}") for name in ("MessageId", "Sender", "SentAt")}
    try:
        return header, document.name, app().handlers[document.name].read(document)
    except Rejected as refused:
        return header, document.name, (refused.code, refused.message, refused.findings)


def taught(body, **limits):
    """Forms that have seen documents like `body` often enough, and no other."""
    forms = Forms(schemas(), Limits(**limits), ENTERPRISE)
    teach(forms, body)
    return forms


def teach(forms, body, times=LEARN_AFTER):
    """Let forms see a valid document so many times."""
    for _ in range(times):
        root = parse(body)
        document = Document(root, ENTERPRISE)
        schemas().check(root, document.rows)
        forms.learn(root, document, body)


def written(path):
    """An example without its remarks, as a program would write it."""
    return etree.tostring(parse(path.read_bytes()))


def changed(body, chance):
    """The same with one to three texts replaced, by odd ones or by each other."""
    text = body.decode()
    for _ in range(chance.randint(1, 3)):
        found = [*LEAF.finditer(text)]
        at = chance.choice(found)
        new = chance.choice(ODD) if chance.random() < 0.8 else chance.choice(found)[0]
        text = text[: at.start()] + new + text[at.end() :]
    return text.encode("utf-8", "surrogatepass")


def invoice(*edits):
    """A written invoice of two lines, edited."""
    text = written(next(path for path in VALID if path.stem == "one-line")).decode()
    [line] = re.findall(r"<Line>.*?</Line>", text, re.DOTALL)
    text = text.replace(line, line + line.replace("<LineNo>1<", "<LineNo>2<"))
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


FORMLESS = {"exchange_rates", "fulfilment_reported"}
"""Messages without forms: two texts together, or texts of different rows, must be unique there."""


@pytest.mark.parametrize("path", VALID, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_has_a_form_and_reads_the_same_in_it(path):
    """With or without a declaration and a line break behind it."""
    body = written(path)
    forms = taught(body)

    formless = path.parent.name in FORMLESS
    if formless or b'" ' in body or b"/>" in body:  # its canonical form is not how it is written
        assert forms.read(body) is None
        return
    for sent in (body, DECLARATION + body + b"\n"):
        known = forms.read(sent)
        assert known is not None
        assert ((known.hash, known.content_hash), read(known.document)) == examined(body)


@pytest.mark.parametrize("path", VALID, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_whatever_texts_say_a_form_never_takes_what_the_schema_refuses(path):
    """And what it takes reads the same: hashes, values, refusals with line and path."""
    body = written(path)
    forms = taught(body)
    chance = random.Random(f"{path.name}")
    for _ in range(150):
        other = chance.choice([b"", DECLARATION]) + changed(body, chance)
        known = forms.read(other)
        if known is not None:
            said = (known.hash, known.content_hash), read(known.document)
            assert said == examined(other), other


def test_a_form_takes_nearly_all_that_differs_in_its_texts_alone():
    """So the tests above have something to compare."""
    forms = taught(invoice())
    names = ["INV-2", "R 7/b", 'a "b"']
    for name in names:
        assert forms.read(
            invoice((">1</LineNo>", ">A.1</LineNo>"), ("<Number>", f"<Number>{name}"))
        )
    assert forms.read(invoice(("<Description>", "<Description>Gro\u00dfe M\u00f6bel, \u20ac 5 ")))


@pytest.mark.parametrize(
    "edit",
    [
        (">2</LineNo>", ">1</LineNo>"),  # unique
        ("<TaxRate>0<", "<TaxRate>20<"),  # refers to a tax
        (">1</LineNo>", ">1</LineNo><LineNo>1</LineNo>"),
        (">1</LineNo>", "></LineNo>"),
        (">1</LineNo>", ">1</LineNo >"),
        (">1</LineNo>", "><!-- -->1</LineNo>"),
        ("<Lines>", "<Lines>text"),
        ("<Lines>", "\r<Lines>"),
        ("<SchemaVersion>1<", "<SchemaVersion>2<"),
        ("<InvoicePosted ", "<!DOCTYPE x><InvoicePosted "),
        ("</InvoicePosted>", "</InvoicePosted><x/>"),
    ],
)
def test_what_differs_in_more_is_left_to_the_parser(edit):
    """Structure, identity, version, and everything that is not an element or a text."""
    assert taught(invoice()).read(invoice(edit)) is None


def test_rows_of_a_part_are_unique_too():
    """A constraint of an element within the message."""
    body = written(next(path for path in VALID if path.stem == "open-two-lines"))
    first, second = re.findall(rb"<LineNo>(.*?)</LineNo>", body)
    forms = taught(body)

    assert forms.read(body)
    twice = body.replace(b"<LineNo>" + second, b"<LineNo>" + first)
    assert forms.read(twice) is None
    assert examined(twice) is None


def test_only_the_declaration_of_utf8_is_passed_over():
    """Any other changes what the bytes mean."""
    forms = taught(invoice())

    assert forms.read(b'<?xml version="1.0"?>' + invoice())
    for declaration in (
        b'<?xml version="1.1"?>',
        b'<?xml version="1.0" encoding="latin-1"?>',
        b"\xef\xbb\xbf",
        b"<?x y?>",
        b"<!-- -->",
    ):
        assert forms.read(declaration + invoice()) is None
    assert forms.read(invoice(("<Description>", "<Description>M")).replace(b">M", b">\xfc")) is None


def test_it_is_learned_late_and_not_from_the_rare():
    """What comes seldom is not worth compiling."""
    forms = Forms(schemas(), Limits(), ENTERPRISE)
    teach(forms, invoice(), LEARN_AFTER - 1)

    assert forms.read(invoice()) is None
    teach(forms, invoice(), 1)
    assert forms.read(invoice())


def test_a_large_form_is_not_learned():
    """It would take long to compile."""
    text = invoice().decode()
    [line, _] = re.findall(r"<Line>.*?</Line>", text, re.DOTALL)
    many = "".join(line.replace(">1<", f">{at + 10}<", 1) for at in range(LEAVES_MAX // 6))
    body = text.replace("<Lines>", f"<Lines>{many}").encode()
    root = parse(body)
    forms = Forms(schemas(), Limits(), ENTERPRISE)
    for _ in range(LEARN_AFTER):
        forms.learn(root, Document(root, ENTERPRISE), body)

    assert forms.read(body) is None


def test_the_limit_of_bytes_holds():
    """As in the parser."""
    body = invoice()

    assert taught(body, max_bytes=len(body)).read(body)
    assert taught(body, max_bytes=len(body) - 1).read(body) is None


def test_forms_that_are_as_long_are_told_apart_and_are_not_kept_without_end(monkeypatch):
    """The latest few with as many tags; all are forgotten when there are too many."""
    optional = ["DueDate", "OrderReference", "PaymentReference", "PrecedingInvoice"]
    plain = re.sub(rf"<({'|'.join(optional)})>.*?</\1>\s*", "", invoice().decode())
    added = [
        ("</IssueDate>", f"<{name}>{'2026-12-01' if name == 'DueDate' else 'x'}</{name}>")
        for name in optional
    ]
    added.append(("</Number>", f"<Issuer>{ENTERPRISE}</Issuer>"))
    bodies = [plain.replace(after, after + more, 1) for after, more in added]
    forms = Forms(schemas(), Limits(), ENTERPRISE)
    for body in bodies:
        teach(forms, body.encode())

    assert [forms.read(body.encode()) is not None for body in bodies] == [False] + [
        True
    ] * ALIKE_MAX
    monkeypatch.setattr(module, "FORMS_MAX", ALIKE_MAX)
    teach(forms, plain.encode())
    assert forms.read(plain.encode())
    assert not any(forms.read(body.encode()) for body in bodies)
    assert FORMS_MAX > ALIKE_MAX
