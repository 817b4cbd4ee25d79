"""The names of jug.options."""

from jughpc.jug.jug import set_jugdir

__all__ = ["set_jugdir"]
