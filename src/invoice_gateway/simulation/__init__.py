"""A year of business in minutes: who does what, told to a gateway, and judged every day."""
