"""Tests of the message handlers."""
