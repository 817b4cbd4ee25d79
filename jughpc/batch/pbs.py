"""OpenPBS and PBS Pro, as their commands speak from 20 on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jughpc.batch import pbs_answers, pbs_directives, pbs_limits, pbs_options, pbs_partitions
from jughpc.batch import pbs_reasons as reasons
from jughpc.batch.causes import Cause, Why
from jughpc.batch.directives import Directive, words
from jughpc.batch.logs import log_name
from jughpc.batch.partitions import Partition
from jughpc.batch.ranges import ranges
from jughpc.batch.scheduler import (
    Capabilities,
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
from jughpc.errors import SchedulerError, SubmitError

_QUEUED, _RUNNING, _ENDED = "QHWT", "RESUB", "XF"
_TERMINATED = 91  # substate of what was deleted while it ran

_ID = re.compile(r"(\d+)(?:\[(\d*)\])?(\.\S+)?")
_OWNER = re.compile(r"pbs:(\d+)(?:\[(\d+)\])?((?:\.\w[\w-]*)*?)(?:\.\d+)?")
_WHAT = re.compile(r" and (?!failed$|finished$)(.+)$")  # how a comment says that the job ended
_HELD_BY = re.compile("(?i)job held[ ,]")
_HOPES = ("Not Running", "Can Never Run")  # other comments of a queued element are its array's

_KNOWN, _FINISHED, _UNKNOWN = 0, 35, 153  # one absent id of several sets the code, the others are still told

# The code is the better witness: the text of a refusal may be that of the refusal before.
_REFUSALS = {
    Refusal.RETRY: (162, 222, 255),
    Refusal.FULL: (38,),
    Refusal.GONE: (_FINISHED, 55, _UNKNOWN),
    Refusal.USER: (1, 2, 3, 5, 6, 154, 159, 160, 166, 170, 173, 175, 187, 188),
}
_REFUSAL_OF = {code: refusal for refusal, codes in _REFUSALS.items() for code in codes}
_TEXTS = (
    (Refusal.RETRY, "cannot connect to server|Couldn't connect|could not connect to MOM"),
    (Refusal.FULL, "exceeds the queue limit|would exceed"),
    (Refusal.GONE, "Unknown Job Id|Job has finished"),
)

_SETTINGS = (
    "pbs_version default_queue max_array_size max_queued queued_jobs_threshold job_history_enable job_history_duration"
)


@dataclass(frozen=True)
class Pbs:
    """The Scheduler protocol in the words of qsub, qstat, qselect and qdel.

    Attributes:
        history: Whether the server remembers ended jobs; one that does not refuses to be asked for them.
    """

    history: bool = False

    name: ClassVar[str] = "pbs"
    capabilities: ClassVar[Capabilities] = Capabilities(
        job_id=re.compile(r"\d+(\[\])?(\.\w[\w.-]*)?"),
        commands=("qsub",),
        further=("qstat", "qselect", "qdel", "qalter"),
        drops_late=True,
        mails=True,
        scrubbed=("PBS_DPREFIX",),  # what qsub takes for the start of a directive
    )

    def within(self, limits: Limits) -> Pbs:
        return Pbs(history=limits.settings.get("job_history_enable") == "True")

    def refuse(self, extra: Sequence[str], environ: Mapping[str, str]) -> None:
        pbs_options.refuse(extra, environ)

    def chosen(self, extra: Sequence[str], environ: Mapping[str, str]) -> Mapping[str, str]:
        return pbs_options.OPTIONS.chosen(extra, environ)

    def directives(self, job: Job) -> list[Directive]:
        return pbs_directives.directives(job)

    def script_line(self, directive: Directive) -> str:
        return f"#PBS {shlex.join(directive.words)}"

    def submit_command(self, job: Job) -> list[str]:
        # Without -f qsub keeps a process in the background, whose text may be that of the refusal before.
        attributes, extra = pbs_directives.attributes(job)
        return ["qsub", "-f", *words([*self.directives(job), *attributes]), *extra, str(job.script)]

    def parse_submit(self, reply: Reply) -> JobId:
        lines = reversed(reply.stdout.split()) if reply.code == 0 else []
        for line in lines:  # a site's wrapper may print a banner first
            if _ID.fullmatch(line):
                return line
        raise SubmitError(reply.argv, reply.code, reply.stderr or reply.stdout)

    def find_command(self, name: str) -> list[str]:
        return ["qselect", *self._ended(), "-N", name]

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        if reply.code:
            raise pbs_answers.silent(reply)
        return [line for line in reply.stdout.split() if _ID.fullmatch(line)]

    def of_user(self, user: str) -> Pbs:
        return self  # its polls name jobs, whosever they are

    def poll_command(self, jobs: Names) -> list[str]:
        return _poll(self._ended(), pbs_answers.FORMS[0], jobs)

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        if reply.code not in (_KNOWN, _FINISHED, _UNKNOWN):
            raise pbs_answers.silent(reply)
        asked = {pbs_answers.sequence(job): job for job in jobs}
        return {
            ElementId(asked[sequence], index): _status(fields, asked[sequence], history=self.history)
            for sequence, index, fields in pbs_answers.entries(reply)
            if sequence in asked and fields.get("Job_Name") == jobs[asked[sequence]]
        }

    def unheard(self, reply: Reply, jobs: Names) -> list[JobId]:
        return pbs_answers.unheard(reply, jobs)

    def poll_again(self, reply: Reply, jobs: Names) -> list[str]:
        form = next(form for form in pbs_answers.FORMS if set(form) <= set(reply.argv))
        if "-x" in reply.argv and pbs_answers.says_no_history(reply):
            return _poll([], form, jobs)
        later = pbs_answers.FORMS[pbs_answers.FORMS.index(form) + 1 :]
        return _poll([word for word in reply.argv if word == "-x"], later[0], jobs) if later else []

    def past_command(self, jobs: Names) -> list[str]:
        return []  # a poll asks for what has ended, too

    def parse_past(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        return {}

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        # qdel with a known and an unknown id crashed pbs_server 23.06, or deleted neither.
        return [["qdel", job] for job in jobs]

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        return [["qdel", _range(job, indices)] for job, indices in ranges(waiting)]

    def unmail_commands(self, jobs: Names) -> list[list[str]]:
        return [["qalter", "-m", "n", job] for job in jobs]

    def revive_command(self, jobs: Names) -> list[str]:
        return []

    def limits_command(self) -> list[str]:
        return ["qstat", "-B", "-f", "-F", "json"]

    def parse_limits(self, reply: Reply) -> Limits:
        try:
            servers = dict(pbs_answers.objects(pbs_answers.as_json(reply), "Server"))
        except SchedulerError:
            return Limits()
        known = {key: str(value) for server in servers.values() for key, value in server.items()}
        settings = {key: known[key] for key in _SETTINGS.split() if key in known}
        return Limits(pbs_limits.array_size(settings), settings)

    def room_commands(self, user: str, resources: Resources) -> Sequence[list[str]]:
        return (self.partitions_command(),)  # of two queues that are named some releases tell the first only

    def parse_room(self, replies: Sequence[Reply], limits: Limits, user: str, resources: Resources) -> Room:
        name = (resources.partition or limits.settings.get("default_queue", "")).partition("@")[0]
        try:
            queue = dict(pbs_answers.objects(pbs_answers.as_json(replies[0]), "Queue")).get(name, {})
        except SchedulerError:
            queue = {}
        bounds = tuple(pbs_limits.bounds(queue, f"queue {name}", user))
        bounds = (*bounds, *pbs_limits.bounds(limits.settings, "the server", user))
        return Room(bounds, pbs_limits.array_size(queue), pbs_limits.walltime(queue))

    def partitions_command(self) -> list[str]:
        return ["qstat", "-Q", "-f", "-F", "json"]

    def parse_partitions(self, reply: Reply, limits: Limits) -> list[Partition]:
        return list(pbs_partitions.read(reply, limits))

    def absent(self, reply: Reply) -> bool:
        return False

    def refusal(self, reply: Reply) -> Refusal:
        if reply.code in _REFUSAL_OF:
            return _REFUSAL_OF[reply.code]
        found = (refusal for refusal, pattern in _TEXTS if re.search(pattern, reply.stderr))
        return next(found, Refusal.USER)

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        return f"{folder}/{log_name(role, size, offset, '^array_index^')}"

    def element(self, owner: str) -> ElementId | None:
        match = _OWNER.fullmatch(owner)
        if match is None:
            return None
        return ElementId(f"{match[1]}[]{match[3]}" if match[2] else match[1] + match[3], int(match[2] or 0))

    def _ended(self) -> list[str]:
        return ["-x"] if self.history else []


def _poll(ended: Sequence[str], form: Sequence[str], jobs: Iterable[JobId]) -> list[str]:
    return ["qstat", *ended, "-t", "-f", *form, *jobs]


def _range(job: JobId, indices: range) -> str:
    """Return the id of some elements of a job, `2[3-5].server`."""
    first, last = indices[0], indices[-1]
    return job.replace("[]", f"[{first}-{last}]" if first < last else f"[{first}]")


def _status(fields: Mapping[str, Any], job: JobId, *, history: bool) -> Status:
    letter, host = str(fields.get("job_state", "")), str(fields.get("exec_host", "")).partition("/")[0]
    if letter in _ENDED:
        state, reason = _end(fields, history=history)
        code, comment = str(fields.get("Exit_status", "")), reason.partition(", ")[2]
        why = reasons.of_end(code, comment, host) if state in (State.FAILED, State.CANCELLED) else None
        why = why or reasons.of_never(reason)
        if state is State.ENDED and fields.get("substate") == _TERMINATED:
            why = Why(Cause.USER, "ended before its array was deleted, or with it")
        return Status(state, reason, host, why)
    if letter in _RUNNING:
        return Status(State.RUNNING, "suspended" if letter in "SU" else "", host)
    if letter in _QUEUED:
        return _wait(fields, job)
    return Status(State.UNKNOWN, "moved to another server" if letter == "M" else f"job_state {letter}")


def _end(fields: Mapping[str, Any], *, history: bool) -> tuple[State, str]:
    """Return how an element ended. One that has no record of its own carries its array's Exit_status."""
    if "run_count" not in fields and "resources_used" not in fields:
        return _without_record(fields, history=history)
    code = fields.get("Exit_status")
    if code == 0 and fields.get("substate") != _TERMINATED:
        return State.DONE, ""
    what = _WHAT.search(str(fields.get("comment", "")))
    reason = ", ".join([f"Exit_status {code}", *([what[1]] if what else [])])
    return (State.CANCELLED if fields.get("substate") == _TERMINATED else State.FAILED), reason


