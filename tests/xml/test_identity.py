"""Identity constraints on columns: the same verdicts and words as libxml2 on the whole schema."""

import copy
import random
import re

import pytest
from lxml import etree

from invoice_gateway.model.errors import Rejected
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.identity import surely_hold
from invoice_gateway.xml.relax import relaxed
from invoice_gateway.xml.safe import parse
from invoice_gateway.xml.schemas import Schemas
from tests.xml.large import lines
from tests.xml.native import ROOT, VALID, fixture, schemas

FILES = [file for file in (ROOT / "schemas").glob("*.xsd") if file.name != "common.xsd"]
CONSTRAINED = [file.stem for file in FILES if "<xs:selector" in file.read_text(encoding="utf-8")]
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
CLOSE = {"LineNo", "Rate", "TaxRate", "Category", "TaxCategory", "Line", "Tax", "Taxes"}
PLAIN = [
    "fulfilment_reported",
    "invoice_posted",
    "memo_posted",
    "order_placed",
    "reversal_posted",
]
SOME = [path for path in VALID if path.parent.name in CONSTRAINED]


def said(root, rows=None, known=None):
    """What a document is refused with, or None."""
    try:
        (known or schemas()).check(root, rows)
    except Rejected as refused:
        return refused.code, refused.message, refused.findings
    return None


def both(body, known=None):
    """What the whole schema says of `body`, and what is said with columns; they are the same."""
    root = parse(body)
    whole = said(root, known=known)
    assert said(root, Document(root, "ENTERPRISE").rows, known) == whole
    return whole


def apart(name, body):
    """What the relaxed schema of a message alone, and its columns alone, say of `body`."""
    tree, keys = relaxed(ROOT / "schemas" / f"{name}.xsd")
    root = parse(body)
    return etree.XMLSchema(tree).validate(root), surely_hold(
        keys, Document(root, "ENTERPRISE").rows
    )


def two_lines(*edits):
    """An invoice of two lines with a charge, edited."""
    line = fixture("invoice_posted/one-line").decode()
    [first] = re.findall(r"<Line>.*?</Line>", line, re.DOTALL)
    second = first.replace("<LineNo>1<", "<LineNo>2<")
    charge = (
        "<AllowanceCharge><Kind>charge</Kind><Amount>1</Amount>"
        "<TaxCategory>O</TaxCategory><TaxRate>0</TaxRate></AllowanceCharge>"
    )
    [tax] = re.findall(r"<Tax>.*?</Tax>", line, re.DOTALL)
    text = line.replace(first, first + second).replace("</Lines>", f"</Lines>{charge}")
    text = text.replace(tax, tax + tax.replace("<Rate>0<", "<Rate>20<"))
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def test_what_is_taken_out():
    """Constraints of the message itself are; those of elements in it are left to libxml2."""
    taken = {file.stem: relaxed(file)[1] for file in FILES}

    assert sorted(name for name, keys in taken.items() if keys) == PLAIN
    assert [key.rows.path for key in taken["invoice_posted"]] == ["Lines/Line", "Taxes/Tax"]
    assert [each.path for each in taken["invoice_posted"][1].references] == [
        "Lines/Line",
        "AllowanceCharge",
    ]


