"""The embedded scheduler: jobs on this machine, where there is no batch system or none is wanted.

A supervisor process for each submission starts its jobs' elements; see local_supervisor. Memory, GPUs,
partition, account and QOS are not its concern: it asks for nothing that it could be refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jughpc.batch.local import commands as local_commands
from jughpc.batch.local.commands import command
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import ElementId, Job, JobId, Limits, Reply, Role, State, Status, Verdict
from jughpc.errors import SchedulerError, SubmitError


class Local:
    """How the embedded scheduler spells things."""

    name = "local"

    def submit_command(self, job: Job) -> list[str]:
        options = ["--name", job.name, "--size", str(job.size), "--log", job.log, *_optional(job), *job.extra]
        return command("submit", *options, "--", str(job.script))

    def parse_submit(self, reply: Reply) -> JobId:
        try:
            return str(_answer(reply)["job"])
        except SchedulerError:
            raise SubmitError(reply.argv, reply.code, reply.stderr) from None

    def find_command(self, name: str) -> list[str]:
        return command("find", name)

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        return [str(job) for job in _answer(reply)["jobs"]]

    def poll_command(self, jobs: Sequence[JobId]) -> list[str]:
        return command("poll", *jobs)

    def parse_poll(self, reply: Reply, jobs: Sequence[JobId]) -> Mapping[ElementId, Status]:
        return {
            ElementId(job, index): Status(State(state), reason, host)
            for job, elements in _answer(reply).items()
            for index, (state, reason, host) in enumerate(elements)
        }

    def cancel_commands(self, jobs: Sequence[JobId]) -> list[list[str]]:
        return [command("cancel", *jobs)]

    def limits_command(self) -> list[str]:
        return command("limits")

    def parse_limits(self, reply: Reply) -> Limits:
        try:
            return Limits(settings={key: str(value) for key, value in _answer(reply).items()})
        except SchedulerError:
            return Limits()

    def verdict(self, reply: Reply) -> Verdict:
        return Verdict.GONE if reply.code == local_commands.GONE else Verdict.USER

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        return str(folder).replace("%", "%%") + f"/{log_name(role, size, offset, '%i')}"

    def owner(self, element: ElementId) -> str:
        return f"{self.name}:{element.job}_{element.index}"


def _optional(job: Job) -> list[str]:
    after = job.depends_on and f"{job.depends_on.condition.value}:{','.join(job.depends_on.jobs)}"
    values = {
        "--throttle": job.throttle,
        "--cpus": job.resources.cpus,
        "--walltime": job.resources.walltime,
        "--after": after,
    }
    return [word for option, value in values.items() if value is not None for word in (option, str(value))]


def _answer(reply: Reply) -> dict[str, Any]:
    if reply.code:
        raise SchedulerError(f"the local scheduler exited with {reply.code}: {reply.stderr.strip()}")
    return json.loads(reply.stdout)  # type: ignore[no-any-return]  # an object, see local_commands
