"""Typed reads of valid messages, and the hashes by which they are told apart."""

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from lxml import etree

from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.keys import InvoiceKey
from invoice_gateway.model.money import Money
from invoice_gateway.xml.document import Document, canonical, peek
from invoice_gateway.xml.safe import parse
from tests.xml.native import VALID, document, fixture, read, refusal

INVOICE = "invoice_posted/two-rates"
PAYMENT = "payment_posted/transfer"
DIGESTS = {
    "invoice_posted/two-rates": (
        "e6130b1b5d79bb284e5f0fec1706e819deec198056a84df1a4805dda24fc9724",
        "185306bbacd61c70858a5ff022783c918b92ec84758af5fbb00c0378ea2e351b",
    ),
    "payment_posted/for-two-invoices": (
        "8199ca6f049360a80a6f931ae8d1380e85ca05c0b7c325c2306a2dd78e1772de",
        "0d5631dad1ddefd4a559793c3a6041f3c94fa8b30450de7249c7e65d6aa73449",
    ),
    "dispute_notice/open-two-lines": (
        "498060e7a462c13e0e8c47da7f4e2b2bd6f79135b8cdbad1024f2f87f7875e62",
        "d8bcfc40492737c1b0ed19fca5e5843d9b6f8b84cc1bba07cdd4441442abc4df",
    ),
}


def free(body: str) -> Document:
    """A document of no schema, for forms that ours do not allow."""
    return Document(parse(body.encode()), "ENTERPRISE")


def test_reads_the_fixture_as_it_is_written():
    """One of everything."""
    invoice = document(INVOICE)

    assert invoice.name == "InvoicePosted"
    assert invoice.text("Header/MessageId") == "invoice-posted-two-rates"
    assert invoice.maybe("Header/CausationId") is None
    assert invoice.moment("Header/SentAt") == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert invoice.day("IssueDate") == date(2026, 11, 2)
    assert invoice.maybe_day("DueDate") == date(2026, 12, 2)
    assert invoice.currency("Currency") == "EUR"
    assert invoice.amount("Totals/Payable", "EUR") == 14110
    assert invoice.maybe_amount("Totals/Prepaid", "EUR") is None
    assert [line.text("LineNo") for line in invoice.all("Lines/Line")] == ["1", "2", "3"]
    assert [line.decimal("TaxRate") for line in invoice.all("Lines/Line")] == [
        20,
        20,
        Decimal("5.5"),
    ]
    assert invoice.all("AllowanceCharge") == []
    assert invoice.all("Nowhere/Line") == []
    assert invoice.texts("Buyer/TaxId") == ("FR40303265045",)
    assert invoice.all("Lines/Line")[0].text("Quantity/@unit") == "EA"


def test_sub_documents_know_where_they_are():
    """For errors that a rule finds later."""
    line = document(INVOICE).all("Lines/Line")[1]

    assert line.path == "/InvoicePosted/Lines/Line[2]"
    assert line.line == 47
    assert line.text() == ""


def test_an_optional_part_is_there_or_not():
    """`one` gives a document of its own."""
    command = document("allocation_command/remove")

    assert command.one("Allocate") is None
    assert command.one("Remove").text("Source/@type") == "payment"
    assert command.one("Remove").maybe("Source/@missing") is None
    assert not command.has("SetAuto")
    assert document("allocation_command/auto-off-for-the-account").has("SetAuto/AllInvoices")


def test_an_invoice_is_its_issuer_and_number():
    """Without an issuer it is one of the enterprise."""
    assert document("line_status_update/of-a-reseller").invoice("Invoice") == InvoiceKey(
        "ACME", "A-2026-117"
    )
    assert document("memo_posted/debit").maybe_invoice("Invoice") == InvoiceKey(
        "ENTERPRISE", "INV-2026-0001"
    )
    assert document(INVOICE).maybe_invoice("PrecedingInvoice") is None


