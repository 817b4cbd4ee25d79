"""Slurm, as its commands speak from 20.11 on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from jughpc import units
from jughpc.batch.directives import Directive, given, words
from jughpc.batch.logs import log_name
from jughpc.batch.scheduler import (
    EVERY,
    Capabilities,
    Dependency,
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

_ID = re.compile(r"\d+(?:;\w[\w.-]*)?")
_WORDS = re.compile(r"Submitted batch job (\d+)(?: on cluster (\S+))?")
_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")

_MOST = 4_000_001  # indices of an array, whatever MaxArraySize says; a larger one is no answer of Slurm's

_SETTINGS = "SLURM_VERSION ClusterName MaxArraySize MaxJobCount MinJobAge KillWait"

_REFUSALS = (
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


class Slurm:
    """The Scheduler protocol in the words of sbatch, squeue, scancel and scontrol."""

    name = "slurm"
    capabilities = Capabilities(job_id=_ID, commands=("sbatch",), scrubbed=_SCRUBBED, kept=_LOCATION + _CHOICES)

    def within(self, limits: Limits) -> Slurm:
        return self

    def directives(self, job: Job) -> list[Directive]:
        return [*_own(job), *_resources(job.resources)]

    def script_line(self, directive: Directive) -> str:
        # 22.05 drops a backslash even inside single quotes, and keeps the second of two.
        if directive.value is None:
            return f"#SBATCH {directive.option}"
        value = directive.value.replace("\\", "\\\\")
        return f"#SBATCH {directive.option}={shlex.quote(value)}"

    def submit_command(self, job: Job) -> list[str]:
        after = [f"--dependency={_dependency(job.depends_on)}"] if job.depends_on else []
        return ["sbatch", "--parsable", *words(self.directives(job)), *after, *job.extra, str(job.script)]

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
        for cluster, (array, word, called, reason) in _rows(reply):
            # A refused sbatch may leave records of its own.
            if called == name and (word, reason) != ("FAILED", "BadConstraints"):
                found[";".join(filter(None, [array, cluster]))] = None
        return list(found)

    def poll_command(self, jobs: Sequence[JobId]) -> list[str]:
        return ["squeue", *_clusters(jobs), "--me", "-h", "-r", "-t", "all", "-o", _FIELDS]

    def parse_poll(self, reply: Reply, jobs: Sequence[JobId]) -> Mapping[ElementId, Status]:
        asked = {job.partition(";")[::2]: job for job in jobs}
        statuses = {}
        for cluster, (array, index, word, rest) in _rows(reply):
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


def _own(job: Job) -> Iterator[Directive]:
    yield Directive("--job-name", job.name)
    yield Directive("--output", job.log)
    yield Directive("--open-mode", "append")  # else a requeued element begins its log anew
    yield Directive("--chdir", str(job.workdir))
    yield Directive("--nodes", "1")
    yield Directive("--ntasks", "1")
    yield Directive("--requeue")
    if job.size > 1:
        yield Directive("--array", f"0-{job.size - 1}" + (f"%{job.throttle}" if job.throttle else ""))


def _resources(resources: Resources) -> list[Directive]:
    return given(
        (
            ("--time", None if resources.walltime is None else units.walltime(resources.walltime)),
            ("--mem", None if resources.memory is None else f"{units.mebibytes(resources.memory)}M"),
            ("--gres", f"gpu:{resources.gpus}" if resources.gpus else None),
            ("--cpus-per-task", resources.cpus),
            ("--partition", resources.partition),
            ("--account", resources.account),
            ("--qos", resources.qos),
        )
    )


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


def _rows(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    """Yield the cluster and the four fields of each row; a line of another shape is a banner's."""
    for cluster, line in _by_cluster(_lines(reply)):
        fields = line.split("|", 3)
        if len(fields) == 4 and fields[0].isdecimal():
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
