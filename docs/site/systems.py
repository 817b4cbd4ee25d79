"""What each shipped batch system makes of what a submission asks for, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from jughpc.batch import registry
from jughpc.batch.directives import words
from jughpc.batch.scheduler import Job, Resources, Role, Scheduler
from jughpc.errors import SettingError

_MARK = "<!-- systems -->"
_PLAIN = Job(Role.ARRAY, "primes", ("true",), 64, 0, 64, None, Path("/script"), "/log", Path("/work"))
ASKED: dict[str, tuple[str, Job]] = {
    setting: (f"--{setting} {text}", replace(_PLAIN, resources=asked))
    for setting, text, asked in (
        ("time", "90m", Resources(walltime=5400.0)),
        ("mem", "4G", Resources(memory=4 << 30)),
        ("cpus", "4", Resources(cpus=4)),
        ("gpus", "1", Resources(gpus=1)),
        ("partition", "long", Resources(partition="long")),
        ("account", "physics", Resources(account="physics")),
        ("qos", "high", Resources(qos="high")),
        ("project", "p1", Resources(project="p1")),
        ("select", "1:ncpus=4", Resources(select="1:ncpus=4")),
        ("place", "excl", Resources(place="excl")),
    )
} | {
    "throttle": ("--throttle 20", replace(_PLAIN, throttle=20)),
    "exclude": ("--exclude node7", replace(_PLAIN, exclude=("node7",))),
    "tasks": ("--resources '*:tasks=32'", replace(_PLAIN, resources=Resources(tasks=32))),
    "constraint": ("--resources '*:constraint=ib'", replace(_PLAIN, resources=Resources(constraint="ib"))),
}
"""By setting, or key of `resources` that is none: what is typed, and the job that it makes."""


def with_systems(page: str) -> str:
    """Return `page` with the table in place of its mark."""
    return page.replace(_MARK, "\n".join(table()))


def table() -> Iterator[str]:
    """Yield the table's lines: a row an option, a column a system."""
    systems = {name: registry.scheduler(name) for name in registry.names()}
    yield f"| `jughpc submit --array 64` with | {' | '.join(systems)} |"
    yield "|---" * (len(systems) + 1) + "|"
    for typed, job in ASKED.values():
        yield f"| `{typed}` | {' | '.join(said(system, job) for system in systems.values())} |"


def said(system: Scheduler, job: Job) -> str:
    """Return what `system` is told of what `job` asks for beside the plain one, in a cell."""
    try:
        added = [one for one in system.directives(job) if one not in system.directives(_PLAIN)]
    except SettingError:
        return "refused"
    if not added:
        return "kept" if job.throttle and system.capabilities.most_elements == 1 else "not said"
    if system.capabilities.runs_here:
        return "heeded"
    return f"`{' '.join(words(added))}`"
