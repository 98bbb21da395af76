"""The buses the gateway listens and speaks on: RabbitMQ, and folders on disk."""
