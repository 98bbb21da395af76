"""The tests, one folder per floor, and `tests.services`, which brings up what they need."""