@pytest.mark.parametrize("path", SOME, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_is_surely_valid(path):
    """Nobody writes so that the whole schema has to be asked."""
    assert apart(path.parent.name, path.read_bytes()) == (True, True)
    assert both(path.read_bytes()) is None


@pytest.mark.parametrize(
    "edits",
    [
        [("<LineNo>2<", "<LineNo>1<")],
        [("<LineNo>2<", "<LineNo> 1\n<")],
        [("<LineNo>2<", "<LineNo><![CDATA[1]]><")],
        [("<LineNo>2<", "<LineNo><!-- 2 -->1<")],
        [("<Rate>20<", "<Rate>0<")],
        [("<Rate>20<", "<Rate>0.00<")],
        [("<Rate>20<", "<Rate> +00.0 <")],
        [("<TaxRate>0<", "<TaxRate>20.5<")],
        [("<TaxRate>0</TaxRate></A", "<TaxRate>19</TaxRate></A")],
        [("<TaxCategory>O", "<TaxCategory>S")],
    ],
)
def test_columns_alone_find_what_the_relaxed_schema_misses(edits):
    """Twice the same number or rate, or a rate without tax: refused as libxml2 refuses it."""
    body = two_lines(*edits)

    assert apart("invoice_posted", body) == (True, False)
    assert both(body)[0] == "xsd-invalid"


@pytest.mark.parametrize("rate", ["20.00", "020", "+20", "20.", " 20 "])
def test_a_number_written_in_another_way_is_the_same(rate):
    """Valid, whoever had to be asked."""
    body = two_lines(
        ("<TaxRate>0<", f"<TaxRate>{rate}<"),
    )

    assert both(body) is None
    assert apart("invoice_posted", body) == (True, rate == " 20 ")


def test_a_memo_names_a_line_once():
    """The other message with a constraint of its own."""
    path = next(path for path in SOME if b"<Line>" in path.read_bytes() and "memo" in str(path))
    text = path.read_text(encoding="utf-8")
    [line, *_] = re.findall(r"<Line>.*?</Line>", text, re.DOTALL)
    body = text.replace(line, line + line, 1).encode()

    assert apart("memo_posted", body) == (True, False)
    assert both(body)[0] == "xsd-invalid"


def mutated(path, seed):
    """An example with one to three things changed in its tree."""
    chance = random.Random(f"{path.name} {seed}")
    root = parse(path.read_bytes())
    for _ in range(chance.randint(1, 3)):
        nodes = [each for each in root.iter("*") if each is not root]
        close = [each for each in nodes if etree.QName(each).localname in CLOSE]
        node = chance.choice(close if close and chance.random() < 0.9 else nodes)
        alike = chance.choice([each for each in nodes if each.tag == node.tag])
        chance.choice(CHANGES)(node, alike, chance)
    return etree.tostring(root)


def again(node, _, chance):
    """Put a copy before it, or dozens behind all others."""
    parent = node.getparent()
    parent.insert(parent.index(node), copy.deepcopy(node))
    for _ in range(chance.choice([0, 0, 0, 40])):
        parent.append(copy.deepcopy(node))


def gone(node, _, __):
    """Take it out."""
    node.getparent().remove(node)


def same(node, alike, _):
    """Let it say what another of its name says."""
    node.text = alike.text


def number(node, _, chance):
    """Let it say a number in some form, or nothing."""
    node.text = chance.choice(["20", "20.00", "020.0", "+20", ".0", "0", "-0", "", "1", "S"])


def spaced(node, _, __):
    """Put white space around what it says."""
    node.text = f"\n {node.text or ''}\t"


def remarked(node, _, __):
    """Put a comment into what it says."""
    remark = etree.Comment("x")
    node.text, remark.tail = (node.text or "")[:1], (node.text or "")[1:]
    node.insert(0, remark)


def marked(node, _, __):
    """Write what it says as a CDATA section."""
    node.text = etree.CDATA(node.text or "")


def strange(node, _, __):
    """Put an element of another namespace before it."""
    node.addprevious(etree.Element("{urn:other}LineNo"))


def nested(node, alike, _):
    """Put a look-alike into it."""
    node.append(copy.deepcopy(alike))


def typed(node, _, chance):
    """Say of which type it is, or that it is nothing."""
    types = ["LineNo", "LineRef", "Identifier", "InvoiceRef", "InvoiceLine", "Percent", "Amount"]
    node.set(f"{XSI}type", chance.choice(types))
    if chance.random() < 0.2:
        node.set(f"{XSI}nil", "true")


CHANGES = [again, gone, same, same, number, spaced, remarked, marked, strange, nested, typed]


@pytest.mark.parametrize("name", CONSTRAINED)
def test_whatever_is_changed_the_verdict_is_that_of_the_whole_schema(name):
    """Word for word, on hundreds of documents of which some are valid and some are not."""
    those = [path for path in SOME if path.parent.name == name]
    verdicts = {both(mutated(path, seed)) is None for path in those for seed in range(60)}

    assert verdicts == {True, False}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda line, _: line, None),
        (lambda line, n: line.replace(f"<LineNo>{n}<", f"<LineNo>{n % 2999}<"), "xsd-invalid"),
        (lambda line, n: line.replace("<TaxRate>0", f"<TaxRate>{n // 2999}"), "xsd-invalid"),
    ],
)
def test_thousands_of_lines(change, code):
    """The last line is compared with the first."""
    root = parse(lines(3000, change))
    refused = said(root, Document(root, "ENTERPRISE").rows)

    assert (refused and refused[0]) == code


