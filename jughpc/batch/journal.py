"""The jobs of a submission as its folder tells of them: what was to be queued, and what came of it.

submissions/<number>/<k>-<role>.sh          the script of the k-th job
submissions/<number>/<k>-<role>.intent      what is about to be queued; written before the scheduler is asked
submissions/<number>/<k>-<role>.json        what came of it: the scheduler's id, or that it never was
submissions/<number>/<k>-<role>.<n>.json    the same, where those before it are damaged
submissions/<number>/<k>-<role>.withdrawn   it is to end
submissions/<number>/<k>-<role>.gone        it was ended

All are written once and appear whole, so that several who settle one intent at the same time agree.
"""

from __future__ import annotations

import errno
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from jughpc.batch import submissions
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import Job, Role
from jughpc.batch.submissions import Accepted, Submission, to_json
from jughpc.batch.typed import MOST_ELEMENTS, checked, texts
from jughpc.fs import Clock, Files, LinksRefusedError
from jughpc.jsonfile import read_json

_OUTCOME = re.compile(r"(\d+)-(array|collect|reduce)(?:\.(\d+))?\.json")
_INTENT = re.compile(r"(\d+)-(array|collect|reduce)\.intent")
_NUMBERED = re.compile(r"[0-9]{1,9}(?=[-.])")

T = TypeVar("T")


@dataclass(frozen=True)
class Intent:
    """A job that is about to be queued.

    Attributes:
        name: Carries the submission's token: the job can be looked for by it.
        after: Ids of the jobs that it waits for.
        scheduler: The system's name.
        began: When [Unix s, by the clock of who queued it].
        only, asks: As of `Accepted`.
    """

    role: Role
    name: str
    size: int
    offset: int
    script: str
    after: tuple[str, ...]
    scheduler: str
    began: float
    only: str = ""
    asks: str = ""

    def accepted(self, job_id: str) -> Accepted:
        """Return the job that this became."""
        return Accepted(
            self.role, job_id, self.name, self.size, self.offset, self.script, self.only, self.scheduler, self.asks
        )


@dataclass(frozen=True)
class Never:
    """That a job was never queued, and why."""

    reason: str


Outcome = Accepted | Never


@dataclass(frozen=True)
class Entry:
    """All that is recorded of one job.

    Attributes:
        stem: Of its files: `<k>-<role>`.
        intent: None for a job that was recorded without one, or whose intent is damaged.
        outcome: None while it is open.
        withdrawn, gone: Whether it is to end by itself, and whether it was ended.
        damage: The names of its files that cannot be read.
    """

    stem: str
    intent: Intent | None
    outcome: Outcome | None
    withdrawn: bool = False
    gone: bool = False
    damage: tuple[str, ...] = ()


def intent_of(job: Job, scheduler: str, clock: Clock) -> Intent:
    """Return what is to be recorded before `job` is queued."""
    after = job.depends_on.jobs if job.depends_on else ()
    script, began = job.script.name, clock.wall()
    return Intent(job.role, job.name, job.size, job.offset, script, after, scheduler, began, job.only, job.asks)


def record_intent(files: Files, submission: Submission, intent: Intent) -> None:
    """Record what is about to be queued. Raises FileExistsError if another job has its number, and so its name."""
    stem = stem_of(intent)
    number = f"{stem.partition('-')[0]}-"
    for name in files.names(submission.path):
        if name.startswith(number) and not name.startswith(f"{stem}."):
            raise FileExistsError(errno.EEXIST, "another job has this number", name)
    publish(files, f"{submission.path}/{stem}.intent", to_json(asdict(intent)))
    submissions.unmark_over(files, submission)  # only now: who marks it looks at the intents again behind that


def settle_as(files: Files, submission: Submission, stem: str, outcome: Outcome) -> Outcome:
    """Record what came of a job and return what holds: who recorded it first was right."""
    data = to_json({"never": outcome.reason} if isinstance(outcome, Never) else asdict(outcome))
    while True:
        tried, held, _ = _outcome(files, submission, stem, files.names(submission.path))
        if held is not None:
            return held
        name = f"{stem}.{tried + 1}.json" if tried else f"{stem}.json"
        with suppress(FileExistsError):
            publish(files, f"{submission.path}/{name}", data)
            return outcome


def record_accepted(files: Files, submission: Submission, job: Accepted) -> None:
    """Record that the scheduler has accepted `job`."""
    settle_as(files, submission, stem_of(job), job)


