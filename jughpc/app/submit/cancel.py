"""End a submission."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.batch import shell
from jughpc.batch.polling import cancel as cancel_all
from jughpc.batch.submissions import Accepted
from jughpc.errors import UsageError
from jughpc.fs import OsFiles


def cancel(target: Target, number: int | None) -> Sequence[Accepted]:
    """End array, collector and reduce; return them. Raises UsageError if there is no such submission."""
    jobs = submitted.find(target.jugdir, number, ask=False)
    if jobs is None:
        raise UsageError(f"nothing was submitted from {target.jugdir}, so there is nothing to cancel.")
    return cancel_all(OsFiles(Path(target.jugdir).absolute()), jobs.submission, jobs.scheduler, shell.run)
