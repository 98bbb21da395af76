"""The schemas: which documents are messages, which are valid, and what is said of the others."""

import shutil
import threading

import pytest
from lxml import etree

from invoice_gateway.model.errors import HandlerSetError, Rejected
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.explain import Explainer
from invoice_gateway.xml.safe import parse
from invoice_gateway.xml.schemas import Schemas
from tests.xml.native import INVALID, ROOT, VALID, fixture, read, refusal, schemas, verdict

XSD = "{http://www.w3.org/2001/XMLSchema}"
SCHEMA_FILES = sorted((ROOT / "schemas").glob("*.xsd"))
# Codes that are given before any handler sees the message.
EARLY = {"xml-malformed", "xml-dtd-forbidden", "unknown-version", "xsd-invalid"}
# Codes that a typed read gives.
READS = {"decimals", "unknown-currency"}


def named(path):
    """A fixture's name in a test's id."""
    return f"{path.parent.name}/{path.stem}"


def expected(path):
    """The code that a fixture gets, and the place where, if its `.expect` names one."""
    code, *place = path.with_suffix(".expect").read_text(encoding="utf-8").split()
    return code, (place[0] if place else None)


def check(body):
    """Parse and validate."""
    schemas().check(parse(body))


@pytest.mark.parametrize("path", VALID, ids=named)
def test_a_valid_fixture_is_valid(path):
    """What the project shows as an example can be sent."""
    assert verdict(path.read_bytes()) == "ok"


@pytest.mark.parametrize("path", INVALID, ids=named)
def test_an_invalid_fixture_gets_its_code_and_place(path):
    """Code and XPath; what only a rule finds wrong passes here."""
    code, place = expected(path)
    body = path.read_bytes()

    if code in EARLY:
        said = refusal(lambda: check(body))
        assert said.code == code
        assert place is None or [each.path for each in said.findings] == [place]
    else:
        assert verdict(body) == "ok"
    if code in READS:
        document = Document(read(body), "ENTERPRISE")
        steps = place.split("/", 2)[2].replace("[1]", "")
        assert refusal(lambda: amount(document, steps)).code == code


def amount(document, steps):
    """Read money, an amount in the document's currency, or a currency, whatever is there."""
    if steps.rpartition("/")[2] in {"Currency", "Base"}:
        return document.currency(steps)
    if document.has("Currency"):
        return document.amount(steps, document.text("Currency"))
    return document.money(steps)


@pytest.mark.parametrize("file", SCHEMA_FILES, ids=lambda file: file.stem)
def test_everything_in_a_schema_is_documented(file):
    """Types, elements, attributes, enumerated values and constraints say what they mean."""
    kinds = ("element", "attribute", "simpleType", "complexType", "group", "enumeration")
    for kind in (*kinds, "unique", "key", "keyref"):
        for node in etree.parse(file).iter(f"{XSD}{kind}"):
            if node.get("ref") or (kind == "complexType" and not node.get("name")):
                continue
            said = node.findtext(f"{XSD}annotation/{XSD}documentation")
            assert said, f"{file.name}:{node.sourceline}"
            assert said.strip()


def test_the_messages_are_known_by_name():
    """The names are those of the roots, sorted; all of them compile."""
    assert schemas().compile_all() == schemas().messages
    assert "InvoicePosted" in schemas().messages
    assert list(schemas().messages) == sorted(schemas().messages)


