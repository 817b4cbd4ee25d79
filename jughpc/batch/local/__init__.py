"""The embedded scheduler: jobs on this machine."""
