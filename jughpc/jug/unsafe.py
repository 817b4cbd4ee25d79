"""The names of jug.unsafe."""

from jughpc.tasks.unsafe import NoHash

__all__ = ["NoHash"]