@pytest.mark.parametrize(
    ("root", "said"),
    [
        (b'<InvoicePost xmlns="urn:invoice-gateway:1"/>', "did you mean InvoicePosted?"),
        (b'<Zebra xmlns="urn:invoice-gateway:1"/>', "known are AllocationCommand, "),
        (b"<InvoicePosted/>", 'xmlns="urn:invoice-gateway:1"'),
        (b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>', "Invoice"),
    ],
)
def test_an_unknown_root_is_told_what_is_known(root, said):
    """The nearest name, the missing namespace, or all there is."""
    refused = refusal(lambda: check(root))

    assert refused.code == "xml-unknown-root"
    assert said in refused.message


def test_another_namespace_of_the_family_is_another_version():
    """The sender is ahead of this gateway, or behind."""
    refused = refusal(lambda: check(b'<InvoicePosted xmlns="urn:invoice-gateway:2"/>'))

    assert refused.code == "unknown-version"
    assert "urn:invoice-gateway:1" in refused.message


def test_the_version_is_judged_before_the_content():
    """A document for other schemas is not measured by these."""
    body = fixture(
        "payment_posted/transfer",
        ("<SchemaVersion>1", "<SchemaVersion> 2 "),
        ("<Payer>ACME</Payer>", ""),
    )
    refused = refusal(lambda: check(body))

    assert refused.code == "unknown-version"
    assert refused.findings[0].path == "/PaymentPosted/Header/SchemaVersion"
    assert refused.findings[0].expected == "1"


def test_a_version_with_space_around_it_is_the_same():
    """White space is collapsed before anything is compared."""
    body = fixture("payment_posted/transfer", ("<SchemaVersion>1<", "<SchemaVersion>\n1 <"))

    assert verdict(body) == "ok"


@pytest.mark.parametrize(
    ("edit", "path", "message", "wanted"),
    [
        ((">wire-transfer<", ">barter<"), "Method", "'barter'", "PaymentMethod: How money moves."),
        ((' currency="EUR"', ""), "Amount", "currency", "Money: An amount"),
        ((' currency="EUR"', ' currency="eur"'), "Amount", "attribute currency: 'eur'", "Money: "),
        (("<Payer>ACME</Payer>", ""), "Method", "Unexpected", "Payer"),
        (("</Method>", "</Method><Oops/>"), "Oops", "Unexpected child", "Amount"),
        (("<Payer>ACME", "<Payer>AC/ME"), "Payer", "'AC/ME' does not have the right form", "Party"),
        (("<Payer>ACME", "<Payer>A\u200bC"), "Payer", "'A\\u200bC' does not", "PartyId: "),
        (("<Payer>", "<Payer><b/>"), "Payer", "child elements", "PartyId: "),
        (("<Payer>", "some text<Payer>"), "", "character data", ""),
        ((">2026-11-20<", ">2026-02-30<"), "ValueDate", "out of range", "Date: A day"),
        ((">70.00<", ">NaN<"), "Amount", "NaN", "Money: "),
        (
            ("<Payer>", '<Payer xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="Q">'),
            "Payer",
            "does not resolve",
            "PartyId: ",
        ),
        (
            ("<Payer>", '<Payer xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="1">'),
            "Payer",
            "not nillable",
            "PartyId: ",
        ),
    ],
)
def test_a_finding_says_where_what_and_what_was_expected(edit, path, message, wanted):
    """In the words of the schema, with the line of the document."""
    body = fixture("payment_posted/transfer", edit)
    [found, *_] = refusal(lambda: check(body)).findings

    assert found.path == f"/PaymentPosted/{path}".rstrip("/")
    assert message in found.message
    assert found.expected.startswith(wanted)
    assert found.line is not None
    assert "urn:" not in found.message
    assert "g:" not in found.message + found.expected


def test_the_message_of_a_refusal_holds_the_first_finding():
    """One line is enough to act on; the findings hold the rest."""
    body = fixture("payment_posted/transfer", (">ACME<", ">/<"), (">wire-transfer<", ">-<"))
    refused = refusal(lambda: check(body))

    assert refused.message == (
        "line 11, /PaymentPosted/Payer: '/' does not have the right form; expected: PartyId: The "
        "id of a party: letters, digits, dot, underscore, colon, hyphen. (and 1 more)"
    )


def test_a_line_is_named_by_its_number_among_its_like():
    """A keyref is only known by name and line; it is found again."""
    body = fixture("invoice_posted/two-rates", ("<TaxRate>5.5", "<TaxRate>7"))

    assert [each.path for each in refusal(lambda: check(body)).findings] == [
        "/InvoicePosted/Lines/Line[3]"
    ]


def test_on_one_line_the_place_of_a_missing_tax_is_the_document():
    """Where a line of text holds several lines of the invoice, none of them is blamed."""
    body = fixture("invoice_posted/two-rates", ("<TaxRate>5.5", "<TaxRate>7")).replace(b"\n", b"")
    [found] = refusal(lambda: check(body)).findings

    assert found.path == "/InvoicePosted"
    assert "['S', '7.0']" in found.message


@pytest.mark.parametrize(
    ("name", "edit", "path"),
    [
        (
            "invoice_posted/two-rates",
            ("<LineNo>2<", "<LineNo> 1 <"),
            "/InvoicePosted/Lines/Line[2]",
        ),
        ("payment_posted/transfer", (">70.00<", ">7 0<"), "/PaymentPosted/Amount"),
        ("payment_posted/transfer", (">70.00<", ">\u00a070<"), "/PaymentPosted/Amount"),
        ("payment_posted/transfer", (">PAY-", ">PAY\u00a0"), "/PaymentPosted/PaymentId"),
    ],
)
def test_where_xmlschema_finds_no_fault_libxml2_is_quoted(name, edit, path):
    """libxml2 decides; a refusal without a reason would help nobody."""
    [found, *_] = refusal(lambda: check(fixture(name, edit))).findings

    assert found.path == path
    assert found.message


def test_prefixes_do_not_matter():
    """A document with a prefix of its own gets the same verdict and the same paths."""
    body = fixture("payment_posted/invalid-method").decode()
    root = etree.fromstring(body.encode())
    for node in root.iter():
        if isinstance(node.tag, str):
            body = body.replace(f"<{node.tag.rpartition('}')[2]}", "<p:" + node.tag[23:])
            body = body.replace(f"</{node.tag.rpartition('}')[2]}", "</p:" + node.tag[23:])
    body = body.replace(" xmlns=", " xmlns:p=")

    [found] = refusal(lambda: check(body.encode())).findings

    assert (found.path, found.line) == ("/PaymentPosted/Method", 12)


def test_findings_are_few_and_short():
    """However much is wrong, the report stays one that a person reads."""
    lines = "".join(f"<LineNo>{'!' * 5000}{n}</LineNo>" for n in range(60))
    body = fixture("line_status_update/of-a-reseller", ("<LineNo>1</LineNo>", lines))
    refused = refusal(lambda: check(body))

    assert len(refused.findings) == 20
    assert all(len(each.message) <= 304 for each in refused.findings)
    assert all(len(each.expected) <= 304 for each in refused.findings)
    assert len(refused.message) < 1000


def many_lines(count, change):
    """A memo of `count` lines, each changed by `change(number)`: (old, new) or None."""
    line = '<Line><LineNo>{}</LineNo><Amount currency="EUR">1.00</Amount></Line>'
    lines = []
    for number in range(1, count + 1):
        old, new = change(number) or ("", "")
        lines.append(line.format(number).replace(old, new, 1))
    text = fixture("memo_posted/credit-lines").decode()
    start, end = text.index("<Lines>"), text.index("</Lines>")
    return f"{text[:start]}<Lines>{''.join(lines)}{text[end:]}".encode()


def test_of_a_large_document_a_sample_is_judged_first():
    """Its findings are those of the document: the numbers of the lines are not of the sample."""
    body = many_lines(3000, lambda number: ("1.00", "x") if number > 1500 else None)

    findings = refusal(lambda: check(body)).findings

    numbers = [int(each.path.split("[")[1].split("]")[0]) for each in findings]
    assert numbers == sorted(numbers)
    assert all(number > 1500 for number in numbers)
    assert {each.path.split("/")[-1] for each in findings} == {"Amount"}
    assert findings[0].message == "'x' is not a valid value of the atomic type 'Amount'."


def test_one_fault_in_a_large_document_is_found():
    """What the sample misses, the whole shows, in libxml2's words."""
    body = many_lines(3000, lambda number: ("1.00", "x") if number == 2500 else None)

    [found] = refusal(lambda: check(body)).findings

    assert found.path == "/MemoPosted/Lines/Line[2500]/Amount"
    assert found.expected.startswith("Money: An amount")


def test_a_large_valid_document_is_valid():
    """A sample of valid lines is valid."""
    assert verdict(many_lines(3000, lambda _: None)) == "ok"


def test_a_sample_cannot_miss_what_a_line_refers_to():
    """Where the taxes are many, those of a sampled line may not be in the sample."""
    text = fixture("invoice_posted/one-line").decode()
    tax = text[text.index("<Tax>") : text.index("</Taxes>")]
    line = text[text.index("<Line>") : text.index("</Lines>")]
    taxes = "".join(tax.replace("<Rate>0", f"<Rate>{rate / 100}") for rate in range(300))
    lines = "".join(
        line.replace("<TaxRate>0", f"<TaxRate>{rate / 100}").replace(
            ">1</LineNo>", f">{rate}</LineNo>"
        )
        for rate in range(300)
    )
    many = text.replace(tax, taxes).replace(line, lines)
    missing = many.replace("<TaxRate>2.99", "<TaxRate>3")

    assert verdict(many.encode()) == "ok"
    [found] = refusal(lambda: check(missing.encode())).findings
    assert found.path == "/InvoicePosted/Lines/Line[300]"


def test_many_errors_in_a_small_document_are_libxml2s_to_tell():
    """xmlschema takes seconds over an element with hundreds of attributes."""
    extra = "".join(f' a{number}=""' for number in range(60))
    edits = [(f"<{name}>", f"<{name}{extra}>") for name in ("Payer", "Method", "ValueDate")]
    body = fixture("payment_posted/transfer", *edits)

    assert len(refusal(lambda: check(body)).findings) == 20


def test_a_place_that_cannot_be_told_is_the_document():
    """libxml2 names a place by prefixes; one that the root does not declare cannot be followed."""
    odd = '</ValueDate><x:Odd xmlns:x="urn:x"/>'
    body = fixture("payment_posted/transfer", ("</ValueDate>", odd))
    long = fixture(
        "payment_posted/transfer",
        ("</ValueDate>", odd),
        ("<Header>", f"<Header>{' ' * 300_001}"),
    )

    assert [each.path for each in refusal(lambda: check(body)).findings] == ["/PaymentPosted/Odd"]
    assert [each.path for each in refusal(lambda: check(long)).findings] == ["/PaymentPosted"]


def test_without_a_version_the_schema_speaks():
    """A header that lacks it is invalid, not of another version."""
    body = fixture("payment_posted/transfer", ("<SchemaVersion>1</SchemaVersion>", ""))
    headless = fixture("payment_posted/transfer", ("<Header>", "<Head>"), ("</Header>", "</Head>"))

    assert verdict(body) == "xsd-invalid"
    assert verdict(headless) == "xsd-invalid"


def test_threads_share_the_schemas():
    """Verdicts and findings of one thread never show up in another."""
    good = fixture("payment_posted/transfer")
    bad = {
        field: fixture("payment_posted/transfer", (f"<{field}>", f"<{field}>\u200b"))
        for field in ("PaymentId", "Payer", "ValueDate")
    }
    wrong = []

    def work():
        for _ in range(10):
            check(good)
            for field, body in bad.items():
                paths = {each.path for each in refusal(lambda body=body: check(body)).findings}
                if paths != {f"/PaymentPosted/{field}"}:
                    wrong.append((field, paths))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_a_folder_without_schemas_is_refused(tmp_path):
    """The deployer is told which folder, and what belongs there."""
    with pytest.raises(HandlerSetError, match=r"no schemas in .*one \*\.xsd per message"):
        Schemas(tmp_path)


def test_a_schema_that_is_no_xml_is_refused(tmp_path):
    """The deployer is told which file."""
    (tmp_path / "a.xsd").write_text("<xs:schema", encoding="utf-8")

    with pytest.raises(HandlerSetError, match=r"a\.xsd is not a readable schema"):
        Schemas(tmp_path)


def test_a_schema_declares_one_message(tmp_path):
    """None or several would leave open what the file is for."""
    shutil.copy(ROOT / "schemas" / "common.xsd", tmp_path / "a.xsd")

    with pytest.raises(HandlerSetError, match=r"a\.xsd should declare one message"):
        Schemas(tmp_path)


def test_two_schemas_cannot_declare_the_same(tmp_path):
    """One would silently win."""
    for name in ("a.xsd", "b.xsd"):
        shutil.copy(ROOT / "schemas" / "payment_posted.xsd", tmp_path / name)

    with pytest.raises(HandlerSetError, match=r"b\.xsd declares .*PaymentPosted, as .*a\.xsd"):
        Schemas(tmp_path)


def test_a_schema_that_does_not_compile_is_named(tmp_path):
    """`compile_all` finds it before the first message does."""
    shutil.copy(ROOT / "schemas" / "payment_posted.xsd", tmp_path)

    with pytest.raises(HandlerSetError, match=r"payment_posted\.xsd does not compile"):
        Schemas(tmp_path).compile_all()


def test_a_tree_that_cannot_be_validated_is_refused():
    """libxml2 gives up on entity references with an exception, not with a verdict."""
    body = b'<!DOCTYPE a [<!ENTITY e "x">]>' + fixture(
        "payment_posted/transfer",
        ('<?xml version="1.0" encoding="UTF-8"?>', ""),
        (">ACME<", ">&e;<"),
    )
    unsafe = etree.fromstring(body, etree.XMLParser(resolve_entities=False))

    with pytest.raises(Rejected, match="xsd-invalid: the document cannot be validated"):
        schemas().check(unsafe)


def test_a_place_of_no_schema_has_no_type():
    """Whatever a document calls its elements, explaining it never fails."""
    explainer = Explainer(ROOT / "schemas" / "payment_posted.xsd")
    explainer.translate([], {}, etree.fromstring("<a/>"))

    assert explainer._type_of("/PaymentPosted/Payer").startswith("PartyId: ")
    assert explainer._type_of("/PaymentPosted/Nobody") == ""
    assert explainer._type_of("/PaymentPosted/a...") == ""
    assert explainer._type_of("/PaymentPosted/(") == ""


def test_the_quick_pattern_allows_nothing_of_its_own():
    """It stands before the pattern that says what is printable, only for speed."""
    tree = etree.parse(ROOT / "schemas" / "common.xsd")
    path = "//xs:simpleType[@name='Printable']//xs:pattern"
    quick, full = tree.xpath(path, namespaces={"xs": "http://www.w3.org/2001/XMLSchema"})
    full.getparent().remove(quick)
    tree.getroot().append(
        etree.fromstring(
            '<xs:element xmlns:xs="http://www.w3.org/2001/XMLSchema" '
            'xmlns:g="urn:invoice-gateway:1" name="Value" type="g:Printable"/>'
        )
    )
    schema = etree.XMLSchema(tree)

    assert quick.get("value") == "[ -~]{1,400}"
    assert full.get("value").endswith("]{1,400}")
    for code in range(ord(" "), ord("~") + 1):
        value = etree.Element("{urn:invoice-gateway:1}Value")
        value.text = f"a{chr(code)}b"
        assert schema.validate(value), chr(code)
