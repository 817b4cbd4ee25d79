"""Jobs that take the place of others: who queues them may die before he has ended those.

submissions/<number>/<k>.replaces   which jobs are to end once those from the k-th on are queued
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from jughpc.batch import journal
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Accepted, Submission, to_json
from jughpc.batch.typed import texts
from jughpc.fs import Files
from jughpc.jsonfile import read_json

SUFFIX = ".replaces"

_NAME = re.compile(r"(\d{1,9})\.replaces")
_STEM = re.compile(r"\d{1,9}-(array|collect|reduce)")


@contextmanager
def replacing(files: Files, submission: Submission, last: Role, old: Sequence[Accepted]) -> Iterator[None]:
    """Have it on record that the jobs which the block queues take the place of `old`, once one is that of role `last`.

    If the block fails it has taken back what it queued, and nothing takes the place of anything.
    """
    path = f"{submission.path}/{journal.next_ordinal(files, submission)}{SUFFIX}"
    files.save(path, [to_json({"last": last.value, "old": [journal.stem_of(job) for job in old]})])
    try:
        yield
    except BaseException:
        files.remove(path)
        raise
    settle(files, submission)


def settle(files: Files, submission: Submission) -> None:
    """Withdraw what jobs have taken the place of that are queued by now."""
    for match in filter(None, map(_NAME.fullmatch, files.names(submission.path))):
        path = f"{submission.path}/{match[0]}"
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):  # somebody else did, or it is damaged
            told = read_json(files, path)
            if _is_queued(files, submission, int(match[1]), Role(told["last"])):
                journal.withdraw(files, submission, [stem for stem in texts(told["old"]) if _STEM.fullmatch(stem)])
                files.remove(path)


def _is_queued(files: Files, submission: Submission, first: int, role: Role) -> bool:
    """Return whether a job of that role, with that number or a later one, was queued and is to stay."""
    return any(
        isinstance(entry.outcome, Accepted) and entry.outcome.role is role and not entry.withdrawn
        for entry in journal.entries(files, submission)
        if int(entry.stem.partition("-")[0]) >= first
    )
