"""One connection to RabbitMQ, kept alive in a thread of its own.

The thread runs pika's loop, so heartbeats are answered while the engine works. Whoever uses the
link hears of it through callbacks, all called in that thread, and hands work over with `call`.
"""

import random
import threading
import time
import traceback
from collections.abc import Callable
from typing import Protocol

import pika  # type: ignore[import-untyped]
import structlog

from invoice_gateway.bus._address import cause, parameters, place
from invoice_gateway.bus._pika import (
    Express,
    Pika,
    Valve,
    drop,
    express,
    make_tolerant,
    read_wide,
)

log = structlog.get_logger()

BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 10.0
CLOSE_S = 3.0


class Guest(Protocol):
    """Who lives on a link; every method is called in the link's thread."""

    def opened(self, connection: Pika) -> None:
        """Begin on a new connection."""
        ...

    def lost(self, reason: str) -> None:
        """Forget the connection: it is gone, and with it all its channels."""
        ...


class Backoff:
    """How long to wait before trying again: full jitter, doubling, forgotten after a good spell."""

    def __init__(self) -> None:
        self._failures = 0
        self._began = time.monotonic()

    def began(self) -> None:
        """Note that an attempt worked."""
        self._began = time.monotonic()

    def delay_s(self) -> float:
        """Return the seconds to wait after one more failure, between 0 and 10."""
        if time.monotonic() - self._began > BACKOFF_MAX_S:
            self._failures = 0
        ceiling = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0**self._failures)
        self._failures = min(self._failures + 1, 10)
        return random.uniform(0, ceiling)  # noqa: S311 - jitter, not a secret


class Link:
    """A connection that comes back; `name` is what broker and log call it.

    `express` and `valve` belong to the connection that is open, for use in the link's thread.
    """

    express: Express | None = None
    valve: Valve

    def __init__(self, url: str, name: str, guest: Guest) -> None:
        self._parameters = parameters(url, name)
        self._name = name
        self._guest = guest
        self._log = log.bind(connection=name, broker=place(self._parameters))
        self._lock = threading.Lock()
        self._loop: Pika = None
        self._connection: Pika = None
        self._open = False
        self._closing = threading.Event()
        self._reason = ""
        self._said = ""
        self._backoff = Backoff()
        make_tolerant()
        self._thread = threading.Thread(target=self._run, name=f"bus-{name}", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Return whether the connection is open now."""
        return self._open

    def call(self, work: Callable[[], None]) -> bool:
        """Have `work` done in the link's thread, in order; False: no connection."""
        with self._lock:
            if not self._open:
                return False
            self._loop.add_callback_threadsafe(work)
            return True

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        """Have `work` done after `delay_s`, unless the link goes first. Link's thread only."""
        self._loop.call_later(delay_s, lambda: work() if self._open else None)

    def close(self) -> None:
        """Send what is buffered, say goodbye, and return when the thread is gone (5 s at most)."""
        self._closing.set()
        with self._lock:
            if self._loop is not None:
                self._loop.add_callback_threadsafe(self._leave)
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._reason = ""
            try:
                self._session()
            except Exception as error:  # noqa: BLE001 - e.g. TLS files that are not there (yet)
                self._reason = cause(error)
            if self._closing.is_set():
                break
            delay_s = self._backoff.delay_s()
            if self._reason != self._said:  # an outage is one line, not one per attempt
                self._said = self._reason
                self._log.warning("bus.disconnected", reason=self._reason)
            self._closing.wait(delay_s)
        self._log.info("bus.closed")

    def _session(self) -> None:
        """Connect, serve until the connection ends, release everything."""
        connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_end,
            on_close_callback=self._on_end,
        )
        with self._lock:
            self._connection, self._loop = connection, connection.ioloop
            if self._closing.is_set():  # `close` came before there was a loop to tell
                self._loop.add_callback_threadsafe(self._leave)
        try:
            connection.ioloop.start()
        except Exception as error:  # noqa: BLE001 - whatever a peer made pika raise must not end us
            # No traceback: some renderers show local variables, and pika's may hold the password.
            where = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{where.filename}:{where.lineno}"
            self._log.error("bus.failed", reason=cause(error), line=line)
            self._abort(connection, error)
        finally:
            with self._lock:
                self._open, self._connection, self._loop = False, None, None
            self._guest.lost(self._reason)
            connection.ioloop.close()

    def _on_open(self, connection: Pika) -> None:
        with self._lock:
            self._open = True
        self._said = ""
        self._backoff.began()
        self._log.info("bus.connected")
        read_wide(connection)
        self.express, self.valve = express(connection), Valve(connection)
        self._guest.opened(connection)

    def _on_end(self, connection: Pika, error: BaseException | str) -> None:
        self._reason = error if isinstance(error, str) else cause(error)
        with self._lock:
            self._open = False
        connection.ioloop.stop()

    def _leave(self) -> None:
        connection = self._connection
        if connection.is_closing or connection.is_closed:
            return
        connection.close()
        # A broker that blocks publishers does not even read the goodbye.
        connection.ioloop.call_later(CLOSE_S, lambda: drop(connection, None))

    def _abort(self, connection: Pika, error: Exception) -> None:
        """Let go of the socket after pika itself broke."""
        self._reason = cause(error)
        drop(connection, error)
        connection.ioloop.call_later(1.0, connection.ioloop.stop)
        connection.ioloop.start()
