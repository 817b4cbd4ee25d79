"""OpenPBS and PBS Pro, as their commands speak from 20 on."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jughpc import units
from jughpc.batch.directives import Directive, given, words
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import (
    Capabilities,
    ElementId,
    Job,
    JobId,
    Limits,
    Refusal,
    Reply,
    Resources,
    Role,
    State,
    Status,
)
from jughpc.errors import SchedulerError, SettingError, SubmitError

_QUEUED, _RUNNING, _ENDED = "QHWT", "RESUB", "XF"
_TERMINATED = 91  # substate of what was deleted while it ran

_ID = re.compile(r"(\d+)(?:\[(\d*)\])?(\.\S+)?")
_WHAT = re.compile(r" and (?!failed$|finished$)(.+)$")  # how a comment says that the job ended
_HOPES = ("Not Running", "Can Never Run")  # other comments of a queued element are its array's

# Some releases do not escape quotes in these two (openpbs: seen with exported shell functions).
_UNSAFE = re.compile(r'("Variable_List":\s*)\{.*?\n\t{3}\}|("Submit_arguments":\s*)"[^\n]*"(?=,?\n)', re.DOTALL)

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

_SETTINGS = "pbs_version default_queue max_array_size job_history_enable job_history_duration"


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
        scrubbed=("PBS_DPREFIX",),  # what qsub takes for the start of a directive
    )

    def within(self, limits: Limits) -> Pbs:
        return Pbs(history=limits.settings.get("job_history_enable") == "True")

    def directives(self, job: Job) -> list[Directive]:
        return [*_own(job), *_resources(job.resources)]

    def script_line(self, directive: Directive) -> str:
        return f"#PBS {shlex.join(directive.words)}"

    def submit_command(self, job: Job) -> list[str]:
        return ["qsub", *words([*self.directives(job), *_dependency(job)]), *job.extra, str(job.script)]

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
            raise _silent(reply)
        return [line for line in reply.stdout.split() if _ID.fullmatch(line)]

    def poll_command(self, jobs: Sequence[JobId]) -> list[str]:
        return ["qstat", *self._ended(), "-t", "-f", "-F", "json", *jobs]

    def parse_poll(self, reply: Reply, jobs: Sequence[JobId]) -> Mapping[ElementId, Status]:
        if reply.code not in (_KNOWN, _FINISHED, _UNKNOWN):
            raise _silent(reply)
        asked = {_sequence(job): job for job in jobs}
        return {
            ElementId(asked[sequence], index): _status(fields)
            for sequence, index, fields in _entries(reply)
            if sequence in asked
        }

    def cancel_commands(self, jobs: Sequence[JobId]) -> list[list[str]]:
        # qdel with a known and an unknown id crashed pbs_server 23.06, or deleted neither.
        return [["qdel", job] for job in jobs]

    def limits_command(self) -> list[str]:
        return ["qstat", "-B", "-f", "-F", "json"]

    def parse_limits(self, reply: Reply) -> Limits:
        try:
            servers = dict(_objects(_json(reply), "Server"))
        except SchedulerError:
            return Limits()
        known = {key: str(value) for server in servers.values() for key, value in server.items()}
        settings = {key: known[key] for key in _SETTINGS.split() if key in known}
        size = settings.get("max_array_size", "")
        return Limits(int(size) if size.isdigit() else None, settings)

    def absent(self, reply: Reply) -> bool:
        return False

    def refusal(self, reply: Reply) -> Refusal:
        if reply.code in _REFUSAL_OF:
            return _REFUSAL_OF[reply.code]
        found = (refusal for refusal, pattern in _TEXTS if re.search(pattern, reply.stderr))
        return next(found, Refusal.USER)

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        return f"{folder}/{log_name(role, size, offset, '^array_index^')}"

    def _ended(self) -> list[str]:
        return ["-x"] if self.history else []


def _own(job: Job) -> Iterator[Directive]:
    yield Directive("-N", job.name)
    yield Directive("-S", "/bin/bash")
    # PBS copies output only at the end, and over what an earlier run left: the script writes the log itself.
    yield Directive("-j", "oe")
    yield Directive("-o", "/dev/null")
    yield Directive("-m", "n")
    yield Directive("-r", "y")
    if job.size > 1:  # -J refuses a single element
        yield Directive("-J", f"0-{job.size - 1}" + (f"%{job.throttle}" if job.throttle else ""))


def _dependency(job: Job) -> list[Directive]:
    after = job.depends_on
    return [Directive("-W", f"depend={':'.join([after.condition.value, *after.jobs])}")] if after else []


def _resources(resources: Resources) -> list[Directive]:
    if resources.qos is not None:
        raise SettingError(
            f"PBS has no QOS, so {resources.qos!r} says nothing to it. "
            "Leave --qos out, or give the option of your site after --."
        )
    chunk = _chunk(resources)
    return given(
        (
            ("-l", None if resources.walltime is None else f"walltime={units.walltime(resources.walltime)}"),
            ("-l", f"select=1{chunk}" if chunk else None),
            ("-q", resources.partition),
            ("-A", resources.account),
        )
    )


def _chunk(resources: Resources) -> str:
    memory = None if resources.memory is None else f"{units.mebibytes(resources.memory)}mb"
    wanted = {"ncpus": resources.cpus, "mem": memory, "ngpus": resources.gpus or None}
    return "".join(f":{key}={value}" for key, value in wanted.items() if value is not None)


def _silent(reply: Reply) -> SchedulerError:
    return SchedulerError(f"{reply.argv[0]} exited with {reply.code}: {reply.stderr.strip()}")


def _json(reply: Reply) -> dict[str, Any]:
    trouble = "it is no object"
    for text in (reply.stdout, _UNSAFE.sub(_emptied, reply.stdout)):
        try:
            found = json.loads(text, strict=False)
        except ValueError as error:
            trouble = str(error)
            continue
        if isinstance(found, dict):
            return found
    raise SchedulerError(f"{reply.argv[0]} printed no JSON: {trouble}\n{reply.stderr.strip()}")


def _objects(found: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what lies under `key`, but for what has not the shape of an object."""
    inner = found.get(key)
    for name, fields in inner.items() if isinstance(inner, dict) else ():
        if isinstance(fields, dict):
            yield name, fields


