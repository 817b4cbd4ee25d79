"""Grid Engine, as Son of Grid Engine 8.1.9 answers: a scheduler that a package of its own adds to jughpc.

Its elements count from 1, and a job waits for the ends of others only (`-hold_jid`), however these ended. What has
ended is a zombie for a while, and qstat does not tell how it ended.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from jughpc import units
from jughpc.batch.directives import Directive, given, words
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
from jughpc.errors import SettingError
from jughpc_gridengine.answers import indices, rows, status

_ACCEPTED_ALL_THE_SAME = re.compile(r'(?m)^Your job(?:-array)? (\d+)\S* \(".*"\) has been submitted$')


class GridEngine(Modest):
    """The Scheduler protocol in the words of qsub, qstat, qdel and qconf."""

    name = "gridengine"
    title = "Grid Engine"
    capabilities = Capabilities(
        job_id=re.compile(r"\d+"),
        commands=("qsub", "qconf"),  # PBS has a qsub, too, but not the other
        further=("qstat", "qdel"),
        first_index=1,
        conditions=frozenset({Condition.AFTER_ANY}),
        scrubbed=("SGE_TASK_", "JOB_ID"),
        templates=Path(__file__).parent / "templates",
    )
    mark = "^index^"  # it is told no log, for it would read $ and : in the path: the script opens it
    own = (
        Own(("-N",), "Name the jobs by --name NAME, before the --."),
        Own(("-t",), "Say --array N, before the --."),
        Own(("-tc",), "Say --throttle N, before the --."),
        Own(("-o", "-e", "-j", "-wd", "-cwd"), "jughpc says where logs lie, and where elements start; leave it out."),
        Own(("-hold_jid", "-sync", "-b", "-S"), "Leave it out."),
    )
    accepted = re.compile(r"(\d+)(?:\.\d+-\d+:\d+)?")  # of -terse: 12, or 12.1-8:1 for an array
    refusals: ClassVar[Mapping[Refusal, str]] = {
        Refusal.FULL: "jobs are allowed per user|max_u_jobs",
        Refusal.GONE: "does not exist|do not exist|is already in deletion",
        Refusal.RETRY: "unable to (send|contact)",
    }

    def directives(self, job: Job) -> list[Directive]:
        wanted = job.resources
        refuse_resources(self.title, wanted, "qos", "select", "place", "constraint", "tasks")
        return given(
            (
                ("-N", job.name),
                ("-S", "/bin/bash"),
                ("-j", "y"),
                ("-o", "/dev/null"),
                ("-wd", "/"),  # the script goes where it starts: a $ in the path would be read here
                ("-r", "y"),
                ("-t", f"1-{job.size}" if job.size > 1 else None),
                ("-tc", job.throttle if job.size > 1 else None),
                ("-l", f"hostname=!({'|'.join(job.exclude)})" if job.exclude else None),
                ("-l", None if wanted.walltime is None else f"h_rt={units.walltime(wanted.walltime)}"),
                ("-l", None if wanted.memory is None else f"h_vmem={_of_a_slot(wanted.memory, wanted.cpus or 1)}M"),
                ("-l", f"gpu={wanted.gpus}" if wanted.gpus else None),
                ("-pe", None if wanted.cpus is None else ("smp", wanted.cpus)),
                ("-q", wanted.partition),
                ("-A", wanted.account),
                ("-P", wanted.project),
            )
        )

    def script_line(self, directive: Directive) -> str:
        """Return "" for what no line can say: all quotes in it are dropped, and the rest behind a #."""
        return "" if re.search("['\"#]", "".join(directive.words)) else f"#$ {shlex.join(directive.words)}"

    def submit_command(self, job: Job) -> list[str]:
        if job.after:
            raise SettingError("Grid Engine cannot wait for another job's success. Leave --after out.")
        hold = ["-hold_jid", ",".join(job.depends_on.jobs)] if job.depends_on else []
        return ["qsub", "-terse", *words(self.directives(job)), *hold, *job.extra, str(job.script)]

    def parse_submit(self, reply: Reply) -> JobId:
        """Return the id; where qsub warned of something, it ends with 1 though the job is queued."""
        queued = _ACCEPTED_ALL_THE_SAME.search(reply.stderr)
        return queued[1] if queued else super().parse_submit(reply)

    def refusal(self, reply: Reply) -> Refusal:
        """Return what it means; qdel says why on its standard output."""
        return super().refusal(Reply(reply.argv, reply.code, "", reply.stdout + reply.stderr))

    def find_command(self, name: str) -> list[str]:
        return self.poll_command({})

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        return list(dict.fromkeys(row["JB_job_number"] for row in rows(reply) if row.get("JB_name") == name))

    def poll_command(self, jobs: Names) -> list[str]:
        return ["qstat", "-xml", "-s", "prsz"]

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        return {
            ElementId(row["JB_job_number"], index): status(row)
            for row in rows(reply)
            if row.get("JB_name") == jobs.get(row["JB_job_number"])
            for index in indices(row.get("tasks", "0"))
        }

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        return [["qdel", job] for job in jobs]

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        some = ((job, ["-t", f"{few[0]}-{few[-1]}"] if few[0] else []) for job, few in ranges(waiting))
        return [["qdel", job, *tasks] for job, tasks in some]

    def limits_command(self) -> list[str]:
        return ["qconf", "-sconf"]

    def parse_limits(self, reply: Reply) -> Limits:
        known = dict(re.findall(r"(?m)^(max_aj_tasks|max_aj_instances|max_u_jobs)\s+(\d{1,10})\s*$", reply.stdout))
        return Limits(int(known.get("max_aj_tasks", 0)) or None, known)

    def absent(self, reply: Reply) -> bool:
        return "SGE_ROOT" in reply.stderr


def _of_a_slot(memory: int, slots: int) -> int:
    return -(-units.mebibytes(memory) // slots)