def test_optional_values_are_none_when_they_are_not_there():
    """And are read like the others when they are."""
    account = document("customer_account/reseller-on-terms")
    other = document("customer_account/customer-minimal")

    assert account.maybe_money("CreditLimit") == Money(2_500_000, "EUR")
    assert other.maybe_money("CreditLimit") is None
    assert account.maybe_integer("CollectionPolicy/ReminderDays") == 5
    assert other.maybe_integer("CollectionPolicy/ReminderDays") is None
    assert account.integer("TermsDays") == 30
    assert account.maybe_flag("AutoAllocate") is True
    assert other.maybe_flag("AutoAllocate") is None
    assert other.flag("AutoAllocate", default=True) is True
    assert document("customer_account/customer-of-a-reseller").flag(
        "AutoAllocate", default=True
    ) is (False)
    assert account.maybe_decimal("TermsDays") == 30
    assert other.maybe_decimal("CreditLimit") is None


def test_only_direct_children_are_read():
    """A look-alike deeper down is never taken for the real one."""
    page = free("<a xmlns='urn:x'><b><c>no</c></b><d xmlns='urn:y'>no</d><e><d>yes</d></e></a>")

    assert page.maybe("c") is None
    assert page.maybe("d") is None
    assert page.text("e/d") == "yes"


def test_a_missing_value_is_a_mistake_of_the_reader():
    """The schema should have required it: not the sender's fault, so not a refusal."""
    with pytest.raises(LookupError, match=r"/PaymentPosted has no Oops"):
        document(PAYMENT).text("Oops")


@pytest.mark.parametrize(
    ("currency", "written", "minor"),
    [
        ("EUR", "12.30", 1230),
        ("EUR", "12.3000", 1230),
        ("EUR", "-12.3", -1230),
        ("JPY", "12", 12),
        ("JPY", "12.000", 12),
        ("BHD", "0.001", 1),
        ("CLF", "1.2345", 12345),
        ("EUR", "90000000000000", 9_000_000_000_000_000),
    ],
)
def test_minor_units_follow_the_currency(currency, written, minor):
    """Exponents of ISO 4217: 2 for most, 0 for yen, 3 for dinars, 4 for the unidad de fomento."""
    edits = ((">70.00<", f">{written}<"), ('"EUR"', f'"{currency}"'))

    assert document(PAYMENT, *edits).money("Amount") == Money(minor, currency)


@pytest.mark.parametrize(
    ("currency", "written", "code", "said"),
    [
        (
            "EUR",
            "12.305",
            "decimals",
            "'12.305' cannot be read; expected: at most 2 decimals in EUR",
        ),
        ("JPY", "12.5", "decimals", "'12.5' cannot be read; expected: at most 0 decimals in JPY"),
        ("EUR", "90000000000000.01", "amount-too-large", "at most 90000000000000.00"),
        ("EUR", "-90000000000000.01", "amount-too-large", "at most 90000000000000.00"),
        ("XAU", "1", "unknown-currency", "'XAU' is not a currency; expected: an ISO 4217 code"),
        ("QQQ", "1", "unknown-currency", "'QQQ' is not a currency"),
    ],
)
def test_money_that_cannot_be_booked_is_refused(currency, written, code, said):
    """With path, line, value and what would have been right."""
    payment = document(PAYMENT, (">70.00<", f">{written}<"), ('"EUR"', f'"{currency}"'))
    refused = refusal(lambda: payment.money("Amount"))

    assert refused.code == code
    assert refused.message.startswith("line 13, /PaymentPosted/Amount: '")
    assert said in refused.message
    assert [each.path for each in refused.findings] == ["/PaymentPosted/Amount"]


