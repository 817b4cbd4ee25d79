"""Jobs that take the place of others: who queues them may die at any moment, and others may look meanwhile.

submissions/<number>/<k>.replaces   jobs from the k-th on that are about to be queued, and those whose place they take
submissions/<number>/<k>.chosen     which of them stay; written once

As soon as the new collector is queued the old ones are to end, whoever sees it first: never do two go on. It queues the
reduce itself if nobody else does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from jughpc.batch import journal
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Accepted, Submission, to_json
from jughpc.batch.typed import checked, texts
from jughpc.fs import Files
from jughpc.jsonfile import read_json

SUFFIX = ".replaces"

_NAME = re.compile(r"(\d{1,9})\.replaces")
_STEM = re.compile(r"\d{1,9}-(array|collect|reduce)")
_UNREADABLE = (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError)


class Stays(Enum):
    """Which of the jobs stay."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True)
class Replacement:
    """Jobs that are to take the place of others.

    Attributes:
        first: Number of the first of the new.
        new, old: The stems of their files.
        began: When they were about to be queued [Unix s, by the clock of who queues them].
    """

    first: int
    new: tuple[str, ...]
    old: tuple[str, ...]
    began: float


def announce(files: Files, submission: Submission, new: Sequence[str], old: Sequence[str], now: float) -> Replacement:
    """Have it on record that the jobs of the stems `new`, about to be queued, take the place of `old`.

    Raises FileExistsError if somebody else is about to queue jobs of these numbers.
    """
    one = Replacement(int(new[0].partition("-")[0]), tuple(new), tuple(old), now)
    fields = {"new": one.new, "old": one.old, "began": one.began}
    journal.publish(files, f"{submission.path}/{one.first}{SUFFIX}", to_json(fields))
    return one


def is_second(files: Files, submission: Submission, one: Replacement) -> bool:
    """Return whether somebody else was first, and queued nothing yet; then this is not to be."""
    names = files.names(submission.path)
    others = {int(match[1]) for match in map(_NAME.fullmatch, names) if match} - {one.first}
    begun = {int(entry.stem.partition("-")[0]) for entry in journal.entries(files, submission)}
    if any(other < one.first and other not in begun for other in others):
        files.remove(f"{submission.path}/{one.first}{SUFFIX}")
        return True
    return False


def choose(files: Files, submission: Submission, one: Replacement, stays: Stays) -> Stays:
    """Record which jobs stay and return what holds: who chose first was right."""
    try:
        journal.publish(files, _choice(submission, one.first), to_json({"stays": stays.value}))
    except FileExistsError:
        return _chosen(files, submission, one.first) or Stays.NEW
    return stays


def settle(files: Files, submission: Submission, begun_before: float) -> None:
    """Withdraw the jobs whose place others have taken by now; so are new ones that are not to stay.

    Args:
        begun_before: Whoever began earlier than this [Unix s], and queued no collector, died: the old ones stay, and so
            do elements that he queued.
    """
    names = files.names(submission.path)
    for match in filter(None, map(_NAME.fullmatch, names)):
        with suppress(*_UNREADABLE):  # somebody else settled it, or it is damaged
            _settle_one(files, submission, _read(files, submission, int(match[1])), names, begun_before)


def _settle_one(
    files: Files, submission: Submission, one: Replacement, names: Sequence[str], begun_before: float
) -> None:
    found = {entry.stem: entry for entry in journal.entries(files, submission) if entry.stem in one.new}
    if f"{one.first}.chosen" in names and (chosen := _chosen(files, submission, one.first)):
        stays = chosen
    elif any(_is_collector(entry) and not entry.withdrawn for entry in found.values()):
        stays = choose(files, submission, one, Stays.NEW)
    elif one.began < begun_before and all(entry.outcome for entry in found.values()):
        files.remove(f"{submission.path}/{one.first}{SUFFIX}")
        return
    else:
        return
    journal.withdraw(files, submission, one.old if stays is Stays.NEW else sorted(found))
    files.remove(f"{submission.path}/{one.first}{SUFFIX}")


def _is_collector(entry: journal.Entry) -> bool:
    return isinstance(entry.outcome, Accepted) and entry.outcome.role is Role.COLLECT


def _read(files: Files, submission: Submission, first: int) -> Replacement:
    told = read_json(files, f"{submission.path}/{first}{SUFFIX}")
    new, old = texts(told["new"]), texts(told["old"])
    if not all(map(_STEM.fullmatch, (*new, *old))):
        raise ValueError("these are no jobs of a submission")
    return checked(Replacement(first, new, old, told["began"]))


def _choice(submission: Submission, first: int) -> str:
    return f"{submission.path}/{first}.chosen"


def _chosen(files: Files, submission: Submission, first: int) -> Stays | None:
    """Return what was chosen, None if that cannot be read: then whoever looks goes by what he finds."""
    with suppress(*_UNREADABLE):
        return Stays(read_json(files, _choice(submission, first))["stays"])
    return None
