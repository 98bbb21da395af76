"""A connection to PostgreSQL that lets somebody else compute while it waits, and only then."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg


class LendingConnection(psycopg.Connection[Any]):
    """A connection that enters `waiting` whenever the server has to be waited for.

    Not around a whole statement: what it takes to write one and to read its rows is work, and two
    threads at work take the interpreter from each other.
    """

    waiting: Callable[[], AbstractContextManager[None]] = staticmethod(nullcontext)

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **named: Any) -> Any:  # noqa: ANN401
        """Carry out what the driver wants done, as it does; see there."""
        return super().wait(self._lent(gen), *args, **named)

    def _lent(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Yield what `gen` waits for, entering `waiting` meanwhile."""
        ready = None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as done:
                return done.value
            with self.waiting():
                ready = yield wanted