def _without_record(fields: Mapping[str, Any], *, history: bool) -> tuple[State, str]:
    """Return how an element ended that has no record: it never ran, or the server dropped what it had.

    It drops that of one that ended at once where no history is kept; else when its whole array is deleted later.
    """
    began = "stime" in fields
    if began and (not history or fields.get("substate") == _TERMINATED):
        return State.ENDED, "PBS keeps no record of how"
    return State.CANCELLED, _never_ran({} if fields.get("substate") == _TERMINATED else fields)


def _never_ran(fields: Mapping[str, Any]) -> str:
    others = _waits_for(fields)
    return f"never ran, {others} was not met" if others else "never ran"


def _waits_for(fields: Mapping[str, Any]) -> str:
    """Return the conditions that a job has; the name of one that waits for it stands there, too."""
    return ",".join(part for part in str(fields.get("depend", "")).split(",") if part.startswith("after"))


def _wait(fields: Mapping[str, Any], job: JobId) -> Status:
    comment = str(fields.get("comment", ""))
    holds = str(fields.get("Hold_Types", "n"))
    # A hold of the server's is a dependency's too; one of somebody's is told in the comment only.
    if holds == "s" and (others := _waits_for(fields)) and not _HELD_BY.match(comment):
        return Status(State.QUEUED, f"waits for {others}", why=Why(Cause.DEPENDENCY, Cause.DEPENDENCY.value))
    if holds != "n":  # by the user, an operator, or the server after too many runs
        return Status(State.STUCK, f"held ({holds})", why=reasons.of_hold(holds, job))
    state = State.STUCK if comment.startswith("Can Never Run") else State.QUEUED
    told = comment if comment.startswith(_HOPES) else ""
    return Status(state, told, why=reasons.of_wait(told))
