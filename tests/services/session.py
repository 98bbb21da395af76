"""The services of one test run: started in the background, each once, ended together."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.services.find import open_postgresql, open_rabbitmq
from tests.services.postgresql import PostgreSQL
from tests.services.power import Lent, reap
from tests.services.rabbitmq import RabbitMQ


@dataclass(slots=True)
class Services:
    """Both services, neither started before somebody says that it will be needed."""

    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))
    _rabbitmq: Future[RabbitMQ] | None = None
    _postgresql: Future[PostgreSQL] | None = None

    def begin(self, names: Iterable[str]) -> None:
        """Start the named services (`rabbitmq`, `postgresql`) side by side, without waiting."""
        wanted = set(names)
        if "rabbitmq" in wanted and self._rabbitmq is None:
            self._rabbitmq = self._threads.submit(open_rabbitmq)
        if "postgresql" in wanted and self._postgresql is None:
            self._postgresql = self._threads.submit(open_postgresql, fsync=False)

    def rabbitmq(self) -> RabbitMQ:
        """Return the broker once it answers.

        Raises:
            ServiceUnavailable: none can be had.
        """
        self.begin(["rabbitmq"])
        assert self._rabbitmq is not None
        return self._rabbitmq.result()

    def postgresql(self) -> PostgreSQL:
        """Return the database server once it answers.

        Raises:
            ServiceUnavailable: none can be had.
        """
        self.begin(["postgresql"])
        assert self._postgresql is not None
        return self._postgresql.result()

    def close(self) -> None:
        """End what is ours, and tidy what was lent to us."""
        self._threads.shutdown(wait=True)
        for started in (self._rabbitmq, self._postgresql):
            if started is None or started.exception() is not None:
                continue
            service = started.result()
            if isinstance(service.power, Lent):
                service.forget()
        reap()
