"""Shipped helpers for tests: contract suites and the simulated world."""
