"""What a batch costs, counted: work that does not depend on how fast a machine is."""
