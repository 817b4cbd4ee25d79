"""All that is said to one system, as a text for somebody to read: ``python -m jughpc.testing.schedulers.golden NAME``.

It is what two submissions say: an array with all that the system has an option for, then a collector and a reduce.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jughpc.batch import registry
from jughpc.batch.scheduler import Condition, Dependency, ElementId, Job, JobId, Resources, Role, Scheduler
from jughpc.batch.script import render
from jughpc.errors import SettingError
from jughpc.testing.schedulers.sayings import ARRAY, NAME, WANTED, array_of, fitting

_SCRIPT_ENDS = "export JUGHPC_ELEMENT="  # from there on it is the same for all systems


def said(scheduler: Scheduler, plain: JobId, array: JobId) -> str:
    """Return it; `plain` and `array` are ids of the system's."""
    return "\n".join([*_submissions(scheduler, plain, array), *_questions(scheduler, plain, array)]) + "\n"


def _submissions(scheduler: Scheduler, plain: JobId, array: JobId) -> Iterator[str]:
    after = Dependency(Condition.AFTER_ANY, (array,))
    last = Condition.AFTER_OK if Condition.AFTER_OK in scheduler.capabilities.conditions else Condition.AFTER_ANY
    many = replace(array_of(scheduler), throttle=3, resources=_wanted(scheduler))
    yield from _submission("an array", scheduler, many)
    one = replace(ARRAY, size=1, offset=0, elements=1)
    yield from _submission("a collector", scheduler, replace(one, role=Role.COLLECT, depends_on=after))
    yield from _submission("a reduce", scheduler, replace(one, role=Role.REDUCE, depends_on=Dependency(last, (plain,))))


def _submission(title: str, scheduler: Scheduler, job: Job) -> Iterator[str]:
    job = replace(job, log=scheduler.log_pattern(job.script.parent, job.role, job.size, job.offset))
    yield from (f"== {title}", f"$ {shlex.join(scheduler.submit_command(job))}")
    yield render(job, scheduler).partition(_SCRIPT_ENDS)[0]


def _wanted(scheduler: Scheduler) -> Resources:
    """Return all that the system has an option for."""
    found = Resources()
    for name, value in WANTED.items():
        more = replace(found, **{name: value})
        try:
            scheduler.directives(replace(array_of(scheduler), resources=more))
        except SettingError:
            continue
        found = more
    return found


def _questions(scheduler: Scheduler, plain: JobId, array: JobId) -> Iterator[str]:
    jobs = {plain: NAME, array: "primes-1a2b-1"}
    waiting = [ElementId(array, index) for index in scheduler.capabilities.indices(fitting(scheduler, 8))][:5][-3:]
    asked: dict[str, Sequence[Sequence[str]]] = {
        "is it there?": [scheduler.find_command(NAME)],
        "how do they stand?": [scheduler.poll_command(jobs)],
        "how did they end?": [scheduler.past_command(jobs)],
        "end them": scheduler.cancel_commands(jobs),
        "end what waits": scheduler.withdraw_commands({array: jobs[array]}, waiting),
        "what is allowed?": [scheduler.limits_command(), *scheduler.room_commands("ada", Resources())],
        "which partitions are there?": [scheduler.partitions_command()],
    }
    for title, commands in asked.items():
        yield f"== {title}"
        yield from (f"$ {shlex.join(command)}" for command in commands if command)


if __name__ == "__main__":
    name, *ids = sys.argv[1:]
    sys.stdout.write(said(registry.scheduler(name), *(ids or ("12", "13"))))
