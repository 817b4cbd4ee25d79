"""The names of jug.barrier."""

from jughpc.tasks.barrier import BarrierError, barrier, bvalue

__all__ = ["BarrierError", "barrier", "bvalue"]
