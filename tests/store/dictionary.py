"""Makes a dictionary for `store.packing`: `python -m tests.store.dictionary 100002`.

It learns from the messages of all fixtures, indented and not, and from the events they cause. One
that has been shipped is never made again: give the new one the next number, and name it there.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from invoice_gateway.store import packing
from invoice_gateway.store.reads import events
from tests.engine_harness import ENTERPRISE, JOURNEYS, Databases, stories

SIZE = 16_384
BETWEEN_TAGS = re.compile(rb">\s+<")


def main(number: int) -> None:
    """Write the dictionary of this number beside the others."""
    path = packing.DICTIONARIES / f"{number}.dictionary"
    if path.exists():
        raise SystemExit(f"{path.name} is there: what was packed with it could not be read again")
    samples = [*_messages(), *_events()]
    path.write_bytes(zstandard.train_dictionary(SIZE, samples, dict_id=number).as_bytes())


def _messages() -> Iterator[bytes]:
    """Yield every message that is no example of a broken one."""
    for path in sorted(JOURNEYS.parent.glob("**/*.xml")):
        if not path.name.startswith("invalid"):
            body = path.read_bytes()
            yield body
            yield BETWEEN_TAGS.sub(b"><", body)


def _events() -> Iterator[bytes]:
    """Yield the events of all journeys, as they are packed."""
    with tempfile.TemporaryDirectory() as folder:
        databases = Databases(Path(folder))
        for story in stories():
            with databases.emptied((*story.senders, *ENTERPRISE)) as engine:
                for body in story.bodies:
                    engine.send(body)
                with engine.store.session() as session:
                    for row in session.read(events()):
                        headers = packing.headers_of(row.stored, row.headers)
                        yield packing.enclosed(row.body, headers)
        databases.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
