"""WHO computes: the loop that claims, runs and publishes."""
