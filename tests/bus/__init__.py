"""Tests of the two buses."""
