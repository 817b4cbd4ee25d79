"""Take the elements of a submission that still queue out of the queue: all that they could do is done.

Run as a file, as a process of its own, by the worker that finds nothing left to do: workers know nothing of jobs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from jughpc.batch import federation, journal, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role
from jughpc.errors import JugdirError, JugError
from jughpc.fs import Files, OsClock, OsFiles

PATIENCE = 20.0
"""How long one command of the scheduler's may take [s]: an element waits for it."""


def command(jugdir: Path, token: str, stem: str = "") -> list[str]:
    """Return the command line that withdraws what is queued of the submission that has `token`.

    Args:
        stem: Of the files of the array that is meant, "" for all arrays.
    """
    return [sys.executable, __file__, str(jugdir), token, *([stem] if stem else [])]


def mark(files: Files, token: str, stem: str = "") -> bool:
    """Record that no element of a submission that has not started need start; return whether nobody had before.

    Args:
        stem: As of `command`.
    """
    try:
        files.write(_mark(token, stem), [])
    except FileExistsError:
        return False
    return True


def marks(files: Files, token: str) -> set[str]:
    """Return of which arrays of a submission no element that has not started need start, by their stems; "" for all."""
    matches = (
        re.fullmatch(rf"{token}(?:-([0-9]{{1,9}}-array))?\.withdrawn", name) for name in files.names(submissions.ROOT)
    )
    return {match[1] or "" for match in matches if match}


def withdraw(
    files: Files, jugdir: Path, token: str, recorded: Callable[[submissions.Submission], Cluster], stem: str = ""
) -> Sequence[str]:
    """Withdraw what is queued of a submission's arrays; return what went wrong, a line each.

    Args:
        stem: As of `command`.
        recorded: Returns the system that a submission was given to.
    Raises:
        JugError: There is no such submission, or its scheduler did not answer.
    """
    found = [one for one in submissions.every(files, jugdir) if one.token == token]
    if not found:
        raise JugdirError(f"no submission in {jugdir} has the token {token!r}")
    submission = found[-1]
    arrays = [job for job in journal.accepted(files, submission) if job.role is Role.ARRAY]
    return federation.withdraw(recorded(submission), [job for job in arrays if stem in ("", journal.stem_of(job))])


def _mark(token: str, stem: str = "") -> str:
    return f"{submissions.ROOT}/{token}{'-' * bool(stem)}{stem}.withdrawn"


def main(argv: Sequence[str]) -> int:
    """Do the command in `argv`; say what went wrong and return 1, else 0."""
    jugdir, clusters = Path(argv[0]), Clusters(OsClock()).hasty(PATIENCE)
    files = OsFiles(jugdir)

    try:
        wrong = withdraw(files, jugdir, argv[1], partial(clusters.of, files), *argv[2:3])
    except (JugError, OSError) as error:
        wrong = [str(error)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
