"""Take the elements of a submission that still queue out of the queue: all that they could do is done.

Run as a file, as a process of its own, by the worker that finds nothing left to do: workers know nothing of jobs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from jughpc.batch import journal, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role
from jughpc.errors import JugdirError, JugError
from jughpc.fs import Files, OsClock, OsFiles

PATIENCE = 20.0
"""How long one command of the scheduler's may take [s]: an element waits for it."""


def command(jugdir: Path, token: str) -> list[str]:
    """Return the command line that withdraws what is queued of the submission that has `token`."""
    return [sys.executable, __file__, str(jugdir), token]


def mark(files: Files, token: str) -> bool:
    """Record that no element of a submission that has not started need start; return whether nobody had before."""
    try:
        files.write(_mark(token), [])
    except FileExistsError:
        return False
    return True


def is_marked(files: Files, token: str) -> bool:
    """Return whether no element of a submission that has not started need start."""
    folder, _, name = _mark(token).rpartition("/")
    return name in files.names(folder)


def withdraw(
    files: Files, jugdir: Path, token: str, recorded: Callable[[submissions.Submission], Cluster]
) -> Sequence[str]:
    """Withdraw what is queued of a submission's arrays; return what went wrong, a line each.

    Args:
        recorded: Returns the system that a submission was given to.
    Raises:
        JugError: There is no such submission, or its scheduler did not answer.
    """
    found = [one for one in submissions.every(files, jugdir) if one.token == token]
    if not found:
        raise JugdirError(f"no submission in {jugdir} has the token {token!r}")
    submission = found[-1]
    arrays = [job for job in journal.accepted(files, submission) if job.role is Role.ARRAY]
    return recorded(submission).withdraw(arrays)


def _mark(token: str) -> str:
    return f"{submissions.ROOT}/{token}.withdrawn"


def main(argv: Sequence[str]) -> int:
    """Do the command in `argv`; say what went wrong and return 1, else 0."""
    jugdir, clusters = Path(argv[0]), Clusters(OsClock()).hasty(PATIENCE)

    def recorded(one: submissions.Submission) -> Cluster:
        return clusters.recorded(one.scheduler, one.limits, one.commands)

    try:
        wrong = withdraw(OsFiles(jugdir), jugdir, argv[1], recorded)
    except (JugError, OSError) as error:
        wrong = [str(error)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
