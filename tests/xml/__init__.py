"""Tests of the xml floor."""
