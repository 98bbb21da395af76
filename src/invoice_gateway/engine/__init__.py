"""The use cases: a batch from deliveries to committed facts, the relay, parking, dead letters; Protocols only."""
