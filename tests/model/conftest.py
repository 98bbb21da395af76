"""How properties are searched: the same examples on every run, and no clock."""

from hypothesis import settings

settings.register_profile("rules", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("rules")
