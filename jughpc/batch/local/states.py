"""Who supervises a submission's local jobs, and where each element stands: all read, nothing written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jughpc import host
from jughpc.batch.local import folder
from jughpc.batch.local.folder import History, LocalJob
from jughpc.batch.scheduler import JobId, State, Status
from jughpc.batch.typed import checked
from jughpc.fs import Clock, Files
from jughpc.host import Machine, Process
from jughpc.jsonfile import read_json

DIED, UNREADABLE = "its supervisor died", "the record of its supervisor is damaged"
ORPHANED = (DIED, UNREADABLE)
"""Reasons that go away when a supervisor is started again."""

WRITING = 2.0
"""A supervisor's record takes far less than this to write [s]."""


@dataclass(frozen=True)
class Generation:
    """One generation of a submission's supervisors, as seen from here.

    Attributes:
        alive: Its process is there.
        closed: It has looked its last: it takes no more jobs, but its process may become the next generation.
        near: Its pids can be looked up here.
        hidden: It may be alive, where this process cannot see it.
    """

    number: int
    process: Process
    host: str
    alive: bool
    closed: bool
    near: bool
    hidden: bool

    @property
    def takes_jobs(self) -> bool:
        """Whether it may be counted on to see a job that is there by now."""
        return (self.alive or self.hidden) and not self.closed

    def sees(self, process: Process) -> bool:
        """Return whether `process`, started by this supervisor or one before it, is known to be alive."""
        return self.near and host.alive(process)


@dataclass(frozen=True)
class _Place:
    """A process as a file tells it."""

    pid: int
    start: int

    @property
    def process(self) -> Process:
        return Process(self.pid, self.start)


def latest_supervisor(files: Files, clock: Clock) -> Generation | None:
    """Return the submission's last supervisor, None if it never had one.

    One whose record stays unreadable counts as none: it died while it wrote it.
    """
    while True:
        names = files.names("")
        found = _supervisor(files, names, clock)
        if (found and found.alive) or latest_number(files.names("")) == latest_number(names):
            return found  # else another took over since the listing: one that is gone by now is no news


def _supervisor(files: Files, names: Sequence[str], clock: Clock) -> Generation | None:
    number = latest_number(names)
    record = _read_record(files, number, clock) if number else None
    try:
        return _judge(number, f"supervisor.{number}.closed" in names, record) if record else None
    except (ValueError, KeyError, TypeError):  # whole, and no supervisor's
        return None


def latest_number(names: Sequence[str]) -> int:
    """Return the highest number of a generation among `names`, 0 if there was none."""
    numbers = [name.removeprefix("supervisor.") for name in names if name.startswith("supervisor.")]
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def record_text(process: Process) -> bytes:
    """Return the record of a supervisor that is `process` on this machine."""
    return json.dumps({"process": process, "machine": asdict(host.here())}).encode()


def statuses(files: Files, job_id: JobId, clock: Clock) -> list[Status]:
    """Return where each element of the job stands, in the order of their indices; [] if its record is damaged."""
    supervisor = latest_supervisor(files, clock)  # first: what it is listed to have done is then no older
    names = files.names("")
    try:
        job, history = folder.read_job(files, job_id), folder.read_history(files, job_id)
    except ValueError:
        return []
    view = JobView(job, supervisor, history, folder.unstarted_outcome(names, job_id))
    return [view.status(index) for index in range(job.size)]


@dataclass(frozen=True)
class JobView:
    """All that is known of a job at one moment."""

    job: LocalJob
    supervisor: Generation | None
    history: History
    unstarted: str | None

    def status(self, index: int) -> Status:
        """Return where the element stands."""
        if outcome := self.history.ended.get(index):
            return _ended(outcome, self._host)
        if process := self.history.started.get(index):
            return self._started(process)
        return _ended(self.unstarted, "") if self.unstarted else self._waiting()

    @property
    def _host(self) -> str:
        return self.supervisor.host if self.supervisor else ""

    def _started(self, process: Process) -> Status:
        if self.supervisor is None:
            return Status(State.UNKNOWN, UNREADABLE)
        if self.supervisor.hidden:
            return self._hidden()
        if self.supervisor.alive:
            return Status(State.RUNNING, host=self._host)
        state = State.RUNNING if self.supervisor.sees(process) else State.FAILED
        return Status(state, DIED, self._host)

    def _waiting(self) -> Status:
        if self.supervisor and self.supervisor.hidden:
            return self._hidden()
        if self.supervisor and self.supervisor.alive:
            after = ", ".join(self.job.after)
            return Status(State.QUEUED, f"starts after {after}" if after else "")
        return Status(State.STUCK, DIED)

    def _hidden(self) -> Status:
        return Status(State.UNKNOWN, f"can only be seen on {self._host}", self._host)


def _ended(outcome: str, host: str) -> Status:
    words = {
        "0": (State.DONE, ""),
        folder.CANCELLED: (State.CANCELLED, ""),
        folder.WITHDRAWN: (State.CANCELLED, "withdrawn"),
        folder.NEVER: (State.CANCELLED, "dependency never satisfied"),
        folder.LOST: (State.FAILED, DIED),
        folder.WALLTIME: (State.FAILED, "walltime exceeded"),
        folder.UNSTARTABLE: (State.FAILED, "could not be started, see supervisor.log"),
    }
    return Status(*words.get(outcome, (State.FAILED, f"exit code {outcome}")), host=host)


def _judge(number: int, closed: bool, record: dict[str, Any]) -> Generation:
    machine, now = checked(Machine(**record["machine"])), host.here()
    near = machine.same_pids(now)
    process = checked(_Place(*record["process"])).process
    hidden = not (near or machine.was_rebooted(now))
    return Generation(number, process, machine.host, near and host.alive(process), closed, near, hidden)


def _read_record(files: Files, number: int, clock: Clock) -> dict[str, Any] | None:
    end = clock.now() + WRITING
    while True:
        try:
            return read_json(files, f"supervisor.{number}")  # type: ignore[no-any-return]
        except (FileNotFoundError, ValueError):
            if clock.now() > end:
                return None
        clock.sleep(0.05)
