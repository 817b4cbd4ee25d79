"""Failures of tasks: what they raised, where, and how they were called; a small file beside each."""

from __future__ import annotations

import json
from dataclasses import dataclass

from jughpc.jsonfile import whole


@dataclass(frozen=True)
class Failure:
    """What went wrong with a task.

    Attributes:
        digest: The task.
        name: Its name.
        exception: Type and text, one line.
        trace: The user's traceback.
        life: Who found out.
        host, owner: Where it ran.
        submission, element: Of which submission's element, "" and -1 by hand.
        when: Unix seconds by that host's clock, for people.
        tries: How often it was run and failed, this time included.
        call: How it was called, with its arguments in short.
        deaths: Of workers that it was failed for, 0 if it failed by itself.
    """

    digest: bytes
    name: str
    exception: str
    trace: str
    life: str
    host: str
    owner: str
    when: float
    tries: int = 1
    submission: str = ""
    element: int = -1
    call: str = ""
    deaths: int = 0


def decode(text: bytes, digest: bytes) -> Failure | None:
    """Return the failure that was kept as the JSON of its fields, None if it is damaged."""
    try:
        return whole(Failure, json.loads(text), digest=digest)
    except (ValueError, RecursionError):
        return None
