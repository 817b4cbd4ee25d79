"""The supervisor in this process, on a clock that runs a hundred times as fast, or with a disk that fails."""

from __future__ import annotations

import errno
import json
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from jughpc import host
from jughpc.batch.local import folder as local_folder
from jughpc.batch.local.folder import LocalJob
from jughpc.batch.local.states import statuses
from jughpc.batch.local.supervisor import supervise, take_over
from jughpc.batch.scheduler import JobId, State, Status
from jughpc.fs import OsClock, OsFiles


class FastClock(OsClock):
    """A clock on which a second is a hundredth of one."""

    def uptime(self) -> float:
        return super().uptime() * 100

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 100)


def publish(machine, lines: str, **given: object) -> JobId:
    job = machine.job(lines)
    fields = {"name": job.name, "script": str(job.script), "log": job.log, "size": 1, **given}
    local_job = LocalJob(local_folder.new_id(), **fields)
    local_folder.publish(OsFiles(machine.folder.parent / "index"), local_job)
    return local_job.id


def status(machine, job: JobId) -> Status:
    return statuses(machine.files, job, OsClock())[0]


def test_jobs_whose_submission_was_removed_are_dropped_from_the_list_of_jobs(tmp_path: Path) -> None:
    def publish_in(folder: str) -> None:
        (tmp_path / folder).mkdir()
        local_folder.publish(index, LocalJob(folder, "job", str(tmp_path / folder / "array.sh"), "log", 1))

    index = OsFiles(tmp_path / "index")
    publish_in("000000f1")
    publish_in("000000f2")
    assert set(index.names("")) == {"000000f1", "000000f2"}
    shutil.rmtree(tmp_path / "000000f1")
    publish_in("000000f3")
    assert set(index.names("")) == {"000000f2", "000000f3"}


def test_jobs_of_another_host_stay_in_the_list_though_their_folder_is_not_to_be_seen_here(tmp_path: Path) -> None:
    index = OsFiles(tmp_path / "index")
    elsewhere = {"folder": "/disk/of/its/own/local", "name": "job", "host": f"not-{host.hostname()}"}
    index.write("000000f1", [json.dumps(elsewhere).encode()])
    (tmp_path / "here").mkdir()
    local_folder.publish(index, LocalJob("000000f2", "job", str(tmp_path / "here" / "array.sh"), "log", 1))
    assert set(index.names("")) == {"000000f1", "000000f2"}


def test_an_element_that_exceeds_its_walltime_is_ended(machine):
    job = publish(machine, "trap 'echo late; exit 0' TERM; echo up; sleep 60 & wait", walltime=50.0)
    supervise(machine.files, FastClock())
    assert status(machine, job) == Status(State.FAILED, "walltime exceeded", platform.node())
    assert machine.log(job) == "up\nlate\n"


def test_an_element_that_ignores_sigterm_is_killed(machine):
    job = publish(machine, "trap '' TERM; while :; do sleep 0.05; done", walltime=20.0)
    supervise(machine.files, FastClock())
    assert status(machine, job).reason == "walltime exceeded"
    assert not host.alive(machine.element(job))


def test_children_that_outlive_a_cancelled_element_are_killed(machine):
    lines = "(trap '' TERM; echo up; while :; do sleep 0.05; done) & wait"
    job = publish(machine, lines, walltime=50.0)
    supervise(machine.files, FastClock())
    assert not host.group_alive(machine.element(job))


def test_an_element_knows_when_its_walltime_ends(machine):
    before = OsClock().wall()
    job = publish(machine, "echo $JUGHPC_LOCAL_END", walltime=1000.0)
    supervise(machine.files, OsClock())
    assert before + 999 <= int(machine.log(job)) <= OsClock().wall() + 1000


def test_only_one_process_supervises_a_folder(machine):
    assert take_over(machine.files, OsClock()) == 1
    assert take_over(machine.files, OsClock()) == 0


class FailingDisk(OsFiles):
    """Files that refuse the first writes of what happened to an element."""

    refusals = 3

    def write(self, path: str, parts: Sequence[bytes]) -> None:
        if ".ended." in path and self.refusals:
            self.refusals -= 1
            raise OSError(errno.ENOSPC, "no space left", path)
        super().write(path, parts)


def test_what_a_full_disk_refuses_is_written_later(machine):
    job = publish(machine, "true")
    files = FailingDisk(machine.folder / "local")
    supervise(files, OsClock())
    assert status(machine, job).state is State.DONE


class FailingServer(OsFiles):
    """Files whose listings fail for a while once the supervisor has signed on."""

    failures = 3

    def names(self, folder: str) -> list[str]:
        if self.failures and "supervisor.1" in super().names(""):
            self.failures -= 1
            raise OSError(errno.EIO, "input/output error", folder)
        return super().names(folder)


def test_a_file_server_that_is_away_does_not_end_the_supervisor(machine):
    job = publish(machine, "true")
    files = FailingServer(machine.folder / "local")
    supervise(files, FastClock())
    assert (files.failures, status(machine, job).state) == (0, State.DONE)


class AilingDisk(OsFiles):
    """Files of which each call meets one errno after the other once the supervisor has signed on, then goes well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        answers = {errno.EINTR, errno.ENOENT, errno.EEXIST}  # Python tries again at the first
        self.ahead = {call: sorted(set(errno.errorcode) - answers) for call in ("names", "read", "write", "closed")}

    def _meet(self, call: str, path: str) -> None:
        if self.ahead[call] and "supervisor.1" in super().names(""):
            raise OSError(self.ahead[call].pop(), "no", path)

    def names(self, folder: str) -> list[str]:
        self._meet("names", folder)
        return super().names(folder)

    def read(self, path: str, limit: int = -1) -> bytes:
        self._meet("read", path)
        return super().read(path, limit)

    def write(self, path: str, parts: Sequence[bytes], mode: int | None = None) -> None:
        self._meet("closed" if path.endswith(".closed") else "write", path)
        super().write(path, parts, mode)


def test_a_supervisor_outlasts_each_errno_in_each_call(machine):
    job = publish(machine, "true", size=2)
    files = AilingDisk(machine.folder / "local")
    supervise(files, FastClock())
    assert [one.state for one in statuses(machine.files, job, OsClock())] == [State.DONE, State.DONE]
    assert files.ahead == {"names": [], "read": [], "write": [], "closed": []}
    assert "supervisor.1.closed" in machine.files.names("")


class JoinAtClose(OsFiles):
    """Files through which a job is published just before the supervisor says that it is closed."""

    def __init__(self, machine) -> None:
        super().__init__(machine.folder / "local")
        self.machine, self.joined = machine, ""

    def write(self, path: str, parts: Sequence[bytes]) -> None:
        if path == "supervisor.1.closed":
            self.joined = publish(self.machine, "true")
        super().write(path, parts)


def test_a_job_that_joins_while_the_supervisor_closes_is_run(machine):
    first = publish(machine, "true")
    files = JoinAtClose(machine)
    supervise(files, OsClock())
    assert [status(machine, job).state for job in (first, files.joined)] == [State.DONE, State.DONE]
