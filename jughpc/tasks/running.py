"""What runs: a jughpc command or a plain `python jugfile.py`, and which task."""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol

_commands: list[str] = []


class HasDigest(Protocol):
    """What a task is here."""

    @property
    def digest(self) -> bytes:
        """Its digest."""


task: HasDigest | None = None
"""The task that runs now in this process."""


def enter(command: str) -> None:
    """Note that a jughpc command runs this process."""
    _commands.append(command)


def is_jug_running() -> bool:
    """Tell whether a jughpc command runs this process."""
    return bool(_commands)


def seed(bits: int = 32) -> int:
    """Return a number for the task that runs, equal at each of its runs and most likely another for any other task.

    Args:
        bits: Its size: 32 is what ``numpy.random.seed`` takes, 128 is best for ``numpy.random.default_rng``.
    Raises:
        RuntimeError: No task runs.
    """
    if task is None:
        raise RuntimeError("jughpc.seed() is of the task that runs, and none does; call it in a task's function")
    data = blake2b(task.digest, person=b"jughpc.seed").digest()
    return int.from_bytes(data, "little") & ((1 << bits) - 1)
