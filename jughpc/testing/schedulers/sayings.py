"""How a batch system answers, for the contract of its scheduler; and the jobs that the contract asks it for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jughpc.batch.bundle import Bundle
from jughpc.batch.container import Container
from jughpc.batch.scheduler import Job, JobId, Refusal, Reply, Role, Scheduler, State
from jughpc.batch.script import render

SUBMISSION = "0a1b2c3d"
NAME = "primes-1a2b-0"
ARRAY = Job(Role.ARRAY, NAME, ("true",), 8, 64, 100, None, Path("/run/0-array.sh"), "/run/array.log", Path("/run"))
WANTED: Mapping[str, Any] = {
    "walltime": 5400.0, "memory": 4 << 30, "cpus": 3, "gpus": 2, "partition": "long", "account": "physics",
    "qos": "high", "project": "cosmos", "select": "1:ncpus=4", "place": "excl",
    "tasks": 3,
}  # fmt: skip
NOTHING = Reply(("command",), 0, "", "")
ODD = ("o'neil & co", 'a "b" c', "a\\b", "$HOME `x` #y", "per%cent", " lead", "ümlaut")
GARBAGE = (
    "",
    "\n",
    "Welcome!\n",
    "a|b\n",
    "1|2|3|4|5|6\n",
    "{",
    "[]",
    "null",
    '"x"',
    '{"Jobs": 3}',
    '{"Jobs": {"1": []}}',
)


@dataclass(frozen=True)
class Sayings:
    """How one system answers, recorded or made up after its manual.

    Attributes:
        plain, array: An id of a plain job and one of an array.
        accepted: Return the answer to a submission that became that job.
        polled: Return the answer to a poll: of each element of a job called NAME, by its index, the system's own word.
        words: The system's own words for states.
        found: Return the answer to a look for a job of that name which found that id.
        silent: A poll, or a look, that got no answer.
        refusals: Answers to commands, and what they mean: one for each meaning but USER at least.
        never: Meanings that no answer of this system has.
        queued: Further answers to a submission that became `plain`, however odd: with a warning, or an exit code.
        ended: Answers to a poll for `plain`, called NAME, that has ended, and how: with 0, by a signal, cancelled.
        partial: An answer to a poll for `plain` and `array` that leaves out `array`, though that is there; None where
            an answer is whole, or an error.
        environment: Return what the system tells an element of a job, a plain one if the index is None.
        ignores: Resources that are not its concern.
        golden: A file with all that is said to the system, as somebody read it; None for none. It is written by
            ``python -m jughpc.testing.schedulers.golden NAME >FILE``.
        nothing: An answer to a look for a job by its name which found none.
    """

    plain: JobId
    array: JobId
    accepted: Callable[[JobId], Reply]
    polled: Callable[[JobId, Mapping[int, str]], Reply]
    words: Mapping[str, State]
    found: Callable[[str, JobId], Reply]
    silent: Reply
    environment: Callable[[JobId, int | None], Mapping[str, str]]
    refusals: Mapping[Reply, Refusal] = field(default_factory=dict)
    never: frozenset[Refusal] = frozenset()
    queued: Sequence[Reply] = ()
    ended: Mapping[Reply, State] = field(default_factory=dict)
    partial: Reply | None = None
    ignores: frozenset[str] = frozenset()
    golden: Path | None = None
    nothing: Reply = NOTHING


TOLD_APART = {"role", "resources", "depends_on", "after", "is_told", "only", "asks", "scheduler"}
"""Fields of a job that are told by tests of their own, or to nobody."""


def fitting(scheduler: Scheduler, size: int) -> int:
    """Return how many elements an array of the system's may have, `size` at most."""
    return scheduler.capabilities.at_most(size) or size


def array_of(scheduler: Scheduler) -> Job:
    """Return ARRAY with as many elements as the system lets it have."""
    return replace(ARRAY, size=fitting(scheduler, ARRAY.size))


def said(scheduler: Scheduler, job: Job) -> tuple[list[str], str]:
    """Return the command that submits `job`, and its script."""
    return scheduler.submit_command(job), render(job, scheduler)


def other_values() -> dict[str, Any]:
    """Return another value for each field of a job that reaches the system or the script."""
    return {
        "name": "other", "argv": ("false",), "size": 7, "offset": 1, "elements": 101, "throttle": 3, "token": "2",
        "script": Path("/run/other.sh"), "log": "/run/other.log", "workdir": Path("/other"), "setup": ("true",),
        "probe": ("true",), "umask": 0o27, "exclude": ("node7",), "extra": ("--raw",),
        "container": Container("apptainer", "/run/work.sif", Path("/opt/jughpc")),
        "stage": Bundle(Path("/run/0a.tar.gz"), "0f" * 32, 2048, 4096, 1),
    }  # fmt: skip
