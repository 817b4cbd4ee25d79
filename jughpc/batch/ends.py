"""How jobs and elements ended, kept in the submission's folder for when the scheduler has forgotten them.

submissions/<number>/ends/<k>-<role>.json           told by a job that ended: its JUGHPC_OWNER, exit code, state,
                                                    reason, last lines, host, and when [Unix s]
submissions/<number>/ends/<k>-<role>-<place>.json   the same of an array's element, by its place in it from 0 on
submissions/<number>/ends/<k>-<role>.seen.<n>       what polls were the first to see, all of it in the latest

A job learns where its own is from JUGHPC_END.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from jughpc.batch import journal
from jughpc.batch.causes import Cause, Why
from jughpc.batch.poll import Key
from jughpc.batch.scheduler import State, Status
from jughpc.batch.submissions import Accepted, Submission, to_json
from jughpc.batch.typed import texts
from jughpc.exitcode import after_signal
from jughpc.fs import Files
from jughpc.jsonfile import read_json, whole

FOLDER = "ends"
LINES = 20  # of an end that are kept
START = "start"
BEFORE_WORK = ("setup", START)  # how the reason begins of what failed before its work began

_TOLD = re.compile(r"(\d+-(?:array|collect|reduce))(?:-(\d+))?\.json")
_SEEN = re.compile(r"(\d+-(?:array|collect|reduce))\.seen\.(\d+)")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class End:
    """How a job, or an element of an array, says that it ended.

    Attributes:
        owner: Its owner string: by its id it is known even where nobody recorded it.
        code: Its exit code, 128 + n for signal n.
        state: DONE or FAILED; ENDED where it cannot tell.
        reason: What went wrong, "" if nothing did.
        lines: The last of its output.
        when: [Unix s, by its host's clock].
    """

    owner: str
    code: int
    state: State
    reason: str = ""
    lines: tuple[str, ...] = ()
    host: str = ""
    when: float = 0.0

    @property
    def is_before_work(self) -> bool:
        """Whether it failed before its work began: in its setup, or at the start of its command."""
        return self.state is State.FAILED and self.reason.startswith(BEFORE_WORK)

    @property
    def status(self) -> Status:
        """The same as a scheduler would say it."""
        why = Why(Cause.SETUP, f"failed before its work began: {self.reason}") if self.is_before_work else None
        reason = self.reason or ("" if self.state is State.DONE else f"exit code {self.code}")
        return Status(self.state, reason, self.host, why)


def of_signal(owner: str, number: int) -> End:
    """Return the end of what a signal ended: by somebody, or for its time limit, which only the scheduler can tell."""
    return End(owner, after_signal(number), State.ENDED, f"by signal {number}")


def tell(files: Files, path: str, end: End) -> None:
    """Record at `path` how who calls this ended; a further run of it has the last word.

    Args:
        files, path: `path_of`, or the folder and the name of what JUGHPC_END tells.
    """
    lines = [line[:500] for line in end.lines[-LINES:]]
    files.save(path, [to_json({**asdict(end), "state": end.state.value, "lines": lines})])


def path_of(submission: Submission, stem: str, place: int | None = None) -> str:
    """Return where a job, or the element of an array at `place`, tells its end."""
    return f"{submission.path}/{FOLDER}/{stem}{'' if place is None else f'-{place}'}.json"


def told(files: Files, submission: Submission, stem: str, place: int | None = None) -> End | None:
    """Return how a job or an element says that it ended, None if it did not, or that cannot be read."""
    try:
        fields = read_json(files, path_of(submission, stem, place))
        return whole(End, fields, state=State(fields["state"]), lines=tuple(map(str, texts(fields["lines"]))))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def any_told(files: Files, submission: Submission, stem: str) -> End | None:
    """Return how a job, or any element of it, says that it ended."""
    matches = (_TOLD.fullmatch(name) for name in files.names(f"{submission.path}/{FOLDER}"))
    found = (
        told(files, submission, stem, int(match[2]) if match[2] else None)
        for match in matches
        if match and match[1] == stem
    )
    return next((end for end in found if end), None)


def before_work(
    files: Files, submission: Submission, jobs: Sequence[Accepted], most: int | None = None
) -> dict[Key, End]:
    """Return the ends of elements of `jobs` that failed before their work began, by their own word.

    Args:
        most: So many ends are read at most, whatever they tell; None for all.
    """
    found = _told_ends(files, submission, jobs, files.names(f"{submission.path}/{FOLDER}"), set())
    return {key: end for key, end in islice(found, most) if end.is_before_work}


def kept(files: Files, submission: Submission, jobs: Sequence[Accepted], but: Iterable[Key] = ()) -> dict[Key, Status]:
    """Return all ends that are on record of elements of `jobs`, the scheduler's own words first.

    Args:
        but: Elements whose own word is not needed.
    """
    names = files.names(f"{submission.path}/{FOLDER}")
    found: dict[Key, Status] = {}
    for job in jobs:
        seen = _seen(files, submission, job, names)
        found |= {(job.name, place): status for place, status in seen.items()}
    told = _told_ends(files, submission, jobs, names, {*but, *found})
    return {key: end.status for key, end in told} | found


def keep(files: Files, submission: Submission, job: Accepted, ends: Mapping[int, Status]) -> None:
    """Record `ends`, by the places of a job's elements, beside those on record; one file holds them all."""
    folder, stem = f"{submission.path}/{FOLDER}", journal.stem_of(job)
    names = files.names(folder)
    old = [(int(match[2]), name) for name in names if (match := _SEEN.fullmatch(name)) and match[1] == stem]
    last = max((number for number, _ in old), default=0)
    every = {**_seen(files, submission, job, names), **ends}
    with suppress(FileExistsError):  # somebody else saw it, too; what he did not see is seen again
        files.write(f"{folder}/{stem}.seen.{last + 1}", [to_json({"ends": _grouped(every)})])
        for _, name in old:
            files.remove(f"{folder}/{name}")


def _told_ends(
    files: Files, submission: Submission, jobs: Sequence[Accepted], names: Sequence[str], known: set[Key]
) -> Iterator[tuple[Key, End]]:
    """Yield what elements of `jobs` said of their ends, but for those that are `known`."""
    by_stem = {journal.stem_of(job): job for job in jobs}
    for name in names:
        match = _TOLD.fullmatch(name)
        job = by_stem.get(match[1]) if match else None
        if match is None or job is None or (place := int(match[2] or 0)) >= job.size or (job.name, place) in known:
            continue
        if end := told(files, submission, match[1], int(match[2]) if match[2] else None):
            yield (job.name, place), end


def _seen(files: Files, submission: Submission, job: Accepted, names: Sequence[str]) -> dict[int, Status]:
    """Return the newest record of a job that can be read, of those elements that it has."""
    stem = journal.stem_of(job)
    numbers = sorted(
        (int(match[2]) for name in names if (match := _SEEN.fullmatch(name)) and match[1] == stem), reverse=True
    )
    for number in numbers:
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            return _spread(read_json(files, f"{submission.path}/{FOLDER}/{stem}.seen.{number}")["ends"], job.size)
    return {}


def _grouped(ends: Mapping[int, Status]) -> list[dict[str, Any]]:
    """Return `ends` with all that ended alike as one row."""
    rows: dict[Status, list[int]] = {}
    for place in sorted(ends):
        rows.setdefault(ends[place], []).append(place)
    return [
        {
            "places": _ranges(places), "state": status.state.value, "reason": status.reason, "host": status.host,
            "why": [status.why.cause.value, status.why.words, status.why.advice] if status.why else None,
        }
        for status, places in rows.items()
    ]  # fmt: skip


def _spread(rows: list[dict[str, Any]], size: int) -> dict[int, Status]:
    """Return the status of each place below `size`. Raises ValueError: there are more, so no poll wrote that."""
    found, left = dict[int, Status](), size
    for row in rows:
        cause, *words = row["why"] or [None]
        why = Why(Cause(cause), *map(str, words)) if cause else None
        status = Status(State(row["state"]), str(row["reason"]), str(row["host"]), why)
        for match in filter(None, map(_RANGE.fullmatch, str(row["places"]).split(","))):
            places = range(int(match[1]), min(int(match[2] or match[1]) + 1, size))
            left -= len(places)
            if left < 0:
                raise ValueError(f"more than {size} elements ended")
            found |= dict.fromkeys(places, status)
    return found


def _ranges(places: Sequence[int]) -> str:
    """Return `0-3,7` for 0, 1, 2, 3 and 7."""
    parts: list[list[int]] = []
    for place in places:
        if parts and parts[-1][-1] == place - 1:
            parts[-1][1:] = [place]
        else:
            parts.append([place])
    return ",".join("-".join(map(str, part)) for part in parts)
