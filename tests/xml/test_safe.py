"""The parser: what it reads, what it refuses, and that what it reads is whole."""

import threading

import pytest
from lxml import etree

from invoice_gateway.xml.safe import Limits, _judge, parse
from tests.xml.native import fixture, refusal


def code(body: bytes, limits: Limits | None = None) -> str:
    """The code that `body` is refused with."""
    return refusal(lambda: parse(body, limits or Limits())).code


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<a>e</a>", "e"),
        ('<?xml version="1.0"?><a>é</a>'.encode(), "é"),
        ('\ufeff<?xml version="1.0" encoding="UTF-8"?><a>é</a>'.encode(), "é"),
        ('<?xml version="1.0" encoding="utf-8"?><a>é</a>'.encode(), "é"),
        ('\ufeff<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16-be"), "é"),
        ('\ufeff<?xml version="1.0" encoding="UTF-16LE"?><a>é</a>'.encode("utf-16-le"), "é"),
        ("\ufeff<a>é</a>".encode("utf-16-le"), "é"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "é"),
        ('<?xml version="1.0" encoding="windows-1252"?><a>€</a>'.encode("cp1252"), "€"),
    ],
)
def test_reads_the_allowed_encodings(body, text):
    """UTF-8, UTF-16 with its mark, and the two Latin ones when they are declared."""
    assert parse(body).text == text


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16-le"),
        b'<?xml version="1.0" encoding="UTF-16"?><a/>',
        b'<?xml version="1.0" encoding="UTF-32"?><a/>',
        '\ufeff<?xml version="1.0"?><a/>'.encode("utf-32-le"),
        '\ufeff<?xml version="1.0"?><a/>'.encode("utf-32-be"),
        '<?xml version="1.0"?><a/>'.encode("utf-32-be"),
        '<?xml version="1.0"?><a/>'.encode("cp037"),
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b'<?xml version="1.0" encoding="US-ASCII"?><a/>',
        b"<?xml version='1.0' encoding='X-EVIL'?><a/>",
        b'\xef\xbb\xbf<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
        '\ufeff<?xml version="1.0" encoding="UTF-8"?><a/>'.encode("utf-16-le"),
    ],
)
def test_refuses_other_encodings(body):
    """Also a label that the bytes contradict: two readers would see two documents."""
    said = refusal(lambda: parse(body))

    assert said.code == "xml-encoding-unsupported"
    assert "Send UTF-8" in said.message


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        "<!DOCTYPE a []>",
        '<!DOCTYPE a SYSTEM "http://example.com/a.dtd">',
        "<!-- <!DOCTYPE in a comment --><?pi?>\n<!DOCTYPE a>",
        '<!DOCTYPE a [<!ENTITY e "v">]>',
        f"<!DOCTYPE {'a' * 60_000}>",
        f'<!DOCTYPE a [<!ENTITY e "{"x" * 60_000}">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_any_doctype_is_refused(doctype, encoding):
    """Whatever it declares, in whatever encoding, and before anything of it is expanded."""
    assert code(f"{doctype}<a>&e;</a>".encode(encoding)) == "xml-dtd-forbidden"


def test_the_parsed_document_has_the_last_word():
    """Should a DOCTYPE ever slip past the first look, the tree still tells."""
    root = etree.fromstring("<!DOCTYPE a><a/>")

    assert refusal(lambda: _judge(root, "")).code == "xml-dtd-forbidden"


@pytest.mark.parametrize(
    "body",
    [
        b"<a><!-- <!DOCTYPE a> --></a>",
        b"<!-- <!DOCTYPE a> --><a/>",
        b"<?p <!DOCTYPE a> ?><a/>",
        b"<a><![CDATA[<!DOCTYPE a>]]></a>",
    ],
)
def test_a_doctype_that_is_only_mentioned_is_none(body):
    """It is judged as XML sees it, not by searching bytes."""
    assert parse(body).tag == "a"


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{}", b"<a>", b"<a/><b/>", b"<a/>\x00", b"<!--", b"<?x", b"<a>\xe9</a>"]
)
def test_refuses_what_is_not_xml_and_says_where(body):
    """Line and column come with it."""
    said = refusal(lambda: parse(body))

    assert said.code == "xml-malformed"
    assert said.message.startswith("line 1, column ")
    assert said.findings[0].line == 1


