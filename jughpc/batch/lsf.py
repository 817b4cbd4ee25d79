"""IBM Spectrum LSF, from 10.1 on, as its documentation has it: no line of this was ever seen on a real LSF.

Source: the Command Reference (bsub, bjobs, bkill, bparams) and Administering LSF (job states, job arrays, job
dependencies), 10.1. Its elements count from 1; bsub joins the words of the command for a shell, and reads no script.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import ClassVar

from jughpc import units
from jughpc.batch.directives import Directive, given, words
from jughpc.batch.lsf_answers import FORM, rows
from jughpc.batch.modest import Modest
from jughpc.batch.options import Own, refuse_resources
from jughpc.batch.ranges import ranges
from jughpc.batch.scheduler import (
    Capabilities,
    Condition,
    ElementId,
    Job,
    JobId,
    Limits,
    Names,
    Refusal,
    Reply,
    Status,
)

_LOGS = "Logs lie in the submission's folder, where `jughpc status` finds them; leave it out."
_CONDITIONS = {Condition.AFTER_ANY: "ended", Condition.AFTER_OK: "done"}
_SETTINGS = ("MAX_JOB_ARRAY_SIZE", "MAX_PEND_JOBS", "CLEAN_PERIOD", "LSF_UNIT_FOR_LIMITS")


class Lsf(Modest):
    """The Scheduler protocol in the words of bsub, bjobs, bkill and bparams."""

    name = "lsf"
    title = "LSF"
    capabilities = Capabilities(
        job_id=re.compile(r"\d+"),
        commands=("bsub", "bparams"),  # Slurm may come with a bsub of its own, but not with the other
        further=("bjobs", "bkill"),
        first_index=1,
        scrubbed=("LSB_",),
        kept=("LSB_DEFAULTQUEUE", "LSB_DEFAULTPROJECT", "LSB_DEFAULT_USERGROUP"),
    )
    mark = "^index^"  # LSF is told no log: the script opens it
    own = (
        Own(("-J",), "Name the jobs by --name NAME, and say --array N and --throttle N, before the --."),
        Own(("-w",), "Say --after JOBID, before the --."),
        Own(("-o", "-oo", "-e", "-eo"), _LOGS),
        Own(("-I", "-Ip", "-Is", "-K"), "Say --wait before the --."),
        Own(("-W",), "Say --time TIME, before the --."),
        Own(("-n",), "Say --cpus N, before the --."),
        Own(("-M",), "Say --mem SIZE, before the --."),
    )
    accepted = re.compile(r"Job <(\d+)> is submitted to (?:default )?queue <[^>]*>\.")
    refusals: ClassVar[Mapping[Refusal, str]] = {
        Refusal.FULL: "(?i)pending job (slot )?threshold|job limit.*reached",
        Refusal.GONE: "is not found|No matching job found|Job has already finished|No (unfinished )?job found",
        Refusal.RETRY: "(?i)LSF is down|not responding|cannot connect|communication time ?out|still trying",
    }

    def directives(self, job: Job) -> list[Directive]:
        wanted = job.resources
        refuse_resources(self.title, wanted, "account", "qos", "select", "place", "tasks")
        indices = f"[1-{job.size}]{f'%{job.throttle}' if job.throttle else ''}" if job.size > 1 else ""
        memory = None if wanted.memory is None else f"{units.mebibytes(wanted.memory)}MB"
        said = given(
            (
                ("-J", f"{job.name}{indices}"),
                ("-o", "/dev/null"),  # it would copy the output only at the end: the script writes the log itself
                ("-cwd", job.workdir),
                *(("-R", f"select[hname!='{host}']") for host in job.exclude),
                ("-W", None if wanted.walltime is None else units.walltime(wanted.walltime + 59)[:-3]),  # minutes
                ("-n", wanted.cpus),
                ("-R", None if wanted.cpus is None else "span[hosts=1]"),
                ("-M", memory),
                ("-R", memory and f"rusage[mem={memory}]"),
                ("-R", wanted.constraint and f"select[{wanted.constraint}]"),
                ("-gpu", f"num={wanted.gpus}" if wanted.gpus else None),
                ("-q", wanted.partition),
                ("-P", wanted.project),
            )
        )
        return [Directive("-r"), *said]

    def script_line(self, directive: Directive) -> str:
        return f"#BSUB {shlex.join(directive.words)}"

    def submit_command(self, job: Job) -> list[str]:
        told = " && ".join(f"{_CONDITIONS[one.condition]}({other})" for one in job.waits for other in one.jobs)
        said = [*self.directives(job), *given([("-w", told or None)])]
        return ["bsub", *words(said), *job.extra, "/bin/bash", shlex.quote(str(job.script))]

    def find_command(self, name: str) -> list[str]:
        return ["bjobs", *FORM, "-J", name]

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        return list(dict.fromkeys(job for job, _, called, _ in rows(self.answered(reply)) if called == name))

    def poll_command(self, jobs: Names) -> list[str]:
        return ["bjobs", *FORM, *jobs]

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        told = rows(self.answered(reply))
        return {ElementId(job, index): status for job, index, name, status in told if jobs.get(job) == name}

    def unheard(self, reply: Reply, jobs: Names) -> list[JobId]:
        told = {job for job, *_ in rows(self.answered(reply))} | set(re.findall(r"Job <(\d+)", reply.stderr))
        return [job for job in jobs if job not in told]

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        return [["bkill", job] for job in jobs]

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        found = ((job, f"[{indices[0]}-{indices[-1]}]" if indices[0] else "") for job, indices in ranges(waiting))
        return [["bkill", f"{job}{some}"] for job, some in found]

    def limits_command(self) -> list[str]:
        return ["bparams", "-a"]

    def parse_limits(self, reply: Reply) -> Limits:
        told = dict(re.findall(r"(?m)^\s*(\w+)\s*=\s*(\S+)", reply.stdout))
        size = told.get("MAX_JOB_ARRAY_SIZE", "")
        settings = {key: told[key] for key in _SETTINGS if key in told}
        return Limits(int(size) or None if re.fullmatch(r"\d{1,10}", size) else None, settings)
