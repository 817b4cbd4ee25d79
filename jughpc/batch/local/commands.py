"""The commands of the local scheduler, as sbatch, squeue and scancel are Slurm's; they answer in JSON.

Run as a file, not by ``-m``: that would put the user's folder first on the path, and a `json.py` or
`queue.py` in it before the standard library's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jughpc import host
from jughpc.batch import registry, shell
from jughpc.batch.local import folder
from jughpc.batch.local.folder import LocalJob
from jughpc.batch.local.states import latest_number, latest_supervisor, statuses
from jughpc.batch.local.supervisor import supervise
from jughpc.batch.scheduler import Condition, JobId, Status
from jughpc.errors import JugError
from jughpc.fs import OsClock, OsFiles

OPTIONS = {"name": str, "size": int, "log": str, "throttle": int, "cpus": int, "walltime": float}
"""What a job may ask for, called as the fields of `LocalJob` are."""

NEEDED = ("name", "size", "log")

START = 30.0
"""A supervisor that has not signed on after this long will not [s]."""

REFUSED, USAGE, GONE = 1, 2, 3
"""Exit codes: the machine's refusal, the caller's mistake, a job that is over or unknown."""


class CommandError(JugError):
    """A command that cannot be done; its text is for standard error."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text, code)
        self.text, self.code = text, code


def command(*words: str) -> list[str]:
    """Return the command line that does `words`."""
    return [sys.executable, __file__, *words]


def main(argv: Sequence[str]) -> int:
    """Do the command in `argv`, print what it answers, and return its exit code."""
    commands = {verb.__name__: verb for verb in (submit, poll, cancel, withdraw, revive, named, limits)}
    try:
        if argv[0] == "supervise":
            place = Path(argv[1])
            supervise(OsFiles(place, make_root=False), OsClock(), place)  # not anew, once it was removed
        else:
            print(json.dumps(commands[argv[0]](argv[1:])))
    except CommandError as error:
        return _complain(error.text, error.code)
    except OSError as error:
        return _complain(str(error), REFUSED)
    return 0


def submit(words: Sequence[str]) -> object:
    """Queue a job, see that it is supervised, and return its id."""
    job = _job(words)
    known = folder.job_ids(OsFiles(folder.folder_beside(job.script)).names(""))
    if unknown := sorted(set(job.after) - set(known)):
        raise CommandError(f"{job.name} is to start after {', '.join(unknown)}, not a job of its submission", USAGE)
    path = _publish(job)
    if not ensure_supervisor(path):
        folder.withdraw(folder.index_files(), job)
        raise CommandError(f"no supervisor could be started, see {path / folder.LOG}", REFUSED)
    return {"job": job.id}


def poll(jobs: Sequence[JobId]) -> object:
    """Return the elements' states of all `jobs` that are known."""
    paths = _known(jobs)
    return {job: [_plain(status) for status in _statuses(path, job)] for job, path in paths.items()}


def cancel(jobs: Sequence[JobId]) -> object:
    """End `jobs`. Raises CommandError if one is unknown, after ending the others."""
    paths = _known(jobs)
    for job, path in paths.items():
        with suppress(FileExistsError):
            OsFiles(path).write(f"{job}.cancel", [])
    for path in {path for job, path in paths.items() if _unfinished(path, job)}:
        ensure_supervisor(path)  # after its death there is nobody else to end what it started
    if unknown := set(jobs) - set(paths):
        raise CommandError(f"no such job: {', '.join(sorted(unknown))}", GONE)
    return {"cancelled": list(paths)}


def withdraw(jobs: Sequence[JobId]) -> object:
    """Have the elements of `jobs` that have not started never start; those that have go on."""
    paths = _known(jobs)
    for job, path in paths.items():
        with suppress(FileExistsError):
            OsFiles(path).write(f"{job}.withdraw", [])
    return {"withdrawn": list(paths)}


def revive(jobs: Sequence[JobId]) -> object:
    """Have `jobs` supervised again, if nobody does: elements that run are adopted, those that wait are started."""
    paths = _known(jobs)
    for path in {path for job, path in paths.items() if _unfinished(path, job)}:
        if not ensure_supervisor(path):
            raise CommandError(f"no supervisor could be started, see {path / folder.LOG}", REFUSED)
    return {"revived": list(paths)}


def named(words: Sequence[str]) -> object:
    """Return the ids of the jobs with that name."""
    return {"jobs": folder.jobs_named(folder.index_files(), words[0])}


def limits(_words: Sequence[str]) -> object:
    """Return what this machine has to give."""
    return {"cores": host.usable_cores()}


def ensure_supervisor(path: Path) -> bool:
    """Return whether the folder has, or had after this call began, a supervisor that saw what is in it."""
    files, clock = OsFiles(path), OsClock()
    before = latest_supervisor(files, clock)
    if before and before.takes_jobs:
        return True
    process = shell.spawn(
        command("supervise", str(path)), stdout=path / folder.LOG, env=registry.environment(), cwd=Path("/")
    )
    last, end = before.number if before else 0, clock.now() + START
    while latest_number(files.names("")) <= last and host.alive(process) and clock.now() < end:
        clock.sleep(0.01)
    return latest_number(files.names("")) > last


def _job(words: Sequence[str]) -> LocalJob:
    parser = argparse.ArgumentParser(prog="the local scheduler", allow_abbrev=False)
    for option, kind in OPTIONS.items():
        parser.add_argument(f"--{option}", type=kind, required=option in NEEDED)
    parser.add_argument("--after", metavar="CONDITION:JOB,...")
    parser.add_argument("script")
    given = vars(parser.parse_args(words))
    condition, _, after = (given.pop("after") or Condition.AFTER_ANY.value).partition(":")
    jobs = tuple(after.split(",")) if after else ()
    script = str(Path(given.pop("script")).absolute())
    return LocalJob(folder.new_id(), script=script, condition=Condition(condition), after=jobs, **given)


def _publish(job: LocalJob) -> Path:
    try:
        return folder.publish(folder.index_files(), job)
    except OSError as error:
        advice = "set XDG_STATE_HOME to a folder of yours if this is about the list of your jobs"
        raise CommandError(f"{job.name} could not be recorded: {error}; {advice}", REFUSED) from error


def _known(jobs: Sequence[JobId]) -> dict[JobId, Path]:
    index = folder.index_files()
    return {job: path for job in jobs if (path := folder.folder_of_job(index, job))}


def _statuses(path: Path, job: JobId) -> list[Status]:
    return statuses(OsFiles(path), job, OsClock())


def _unfinished(path: Path, job: JobId) -> bool:
    return not all(status.state.ended for status in _statuses(path, job))


def _plain(status: Status) -> list[str]:
    return [status.state.value, status.reason, status.host]


def _complain(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
