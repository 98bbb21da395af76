"""Measuring the gateway end to end, with the services of the tests."""
