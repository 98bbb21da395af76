"""How foreign text and places are shown, and how values are taken apart."""

import pytest
from lxml import etree

from invoice_gateway.xml import lexical
from invoice_gateway.xml.place import line_of, path_of
from invoice_gateway.xml.text import clip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \u00e9", "plain \u00e9"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb\u200b", "a\\u202eb\\u200b"),
        ("a\r\nb", "a\\r\\nb"),
        ("\U000e0041", "\\U000e0041"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200 + "..."),
        ("\x00" * 200, "\\x00" * 50 + "..."),
    ],
)
def test_shown_text_is_short_and_visible(text, shown):
    """Nothing that a terminal or a log could take for its own."""
    assert clip(text) == shown


def test_a_path_numbers_only_where_there_are_several():
    """As a person would say it."""
    root = etree.fromstring("<a xmlns='u:'><b/><b><c/></b><d/></a>")

    assert [path_of(each) for each in root.iter()] == [
        "/a",
        "/a/b[1]",
        "/a/b[2]",
        "/a/b[2]/c",
        "/a/d",
    ]
    assert line_of(root) == 1


def test_white_space_is_that_of_xml():
    """A no-break space is a character like any other."""
    assert lexical.collapsed(" a\n\t b\r") == "a b"
    assert lexical.collapsed(" \u00a0a \n \u00e9 ") == "\u00a0a \u00e9"


@pytest.mark.parametrize("said", ["2026-11-20T09:30:00", "2026-11-20 09:30:00Z", "T", ""])
def test_what_is_no_moment_is_refused(said):
    """By a ValueError, which the reader turns into a refusal with the place."""
    with pytest.raises(ValueError, match="not a moment"):
        lexical.moment(said)