ROW = '<xs:element name="Row" type="g:Row" minOccurs="0" maxOccurs="9999"/>'
FIELD = '<xs:element name="N" type="g:N"/>'
N = '<xs:simpleType name="N"><xs:restriction base="xs:token"/></xs:simpleType>'
SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:g="urn:g"
  targetNamespace="urn:g" elementFormDefault="qualified">
  <xs:element name="M"><xs:complexType><xs:sequence>
    <xs:element name="Rows"><xs:complexType><xs:sequence>{ROW}</xs:sequence></xs:complexType>
    </xs:element>
    <xs:element name="Note" type="xs:token" minOccurs="0"/>
  </xs:sequence></xs:complexType>
    <xs:unique name="u"><xs:selector xpath="g:Rows/g:Row"/><xs:field xpath="g:N"/></xs:unique>
  </xs:element>
  <xs:complexType name="Row"><xs:sequence>{FIELD}</xs:sequence>
    <xs:attribute name="a" type="g:N"/></xs:complexType>
  {N}
</xs:schema>"""
REFERENCE = (
    '<xs:keyref name="r" refer="g:u"><xs:selector xpath="g:Note"/><xs:field xpath="."/></xs:keyref>'
)
CONTENT = (
    '<xs:complexType name="C"><xs:simpleContent><xs:extension base="g:N"/></xs:simpleContent>'
    "</xs:complexType>"
)
ALIKE = "<M xmlns='urn:g'><Rows><Row a='1'><N>1</N></Row><Row a='1'><N>1</N></Row></Rows></M>"
UNLIKE = "<M xmlns='urn:g'><Rows><Row a='1'><N>1</N></Row><Row a='2'><N>2</N></Row></Rows></M>"


def made(folder, *edits):
    """A schema file in which `edits` were made, and the schemas of its folder."""
    text = SCHEMA
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    file = folder / "m.xsd"
    file.write_text(text, encoding="utf-8")
    return file, Schemas(folder)


def simple(content):
    """A change of the type of the field."""
    return (N, f'<xs:simpleType name="N">{content}</xs:simpleType>')


COMPLEX = (
    '<xs:complexType name="More"><xs:complexContent><xs:extension base="g:Row"><xs:sequence>'
    '<xs:element name="N" type="g:N"/></xs:sequence></xs:extension></xs:complexContent>'
    "</xs:complexType></xs:schema>"
)
ODD = {
    "either": [('"g:Rows/g:Row"', '"g:Rows/g:Row|g:Other"')],
    "any depth": [('"g:Rows/g:Row"', '".//g:Row"')],
    "any name": [('"g:Rows/g:Row"', '"g:Rows/*"')],
    "spaces": [('"g:Rows/g:Row"', '"g:Rows / g:Row"')],
    "optional attribute": [('xpath="g:N"', 'xpath="@a"')],
    "attribute with a default": [
        ('xpath="g:N"', 'xpath="@a"'),
        ('name="a" type="g:N"', 'name="a" type="g:N" default="1"'),
    ],
    "optional field": [(FIELD, FIELD.replace("/>", ' minOccurs="0"/>'))],
    "field that may repeat": [(FIELD, FIELD.replace("/>", ' maxOccurs="2"/>'))],
    "nillable": [(FIELD, FIELD.replace("/>", ' nillable="true"/>'))],
    "default": [(FIELD, FIELD.replace("/>", ' default="7"/>'))],
    "choice": [
        (
            f"<xs:sequence>{FIELD}</xs:sequence>",
            f'<xs:choice>{FIELD}<xs:element name="O" type="g:N"/></xs:choice>',
        )
    ],
    "wildcard": [(FIELD, f'{FIELD}<xs:any namespace="##other" minOccurs="0"/>')],
    "group": [
        (FIELD, '<xs:group ref="g:Fields"/>'),
        (N, f'{N}<xs:group name="Fields"><xs:sequence>{FIELD}</xs:sequence></xs:group>'),
    ],
    "repeated step": [('name="Rows"', 'name="Rows" maxOccurs="2"')],
    "repeated model": [
        ("<xs:sequence>\n", '<xs:sequence maxOccurs="2">\n'),
    ],
    "two places": [(ROW, f'{ROW}<xs:element name="Gap" type="g:N"/>{ROW}')],
    "extended type": [("</xs:schema>", COMPLEX)],
    "string": [simple('<xs:restriction base="xs:string"/>')],
    "boolean": [simple('<xs:restriction base="xs:boolean"/>')],
    "union": [simple('<xs:union memberTypes="xs:token xs:decimal"/>')],
    "list": [simple('<xs:list itemType="xs:decimal"/>')],
    "unknown built-in": [(FIELD, FIELD.replace("g:N", "xs:integer"))],
    "no type": [(FIELD, '<xs:element name="N" type="xs:anySimpleType"/>')],
    "unqualified form": [(FIELD, FIELD.replace("/>", ' form="qualified"/>'))],
    "attribute form": [
        ("elementFormDefault", 'attributeFormDefault="unqualified" elementFormDefault')
    ],
    "attribute of a simple type": [('xpath="g:N"', 'xpath="g:N/@b"')],
    "referred to by a number": [
        (
            "</xs:unique>",
            f"</xs:unique>{REFERENCE}",
        ),
        ('name="Note" type="xs:token"', 'name="Note" type="xs:decimal"'),
    ],
    "referred to by something odd": [
        (
            "</xs:unique>",
            f"</xs:unique>{REFERENCE}".replace("g:Note", ".//g:Note"),
        ),
    ],
}
PLAINLY = {
    "element": [],
    "required attribute": [
        ('xpath="g:N"', 'xpath="@a"'),
        ('name="a" type="g:N"', 'name="a" type="g:N" use="required"'),
    ],
    "the row itself": [('type="g:Row"', 'type="g:N"'), ('xpath="g:N"', 'xpath="."')],
    "decimal": [simple('<xs:restriction base="xs:decimal"/>')],
    "simple content": [
        (FIELD, '<xs:element name="N" type="g:C"/>'),
        (
            N,
            f"{N}{CONTENT}",
        ),
    ],
    "key and reference": [
        ("<xs:unique", "<xs:key"),
        (
            "</xs:unique>",
            f"</xs:key>{REFERENCE}",
        ),
    ],
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_constraint_stays_with_libxml2(name, tmp_path):
    """What columns might tell in another way is not asked of them."""
    file, known = made(tmp_path, *ODD[name])

    assert relaxed(file)[1] == ()
    # An attribute that no row can have is a field that all rows lack.
    assert (both(ALIKE.encode(), known) is None) == (name == "attribute of a simple type")


@pytest.mark.parametrize("name", PLAINLY)
def test_a_plain_constraint_is_checked_on_columns(name, tmp_path):
    """Also those of a message that the gateway does not know yet."""
    file, known = made(tmp_path, *PLAINLY[name])
    tree, keys = relaxed(file)
    alike, unlike = ALIKE, UNLIKE
    if name == "the row itself":
        alike, unlike = (re.sub(r"</?N>| a='.'", "", each) for each in (ALIKE, UNLIKE))

    assert etree.XMLSchema(tree).validate(parse(alike.encode()))
    for body, valid in ((alike, False), (unlike, True)):
        rows = Document(parse(body.encode()), "ENTERPRISE").rows
        assert surely_hold(keys, rows) == valid
        assert (both(body.encode(), known) is None) == valid


@pytest.mark.parametrize(("note", "valid"), [("2", True), ("3", False), ("", False)])
def test_a_reference_is_found_among_keys(note, valid, tmp_path):
    """An empty value is left to libxml2, like everything that is not sure."""
    _, known = made(tmp_path, *PLAINLY["key and reference"])
    body = UNLIKE.replace("</Rows>", f"</Rows><Note>{note}</Note>").encode()

    assert (both(body, known) is None) == valid


def test_decimals_of_any_length(tmp_path):
    """Two that are too long to be compared here are compared by libxml2."""
    _, known = made(tmp_path, *PLAINLY["decimal"])
    chance = random.Random(1)
    digits = ["0", "00", "1", "12", "120", "9" * 24, "1" + "0" * 45]
    for _ in range(400):
        one, two = (
            chance.choice(["", "-", "+", " "])
            + chance.choice(digits)
            + chance.choice(["", ".", ".0", ".10", ".1", ".01", "." + "0" * 45 + "1"])
            for _ in range(2)
        )
        both(UNLIKE.replace("<N>1<", f"<N>{one}<").replace("<N>2<", f"<N>{two}<").encode(), known)


def test_a_constraint_without_a_namespace_stays(tmp_path):
    """Steps without a prefix mean something else than those of a typed read."""
    text = (
        SCHEMA.replace('targetNamespace="urn:g"', "")
        .replace("g:", "")
        .replace('elementFormDefault="qualified"', 'elementFormDefault="qualified" id="x"')
    )
    file = tmp_path / "m.xsd"
    file.write_text(text, encoding="utf-8")

    assert relaxed(file)[1] == ()
    assert both(ALIKE.replace(" xmlns='urn:g'", "").encode(), Schemas(tmp_path)) is not None
