"""The use cases: batches, the relay, parking, dead letters; they know Protocols only."""