@pytest.mark.parametrize(
    "written", ["2026-11-20Z", "12026-01-01", "-0044-03-15", "2026-13-01", "0000-01-01", "x", ""]
)
def test_a_day_of_another_schema_is_refused_not_guessed(written):
    """A deployer's own schema may allow what the calendar of Python does not."""
    page = free(f"<a><b>{written}</b></a>")

    assert refusal(lambda: page.day("b")).code == "date-range"
    assert refusal(lambda: page.moment("b")).code == "date-range"


@pytest.mark.parametrize("written", ["1e3", "NaN", "", ".", "1_0", "9" * 41])
def test_a_number_of_another_schema_is_refused_not_guessed(written):
    """Also one of more digits than money can have."""
    page = free(f"<a><b>{written}</b></a>")

    for read_as in (page.decimal, page.integer):
        assert refusal(lambda read_as=read_as: read_as("b")).code == "xsd-invalid"
    assert refusal(lambda: page.amount("b", "EUR")).code == "xsd-invalid"


def test_a_whole_number_has_no_fraction():
    """7.0 is whole, 7.5 is not."""
    assert free("<a><b>7.0</b></a>").integer("b") == 7
    assert refusal(lambda: free("<a><b>7.5</b></a>").integer("b")).code == "xsd-invalid"


def test_a_flag_has_four_forms():
    """Those of xs:boolean."""
    flags = free("<a><b>true</b><c> 1 </c><d>false</d><e>0</e><f>yes</f></a>")

    assert [flags.flag(path, default=False) for path in "bc"] == [True, True]
    assert [flags.flag(path, default=True) for path in "de"] == [False, False]
    assert refusal(lambda: flags.flag("f", default=True)).code == "xsd-invalid"


def test_moments_keep_microseconds():
    """Nanoseconds are cut."""
    page = free("<a><b>2026-11-20T23:59:59.123456789Z</b></a>")

    assert page.moment("b") == datetime(2026, 11, 20, 23, 59, 59, 123456, tzinfo=UTC)


def test_a_rule_can_refuse_with_the_place():
    """What handlers use for rules of their own; where nothing is, the parent is named."""
    payment = document(PAYMENT)

    with pytest.raises(Rejected, match=r"x: line 12, /PaymentPosted/Method: no; expected: yes"):
        raise payment.refuse("x", "Method", "no", "yes")
    assert payment.refuse("x", "Nowhere", "no").findings[0].path == "/PaymentPosted"
    assert payment.refuse("x", "Amount/@currency", "no").findings[0].path == "/PaymentPosted/Amount"


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_hashing_leaves_the_tree_as_it_was(path):
    """The same bytes again, and the same hashes."""
    root = read(path.read_bytes())
    before = etree.tostring(root)

    first = canonical(root)

    assert etree.tostring(root) == before
    assert canonical(root) == first
    assert all(len(each) == 64 for each in first)


def test_the_content_hash_leaves_out_the_header():
    """The same invoice under another message id is the same content in another message."""
    one = canonical(read(fixture(INVOICE)))
    two = canonical(read(fixture(INVOICE, (">invoice-posted-two-rates<", ">again<"))))
    other = canonical(read(fixture(INVOICE, ("November hosting", "December hosting"))))

    assert one[1] == two[1]
    assert one[0] != two[0]
    assert other[1] != one[1]


def test_the_hash_does_not_depend_on_how_the_xml_is_written():
    """Encoding, quotes, order of attributes, CDATA, references and comments do not count."""
    plain = fixture(INVOICE)
    text = plain.decode()
    rewritten = (
        text.replace('encoding="UTF-8"', 'encoding="UTF-16"')
        .replace('unit="EA"', "unit='EA'")
        .replace("November hosting", "<![CDATA[Nov]]>ember &#104;osting<!-- really -->")
    )

    assert canonical(read(rewritten.encode("utf-16"))) == canonical(read(plain))


def test_a_document_without_header_has_one_hash():
    """There is nothing to leave out."""
    message, content = canonical(parse(b"<a><b/></a>"))

    assert message == content


