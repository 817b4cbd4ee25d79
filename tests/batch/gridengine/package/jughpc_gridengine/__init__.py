"""Grid Engine, as its manual has it: a system that another package adds, with nothing of jughpc's changed for it.

Its elements count from 1, and a job waits for the ends of others only (`-hold_jid`), however these ended.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from jughpc import units
from jughpc.batch.directives import Directive, given, words
from jughpc.batch.logs import log_name
from jughpc.batch.options import Grammar, Own, refuse_resources
from jughpc.batch.partitions import Partition
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
    Resources,
    Role,
    Room,
    State,
    Status,
)
from jughpc.errors import SchedulerError, SettingError, SubmitError

_ACCEPTED = re.compile(r"(\d+)(?:\.\d+-\d+:\d+)?")  # of -terse: 12, or 12.1-8:1 for an array
_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")
_STATES = (  # sge_status(5); the first that matches
    (State.STUCK, re.compile("E")),
    (State.RUNNING, re.compile("[rtRdsST]")),
    (State.QUEUED, re.compile("h?q?w|hqw|hRwq")),
    (State.DONE, re.compile("z")),
)


_OPTIONS = Grammar(
    own=(
        Own(("-N",), "Name the jobs by --name NAME, before the --."),
        Own(("-t",), "Say --array N, before the --."),
        Own(("-hold_jid",), "Leave it out."),
    ),
)


class GridEngine:
    """The Scheduler protocol in the words of qsub, qstat, qdel and qconf."""

    name = "gridengine"
    capabilities = Capabilities(
        job_id=re.compile(r"\d+"),
        commands=("qsub", "qconf"),
        first_index=1,
        conditions=frozenset({Condition.AFTER_ANY}),
        scrubbed=("SGE_TASK_", "JOB_ID"),
        templates=Path(__file__).parent / "templates",
    )

    def within(self, limits: Limits) -> GridEngine:
        return self

    def refuse(self, extra: Sequence[str], environ: Mapping[str, str]) -> None:
        for own in _OPTIONS.own:  # its options are whole words
            if set(own.names) & set(extra):
                raise SettingError(f"{own.names[0]} behind -- would undo what jughpc says itself. {own.advice}")

    def chosen(self, extra: Sequence[str], environ: Mapping[str, str]) -> Mapping[str, str]:
        return {}

    def directives(self, job: Job) -> list[Directive]:
        wanted = job.resources
        refuse_resources("Grid Engine", wanted, "qos", "project", "select", "place", "constraint", "tasks")
        return given(
            (
                ("-N", job.name),
                ("-S", "/bin/bash"),
                ("-j", "y"),
                ("-o", job.log),
                ("-wd", job.workdir),
                ("-r", "y"),
                ("-t", f"1-{job.size}" if job.size > 1 else None),
                ("-tc", job.throttle if job.size > 1 else None),
                ("-l", None if wanted.walltime is None else f"h_rt={units.walltime(wanted.walltime)}"),
                ("-l", None if wanted.memory is None else f"h_vmem={units.mebibytes(wanted.memory)}M"),
                ("-l", f"gpu={wanted.gpus}" if wanted.gpus else None),
                ("-pe", None if wanted.cpus is None else ("smp", wanted.cpus)),
                ("-q", wanted.partition),
                ("-P", wanted.account),
            )
        )

    def script_line(self, directive: Directive) -> str:
        return f"#$ {shlex.join(directive.words)}"

    def submit_command(self, job: Job) -> list[str]:
        if job.after:
            raise SettingError("Grid Engine cannot wait for another job's success. Leave --after out.")
        hold = ["-hold_jid", ",".join(job.depends_on.jobs)] if job.depends_on else []
        return ["qsub", "-terse", *words(self.directives(job)), *hold, *job.extra, str(job.script)]

    def parse_submit(self, reply: Reply) -> JobId:
        for line in reversed(reply.stdout.split() if reply.code == 0 else []):
            if match := _ACCEPTED.fullmatch(line):
                return match[1]
        raise SubmitError(reply.argv, reply.code, reply.stderr or reply.stdout)

    def find_command(self, name: str) -> list[str]:
        return self.poll_command({})

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        return list(dict.fromkeys(row["JB_job_number"] for row in _rows(reply) if row.get("JB_name") == name))

    def of_user(self, user: str) -> GridEngine:
        return self

    def poll_command(self, jobs: Names) -> list[str]:
        return ["qstat", "-xml", "-s", "prsz"]

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        return {
            ElementId(row["JB_job_number"], index): _status(row)
            for row in _rows(reply)
            if row.get("JB_name") == jobs.get(row["JB_job_number"])
            for index in _indices(row.get("tasks", "0"))
        }

    def unheard(self, reply: Reply, jobs: Names) -> list[JobId]:
        return []

    def poll_again(self, reply: Reply, jobs: Names) -> list[str]:
        return []

    def past_command(self, jobs: Names) -> list[str]:
        return []

    def parse_past(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        return {}

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        return [["qdel", job] for job in jobs]

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        return [["qdel", job, *_tasks(indices)] for job, indices in ranges(waiting)]

    def unmail_commands(self, jobs: Names) -> list[list[str]]:
        return []

    def revive_command(self, jobs: Names) -> list[str]:
        return []

    def limits_command(self) -> list[str]:
        return ["qconf", "-sconf"]

    def parse_limits(self, reply: Reply) -> Limits:
        known = dict(line.split(None, 1) for line in reply.stdout.splitlines() if len(line.split(None, 1)) == 2)
        settings = {key: known[key].strip() for key in ("max_aj_tasks", "max_aj_instances") if key in known}
        size = settings.get("max_aj_tasks", "")
        return Limits(int(size) or None if size.isdecimal() else None, settings)

    def room_commands(self, user: str, resources: Resources) -> Sequence[list[str]]:
        return ()

    def parse_room(self, replies: Sequence[Reply], limits: Limits, user: str, resources: Resources) -> Room:
        return Room()

    def partitions_command(self) -> list[str]:
        return []

    def parse_partitions(self, reply: Reply, limits: Limits) -> list[Partition]:
        return []

    def absent(self, reply: Reply) -> bool:
        return "Please set the environment variable SGE_ROOT" in reply.stderr

    def refusal(self, reply: Reply) -> Refusal:
        texts = {Refusal.RETRY: "unable to (send|contact)", Refusal.GONE: "does not exist", Refusal.FULL: "max_u_jobs"}
        return next((kind for kind, text in texts.items() if re.search(text, reply.stderr)), Refusal.USER)

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        if "$" in str(folder) or ":" in str(folder):
            raise SettingError(f"{folder}: Grid Engine reads $ and : in the path of a log. Use another folder.")
        return f"{folder}/{log_name(role, size, offset, '$TASK_ID')}"

    def element(self, owner: str) -> ElementId | None:
        match = re.fullmatch(r"gridengine:(\d+)_(\d+)(?:\.\d+)?", owner)
        return ElementId(match[1], int(match[2])) if match else None


def _rows(reply: Reply) -> Iterator[Mapping[str, str]]:
    if reply.code:
        raise SchedulerError(f"{reply.argv[0]} exited with {reply.code}: {reply.stderr.strip()}")
    try:
        root = ElementTree.fromstring(reply.stdout)
    except ElementTree.ParseError as error:
        raise SchedulerError(f"{reply.argv[0]} printed no XML: {error}") from error
    for entry in root.iter("job_list"):
        row = {field.tag: (field.text or "").strip() for field in entry}
        if row.get("JB_job_number", "").isdecimal():
            yield row


def _indices(text: str) -> Iterator[int]:
    for part in text.split(","):
        if match := _RANGE.fullmatch(part):
            first, last, step = match.groups()
            yield from range(int(first), int(last or first) + 1, int(step or 1))


def _tasks(indices: range) -> list[str]:
    return ["-t", f"{indices[0]}-{indices[-1]}"] if indices[0] else []


def _status(row: Mapping[str, str]) -> Status:
    word = row.get("state", "")
    state = next((state for state, pattern in _STATES if pattern.match(word)), State.UNKNOWN)
    return Status(
        state, word if state in (State.STUCK, State.UNKNOWN) else "", row.get("queue_name", "").rpartition("@")[2]
    )
