"""Receiving from folders: claim by rename, settle by rename."""

import os
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from invoice_gateway.bus import _files as files
from invoice_gateway.bus._headers import own_headers, text
from invoice_gateway.engine.ports import Delivery

log = structlog.get_logger()

POLL_S = 0.1
# More than any message may have: what is cut off here is refused for its size by the engine.
BODY_MAX = 32 * 1024 * 1024

_QUIET = (".json", ".tmp", ".part")  # not messages, and no surprise either


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A message file; `sender` is empty for one that lay in `inbox/` itself."""

    path: Path
    sender: str


class FolderReceiver:
    """Reads `root/inbox`: oldest file first, equal ages by name, then sender. One reader per root.

    Links, and files that start with "." or end in anything but `.xml`, are left alone. A file
    directly in `inbox/` arrives without a sender.

    Raises:
        BusUnavailable: another process reads this root, or it cannot be used.
    """

    def __init__(self, root: Path, *, poll_s: float = POLL_S) -> None:
        self._root = root
        self._poll_s = poll_s
        for name in ("inbox", "work", "done", "rejected", "outbox"):
            files.prepare(root / name)
        self._lock = files.lock(root)
        self._heal()
        self._again = deque(self._list("work"))
        self._listed: deque[Claim] = deque()
        self._claimed: dict[Claim, None] = {}
        self._ignored: set[str] = set()
        self._closed = threading.Event()

    @property
    def connected(self) -> bool:
        """Return whether the folder is there."""
        return not self._closed.is_set() and (self._root / "inbox").is_dir()

    def wait_connected(self, timeout_s: float) -> bool:  # noqa: ARG002 - as on the other bus
        """Return `connected`; there is nothing to wait for."""
        return self.connected

    def receive(self, limit: int, timeout_s: float) -> list[Delivery]:
        """Return what has arrived, at most `limit`, in order; wait `timeout_s` for the first."""
        until = time.monotonic() + timeout_s
        while not self._closed.is_set():
            if batch := self._take(limit):
                return batch
            left_s = until - time.monotonic()
            if left_s <= 0:
                break
            self._closed.wait(min(self._poll_s, left_s))
        return []

    def ack(
        self, deliveries: Sequence[Delivery], rejected: Collection[object] = frozenset()
    ) -> None:
        """Move the files to `done/<sender>/`, or `rejected/<sender>/` for the tags in `rejected`.

        A name that is taken there gets a number. Deliveries handed back meanwhile are ignored.
        """
        touched: set[Path] = set()
        for each in deliveries:
            claim = each.tag
            if not isinstance(claim, Claim) or claim not in self._claimed:
                continue
            del self._claimed[claim]
            target = self._folder("rejected" if claim in rejected else "done", claim.sender)
            try:
                moved = files.free(target / claim.path.name)
                claim.path.rename(moved)
                with suppress(FileNotFoundError):
                    files.beside(claim.path).rename(files.beside(moved))
            except OSError as error:  # it is settled in the store: at worst it comes once more
                log.warning("file.stuck", path=str(claim.path), reason=error.strerror)
            touched |= {target, claim.path.parent}
        files.sync(touched)

    def pause(self) -> None:
        """Deliver everything not acked again, first and in order, when `receive` is next called.

        The files stay in `work/`, so a crash in between changes nothing.
        """
        self._again.extendleft(reversed(self._claimed))
        self._claimed.clear()

    def close(self) -> None:
        """Leave; what is not acked is delivered again to the next reader."""
        self._closed.set()
        self._lock.close()

    def _take(self, limit: int) -> list[Delivery]:
        batch: list[Delivery] = []
        while self._again and len(batch) < limit:
            batch.extend(self._deliver(self._again.popleft(), redelivered=True))
        if len(batch) < limit and not self._listed:
            self._listed.extend(self._list("inbox"))
        touched: set[Path] = set()
        fresh: list[Claim] = []
        while self._listed and len(batch) + len(fresh) < limit:
            found = self._listed.popleft()
            if claim := self._claim(found):
                fresh.append(claim)
                touched |= {found.path.parent, claim.path.parent}
        files.sync(touched)  # the claims are on disk before anyone acts on them
        for claim in fresh:
            batch.extend(self._deliver(claim, redelivered=False))
        return batch

    def _claim(self, found: Claim) -> Claim | None:
        """Move a file and its properties to `work/`; None when it is not to be had."""
        if not os.access(found.path, os.R_OK):
            if found.path.exists():
                self._ignore(found.path, "not readable")
            return None
        target = files.free(self._folder("work", found.sender) / f"{found.path.stem}.xml")
        try:
            with suppress(FileNotFoundError):
                files.beside(found.path).rename(files.beside(target))
            found.path.rename(target)
        except OSError as error:
            self._ignore(found.path, error.strerror or "not movable")
            return None
        return Claim(path=target, sender=found.sender)

    def _deliver(self, claim: Claim, *, redelivered: bool) -> Iterator[Delivery]:
        """Yield the one delivery, or nothing when somebody removed the file."""
        try:
            with claim.path.open("rb") as file:
                body = file.read(BODY_MAX)
        except OSError as error:
            log.warning("file.vanished", path=str(claim.path), reason=error.strerror)
            return
        try:
            properties = files.properties(claim.path)
        except ValueError as error:
            log.warning("properties.ignored", path=str(claim.path), reason=str(error))
            properties = {}
        headers = properties.get("headers")
        self._claimed[claim] = None
        yield Delivery(
            body=body,
            sender=claim.sender or None,
            message_id=text(properties.get("id")),
            type=text(properties.get("type")),
            content_type="application/xml",
            headers=own_headers(headers if isinstance(headers, dict) else None),
            redelivered=redelivered,
            tag=claim,
        )

    def _list(self, name: str) -> list[Claim]:
        """Return the messages in `root/name` and its sub-folders, in order of arrival."""
        top = self._root / name
        senders = [each.name for each in _entries(top) if each.is_dir(follow_symlinks=False)]
        found: list[tuple[int, str, str, Path]] = []
        for sender in ["", *senders]:
            if sender.startswith(".") or not sender.isprintable():
                continue
            for entry in _entries(top / sender):
                if entry.is_file(follow_symlinks=False) and self._is_message(entry.path):
                    with suppress(FileNotFoundError):
                        age = entry.stat(follow_symlinks=False).st_mtime_ns
                        found.append((age, entry.name, sender, Path(entry.path)))
        return [Claim(path=path, sender=sender) for _, _, sender, path in sorted(found)]

    def _is_message(self, path: str) -> bool:
        name = os.path.basename(path)  # noqa: PTH119 - called once per file of a large folder
        if name.startswith("."):
            return False
        lower = name.lower()
        if not lower.endswith((".xml", *_QUIET)):
            self._ignore(Path(path), "not an .xml file")
        return lower.endswith(".xml")

    def _ignore(self, path: Path, reason: str) -> None:
        if str(path) not in self._ignored:  # once per file, not once per look
            self._ignored.add(str(path))
            log.warning("file.ignored", path=str(path), reason=reason)

    def _folder(self, name: str, sender: str) -> Path:
        folder = self._root / name / sender
        folder.mkdir(exist_ok=True)
        return folder

    def _heal(self) -> None:
        """Put right what a crash between two renames left: properties without their message."""
        work = self._root / "work"
        for orphan in [*work.glob("*.json"), *work.glob("*/*.json")]:
            if orphan.with_suffix(".xml").exists():
                continue
            place = orphan.relative_to(work)
            message = self._root / "inbox" / place
            waiting = any(message.with_suffix(kind).exists() for kind in (".xml", ".XML"))
            target = self._folder("inbox" if waiting else "done", str(place.parent))
            orphan.rename(target / place.name)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in `folder`; nothing when somebody removed it."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []
