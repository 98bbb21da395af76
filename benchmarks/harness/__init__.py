"""Running subjects side by side and measuring them: services, bus, processor time, rounds."""
