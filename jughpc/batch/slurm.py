"""Slurm, as its commands speak from 20.11 on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from jughpc.batch import slurm_directives, slurm_limits, slurm_partitions
from jughpc.batch import slurm_reasons as reasons
from jughpc.batch.directives import Directive, words
from jughpc.batch.logs import log_name
from jughpc.batch.partitions import Partition
from jughpc.batch.scheduler import (
    EVERY,
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
from jughpc.batch.slurm_options import OPTIONS
from jughpc.errors import SchedulerError, SettingError, SubmitError

_STATES = {
    State.QUEUED: "PENDING CONFIGURING EXPEDITING POWER_UP_NODE REQUEUED REQUEUE_FED",
    State.RUNNING: "RUNNING COMPLETING SUSPENDED STOPPED SIGNALING STAGE_OUT RESIZING UPDATE_DB",
    State.DONE: "COMPLETED",
    State.FAILED: "FAILED TIMEOUT OUT_OF_MEMORY NODE_FAIL BOOT_FAIL LAUNCH_FAILED RECONFIG_FAIL DEADLINE PREEMPTED",
    State.CANCELLED: "CANCELLED",
    State.STUCK: "REQUEUE_HOLD SPECIAL_EXIT RESV_DEL_HOLD",
}
_STATE_OF = {word: state for state, words in _STATES.items() for word in words.split()}
_PLAIN = frozenset(("PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"))

# squeue(1) "JOB REASON CODES": the ones that no waiting mends.
_NEVER = re.compile(
    r"DependencyNeverSatisfied|JobHeld\w*|JobHoldMaxRequeue|.*requeued.* held( state)?|Partition(Config|\w+Limit)"
    r"|BadConstraints|Invalid(Account|QOS)|(Account|QOS)NotAllowed|ReservationDeleted|\w+PerJob(Limit)?"
)

# Array id, index, state, name, partition, time limit, start, nodes, reason: only the last may hold a bar.
_FIELDS = "%F|%K|%T|%j|%P|%l|%S|%N|%r"
_FIND_FIELDS = "%F|%T|%j|%r"
_PAST_FIELDS = "JobID,JobName,State,ExitCode,NodeList"

_ID = re.compile(r"\d+(?:;\w[\w.-]*)?")
_WORDS = re.compile(r"Submitted batch job (\d+)(?: on cluster (\S+))?")
_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")
_USER = re.compile(r"[\w.@$-]{1,64}")  # comes from a record: no option, nor several names
_OWNER = re.compile(r"slurm:(\d+)_(\d+)(?:\.\d+)?")
_PAST_ID = re.compile(r"(\d+)(?:_(?:(\d+)|\[([^]]*)\]))?")

_MOST = 4_000_001  # indices of an array, whatever MaxArraySize says; a larger one is no answer of Slurm's

_SETTINGS = "SLURM_VERSION ClusterName MaxArraySize MaxJobCount MinJobAge KillWait AccountingStorageType"

_REFUSALS = (
    # MaxJobCount is reached, as sbatch says it that has waited for two minutes
    (Refusal.FULL, r"temporarily unable to accept job(?s:.*)Resource temporarily unavailable"),
    (
        Refusal.RETRY,
        "Unable to contact slurm controller|Socket timed out|Connection refused|Zero Bytes were transmitted"
        "|[Rr]ate limit exceeded|Resource temporarily unavailable|temporarily unable to accept job",
    ),
    (Refusal.FULL, r"MaxJobCount|MaxSubmitJob|\(job submit limit, "),
    (Refusal.GONE, "Invalid job id specified|already completing or completed"),
)


# sbatch(1): "environment variables will override any options set in a batch script"; others would change what
# the commands print, or reach our jobs from an outer one.
_SCRUBBED = ("SBATCH_", "SLURM_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SRUN_", "PMI")

# Where the cluster is and who asks; and a user's standing choices, which an explicit option still overrides.
_LOCATION = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT", "SLURM_CLUSTERS", "SBATCH_CLUSTERS")
_CHOICES = ("SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS", "SBATCH_RESERVATION")


@dataclass(frozen=True)
class Slurm:
    """The Scheduler protocol in the words of sbatch, squeue, sacct, scancel and scontrol.

    Attributes:
        accounting: Whether sacct may know what squeue has forgotten.
        user: Whose jobs are asked after, "" for one's own.
    """

    accounting: bool = True
    user: str = ""

    name: ClassVar[str] = "slurm"
    capabilities: ClassVar[Capabilities] = Capabilities(
        job_id=_ID,
        commands=("sbatch",),
        further=("squeue", "sacct", "scancel", "scontrol", "sacctmgr"),
        accounts=slurm_limits.ACCOUNTS,
        cancels_by_name=True,
        mails=True,
        last_words=reasons.LAST_WORDS,
        lookup=("squeue", "-h", "-t", "all", "-o", "%i", "-j"),
        scrubbed=_SCRUBBED,
        kept=_LOCATION + _CHOICES,
    )

    def within(self, limits: Limits) -> Slurm:
        return replace(self, accounting=not limits.settings.get("AccountingStorageType", "").endswith("/none"))

    def refuse(self, extra: Sequence[str], environ: Mapping[str, str]) -> None:
        OPTIONS.refuse(extra, environ)

    def chosen(self, extra: Sequence[str], environ: Mapping[str, str]) -> Mapping[str, str]:
        return OPTIONS.chosen(extra, environ)

    def directives(self, job: Job) -> list[Directive]:
        return slurm_directives.directives(job)

    def script_line(self, directive: Directive) -> str:
        # 22.05 drops a backslash even inside single quotes, and keeps the second of two.
        if directive.value is None:
            return f"#SBATCH {directive.option}"
        value = directive.value.replace("\\", "\\\\")
        return f"#SBATCH {directive.option}={shlex.quote(value)}"

    def submit_command(self, job: Job) -> list[str]:
        said = words([*self.directives(job), *slurm_directives.waiting(job)])
        return ["sbatch", "--parsable", *said, *job.extra, str(job.script)]

    def parse_submit(self, reply: Reply) -> JobId:
        lines = reversed(reply.stdout.split("\n")) if reply.code == 0 else []
        for line in lines:  # a site's wrapper may print a banner first
            if match := _ID.fullmatch(line.strip()):
                return match[0]
            if match := _WORDS.search(line):
                return ";".join(filter(None, match.groups()))
        raise SubmitError(reply.argv, reply.code, reply.stderr or reply.stdout)

    def find_command(self, name: str) -> list[str]:
        return ["squeue", "--me", "-h", "-r", "-t", "all", "-n", name, "-o", _FIND_FIELDS]

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        found: dict[JobId, None] = {}
        for cluster, (array, word, called, reason) in _rows(reply, _FIND_FIELDS):
            # A refused sbatch may leave records of its own.
            if called == name and (word, reason) != ("FAILED", "BadConstraints"):
                found[";".join(filter(None, [array, cluster]))] = None
        return list(found)

    def of_user(self, user: str) -> Slurm:
        return replace(self, user=user) if _USER.fullmatch(user) else self

    def poll_command(self, jobs: Names) -> list[str]:
        whose = f"--user={self.user}" if self.user else "--me"
        return ["squeue", *_clusters(jobs), whose, "-h", "-r", "-t", "all", "-o", _FIELDS]

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        asked = {job.partition(";")[::2]: job for job in jobs}
        statuses = {}
        for cluster, (array, index, word, called, *rest) in _rows(reply, _FIELDS):
            job = asked.get((array, cluster))
            if job and called == jobs[job]:
                status = _status(array if index == "N/A" else f"{array}_{index}", word, *rest)
                statuses.update({ElementId(job, number): status for number in _indices(index)})
        return statuses

    def unheard(self, reply: Reply, jobs: Names) -> list[JobId]:
        return []

    def poll_again(self, reply: Reply, jobs: Names) -> list[str]:
        return []

    def past_command(self, jobs: Names) -> list[str]:
        if not self.accounting:
            return []
        numbers = ",".join(job.partition(";")[0] for job in jobs)
        return ["sacct", *_clusters(jobs), "-X", "-n", "-P", "-j", numbers, "-o", _PAST_FIELDS]

    def parse_past(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        asked = {job.partition(";")[0]: job for job in jobs}
        statuses = {}
        for line in _lines(reply):
            fields = line.split("|")
            match = _PAST_ID.fullmatch(fields[0])
            job = asked.get(match[1]) if match else None
            if match and job and len(fields) == _PAST_FIELDS.count(",") + 1 and fields[1] == jobs[job]:
                status = _past_status(*fields[2:])
                indices = _indices(match[3]) if match[3] else [int(match[2]) if match[2] else EVERY]
                statuses.update({ElementId(job, number): status for number in indices if status.state.ended})
        return statuses

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        # One name a command, and the name beside the id: an id may be another job's by now.
        return [["scancel", *_clusters([job]), f"--name={name}", job.partition(";")[0]] for job, name in jobs.items()]

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        wanted = {element.job for element in waiting}
        commands = self.cancel_commands({job: name for job, name in jobs.items() if job in wanted})
        return [[*command[:-1], "--state=PENDING", command[-1]] for command in commands]

    def unmail_commands(self, jobs: Names) -> list[list[str]]:
        ids = [(job, job.partition(";")[0]) for job in jobs]
        return [["scontrol", *_clusters([job]), "update", f"JobId={number}", "MailType=NONE"] for job, number in ids]

    def revive_command(self, jobs: Names) -> list[str]:
        return []

    def limits_command(self) -> list[str]:
        return ["scontrol", "show", "config"]

    def parse_limits(self, reply: Reply) -> Limits:
        pairs = (line.partition("=") for line in reply.stdout.splitlines())
        known = {key.strip(): value.strip() for key, _, value in pairs}
        settings = {key: known[key] for key in _SETTINGS.split() if key in known}
        return Limits(_array_size(known), settings)

    def room_commands(self, user: str, resources: Resources) -> Sequence[list[str]]:
        return slurm_limits.commands(user, resources.qos)

    def parse_room(self, replies: Sequence[Reply], limits: Limits, user: str, resources: Resources) -> Room:
        of_user, of_partitions, *of_qos = replies
        bounds = (*slurm_limits.bounds(of_user, of_qos, user, resources), *slurm_limits.of_all(limits))
        return Room(bounds, walltime=slurm_limits.walltime(of_partitions, resources.partition))

    def partitions_command(self) -> list[str]:
        return list(slurm_partitions.COMMAND)

    def parse_partitions(self, reply: Reply, limits: Limits) -> list[Partition]:
        return list(slurm_partitions.read(reply))

    def absent(self, reply: Reply) -> bool:
        return reply.code != 0 and "Could not establish a configuration source" in reply.stderr

    def refusal(self, reply: Reply) -> Refusal:
        found = (refusal for refusal, pattern in _REFUSALS if re.search(pattern, reply.stderr))
        return next(found, Refusal.USER)

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        if "\\" in str(folder):
            raise SettingError(
                f"{folder}: Slurm does not number logs in a path that holds a backslash. Use another folder."
            )
        return str(folder).replace("%", "%%") + f"/{log_name(role, size, offset, '%a')}"

    def element(self, owner: str) -> ElementId | None:
        match = _OWNER.fullmatch(owner)
        return ElementId(match[1], int(match[2])) if match else None


def _clusters(jobs: Iterable[JobId]) -> list[str]:
    """Return the option that names the clusters of `jobs`, [] for the default one."""
    names = sorted({job.partition(";")[2] for job in jobs} - {""})
    return ["-M", ",".join(names)] if names else []


def _lines(reply: Reply) -> list[str]:
    if reply.code:
        raise SchedulerError(f"{reply.argv[0]} exited with {reply.code}: {reply.stderr.strip()}")
    return reply.stdout.splitlines()


def _rows(reply: Reply, layout: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the cluster and the fields of each row; a line of another shape is a banner's."""
    bars = layout.count("|")
    for cluster, line in _by_cluster(_lines(reply)):
        fields = line.split("|", bars)
        if len(fields) == bars + 1 and fields[0].isdecimal():
            yield cluster, fields