def test_what_has_no_canonical_form_is_refused():
    """Canonical XML knows no relative namespaces; a valid message can declare one."""
    body = fixture(PAYMENT, ("<PaymentPosted ", '<PaymentPosted xmlns:x="relative" '))

    assert refusal(lambda: canonical(read(body))).code == "xml-malformed"


def test_peeking_tells_what_an_invalid_document_says_of_itself():
    """Its name, message id, sender and business keys, for the report to its sender."""
    said = peek(parse(fixture("invoice_posted/invalid-tax-rate-not-summed")))

    assert said.name == "InvoicePosted"
    assert said.message_id == "invoice-posted-invalid-tax-rate-not-summed"
    assert said.sender == "erp"
    assert said.business_keys == ("Number=INV-2026-0001", "Customer=ACME")


def test_peeking_bears_anything():
    """No namespace, no header, values of any length."""
    said = peek(parse(b"<Invoice><Header><Sender>x</Sender></Header></Invoice>"))
    long = peek(parse(b"<a xmlns='u:'><Header/>" + b"<Number>" + b"9" * 999 + b"</Number></a>"))
    many = peek(parse(b"<a>" + b"<Number>1</Number>" * 99 + b"</a>"))

    assert (said.name, said.message_id, said.sender) == ("Invoice", None, "x")
    assert len(long.business_keys[0]) < 100
    assert len(many.business_keys) == 8


UNUSUAL = [
    ("<a xmlns='urn:x'>", "</a>", "<Header><b>1</b></Header>"),
    ("<a xmlns='urn:x'>", "</a>", " t <Header c='1'><b/></Header> u "),
    ("<a xmlns='urn:x'>\n", "</a>", "<Header>\n<b>&lt;Header></b></Header>\n"),
    ("<a xmlns='urn:x' d='1'>", "</a>", "<Header><b>1</b></Header>"),
    ("<a xmlns='urn:x' xmlns:p='urn:p'>", "</a>", "<Header><p:b>1</p:b></Header>"),
    ("<p:a xmlns:p='urn:x'>", "</p:a>", "<p:Header><p:b>1</p:b></p:Header>"),
    ("<a xmlns='urn:x'>", "</a>", "<z/><Header><b>1</b></Header>"),
    ("<a xmlns='urn:x'>", "</a>", "<Header><Header>1</Header></Header>"),
    ("<a xmlns='urn:x'>", "</a>", "<Header xmlns:q='urn:q'><q:b/></Header>"),
    ("<a xmlns='urn:x'>", "</a>", "<Header/>"),
    ("<a xmlns='urn:&amp;x'>", "</a>", "<Header><b>1</b></Header>"),
    ("<a>", "</a>", "<Header><b>1</b></Header>"),
    ("<a xmlns='urn:x'>", "</a>", ""),
]


@pytest.mark.parametrize(("begin", "end", "header"), UNUSUAL)
def test_the_hashes_are_those_of_the_header_alone_and_of_the_document_without_it(
    begin, end, header
):
    """Cut out of one canonical form, or taken apart where the document is not a usual one."""
    whole = f"{begin}{header}<n>1</n> v {end}"
    root = parse(whole.encode())
    first = [
        etree.tostring(each, method="c14n", with_tail=False)
        for each in root
        if etree.QName(each).localname == "Header"
    ][:1]
    without = parse(whole.encode())
    for each in [each for each in without if etree.QName(each).localname == "Header"]:
        without.remove(each)
    rest = etree.tostring(without, method="c14n")

    assert canonical(root) == (
        hashlib.sha256(b"".join(first) + rest).hexdigest(),
        hashlib.sha256(rest).hexdigest(),
    )


@pytest.mark.parametrize("name", DIGESTS)
def test_the_hashes_never_change(name):
    """They are stored, and tell for years whether a message was seen before."""
    assert canonical(read(fixture(name))) == DIGESTS[name]


