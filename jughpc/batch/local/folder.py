"""What the local jobs of a submission leave on disk: files written once, whose names tell the state.

    <submission>/local/
      supervisor.<g>                        who supervises, generation g
      supervisor.<g>.closed                 it has looked its last and takes no more jobs
      supervisor.log                        what it had to complain of
      <job>.job                             what to run; appears whole
      <job>.cancel                          somebody wants it ended
      <job>.withdraw                        nobody needs its elements that have not started
      <job>.ended.<outcome>                 its elements that have not started never will
      <job>/<index>.started.<pid>.<start>   an element's process
      <job>/<index>.ended.<outcome>

    <state home>/jughpc/local/<job>         where a job's folder is: jobs are found by their id alone

Only the supervisor writes what has started or ended, so nothing here needs a lock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jughpc import aside, host
from jughpc.batch.scheduler import Condition, JobId
from jughpc.batch.typed import checked, texts
from jughpc.fs import Files, OsFiles, environment, home
from jughpc.host import Process
from jughpc.inode import new_token
from jughpc.jsonfile import read_json

CANCELLED, LOST, NEVER, UNSTARTABLE, WALLTIME = "cancelled", "lost", "never", "unstartable", "walltime"
WITHDRAWN = "withdrawn"
"""Outcomes of an element that has no exit code of its own making."""

LOG = "supervisor.log"

_ID = re.compile(r"[0-9a-f]{8}")
_JOB = re.compile(r"([0-9a-f]{8})\.job")
_STARTED = re.compile(r"([0-9]{1,9})\.started\.([1-9][0-9]{0,9})\.([1-9][0-9]{0,18})")
_ENDED = re.compile(rf"([0-9]{{1,9}})\.ended\.([0-9]{{1,3}}|{CANCELLED}|{LOST}|{NEVER}|{UNSTARTABLE}|{WALLTIME})")
_UNSTARTED = re.compile(rf"([0-9a-f]{{8}})\.ended\.({CANCELLED}|{NEVER}|{WITHDRAWN})")


@dataclass(frozen=True)
class LocalJob:
    """What to run, as it was submitted.

    Attributes:
        log: Path of an element's log; ``%i`` stands for its index, ``%%`` for a percent sign.
        size: Number of elements.
        throttle: How many may run at once; None for what the cores allow.
        cpus: Cores of one element, None for one.
        walltime: [s], None for no limit.
        condition: What the jobs in `after` must have done before this one starts.
    """

    id: JobId
    name: str
    script: str
    log: str
    size: int
    throttle: int | None = None
    cpus: int | None = None
    walltime: float | None = None
    condition: Condition = Condition.AFTER_ANY
    after: tuple[JobId, ...] = ()


@dataclass(frozen=True)
class History:
    """What has happened to the elements of a job."""

    started: dict[int, Process]
    ended: dict[int, str]


def index_files() -> Files:
    """Return the folder, one a user, that tells where each job's folder is. Source: XDG base directories."""
    state = environment().get("XDG_STATE_HOME") or home() / ".local" / "state"
    return OsFiles(Path(state) / "jughpc" / "local")


def folder_beside(script: str) -> Path:
    """Return the folder in which the jobs of the submission that `script` belongs to keep their state."""
    return Path(script).parent / "local"


def log_path(job: LocalJob, index: int) -> Path:
    """Return where the element writes its output."""
    values = {"%i": str(index), "%%": "%"}
    return Path(re.sub("%[i%]", lambda match: values[match[0]], job.log))


def new_id() -> JobId:
    """Return an id that no other job has, on any machine."""
    return new_token()


def publish(index: Files, job: LocalJob) -> Path:
    """Write `job` where its submission's supervisor finds it, and return that folder."""
    _forget_removed(index)
    folder = folder_beside(job.script)
    _write_whole(index, job.id, {"folder": str(folder), "name": job.name, "host": host.hostname()})
    _write_whole(OsFiles(folder), f"{job.id}.job", asdict(job) | {"condition": job.condition.value})
    return folder


def _forget_removed(index: Files) -> None:
    """Drop the jobs whose submission was removed, so that the index does not grow for ever.

    Hosts may share a home, and with it the index: another's folder may lie on a disk of its own.
    """
    for job_id in _whole(index):
        with suppress(FileNotFoundError):  # another submission has dropped it just now
            entry = _entry(index, job_id)
            submission = entry.folder.parent
            if entry.host in ("", host.hostname()) and submission.name not in OsFiles(submission.parent).names(""):
                index.remove(job_id)


