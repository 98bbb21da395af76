"""What is packed is smaller, and can be read again whatever it is and whoever packed it."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zstandard

from invoice_gateway.store import packing

SHIPPED = {100_001: "ae9f76479502beffa9e74f7c3b37ce35"}
"""The MD5 of every dictionary that anything may have been packed with: they never change."""
ROOT = Path(__file__).resolve().parents[2]
AWKWARD = (b"", b"\0", b"<a/>", b"\xff\x00 bytes", zstandard.FRAME_HEADER, b"\0" * 100_000)


@pytest.mark.parametrize("body", AWKWARD, ids=range(len(AWKWARD)))
def test_any_bytes_come_back(body: bytes):
    """Also what looks like a frame."""
    packed = packing.packer()(body)

    assert packing.unpack(packed) == body
    assert packing.unpack(packing.packer()(packed)) == packed


def test_what_older_programs_packed_can_be_read():
    """They knew no dictionary."""
    body = b"<InvoicePosted/>" * 9

    assert packing.unpack(zstandard.ZstdCompressor(level=1).compress(body)) == body


def test_an_event_comes_back_with_its_headers():
    """Packed together; the XML is found without the headers."""
    headers = {"cloudEvents_id": "1", "odd": 'a"\\\n\u20ac'}
    stored = packing.packer()(packing.enclosed(b"<E>\xe2\x82\xac</E>", headers))

    assert packing.body_of(stored) == b"<E>\xe2\x82\xac</E>"
    assert packing.headers_of(stored, "") == headers


def test_an_event_of_an_older_program_comes_back():
    """XML as it was sent, and headers in a column of their own."""
    assert packing.body_of(b"<E/>") == b"<E/>"
    assert packing.headers_of(b"<E/>", '{"a":"b"}') == {"a": "b"}


def test_dictionaries_are_kept_as_they_are():
    """Whoever needs another one adds it under another number."""
    found = {
        int(path.stem): hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in packing.DICTIONARIES.iterdir()
    }

    assert found == SHIPPED
    frame = packing.packer()(b"<a/>")
    assert zstandard.get_frame_parameters(frame).dict_id == packing.DICTIONARY


def test_a_small_document_shrinks_to_little():
    """That is what the dictionary is for: without, such a frame is twice as long."""
    for path in sorted((ROOT / "fixtures" / "payment_posted").glob("[!i]*.xml")):
        body = path.read_bytes()
        bare = zstandard.ZstdCompressor(level=packing.LEVEL).compress(body)
        assert len(packing.packer()(body)) < len(bare) / 2


def test_threads_do_not_share_a_packer():
    """Each has its own; frames are the same."""
    body = b"<InvoicePosted>" * 99
    with ThreadPoolExecutor(4) as pool:
        frames = set(pool.map(lambda _: packing.packer()(body), range(99)))

    assert len(frames) == 1
