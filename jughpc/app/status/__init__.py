"""Where a jugfile stands: its tasks, its workers and its jobs."""