def _emptied(match: re.Match[str]) -> str:
    return f"{match[1]}{{}}" if match[1] else f'{match[2]}""'


def _entries(reply: Reply) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Return sequence number, index and attributes of each element; an array's own entry is none."""
    for key, fields in _objects(_json(reply), "Jobs"):
        match = _ID.fullmatch(key)
        if match and match[2] != "":
            yield match[1], int(match[2] or 0), fields


def _sequence(job: JobId) -> str:
    return re.split(r"[\[.]", job)[0]


def _status(fields: Mapping[str, Any]) -> Status:
    letter, host = str(fields.get("job_state", "")), str(fields.get("exec_host", "")).partition("/")[0]
    if letter in _ENDED:
        return Status(*_end(fields), host)
    if letter in _RUNNING:
        return Status(State.RUNNING, "suspended" if letter in "SU" else "", host)
    if letter in _QUEUED:
        return Status(*_wait(fields))
    return Status(State.UNKNOWN, f"job_state {letter}")


def _end(fields: Mapping[str, Any]) -> tuple[State, str]:
    """Return how an element ended. One that never ran carries its array's Exit_status, which is not its own."""
    if "run_count" not in fields and "resources_used" not in fields:
        return State.CANCELLED, _never_ran(fields)
    code = fields.get("Exit_status")
    if code == 0 and fields.get("substate") != _TERMINATED:
        return State.DONE, ""
    what = _WHAT.search(str(fields.get("comment", "")))
    reason = ", ".join([f"Exit_status {code}", *([what[1]] if what else [])])
    return (State.CANCELLED if fields.get("substate") == _TERMINATED else State.FAILED), reason


def _never_ran(fields: Mapping[str, Any]) -> str:
    return f"never ran, {fields['depend']} was not met" if "depend" in fields else "never ran"


def _wait(fields: Mapping[str, Any]) -> tuple[State, str]:
    comment = str(fields.get("comment", ""))
    holds = str(fields.get("Hold_Types", "n"))
    if "depend" in fields and holds == "s":
        return State.QUEUED, f"waits for {fields['depend']}"
    if holds != "n":  # by the user, an operator, or the server after too many runs
        return State.STUCK, f"held ({holds})"
    state = State.STUCK if comment.startswith("Can Never Run") else State.QUEUED
    return state, comment if comment.startswith(_HOPES) else ""
