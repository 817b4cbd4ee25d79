"""The supervisor of a submission's local jobs: the one process that starts elements and ends them.

A job that is submitted while the supervisor ends cannot fall between: the job is published before its
submitter looks for a supervisor, and a supervisor says that it is closed before it looks for jobs a
last time. So one of the two sees the other; where both do, the exclusive `supervisor.<g>` decides.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from jughpc import host
from jughpc.batch import registry, shell
from jughpc.batch.local import folder
from jughpc.batch.local.folder import History, LocalJob
from jughpc.batch.local.states import latest_number, latest_supervisor, record_text
from jughpc.batch.scheduler import Condition, JobId
from jughpc.errors import CommandMissingError
from jughpc.fs import Clock, Files
from jughpc.host import Process

TICK = 0.1
"""Between two looks at the elements [s]: what starting the next one may cost."""

LOOK = 0.5
"""Between two listings of the folder [s]: how long a new job or a cancel may go unseen."""

CANCEL_GRACE = 10.0
WALLTIME_GRACE = 30.0
"""From SIGTERM to SIGKILL [s], as PBS (kill_delay) and Slurm (KillWait) have it by default."""


@dataclass
class Element:
    """An element that has a process.

    Attributes:
        adopted: An earlier supervisor started it: its exit code cannot be had.
        until: When its walltime is over [s, the clock's uptime].
        fate: Its outcome, once that does not depend on how its process ends.
        kill_at: When SIGKILL follows SIGTERM [s, the clock's uptime].
        leader_gone: Its first process has ended; others of its group may not have.
    """

    process: Process
    adopted: bool = False
    until: float | None = None
    fate: str | None = None
    kill_at: float = 0.0
    leader_gone: bool = False


@dataclass
class TrackedJob:
    """A job under supervision.

    Attributes:
        waiting: Elements to be started, in order.
        unstarted: The outcome of those that never will be, once that is settled.
    """

    job: LocalJob
    waiting: deque[int]
    running: dict[int, Element]
    outcomes: dict[int, str]
    unstarted: str | None = None
    cancelled: bool = False

    @property
    def over(self) -> bool:
        return not self.waiting and not self.running

    @property
    def succeeded(self) -> bool:
        return list(self.outcomes.values()) == ["0"] * self.job.size


def supervise(files: Files, clock: Clock, place: Path | None = None) -> None:
    """Run the jobs of a submission's folder to their ends; return at once if another supervisor does.

    Args:
        place: The folder of `files` (absolute): no script that lies elsewhere is run.
    """
    while generation := take_over(files, clock):
        supervisor = Supervisor(files, clock, generation, place)
        supervisor.run()
        _close(files, clock, generation)
        if set(folder.job_ids(files.names(""))) <= set(supervisor.jobs) | supervisor.damaged:
            return


def _close(files: Files, clock: Clock, generation: int) -> None:
    """Say that no more jobs are taken: who submits one would count on this process."""
    told = False
    while True:
        try:
            return files.write(f"supervisor.{generation}.closed", [])
        except (FileExistsError, FileNotFoundError):  # an earlier try got so far; the folder was removed
            return None
        except OSError as error:
            if not told:
                write_log(f"{error}; trying again to say that this ends")
            told = True
        clock.sleep(LOOK)


def take_over(files: Files, clock: Clock) -> int:
    """Become the supervisor of the next generation and return it; 0 if there is a supervisor."""
    last = latest_supervisor(files, clock)
    if last and last.takes_jobs:
        return 0
    generation = latest_number(files.names("")) + 1
    try:
        files.write(f"supervisor.{generation}", [record_text(host.myself())])
    except FileExistsError:
        return 0
    return generation


class Supervisor:
    """Starts, watches and ends the elements of all jobs in one submission's folder."""

    def __init__(self, files: Files, clock: Clock, generation: int, place: Path | None = None) -> None:
        self.files, self.clock, self.generation, self.place = files, clock, generation, place
        self.env, self.cores = registry.environment(), host.usable_cores()
        self.jobs: dict[JobId, TrackedJob] = {}
        self.damaged: set[JobId] = set()
        self._unwritten: deque[str] = deque()
        self._looked, self._look_at = False, 0.0
        self._told = ""

    def run(self) -> None:
        """Return when every job is over and that is on disk."""
        while True:
            if self.clock.uptime() >= self._look_at:
                self._look()
            self._watch()
            if self._write():
                self._begin()
            if self._all_over():
                return
            self.clock.sleep(TICK)

    def _all_over(self) -> bool:
        return self._looked and not self._unwritten and all(tracked.over for tracked in self.jobs.values())

    def _look(self) -> None:
        try:
            self._take_in(self.files.names(""))
            self._looked = True
        except OSError as error:  # a file server may be away for a while; the elements go on
            self._tell_once(f"{error}; looking again")
        self._look_at = self.clock.uptime() + LOOK

    def _take_in(self, names: Sequence[str]) -> None:
        if f"supervisor.{self.generation}" not in names:
            self._abandon()
        if latest_number(names) > self.generation:  # our record was damaged, and another took over what runs
            sys.exit("another supervisor has taken over")
        for job_id in sorted(set(folder.job_ids(names)) - set(self.jobs) - self.damaged):
            self._take_up(job_id, folder.unstarted_outcome(names, job_id))
        for tracked in self.jobs.values():
            if folder.cancel_asked(names, tracked.job.id) and not tracked.cancelled:
                self._cancel(tracked)
            elif folder.withdrawal_asked(names, tracked.job.id):
                self._leave_unstarted(tracked, folder.WITHDRAWN)

    def _abandon(self) -> NoReturn:
        """End all without a trace: the submission's folder was removed, and is not to be made anew."""
        for tracked in self.jobs.values():
            for element in tracked.running.values():
                shell.kill(element.process, "TERM")
        sys.exit("the submission's folder is gone")

    def _take_up(self, job_id: JobId, unstarted: str | None) -> None:
        try:
            self.jobs[job_id] = self._tracked(job_id, unstarted)
        except ValueError as error:  # nothing of it is run, and nothing of it is believed
            self.damaged.add(job_id)
            write_log(f"{error}; it is not run")

    def _tracked(self, job_id: JobId, unstarted: str | None) -> TrackedJob:
        job, history = folder.read_job(self.files, job_id, self.place), folder.read_history(self.files, job_id)
        waiting = () if unstarted else (i for i in range(job.size) if i not in history.started | history.ended)
        return TrackedJob(job, deque(waiting), _adopt(history), history.ended, unstarted)

    def _cancel(self, tracked: TrackedJob) -> None:
        tracked.cancelled = True
        self._leave_unstarted(tracked, folder.CANCELLED)
        for element in tracked.running.values():
            self._terminate(element, folder.CANCELLED, CANCEL_GRACE)

    def _leave_unstarted(self, tracked: TrackedJob, outcome: str) -> None:
        if tracked.waiting:
            tracked.waiting.clear()
            tracked.unstarted = outcome
            self._unwritten.append(f"{tracked.job.id}.ended.{outcome}")

    def _watch(self) -> None:
        for tracked in self.jobs.values():
            for index, element in list(tracked.running.items()):
                self._hasten(element)
                if outcome := self._outcome(element):
                    self._end(tracked, index, outcome)

    def _hasten(self, element: Element) -> None:
        now = self.clock.uptime()
        if element.fate is None and element.until is not None and now > element.until:
            self._terminate(element, folder.WALLTIME, WALLTIME_GRACE)
        elif element.fate and now > element.kill_at:
            shell.kill(element.process, "KILL")

    def _terminate(self, element: Element, fate: str, grace: float) -> None:
        element.fate, element.kill_at = fate, self.clock.uptime() + grace
        shell.kill(element.process, "TERM")
        shell.kill(element.process, "CONT")  # one that is stopped would not see the other

    def _outcome(self, element: Element) -> str | None:
        """Return the outcome of an element that has ended; one that is being ended takes its group along."""
        if not element.leader_gone:
            code = _exit(element)
            element.leader_gone = code is not None
            if element.leader_gone and element.fate is None:
                return code
        over = element.leader_gone and not host.group_alive(element.process)
        return element.fate if over else None

    def _end(self, tracked: TrackedJob, index: int, outcome: str) -> None:
        tracked.running.pop(index, None)
        tracked.outcomes[index] = outcome
        self._unwritten.append(f"{tracked.job.id}/{index}.ended.{outcome}")

    def _begin(self) -> None:
        for tracked in self.jobs.values():
            if tracked.waiting and self._may_start(tracked):
                room = self._at_once(tracked.job) - len(tracked.running)
                for _ in range(min(room, len(tracked.waiting))):
                    self._start(tracked, tracked.waiting.popleft())

    def _at_once(self, job: LocalJob) -> int:
        return job.throttle or max(1, self.cores // (job.cpus or 1))

    def _may_start(self, tracked: TrackedJob) -> bool:
        needed = [self.jobs[job_id] for job_id in tracked.job.after if job_id in self.jobs]
        if len(needed) < len(tracked.job.after):  # the record of one is damaged: whether it ended will not be known
            self._leave_unstarted(tracked, folder.NEVER)
            return False
        if not all(other.over for other in needed):
            return False
        if tracked.job.condition is Condition.AFTER_ANY or all(other.succeeded for other in needed):
            return True
        self._leave_unstarted(tracked, folder.NEVER)
        return False

    def _start(self, tracked: TrackedJob, index: int) -> None:
        job, script = tracked.job, Path(tracked.job.script)
        try:
            process = shell.spawn(
                ["bash", job.script], stdout=folder.log_path(job, index), env=self._env(job, index), cwd=script.parent
            )
        except (OSError, CommandMissingError) as error:
            write_log(f"{job.id}_{index} could not be started: {error}")
            self._end(tracked, index, folder.UNSTARTABLE)
            return
        until = self.clock.uptime() + job.walltime if job.walltime else None
        tracked.running[index] = Element(process, until=until)
        self._unwritten.append(f"{job.id}/{index}.started.{process.pid}.{process.start}")
        self._write()  # at once: nobody may take an element for queued that makes itself known in the store

    def _env(self, job: LocalJob, index: int) -> dict[str, str]:
        end = str(int(self.clock.wall() + job.walltime)) if job.walltime else ""
        own = {"JUGHPC_LOCAL_JOB": job.id, "JUGHPC_LOCAL_INDEX": str(index), "JUGHPC_LOCAL_END": end}
        return {**self.env, **own}

    def _write(self) -> bool:
        """Write what has happened, in order; return whether no full disk keeps any of it for the next time."""
        try:
            while self._unwritten:
                with suppress(FileExistsError):  # an earlier try got so far
                    self.files.write(self._unwritten[0], [])
                self._unwritten.popleft()
        except OSError as error:
            self._tell_once(f"{self._unwritten[0]} could not be written, trying again: {error}")
        return not self._unwritten

    def _tell_once(self, text: str) -> None:
        if text != self._told:
            write_log(text)
        self._told = text


def write_log(text: str) -> None:
    """Write a line into the supervisor's log."""
    with suppress(OSError):  # the disk that it complains of may hold the log
        print(text, file=sys.stderr, flush=True)


def _adopt(history: History) -> dict[int, Element]:
    orphans = {index: process for index, process in history.started.items() if index not in history.ended}
    return {index: Element(process, adopted=True) for index, process in orphans.items()}


def _exit(element: Element) -> str | None:
    if element.adopted:
        return None if host.alive(element.process) else folder.LOST
    code = shell.reap(element.process)
    return None if code is None else str(code)
