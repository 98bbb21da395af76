"""How properties are searched: the same examples on every run, and no clock."""

from hypothesis import settings

settings.register_profile("rules", derandomize=True, deadline=None)
settings.load_profile("rules")