def entries(files: Files, submission: Submission) -> list[Entry]:
    """Return what is recorded of each job, in the order of submission."""
    names = files.names(submission.path)
    return [_entry(files, submission, stem, names) for stem in stems(names)]


def stems(names: Sequence[str]) -> list[str]:
    """Return how the names of the files of each job begin that these names tell of, in the order of submission."""
    matches = [match for name in names for match in (_OUTCOME.fullmatch(name), _INTENT.fullmatch(name)) if match]
    found = sorted({(int(match[1]), match[2]) for match in matches})
    return [f"{ordinal}-{role}" for ordinal, role in found]


def accepted(files: Files, submission: Submission) -> list[Accepted]:
    """Return the jobs that the scheduler has accepted for `submission`, in the order of submission."""
    return [entry.outcome for entry in entries(files, submission) if isinstance(entry.outcome, Accepted)]


def open_intents(files: Files, submission: Submission) -> list[Intent]:
    """Return the jobs of which nobody recorded whether they were queued."""
    return [wanted(submission, entry) for entry in entries(files, submission) if entry.outcome is None]


def wanted(submission: Submission, entry: Entry) -> Intent:
    """Return what was to be queued; where the record of that is damaged, what is known of it all the same."""
    return entry.intent or _guess(submission, entry.stem)


def damaged(files: Files, submission: Submission) -> list[str]:
    """Return the names of the records of jobs that cannot be read."""
    return [name for entry in entries(files, submission) for name in entry.damage]


def withdraw(files: Files, submission: Submission, stems: Sequence[str]) -> None:
    """Record that these jobs are to end, while others of the submission go on."""
    for stem in stems:
        with suppress(FileExistsError):
            files.write(f"{submission.path}/{stem}.withdrawn", [])


def current(files: Files, submission: Submission, jobs: Sequence[Accepted]) -> list[Accepted]:
    """Return `jobs` but for followers that were withdrawn while another of their role was not: it stands for them."""
    gone = taken_back(files, submission)
    others = {job.role for job in jobs if job.name not in gone}
    return [job for job in jobs if job.role is Role.ARRAY or job.name not in gone or job.role not in others]


def taken_back(files: Files, submission: Submission) -> set[str]:
    """Return the names of the jobs that were queued and are to end, while others of the submission go on."""
    found = entries(files, submission)
    return {entry.outcome.name for entry in found if entry.withdrawn and isinstance(entry.outcome, Accepted)}


def mark_gone(files: Files, submission: Submission, stems: Sequence[str]) -> None:
    """Record that these jobs were ended."""
    for stem in stems:
        with suppress(FileExistsError):
            files.write(f"{submission.path}/{stem}.gone", [])


def stem_of(job: Accepted | Intent) -> str:
    """Return how the names of a job's files begin."""
    return Path(job.script).stem


def next_ordinal(files: Files, submission: Submission) -> int:
    """Return the number of the submission's next job, whether those before it were accepted, or only announced."""
    names = files.names(submission.path)
    return max((int(match[0]) + 1 for name in names if (match := _NUMBERED.match(name))), default=0)


def log_of(submission: Submission, job: Accepted, index: int = 0) -> Path:
    """Return where the element `index` of `job` writes its output."""
    return submission.folder / "logs" / log_name(job.role, job.size, job.offset, str(index))


def logs_of(
    submission: Submission, jobs: Sequence[Accepted], indices: Callable[[Accepted], Sequence[int]]
) -> Iterator[tuple[int, Path]]:
    """Yield the number of each element of the arrays among `jobs`, and where it writes its output.

    Args:
        indices: Those of an array, in its system's own count.
    """
    for job in jobs:
        if job.role is Role.ARRAY:
            yield from (
                (job.offset + place, log_of(submission, job, index)) for place, index in enumerate(indices(job))
            )


def next_element(files: Files, submission: Submission) -> int:
    """Return the number of the submission's next element, behind those that were queued, or may be."""
    found = [entry.outcome or wanted(submission, entry) for entry in entries(files, submission)]
    return max((job.offset + job.size for job in found if not isinstance(job, Never)), default=0)


def numbers(jobs: Sequence[Accepted]) -> list[int]:
    """Return the numbers of the elements of the arrays among `jobs`, ascending."""
    arrays = (range(job.offset, job.offset + job.size) for job in jobs if job.role is Role.ARRAY)
    return sorted({number for array in arrays for number in array})


