"""What a status says, as far as the referee checks it."""

from __future__ import annotations

from dataclasses import dataclass

from jughpc.batch.scheduler import Status
from jughpc.batch.submissions import Accepted


@dataclass(frozen=True)
class Told:
    """What is said of one element of a job.

    Attributes:
        index: The scheduler's own.
    """

    job: Accepted
    index: int
    status: Status
