"""Slurm, as its commands speak from 20.11 on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from jughpc import units
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import (
    EVERY,
    Dependency,
    ElementId,
    Job,
    JobId,
    Limits,
    Reply,
    Resources,
    Role,
    State,
    Status,
    Verdict,
)
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

_FIELDS = "%F|%K|%T|%r|%N"  # array id, index, state, reason, nodes: only the reason may hold a bar
_FIND_FIELDS = "%F|%T|%j|%r"

_ID = re.compile(r"(\d+(?:;\S+)?)")
_WORDS = re.compile(r"Submitted batch job (\d+)(?: on cluster (\S+))?")
_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")

_SETTINGS = "SLURM_VERSION ClusterName MaxArraySize MaxJobCount MinJobAge KillWait"

_VERDICTS = (
    (
        Verdict.RETRY,
        "Unable to contact slurm controller|Socket timed out|Connection refused|Zero Bytes were transmitted"
        "|[Rr]ate limit exceeded|Resource temporarily unavailable|temporarily unable to accept job",
    ),
    (Verdict.FULL, r"MaxJobCount|MaxSubmitJob|\(job submit limit, "),
    (Verdict.GONE, "Invalid job id specified|already completing or completed"),
)


class Slurm:
    """The Scheduler protocol in the words of sbatch, squeue, scancel and scontrol."""

    name = "slurm"

    def submit_command(self, job: Job) -> list[str]:
        options = [*_own_options(job), *_resource_options(job.resources)]
        if job.depends_on:
            options.append(f"--dependency={_dependency(job.depends_on)}")
        return ["sbatch", "--parsable", *options, *job.extra, str(job.script)]

    def parse_submit(self, reply: Reply) -> JobId:
        lines = reversed(reply.stdout.split("\n")) if reply.code == 0 else []
        for line in lines:  # a site's wrapper may print a banner first
            if match := _ID.fullmatch(line.strip()):
                return match[1]
            if match := _WORDS.search(line):
                return ";".join(filter(None, match.groups()))
        raise SubmitError(reply.argv, reply.code, reply.stderr or reply.stdout)

    def find_command(self, name: str) -> list[str]:
        return ["squeue", "--me", "-h", "-r", "-t", "all", "-n", name, "-o", _FIND_FIELDS]

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        found: dict[JobId, None] = {}
        for cluster, line in _by_cluster(_lines(reply)):
            array, word, called, reason = line.split("|", 3)
            # A refused sbatch may leave records of its own.
            if called == name and (word, reason) != ("FAILED", "BadConstraints"):
                found[";".join(filter(None, [array, cluster]))] = None
        return list(found)

    def poll_command(self, jobs: Sequence[JobId]) -> list[str]:
        return ["squeue", *_clusters(jobs), "--me", "-h", "-r", "-t", "all", "-o", _FIELDS]

    def parse_poll(self, reply: Reply, jobs: Sequence[JobId]) -> Mapping[ElementId, Status]:
        asked = {job.partition(";")[::2]: job for job in jobs}
        statuses = {}
        for cluster, line in _by_cluster(_lines(reply)):
            array, index, word, rest = line.split("|", 3)
            if job := asked.get((array, cluster)):
                reason, _, host = rest.rpartition("|")
                status = _status(word, reason, host)
                statuses.update({ElementId(job, number): status for number in _indices(index)})
        return statuses

    def cancel_commands(self, jobs: Sequence[JobId]) -> list[list[str]]:
        by_cluster: dict[str, list[JobId]] = {}
        for job in jobs:
            by_cluster.setdefault(job.partition(";")[2], []).append(job)
        return [["scancel", *_clusters(some), *(job.partition(";")[0] for job in some)] for some in by_cluster.values()]

    def limits_command(self) -> list[str]:
        return ["scontrol", "show", "config"]

    def parse_limits(self, reply: Reply) -> Limits:
        pairs = (line.partition("=") for line in reply.stdout.splitlines())
        known = {key.strip(): value.strip() for key, _, value in pairs}
        settings = {key: known[key] for key in _SETTINGS.split() if key in known}
        return Limits(_array_size(known), settings)

    def verdict(self, reply: Reply) -> Verdict:
        found = (verdict for verdict, pattern in _VERDICTS if re.search(pattern, reply.stderr))
        return next(found, Verdict.USER)

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        if "\\" in str(folder):
            raise SettingError(
                f"{folder}: Slurm does not number logs in a path that holds a backslash. Use another folder."
            )
        return str(folder).replace("%", "%%") + f"/{log_name(role, size, offset, '%a')}"

    def owner(self, element: ElementId) -> str:
        return f"slurm:{element.job.partition(';')[0]}_{element.index}"


def _own_options(job: Job) -> Iterator[str]:
    yield f"--job-name={job.name}"
    yield f"--output={job.log}"
    yield "--open-mode=append"  # else a requeued element begins its log anew
    yield f"--chdir={job.workdir}"
    yield "--nodes=1"
    yield "--ntasks=1"
    yield "--requeue"
    if job.size > 1:
        yield f"--array=0-{job.size - 1}" + (f"%{job.throttle}" if job.throttle else "")


def _resource_options(resources: Resources) -> Iterator[str]:
    if resources.walltime is not None:
        yield f"--time={units.walltime(resources.walltime)}"
    if resources.memory is not None:
        yield f"--mem={units.mebibytes(resources.memory)}M"
    if resources.gpus:
        yield f"--gres=gpu:{resources.gpus}"
    named = {"cpus-per-task": resources.cpus, "partition": resources.partition}
    named |= {"account": resources.account, "qos": resources.qos}
    yield from (f"--{key}={value}" for key, value in named.items() if value is not None)


def _dependency(dependency: Dependency) -> str:
    ids = (job.partition(";")[0] for job in dependency.jobs)
    return ":".join([dependency.condition.value, *ids])


def _clusters(jobs: Sequence[JobId]) -> list[str]:
    """Return the option that names the clusters of `jobs`, [] for the default one."""
    names = sorted({job.partition(";")[2] for job in jobs} - {""})
    return ["-M", ",".join(names)] if names else []


def _lines(reply: Reply) -> list[str]:
    if reply.code:
        raise SchedulerError(f"{reply.argv[0]} exited with {reply.code}: {reply.stderr.strip()}")
    return reply.stdout.splitlines()


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
            yield from range(int(first), int(last or first) + 1, int(step or 1))


def _status(word: str, reason: str, host: str) -> Status:
    word = word.partition(" ")[0]  # "CANCELLED by 1234"
    state = _STATE_OF.get(word, State.UNKNOWN)
    if reason == "None" or state is State.CANCELLED:  # then it is what the element had waited for
        reason = ""
    if state is State.QUEUED and _NEVER.fullmatch(reason):
        state = State.STUCK
    words = [reason] if word in _PLAIN else [word, reason]
    return Status(state, ": ".join(filter(None, words)), host)


def _array_size(known: Mapping[str, str]) -> int | None:
    """Return the smaller of MaxArraySize, one more than the largest index, and max_array_tasks."""
    sizes = re.findall(r"max_array_tasks=(\d+)", known.get("SchedulerParameters", ""))
    sizes += re.findall(r"\d+", known.get("MaxArraySize", ""))
    return max(1, min(map(int, sizes))) if sizes else None  # 0 switches arrays off
