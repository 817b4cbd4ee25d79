"""The names of logs: one a element, `array-3.log`, or `array-64+3.log` where an array begins at element 64."""

from __future__ import annotations

from jughpc.batch.scheduler import Role


def log_name(role: Role, size: int, offset: int, index: str) -> str:
    """Return the name of one element's log.

    Args:
        size: Elements of its job; a plain job needs no index.
        offset: Number of the job's first element within the submission.
        index: The element's index in its job, or what the scheduler puts there.
    """
    if role is not Role.ARRAY:
        return f"{role.value}.log"
    if size == 1:
        return f"{role.value}-{offset}.log"
    return f"{role.value}-{offset}+{index}.log" if offset else f"{role.value}-{index}.log"
