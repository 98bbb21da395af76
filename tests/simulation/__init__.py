"""Tests of the year simulation."""
