"""The embedded scheduler: jobs on this machine, where there is no batch system or none is wanted.

A supervisor process for each submission starts its jobs' elements; see supervisor.py. Memory, GPUs,
partition, account and QOS are not its concern: it asks for nothing that it could be refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jughpc.batch.causes import Cause, Why
from jughpc.batch.directives import Directive, given, words
from jughpc.batch.local.commands import GONE, OPTIONS, command
from jughpc.batch.local.states import ORPHANED
from jughpc.batch.logs import log_name
from jughpc.batch.modest import Modest
from jughpc.batch.scheduler import (
    Capabilities,
    ElementId,
    Job,
    JobId,
    Limits,
    Names,
    Refusal,
    Reply,
    Role,
    State,
    Status,
)
from jughpc.errors import SchedulerError, SettingError, SubmitError

_OWNER = re.compile(r"local:([0-9a-f]{8})_(\d+)(?:\.\d+)?")
_STATES = {state.value: state for state in State}


class Local(Modest):
    """How the embedded scheduler spells things."""

    name = "local"
    capabilities = Capabilities(job_id=re.compile("[0-9a-f]{8}"), runs_here=True, reuses_ids=False, bounds_arrays=True)

    def refuse(self, extra: Sequence[str], environ: Mapping[str, str]) -> None:
        if extra:
            raise SettingError(f"This machine has no options of its own, so {extra[0]!r} behind -- says nothing to it.")

    def directives(self, job: Job) -> list[Directive]:
        asked = job.resources
        cpus = asked.cpus if asked.tasks is None else asked.tasks * (asked.cpus or 1)
        wanted = {**vars(asked), **vars(job), "cpus": cpus}
        return given((f"--{option}", wanted[option]) for option in OPTIONS)

    def script_line(self, directive: Directive) -> str:
        return ""  # a supervisor keeps what was said

    def submit_command(self, job: Job) -> list[str]:
        if job.after:
            raise SettingError(
                "Jobs on this machine wait for none of another submission. Leave --after out: "
                "`jughpc submit --wait` ends when all of a submission has."
            )
        after = job.depends_on
        depends = [f"--after={after.condition.value}:{','.join(after.jobs)}"] if after else []
        return command("submit", *words(self.directives(job)), *depends, *job.extra, "--", str(job.script))

    def parse_submit(self, reply: Reply) -> JobId:
        try:
            return str(_answer(reply)["job"])
        except (SchedulerError, KeyError):
            raise SubmitError(reply.argv, reply.code, reply.stderr or reply.stdout) from None

    def find_command(self, name: str) -> list[str]:
        return command("named", name)

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        return [str(job) for job in _answer(reply).get("jobs", ())]

    def poll_command(self, jobs: Names) -> list[str]:
        return command("poll", *jobs)

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        told = _answer(reply)
        return {
            ElementId(job, index): Status(known := _STATES.get(state, State.UNKNOWN), reason, host, _why(known, reason))
            for job in jobs
            for index, (state, reason, host) in enumerate(told.get(job, ()))
        }

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        return [command("cancel", *jobs)]

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        return [command("withdraw", *dict.fromkeys(element.job for element in waiting))]

    def revive_command(self, jobs: Names) -> list[str]:
        return command("revive", *jobs)

    def limits_command(self) -> list[str]:
        return command("limits")

    def parse_limits(self, reply: Reply) -> Limits:
        try:
            return Limits(settings={key: str(value) for key, value in _answer(reply).items()})
        except SchedulerError:
            return Limits()

    def refusal(self, reply: Reply) -> Refusal:
        return Refusal.GONE if reply.code == GONE else Refusal.USER

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        return str(folder).replace("%", "%%") + f"/{log_name(role, size, offset, '%i')}"

    def element(self, owner: str) -> ElementId | None:
        match = _OWNER.fullmatch(owner)
        return ElementId(match[1], int(match[2])) if match else None


def _why(state: State, reason: str) -> Why | None:
    if reason in ORPHANED:
        if state is State.FAILED:
            return Why(Cause.ORPHANED, f"nobody saw how it ended: {reason}")
        words = f"runs on, but {reason}" if state is State.RUNNING else reason
        return Why(Cause.ORPHANED, words, "`jughpc resubmit` has the submission go on")
    if reason == "walltime exceeded":
        return Why(Cause.TIME_LIMIT, "met its time limit", "ask for more with --time")
    if reason == "dependency never satisfied":
        return Why(Cause.NEVER, "waited for a job to end well, which it did not")
    return None


def _answer(reply: Reply) -> dict[str, Any]:
    if reply.code:
        raise SchedulerError(f"the local scheduler exited with {reply.code}: {reply.stderr.strip()}")
    try:
        found = json.loads(reply.stdout.strip().rpartition("\n")[2])  # a start-up file of Python's may print, too
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SchedulerError(f"the local scheduler gave no answer: {reply.stdout.strip()} {reply.stderr.strip()}")
    return found
