"""Flux (flux-core), as its documentation has it: no line of this was ever seen on a real Flux.

Source: flux-submit(1), flux-jobs(1), flux-cancel(1), flux-getattr(1), RFC 19 and 21. Flux has no arrays, so that each
element is a job of its own (``flux submit --cc`` prints as many ids); a throttle lets them wait for one another. It
starts as many copies of a command as there are tasks, so that no function can ask for several processes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from jughpc import units
from jughpc.batch import flux_answers
from jughpc.batch.directives import Directive, given, words
from jughpc.batch.modest import Modest
from jughpc.batch.options import Own, refuse_resources
from jughpc.batch.scheduler import (
    Capabilities,
    ElementId,
    Job,
    JobId,
    Limits,
    Names,
    Refusal,
    Reply,
    Status,
)
from jughpc.errors import SettingError, SubmitError

_NO_INSTANCE = "(?i)unable to connect to flux|broker socket|unknown command"  # the last says another tool of that name


class Flux(Modest):
    """The Scheduler protocol in the words of flux submit, flux jobs and flux cancel."""

    name = "flux"
    title = "Flux"
    mark = ""  # no job has more than one log, and the script opens it: Flux would begin it anew
    capabilities = Capabilities(
        job_id=re.compile(r"\d{1,20}"),
        commands=("flux",),
        most_elements=1,
        scrubbed=("FLUX_JOB_", "FLUX_TASK_"),
    )
    own = (
        Own(("--job-name",), "Name the jobs by --name NAME, before the --."),
        Own(("--dependency",), "Say --after JOBID, before the --."),
        Own(("--cc", "--bcc"), "Say --array N, before the --."),
        Own(("--output", "--error"), "Logs lie in the submission's folder; leave it out."),
        Own(("--ntasks", "-n", "--wait", "--watch", "--dry-run", "--quiet", "-q"), "Leave it out."),
    )
    refusals: ClassVar[Mapping[Refusal, str]] = {
        Refusal.GONE: "JobID \\S+ unknown|unknown job|job is inactive",
        Refusal.FULL: "max-active-jobs|active job limit|max-jobs",
        Refusal.RETRY: f"{_NO_INSTANCE}|submission is disabled|Connection (refused|reset)|timed out",
    }

    def directives(self, job: Job) -> list[Directive]:
        wanted = job.resources
        refuse_resources(self.title, wanted, "qos", "select", "place", "tasks")
        if wanted.memory is not None:
            told = f"{units.mebibytes(wanted.memory)}M"
            raise SettingError(f"Flux shares out no memory, so {told} says nothing to it. Leave --mem out.")
        hosts = [f"-host:{','.join(job.exclude)}"] if job.exclude else []
        return given(
            (
                ("--job-name", job.name),
                ("--output", "/dev/null"),
                ("--error", "/dev/null"),
                ("--cwd", job.workdir),
                ("--time-limit", None if wanted.walltime is None else f"{wanted.walltime:g}s"),
                ("--cores-per-task", wanted.cpus),
                ("--gpus-per-task", wanted.gpus or None),
                ("--requires", " ".join([*filter(None, [wanted.constraint]), *hosts]) or None),
                ("--queue", wanted.partition),
                ("--setattr", wanted.account and f"bank={wanted.account}"),
                ("--setattr", wanted.project and f"project={wanted.project}"),
            )
        )

    def script_line(self, directive: Directive) -> str:
        return ""  # `flux batch` reads some, and would begin an instance in the job

    def submit_command(self, job: Job) -> list[str]:
        waits = [Directive("--dependency", f"{one.condition.value}:{other}") for one in job.waits for other in one.jobs]
        return ["flux", "submit", *words([*self.directives(job), *waits]), *job.extra, "/bin/bash", str(job.script)]

    def parse_submit(self, reply: Reply) -> JobId:
        """Return the id as a number, as which JSON has it; what is printed is it in base 58."""
        for line in reversed(reply.stdout.splitlines() if reply.code == 0 else []):
            if job := flux_answers.decimal(line.strip()):
                return job
        raise SubmitError(reply.argv, reply.code, reply.stderr or reply.stdout)

    def find_command(self, name: str) -> list[str]:
        return ["flux", "jobs", "-a", "--json", f"--name={name}"]

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        return [job for job, called, _ in flux_answers.rows(self.answered(reply)) if called == name]

    def poll_command(self, jobs: Names) -> list[str]:
        return ["flux", "jobs", "--json", *jobs]

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        told = flux_answers.rows(self.answered(reply))
        return {ElementId(job, 0): status for job, name, status in told if jobs.get(job) == name}

    def unheard(self, reply: Reply, jobs: Names) -> list[JobId]:
        told = {job for job, *_ in flux_answers.rows(self.answered(reply))}
        return [job for job in jobs if job not in told | set(re.findall(r"JobID (\S+) unknown", reply.stderr))]

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        return [["flux", "cancel", job] for job in jobs]

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        return self.cancel_commands({element.job: "" for element in waiting})

    def limits_command(self) -> list[str]:
        return ["flux", "getattr", "size"]

    def parse_limits(self, reply: Reply) -> Limits:
        size = reply.stdout.strip()
        return Limits(None, {"size": size}) if re.fullmatch(r"\d{1,9}", size) else Limits()

    def absent(self, reply: Reply) -> bool:
        return bool(re.search(_NO_INSTANCE, reply.stderr))

    def element(self, owner: str) -> ElementId | None:
        match = re.fullmatch(r"flux:(\w+)_0\.\d+", owner)
        job = flux_answers.decimal(match[1]) if match else ""
        return ElementId(job, 0) if job else None
