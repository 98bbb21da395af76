"""How bodies are kept: compressed with a dictionary of what messages and events have in common.

A dictionary that has been used is kept for ever: a frame names the one it needs. What was written
before there were any names none. See `tests/store/dictionary.py` for how they are made.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Final

import zstandard

DICTIONARIES: Final = Path(__file__).parent / "dictionaries"
DICTIONARY: Final = 100_001
"""The dictionary that new frames are written with: 0 for none."""
LEVEL: Final = 1
MAGIC: Final = zstandard.FRAME_HEADER
END_OF_BODY: Final = b"\0"
"""What stands between the body of an event and its headers; no XML holds it."""

FORMS_KEPT: Final = 100
"""Events have the same headers, but for some; whoever else sends may name them as they like."""

Pack = Callable[[bytes], bytes]


def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    """Return the dictionary of this number, which is one that was shipped."""
    return zstandard.ZstdCompressionDict((DICTIONARIES / f"{number}.dictionary").read_bytes())


class _Tools(threading.local):
    """What one thread packs and unpacks with; nothing of it bears two threads at once."""

    def __init__(self) -> None:
        dictionary = _dictionary(DICTIONARY)
        dictionary.precompute_compress(level=LEVEL)
        self.pack = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary).compress
        self.unpack: dict[int, Pack] = {0: zstandard.ZstdDecompressor().decompress}


_mine = _Tools()


def packer() -> Pack:
    """Return what compresses for this thread; not to be handed to another."""
    return _mine.pack


def unpack(packed: bytes) -> bytes:
    """Return what a `packer` was given, of this program or an older one."""
    number = zstandard.get_frame_parameters(packed).dict_id
    if number not in _mine.unpack:
        dictionary = _dictionary(number)
        _mine.unpack[number] = zstandard.ZstdDecompressor(dict_data=dictionary).decompress
    return _mine.unpack[number](packed)


def headers_texts(values: Sequence[Mapping[str, str]]) -> list[str]:
    """Return headers, those of many, each as a JSON object: compact, in the order given."""
    told = [tuple(each.values()) for each in values]
    joined = "".join(chain.from_iterable(told))
    if not joined.isascii() or (octets := joined.encode()).translate(PLAIN) != octets:
        told = [tuple(map(_inside, each)) for each in told]
    return [_form(tuple(each)) % texts for each, texts in zip(values, told, strict=True)]


def headers_text(values: Mapping[str, str]) -> str:
    """Return headers as a JSON object."""
    [text] = headers_texts([values])
    return text


def _inside(text: str) -> str:
    """Return what stands for `text` between the quotes of JSON."""
    return encode_basestring_ascii(text)[1:-1]


PLAIN: Final = bytes(at if chr(at) == _inside(chr(at)) else 255 - at for at in range(256))
"""A table that changes whatever does not stand for itself in JSON."""


@lru_cache(maxsize=FORMS_KEPT)
def _form(names: tuple[str, ...]) -> str:
    """Return the JSON object with these names, and %s for each value."""
    return (
        "{" + ",".join([f'"{_inside(name)}":"'.replace("%", "%%") + '%s"' for name in names]) + "}"
    )


def enclose(bodies: Iterable[bytes], headers: Sequence[Mapping[str, str]]) -> list[bytes]:
    """Return events as they are packed: XML, and headers, which say most of it once more."""
    texts = map(str.encode, headers_texts(headers))
    return [*map(END_OF_BODY.join, zip(bodies, texts, strict=True))]


def enclosed(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return one event as it is packed."""
    [found] = enclose([body], [headers])
    return found


def body_of(stored: bytes) -> bytes:
    """Return the XML of an event."""
    return _opened(stored)[0]


def headers_of(stored: bytes, headers: str) -> dict[str, str]:
    """Return the headers of an event: `headers`, or what is packed with the body where empty."""
    found: dict[str, str] = json.loads(headers or _opened(stored)[1])
    return found


def _opened(stored: bytes) -> tuple[bytes, bytes]:
    """Return body and headers; what an older program wrote is bare XML."""
    if not stored.startswith(MAGIC):
        return stored, b""
    body, _, headers = unpack(stored).rpartition(END_OF_BODY)
    return body, headers
