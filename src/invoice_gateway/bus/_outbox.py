"""Publishing to a folder: each message a file that appears whole, its properties beside it."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from invoice_gateway.bus import _files as files
from invoice_gateway.engine.ports import BusUnavailable, Outgoing, Settled

REMEMBERED = 100_000

_STAMP = "%Y%m%dT%H%M%S%fZ"
_TICK = timedelta(microseconds=1)


class FolderPublisher:
    """Writes events to `root/outbox`, or messages to `root/inbox/<sender>` when a sender is given.

    Files are named `<time>-<key>-<id>.xml`, so that names sort in the order of submission, and
    appear after their `.json` with id, key, type and headers. An event whose id is already in the
    outbox is not written again; a message sent twice arrives twice.

    Raises:
        BusUnavailable: `sender` is no plain name, or the folder cannot be used.
    """

    def __init__(self, root: Path, *, sender: str | None = None) -> None:
        if sender is not None and not _names_a_folder(sender):
            raise BusUnavailable(
                f"sender {sender!r} cannot name a folder; it must not be empty, begin with '.', or"
                " hold '/' or control characters"
            )
        self._folder = root / "outbox" if sender is None else root / "inbox" / sender
        self._once = sender is None
        self._settled: list[Settled] = []
        files.prepare(self._folder)
        names = sorted(each.stem for each in self._folder.glob("[!.]*.xml"))
        self._written = dict.fromkeys(name.partition("-")[2] for name in names[-REMEMBERED:])
        self._last = _time_of(names[-1]) if names else datetime.min.replace(tzinfo=UTC)

    @property
    def connected(self) -> bool:
        """Return whether the folder is there."""
        return self._folder.is_dir()

    def wait_connected(self, timeout_s: float) -> bool:  # noqa: ARG002 - as on the other bus
        """Return `connected`; there is nothing to wait for."""
        return self.connected

    @property
    def in_flight(self) -> int:
        """Return 0: what `submit` has returned from is on disk or has failed."""
        return 0

    @property
    def blocked_s(self) -> float:
        """Return 0.0: a folder does not block."""
        return 0.0

    def submit(self, events: Sequence[Outgoing]) -> None:
        """Write messages, in order; on return each is on disk, or settled with an error."""
        written: list[tuple[Outgoing, str]] = []
        for event in events:
            tail = f"{quote(event.key, safe='')}-{quote(event.id, safe='')}"
            if self._once and tail in self._written:
                self._settled.append(Settled(id=event.id))
                continue
            self._remember(tail)
            name = f"{self._stamp()}-{tail}"
            try:
                self._hidden(name, "json").write_bytes(_properties(event))
                self._hidden(name, "xml").write_bytes(event.body)
            except OSError as error:
                self._fail(event, name, error)
            else:
                written.append((event, name))
        self._reveal([*self._durable(written)])

    def settled(self) -> list[Settled]:
        """Return what was settled since the last call."""
        found, self._settled = self._settled, []
        return found

    def wait(self, timeout_s: float) -> bool:  # noqa: ARG002 - as on the other bus
        """Return True: nothing is ever in flight."""
        return True

    def close(self) -> None:
        """Leave; there is nothing to release."""

    def _durable(self, written: Sequence[tuple[Outgoing, str]]) -> Iterator[tuple[Outgoing, str]]:
        """Yield those whose files are on disk; the others have failed."""
        pairs = [(self._hidden(name, "json"), self._hidden(name, "xml")) for _, name in written]
        lost = files.settle([*chain.from_iterable(pairs)])
        for (event, name), (properties, body) in zip(written, pairs, strict=True):
            error = lost.get(properties) or lost.get(body)
            if error is None:
                yield event, name
            else:
                self._fail(event, name, error)

    def _reveal(self, pending: Sequence[tuple[Outgoing, str]]) -> None:
        """Give files their names, in order, and put the names on disk."""
        done: list[Outgoing] = []
        for event, name in pending:
            try:
                for kind in ("json", "xml"):
                    self._hidden(name, kind).rename(self._folder / f"{name}.{kind}")
            except OSError as error:
                self._fail(event, name, error)
            else:
                done.append(event)
        if done:
            files.sync([self._folder])
        self._settled.extend(Settled(id=event.id) for event in done)

    def _fail(self, event: Outgoing, name: str, error: OSError) -> None:
        self._written.pop(name.partition("-")[2], None)
        self._settled.append(Settled(id=event.id, error=f"not written: {error.strerror}"))
        for kind in ("json", "xml"):
            try:
                self._hidden(name, kind).unlink(missing_ok=True)
            except OSError:  # the disk is in trouble; a hidden file is read by nobody
                return

    def _hidden(self, name: str, kind: str) -> Path:
        return self._folder / f".{name}.{kind}.tmp"

    def _remember(self, tail: str) -> None:
        self._written[tail] = None
        if len(self._written) > REMEMBERED:
            del self._written[next(iter(self._written))]

    def _stamp(self) -> str:
        """Return a time later than any before it, whatever the clock does."""
        self._last = max(datetime.now(UTC), self._last + _TICK)
        return self._last.strftime(_STAMP)


def _names_a_folder(sender: str) -> bool:
    return sender.isprintable() and "/" not in sender and sender[:1] not in ("", ".")


def _properties(event: Outgoing) -> bytes:
    found = {
        "id": event.id,
        "key": event.key,
        "type": event.type,
        "headers": dict(event.headers),
    }
    return json.dumps(found, ensure_ascii=False, indent=2).encode()


def _time_of(name: str) -> datetime:
    """Return the time a file was named after; the beginning of time for a foreign name."""
    try:
        return datetime.strptime(name.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
