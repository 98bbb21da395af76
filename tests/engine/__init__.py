"""The use cases: what becomes of messages when workers, databases and senders misbehave."""
