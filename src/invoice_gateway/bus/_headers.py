"""Message properties from the wire: what a stranger wrote, made harmless."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

HEADERS_MAX = 64
NAME_CHARS_MAX = 128
VALUE_CHARS_MAX = 1024


def own_headers(found: Mapping[object, object] | None) -> dict[str, str]:
    """Return the headers worth keeping as strings: at most 64, each at most 1024 characters.

    Names that start with `x-` (in any case) belong to the broker and are dropped, as a client can
    forge them; so are tables, lists and whatever is too long: a cut value could pass for another.
    """
    kept: dict[str, str] = {}
    for name, value in (found or {}).items():
        key, words = text(name), text(value)
        if key is None or words is None or key.lower().startswith("x-"):
            continue
        if len(key) <= NAME_CHARS_MAX and len(words) <= VALUE_CHARS_MAX:
            kept[key] = words
        if len(kept) == HEADERS_MAX:
            break
    return kept


def text(value: object) -> str | None:
    """Return a scalar as text, None for anything else.

    What is not UTF-8, and the character NUL (which no database column takes), shows as U+FFFD.
    """
    match value:
        case str():
            clean = value if value.isascii() else value.encode("utf-8", "replace").decode()
            return clean.replace("\0", "\ufffd")
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case bytes():
            return value.decode("utf-8", "replace").replace("\0", "\ufffd")
        case datetime():
            return value.isoformat()
        case _:
            return None
