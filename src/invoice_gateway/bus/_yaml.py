"""JSON values as YAML: the little of it that a description needs, with nothing to install."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z$_][\w$.-]*")
_INVISIBLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_NOT_STRINGS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def dump(value: Mapping[str, Any]) -> str:
    """Return a JSON object as YAML: block style, strings in double quotes, keys in their order."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any, indent: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON
    if not value or not isinstance(value, Mapping | list):
        yield f"{indent}{_scalar(value)}"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if item and isinstance(item, Mapping | list):
                yield f"{indent}{_key(key)}:"
                yield from _lines(item, f"{indent}  ")
            else:
                yield f"{indent}{_key(key)}: {_scalar(item)}"
    else:
        for item in value:
            # The first line of an item stands beside its dash.
            first, *rest = _lines(item, f"{indent}  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest


def _scalar(value: Any) -> str:  # noqa: ANN401 - any JSON
    # JSON but for one thing: YAML wants its invisible characters as references.
    return _INVISIBLE.sub(
        lambda found: f"\\U{ord(found[0]):08x}", json.dumps(value, ensure_ascii=False)
    )


def _key(key: str) -> str:
    plain = _PLAIN.fullmatch(key) and key.lower() not in _NOT_STRINGS
    return key if plain else _scalar(key)
