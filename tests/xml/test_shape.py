"""The shape of a document: what is read by position is what the tree holds."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from invoice_gateway.model.errors import Rejected
from invoice_gateway.xml import lexical
from invoice_gateway.xml.document import Document
from invoice_gateway.xml.safe import parse
from invoice_gateway.xml.shape import pieces_of, shape_of
from tests.xml.native import FIXTURES, HOSTILE
from tests.xml.test_canonical import STRANGE, USUAL

ATTRIBUTES = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "lang", "none"]


def compare(found, element, space):
    """One element and all below it, by what `Document` and lxml say of them."""
    children = [each for each in element if each.tag.startswith(space)]
    expected = [local(each) for each in children]
    below = found.all("*")

    assert found.maybe() == lexical.collapsed(element.text or "")
    assert [each.name for each in below] == expected
    assert (found.line, found.path.rpartition("/")[2].partition("[")[0]) == (
        element.sourceline,
        etree.QName(element).localname[:80],
    )
    for name in ATTRIBUTES:
        value = element.get(name)
        said = None if value is None else lexical.collapsed(value)
        assert found.maybe(f"./@{name}") == said
    for name in {*expected}:
        rows = [each for each in children if local(each) == name]
        texts = [lexical.collapsed(each.text or "") for each in rows]
        assert found.rows(name).maybe(".") == texts
        assert found.maybe(name) == texts[0]
        for below_name in {
            local(each) for row in rows for each in row if each.tag.startswith(space)
        }:
            column = found.rows(name).maybe(below_name)
            assert column == [each.maybe(below_name) for each in found.all(name)]
    for part, child in zip(below, children, strict=True):
        compare(part, child, space)


def local(element):
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def check(body):
    """Compare `body` both ways, if it can be parsed and is in a namespace, as messages are."""
    try:
        root = parse(body)
    except Rejected:
        return
    space = root.tag[: root.tag.rfind("}") + 1]
    if space:
        compare(Document(root, "E"), root, space)


@given(st.one_of(USUAL, STRANGE))
@example('<r xmlns="urn:x:1"><a><b>1</b></a><a><b> 1 </b></a><a><b/></a><a>x<b>2</b>y</a></r>')
@example('<p:r xmlns:p="urn:x:1" xmlns="urn:y"><a>1</a><p:a b="&lt;&quot;&#10;">2</p:a></p:r>')
@example('<r xmlns="urn:x:1"><a>&amp;lt;&#13;</a><a xmlns="urn:y">no</a><a b="&amp;amp;">2</a></r>')
@example('<r xmlns="urn:x:1"><a><a>1</a></a><a><a>2</a></a></r>')
def test_every_value_is_read_as_the_tree_holds_it(text):
    """Whatever names, namespaces, references and white space a sender uses."""
    check(text.encode())


@pytest.mark.parametrize("folder", [HOSTILE, FIXTURES], ids=["hostile", "fixtures"])
def test_on_every_document_there_is(folder):
    """All that is stored here, attacks included."""
    for path in folder.rglob("*.xml"):
        if path.stat().st_size < 100_000:
            check(path.read_bytes())


def test_the_same_tags_have_one_shape_whatever_their_texts():
    """So that places are found once; pretty printing does not matter."""

    def shape(text):
        return shape_of(pieces_of(text.encode()))

    plain = shape("<r><a>1</a><a>2</a></r>")

    assert shape("<r>\n <a>3</a>\n <a/>\n</r>") is not plain
    assert shape("<r>\n <a>3</a>\n <a>44</a>\n</r>") is plain
    assert plain.column("a", ".") == slice(2, 7, 4)


def test_a_large_document_is_read_all_the_same():
    """Its shape is not kept; equal rows share a node, others have their own."""
    rows = "".join(f"<b><x>{at}</x>{'<y/>' if at == 7000 else ''}</b>" for at in range(9000))
    found = Document(parse(f"<a>{rows}</a>".encode()), "E")

    assert found.rows("b").maybe("x") == [str(at) for at in range(9000)]
    assert found.rows("b").maybe("y") == [*[None] * 7000, "", *[None] * 1999]
    assert found.all("b")[8999].path == "/a/b[9000]"


@pytest.mark.parametrize(
    "inner",
    ["<a/><b/>", "<a>1</a><b>2</b>", "<a><b>1</b></a><a><c>1</c></a>"],
    ids=["empty", "leaves", "varied"],
)
def test_a_deep_and_varied_document_has_a_small_shape(inner):
    """What surrounds many elements holds none of their tags, and leaves are shared."""
    deep = 60
    written = f"{'<w>' * deep}{inner * 20_000}{'</w>' * deep}".encode()
    pieces = pieces_of(written)
    tracemalloc.start()
    root = shape_of(pieces)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert root.rows("/".join(["w"] * (deep - 1) + ["a"]))
    assert most < 600 * inner.count("</") * 20_000 + 400 * 20_000
