"""The parts of the benchmark; each can be run alone and writes results of its own."""
