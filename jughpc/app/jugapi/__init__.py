"""What jug's users call from Python, and what takes over jug's own results."""