def _by_cluster(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Return each row with its cluster, "" for the default one; -M has a heading before each cluster's rows."""
    cluster = ""
    for line in lines:
        if line.startswith("CLUSTER: "):
            cluster = line.removeprefix("CLUSTER: ").strip()
        elif line.strip():
            yield cluster, line


def _indices(text: str) -> Iterator[int]:
    """Return the indices of `3`, `2-7%2`, `0,2-3`, `0-100:10`, `1,4,...`; of `N/A`, EVERY."""
    if text == "N/A":
        yield EVERY
    for part in text.partition("%")[0].split(","):
        if match := _RANGE.fullmatch(part):
            first, last, step = match.groups()
            if int(last or first) < _MOST:
                yield from range(int(first), int(last or first) + 1, max(1, int(step or 1)))


def _status(job: str, word: str, partition: str, limit: str, start: str, host: str, reason: str) -> Status:
    word = word.partition(" ")[0]  # "CANCELLED by 1234"
    state = _STATE_OF.get(word, State.UNKNOWN)
    why = reasons.of_never(reason) if state is State.CANCELLED else None
    why = why or reasons.of_end(word, job, host)
    if state is State.QUEUED and not why:
        why = reasons.of_wait(reason, job=job, partition=partition, limit=limit, start=start)
    if reason == "None" or state is State.CANCELLED:  # then it is what the element had waited for
        reason = ""
    if reason == "JobLaunchFailure":  # so squeue says also of what was started and then killed
        reason = "killed by a signal, or never started (JobLaunchFailure)"
    if state is State.QUEUED and _NEVER.fullmatch(reason):
        state = State.STUCK
    words = [reason] if word in _PLAIN else [word, reason]
    return Status(state, ": ".join(filter(None, words)), host, why)


def _past_status(word: str, code: str, host: str) -> Status:
    """Return how an element ended by accounting's words: `FAILED`, `3:0`, `node1`."""
    word = word.partition(" ")[0]
    exit_code, _, signal = code.partition(":")
    reason = {"FAILED": f"signal {signal}" if signal not in ("", "0") else f"exit code {exit_code}"}.get(
        word, "" if word in _PLAIN else word
    )
    host = "" if host.startswith("None") else host
    return Status(_STATE_OF.get(word, State.UNKNOWN), reason, host, reasons.of_end(word, "", host))


def _array_size(known: Mapping[str, str]) -> int | None:
    """Return the smaller of MaxArraySize, one more than the largest index, and max_array_tasks."""
    sizes = re.findall(r"max_array_tasks=(\d+)", known.get("SchedulerParameters", ""))
    sizes += re.findall(r"\d+", known.get("MaxArraySize", ""))
    return max(1, min(map(int, sizes))) if sizes else None  # 0 switches arrays off
