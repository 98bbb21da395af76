"""Tests of the judge of the books."""