def only(jobs: Sequence[Accepted]) -> dict[int, str]:
    """Return by number what each element of the arrays among `jobs` is there for, "" for anything."""
    arrays = [job for job in jobs if job.role is Role.ARRAY]
    return {number: job.only for job in arrays for number in range(job.offset, job.offset + job.size)}


def elements(jobs: Sequence[Accepted]) -> int:
    """Return how many elements the arrays among `jobs` have."""
    return sum(job.size for job in jobs if job.role is Role.ARRAY)


def _entry(files: Files, submission: Submission, stem: str, names: Sequence[str]) -> Entry:
    _, outcome, damage = _outcome(files, submission, stem, names)
    intent = None
    if outcome is None and f"{stem}.intent" in names:
        intent = _whole(files, f"{submission.path}/{stem}.intent", _intent)
        intent = replace(intent, **_own(stem)) if intent and _belongs(intent, submission, stem) else None
        damage += () if intent else (f"{stem}.intent",)
    return Entry(stem, intent, outcome, f"{stem}.withdrawn" in names, f"{stem}.gone" in names, damage)


def _outcome(
    files: Files, submission: Submission, stem: str, names: Sequence[str]
) -> tuple[int, Outcome | None, tuple[str, ...]]:
    """Return how many outcomes were written, the first that is whole, and the names of those before it."""
    tries = sorted(
        int(match[3] or 1) for name in names if (match := _OUTCOME.fullmatch(name)) and name.startswith(f"{stem}.")
    )
    damage: list[str] = []
    for number in tries:
        name = f"{stem}.json" if number == 1 else f"{stem}.{number}.json"
        outcome = _whole(files, f"{submission.path}/{name}", _outcome_of)
        if isinstance(outcome, Accepted):
            outcome = replace(outcome, **_own(stem)) if _belongs(outcome, submission, stem) else None
        if outcome:
            return number, outcome, tuple(damage)
        damage.append(name)
    return tries[-1] if tries else 0, None, tuple(damage)


def _own(stem: str) -> dict[str, Any]:
    """Return what a job is by the name of its own file: what stands inside may be anything."""
    return {"script": f"{stem}.sh", "role": Role(stem.partition("-")[2])}


def _belongs(job: Accepted | Intent, submission: Submission, stem: str) -> bool:
    """Return whether `job` is the submission's: who cancels this one must not end another of the user's."""
    return job.name.endswith(f"-{submission.token}-{stem.partition('-')[0]}")


def _whole(files: Files, path: str, kind: Callable[[dict[str, Any]], T]) -> T | None:
    """Return what the file at `path` tells, None if that cannot be read."""
    try:
        return kind(read_json(files, path))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _outcome_of(fields: dict[str, Any]) -> Outcome:
    if "never" in fields:
        return checked(Never(fields["never"]))
    return checked(Accepted(**_job(fields), id=fields["id"], scheduler=fields.get("scheduler", "")))


def _intent(fields: dict[str, Any]) -> Intent:
    after = texts(fields["after"])
    return checked(Intent(**_job(fields), after=after, scheduler=fields["scheduler"], began=fields["began"]))


def _job(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that an intent and an accepted job share, each of its own type."""
    size, offset = fields["size"], fields["offset"]
    if not (0 < size <= MOST_ELEMENTS and 0 <= offset < 10**9):
        raise ValueError(f"{size} elements from {offset} on")
    texts_of_job = {key: fields[key] for key in ("name", "script")}
    return {
        "role": Role(fields["role"]),
        "size": size,
        "offset": offset,
        **texts_of_job,
        "only": fields.get("only", ""),
        "asks": fields.get("asks", ""),
    }


def _guess(submission: Submission, stem: str) -> Intent:
    """Return the intent of a job whose record is damaged: its name follows from the submission's."""
    ordinal, _, role = stem.partition("-")
    name = submission.job_name(int(ordinal))
    return Intent(Role(role), name, 1, 0, f"{stem}.sh", (), submission.scheduler, 0.0)


def publish(files: Files, path: str, data: bytes) -> None:
    """Make `path` appear with its whole content. Raises FileExistsError if it was there."""
    draft = f"{path}.{random.getrandbits(32):08x}.new"
    try:
        files.write(draft, [data])
        files.link(draft, path)
    except LinksRefusedError:
        files.write(path, [data])
    except FileExistsError:
        if files.read(path) != data:  # else the reply to our own was lost
            raise
    finally:
        files.remove(draft)
