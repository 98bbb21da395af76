"""Counting what goes over a wire and how many Python functions are called."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

CHUNK = 1 << 16


@dataclass(slots=True)
class Wire:
    """What went through a proxy: bytes each way, and how often the client spoke after an answer.

    The last is the number of round trips, as a client that waits for an answer makes them.
    """

    url: str
    up: int = 0
    down: int = 0
    turns: int = 0
    _asking: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.up = self.down = self.turns = 0
            self._asking = False

    def note(self, size: int, *, up: bool) -> None:
        """Count one piece."""
        with self._lock:
            if up:
                self.up += size
                self.turns += not self._asking
            else:
                self.down += size
            self._asking = up


@contextmanager
def wire(url: str) -> Iterator[Wire]:
    """Give a proxy in front of the server of `url`, whose own `url` leads through it."""
    parts = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        user = f"{parts.username}:{parts.password}" if parts.password else parts.username
        through = parts._replace(netloc=f"{user}@127.0.0.1:{port}")
        counted = Wire(urlunsplit(through))
        target = (str(parts.hostname), int(parts.port or 0))
        threading.Thread(target=_serve, args=(listener, target, counted), daemon=True).start()
        yield counted
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, target: tuple[str, int], counted: Wire) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(target)
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for pair, up in (((client, server), True), ((server, client), False)):
            named = {"counted": counted, "up": up}
            threading.Thread(target=_pump, args=pair, kwargs=named, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, *, counted: Wire, up: bool) -> None:
    try:
        while piece := source.recv(CHUNK):
            counted.note(len(piece), up=up)
            sink.sendall(piece)
    except OSError:
        pass
    for each in (source, sink):
        each.close()


@dataclass(slots=True)
class Calls:
    """How many Python functions were called in this thread."""

    count: int = 0

    def __call__(self, _frame: FrameType, happened: str, _argument: Any) -> None:
        """Count a call; C functions and returns do not count."""
        self.count += happened == "call"


@contextmanager
def calls() -> Iterator[Calls]:
    """Count the calls of Python functions in this thread while the block runs."""
    counted, before = Calls(), sys.getprofile()
    sys.setprofile(counted)
    try:
        yield counted
    finally:
        sys.setprofile(before)
