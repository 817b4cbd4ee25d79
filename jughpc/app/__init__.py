"""Use cases: the one place that sees tasks and jobs."""
