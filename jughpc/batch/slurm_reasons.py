"""What Slurm's states and reasons mean, and what to do about them. Source: squeue(1), "JOB REASON CODES"."""

from __future__ import annotations

from jughpc.batch.causes import Cause, Entry, LastWords, Why, why

_RELEASE = "scontrol release {job}"
_MEMORY = (Cause.OUT_OF_MEMORY, "ran out of memory", "ask for more with --mem")
_ENDS = (
    Entry("TIMEOUT|DEADLINE", Cause.TIME_LIMIT, "met its time limit", "ask for more with --time"),
    Entry("OUT_OF_MEMORY", *_MEMORY),
    Entry("NODE_FAIL|BOOT_FAIL", Cause.NODE_FAIL, "lost its node, {host}"),
    Entry("PREEMPTED", Cause.PREEMPTED, "had to make room for a job that goes before it"),
    Entry("LAUNCH_FAILED|RECONFIG_FAIL", Cause.LAUNCH, "could not be started on {host}"),
    Entry("CANCELLED", Cause.USER, "was cancelled"),
    Entry("REQUEUED|REQUEUE_FED", Cause.REQUEUED),
    Entry("REQUEUE_HOLD|SPECIAL_EXIT", Cause.HELD, "was put back into the queue, and is held", _RELEASE),
)
_WAITS = (
    Entry(
        "PartitionTimeLimit", Cause.REQUEST,
        "asks for more time ({limit}) than partition {partition} allows",
        "shorten --time, or take another --partition; sinfo -o '%P %l' shows what each allows",
    ),
    Entry(
        "PartitionConfig|PartitionNodeLimit", Cause.REQUEST, "asks for what no node of partition {partition} has",
        "ask for less with --cpus, --mem or --gpus, or take another --partition",
    ),
    Entry(
        "PartitionInactive|PartitionDown", Cause.NODES, "waits for partition {partition}, which is down ({reason})",
        "take another --partition; scontrol show partition {partition} tells more",
    ),
    Entry(
        "BadConstraints", Cause.REQUEST, "asks for a node of a kind that there is none of",
        "ask for less with --cpus, --mem or --gpus; sinfo -N -l shows the nodes",
    ),
    Entry(
        r"\w+PerJob(Limit)?|\w+(PerJob|PerNode)\w*", Cause.REQUEST, "asks for more than one job may have ({reason})",
        "ask for less with --cpus, --mem, --gpus or --time",
    ),
    Entry(
        r"Invalid(Account|QOS)|(Account|QOS)NotAllowed", Cause.REQUEST,
        "may not use its account or QOS in partition {partition} ({reason})", "choose others with --account or --qos",
    ),
    Entry("ReservationDeleted", Cause.REQUEST, "asks for a reservation that is gone", "submit without it"),
    Entry("JobHeldUser", Cause.HELD, "is held by you", _RELEASE),
    Entry("JobHeldAdmin", Cause.HELD, "is held by an administrator", "ask your site why"),
    Entry("JobHoldMaxRequeue", Cause.HELD, "is held, for it was started too often", _RELEASE),
    Entry(
        "(?i).*launch failed.*|.*requeued.* held( state)?", Cause.LAUNCH,
        "was put back into the queue, and is held ({reason})", _RELEASE,
    ),
    Entry("DependencyNeverSatisfied", Cause.NEVER, "waits for a job to end well, which it did not", "jughpc cancel"),
    Entry("Dependency", Cause.DEPENDENCY),
    Entry("JobArrayTaskLimit", Cause.THROTTLE),
    Entry(
        "ReqNodeNotAvail.*|.*(drained|DOWN|reserved|down).*", Cause.NODES,
        "waits for nodes that are drained, down or reserved ({reason})", "sinfo -R tells why",
    ),
    Entry("Priority|Resources|BeginTime|None|", Cause.TURN, "waits for its turn{start}"),
    Entry(
        r"Assoc\w+|QOS\w+|MaxJobs\w*|\w*Licenses", Cause.LIMIT, "waits for a limit on what may run at once ({reason})"
    ),
)  # fmt: skip

LAST_WORDS = LastWords(
    r"slurmstepd\S*: ", [Entry(r".*(?i:exceeded (job |step )?memory limit|detected \d+ oom.kill event).*", *_MEMORY)]
)
"""Of who took too much, where the step watches that: such a job just failed (seen with Slurm 22.05)."""


def of_end(word: str, job: str, host: str) -> Why | None:
    """Return what a state means that is shown instead of the plain ones."""
    return why(_ENDS, word, {"job": job, "host": host or "an unknown one"})


def of_never(reason: str) -> Why | None:
    """Return what a cancelled job had waited for in vain, None for one that somebody cancelled."""
    words = "never started, for a job that it waited for did not end well"
    return Why(Cause.NEVER, words) if reason == "DependencyNeverSatisfied" else None


def of_wait(reason: str, *, job: str, partition: str, limit: str, start: str) -> Why | None:
    """Return what keeps a queued element waiting.

    Args:
        start: When it is expected to start, in Slurm's words.
    """
    expected = f", estimated start {start.replace('T', ' ')[:16]}" if start[:1].isdigit() else ""
    known = {"reason": reason, "job": job, "partition": partition, "limit": limit, "start": expected}
    return why(_WAITS, reason, known)