def withdraw(index: Files, job: LocalJob) -> None:
    """Take back what nobody has seen."""
    OsFiles(folder_beside(job.script)).remove(f"{job.id}.job")
    index.remove(job.id)


def folder_of_job(index: Files, job_id: JobId) -> Path | None:
    """Return the folder of the job, None if there is no such job."""
    if job_id not in _whole(index):
        return None
    folder = _entry(index, job_id).folder
    return folder if job_id in job_ids(OsFiles(folder).names("")) else None


def jobs_named(index: Files, name: str) -> list[JobId]:
    """Return the jobs called `name`."""
    named = [job_id for job_id in _whole(index) if _entry(index, job_id).name == name]
    return sorted(job_id for job_id in named if folder_of_job(index, job_id))


def _whole(index: Files) -> list[JobId]:
    """Return the jobs of the index but for those that are just being written."""
    return [job_id for job_id in index.names("") if _ID.fullmatch(job_id)]


@dataclass(frozen=True)
class _Entry:
    """What the index tells of a job: an empty folder, which has no jobs, and no name if it is damaged."""

    folder: Path = Path("/nonexistent/local")
    name: str = ""
    host: str = ""


def _entry(index: Files, job_id: JobId) -> _Entry:
    try:
        fields = read_json(index, job_id)
        return checked(_Entry(Path(fields["folder"]), fields["name"], fields.get("host", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _Entry()


def job_ids(names: Iterable[str]) -> list[JobId]:
    """Return the jobs among the `names` of a submission's folder."""
    return [match[1] for name in names if (match := _JOB.fullmatch(name))]


def read_job(files: Files, job_id: JobId, folder: Path | None = None) -> LocalJob:
    """Return what was submitted under `job_id`.

    Args:
        folder: Where its submission's jobs keep their state, if it is to be run: its script and log lie beside.
    Raises:
        ValueError: The file is damaged, or was written by somebody else: it is of another job or of another folder.
    """
    try:
        fields = read_json(files, f"{job_id}.job")
        fields["condition"], fields["after"] = Condition(fields["condition"]), texts(fields["after"])
        job = checked(LocalJob(**fields))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{job_id}.job is damaged: {error}") from error
    if job.id != job_id or not all(_ID.fullmatch(other) for other in job.after):
        raise ValueError(f"{job_id}.job is of another job")
    if folder is not None and not _lies_beside(job, folder):
        raise ValueError(f"{job_id}.job names a script or a log that lies elsewhere")
    return job


def _lies_beside(job: LocalJob, folder: Path) -> bool:
    places = (Path(job.script), Path(job.log.replace("%%", "%")))
    inside = all(place.is_relative_to(folder.parent) and ".." not in place.parts for place in places)
    return inside and folder_beside(job.script) == folder


def read_history(files: Files, job_id: JobId) -> History:
    """Return what has happened to the job's elements, by one listing."""
    history = History({}, {})
    for name in files.names(job_id):
        if match := _STARTED.fullmatch(name):
            history.started[int(match[1])] = Process(int(match[2]), int(match[3]))
        elif match := _ENDED.fullmatch(name):
            history.ended[int(match[1])] = match[2]
    return history


def cancel_asked(names: Iterable[str], job_id: JobId) -> bool:
    """Return whether somebody wants the job ended."""
    return f"{job_id}.cancel" in names


def withdrawal_asked(names: Iterable[str], job_id: JobId) -> bool:
    """Return whether the job's elements that have not started are not needed any more."""
    return f"{job_id}.withdraw" in names


def unstarted_outcome(names: Iterable[str], job_id: JobId) -> str | None:
    """Return the outcome of those elements of the job that have not started; None while they may yet."""
    found = (match for name in names if (match := _UNSTARTED.fullmatch(name)))
    return next((match[2] for match in found if match[1] == job_id), None)


def _write_whole(files: Files, path: str, value: object) -> None:
    """Make `path` appear with its whole content: a name that no other writer has."""
    aside.publish(files, path, f"{path}.new", [json.dumps(value).encode()])