@pytest.mark.parametrize("version", ["1.1", "1.2", "2.0"])
def test_refuses_other_versions(version):
    """XML 1.1 allows characters that 1.0 forbids."""
    body = f'<?xml version="{version}"?><a/>'.encode()

    assert code(body) == "xml-version-unsupported"


def test_what_splits_a_text_vanishes():
    """Comments, instructions and CDATA leave one text: the one that the schema judges."""
    assert parse(b"<a>1<!--x-->00<?p?>.<![CDATA[0]]>&#48;</a>").text == "100.00"


def test_the_limits_are_exact():
    """One more of anything is too much."""
    limits = Limits(max_bytes=200, max_depth=3, max_nodes=9, max_names=2)

    assert parse(b"<a>" + b"x" * 193 + b"</a>", limits).tag == "a"
    assert code(b"<a>" + b"x" * 194 + b"</a>", limits) == "xml-too-large"
    assert parse(b"<a><b><c/></b></a>", limits).tag == "a"
    assert code(b"<a><b><c><d/></c></b></a>", limits) == "xml-too-deep"
    assert parse(b"<a>" + b"<b></b>" * 8 + b"</a>", limits).tag == "a"
    assert code(b"<a>" + b"<b></b>" * 9 + b"</a>", limits) == "xml-too-many-nodes"
    assert code(b"<a>" + b"<!---->" * 9 + b"</a>", limits) == "xml-too-many-nodes"
    assert parse(b'<a b="" c=""/>', limits).tag == "a"
    assert code(b'<a><b a="" b="" c=""/></a>', limits) == "xml-too-many-names"
    assert code(b'<a xmlns="a:" xmlns:b="b:" xmlns:c="c:"/>', limits) == "xml-too-many-names"


def test_namespaces_are_counted_per_element():
    """Many elements that declare a few each are legal, if wordy."""
    limits = Limits(max_names=2)

    assert parse(b'<a xmlns="a:">' + b'<b xmlns="b:"/>' * 9 + b"</a>", limits).tag == "{a:}a"


def test_the_limits_hold_in_sixteen_bits():
    """Markup is counted by characters, not by bytes."""
    limits = Limits(max_nodes=9, max_names=2)

    assert code(f"<a>{'<b/>' * 9}</a>".encode("utf-16"), limits) == "xml-too-many-nodes"
    assert code('<a b="" c="" d=""/>'.encode("utf-16"), limits) == "xml-too-many-names"


def test_deep_says_the_line():
    """The first element that is too deep is named by its line."""
    body = b"<a>\n" * 65 + b"</a>" * 65

    assert refusal(lambda: parse(body)).message == "line 65: elements are nested more than 64 deep"


def test_a_long_or_invisible_text_is_not_echoed():
    """What is said is short and can be shown anywhere."""
    said = refusal(lambda: parse(("<a>&" + "x" * 5000 + "\u202e;</a>").encode()))

    assert len(said.message) < 250
    assert said.message.isprintable()


def test_a_name_of_60_000_characters_is_too_large():
    """libxml2 has limits of its own; they are told apart from bad syntax."""
    assert code(b"<" + b"a" * 60_000 + b"/>") in {"xml-too-large", "xml-malformed"}


def test_threads_have_parsers_of_their_own():
    """Many threads parse at once and each gets its own document."""
    body = fixture("invoice_posted/two-rates")
    seen: list[int] = []

    def work() -> None:
        seen.extend(len(parse(body)) for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [len(parse(body))] * 200
