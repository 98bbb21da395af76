"""What happens when a worker dies, a broker blocks, or a database goes away."""
