"""Numbers for Prometheus: messages, batches, stages, and what waits."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from invoice_gateway.engine.ports import Counts

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


class Metrics:
    """The meter of one process; `registry` is its own, so that two may live side by side."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._messages = Counter(
            "invoice_gateway_messages",
            "Messages by type and outcome",
            ["type", "outcome"],
            registry=self.registry,
        )
        self._batch = Histogram(
            "invoice_gateway_batch_messages",
            "Messages per batch",
            buckets=SIZES,
            registry=self.registry,
        )
        self._stage = Counter(
            "invoice_gateway_stage_seconds",
            "Time spent per stage of a batch",
            ["stage"],
            registry=self.registry,
        )
        self._parked = self._gauge("parked_messages", "Messages waiting for a reference")
        self._dead = self._gauge("dead_letters", "Dead letters nobody has dealt with")
        self._outbox = self._gauge(
            "outbox_events", "Events not confirmed yet; an estimate above 10,000"
        )
        self._age = self._gauge("outbox_age_seconds", "Age of the oldest event not confirmed")
        self._blocked = self._gauge("blocked_seconds", "How long the broker has been blocking us")

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"invoice_gateway_{name}", text, registry=self.registry)

    def messages(self, message_type: str, outcome: str, count: int) -> None:
        """Count messages of one type that came to the same outcome."""
        self._messages.labels(message_type, outcome).inc(count)

    def batch(self, size: int) -> None:
        """Count one batch."""
        self._batch.observe(size)

    def stage(self, name: str, seconds: float) -> None:
        """Add time spent in a stage."""
        self._stage.labels(name).inc(seconds)

    def waiting(self, counts: Counts, blocked_s: float) -> None:
        """Note what waits."""
        self._parked.set(counts.parked)
        self._dead.set(counts.dead)
        self._outbox.set(counts.outbox)
        self._age.set(counts.outbox_age_s)
        self._blocked.set(blocked_s)

    def seconds(self) -> dict[str, float]:
        """Return the time spent per stage so far."""
        return {
            sample.labels["stage"]: sample.value
            for metric in self._stage.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }

    def outcomes(self) -> dict[str, int]:
        """Return how many messages there were so far, by outcome."""
        found: dict[str, int] = {}
        for metric in self._messages.collect():
            for sample in metric.samples:
                if sample.name.endswith("_total"):
                    outcome = sample.labels["outcome"]
                    found[outcome] = found.get(outcome, 0) + int(sample.value)
        return found

    def serve(self, port: int) -> int:
        """Serve the numbers on `port` (0: any free one) of every interface; return the port."""
        server, _ = start_http_server(port, registry=self.registry)
        return int(server.server_port)
