"""The canonical form: where the plain one is taken for it, it is the same byte for byte."""

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from invoice_gateway.model.errors import Rejected
from invoice_gateway.xml.canonical import _plain, canonical
from invoice_gateway.xml.safe import parse
from tests.xml.native import FIXTURES, HOSTILE

SPACE = "urn:x:1"

CURIOUS = [
    ' xmlns="u" ',
    "xmlns",
    '" ',
    '"',
    "'",
    "=",
    '="',
    "/",
    ">",
    "&gt;",
    "/&gt;",
    "]]&gt;",
    "&amp;",
    "&lt;",
    "&#13;",
    "\r\n",
    "\t",
    "\n  ",
    " ",
    "1",
    "é",
    "€",
    "😀",
    "&#133;",
    "&#x2028;",
    "&#127;",
    "<![CDATA[<&>]]>",
    "<!-- c -->",
    "<?p i?>",
    "",
]
PLAIN = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>&\ufffe\uffff")
)
TEXTS = st.one_of(st.sampled_from(CURIOUS), PLAIN)
ATTRIBUTES = [
    "b='1'",
    'a="2"',
    'c = "x y"',
    "d='\"'",
    "e='&lt;>'",
    "f='\t'",
    "g='&#10;'",
    "h='/'",
    "i='é'",
    'xml:lang="de"',
    "xml:space='preserve'",
    'p:a="1"',
]
SPACES = (
    f"xmlns='{SPACE}'|xmlns=''|xmlns='urn:y'|xmlns='urn: x'|xmlns='http://x/y'|xmlns='urn:%'|"
    "xmlns='x'|xmlns:p='urn:p'|xmlns:q='rel'"
).split("|")


def some(words: list[str]) -> st.SearchStrategy[list[str]]:
    """None of `words`, or two at most, no name twice."""
    names = st.lists(
        st.sampled_from(words), max_size=2, unique_by=lambda each: each.partition("=")[0].strip()
    )
    return st.one_of(st.just([]), names)


def element(name: str, said: tuple[list[str], list[str]], inner: str) -> str:
    """An element as text; an empty one both ways."""
    begin = " ".join([name, *said[0], *said[1]])
    return f"<{begin}>{inner}</{name} >" if inner else f"<{begin} />"


ELEMENTS = st.recursive(
    TEXTS,
    lambda inner: st.builds(
        element,
        st.sampled_from(["a", "b", "Header", "p:c", "é"]),
        st.tuples(some(SPACES), some(ATTRIBUTES)),
        st.lists(inner, max_size=4).map("".join),
    ),
    max_leaves=8,
)
USUAL = st.builds(lambda inner: f'<r xmlns="{SPACE}">{inner}</r>', ELEMENTS)
STRANGE = st.builds(lambda spaces, inner: element("r", (spaces, []), inner), some(SPACES), ELEMENTS)


def agrees(body: bytes) -> bool:
    """Whether the plain form was taken, after comparing it with the canonical one."""
    try:
        root = parse(body)
    except Rejected:
        return False
    space, _, name = root.tag.rpartition("}")
    plain = _plain(root, space[1:], f'<{name} xmlns="{space[1:]}">'.encode())
    if plain is not None:
        assert plain == etree.tostring(root, method="c14n")
    return plain is not None


@given(st.one_of(USUAL, STRANGE))
@example(f'<r xmlns="{SPACE}"><a x="1" w="2">t</a></r>')
@example(f'<r xmlns="{SPACE}"><a xmlns="{SPACE}">t</a></r>')
@example(f'<r xmlns="{SPACE}"><a></a></r>')
@example(f'<r xmlns="{SPACE}"><a b="\'&gt;">&#13;</a></r>')
@example('<r xmlns="relative"><a>t</a></r>')
def test_the_plain_form_is_taken_only_where_it_is_the_canonical_one(text):
    """Whatever may be written in two ways is left to the canonical writer."""
    agrees(text.encode())


@pytest.mark.parametrize("folder", [HOSTILE, FIXTURES], ids=["hostile", "fixtures"])
def test_on_every_document_there_is(folder):
    """All that is stored here, attacks included; it is of use for most of our own."""
    taken = [agrees(path.read_bytes()) for path in folder.rglob("*.xml")]

    assert folder == HOSTILE or taken.count(True) > len(taken) / 2


@pytest.mark.parametrize(
    "inner", ["<a/>", "<a>&amp;</a>", "<a b='1' a='2'>1</a>", "<a xmlns='urn:x:1'>1</a>"]
)
def test_both_ways_give_the_same_hashes(inner):
    """What a sender writes in another way is the same message, whichever way it is read here."""
    root = parse(f'<r xmlns="{SPACE}"><Header><i>1</i></Header>{inner}</r>'.encode())
    whole = etree.tostring(root, method="c14n")
    header = f'<Header xmlns="{SPACE}"><i>1</i></Header>'.encode()
    rest = whole.replace(b"<Header><i>1</i></Header>", b"")

    assert canonical(root) == (
        hashlib.sha256(header + rest).hexdigest(),
        hashlib.sha256(rest).hexdigest(),
    )
