"""A machine with the local scheduler, met only through the Scheduler protocol and real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch import registry, shell
from jughpc.batch.local.folder import job_ids, log_path, read_history, read_job
from jughpc.batch.local.scheduler import Local
from jughpc.batch.local.states import latest_supervisor, statuses
from jughpc.batch.scheduler import Job, JobId, Reply, Role, State, Status
from jughpc.fs import OsClock, OsFiles
from jughpc.host import Process


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until `condition` holds; fail if it does not in time."""
    clock = OsClock()
    end = clock.now() + seconds
    while not condition():
        assert clock.now() < end, "the awaited condition did not come true"
        clock.sleep(0.02)


class Machine:
    """Submissions of shell lines in one folder."""

    def __init__(self, folder: Path) -> None:
        self.scheduler = Local()
        self.folder = folder / "a submission, 100% of «it»"
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True)
        self.env = registry.environment() | {"XDG_STATE_HOME": str(folder / "state")}

    def job(self, lines: str, size: int = 1, role: Role = Role.ARRAY, **given: object) -> Job:
        name = f"{role.value}.{len(list(self.folder.glob('*.sh')))}"
        script = self.folder / f"{name}.sh"
        script.write_text(f"cd '{self.folder}'\n{lines}\n")
        log = self.scheduler.log_pattern(self.logs, role, size, 0)
        job = Job(role, name, ("bash",), size, 0, size, None, script, log, self.folder)
        return replace(job, **given)

    def run(self, argv: list[str]) -> Reply:
        return shell.run(argv, timeout=120, env=self.env)

    def submit(self, lines: str, size: int = 1, role: Role = Role.ARRAY, **given: object) -> JobId:
        job = self.job(lines, size, role, **given)
        return self.scheduler.parse_submit(self.run(self.scheduler.submit_command(job)))

    def poll(self, *jobs: JobId) -> dict[tuple[JobId, int], Status]:
        names = dict.fromkeys(jobs, "a")
        return dict(self.scheduler.parse_poll(self.run(self.scheduler.poll_command(names)), names))

    def states(self, job: JobId) -> list[State]:
        """Return what a poll would tell, without the start of a process."""
        return [status.state for status in statuses(self.files, job, OsClock())]

    def cancel(self, *jobs: JobId) -> Reply:
        return self.run(self.scheduler.cancel_commands(dict.fromkeys(jobs, "a"))[0])

    def wait_for(self, job: JobId, *states: State) -> None:
        until(lambda: self.states(job) == list(states))

    def wait_for_end(self, job: JobId) -> list[State]:
        until(lambda: all(state.ended for state in self.states(job)))
        return self.states(job)

    def log(self, job: JobId, index: int = 0) -> str:
        return log_path(read_job(self.files, job), index).read_text()

    @property
    def files(self) -> OsFiles:
        return OsFiles(self.folder / "local")

    def element(self, job: JobId, index: int = 0) -> Process:
        return read_history(self.files, job).started[index]

    def supervisor(self) -> Process:
        """Return the process of the last supervisor that signed on."""
        supervisor = latest_supervisor(self.files, OsClock())
        assert supervisor
        return supervisor.process

    def open_gate(self) -> None:
        (self.folder / "gate").touch()

    def clean_up(self) -> None:
        """End what a test left running."""
        known = job_ids(self.files.names(""))
        if known:
            self.cancel(*known)
            until(lambda: all(state.ended for job in known for state in self.states(job)))


AT_GATE = "while [ ! -e gate ]; do sleep 0.02; done"
"""Shell lines that run until the test opens the gate."""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.clean_up()