def test_columns_are_what_the_elements_say():
    """The fast way to read and the precise one agree, attributes and missing names included."""
    invoice = document(INVOICE, ("<LineNo>2<", "<LineNo>\n 2 <"))
    rows, lines = invoice.rows("Lines/Line"), invoice.all("Lines/Line")

    assert len(rows) == len(lines) == 3
    for name in {each.name for each in lines[2].all("*")}:
        assert rows.texts(name) == rows.maybe(name) == [line.text(name) for line in lines]
    assert rows.texts("LineNo") == ["1", "2", "3"]
    assert rows.texts("Quantity/@unit") == [line.text("Quantity/@unit") for line in lines]
    assert rows.maybe("Quantity/@none") == rows.maybe("None") == [None, None, None]
    with pytest.raises(LookupError):
        rows.texts("None")
    assert len(invoice.rows("Nowhere/Line")) == 0
    assert invoice.rows("Nowhere/Line").texts("LineNo") == []


@pytest.mark.parametrize(
    "rows",
    [
        "<b><x>1</x><x>2</x></b><b><x>3</x></b>",
        "<b><x>1</x></b><b/><b><x/></b>",
        "<b><x> 1\n 2 </x></b><b><x></x></b>",
        "<b><x><![CDATA[1]]>2<![CDATA[<3]]></x></b><b><x>&#65;&amp;B</x></b>",
        "<b><x>1<!-- no -->2<?no?>3</x></b><b><y>4</y></b>",
        f"<b><x>{'long ' * 5000}end</x></b><b><x>\u00a0</x></b>",
        "<b><x k='1'/></b><b><x k=' 2'/></b>",
        "<b><x k='1'/></b><b><y/></b>",
    ],
)
def test_columns_of_odd_values_are_read_as_one_by_one(rows):
    """Repeated, empty and missing ones; pieces that a parser puts together."""
    found = Document(parse(f"<a>{rows}</a>".encode()), "E")

    each = found.all("b")
    assert found.rows("b").maybe("x") == [one.maybe("x") for one in each]
    assert found.rows("b").maybe("x/@k") == [one.maybe("x/@k") for one in each]


def test_a_column_of_amounts_is_read_by_the_same_rules():
    """Unusual forms too; what is wrong is named by line and path."""
    usual = document(INVOICE).rows("Lines/Line").amounts("NetAmount", "EUR")
    signed = free("<a><b><x>+1.5</x></b><b><x> -2 </x></b></a>").rows("b")
    wrong = free("<a>\n<b><x>1.50</x></b>\n<b><x>1.505</x></b></a>").rows("b")

    lines = document(INVOICE).all("Lines/Line")
    assert usual == [line.amount("NetAmount", "EUR") for line in lines]
    assert signed.amounts("x", "EUR") == [150, -200]
    assert "line 3, /a/b[2]/x: " in str(refusal(lambda: wrong.amounts("x", "EUR")))
    assert refusal(lambda: wrong.amounts("x", "XXX")).code == "unknown-currency"
    with pytest.raises(LookupError):
        wrong.amounts("y", "EUR")


def test_amounts_that_may_be_missing_are_read_together():
    """As one by one; what is not there counts as nothing."""
    found = free("<a><x>1.50</x><y/><z>12.00</z></a>").amounts
    signed = free("<a><x>-1.5</x><z>2</z></a>").amounts
    wrong = free("<a><x>1.50</x>\n<z>1.505</z></a>")

    assert found(["x", "none", "z"], "EUR") == [150, 0, 1200]
    assert signed(["z", "none", "x"], "EUR") == [200, 0, -150]
    assert "line 2, /a/z: " in str(refusal(lambda: wrong.amounts(["x", "z"], "EUR")))
    assert refusal(lambda: wrong.amounts(["x"], "XXX")).code == "unknown-currency"
    assert found(["none"], "EUR") == [0]
